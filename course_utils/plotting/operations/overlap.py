"""How many values reach each output pixel of a transposed convolution, and the checkerboard this causes."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator

from course_utils.plotting.style import COLORS, new_figure


def kernel_windows(kernel_sizes=(3, 4), stride: int = 2, cells: int = 8):
    """A grid with a value in every `stride`-th cell, and one window per panel: rows are kernel sizes, columns phases.

    Args:
        kernel_sizes: sides of the windows in cells.
        stride: distance between values in cells.
        cells: side of the grid in cells.

    Returns:
        the figure.
    """
    phases = list(np.ndindex(stride, stride))
    figure, axes = new_figure(len(kernel_sizes), len(phases), (9, 2.45 * len(kernel_sizes)), squeeze=False)
    grid = np.zeros((cells, cells))
    grid[::stride, ::stride] = 1
    for size, row in zip(kernel_sizes, axes, strict=True):
        for (top, left), axis in zip(phases, row, strict=True):
            # One stride in, so that the window lies well inside the grid.
            window = np.s_[top + stride : top + stride + size, left + stride : left + stride + size]
            shades = grid.copy()
            shades[window] += 2
            colors = np.array([(1, 1, 1), (0.62, 0.79, 0.88), (0.99, 0.9, 0.72), (0.84, 0.37, 0)])
            axis.imshow(colors[shades.astype(int)])
            place = left + stride - 0.5, top + stride - 0.5
            axis.add_patch(Rectangle(place, size, size, fill=False, linewidth=2.5, zorder=3))
            count = int(grid[window].sum())
            axis.set_title(f"{size} x {size} covers {count} value{'s' if count > 1 else ''}")
            axis.set_xticks(np.arange(cells + 1) - 0.5, [])
            axis.set_yticks(np.arange(cells + 1) - 0.5, [])
            axis.grid(color="0.75", linewidth=0.6)
            axis.tick_params(length=0)
            axis.spines[:].set_visible(False)
    return figure


def overlap_panel(counts, title: str, what: str = "taps"):
    """The overlap map, with the counts along one axis as bars above it; fast enough for a control.

    Args:
        counts: counts along one axis [positions]; the map is their outer product.
        title: title of the figure.
        what: what is counted.

    Returns:
        the figure.
    """
    counts = np.asarray(counts)
    positions = len(counts)
    places = {"left": 0.12, "right": 0.82, "top": 0.94, "bottom": 0.07, "hspace": 0.06, "height_ratios": [1, 3.6]}
    figure, (bars, field) = new_figure(2, 1, (5.6, 6.6), sharex=True, gridspec_kw=places)
    figure.set_layout_engine(None)
    bars.stairs(counts, np.arange(positions + 1) - 0.5, fill=True, color=COLORS["sky"])
    ticks = range(0, counts.max() + 1, -(-counts.max() // 4))
    bars.set(ylabel=what, ylim=(0, counts.max() + 0.5), yticks=ticks, title=title)
    field.imshow(np.multiply.outer(counts, counts), cmap="viridis", vmin=0, vmax=counts.max() ** 2)
    field.set(aspect="auto", xlabel="output column", ylabel="output row", xlim=(-0.5, positions - 0.5))
    for axis in (field.xaxis, field.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    # The colour scale is drawn by hand: figure.colorbar is slow.
    most = int(counts.max()) ** 2
    scale = figure.add_axes([0.845, 0.07, 0.03, 0.665], xticks=[])
    shades = np.linspace(0, most, min(most + 1, 256))[:, None]
    scale.imshow(shades, cmap="viridis", aspect="auto", origin="lower", extent=(0, 1, -0.5, most + 0.5))
    scale.set_ylabel(f"{what} that reach the pixel", labelpad=2)
    scale.yaxis.set(major_locator=MaxNLocator(8, integer=True), major_formatter=EngFormatter(sep=""))
    scale.yaxis.tick_right()
    scale.yaxis.set_label_position("right")
    return figure


def overlap_maps(maps: dict, columns: int = 5):
    """Small overlap maps side by side, all on one scale of colours.

    Args:
        maps: title to counts [height, width].
        columns: maps per row.

    Returns:
        the figure.
    """
    rows = -(-len(maps) // columns)
    figure, axes = new_figure(rows, columns, (10, 2.5 * rows), squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.axis("off")
    most = int(max(np.max(counts) for counts in maps.values()))
    for axis, (title, counts) in zip(axes.flat, maps.items(), strict=False):
        image = axis.imshow(counts, cmap="viridis", vmin=0, vmax=most)
        axis.set_title(title, fontsize=9)
        axis.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=axes, label="taps that reach the pixel", shrink=0.8, pad=0.01)
    return figure


def pair_tables(tables: dict, kernel_sizes, strides, label: str):
    """Heat maps over kernel size and stride; pairs that follow the rule (the stride divides the size) are framed.

    Args:
        tables: title to numbers in 0..1, [kernel sizes, strides].
        kernel_sizes, strides: what the rows and the columns stand for.
        label: what the numbers are.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(tables), (3.1 * len(tables) + 0.9, 4.4), squeeze=False, sharey=True)
    for axis, (title, values) in zip(axes[0], tables.items(), strict=True):
        image = axis.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(np.asarray(values)):
            color = "white" if value < 0.55 else "black"
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=color, fontsize=9)
            if kernel_sizes[row] % strides[column] == 0:
                place = column - 0.46, row - 0.44
                axis.add_patch(Rectangle(place, 0.92, 0.88, fill=False, edgecolor=COLORS["orange"], linewidth=2))
        axis.set_xticks(range(len(strides)), strides)
        axis.set_yticks(range(len(kernel_sizes)), kernel_sizes)
        axis.set(xlabel="stride", title=title)
    axes[0, 0].set_ylabel("kernel size")
    figure.colorbar(image, ax=axes[0], label=label, shrink=0.9)
    return figure


def map_and_spectrum(values, stride: int, title: str):
    """A map beside the energy of its spectrum, with rings at the zero frequency and at the stride frequencies.

    Frequencies run from -1/2 to 1/2 cycles per pixel, the zero frequency in the middle.

    Args:
        values: [height, width], both multiples of the stride.
        stride: the period in pixels.
        title: title of the map.

    Returns:
        the figure.
    """
    height, width = np.shape(values)
    energy = np.fft.fftshift(np.abs(np.fft.fft2(values)) ** 2 / np.size(values) ** 2)
    down, across = (np.fft.fftshift(np.fft.fftfreq(length)) for length in (height, width))
    figure, (left, right) = new_figure(1, 2, (9, 3.7))
    figure.colorbar(left.imshow(values, cmap="viridis"), ax=left, shrink=0.85)
    left.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    extent = (across[0] - 0.5 / width, across[-1] + 0.5 / width, down[-1] + 0.5 / height, down[0] - 0.5 / height)
    image = right.imshow(np.log10(energy + 1e-12), cmap="cividis", vmin=-8, extent=extent)
    figure.colorbar(image, ax=right, label="energy (powers of ten)", shrink=0.85)
    for row, column in np.ndindex(stride, stride):
        color = COLORS["orange"] if row or column else "white"
        place = [(n / stride + 0.5) % 1 - 0.5 for n in (column, row)]
        right.plot(*place, "o", mfc="none", mec=color, mew=1.8, ms=13, clip_on=False)
    right.set(title="its spectrum", xlabel="cycles per pixel, across", ylabel="cycles per pixel, down")
    right.set(xticks=[-0.5, -0.25, 0, 0.25, 0.5], yticks=[-0.5, -0.25, 0, 0.25, 0.5])
    return figure


def phase_tables(tables: dict, stride: int, label: str):
    """A signed number per output phase, as small tables on one scale.

    Args:
        tables: title to numbers [stride, stride].
        stride: rows and columns of each table.
        label: what the numbers are.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(tables), (2.25 * len(tables) + 1, 2.7), squeeze=False)
    limit = max(np.abs(values).max() for values in tables.values())
    for axis, (title, values) in zip(axes[0], tables.items(), strict=True):
        image = axis.imshow(values, cmap="PuOr", vmin=-limit, vmax=limit)
        for (row, column), value in np.ndenumerate(np.asarray(values)):
            color = "white" if abs(value) > 0.65 * limit else "black"
            text = f"{value:+.2f}" if abs(value) > 5e-3 else "0"
            axis.text(column, row, text, ha="center", va="center", color=color)
        axis.set(xticks=range(stride), yticks=range(stride))
        axis.set_title(title, fontsize=9)
        axis.set(xlabel="column phase", ylabel="row phase")
    figure.colorbar(image, ax=axes[0], label=label, shrink=0.85)
    return figure


def gray_images(rows, titles, limits=None):
    """Rows of grey pictures.

    Args:
        rows: a list of lists of [height, width] arrays, or a dictionary from row name to such a list.
        titles: one per column.
        limits: darkest and lightest value; None for each picture's own.

    Returns:
        the figure.
    """
    names, rows = (list(rows), list(rows.values())) if isinstance(rows, dict) else (None, rows)
    height, across = np.shape(rows[0][0])
    row_height = 10 / len(titles) * height / across + 0.1
    figure, axes = new_figure(len(rows), len(titles), (10, len(rows) * row_height + 0.3), squeeze=False)
    low, high = limits or (None, None)
    for number, (row, places) in enumerate(zip(rows, axes, strict=True)):
        for picture, axis in zip(row, places, strict=True):
            axis.imshow(picture, cmap="gray", vmin=low, vmax=high)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set(visible=True, color="0.6", linewidth=0.5)  # a white picture has an outline, too
        if names:
            places[0].set_ylabel(names[number])
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=9)
    return figure


def energy_curves(steps, curves: dict):
    """Checkerboard energy during training: the median over seeds, with their range shaded.

    The axis is logarithmic, with a strip of its own below for energies of 0, which a logarithm does not have.

    Args:
        steps: training steps [points].
        curves: competitor to energies [seeds, points].

    Returns:
        the figure.
    """
    colors = [color for name, color in COLORS.items() if name != "yellow"]
    figure, (axis, strip) = new_figure(2, 1, (8.5, 4), sharex=True, height_ratios=[8, 1])
    for number, (name, values) in enumerate(curves.items()):
        values = np.asarray(values, float)
        # Below this, energy is rounding error of float32.
        median, positive = np.median(values, axis=0), np.where(values > 1e-12, values, np.nan)
        look = {"marker": "osD^v"[number % 5], "markersize": 5, "color": colors[number % len(colors)]}
        axis.plot(steps, np.where(median > 1e-12, median, np.nan), label=name, **look)
        strip.plot(steps, np.where(median > 1e-12, np.nan, 0.0), **look)
        axis.fill_between(steps, positive.min(0), positive.max(0), alpha=0.15, color=look["color"], linewidth=0)
    axis.set(ylabel="checkerboard energy, flat input", yscale="log")
    axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    strip.set(xlabel="training steps", yticks=[0], yticklabels=["exactly 0"], ylim=(-1, 1))
    return figure
