"""The report page: complete, well formed, and without a reference to anything outside its folder."""

import base64
import io
import itertools
import json
from html.parser import HTMLParser

import nbformat
import pytest
from PIL import Image, PngImagePlugin

from course_utils.tools.notebooks.execution.result import Failure, Result
from course_utils.tools.notebooks.report import write_report


def encoded(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


PNG = encoded(Image.new("RGB", (3, 2), (200, 10, 30)))
EVIL = """<style>p { background: url(http://x.example/a) }</style>
<table border="1" onclick="steal()"><tr><th scope="col">class</th></tr>
<tr><td><img src="http://x.example/i.png"><script>steal()</script>road <a href="http://x.example">link</a></td></tr>
</table>"""


class Page(HTMLParser):
    """What a page has: every attribute that can load or lead somewhere, its tags in balance, images, text."""

    EMPTY = ("meta", "img", "link", "br")

    def __init__(self, html: str):
        super().__init__()
        self.references, self.tags, self.open, self.images, self.text = [], [], [], [], ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        self.references += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.fixture
def page(tmp_path):
    notebook = nbformat.v4.new_notebook()
    outputs = [
        nbformat.v4.new_output(
            "display_data", {"image/png": PNG, "text/plain": "x"}, metadata={"image/png": {"alt": 'A "road" & a <car>'}}
        ),
        nbformat.v4.new_output("display_data", {"text/html": EVIL, "text/plain": "a table"}),
        nbformat.v4.new_output("stream", text="mIoU <0.5>\n"),
        nbformat.v4.new_output("stream", text="\n".join(f"line {n}" for n in range(500))),
    ]
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Streets & roads"),
        nbformat.v4.new_markdown_cell("## Scores"),
        nbformat.v4.new_code_cell("draw()", outputs=outputs),
    ]
    executed = tmp_path / "05_streets.ipynb"
    nbformat.write(notebook, executed)
    error = Failure(12, "ValueError", "no <such> class", "train(<model>)", "Traceback ...")
    results = [
        Result("05_streets", "Streets & roads", seconds=90, peak_memory=3 * 2**30, cells=3, output=executed,
               parameters={"fast": True}, runs=[tmp_path / "runs" / "segnet"]),
        Result("06_more", "", "failed", 6, 0, 40, output=None, error=error),
    ]  # fmt: skip
    return write_report(results, tmp_path).read_text()


def test_says_what_became_of_each(page):
    text = " ".join(Page(page).text.split())
    for part in ("1 of 2 passed", "Streets & roads", "1.5", "3,072 MiB", "fast = True", "06_more", "failed"):
        assert part in text
    for part in ("cell 12: ValueError: no <such> class", "train(<model>)", "Traceback ...", "mIoU <0.5>", "Scores"):
        assert part in text
    assert "line 59" in text and "line 60" not in text and "440 more lines" in text


def test_pictures_have_alternative_text(page):
    (image,) = Page(page).images
    assert image == {"src": f"data:image/png;base64,{PNG}", "alt": 'A "road" & a <car>'}


def test_refers_to_nothing_outside(page):
    parsed = Page(page)
    outside = [target for target in parsed.references if not target.startswith(("#", "data:image/png;base64,"))]
    assert outside == ["05_streets.ipynb", "runs/segnet"]
    assert not {"script", "link", "iframe", "object"} & set(parsed.tags)
    assert not [text for text in ("http", "steal", "@import", "url(") if text in page.replace("http-equiv", "")]
    assert "class</th>" in page and "road link</td>" in page, "the table itself is kept"


def test_is_accessible(page):
    parsed = Page(page)
    assert '<html lang="en">' in page and parsed.tags.count("main") == parsed.tags.count("h1") == 1
    levels = [int(tag[1]) for tag in parsed.tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    assert "color-scheme: light dark" in page


def page_of(tmp_path, *outputs, error=None):
    """The page of one notebook with these outputs, as a kernel sends them: nobody checked them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("display()", outputs=list(outputs))])
    executed = tmp_path / "05_streets.ipynb"
    nbformat.write(notebook, executed)
    return write_report([Result("05_streets", "Streets", output=executed, error=error)], tmp_path).read_text()


def display(data, metadata=None):
    return nbformat.v4.new_output("display_data", data, metadata=metadata or {})


@pytest.mark.parametrize(
    "content",
    ['AAAA"/onerror="alert(4)', "AAAA", "", PNG[:40], PNG + '"><script>steal()</script>', "\N{SNOWMAN}",
     base64.b64encode(b"<svg onload='steal()'/>").decode(), encoded(Image.new("1", (20_000, 20_000)))],
    ids=["attribute", "junk", "empty", "cut", "script", "not ASCII", "SVG", "bomb"],
)  # fmt: skip
def test_what_is_no_picture_is_not_embedded(content, tmp_path):
    page = page_of(tmp_path, display({"image/png": content}))
    assert not Page(page).images and "a picture that cannot be shown" in page
    assert "steal" not in page and "onerror" not in page


def test_only_the_pixels_of_a_picture_are_embedded(tmp_path):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>steal()</script>")
    picture = Image.new("RGBA", (5, 4), (1, 2, 3, 40))
    sent = encoded(picture, pnginfo=notes)
    (image,) = Page(page_of(tmp_path, display({"image/png": sent}))).images
    shown = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    assert b"script" in base64.b64decode(sent) and b"script" not in shown
    assert list(Image.open(io.BytesIO(shown)).getdata()) == list(picture.getdata())


@pytest.mark.parametrize(
    "kind",
    ["image/svg+xml", "application/javascript", "text/latex", "image/jpeg", "application/vnd.jupyter.widget-view+json"],
)
def test_other_kinds_of_output_are_left_out(kind, tmp_path):
    page = page_of(tmp_path, display({kind: '<svg onload="steal()"><script>steal()</script></svg>'}))
    assert "steal" not in page and not {"svg", "script"} & set(Page(page).tags)


@pytest.mark.parametrize("name", ["image/png", "text/html", "text/plain"])
def test_text_that_is_none_does_no_harm(name, tmp_path):
    executed = tmp_path / "05_streets.ipynb"
    cell = nbformat.v4.new_code_cell("x", outputs=[display({"text/plain": "x"})])
    notebook = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    (output,) = notebook["cells"][0]["outputs"]
    output["data"], output["metadata"] = {name: {"a": ["<script>steal()</script>"]}}, {name: ["alt"]}
    executed.write_text(json.dumps(notebook))  # nbformat writes no such thing
    assert "steal" not in write_report([Result("05_streets", "", output=executed)], tmp_path).read_text()


def test_printed_text_tables_and_failures_have_an_end(tmp_path):
    line = nbformat.v4.new_output("stream", text="x" * 5_000_000)
    table = display({"text/html": f"<table>{'<tr><td>x</td></tr>' * 50_000}</table>"})
    error = Failure(1, "ValueError", "m" * 5_000_000, "s" * 5_000_000, "t" * 5_000_000 + " the end")
    page = page_of(tmp_path, line, table, error=error)
    assert len(page) < 100_000 and "table that is too large" in page and "the end" in page


def test_the_page_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.tools.notebooks.report._LARGEST_PAGE", 3 * len(PNG))
    page = page_of(tmp_path, *(display({"image/png": PNG}) for _ in range(50)))
    assert 1 <= len(Page(page).images) <= 3 and page.count("the page is full") == 1
