"""Photographs, label maps and predictions side by side, with a legend that names the classes."""

import numpy as np
from matplotlib.patches import Patch

from course_utils.labels import VOID, LabelTable
from course_utils.plotting.style import new_figure


def legend_patches(labels: LabelTable, present=None) -> list[Patch]:
    """One coloured patch per class, and one for void.

    Args:
        labels: the classes.
        present: train ids to show, and `VOID` for void; None for all.
    """
    wanted = {*range(labels.num_classes), VOID} if present is None else set(np.unique(present).tolist())
    patches = [
        Patch(facecolor=labels.colors[i] / 255, edgecolor="0.3", linewidth=0.5, label=name)
        for i, name in enumerate(labels.names)
        if i in wanted
    ]
    if VOID in wanted:
        patches.append(Patch(facecolor="black", edgecolor="0.3", linewidth=0.5, label="void"))
    return patches


def panels(rows, titles, labels: LabelTable, width: float = 10.0, row_titles=(), present=()):
    """A grid of pictures: each row is a frame, each column a view of it.

    Args:
        rows: a list of lists; an entry is an image ([H, W, 3], float in 0..1 or uint8), a label map of train ids
            (integer [H, W]), or None for an empty place.
        titles: one per column.
        labels: class names and colours.
        width: figure width in inches.
        row_titles: one per row, at its left; none if empty.
        present: train ids that the legend names besides those of the label maps, such as those of overlays.

    Returns:
        the figure.
    """
    first = next(entry for row in rows for entry in row if entry is not None)
    height_of_row = width / len(titles) * first.shape[0] / first.shape[1]
    maps = [np.asarray(entry) for row in rows for entry in row if entry is not None and np.ndim(entry) == 2]
    patches = legend_patches(labels, np.concatenate([np.array(present, int), *map(np.unique, maps)]))
    lines = -(-len(patches) // 7)
    figure, axes = new_figure(
        len(rows), len(titles), (width, height_of_row * len(rows) + 0.3 + 0.22 * lines), squeeze=False
    )
    for row, places in zip(rows, axes, strict=True):
        for entry, axis in zip(row, places, strict=True):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if entry is not None:
                axis.imshow(labels.to_colors(entry) if np.ndim(entry) == 2 else entry, aspect="auto")
    for title, places in zip(row_titles, axes, strict=bool(row_titles)):
        places[0].set_ylabel(title)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    if patches:
        _draw_legend(figure, patches)
    return figure


def _draw_legend(figure, patches) -> None:
    figure.legend(handles=patches, loc="outside lower center", ncols=7, fontsize=8, handlelength=1.2)


def category_maps(pictures: dict, labels: LabelTable, columns: int):
    """Images and maps of categories in a grid, with a legend that names the categories.

    Args:
        pictures: title to an image [H, W, 3], or to a map of numbers of categories [H, W], in the order of
            `labels.categories`; other numbers are void.
        labels: their categories; each is drawn in the colour of its first class.
        columns: pictures per row.

    Returns:
        the figure.
    """
    colors = np.zeros((256, 3), np.uint8)
    for number, members in enumerate(labels.categories.values()):
        colors[number] = labels.colors[members[0]]
    rows = -(-len(pictures) // columns)
    first = next(iter(pictures.values()))
    each = 10 / columns * np.shape(first)[0] / np.shape(first)[1] + 0.3
    figure, axes = new_figure(rows, columns, (10, rows * each + 0.4), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, picture) in zip(axes.flat, pictures.items(), strict=False):
        axis.imshow(colors[picture] if np.ndim(picture) == 2 else picture)
        axis.set_title(title)
    named = [
        Patch(facecolor=colors[number] / 255, edgecolor="0.3", linewidth=0.5, label=name)
        for number, name in enumerate(labels.categories)
    ]
    named.append(Patch(facecolor="black", edgecolor="0.3", linewidth=0.5, label="void"))
    figure.legend(handles=named, loc="outside lower center", ncols=len(named), fontsize=8, handlelength=1.2)
    return figure


def pixel_for_pixel(pictures: dict, width: float = 10.0, legend=()):
    """Pictures side by side in one measure: a picture with more pixels is drawn larger.

    Args:
        pictures: title to [height, width, 3], float in 0..1 or uint8.
        width: figure width in inches.
        legend: patches that name the colours (`legend_patches`); those of all frames of an animation, so that its
            figures are of one size.

    Returns:
        the figure.
    """
    widths = [np.shape(picture)[1] for picture in pictures.values()]
    highest = max(np.shape(picture)[0] for picture in pictures.values())
    height = width * highest / sum(widths) + 0.4 + 0.22 * -(-len(legend) // 7)
    figure, axes = new_figure(1, len(pictures), (width, height), width_ratios=widths, squeeze=False)
    for axis, (title, picture) in zip(axes[0], pictures.items(), strict=True):
        axis.imshow(picture)
        axis.set_title(title, loc="left")
        axis.set_anchor("N")
        axis.axis("off")
    if legend:
        _draw_legend(figure, legend)
    return figure


def overlay(image, train_ids, labels: LabelTable, opacity: float = 0.5) -> np.ndarray:
    """An image seen through the colours of a label map; void stays clear.

    Args:
        image: float [H, W, 3] in 0..1.
        train_ids: label map [H, W].
        labels: class colours.
        opacity: opacity of the colours, 0 to 1.

    Returns:
        float [H, W, 3] in 0..1.
    """
    alpha = np.where(np.asarray(train_ids) == VOID, 0.0, opacity)[..., None]
    return (1 - alpha) * np.asarray(image) + alpha * labels.to_colors(train_ids) / 255


def errors(truth, prediction) -> np.ndarray:
    """Where a prediction is wrong: light grey if right, orange if wrong, black for void.

    Args:
        truth, prediction: train ids [H, W].

    Returns:
        uint8 [H, W, 3].
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    picture = np.full((*truth.shape, 3), 225, np.uint8)
    picture[truth != prediction] = (213, 94, 0)
    picture[truth == VOID] = 0
    return picture
