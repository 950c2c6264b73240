"""Scores of several trainings of each system, one dot per seed."""

import numpy as np

from course_utils.plotting.style import COLORS, new_figure


def score_ranges(scores: dict, measures):
    """One panel per measure: a dot per seed, and the mean with its standard deviation.

    Args:
        scores: system name to values [seeds, measures], in per cent.
        measures: names of the measures, one per panel.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(measures), (9, 0.45 * len(scores) + 1.0), sharey=True, squeeze=False)
    rows = np.arange(len(scores))
    for k, (axis, measure) in enumerate(zip(axes[0], measures, strict=True)):
        for row, values in zip(rows, scores.values(), strict=True):
            values = np.asarray(values, float)[:, k]
            axis.plot(values, np.full(len(values), row), "o", color="0.6", markersize=5)
            deviation = values.std(ddof=1) if len(values) > 1 else 0.0
            axis.errorbar(values.mean(), row + 0.22, xerr=deviation, fmt="s", color="C0", capsize=4, markersize=5)
            axis.annotate(f"{values.mean():.1f}", (values.mean(), row + 0.22), (0, -5), textcoords="offset points",
                          ha="center", va="top", fontsize=8, color="C0")  # fmt: skip
        axis.set(xlabel=f"{measure} (%)", ylim=(len(scores) - 0.3, -0.5))
        axis.margins(x=0.12)
        axis.grid(axis="x", color="0.9")
    axes[0, 0].set_yticks(rows, scores)
    return figure


def seed_dots(panels: dict):
    """One row per competitor, one dot per seed; several measures side by side.

    Args:
        panels: axis label to {competitor: values [seeds]}.

    Returns:
        the figure.
    """
    names = list(next(iter(panels.values())))
    figure, axes = new_figure(1, len(panels), (9, 0.4 * len(names) + 1), squeeze=False, sharey=True)
    for axis, (label, results) in zip(axes[0], panels.items(), strict=True):
        for row, name in enumerate(names):
            axis.plot(results[name], [row] * len(results[name]), "o", color=COLORS["blue"], alpha=0.7)
        axis.set(xlabel=label)
        axis.grid(axis="y", linewidth=0.3)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    return figure
