"""Operations step by step: the frames of an animation, each with a sentence that says what happens in it."""

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Rectangle

from course_utils.plotting.operations.cells import draw_cells
from course_utils.plotting.style import COLORS, new_figure

_GAP = 1.3
"""Cells between two neighbouring maps."""


@dataclass
class _Panel:
    """A map in a frame.

    `dark` cells stand out, `box` is an orange rectangle (row, column, height, width) or None, and between map and title
    there is room for so many rows.
    """

    title: str
    values: np.ndarray
    dark: np.ndarray
    box: tuple[int, int, int, int] | None = None
    room: float = 0


def stamping_frames(values, kernel, stride: int, sums) -> dict:
    """A transposed convolution, one stamp after the other.

    Args:
        values: the input [rows, columns].
        kernel: [height, width].
        stride: rows and columns from one stamp to the next.
        sums: the output before the first stamp and after each, in the order of the input's rows, [1 + inputs, H, W].

    Returns:
        what happens in each frame, to its figure.
    """
    values, kernel = np.asarray(values, float), np.asarray(kernel, float)
    frames = {}
    for step, total in enumerate(sums):
        given, stamped, box = np.zeros(values.shape, bool), np.zeros(np.shape(total), bool), None
        said = "The output before the first stamp: zeros."
        if step:
            row, column = divmod(step - 1, values.shape[1])
            box = (row * stride, column * stride, *kernel.shape)
            given[row, column] = True
            stamped[box[0] : box[0] + box[2], box[1] : box[1] + box[3]] = True
            said = f"Stamp {step}: {values[row, column]:g} times the kernel, from row {box[0]}, column {box[1]} on."
        frames[said] = _frame(
            _Panel("input", values, given),
            _Panel("kernel", kernel, np.zeros(kernel.shape, bool)),
            _Panel("output so far", total, stamped, box),
        )
    return frames


def sliding_frames(spread, kernel, result, rows: int) -> dict:
    """A window slides over a map with inserted zeros, pixel by pixel.

    Args:
        spread: the map with zeros inserted [height, width].
        kernel: symmetric, odd sizes.
        result: the filtered map [height, width].
        rows: how many rows of the result the window goes along.

    Returns:
        what happens in each frame, to its figure.
    """
    spread, kernel, result = (np.asarray(array, float) for array in (spread, kernel, result))
    up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(spread, [(up, up), (left, left)])
    frames = {}
    for i, j in np.ndindex(rows, spread.shape[1]):
        seen = padded[i : i + kernel.shape[0], j : j + kernel.shape[1]]
        met = seen != 0
        under = np.zeros(padded.shape, bool)
        under[i : i + kernel.shape[0], j : j + kernel.shape[1]] = met
        so_far = np.where(np.arange(result.size).reshape(result.shape) <= i * result.shape[1] + j, result, np.nan)
        terms = " + ".join(f"{weight:g} x {value:g}" for weight, value in zip(kernel[met], seen[met], strict=True))
        frames[f"Output ({i}, {j}): {terms or 'no sample below the window'} = {result[i, j]:g}"] = _frame(
            _Panel("zeros inserted", spread, under[up:-up, left:-left], (i - up, j - left, *kernel.shape), up),
            _Panel("kernel", kernel, met),
            _Panel("output so far", so_far, np.zeros(result.shape, bool), (i, j, 1, 1)),
        )
    return frames


def pooling_frames(features, maxima, indices, values, unpooled, pool_size: int) -> dict:
    """Pooling that remembers, window by window, and unpooling of other values.

    Args:
        features: the map [height, width].
        maxima, indices: of its windows [rows, columns].
        values: what is put back [rows, columns].
        unpooled: the result [height, width].
        pool_size: height and width of a window.

    Returns:
        what happens in each frame, to its figure.
    """
    features, maxima, values, unpooled = (np.asarray(a, float) for a in (features, maxima, values, unpooled))
    order = np.arange(maxima.size).reshape(maxima.shape)
    place = [
        (pool_size * row + index // pool_size, pool_size * column + index % pool_size)
        for (row, column), index in np.ndenumerate(np.asarray(indices, int))
    ]

    def frame(pooled: int, put_back: int, window: int | None, back: bool = False):
        """The state after so many windows; `window` is the one at work."""
        far, near = np.zeros(features.shape, bool), np.zeros(maxima.shape, bool)
        box = small = None
        if window is not None:
            far[place[window]] = near.flat[window] = True
            row, column = divmod(window, maxima.shape[1])
            box, small = (pool_size * row, pool_size * column, pool_size, pool_size), (row, column, 1, 1)
        result = np.full(features.shape, np.nan)
        for done in range(put_back):
            row, column = pool_size * (done // maxima.shape[1]), pool_size * (done % maxima.shape[1])
            part = np.s_[row : row + pool_size, column : column + pool_size]
            result[part] = unpooled[part]
        nowhere = np.zeros(features.shape, bool)
        return _frame(
            _Panel("feature map", features, nowhere if back else far, None if back else box),
            _Panel("maxima", np.where(order < pooled, maxima, np.nan), near & (not back), None if back else small),
            _Panel("indices", np.where(order < pooled, indices, np.nan), near, small),
            _Panel(
                "other values", np.where(put_back > 0 or back, values, np.nan), near & back, small if back else None
            ),
            _Panel("unpooled", result, far if back else nowhere, box if back else None),
        )

    frames = {f"A feature map with {maxima.size} windows.": frame(0, 0, None)}
    for window, (maximum, index) in enumerate(zip(maxima.flat, np.ravel(indices), strict=True)):
        said = f"Pool window {window + 1}: its largest value is {maximum:g}, at index {index}."
        frames[said] = frame(window + 1, 0, window)
    frames["Later in the network, the maxima have become other values."] = frame(maxima.size, 0, None, back=True)
    for window, (value, index) in enumerate(zip(values.flat, np.ravel(indices), strict=True)):
        said = f"Unpool window {window + 1}: {value:g} goes to index {index}, zeros to the other places."
        frames[said] = frame(maxima.size, window + 1, window, back=True)
    return frames


def _frame(*panels: _Panel):
    """The panels side by side, all cells of one size."""
    sizes = [panel.values.shape for panel in panels]
    high, total = max(height for height, _ in sizes), sum(width for _, width in sizes) + _GAP * (len(panels) - 1)
    room = max(panel.room for panel in panels)
    lefts = np.cumsum([0, *(width + _GAP for _, width in sizes[:-1])])
    tops = [(high - height) / 2 for height, _ in sizes]
    figure, axis = new_figure(size=(6.4, 6.4 * (high + 2.2 + room) / (total + 2)))
    figure.set_layout_engine("none")
    axis.set_position([0, 0, 1, 1])
    axis.set(xlim=(-1, total + 1), ylim=(high + 0.7, -1.5 - room), aspect="equal")
    axis.axis("off")
    draw_cells(
        axis,
        [panel.values for panel in panels],
        lefts,
        tops,
        [panel.dark for panel in panels],
        [max(size) for size in sizes],
    )
    for panel, left, top in zip(panels, lefts, tops, strict=True):
        middle = left + panel.values.shape[1] / 2
        axis.text(middle, top - 0.3 - panel.room, panel.title, ha="center", va="bottom", fontsize=10)
        if panel.box:
            row, column, height, width = panel.box
            corner = (left + column, top + row)
            axis.add_patch(
                Rectangle(corner, width, height, fill=False, edgecolor=COLORS["red"], linewidth=2.5, zorder=3)
            )
    return figure
