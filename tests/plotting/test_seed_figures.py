"""Figures over seeds have one dot for each, where its score is."""

from course_utils import plotting


def test_score_ranges_have_a_dot_per_seed_and_the_mean():
    scores = {"a": [(1.0, 10.0), (3.0, 30.0)], "b": [(5.0, 50.0), (6.0, 60.0)]}
    first, second = plotting.score_ranges(scores, ["mIoU", "F"]).axes
    assert [text.get_text() for text in second.texts] == ["20.0", "55.0"]
    dots = [line for line in first.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in dots] == [[1.0, 3.0], [5.0, 6.0]]


def test_one_dot_per_seed():
    panels = {"PSNR": {"one": [27.0, 28.0], "two": [29.0, 26.0]}, "ratio": {"one": [1.5, 2.0], "two": [1.0, 1.0]}}
    axes = plotting.seed_dots(panels).axes
    assert [axis.get_xlabel() for axis in axes] == ["PSNR", "ratio"]
    assert [list(line.get_xdata()) for line in axes[0].lines] == [[27.0, 28.0], [29.0, 26.0]]
    assert [set(line.get_ydata()) for line in axes[1].lines] == [{0}, {1}]
