"""Pooling and unpooling in pictures: a small map with arrows, and feature maps side by side."""

import numpy as np

from course_utils.plotting.operations.cells import draw_cells
from course_utils.plotting.style import COLORS, new_figure

_GAP = 2.5
"""Cells between two neighbouring maps, where the arrows run."""


def pooling_arrows(features, indices, pool_size: int, values, window: int | None = None):
    """From a map to its maxima, and from other values back to where the maxima were.

    Args:
        features: the map [height, width].
        indices: position of the maximum in each window, counted row by row, [rows, columns].
        pool_size: height and width of a window.
        values: what unpooling puts back, [rows, columns].
        window: number of the window whose arrows stand out, counted row by row; None for all.

    Returns:
        the figure.
    """
    features, indices, values = np.asarray(features), np.asarray(indices), np.asarray(values)
    (height, width), (rows, columns) = features.shape, indices.shape
    row, column = np.divmod(np.arange(rows * columns), columns)
    y, x = pool_size * row + indices.ravel() // pool_size, pool_size * column + indices.ravel() % pool_size
    unpooled = np.zeros((height, width), values.dtype)
    unpooled[y, x] = values.ravel()
    marked = np.zeros((height, width), bool)
    marked[y, x] = True

    maps = [features, features[y, x].reshape(rows, columns), values, unpooled]
    lefts = np.cumsum([0, *(m.shape[1] + _GAP for m in maps[:-1])])
    tops = [(height - m.shape[0]) / 2 for m in maps]
    total = lefts[-1] + width
    figure, axis = new_figure(size=(10, 10 * (height + 1.2) / total))
    figure.set_layout_engine("none")
    axis.set_position([0.01, 0.01, 0.98, 0.98])
    axis.set(xlim=(-0.1, total + 0.1), ylim=(height + 0.2, -1.0), aspect="equal")
    axis.axis("off")
    names = ["feature map", "maxima", "other values", "unpooled"]
    chosen = [marked, np.ones((rows, columns), bool), np.ones((rows, columns), bool), marked]
    draw_cells(axis, maps, lefts, tops, chosen, [pool_size, 1, 1, pool_size], rim=4)
    for array, left, top, name in zip(maps, lefts, tops, names, strict=True):
        axis.text(left + array.shape[1] / 2, top - 0.25, name, ha="center", va="bottom", fontsize=10)
    strength = np.full(len(row), 0.75) if window is None else np.where(np.arange(len(row)) == window, 1.0, 0.15)
    for (start_x, start_y), (end_x, end_y), color in [
        ((lefts[0] + x + 0.8, y + 0.5), (lefts[1] + column + 0.2, tops[1] + row + 0.5), "red"),
        ((lefts[2] + column + 0.85, tops[2] + row + 0.5), (lefts[3] + x + 0.2, y + 0.5), "green"),
    ]:
        way = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.0022, "headwidth": 5}
        arrows = (start_x, start_y, end_x - start_x, end_y - start_y)
        axis.quiver(*arrows, **way, color=COLORS[color], alpha=strength, zorder=1.5)
    return figure


def feature_maps(maps: dict, *, columns: int | None = None, cmap: str = "viridis", limits=None):
    """Maps side by side on one scale.

    Args:
        maps: title to [height, width].
        columns: columns of the grid; None for a single row.
        cmap: a colour map that is readable with every colour vision.
        limits: lowest and highest value of the scale; None for those of the first map.

    Returns:
        the figure.
    """
    columns = columns or len(maps)
    lines = -(-len(maps) // columns)
    first = np.asarray(next(iter(maps.values())))
    low, high = limits or (first.min(), first.max())
    each = 10 / columns
    figure, axes = new_figure(lines, columns, (10, lines * (each * first.shape[0] / first.shape[1] + 0.3)))
    axes = np.ravel(axes)
    for axis in axes:
        axis.axis("off")
    for axis, (title, values) in zip(axes, maps.items(), strict=False):
        axis.imshow(values, cmap=cmap, vmin=low, vmax=high)
        axis.set_title(title, fontsize=10)
    return figure
