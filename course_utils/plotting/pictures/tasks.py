"""What is asked of a picture: a class for every pixel, boxes, instance masks; and how annotations describe it."""

from itertools import cycle

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from course_utils.labels import LabelTable
from course_utils.plotting.pictures.segmentation import overlay
from course_utils.plotting.style import COLORS, new_figure

# Mid-tones of the palette: as colours over a photograph they differ in hue and in lightness.
_OBJECT_COLORS = [COLORS[name] for name in ("orange", "sky", "green", "yellow", "blue", "purple", "red")]


def label_numbers(image, label_ids, table: LabelTable, window: tuple[int, int, int, int]):
    """A picture, a small window of it, and the numbers that its label map holds there.

    Args:
        image: float [height, width, 3] in 0..1 or uint8.
        label_ids: integers [height, width].
        table: gives the ids their colours.
        window: top, left, height and width in pixels; about 10 x 16 can be read.

    Returns:
        the figure.
    """
    top, left, height, width = window
    part = np.s_[top : top + height, left : left + width]
    ids = np.asarray(label_ids)[part]
    ratios = [image.shape[1] / image.shape[0], width / height, width / height]
    figure, axes = new_figure(1, 3, (10, 9.6 / sum(ratios) + 0.35), width_ratios=ratios)
    axes[0].imshow(image)
    axes[0].add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor="white", linewidth=3))
    axes[0].add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor="black", linewidth=1.2))
    axes[1].imshow(image[part])
    colors = table.to_colors(table.to_train_ids(ids))
    axes[2].imshow(colors)
    for (row, column), value in np.ndenumerate(ids):
        ink = "black" if colors[row, column].mean() > 110 else "white"
        axes[2].text(column, row, value, ha="center", va="center", fontsize=7, color=ink)
    for axis, title in zip(axes, ("the picture", "the small window", "its label ids"), strict=True):
        axis.set_title(title)
        axis.axis("off")
    return figure


def class_shares(picture, shares, table: LabelTable):
    """A coloured picture beside bars that are its legend: one a class, in the colour of the class.

    Args:
        picture: float [height, width, 3] in 0..1 or uint8.
        shares: of each class, [num_classes] in 0..1; classes with 0 are left out.
        table: names and colours.

    Returns:
        the figure.
    """
    shares = 100 * np.asarray(shares, float)
    order = [i for i in np.argsort(-shares) if shares[i] > 0]
    figure, (left, right) = new_figure(1, 2, (10, 3.6), width_ratios=[1.9, 1])
    left.imshow(picture)
    left.axis("off")
    bars = right.barh(range(len(order)), shares[order], color=table.colors[order] / 255, edgecolor="0.3", linewidth=0.5)
    texts = [f"{value:.1f}" if value >= 0.05 else f"{value:.2f}" for value in shares[order]]
    right.bar_label(bars, texts, padding=2, fontsize=8)
    right.set_yticks(range(len(order)), [table.names[i] for i in order], fontsize=8)
    right.invert_yaxis()
    right.set(xlabel="share of the labelled pixels (%)", xlim=(0, 1.15 * shares.max()))
    return figure


def object_colors(instance_ids, ids) -> np.ndarray:
    """A colour for each object, [objects, 3] in 0..1; the same for one object in every figure.

    Args:
        instance_ids: integers [height, width].
        ids: of the objects, as in the map. Objects are coloured from left to right, so that neighbours differ.
    """
    centres = [np.nonzero(np.asarray(instance_ids) == i)[1].mean() for i in ids]
    colors = np.zeros((len(centres), 3))
    for place, color in zip(np.argsort(centres), cycle(_OBJECT_COLORS), strict=False):
        colors[place] = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return colors


def three_problems(image, label, instance_ids, ids, boxes, table: LabelTable):
    """One scene as three problems: a class for every pixel, a box for every object, a mask for every object.

    After figure 1 of Lin et al., Microsoft COCO (2014), which sets the same tasks side by side; drawn anew.

    Args:
        image: float [height, width, 3] in 0..1.
        label: train ids [height, width].
        instance_ids: integers [height, width].
        ids: of the objects to show, as in `instance_ids`.
        boxes: x, y, width, height in pixels of each, [objects, 4].
        table: gives classes their colours.

    Returns:
        the figure.
    """
    height, width = label.shape
    figure, axes = new_figure(2, 2, (10, 10 * height / width + 0.6))
    (photo, semantic), (detection, instance) = axes
    grey = np.repeat(0.25 + 0.6 * np.asarray(image).mean(axis=-1, keepdims=True), 3, axis=-1)
    colors = object_colors(instance_ids, ids)
    photo.imshow(image)
    semantic.imshow(overlay(image, label, table, 0.85))
    detection.imshow(image)
    for (x, y, w, h), color in zip(boxes, colors, strict=True):
        for ink, line in (("black", 2.6), (color, 1.4)):
            detection.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=ink, linewidth=line))
    for i, color in zip(ids, colors, strict=True):
        grey[np.asarray(instance_ids) == i] = color
    instance.imshow(grey)
    titles = ("photograph", "semantic: a class for every pixel", "detection: a box for every object")
    for axis, title in zip(axes.flat, (*titles, "instance: a mask for every object"), strict=True):
        axis.set_title(title)
        axis.axis("off")
    return figure


def outlines(image, polygons: dict, window: tuple[int, int, int, int]):
    """One object's outline drawn with fewer and fewer corners.

    Args:
        image: float [height, width, 3] in 0..1 or uint8.
        polygons: title to a list of polygons, each x, y, x, y, ... in pixels from the left upper corner.
        window: top, left, height and width of what is shown, in pixels.

    Returns:
        the figure.
    """
    top, left, height, width = window
    figure, axes = new_figure(1, len(polygons), (10, 10 / len(polygons) * height / width + 0.45), squeeze=False)
    for axis, (title, parts) in zip(axes[0], polygons.items(), strict=True):
        axis.imshow(image)
        for part in parts:
            # Pixel centres are whole numbers in the figure, and halves in the file.
            corners = np.reshape(part, (-1, 2)) - 0.5
            axis.add_patch(Polygon(corners, fill=False, edgecolor="black", linewidth=3))
            axis.add_patch(Polygon(corners, fill=False, edgecolor=COLORS["yellow"], linewidth=1.4))
            axis.plot(*corners.T, ".", color=COLORS["yellow"], markeredgecolor="black", markersize=7)
        axis.set(xlim=(left - 0.5, left + width - 0.5), ylim=(top + height - 0.5, top - 0.5), title=title)
        axis.axis("off")
    return figure
