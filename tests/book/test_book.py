"""The built book: complete, whole in itself, and without what students must not see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from bs4 import BeautifulSoup

from course_utils.quizzes import QUIZZES
from course_utils.tools.edition import edition
from course_utils.tools.labs.lab.regions import hidden_lines
from course_utils.tools.labs.lab.source import read_lab

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.timeout(2400)  # whichever test comes first builds the book


@pytest.fixture(scope="module")
def pages(book) -> dict[Path, BeautifulSoup]:
    """Every page of the site."""
    paths = [path for path in sorted(book.rglob("*.html")) if "_static" not in path.parts]
    return {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in paths}


def references(page: BeautifulSoup) -> Iterator[str]:
    """Every address that a page leads to or loads."""
    for tag in page.find_all(["a", "link", "script", "img", "source", "iframe"]):
        for attribute in ("href", "src"):
            if tag.get(attribute):
                yield tag[attribute]


def marks(page: BeautifulSoup) -> Iterator[str]:
    """The places within a page that an address can name."""
    for tag in page.find_all(True):
        yield from (tag[attribute] for attribute in ("id", "name") if tag.get(attribute))


def test_every_notebook_guide_and_part_of_the_library_has_a_page(book, pages):
    wanted = [f"notebooks/{path.stem}" for path in NOTEBOOKS]
    guides = [
        "students",
        "prerequisites",
        "syllabus",
        "glossary",
        "cheat-sheet",
        "instructors",
        "jupyterhub",
        "editions",
    ]
    wanted += [f"docs/{name}" for name in guides]
    wanted += ["index", "README", "CONTRIBUTING", "CHANGELOG", "LICENSE-OVERVIEW", "data/README", "elsewhere", "search"]
    wanted += ["course_utils/tools/labs/README"]
    wanted += [f"reference/course_utils.{name}" for name in ("labels", "layers", "models", "evaluation", "tools")]
    assert not [name for name in wanted if book / f"{name}.html" not in pages]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_chapter_has_the_committed_pictures_with_their_texts(notebook, book, pages):
    outputs = [
        output
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader")
        for output in cell.outputs
    ]
    texts = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
    page = pages[book / "notebooks" / f"{notebook.stem}.html"]
    assert texts and [image["alt"] for image in page.select(".cell_output img:not(.course-steps img)")] == texts


def test_first_page_has_a_card_for_each_notebook(book, pages):
    cards = {}
    for card in pages[book / "index.html"].select(".sd-card"):
        link = card.find("a", class_="sd-stretched-link")["href"]
        cards[link] = (card.find("img"), " ".join(card.get_text().split()))
    for notebook in NOTEBOOKS:
        minutes = nbformat.read(notebook, as_version=4).metadata.course.minutes
        picture, text = cards[f"notebooks/{notebook.stem}.html"]
        assert picture["alt"] and (book / picture["src"]).is_file()
        assert f"{minutes} minutes. Before it: " in text and notebook.stem[:2] in text
    assert {"docs/students.html", "docs/instructors.html", "CONTRIBUTING.html"} <= set(cards)


def test_navigation_keeps_students_instructors_and_contributors_apart(book, pages):
    captions = [text.get_text(strip=True) for text in pages[book / "index.html"].select(".bd-links .caption-text")]
    assert captions == ["Start", "Notebooks", "Look up", "For instructors", "For contributors"]


def test_every_page_names_the_edition(book, pages):
    for path, page in pages.items():
        if page.find("footer"):
            assert f"Edition {edition()}" in page.get_text(), path


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_code_that_only_draws_is_folded(notebook, book, pages):
    page = pages[book / "notebooks" / f"{notebook.stem}.html"]
    for cell in page.select(".cell"):
        code, drawn = cell.select_one(".cell_input .highlight"), cell.select_one(".cell_output img")
        if (
            code
            and drawn
            and re.search(r"^(plotting|widgets)\.", code.get_text(), re.M)
            and "def " not in code.get_text()
        ):
            assert "tag_hide-input" in cell["class"], code.get_text()[:80]


def test_every_picture_has_a_text(pages):
    without = [
        f"{path.name}: {image['src']}"
        for path, page in pages.items()
        for image in page.find_all("img")
        if not image.get("alt") or image["alt"] == image["src"]
        # A frame of an animation has its text below it, and the animation a name.
        if not (image.find_parent(class_="course-frame") and image.find_parent(attrs={"aria-label": True}))
    ]
    assert not without


def test_no_link_leads_nowhere(book, pages):
    broken, places = [], {path: {*marks(page)} for path, page in pages.items()}
    for path, page in pages.items():
        for address in references(page):
            target, fragment = urldefrag(address)
            if re.match(r"[a-z]+:", target):
                continue
            target = unquote(target.partition("?")[0])
            file = path.parent / target if target else path
            found = file.resolve() in pages or file.is_file()
            if found and fragment and file.suffix == ".html":
                found = unquote(fragment) in places[file.resolve()]
            if not found:
                broken.append(f"{path.relative_to(book)}: {address}")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(book, pages):
    elsewhere = re.compile(r"(https?:)?//")
    loaded = [
        f"{path.name}: {tag}"
        for path, page in pages.items()
        for tag in page.find_all(["script", "link", "img", "iframe", "source"])
        if elsewhere.match(tag.get("src") or tag.get("href") or "") or "unpkg" in tag.text or "cdn" in tag.text
    ]
    assert not loaded
    for style in book.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8")), style


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_can_be_downloaded(notebook, book, pages):
    page = pages[book / "notebooks" / f"{notebook.stem}.html"]
    links = {a["href"] for a in page.find_all("a", href=True) if a["href"].endswith(".ipynb")}
    assert links == {f"../_sources/notebooks/{notebook.stem}.ipynb"}
    nbformat.validate(nbformat.read(book / "_sources" / "notebooks" / notebook.name, as_version=4))


def secrets(notebook: Path) -> Iterator[str]:
    """Lines of solutions and hidden checks that stand nowhere else in the notebook."""
    lab = read_lab(notebook)
    hidden, shown = [], set()
    for cell in lab.notebook.cells:
        lines, inside = cell.source.splitlines(), False
        concealed = hidden_lines(cell.source)
        for number, line in enumerate(lines, 1):
            inside = (inside or line.strip() == "### BEGIN SOLUTION") and line.strip() != "### END SOLUTION"
            (hidden.append if inside or number in concealed else shown.add)(line.strip())
    yield from {line for line in hidden if len(line) > 20 and not line.startswith("#")} - shown


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_solution_and_no_hidden_check_is_in_the_book(notebook, book, pages):
    lines = sorted(secrets(notebook))
    if read_lab(notebook).exercises:
        assert len(lines) >= 10
    page = pages[book / "notebooks" / f"{notebook.stem}.html"]
    downloaded = nbformat.read(book / "_sources" / "notebooks" / notebook.name, as_version=4)
    texts = [page.get_text(), *(cell.source for cell in downloaded.cells)]
    assert not [line for line in lines if any(line in text for text in texts)]


def test_no_file_of_the_book_marks_a_solution(book):
    marked = [
        path
        for path in book.rglob("*")
        if path.suffix in (".html", ".ipynb", ".js")
        and re.search(r"(BEGIN|END) (SOLUTION\n|HIDDEN TESTS\n)", path.read_text())
    ]
    assert not marked


def test_reference_shows_public_names_with_their_docstrings(book, pages):
    from course_utils import layers

    page = pages[book / "reference" / "course_utils.layers.html"]
    described = {dt["id"].rpartition(".")[2] for dt in page.select("dl.py > dt[id]")}
    assert set(layers.__all__) <= described
    raw = [text for text in page.find_all(string=re.compile("```|``")) if text.parent.name != "pre"]
    assert not raw


def test_reference_does_not_answer_the_quizzes(book, pages):
    text = pages[book / "reference" / "course_utils.quizzes.html"].get_text()
    assert "QUIZZES" in text and "The questions of each notebook" in text
    replies = [option.reply for questions in QUIZZES.values() for question in questions for option in question.options]
    assert len(replies) > 100 and not [reply for reply in replies if reply in text]


def test_build_executes_nothing():
    """The outputs are the committed ones, and the setting that says so is in the configuration."""
    import yaml

    config = yaml.safe_load((ROOT / "book" / "_config.yml").read_text())
    assert config["execute"]["execute_notebooks"] == "off"


def test_modules_of_the_book_have_docstrings():
    for path in (ROOT / "book").glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text()))
