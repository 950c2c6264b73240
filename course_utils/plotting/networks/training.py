"""How training went: curves over steps with the spread over seeds, and per-class bars."""

import numpy as np

from course_utils.labels import LabelTable
from course_utils.plotting.style import new_figure


def learning_curves(curves: dict, *, ylabel: str, xlabel: str = "training steps", marks: dict | None = None):
    """Lines with the range over seeds shaded.

    Args:
        curves: name to `(x [points], y [seeds, points])`.
        ylabel, xlabel: axis labels, with units.
        marks: name to x position of vertical lines, such as the moment of unfreezing.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(8, 3.2))
    for number, (name, (x, y)) in enumerate(curves.items()):
        x, y = np.asarray(x), np.atleast_2d(y)
        line = axis.plot(x, y.mean(0), linestyle=["-", "--", "-.", ":"][number % 4], marker="o", markersize=3)[0]
        axis.fill_between(x, y.min(0), y.max(0), alpha=0.2, color=line.get_color(), linewidth=0)
        axis.annotate(
            f" {name}", (x[-1], y.mean(0)[-1]), color=line.get_color(), va="center", annotation_clip=False, fontsize=9
        )
    for name, x in (marks or {}).items():
        axis.axvline(x, color="0.5", linewidth=0.8)
        axis.annotate(f" {name}", (x, 1.0), xycoords=("data", "axes fraction"), va="bottom", fontsize=9, color="0.3")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_ylim(bottom=0)
    return figure


def class_frequencies(pixels, weights, table: LabelTable):
    """Share of the pixels of each class beside the weight that the loss gives it.

    Args:
        pixels: pixels of each class [num_classes].
        weights: loss weight of each class [num_classes].
        table: class names.

    Returns:
        the figure.
    """
    share = 100 * np.asarray(pixels) / np.sum(pixels)
    figure, (left, right) = new_figure(1, 2, (9, 0.24 * table.num_classes + 0.9), sharey=True)
    rows = np.arange(table.num_classes)
    left.bar_label(left.barh(rows, share), [f"{value:.1f}" for value in share], padding=2, fontsize=7)
    left.set(xlabel="share of labelled pixels (%)", xlim=(0, 1.15 * share.max()))
    right.bar_label(right.barh(rows, weights, color="C1"), [f"{value:.2f}" for value in weights], padding=2, fontsize=7)
    right.set(xlabel="weight in the loss", xlim=(0, 1.15 * np.max(weights)))
    left.set_yticks(rows, table.names)
    left.invert_yaxis()
    return figure
