"""Tables of many systems: scores with their intervals, and which pairs are decided."""

import math

import numpy as np
from matplotlib.colors import Normalize

from course_utils.plotting.style import COLORS, new_figure


def score_grid(systems, columns, values, low=None, high=None, *, notes=None):
    """A table of scores as in papers: one row per system, one column per class, shaded by the score.

    Args:
        systems: row names.
        columns: column names.
        values: [systems, columns] in per cent, NaN where there is no score.
        low, high: ends of the intervals, of the same shape, written below each score. Without them the best score in
            each column is bold.
        notes: a word per system, in brackets after its name; None for no notes.

    Returns:
        the figure.
    """
    values = np.asarray(values, float)
    rows, number = values.shape
    figure, axis = new_figure(size=(10, 0.36 * rows + 1.15 if low is not None else 0.28 * rows + 1.05))
    axis.imshow(values, cmap="Blues", norm=Normalize(0, 160), aspect="auto")
    best = np.round(values, 1) == np.nanmax(np.round(values, 1), axis=0)
    for row, column in np.ndindex(rows, number):
        value = values[row, column]
        if np.isnan(value):
            axis.text(column, row, "–", ha="center", va="center", fontsize=8)
        elif low is None:
            weight = "bold" if best[row, column] else "normal"
            axis.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=8, weight=weight)
        else:
            axis.text(column, row - 0.17, f"{value:.0f}", ha="center", va="center", fontsize=8.5)
            if not np.isnan(low[row, column]):
                ends = f"{low[row, column]:.0f}–{high[row, column]:.0f}"
                axis.text(column, row + 0.24, ends, ha="center", va="center", fontsize=6.5)
    axis.set_xticks(range(number), columns, rotation=40, ha="left", rotation_mode="anchor", fontsize=8)
    axis.xaxis.tick_top()
    names = systems if notes is None else [f"{name}  ({note})" for name, note in zip(systems, notes, strict=True)]
    axis.set_yticks(range(rows), names, fontsize=9)
    axis.set_xticks(np.arange(number + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)
    return figure


def ranking(systems, scores, low, high, groups=(), *, xlabel: str, limits=None):
    """Systems ordered by score, with intervals and a line beside each group whose order is not decided.

    Args:
        systems: system names.
        scores, low, high: [systems] in 0..1.
        groups: (first, last) rank of each run of systems without a decided pair (`PairTests.groups`).
        xlabel: what the scores are.
        limits: limits of the axis in per cent; None to fit the scores.

    Returns:
        the figure, fast enough for a control.
    """
    scores, low, high = (100 * np.asarray(values, float) for values in (scores, low, high))
    order = np.argsort(-scores, kind="stable")
    height = 0.3 * len(systems) + 0.75
    figure, axis = new_figure(size=(8, height))
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.2, right=0.93, bottom=0.5 / height, top=1 - 0.1 / height)
    rows = np.arange(len(systems))
    axis.errorbar(
        scores[order],
        rows,
        xerr=[(scores - low)[order].clip(0), (high - scores)[order].clip(0)],
        fmt="o",
        color=COLORS["blue"],
        ecolor="0.35",
        capsize=3,
    )
    if limits is None:
        spread = high.max() - low.min()
        limits = low.min() - 0.05 * spread, high.max() + 0.05 * spread
    lanes = _lanes(groups)
    for lane, (first, last) in zip(lanes, groups, strict=True):
        place = 1.015 + min(0.022, 0.08 / max(1, *lanes)) * lane
        ends, scale = [first - 0.25, last + 0.25], axis.get_yaxis_transform()
        axis.plot([place] * 2, ends, color=COLORS["red"], linewidth=4, transform=scale, clip_on=False)
    axis.set_yticks(rows, [systems[place] for place in order])
    axis.set(xlabel=xlabel, xlim=limits, ylim=(len(systems) - 0.5, -0.5))
    axis.grid(axis="x", color="0.92")
    return figure


def _lanes(groups) -> list[int]:
    """Places side by side for lines from rank to rank: with no rank between them, two in a lane would look like one."""
    ends, lanes = [], []
    for first, last in groups:
        free = (lane for lane, end in enumerate(ends) if first > end + 1)
        lane = next(free, len(ends))
        ends[lane : lane + 1] = [last]
        lanes.append(lane)
    return lanes


def pair_matrix(systems, difference, decided, needed):
    """Every pair of systems: below the diagonal the difference, above it how many images would decide it.

    Args:
        systems: system names, in the order to show.
        difference: [systems, systems] in -1..1, row minus column.
        decided: bool [systems, systems].
        needed: images that would decide a pair, [systems, systems], NaN for decided pairs.

    Returns:
        the figure. Decided differences are on colour, the others on white; above the diagonal is "✓" or the number of
        images.
    """
    points, number = 100 * np.asarray(difference, float), len(systems)
    figure, axis = new_figure(size=(9.5, 0.44 * number + 1.5))
    below = np.tri(number, k=-1, dtype=bool)
    shown = np.where(below & decided, points, np.nan)
    reach = max(1.0, np.nanmax(np.abs(np.where(below, points, 0))))
    axis.set_facecolor("white")
    axis.imshow(shown, cmap="PuOr", norm=Normalize(-1.5 * reach, 1.5 * reach), aspect="auto")
    for row, column in zip(*np.nonzero(below), strict=True):
        style = {"ha": "center", "va": "center", "fontsize": 8.5}
        axis.text(column, row, f"{points[row, column]:+.1f}", color="0.1" if decided[row, column] else "0.5", **style)
        word = "✓" if decided[row, column] else _round_number(needed[row, column])
        axis.text(row, column, word, color="0.55" if decided[row, column] else COLORS["red"], **style)
    axis.plot([-0.5, number - 0.5], [-0.5, number - 0.5], color="0.8", linewidth=1)
    axis.set_xticks(range(number), systems, rotation=35, ha="left", rotation_mode="anchor", fontsize=9)
    axis.xaxis.tick_top()
    axis.set_yticks(range(number), systems, fontsize=9)
    axis.set_xticks(np.arange(number + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(number + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="0.9")
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel(
        "below the diagonal: row minus column, points (on colour: decided); above: images that would decide"
    )
    return figure


def _round_number(value: float) -> str:
    """A number to two digits: 1,234 becomes 1,200; beyond a million, "> 1 M"."""
    if not value < 1e6:
        return "> 1 M"
    digits = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -digits):,.0f}"


def winner_shares(columns, winners, shares):
    """How often the best system of each column stays the best: one bar per column.

    Args:
        columns: column names.
        winners: the best system of each column.
        shares: share of the resamples in which it is still the best, [columns] in 0..1.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(10, 3.6))
    bars = axis.bar(range(len(columns)), 100 * np.asarray(shares), color=COLORS["sky"], width=0.75)
    for bar, name in zip(bars, winners, strict=True):
        axis.text(
            bar.get_x() + bar.get_width() / 2, 3, name, rotation=90, ha="center", va="bottom", fontsize=8, color="0.1"
        )
    axis.axhline(95, color=COLORS["red"], linewidth=1, linestyle="--")
    axis.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    axis.set(ylabel="resamples in which\nthe bold figure stays (%)", ylim=(0, 104), xlim=(-0.6, len(columns) - 0.4))
    return figure
