"""Patches of a label map as sums of bases, and a Laplacian pyramid of class scores from coarse to fine."""

import numpy as np

from course_utils.plotting.style import COLORS, new_figure


def _picture(axis, values, **options):
    axis.imshow(values, aspect="equal", **options)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(True)


def basis_gallery(rows: dict):
    """The bases of several classes, one class a row; orange below zero, purple above, white at zero.

    Args:
        rows: name of a class to its bases [rows, columns, bases].

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
    return figure


def patch_reconstructions(rows: dict):
    """Patches and their reconstructions, all on one grey scale from 0 (another class) to 1 (the class).

    Args:
        rows: name of a row to a dictionary of titles and patches [rows, columns]; each row has titles of its own.

    Returns:
        the figure.
    """
    columns = max(len(patches) for patches in rows.values())
    figure, axes = new_figure(len(rows), columns, (1.6 * columns, 1.75 * len(rows)), squeeze=False)
    for (name, patches), places in zip(rows.items(), axes, strict=True):
        for axis, (title, patch) in zip(places, patches.items(), strict=False):
            _picture(axis, patch, cmap="gray", vmin=0, vmax=1)
            axis.set_title(title, fontsize=9)
        for axis in places[len(patches) :]:
            axis.axis("off")
        places[0].set_ylabel(name, fontsize=9)
    return figure


def reconstruction_errors(curves: dict):
    """How far reconstructions are from the patches, against how many numbers describe a patch.

    Args:
        curves: name of a method to (numbers for each patch [points], pixels on the wrong side in per cent [points]).

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


def reconstruction_panel(patch, bases, coefficients, mean=0.0):
    """A patch, the sum that stands for it, and its parts; drawn fast, for a control panel.

    Args:
        patch: [rows, columns], 1 where the class is and 0 elsewhere.
        bases: the patches that are summed, [rows, columns, bases].
        coefficients: the factor of each, [bases].
        mean: what is added to the sum, a number or [rows, columns].

    Returns:
        the figure.
    """
    total = mean + bases @ np.asarray(coefficients)
    figure, axes = new_figure(1, 4, (9.5, 2.7), gridspec_kw={"width_ratios": [1, 1, 1, 1.5]})
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.02, right=0.98, top=0.88, bottom=0.18, wspace=0.12)
    for axis, title, values in zip(
        axes, ("patch", "sum", "sum > 1/2"), (patch, total, np.greater(total, 0.5)), strict=False
    ):
        _picture(axis, values, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title)
    wrong = np.mean((np.asarray(patch) > 0.5) != (total > 0.5))
    axes[2].set_xlabel(f"{wrong:.0%} of the pixels wrong")
    axes[3].bar(np.arange(1, len(coefficients) + 1), coefficients, color=COLORS["blue"])
    axes[3].axhline(0, color="0.3", linewidth=0.8)
    axes[3].set(title="coefficients", xlabel="basis", xticks=np.arange(1, len(coefficients) + 1))
    return figure


def laplacian_levels(levels: dict, columns: tuple[str, ...]):
    """A level a row: what came from the coarser level, where it may be corrected, the correction, and the result.

    Args:
        levels: name of a level to as many pictures as there are columns: colours [rows, columns, 3], a map
            [rows, columns] of values from 0 to 1, or None for an empty place.
        columns: titles.

    Returns:
        the figure.
    """
    first = next(picture for row in levels.values() for picture in row if picture is not None)
    width, height = 10 / len(columns), 10 / len(columns) * np.shape(first)[0] / np.shape(first)[1]
    figure, axes = new_figure(
        len(levels), len(columns), (width * len(columns), (height + 0.06) * len(levels) + 0.3), squeeze=False
    )
    for (name, pictures), places in zip(levels.items(), axes, strict=True):
        for axis, picture in zip(places, pictures, strict=True):
            if picture is None:
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
            else:
                _picture(axis, picture, cmap="viridis", vmin=0, vmax=1)
                axis.set_aspect("auto")
        places[0].set_ylabel(name)
    for axis, title in zip(axes[0], columns, strict=True):
        axis.set_title(title)
    return figure
