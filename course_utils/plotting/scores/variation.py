"""How scores of many systems vary: over resampled images, over a quantity, and from one score to another."""

import numpy as np

from course_utils.plotting.end_labels import apart
from course_utils.plotting.style import COLORS, new_figure

_TWELVE = ("#3F90DA", "#BD1F01", "#FFA90E", "#832DB6", "#717581", "#92DADB", "#A96B59", "#E76300", "#94A4A2", "#B9AC70")
_TWELVE += ("#000000", "#F781BF")
"""Ten colours that most kinds of colour vision tell apart (Petroff, "Accessible color sequences for data
visualization", 2021), ordered so that neighbours differ in lightness; then black and pink, as there are twelve systems.
"""


def difference_histogram(differences, estimate, interval, names, verdict: str):
    """How the difference between two systems varies over resampled images; fast enough for a control.

    Args:
        differences: difference in each resample, [resamples] in -1..1.
        estimate: the difference on the images themselves.
        interval: low and high end of the interval.
        names: names of the two systems.
        verdict: title of the figure, unless a system is compared with itself.

    Returns:
        the figure.
    """
    points = 100 * np.asarray(differences, float)
    figure, axis = new_figure(size=(8, 3))
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.19, top=0.88)
    low, high = min(points.min(), 0) - 0.5, max(points.max(), 0) + 0.5
    heights, edges = np.histogram(points, bins=np.linspace(low, high, 81))
    axis.stairs(heights / len(points), edges, fill=True, color=COLORS["sky"])
    axis.axvspan(*(100 * end for end in interval), color=COLORS["orange"], alpha=0.3, linewidth=0, zorder=0)
    axis.axvline(100 * estimate, color=COLORS["blue"])
    axis.axvline(0, color="black", linestyle="--", linewidth=1)
    axis.set(
        xlabel=f"mIoU of {names[0]} minus mIoU of {names[1]} (points)",
        ylabel="share of resamples",
        xlim=(low, high),
        title=f"{names[0]} twice: choose another system" if names[0] == names[1] else verdict,
    )
    return figure


def labelled_curves(curves: dict, *, xlabel: str, ylabel: str):
    """Many lines over one quantity, each with its name at its right end.

    Args:
        curves: name to {x: y}; every x of the first curve gets a tick, or every fifth of many.
        xlabel, ylabel: what x and y are.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(9, 4.4))
    ends = np.array([list(curve.values())[-1] for curve in curves.values()])
    lowest = min(min(curve.values()) for curve in curves.values())
    highest = max(max(curve.values()) for curve in curves.values())
    places = dict(zip(np.argsort(ends), apart(np.sort(ends), (highest - lowest) / 20), strict=True))
    for number, (name, curve) in enumerate(curves.items()):
        x, style = list(curve), _style(number)
        axis.plot(x, list(curve.values()), markersize=5, label=name, **style)
        axis.annotate(
            name,
            (x[-1], ends[number]),
            xytext=(x[-1] + 0.04 * (x[-1] - x[0]), places[number]),
            va="center",
            fontsize=8.5,
            color="0.15",
            # To the middle of the name's left side: a line to its centre would cross the names above or below it.
            arrowprops={"arrowstyle": "-", "color": style["color"], "linewidth": 1.2, "relpos": (0, 0.5), "shrinkB": 3},
            annotation_clip=False,
        )
    ticks = list(next(iter(curves.values())))
    axis.set(xlabel=xlabel, ylabel=ylabel, xticks=ticks[:: 5 if len(ticks) > 12 else 1])
    margin, inside = 0.05 * (highest - lowest), [lowest, highest, *places.values()]
    axis.set_ylim(np.nanmin(inside) - margin, np.nanmax(inside) + margin)
    axis.grid(color="0.93")
    return figure


def rank_lines(columns: dict):
    """How the order of systems changes from one score to another: one line per system, the best at the top.

    Args:
        columns: title to {system: score}, the same systems in each.

    Returns:
        the figure.
    """
    systems = list(next(iter(columns.values())))
    ranks = np.array([np.argsort(np.argsort([-scores[name] for name in systems])) for scores in columns.values()])
    figure, axis = new_figure(size=(10, 0.36 * len(systems) + 0.6))
    for number, name in enumerate(systems):
        style = _style(number)
        axis.plot(range(len(columns)), ranks[:, number], markersize=6, label=name, **style)
        for place, side, align in [(0, -0.08, "right"), (len(columns) - 1, 0.08, "left")]:
            axis.text(place + side, ranks[place, number], name, ha=align, va="center", fontsize=9, color="0.15")
    axis.set_xticks(range(len(columns)), list(columns), fontsize=9)
    axis.xaxis.tick_top()
    axis.set_yticks([])
    axis.set(ylim=(len(systems) - 0.5, -0.6), xlim=(-0.75, len(columns) - 0.25))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def _style(number: int) -> dict:
    """Colour, dashes and marker of the line with a given number, in twelve colours; neighbours differ in print, too."""
    return {
        "color": _TWELVE[number % len(_TWELVE)],
        "linestyle": ("-", "--", ":")[number // len(_TWELVE) % 3],
        "marker": "os^Dv"[number % 5],
        "markeredgecolor": "0.2",
        "markeredgewidth": 0.5,
        "linewidth": 1.8,
    }
