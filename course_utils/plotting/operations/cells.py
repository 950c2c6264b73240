"""Small maps as cells with numbers in them, drawn fast enough for controls and for many frames."""

from functools import cache

import numpy as np
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath


def draw_cells(axis, maps, lefts, tops, chosen, steps, rim: float = 0) -> None:
    """Draw maps of numbers with chosen cells darker and bold, and windows of `steps` cells framed.

    Hundreds of text artists would take a second to draw, so the numbers are outlines in a single artist.

    Args:
        axis: the axes to draw on, with y pointing down; a cell is one unit wide and high.
        maps: arrays [rows, columns]; a NaN leaves its cell empty.
        lefts, tops: where each map begins.
        chosen: for each map, which cells are darker, [rows, columns].
        steps: for each map, height and width of the windows that are framed.
        rim: points of the cell's colour around the numbers, which keep them readable where an arrow passes behind.
    """
    cells, shades, digits, rims, frames = [], [], [], [], []
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    for array, left, top, dark, step in zip(maps, lefts, tops, chosen, steps, strict=True):
        for (i, j), value in np.ndenumerate(array):
            corner = np.array([left + j, top + i])
            cells.append(corner + square)
            shades.append("#8fbfe0" if dark[i, j] else "#f7fafd")
            if not np.isnan(value):
                number = _outline(f"{value:g}", bool(dark[i, j]))
                digits.append(Path(number.vertices + corner + 0.5, number.codes))
                rims.append(shades[-1])
        height, width = array.shape
        frames += [[(left, top + k), (left + width, top + k)] for k in {*range(0, height, step), height}]
        frames += [[(left + k, top), (left + k, top + height)] for k in {*range(0, width, step), width}]
    axis.add_collection(PolyCollection(cells, facecolors=shades, edgecolors="0.75", linewidths=0.5, zorder=1))
    axis.add_collection(LineCollection(frames, colors="0.2", linewidths=1.5, zorder=1.2))
    axis.add_collection(PathCollection(digits, facecolors=rims, edgecolors=rims, linewidths=rim, zorder=1.9))
    axis.add_collection(PathCollection(digits, facecolors="black", linewidths=0, zorder=2))


@cache
def _outline(text: str, bold: bool) -> Path:
    """The outline of a number, centred on the origin, half a unit high or as wide as fits; y points down."""
    path = TextPath((0, 0), text, size=0.5, prop=FontProperties(weight="bold" if bold else "normal"))
    low, high = path.get_extents().get_points()
    fits = min(1, 0.8 / max(high[0] - low[0], 1e-9))
    return Path((path.vertices - (low + high) / 2) * [fits, -fits], path.codes)
