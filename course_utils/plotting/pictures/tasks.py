"""The tasks: a class for every pixel, boxes, instance masks; and how annotations describe a picture."""

from itertools import cycle

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from course_utils.labels import LabelTable
from course_utils.plotting.pictures.segmentation import overlay
from course_utils.plotting.style import COLORS, new_figure

# Mid-tones of the palette: over a photograph they differ in hue and in lightness.
_OBJECT_COLORS = [COLORS[name] for name in ("orange", "sky", "green", "yellow", "blue", "purple", "red")]


def label_numbers(image, label_ids, labels: LabelTable, window: tuple[int, int, int, int]):
    """A picture, a small window of it, and the label ids in that window as numbers.

    Args:
        image: [height, width, 3], float in 0..1 or uint8.
        label_ids: integers [height, width].
        labels: class colours.
        window: top, left, height and width in pixels; about 10 x 16 is still readable.

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
    colors = labels.to_colors(labels.to_train_ids(ids))
    axes[2].imshow(colors)
    for (row, column), value in np.ndenumerate(ids):
        ink = "black" if colors[row, column].mean() > 110 else "white"
        axes[2].text(column, row, value, ha="center", va="center", fontsize=7, color=ink)
    for axis, title in zip(axes, ("the picture", "the small window", "its label ids"), strict=True):
        axis.set_title(title)
        axis.axis("off")
    return figure


def class_shares(picture, shares, labels: LabelTable):
    """A coloured picture beside bars that double as its legend: one per class, in the class's colour.

    Args:
        picture: [height, width, 3], float in 0..1 or uint8.
        shares: share per class, [num_classes] in 0..1; classes with 0 are left out.
        labels: class names and colours.

    Returns:
        the figure.
    """
    shares = 100 * np.asarray(shares, float)
    order = [i for i in np.argsort(-shares) if shares[i] > 0]
    figure, (left, right) = new_figure(1, 2, (10, 3.6), width_ratios=[1.9, 1])
    left.imshow(picture)
    left.axis("off")
    bars = right.barh(
        range(len(order)), shares[order], color=labels.colors[order] / 255, edgecolor="0.3", linewidth=0.5
    )
    texts = [f"{value:.1f}" if value >= 0.05 else f"{value:.2f}" for value in shares[order]]
    right.bar_label(bars, texts, padding=2, fontsize=8)
    right.set_yticks(range(len(order)), [labels.names[i] for i in order], fontsize=8)
    right.invert_yaxis()
    right.set(xlabel="share of the labelled pixels (%)", xlim=(0, 1.15 * shares.max()))
    return figure


def object_colors(instance_ids, ids) -> np.ndarray:
    """A colour per object, [objects, 3] in 0..1; an object has the same colour in every figure.

    Args:
        instance_ids: integers [height, width].
        ids: ids of the objects, as in the map. Colours go from left to right, so that neighbours differ.
    """
    centres = [np.nonzero(np.asarray(instance_ids) == i)[1].mean() for i in ids]
    colors = np.zeros((len(centres), 3))
    for place, color in zip(np.argsort(centres), cycle(_OBJECT_COLORS), strict=False):
        colors[place] = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return colors


def three_problems(image, train_ids, instance_ids, ids, boxes, labels: LabelTable):
    """One scene as three problems: a class for every pixel, a box for every object, a mask for every object.

    Redrawn after figure 1 of Lin et al., Microsoft COCO (2014), which sets the same tasks side by side.

    Args:
        image: float [height, width, 3] in 0..1.
        train_ids: label map [height, width].
        instance_ids: integers [height, width].
        ids: ids of the objects to show, as in `instance_ids`.
        boxes: x, y, width and height of each object in pixels, [objects, 4].
        labels: class names and colours.

    Returns:
        the figure.
    """
    height, width = train_ids.shape
    figure, axes = new_figure(2, 2, (10, 10 * height / width + 0.6))
    (photo, semantic), (detection, instance) = axes
    grey = np.repeat(0.25 + 0.6 * np.asarray(image).mean(axis=-1, keepdims=True), 3, axis=-1)
    colors = object_colors(instance_ids, ids)
    photo.imshow(image)
    semantic.imshow(overlay(image, train_ids, labels, 0.85))
    detection.imshow(image)
    names = {row.id: row.name for row in labels.labels}
    # The largest last, so that the names of near things lie on top of far ones.
    for place in np.argsort(boxes[:, 2] * boxes[:, 3]):
        (x, y, w, h), color = boxes[place], colors[place]
        for ink, line in (("black", 2.6), (color, 1.4)):
            detection.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=ink, linewidth=line))
        _name_tag(detection, x - 0.5, y - 0.5, names[ids[place] // 1000], color)
    for i, color in zip(ids, colors, strict=True):
        grey[np.asarray(instance_ids) == i] = color
    instance.imshow(grey)
    titles = ("image", "semantic: a class for every pixel", "detection: a box for every object")
    for axis, title in zip(axes.flat, (*titles, "instance: a mask for every object"), strict=True):
        axis.set_title(title)
        axis.axis("off")
    return figure


def _name_tag(axis, left: float, bottom: float, name: str, color) -> None:
    ink = "black" if np.dot(color, (0.3, 0.6, 0.1)) > 0.5 else "white"
    box = {"boxstyle": "square,pad=0.15", "facecolor": color, "edgecolor": "black", "linewidth": 0.5}
    axis.text(left, bottom, name, fontsize=6.5, va="bottom", color=ink, bbox=box, clip_on=True)


def outlines(image, polygons: dict, window: tuple[int, int, int, int]):
    """The outline of one object, drawn with fewer and fewer corners.

    Args:
        image: [height, width, 3], float in 0..1 or uint8.
        polygons: title to a list of polygons, each x, y, x, y, ... in pixels from the top left corner.
        window: top, left, height and width of the part to show, in pixels.

    Returns:
        the figure.
    """
    top, left, height, width = window
    figure, axes = new_figure(1, len(polygons), (10, 10 / len(polygons) * height / width + 0.45), squeeze=False)
    for axis, (title, parts) in zip(axes[0], polygons.items(), strict=True):
        axis.imshow(image)
        for part in parts:
            # Pixel centres are at whole numbers in the figure, and at halves in the file.
            corners = np.reshape(part, (-1, 2)) - 0.5
            axis.add_patch(Polygon(corners, fill=False, edgecolor="black", linewidth=3))
            axis.add_patch(Polygon(corners, fill=False, edgecolor=COLORS["yellow"], linewidth=1.4))
            axis.plot(*corners.T, ".", color=COLORS["yellow"], markeredgecolor="black", markersize=7)
        axis.set(xlim=(left - 0.5, left + width - 0.5), ylim=(top + height - 0.5, top - 0.5), title=title)
        axis.axis("off")
    return figure
