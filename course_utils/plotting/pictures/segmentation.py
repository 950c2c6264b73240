"""Photographs, label maps and predictions side by side, with a legend that names the classes."""

import numpy as np
from matplotlib.patches import Patch

from course_utils.labels import VOID, LabelTable
from course_utils.plotting.style import new_figure


def legend_patches(table: LabelTable, present=None) -> list[Patch]:
    """One coloured patch a class, and one for void.

    Args:
        table: the classes.
        present: train ids to show, void included if `VOID` is in it; None for all.
    """
    wanted = {*range(table.num_classes), VOID} if present is None else set(np.unique(present).tolist())
    patches = [
        Patch(facecolor=table.colors[i] / 255, edgecolor="0.3", linewidth=0.5, label=name)
        for i, name in enumerate(table.names)
        if i in wanted
    ]
    if VOID in wanted:
        patches.append(Patch(facecolor="black", edgecolor="0.3", linewidth=0.5, label="void"))
    return patches


def panels(rows, titles, table: LabelTable, width: float = 10.0):
    """A grid of pictures: each row is a frame, each column a way to look at it.

    Args:
        rows: a list of lists; an entry is an image (float [H, W, 3] in 0..1 or uint8), a label map of train ids
            (integer [H, W]), or None for an empty place.
        titles: one for each column.
        table: gives label maps their colours.
        width: of the figure, in inches.

    Returns:
        the figure.
    """
    first = next(entry for row in rows for entry in row if entry is not None)
    height_of_row = width / len(titles) * first.shape[0] / first.shape[1]
    labels = [np.asarray(e) for row in rows for e in row if e is not None and np.ndim(e) == 2]
    patches = legend_patches(table, np.concatenate([np.unique(label) for label in labels]) if labels else [])
    lines = -(-len(patches) // 7)
    figure, axes = new_figure(
        len(rows), len(titles), (width, height_of_row * len(rows) + 0.3 + 0.22 * lines), squeeze=False
    )
    for row, places in zip(rows, axes, strict=True):
        for entry, axis in zip(row, places, strict=True):
            axis.axis("off")
            if entry is not None:
                axis.imshow(table.to_colors(entry) if np.ndim(entry) == 2 else entry, aspect="auto")
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    if patches:
        figure.legend(handles=patches, loc="outside lower center", ncols=7, fontsize=8, handlelength=1.2)
    return figure


def overlay(image, label, table: LabelTable, opacity: float = 0.5) -> np.ndarray:
    """An image seen through the colours of a label map; void stays clear.

    Args:
        image: float [H, W, 3] in 0..1.
        label: train ids [H, W].
        opacity: of the colours, 0 to 1.

    Returns:
        float [H, W, 3] in 0..1.
    """
    alpha = np.where(np.asarray(label) == VOID, 0.0, opacity)[..., None]
    return (1 - alpha) * np.asarray(image) + alpha * table.to_colors(label) / 255


def errors(truth, prediction) -> np.ndarray:
    """Where a prediction is wrong: light grey where right, orange where wrong, black where void.

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
