"""Scores per class: bars with their intervals, differences of two systems, and which class was taken for which."""

import textwrap

import numpy as np
from matplotlib.ticker import PercentFormatter

from course_utils.labels import LabelTable
from course_utils.plotting.style import COLORS, new_figure

_WIDTH, _ROW = 4.6, 0.27
"""Width of a figure and height of a row in inches: names stay readable at the width of a phone."""


def score_bars(systems: dict, names):
    """Horizontal bars of IoU with their intervals, one bar per system in each row.

    Args:
        systems: name to `(values, low, high)`, each [rows] in 0..1; NaN where there is no score or no interval.
        names: row names, such as "mean" and the classes.

    Returns:
        the figure.
    """
    height = _ROW * len(names) * max(1.0, 0.65 * len(systems)) + 0.9
    figure, axis = new_figure(size=(_WIDTH, height))
    rows, thickness = np.arange(len(names)), 0.8 / len(systems)
    styles = [{"color": COLORS["sky"]}, {"color": COLORS["orange"], "hatch": "///", "edgecolor": "white"}]
    for number, (name, ends) in enumerate(systems.items()):
        values, low, high = (100 * np.asarray(end, float) for end in ends)
        place = rows + (number - (len(systems) - 1) / 2) * thickness
        axis.barh(place, np.nan_to_num(values), thickness, label=name, **styles[number % 2])
        reach = [np.nan_to_num(values - low).clip(0), np.nan_to_num(high - values).clip(0)]
        axis.errorbar(np.nan_to_num(values), place, xerr=reach, fmt="none", ecolor="0.15", elinewidth=1, capsize=2)
        for row in place[np.isnan(values)]:
            axis.annotate("absent", (0, row), (3, 0), textcoords="offset points", va="center", fontsize=7, color="0.4")
    axis.set_yticks(rows, names)
    axis.set(xlabel="IoU (%)", xlim=(0, 100))
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="x", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
    if len(systems) > 1:
        figure.legend(loc="outside upper left", ncols=1, fontsize=8, frameon=False)
    return figure


def class_bars(scores: dict, labels: LabelTable):
    """Horizontal bars of IoU per class, one bar per system; with one or two systems the bars are labelled.

    Args:
        scores: system name to values [num_classes] in 0..1, NaN where a class is absent.
        labels: class names.

    Returns:
        the figure. Classes of which no system finds half a per cent have no bars: they are named below.
    """
    numbered = len(scores) <= 2  # thinner bars leave no room for numbers
    all_scores = np.array(list(scores.values()), float)
    missed = np.all(all_scores < 0.005, axis=0)  # absent ones, NaN, are not missed
    shown = np.flatnonzero(~missed) if not missed.all() else np.arange(labels.num_classes)
    names = [labels.names[k] for k in shown]
    figure, axis = new_figure(size=(8, len(names) * (0.24 if len(scores) == 1 else 0.28) + 1.2))
    rows = np.arange(len(names))
    thickness = 0.8 / len(scores)
    for number, (name, values) in enumerate(scores.items()):
        values = 100 * np.asarray(values)[shown]
        offset = (number - (len(scores) - 1) / 2) * thickness
        bars = axis.barh(rows + offset, np.nan_to_num(values), thickness, label=name)
        texts = ["absent" if np.isnan(value) else f"{value:.0f}" if numbered else "" for value in values]
        axis.bar_label(bars, texts, padding=2, fontsize=7 if numbered else 5)
    axis.set_yticks(rows, names)
    axis.set(xlabel="IoU (%)", xlim=(0, 105), ylim=(len(names) - 0.5, -0.5))
    if len(names) < labels.num_classes:
        never = textwrap.fill("0 %: " + ", ".join(np.array(labels.names)[missed]), 95)
        axis.set_xlabel(f"IoU (%)\n{never}")
    if not numbered:
        axis.grid(axis="x", color="0.85", linewidth=0.6)
        axis.set_axisbelow(True)
    if len(scores) > 1:
        axis.legend(loc="lower right")
    return figure


def confusion_matrix(matrix, names, missed=None):
    """Where the pixels of each class went: a row sums to 100 %.

    Args:
        matrix: pixel counts [classes, classes], truth in rows.
        names: class names.
        missed: pixels per class that were predicted as void [classes]; they get a column if there are any.

    Returns:
        the figure. Rows of classes that do not occur are grey; shares below 0.5 % have no number.
    """
    matrix, columns = np.asarray(matrix, float), list(names)
    if missed is not None and np.any(missed):
        matrix, columns = np.column_stack([matrix, missed]), [*columns, "void"]
    total = matrix.sum(axis=1, keepdims=True)
    share = np.where(total > 0, matrix / np.maximum(total, 1), np.nan)
    figure, axis = new_figure(size=(6.4, 6.4 * (len(names) + 4) / (len(columns) + 5)))
    axis.set_facecolor("0.88")
    picture = axis.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    size = float(np.clip(130 / len(columns), 3, 9))
    for row, column in np.argwhere(np.nan_to_num(share) >= 0.005):
        color = "white" if share[row, column] > 0.55 else "0.1"
        axis.text(column, row, f"{100 * share[row, column]:.0f}", ha="center", va="center", fontsize=size, color=color)
    axis.set_xticks(range(len(columns)), columns, rotation=90, fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.set(xlabel="predicted", ylabel="true")
    axis.spines[:].set_visible(False)
    figure.colorbar(picture, ax=axis, format=PercentFormatter(1), fraction=0.04, pad=0.02, label="of the true pixels")
    return figure


def score_differences(difference, low, high, decided, names, *, xlabel: str):
    """Differences between two systems with their intervals: filled where decided, hollow where not.

    Args:
        difference, low, high: [rows] in -1..1, NaN where there is no difference.
        decided: whether each difference is more than chance, bool [rows].
        names: row names.
        xlabel: which system minus which.

    Returns:
        the figure.
    """
    difference, low, high = (100 * np.asarray(values, float) for values in (difference, low, high))
    decided, rows = np.asarray(decided, bool), np.arange(len(names))
    figure, axis = new_figure(size=(_WIDTH, _ROW * len(names) + 1.1))
    axis.axvline(0, color="0.4", linewidth=0.8)
    axis.hlines(rows, low, high, color="0.3", linewidth=1.2)
    for kind, face, label in [(decided, COLORS["blue"], "decided"), (~decided, "white", "not decided")]:
        axis.scatter(difference[kind], rows[kind], 26, facecolor=face, edgecolor=COLORS["blue"], zorder=3, label=label)
    for row in rows[np.isnan(difference)]:
        axis.annotate("not defined", (0, row), (3, 0), textcoords="offset points", va="center", fontsize=7, color="0.4")
    axis.set_yticks(rows, names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set(xlabel=xlabel)
    axis.grid(axis="x", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
    figure.legend(loc="outside upper left", ncols=2, fontsize=8, frameon=False)
    return figure
