"""How training went: curves over steps with the range over seeds, and class frequencies beside loss weights."""

import numpy as np
from scipy import stats

from course_utils.labels import LabelTable
from course_utils.plotting.end_labels import apart
from course_utils.plotting.style import new_figure


def learning_curves(
    curves: dict,
    *,
    ylabel: str,
    xlabel: str = "training steps",
    marks: dict | None = None,
    floor: float | None = None,
):
    """One line per curve, the mean over seeds, with the range over seeds shaded.

    Args:
        curves: name to `(training steps [points], values [seeds, points])`.
        ylabel: label of the vertical axis, with the unit.
        xlabel: label of the horizontal axis.
        marks: name to the step of a vertical line, such as the step at which layers are unfrozen.
        floor: what is scored without looking at images, drawn as a line; None for no line.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(8, 3.2))
    means = np.array([np.atleast_2d(y).mean(0)[-1] for _, y in curves.values()])
    order = np.argsort(means)
    highest = max(np.max(y) for _, y in curves.values())
    ends = dict(zip(order, apart(means[order], highest / 13), strict=True))
    for number, (name, (x, y)) in enumerate(curves.items()):
        x, y = np.asarray(x), np.atleast_2d(y)
        line = axis.plot(x, y.mean(0), linestyle=["-", "--", "-.", ":"][number % 4], marker="o", markersize=3)[0]
        axis.fill_between(x, y.min(0), y.max(0), alpha=0.2, color=line.get_color(), linewidth=0)
        axis.annotate(
            name,
            (x[-1], means[number]),
            (x[-1] + 0.03 * (x[-1] - x[0]), ends[number]),
            color=line.get_color(),
            va="center",
            annotation_clip=False,
            fontsize=9,
        )
    for name, x in (marks or {}).items():
        axis.axvline(x, color="0.5", linewidth=0.8)
        axis.annotate(f" {name}", (x, 1.0), xycoords=("data", "axes fraction"), va="bottom", fontsize=9, color="0.3")
    if floor is not None:
        _draw_floor(axis, floor)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_ylim(bottom=0)
    return figure


def _draw_floor(axis, floor: float) -> None:
    axis.axhline(floor, color="0.5", linewidth=0.8)
    axis.annotate("without looking at images", (0, floor), (2, 2), textcoords="offset points", fontsize=8)


def study_curves(panels: dict, *, xlabel: str, ylabel: str):
    """Scores of competitors over a quantity, several seeds each: means with 95 % intervals by Student's t.

    Args:
        panels: title to `(floor, {name: {x: values [seeds]}})`; the floor is drawn as a line.
        xlabel: what x is; its values are numbers, at equal distances.
        ylabel: what is measured.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(panels), (5 * len(panels) + 0.5, 3.8), squeeze=False)
    for axis, (title, (floor, curves)) in zip(axes[0], panels.items(), strict=True):
        ticks = sorted({x for curve in curves.values() for x in curve})
        for number, (name, curve) in enumerate(curves.items()):
            places = [ticks.index(x) + 0.05 * (number - (len(curves) - 1) / 2) for x in sorted(curve)]
            values = [np.asarray(curve[x], float) for x in sorted(curve)]
            reach = [stats.t.ppf(0.975, len(v) - 1) * stats.sem(v) if len(v) > 1 else 0.0 for v in values]
            style = {"marker": "os^Dv"[number % 5], "linestyle": ["-", "--", "-.", ":"][number % 4], "markersize": 4}
            axis.errorbar(places, [v.mean() for v in values], reach, capsize=3, linewidth=1.2, label=name, **style)
        _draw_floor(axis, floor)
        axis.set_xticks(range(len(ticks)), ticks)
        axis.set(title=title, xlabel=xlabel, xlim=(-0.3, len(ticks) - 0.7))
        axis.set_ylim(bottom=0)
    axes[0, 0].set_ylabel(ylabel)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(3, 1 + len(panels)), fontsize=8.5)
    return figure


def class_frequencies(pixels, weights, labels: LabelTable):
    """Each class's share of the pixels beside its weight in the loss.

    Args:
        pixels: pixels per class [num_classes].
        weights: loss weight per class [num_classes].
        labels: class names.

    Returns:
        the figure.
    """
    share = 100 * np.asarray(pixels) / np.sum(pixels)
    figure, (left, right) = new_figure(1, 2, (9, 0.24 * labels.num_classes + 0.9), sharey=True)
    rows = np.arange(labels.num_classes)
    left.bar_label(left.barh(rows, share), [f"{value:.1f}" for value in share], padding=2, fontsize=7)
    left.set(xlabel="share of labelled pixels (%)", xlim=(0, 1.15 * share.max()))
    right.bar_label(right.barh(rows, weights, color="C1"), [f"{value:.2f}" for value in weights], padding=2, fontsize=7)
    right.set(xlabel="weight in the loss", xlim=(0, 1.15 * np.max(weights)))
    left.set_yticks(rows, labels.names)
    left.invert_yaxis()
    return figure
