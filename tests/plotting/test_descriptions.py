"""The texts that describe figures out of the students' sight: each is used once, and an unknown name is an error."""

import re

import pytest

from course_utils import plotting
from course_utils.errors import CourseError
from course_utils.machine import checkout
from course_utils.plotting.descriptions import DESCRIPTIONS

SOURCES = [path for path in sorted((checkout() / "notebooks" / "source").glob("*.py")) if path.name < "05"]


def test_every_description_belongs_to_one_figure():
    used = [name for path in SOURCES for name in re.findall(r'alt="(\d\d [\w-]+)"', path.read_text("utf-8"))]
    assert sorted(used) == sorted(DESCRIPTIONS)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem[:2])
def test_no_figure_is_described_in_a_cell_that_students_read(source):
    """Widgets say the values of their controls; every other text stands in `descriptions`."""
    texts = re.findall(r"plotting\.(?:show|play)\((?:.|\n)*?alt=(.*)", source.read_text("utf-8"))
    assert texts and all(re.match(r'"\d\d [\w-]+"', text) for text in texts)


def test_shown_with_its_description_at_twice_the_pixels(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options["metadata"])))
    figure, _ = plotting.new_figure(size=(3, 2))
    plotting.show(figure, "02 stamps")
    ((data, metadata),) = shown
    assert data["text/plain"] == metadata["image/png"]["alt"] == DESCRIPTIONS["02 stamps"]
    pixels = int.from_bytes(data["image/png"][16:20], "big")
    assert pixels == 2 * metadata["image/png"]["width"] == 600


def test_unknown_name_is_an_error():
    figure, _ = plotting.new_figure()
    with pytest.raises(CourseError, match="02 stamp"):
        plotting.show(figure, "02 stamp")
