"""Figures of crops show the windows and the scores that they are given."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from course_utils import plotting
from course_utils.evaluation import crop_windows
from course_utils.labels import CITYSCAPES

WINDOWS = crop_windows((64, 128))


def outlines(axis):
    """Pixels inside each rectangle of an axis, as (first row, last row + 1, first column, last column + 1)."""
    boxes = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    return [
        tuple(float(v) + 0.5 for v in (b.get_y(), b.get_y() + b.get_height(), b.get_x(), b.get_x() + b.get_width()))
        for b in boxes
    ]


def test_nested_crops_outline_every_window_in_every_frame():
    frames = np.zeros((3, 64, 128, 3))
    points = [(20, 60), (30, 70), (25, 50)]
    figure = plotting.nested_crops(frames, WINDOWS, points, fixed=(26, 64))
    expected = [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in WINDOWS.values()]
    for axis, (y, x) in zip(figure.axes, points, strict=False):
        assert outlines(axis) == expected
        dot, cross = axis.lines
        assert (dot.get_ydata()[0], dot.get_xdata()[0]) == (26, 64)
        assert (cross.get_ydata()[0], cross.get_xdata()[0]) == (y, x)
    assert not figure.axes[3].images
    names = [text.get_text() for text in figure.legends[0].texts]
    assert names[:5] == [f"crop {factor}" for factor in WINDOWS] and len(names) == 7


def test_nested_crops_need_no_points():
    figure = plotting.nested_crops(np.zeros((1, 64, 128, 3)), WINDOWS, columns=1)
    assert not figure.axes[0].lines and len(figure.legends[0].texts) == 5


def test_crop_curves_and_bars_hold_the_scores():
    panels = {"ours": {"a": {0: 50.0, 400: 20.0}, "b": {0: 60.0, 400: 30.0}}, "paper": {"a": {0: 80.0, 200: 75.0}}}
    for axis, systems in zip(plotting.crop_curves(panels, "mIoU (%)").axes, panels.values(), strict=True):
        lines = {line.get_label(): dict(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axis.lines}
        assert lines == systems and axis.get_ylim()[0] == 0

    shares = {"borders": {0: 0.1, 400: 0.3}}
    axis = plotting.size_bars(shares, "share (%)").axes[0]
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([10, 30])


@pytest.mark.parametrize("factor", WINDOWS)
def test_crop_panel_shows_what_is_in_the_window(factor):
    labels = np.random.default_rng(0).integers(0, 19, (64, 128)).astype(np.uint8)
    frame, crop = plotting.crop_panel(np.zeros((64, 128, 3)), WINDOWS[factor], {"truth": labels}, CITYSCAPES).axes
    rows, columns = WINDOWS[factor]
    assert outlines(frame) == [(rows.start, rows.stop, columns.start, columns.stop)]
    np.testing.assert_array_equal(crop.images[0].get_array(), CITYSCAPES.to_colors(labels[rows, columns]))
