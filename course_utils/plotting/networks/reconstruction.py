"""Patches of a label map as sums of bases, and a Laplacian pyramid of class scores from coarse to fine."""

import numpy as np
from matplotlib.colors import to_rgb

from course_utils.plotting.style import COLORS, new_figure


def _picture(axis, values, **options):
    axis.imshow(values, aspect="equal", **options)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(True)


def basis_gallery(rows: dict):
    """The bases of several classes, one row per class; orange below zero, purple above, white at zero.

    Each row has its own scale, up to its largest value.

    Args:
        rows: class name to bases [rows, columns, bases].

    Returns:
        the figure.
    """
    count = max(np.shape(bases)[-1] for bases in rows.values())
    figure, axes = new_figure(len(rows), count, (10, 1.06 * len(rows) + 0.3), squeeze=False)
    for (name, bases), places in zip(rows.items(), axes, strict=True):
        limit = np.abs(bases).max()
        for number, axis in enumerate(places):
            _picture(axis, bases[..., number], cmap="PuOr", vmin=-limit, vmax=limit)
        places[0].set_ylabel(name)
    for number, axis in enumerate(axes[0], 1):
        axis.set_title(str(number))
    bar = figure.colorbar(axes[0, 0].images[0], ax=axes, fraction=0.02, pad=0.01)
    bar.set_ticks([*axes[0, 0].images[0].get_clim(), 0], labels=["minus", "plus", "0"])
    return figure


def patch_reconstructions(rows: dict):
    """Patches, and their reconstructions cut at one half: white for the class, black for others, orange where wrong.

    Args:
        rows: row name to a dictionary of title to patch [rows, columns] of values around 0 (another class) and 1 (the
            class), the true patch first; a row with the same titles as the row above does not repeat them.

    Returns:
        the figure. Below each reconstruction is its share of wrong pixels.
    """
    columns, above = max(len(patches) for patches in rows.values()), []
    figure, axes = new_figure(len(rows), columns, (10, (10 / columns + 0.2) * len(rows) + 0.3), squeeze=False)
    for (name, patches), places in zip(rows.items(), axes, strict=True):
        truth = np.asarray(next(iter(patches.values()))) > 0.5
        for number, (axis, (title, patch)) in enumerate(zip(places, patches.items(), strict=False)):
            found = np.asarray(patch) > 0.5
            picture = np.repeat(found[..., None].astype(float), 3, axis=-1)
            picture[found != truth] = to_rgb(COLORS["orange"])
            _picture(axis, picture)
            axis.set_title(title if list(patches) != above else "", fontsize=9)
            if number:
                axis.set_xlabel(f"{np.mean(found != truth):.0%} wrong", fontsize=9)
        for axis in places[len(patches) :]:
            axis.axis("off")
        places[0].set_ylabel(name, fontsize=9)
        above = list(patches)
    return figure


def reconstruction_errors(curves: dict):
    """How far reconstructions are from the patches, over how many numbers describe a patch.

    Args:
        curves: method name to (numbers per patch [points], pixels on the wrong side in per cent [points]).

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(7.5, 3.2))
    for number, (name, (counts, values)) in enumerate(curves.items()):
        axis.plot(counts, values, marker="os^D"[number % 4], linestyle=["-", "--", ":", "-."][number % 4], label=name)
    axis.set(xlabel="numbers stored for a patch", ylabel="pixels on the wrong side (%)")
    axis.set_ylim(bottom=0)
    axis.grid(color="0.9")
    axis.legend()
    return figure


def reconstruction_panel(patch, bases, coefficients, mean=0.0, title: str = "patch"):
    """A patch, the sum that approximates it, and the sum's coefficients; fast enough for a control.

    Args:
        patch: [rows, columns], 1 where the class is and 0 elsewhere.
        bases: the patches to sum, [rows, columns, bases].
        coefficients: the factor of each basis, [bases].
        mean: added to the sum, a number or [rows, columns].
        title: title of the patch.

    Returns:
        the figure.
    """
    total = mean + bases @ np.asarray(coefficients)
    figure, axes = new_figure(1, 5, (9.5, 2.7), gridspec_kw={"width_ratios": [1, 1, 1, 0.18, 1.4]})
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.88, bottom=0.18, wspace=0.1)
    titles = (title, "mean + sum of bases", "above 1/2")
    for axis, name, values in zip(axes, titles, (patch, total, np.greater(total, 0.5)), strict=False):
        _picture(axis, values, cmap="gray", vmin=0, vmax=1)
        axis.set_title(name)
    axes[3].remove()
    wrong = np.mean((np.asarray(patch) > 0.5) != (total > 0.5))
    axes[2].set_xlabel(f"{wrong:.0%} of the pixels wrong")
    axes[4].bar(np.arange(1, len(coefficients) + 1), coefficients, color=COLORS["blue"])
    axes[4].axhline(0, color="0.3", linewidth=0.8)
    axes[4].set(title="coefficients", xlabel="basis", xticks=np.arange(1, len(coefficients) + 1))
    return figure


def laplacian_levels(levels: dict, columns: tuple[str, ...], legend=()):
    """One row per level: what came from the coarser level, where it may be corrected, the correction, and the result.

    Args:
        levels: level name to as many pictures as there are columns: colours [rows, columns, 3], or a map
            [rows, columns] of values from 0 to 1.
        columns: column titles.
        legend: handles that explain the colours, as from `legend_patches`.

    Returns:
        the figure.
    """
    rows, across = np.shape(next(iter(levels.values()))[0])[:2]
    width = 9.4 / len(columns)
    size = (10, (width * rows / across + 0.06) * len(levels) + 0.3 + 0.3 * bool(legend))
    figure, axes = new_figure(len(levels), len(columns), size, squeeze=False)
    for (name, pictures), places in zip(levels.items(), axes, strict=True):
        for axis, picture in zip(places, pictures, strict=True):
            _picture(axis, picture, cmap="viridis", vmin=0, vmax=1)
            axis.set_aspect("auto")
        places[0].set_ylabel(name)
    for axis, title in zip(axes[0], columns, strict=True):
        axis.set_title(title)
    maps = [axis.images[0] for axis in axes.flat if axis.images[0].get_array().ndim == 2]
    if maps:
        figure.colorbar(maps[0], ax=axes, fraction=0.02, pad=0.01, ticks=[0, 0.5, 1])
    if legend:
        figure.legend(handles=legend, loc="outside lower center", ncols=8, fontsize=8, handlelength=1.2)
    return figure
