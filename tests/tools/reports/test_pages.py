"""What all pages have in common: one base, one style that can be read in light and dark, no scripts, nothing loaded."""

import re
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

from course_utils.tools.reports import pages
from course_utils.tools.reports.feedback import Feedback, ShownCell, ShownExercise, feedback_page

FOLDER = Path(pages.__file__).parent
TEMPLATES = sorted(path.name for path in FOLDER.glob("*.html") if path.name != "base.html")
EVIL = "<script>steal()</script>\"'&"


def policy(page: str) -> dict[str, str]:
    """A page's content security policy, by directive."""
    (text,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    return dict(directive.strip().split(" ", 1) for directive in text.split(";"))


def feedback(**changes) -> str:
    """A page with the least that it needs."""
    exercise = ShownExercise(**{"title": "One", "points": 0.5, "of": 1, "answer": ShownCell("x = 1")} | changes)
    return feedback_page(Feedback("A lab", "ada", 0.5, 1, [exercise]))


def test_every_page_stands_on_the_base():
    assert len(TEMPLATES) >= 3
    for name in TEMPLATES:
        text = (FOLDER / name).read_text()
        assert text.startswith('{% extends "base.html" %}\n') and "{% block page %}" in text
        assert not re.search(r"<(html|head|body|meta|title|style|script|link)\b", text), f"{name}: the base has it"


def test_a_page_runs_no_script_and_loads_nothing():
    found = policy(feedback())
    assert found.pop("img-src") == "data:" and found.pop("style-src") == "'unsafe-inline'"
    assert found.pop("default-src") == "'none'" and set(found.values()) == {"'none'"}


def test_what_is_put_in_is_escaped_and_markup_is_not():
    page = feedback(title=EVIL, said=[EVIL], answer=ShownCell(EVIL), question=Markup("<em>why</em>"))
    assert "<script" not in page and "<em>why</em>" in page
    assert page.count("&lt;script&gt;steal()&lt;/script&gt;") >= 2


def test_a_missing_value_is_an_error_not_a_blank():
    with pytest.raises(jinja2.UndefinedError, match="notebooks"):
        pages.render("notebooks.html", "A title")


def luminance(color: str) -> float:
    """Relative luminance of `#rgb` or `#rrggbb` (WCAG 2.1)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(mode):
    """A contrast of 4.5 at least (WCAG 2.1, level AA)."""
    style = (FOLDER / "base.html").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+);", rule)) for rule in re.findall(r":root \{(.*?)\}", style, re.S)
    )
    assert set(light) == set(dark)
    colors = {"light": light, "dark": dark}[mode]
    pairs = [(text, behind) for text in ("text", "quiet", "link", "good", "bad") for behind in ("page", "soft")]
    pairs += [(name, f"{name}-soft") for name in ("link", "good", "bad")]
    pairs += [("text", f"{name}-soft") for name in ("link", "good", "bad")]
    for text, behind in pairs:
        low, high = sorted((luminance(colors[text]), luminance(colors[behind])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text} on {behind}"
