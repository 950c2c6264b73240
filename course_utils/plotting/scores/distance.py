"""Crops towards the vanishing point: where they lie in a frame, and how scores change with them."""

import numpy as np
from matplotlib.patches import Rectangle

from course_utils.labels import LabelTable
from course_utils.plotting.style import COLORS, new_figure

_LINES = ["black", "blue", "green", "orange", "red"]


def nested_crops(frames, windows: dict, points=(), fixed=None, columns: int = 2):
    """Frames with the outlines of their crops.

    Args:
        frames: images [height, width, 3] of one shape.
        windows: crop factor to its rows and columns, as slices.
        points: vanishing point of each frame, (row, column) in pixels, marked by a cross; may be empty.
        fixed: the point (row, column) in pixels that the crops shrink to, marked by a dot; None for no mark.
        columns: columns of the grid.

    Returns:
        the figure.
    """
    rows = -(-len(frames) // columns)
    height, width = np.shape(frames[0])[:2]
    each = 10 / columns
    figure, axes = new_figure(rows, columns, (10, rows * each * height / width + 0.4), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for number, (axis, frame) in enumerate(zip(axes.flat, frames, strict=False)):
        axis.imshow(frame)
        outlines = [_outline(axis, window, color) for window, color in zip(windows.values(), _LINES, strict=False)]
        marks, names = list(outlines), [f"crop {factor}" for factor in windows]
        if fixed is not None:
            marks += axis.plot(fixed[1], fixed[0], "o", color="white", markeredgecolor="black", markersize=6)
            names.append("the point they shrink to")
        if len(points):
            y, x = points[number]
            marks += axis.plot(x, y, "X", color=COLORS["yellow"], markeredgecolor="black", markersize=9)
            names.append("the frame's vanishing point")
        axis.set(xlim=(-1, width), ylim=(height, -1))
    figure.legend(marks, names, loc="outside lower center", ncols=len(names), fontsize=8, handlelength=1.2)
    return figure


def _outline(axis, window, color):
    rows, columns = window
    box = Rectangle(
        (columns.start - 0.5, rows.start - 0.5),
        columns.stop - columns.start,
        rows.stop - rows.start,
        fill=False,
        edgecolor=COLORS[color],
        linewidth=2,
    )
    return axis.add_patch(box)


def crop_curves(panels: dict, ylabel: str):
    """A score over the crop factor: one panel per group, one line per system.

    Args:
        panels: title to {system name: {crop factor: score}}.
        ylabel: what the scores are.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(panels), (10, 3.2), squeeze=False)
    for axis, (title, systems) in zip(axes[0], panels.items(), strict=True):
        for (name, scores), line in zip(systems.items(), ("-", "--", "-.", ":"), strict=False):
            axis.plot(list(scores), list(scores.values()), line, marker="o", markersize=4, label=name)
        axis.set(xlabel="crop factor", title=title, xticks=[0, 100, 200, 300, 400])
        axis.set_ylim(0)
        axis.grid(color="0.92")
        axis.legend(fontsize=8, loc="lower left")
    axes[0, 0].set_ylabel(ylabel)
    return figure


def crop_panel(image, window, maps: dict, labels: LabelTable):
    """A frame with one crop, and the contents of the crop, enlarged; fast enough for a control.

    Args:
        image: [height, width, 3].
        window: rows and columns of the crop, as slices.
        maps: title to train ids [height, width] of the whole frame.
        labels: class colours.

    Returns:
        the figure.
    """
    pictures = {"frame": image, **{title: labels.to_colors(train_ids)[window] for title, train_ids in maps.items()}}
    height, width = np.shape(image)[:2]
    tall = 10 / len(pictures) * height / width
    figure, axes = new_figure(1, len(pictures), (10, tall + 0.3))
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.003, right=0.997, bottom=0.01, top=1 - 0.28 / (tall + 0.3), wspace=0.03)
    for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
        axis.imshow(picture, aspect="auto")
        axis.set_title(title)
        axis.axis("off")
    _outline(axes[0], window, "red")
    return figure


def size_bars(shares: dict, ylabel: str):
    """Bars over the crop factor, one panel per quantity.

    Args:
        shares: title to {crop factor: number in 0..1}.
        ylabel: what the numbers are, in per cent.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(shares), (10, 2.6), squeeze=False)
    for axis, (title, values) in zip(axes[0], shares.items(), strict=True):
        bars = axis.bar([str(factor) for factor in values], [100 * value for value in values.values()], width=0.6)
        axis.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
        axis.set(xlabel="crop factor", title=title)
        axis.margins(y=0.15)
    axes[0, 0].set_ylabel(ylabel)
    return figure
