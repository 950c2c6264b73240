"""Conditional random fields: which pixels are tied to which, what mean field lowers, and how classes go together."""

import numpy as np

from course_utils.plotting.style import COLORS, new_figure


def affinities(image, pixel: tuple[int, int], maps: dict, rows: int = 1):
    """A photograph with one pixel marked, and how strongly that pixel is tied to every other one.

    Each map has its own scale, from 0 to its largest value; the square roots are drawn, because most values are small.

    Args:
        image: [height, width, 3] in 0..1.
        pixel: row and column of the marked pixel.
        maps: title to affinities [height, width], not negative.
        rows: rows of the grid, filled from left to right; each begins with the photograph.

    Returns:
        the figure, made fast enough for a control panel.

    Raises:
        ValueError: the maps do not fill the rows.
    """
    if len(maps) % rows:
        raise ValueError(f"{len(maps)} maps do not fill {rows} rows: pass a multiple of {rows} maps.")
    columns, (height, width) = 1 + len(maps) // rows, np.shape(image)[:2]
    each = 9.2 / columns * height / width + 0.32
    figure, axes = new_figure(rows, columns, (10, each * rows + 0.05), squeeze=False)
    figure.set_layout_engine(None)
    figure.subplots_adjust(0.01, 0.03 / rows, 0.93, 1 - 0.3 / (each * rows), wspace=0.04, hspace=0.3 / (each - 0.3))
    for axis in axes[:, 0]:
        axis.imshow(image, aspect="auto")
        axis.set_title("image and pixel")
    for axis, (title, values) in zip(axes[:, 1:].flat, maps.items(), strict=True):
        values = np.asarray(values)
        axis.imshow(np.sqrt(values / max(values.max(), 1e-12)), cmap="viridis", vmin=0, vmax=1, aspect="auto")
        axis.set_title(title)
    bar = figure.colorbar(axes[0, 1].images[0], cax=figure.add_axes((0.945, 0.1, 0.012, 0.65)))
    bar.set_ticks(np.sqrt([0, 0.1, 0.5, 1]), labels=["0", "0.1", "0.5", "largest"], fontsize=7)
    for axis in axes.flat:
        axis.plot(pixel[1], pixel[0], "o", markersize=7, markerfacecolor="none", markeredgecolor="white", mew=3)
        axis.plot(pixel[1], pixel[0], "o", markersize=7, markerfacecolor="none", markeredgecolor=COLORS["red"], mew=1.5)
        axis.axis("off")
    return figure


def mean_field_errors(divergences, exact, approximations: dict):
    """The divergence of mean field from the true distribution per iteration, and both distributions' marginals.

    Args:
        divergences: KL(Q || P) in nats after 0, 1, 2, ... iterations.
        exact: marginals of one class by brute force [pixels].
        approximations: name to marginals of the same class by mean field [pixels].

    Returns:
        the figure.
    """
    figure, (left, right) = new_figure(1, 2, (9, 3.5), gridspec_kw={"width_ratios": [1.4, 1]})
    left.plot(np.arange(len(divergences)), divergences, "o-")
    left.set(xlabel="iterations of mean field", ylabel="KL(Q || P) (nats)")
    left.set_ylim(bottom=0)
    left.grid(color="0.9")
    right.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for number, (name, values) in enumerate(approximations.items()):
        right.plot(exact, values, "os^"[number % 3], markerfacecolor="none", label=name)
    right.set(xlabel="exact marginal", ylabel="Q", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    right.legend(fontsize=8)
    return figure


def class_pairs(shares: dict, names, *, rows: str, columns: str):
    """How classes go together: matrices of shares side by side on one scale, with the numbers in the cells.

    Args:
        shares: title to shares in 0..1 [classes, classes].
        names: class names.
        rows, columns: what a row and a column stand for.

    Returns:
        the figure.
    """
    count = len(names)
    side = max(2.2, 0.36 * count)
    figure, axes = new_figure(
        1, len(shares), ((side + 0.25) * len(shares) + 1.4, side + 1.5), squeeze=False, sharey=True
    )
    figure.set_layout_engine("compressed")  # made for square axes
    for axis, (title, matrix) in zip(axes[0], shares.items(), strict=True):
        axis.imshow(matrix, cmap="cividis", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(matrix):
            if count <= 12 and np.isfinite(share):
                color = "black" if share > 0.5 else "white"
                axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=color)
        axis.set_xticks(range(count), names, rotation=60, ha="right")
        axis.set_yticks(range(count), names)
        axis.set(title=title, xlabel=columns)
    axes[0, 0].set_ylabel(rows)
    return figure


def before_and_after(systems: dict, measures, labels: tuple[str, str] = ("before", "after")):
    """One row per system and one panel per measure: a line from the value before inference to the value after it.

    Args:
        systems: name to (values before [measures], values after [measures]), in per cent.
        measures: names of the measures.
        labels: names of the two states, for the legend.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(measures), (9, 0.5 * len(systems) + 1.1), sharey=True, squeeze=False)
    rows = np.arange(len(systems))
    for number, (axis, measure) in enumerate(zip(axes[0], measures, strict=True)):
        for row, (before, after) in zip(rows, systems.values(), strict=True):
            axis.plot([before[number], after[number]], [row, row], color="0.6", zorder=1)
            axis.plot(before[number], row, "o", color=COLORS["sky"], markersize=8, label=None if row else labels[0])
            axis.plot(after[number], row, "D", color=COLORS["red"], markersize=6, label=None if row else labels[1])
        axis.set(xlabel=f"{measure} (%)", ylim=(len(systems) - 0.4, -0.6))
        axis.margins(x=0.15)
        axis.grid(axis="x", color="0.9")
    axes[0, 0].set_yticks(rows, systems)
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    return figure
