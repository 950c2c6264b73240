"""Where convolutions look: the taps of atrous kernels, and which pixels contribute how much."""

import numpy as np
from matplotlib.patches import Rectangle

from course_utils.plotting.style import COLORS, new_figure


def atrous_taps(rates, kernel_size: int = 3, cells: int = 13):
    """The taps of a kernel on a grid, one panel per rate, with the window that they span.

    Args:
        rates: distances between neighbouring taps in cells.
        kernel_size: taps per direction, odd.
        cells: side of the grid in cells.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(rates), (2.4 * len(rates), 2.7), squeeze=False)
    for rate, axis in zip(rates, axes[0], strict=True):
        grid = np.zeros((cells, cells))
        reach = rate * (kernel_size - 1)
        first = (cells - reach - 1) // 2
        taps = first + rate * np.arange(kernel_size)
        grid[np.ix_(taps, taps)] = 1
        grid[taps[kernel_size // 2], taps[kernel_size // 2]] = 2
        colors = np.array([(1, 1, 1), (0.34, 0.71, 0.91), (0, 0.45, 0.7)])
        axis.imshow(colors[grid.astype(int)])
        window = Rectangle((first - 0.5, first - 0.5), reach + 1, reach + 1, fill=False, linewidth=2)
        axis.add_patch(window)
        axis.set_xticks(np.arange(cells + 1) - 0.5, [])
        axis.set_yticks(np.arange(cells + 1) - 0.5, [])
        axis.grid(color="0.8", linewidth=0.6)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        axis.set_title(f"rate {rate}: spans {reach + 1} x {reach + 1}")
    return figure


def contribution_maps(maps: dict, *, columns: int | None = None):
    """How much each input pixel contributes to one output; pixels that do not contribute are light grey.

    Args:
        maps: title to contributions [n, n], not negative; each is drawn on its own scale.
        columns: columns of the grid; None for a single row.

    Returns:
        the figure.
    """
    columns = columns or len(maps)
    rows = -(-len(maps) // columns)
    each = 10 / columns
    figure, axes = new_figure(rows, columns, (10, rows * (each + 0.1)), squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.axis("off")
    for axis, (title, values) in zip(axes.flat, maps.items(), strict=False):
        values = np.asarray(values, float)
        axis.set_facecolor("0.88")
        # In deep stacks contributions span orders of magnitude.
        shades = np.ma.masked_equal(np.sqrt(values / values.max()), 0)
        axis.imshow(shades, cmap="viridis", vmin=0, vmax=1)
        axis.set_title(title, fontsize=9)
        axis.set(xlabel="column (pixels)", ylabel="row (pixels)")
    return figure


def contribution_panel(values, title: str):
    """One map of contributions; fast enough for a control.

    Args:
        values: contributions [n, n], not negative.
        title: title of the figure.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(5.4, 5.2))
    figure.set_layout_engine(None)
    axis.set_position([0.1, 0.09, 0.84, 0.82])
    axis.set_facecolor("0.88")
    shades = np.ma.masked_equal(np.sqrt(values / np.max(values)), 0)
    axis.imshow(shades, cmap="viridis", vmin=0, vmax=1)
    axis.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    return figure


def field_profiles(profiles: dict, theoretical: int):
    """The gradient along a line through the receptive field of one output, and the width given by the formula.

    Args:
        profiles: name to magnitudes [n], with the output in the middle; each is scaled to a maximum of 1.
        theoretical: width of the receptive field by the formula, in pixels.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(9, 3.1))
    for number, (name, values) in enumerate(profiles.items()):
        values = np.asarray(values, float)
        places = np.arange(len(values)) - len(values) // 2
        axis.plot(places, values / values.max(), linestyle=["-", "--", ":"][number % 3], label=name)
    half = theoretical / 2
    axis.axvspan(-half, half, color=COLORS["sky"], alpha=0.15, linewidth=0, label=f"formula: {theoretical} pixels")
    axis.set(xlabel="distance from the output's centre (pixels)", ylabel="gradient (largest = 1)")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1))
    return figure


def sampling_grid(image, place, stride: float, rates, title: str = "", reach: int | None = None):
    """The taps of atrous branches around one place of the feature map, drawn over the image.

    Taps beyond the image fall on the zeros of the padding: they are hollow, on grey.

    Args:
        image: float [H, W, 3] in 0..1.
        place: row and column on the feature map.
        stride: image pixels between neighbouring features.
        rates: rates of the branches, in features; 3 x 3 taps each.
        title: title of the figure.
        reach: the largest rate that the figure leaves room for; None for the largest of `rates`.

    Returns:
        the figure.
    """
    height, width = image.shape[:2]
    margin = stride * max(reach or 0, *rates) + stride
    across, down = width + 2 * margin, height + 2 * margin
    figure, axis = new_figure(size=(7.6, 7.6 * down / across + 0.6))
    figure.set_layout_engine(None)  # axes placed by hand draw faster
    top = 0.35 / (7.6 * down / across + 0.6)
    axis.set_position([0.01, 0.01, 0.98, 0.99 - top])
    axis.set_facecolor("0.88")
    axis.spines[:].set_visible(False)
    axis.imshow(image, extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    y, x = (stride * (index + 0.5) - 0.5 for index in place)  # the middle of the cell, as in resizing
    names = ["orange", "sky", "purple", "yellow"]
    for rate, color in zip(rates, names, strict=False):
        steps = stride * rate * np.array([-1, 0, 1])
        rows, columns = (grid.ravel() for grid in np.meshgrid(y + steps, x + steps, indexing="ij"))
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        look = {"color": COLORS[color], "markersize": 9, "linestyle": "", "markeredgecolor": "black"}
        label = f"rate {rate}: {inside.sum()} of 9 taps inside"
        axis.plot(columns[inside], rows[inside], "o", label=label, **look)
        axis.plot(columns[~inside], rows[~inside], "o", fillstyle="none", color=COLORS[color], markersize=9, mew=2)
    axis.plot([x], [y], "o", color=COLORS["red"], markersize=9, markeredgecolor="black")
    axis.set(xlim=(-margin, width + margin), ylim=(height + margin, -margin), xticks=[], yticks=[], title=title)
    axis.legend(loc="lower center", ncols=len(rates), fontsize=9, frameon=True)
    return figure
