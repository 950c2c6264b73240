"""The book in a browser, at the sizes of a phone, a laptop and a wide screen, light and dark.

Set COURSE_SCREENSHOTS to a folder to keep screenshots.
"""

import json
import os
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import reference

pytest.importorskip("playwright", reason="Playwright is not installed: the book is not tried in a browser")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
WIDTHS = {"phone": 390, "tablet": 768, "laptop": 1366, "wide": 1920}
PATIENCE = 300_000  # milliseconds: the machine may be busy
CHAPTERS = [f"notebooks/{path.stem}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
GUIDES = [
    "students",
    "prerequisites",
    "syllabus",
    "glossary",
    "cheat-sheet",
    "shipped-networks",
    "own-systems",
    "export",
    "cityscapes",
    "cluster",
]
GUIDES += ["instructors", "jupyterhub", "editions", "book-2"]
OTHERS = ["index", "README", "CONTRIBUTING", "CHANGELOG", "LICENSE-OVERVIEW", "data/README", "elsewhere"]
OTHERS += [
    "course_utils/tools/labs/README",
    *(f"docs/{name}" for name in GUIDES),
    "search",
    "genindex",
    "py-modindex",
    "reference/index",
    "reference/commands",
]
OTHERS += [f"reference/course_utils.{part}" for part in reference.parts()]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe that may find another thing in another theme."""
FEWER_WORDS = """() => {
    const known = new Set(), again = [];
    for (const word of document.querySelectorAll('pre span[class], dt.sig span[class]')) {
        if (word.childElementCount || word.attributes.length > 1) continue;
        const end = word.closest('pre, dt').getBoundingClientRect().right;
        const looks = [word.checkVisibility(), word.getBoundingClientRect().right < end, word.textContent.length > 1];
        for (let place = word; place; place = place.parentElement) looks.push(`${place.tagName}.${place.className}`);
        const style = looks.join(' ');
        if (known.has(style)) again.push(word);
        known.add(style);
    }
    for (const word of again) word.replaceWith(word.textContent);
}"""
"""Of the words of code that look alike, the first remains an element: a chapter has thousands, axe looks at each. It
cannot judge those that are hidden, out of the window or of a single letter, so these are another kind."""

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def browser():
    """Of this module only: while Playwright is there, other tests could not run an event loop."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("No Chromium on the path: the book is not tried in a browser")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options, timeout=PATIENCE)
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(book):
    """Where the book is served: on this machine only, at a port that the system chooses."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=book)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Site:
    """The served book in a browser; whatever goes wrong is collected."""

    def __init__(self, address: str, context):
        self.address, self.troubles = address, []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: message.type == "error" and self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.is_inside(request.url) or self.troubles.append(request.url))

    def is_inside(self, url: str) -> bool:
        return url.startswith((f"{self.address}/", "data:", "blob:"))

    def open(self, name: str, query: str = ""):
        self.page.set_viewport_size({"width": WIDTHS["laptop"], "height": 900})
        self.page.goto(f"{self.address}/{name}.html{query}")
        # Side bars slide when the window's size changes; here they are at once where they belong.
        self.page.add_style_tag(content="* { transition: none !important }")
        # Formulas are set when the page is there; they, too, take room.
        self.page.evaluate("window.MathJax?.startup?.promise")
        return self.page

    def keep(self, name: str) -> None:
        if folder := os.environ.get("COURSE_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"book-{name.replace('/', '-')}.png")


@pytest.fixture(scope="module")
def window(browser, address):
    """For all pages, so that scripts and styles are fetched and compiled once."""
    context = browser.new_context()
    yield Site(address, context)
    context.close()


@pytest.fixture
def site(window):
    window.troubles.clear()
    window.page.emulate_media(color_scheme="light")
    yield window
    assert not window.troubles


@pytest.fixture
def light_site(browser, address):
    context = browser.new_context(color_scheme="light")
    site = Site(address, context)
    yield site
    context.close()
    assert not site.troubles


def test_every_page_is_tried(book):
    pages = {path.relative_to(book).with_suffix("").as_posix() for path in book.rglob("*.html")}
    pages = {name for name in pages if not name.startswith("_static/")}
    assert pages == {*CHAPTERS, *OTHERS}


def findings(page, rules: list[str] | None = None) -> list[dict]:
    """What axe finds by the given rules, or by all: `rule`, `impact`, and `places`, each with what would mend it."""
    # Without fetching the style sheets once more, which axe needs for rules on turned screens only.
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": rules} if rules else {})
    return [
        {
            "rule": found["id"],
            "impact": found["impact"],
            "places": [f"{node['html'][:200]}\n  {node['failureSummary']}" for node in found["nodes"]],
        }
        for found in Axe().run(page, options=options).response["violations"]
    ]


def turn(page, theme: str) -> None:
    """Have the reader's system ask for another theme, and wait until the page has it."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)


@pytest.mark.parametrize("name", [*CHAPTERS, *OTHERS])
def test_page_fits_every_window_and_axe_finds_nothing_serious(name, site, tmp_path):
    """Light and dark. All that axe finds, however slight, goes to axe-NAME.json: beside the screenshots, if wanted."""
    page = site.open(name)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    for size, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"too wide for a {size}"
        site.keep(f"{name}-{size}")
    page.set_viewport_size({"width": WIDTHS["laptop"], "height": 900})
    turn(page, "dark")
    site.keep(f"{name}-dark")
    page.evaluate(FEWER_WORDS)
    report = {"dark": findings(page, COLOURS)}
    turn(page, "light")
    report["light"] = findings(page)
    file = Path(os.environ.get("COURSE_SCREENSHOTS", tmp_path)) / f"axe-{name.replace('/', '-')}.json"
    file.write_text(json.dumps(report, indent=2))
    serious = [
        f"{theme}: {found['rule']}: {place}"
        for theme, all_found in report.items()
        for found in all_found
        if found["impact"] in ("serious", "critical")
        for place in found["places"]
    ]
    assert not serious, "\n".join([f"{len(serious)} findings, all in {file}:", *serious[:10]])


def test_axe_sees_each_kind_of_faint_words_in_code(light_site):
    """Though it looks at one word of each kind only."""
    page = light_site.open("docs/own-systems")
    before = page.locator("pre").all_inner_texts()
    page.add_style_tag(content="pre .mi, pre .s2 { color: #ddd !important }")
    page.evaluate(FEWER_WORDS)
    assert page.locator("pre").all_inner_texts() == before
    (found,) = findings(page, ["color-contrast"])
    for kind in ("mi", "s2"):
        assert any(f'<span class="{kind}">' in place for place in found["places"]), kind


def test_search_finds_a_word(light_site):
    page = light_site.open("search", "?q=checkerboard")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    assert any("03_kernel_stride_multiples" in link.get_attribute("href") for link in results.all())


def test_search_results_show_no_source_of_formulas(light_site):
    page = light_site.open("search", "?q=transposed")
    page.locator("#search-results li .context").first.wait_for()
    shown = " ".join(page.locator("#search-results li .context").all_inner_texts())
    assert shown and "\\(" not in shown and "\\top" not in shown


def test_a_figure_opens_at_full_size(light_site):
    page = light_site.open(CHAPTERS[0])
    picture = page.locator(".cell_output a.full-size img").first
    shown, full = picture.evaluate("image => [image.clientWidth, image.naturalWidth]")
    address = page.locator(".cell_output a.full-size").first.get_attribute("href")
    assert address == picture.evaluate("image => image.src") and full >= shown > 0


def test_headings_on_a_phone_are_in_the_order_of_their_levels(light_site):
    page = light_site.open(CHAPTERS[0])
    page.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
    script = "level => parseFloat(getComputedStyle(document.querySelector(`.bd-article ${level}`)).fontSize)"
    sizes = [page.evaluate(script, level) for level in ("h1", "h2", "h3")]
    assert sizes == sorted(set(sizes), reverse=True)


def test_search_field_of_a_page_leads_to_results(light_site):
    page = light_site.open("index")
    page.keyboard.press("Control+k")
    page.keyboard.type("unpooling")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=unpooling*")
    page.locator("#search-results li a").first.wait_for()


def test_formulas_are_set(light_site):
    page = light_site.open(CHAPTERS[3])
    assert page.locator("mjx-container").count() > 0
    assert page.locator("mjx-merror").count() == 0


def test_hints_open_one_by_one(light_site):
    page = light_site.open(CHAPTERS[0])
    hints = page.locator("details:not(.toggle-details):has(summary)")
    hint = hints.filter(has_text="Hint").first
    assert not hint.locator("p").first.is_visible()
    hint.locator("summary").click()
    assert hint.locator("p").first.is_visible()


def test_theme_can_be_switched(light_site):
    page = light_site.open("index")
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        page.locator("button.theme-switch-button:visible").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
