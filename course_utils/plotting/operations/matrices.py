"""Matrices in pictures: their entries, what one row reads and writes, their products, their singular values."""

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from course_utils.plotting.style import COLORS, new_figure

_TINTS = [COLORS[name] for name in ("orange", "sky", "green", "purple", "yellow", "blue", "red")]
_MARK = dict(fill=False, edgecolor=COLORS["red"], linewidth=2.2, clip_on=False, zorder=4)


def matrix_pictures(
    named: dict, columns: int | None = None, width: float = 9.0, text=True, block: int | None = None, one_scale=True
):
    """Pictures of matrices with cells of equal size: a colour per symbol, or per size of a number.

    Args:
        named: title to matrix [rows, columns], a SymPy matrix or an array; zeros stay white and empty.
        columns: how many to put side by side; None for all.
        width: figure width in inches.
        text: whether to write the entries into the cells.
        block: draw a stronger line after every so many rows and columns; None for no lines.
        one_scale: whether a number has the same colour in all matrices; otherwise each matrix has its own scale.

    Returns:
        the figure.
    """
    entries = {title: _entries(matrix) for title, matrix in named.items()}
    columns = columns or len(entries)
    rows = -(-len(entries) // columns)
    wide = [max(matrix.shape[1] for matrix in list(entries.values())[column::columns]) for column in range(columns)]
    high = max(matrix.shape[0] for matrix in entries.values())
    cell = min(0.52, width / (sum(wide) + columns))
    ratios = [cells + 1 for cells in wide]
    size = (width, rows * (cell * high + 0.45))
    figure, axes = new_figure(rows, columns, size, squeeze=False, width_ratios=ratios)
    for axis in axes.flat:
        axis.axis("off")
    limit = max(_limit(matrix) for matrix in entries.values())
    for number, (axis, (title, matrix)) in enumerate(zip(axes.flat, entries.items(), strict=False)):
        _draw(axis, matrix, 0, 0, cell, text, limit if one_scale else _limit(matrix))
        if block:
            places = np.arange(block, max(matrix.shape), block) - 0.5
            axis.vlines(places[places < matrix.shape[1]], -0.5, matrix.shape[0] - 0.5, colors="0.45", linewidths=0.8)
            axis.hlines(places[places < matrix.shape[0]], -0.5, matrix.shape[1] - 0.5, colors="0.45", linewidths=0.8)
        _frame(axis, (-0.6, wide[number % columns] - 0.4), (high - 0.4, -0.6))
        axis.set_title(title, loc="left")
    return figure


def matrix_product(matrix, vector, row: int | None = None, title: str = ""):
    """A matrix, the column it is multiplied by, and the resulting column.

    Args:
        matrix: [rows, columns], SymPy or numbers.
        vector: [columns].
        row: the row to mark, together with its product; None for none.
        title: title of the figure.

    Returns:
        the figure.
    """
    left, middle = _entries(matrix), _entries(vector).reshape(-1, 1)
    right = _entries([sum(a * b for a, b in zip(line, middle[:, 0], strict=True)) for line in left]).reshape(-1, 1)
    rows, columns = left.shape
    high, wide = max(left.shape), columns + 9
    cell = min(0.45, 9 / wide)
    figure, axis = new_figure(size=(cell * wide + 0.2, cell * high + 0.5))
    axis.axis("off")
    limit = _limit(left)
    top = (high - rows) / 2
    middle_row = high / 2 - 0.5
    _draw(axis, left, top, 0, cell, True, limit)
    _write(axis, middle_row, columns + 0.25, "×", 13)
    _draw(axis, middle, (high - columns) / 2, columns + 1, cell, True, limit, fill=False)
    _write(axis, middle_row, columns + 2.25, "=", 13)
    for place, value in enumerate(right[:, 0]):
        axis.add_patch(Rectangle((columns + 2.5, top + place - 0.5), 4.5, 1, fill=False, edgecolor="0.7"))
        _write(axis, top + place, columns + 4.75, _label(value, zero="0"), min(10, 26 * cell))
    if row is not None:
        axis.add_patch(Rectangle((-0.5, top + row - 0.5), columns, 1, **_MARK))
        axis.add_patch(Rectangle((columns + 2.5, top + row - 0.5), 4.5, 1, **_MARK))
    _frame(axis, (-0.7, wide - 1.8), (high - 0.3, -0.7))
    axis.set_title(title, loc="left")
    return figure


def matrix_row(matrix, row: int, names=None, title: str = ""):
    """What one row of a convolution's matrix reads and writes: the input lies above the matrix, the output beside it.

    Args:
        matrix: [output pixels, input pixels], SymPy or numbers, up to about 12 each.
        row: the output pixel to mark, together with the window of the input that it sees.
        names: names of the input pixels [input pixels]; None for x0, x1, ...
        title: title of the figure; the row's product is written below it.

    Returns:
        the figure.
    """
    entries = _entries(matrix)
    rows, columns = entries.shape
    names = [f"x{place}" for place in range(columns)] if names is None else list(names)
    size = (7, 4.6)  # whatever the matrix: the page must not jump when a control moves
    figure, axis = new_figure(size=size)
    # A control has to answer quickly, and the constrained layout would take most of that time.
    figure.set_layout_engine("none")
    axis.set_position((0.08, 0.02, 0.9, 0.82))
    axis.axis("off")
    cell = min(size[0] * 0.9 / (columns + 5), size[1] * 0.82 / (rows + 2.2))
    seen = np.flatnonzero(entries[row] != 0)
    # For the same reason matrix, input and output are one picture, and all lines one collection.
    canvas = np.ones((rows + 2, columns + 2, 3))
    canvas[2:, :columns] = _colors(entries, _limit(entries))
    canvas[0, :columns] = np.where(np.isin(np.arange(columns), seen), 0.75, 0.95)[:, None]
    canvas[2:, -1] = np.where(np.arange(rows) == row, 0.75, 0.95)[:, None]
    _image(axis, canvas, -2, 0)
    places = [(-2, 0, 1, columns), (0, 0, rows, columns), (0, columns + 1, rows, 1)]
    _lines(axis, [segment for place in places for segment in _grid(*place)])
    _labels(axis, entries, 0, 0, cell, canvas[2:, :columns])
    for place, name in enumerate(names):
        _write(axis, -2, place, name, 24 * cell)
    for place in range(rows):
        _write(axis, place, columns + 1, str(place), 24 * cell)
    axis.add_patch(Rectangle((-0.5, row - 0.5), columns, 1, **_MARK))
    axis.add_patch(Rectangle((columns + 0.5, row - 0.5), 1, 1, **_MARK))
    if seen.size:
        axis.add_patch(Rectangle((seen[0] - 0.5, -2.5), seen[-1] - seen[0] + 1, 1, **_MARK))
    axis.text(-0.9, -2, "input", ha="right", va="center", fontsize=9)
    axis.text(columns + 1.8, row, "output", ha="left", va="center", fontsize=9)
    _frame(axis, (-1.5, columns + 3.5), (rows - 0.4, -2.6))
    terms = " + ".join(f"{_label(entries[row, place])}·{names[place]}" for place in seen)
    figure.text(0.02, 0.97, title, va="top", fontsize=11)
    figure.text(0.02, 0.905, f"output {row} = {terms or '0'}", va="top", fontsize=11, color=COLORS["red"])
    return figure


def descent(target, found, truth, losses):
    """What gradient descent on a convolution's input has found, and how the loss fell.

    Args:
        target: what the convolution is to return [pixels].
        found: the input found [pixels].
        truth: the input that the target was made from [pixels].
        losses: the loss before each step [steps], positive.

    Returns:
        the figure.
    """
    figure, (left, right) = new_figure(1, 2, (9, 2.8))
    left.step(range(len(truth)), truth, where="mid", color="0.6", label="true signal")
    left.plot(target, "--", color=COLORS["blue"], label="target: its blur")
    left.plot(found, "o-", color=COLORS["orange"], markersize=3, label="found")
    left.set(xlabel="pixel", title="the signal")
    left.legend(fontsize=8)
    right.semilogy(losses, color=COLORS["blue"])
    right.set(xlabel="step", title="the loss")
    return figure


def singular_values(curves: dict, conditions: dict):
    """How strongly a matrix passes each direction, and the condition number over the length of the signal.

    Args:
        curves: kernel name to the singular values of its matrix [size], the largest first.
        conditions: kernel name to `(lengths, condition numbers)`.

    Returns:
        the figure.
    """
    figure, (left, right) = new_figure(1, 2, (9, 3.2))
    for number, (name, values) in enumerate(curves.items()):
        marker = dict(marker="os^Dv"[number % 5], markersize=3)
        left.semilogy(np.arange(1, len(values) + 1), values, label=name, **marker)
        right.loglog(*conditions[name], label=name, **marker)
    left.set(xlabel="number of the singular value", ylabel="singular value")
    right.set(xlabel="length of the signal (pixels)", ylabel="condition number")
    left.set_title("what the matrix passes", loc="left")
    right.set_title("what an inverse may magnify", loc="left")
    left.legend(fontsize=8, frameon=False)
    return figure


def _entries(matrix):
    """The matrix as a NumPy array: of objects if any entry has a symbol, otherwise of numbers."""
    matrix = np.array(matrix.tolist() if hasattr(matrix, "tolist") else matrix)
    if matrix.dtype == object and not any(getattr(entry, "free_symbols", ()) for entry in matrix.ravel()):
        return matrix.astype(float)
    return matrix


def _limit(entries):
    return np.abs(entries).max() if entries.dtype != object else 1


def _label(value, zero=""):
    if value == 0:
        return zero
    if isinstance(value, int | float | np.number):
        text = f"{abs(value):.2f}".rstrip("0").rstrip(".")
        return ("−" if value < 0 and text != "0" else "") + (text[1:] if text.startswith("0.") else text)
    return str(value).replace("*", "")


def _colors(entries, limit):
    """Red, green and blue per cell: white for zero, a tint per symbol, violet to orange for numbers."""
    if entries.dtype != object:
        colors = colormaps["PuOr_r"](0.5 + 0.33 * entries / (limit or 1))[..., :3]
        return np.where((entries == 0)[..., None], 1.0, colors)
    symbols = sorted({str(entry) for entry in entries.ravel() if entry != 0})
    tints = {name: 1 - 0.55 * (1 - np.array(to_rgb(_TINTS[i % len(_TINTS)]))) for i, name in enumerate(symbols)}
    return np.array([[tints.get(str(entry), np.ones(3)) for entry in line] for line in entries])


def _draw(axis, entries, top, left, cell, text, limit, fill=True):
    """Draws the matrix with its first cell centred on (left, top); `cell` is the side of a cell in inches."""
    colors = _colors(entries, limit) if fill else np.full((*entries.shape, 3), 0.95)
    _image(axis, colors, top, left)
    _lines(axis, _grid(top, left, *entries.shape))
    if text:
        _labels(axis, entries, top, left, cell, colors, zero="" if fill else "0")


def _image(axis, colors, top, left):
    rows, columns = colors.shape[:2]
    axis.imshow(colors, extent=(left - 0.5, left + columns - 0.5, top + rows - 0.5, top - 0.5))


def _grid(top, left, rows, columns):
    """The lines around and between cells."""
    bottom, right = top + rows - 0.5, left + columns - 0.5
    upright = [((left + x - 0.5, top - 0.5), (left + x - 0.5, bottom)) for x in range(columns + 1)]
    return upright + [((left - 0.5, top + y - 0.5), (right, top + y - 0.5)) for y in range(rows + 1)]


def _lines(axis, segments):
    axis.add_collection(LineCollection(segments, colors="0.8", linewidths=0.6))


def _labels(axis, entries, top, left, cell, colors, zero=""):
    light = colors @ (0.3, 0.6, 0.1) < 0.45
    for (y, x), entry in np.ndenumerate(entries):
        if label := _label(entry, zero):
            _write(axis, top + y, left + x, label, min(10, cell * 72 / max(2.2, 0.75 * len(label))), light[y, x])


def _write(axis, y, x, label, size, light=False):
    color = "white" if light else "black"
    axis.text(x, y, label, ha="center", va="center", fontsize=size, color=color)


def _frame(axis, x, y):
    axis.set(xlim=x, ylim=y, aspect="equal")
    axis.set_anchor("NW")
