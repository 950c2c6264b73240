"""Context in pictures: patches without it, pyramid pooling, and how much of it a network needs."""

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from course_utils.labels import LabelTable
from course_utils.plotting.pictures.segmentation import legend_patches
from course_utils.plotting.style import COLORS, new_figure


def patches_in_images(places, size: int, alone: bool = False):
    """Small patches, enlarged, and below each the image it was cut from.

    Args:
        places: a list of (image float [H, W, 3] in 0..1, (row, column) of the patch's centre, title of the image).
        size: height and width of the patches, in pixels.
        alone: whether to leave out the images and their titles, for readers who are to guess.

    Returns:
        the figure.
    """
    ratio = places[0][0].shape[0] / places[0][0].shape[1]
    each = 10 / len(places)
    figure, axes = new_figure(
        2, len(places), (10, each * (0.6 + ratio) + 0.6), height_ratios=[0.6, ratio], squeeze=False
    )
    if alone:
        figure, axes = new_figure(1, len(places), (10, each * 0.6 + 0.4), squeeze=False)
    for number, ((image, (row, column), title), (top, *below)) in enumerate(zip(places, axes.T, strict=True), 1):
        first = [min(max(0, p - size // 2), n - size) for p, n in zip((row, column), image.shape, strict=False)]
        top.imshow(image[first[0] : first[0] + size, first[1] : first[1] + size])
        top.set_title(f"patch {number}")
        for bottom in below:
            bottom.imshow(image)
            frame = Rectangle((first[1] - 0.5, first[0] - 0.5), size, size, fill=False, linewidth=2)
            frame.set_edgecolor(COLORS["red"])
            bottom.add_patch(frame)
            bottom.set_title(title)
        for axis in (top, *below):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    return figure


def bin_levels(image, levels: dict):
    """The bins of each level over the image, and below them what the level tells every pixel.

    Args:
        image: float [H, W, 3] in 0..1.
        levels: bins per side to the averages, resized to the image, float [H, W, 3] in 0..1.

    Returns:
        the figure.
    """
    height, width = image.shape[:2]
    figure, axes = new_figure(2, len(levels), (10, 5 * height / width * 4 / len(levels) + 0.6), squeeze=False)
    for (bins, averages), (top, bottom) in zip(levels.items(), axes.T, strict=True):
        top.imshow(image)
        bottom.imshow(averages)
        edges = np.arange(bins + 1) / bins
        top.hlines(edges * height - 0.5, -0.5, width - 0.5, color="white", linewidth=1.5)
        top.vlines(edges * width - 0.5, -0.5, height - 0.5, color="white", linewidth=1.5)
        top.set_title(f"{bins} x {bins} = {bins**2} bin{'s' if bins > 1 else ''}")
        for axis in (top, bottom):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("bins")
    axes[1, 0].set_ylabel("averages, resized")
    return figure


def context_curves(picture, pixel: tuple[int, int], radii, curves: dict):
    """A pixel's surroundings set into another image, and how often networks are right, by how much is left of them.

    Args:
        picture: float [H, W, 3] in 0..1.
        pixel: row and column of the pixel in question.
        radii: how much of the surroundings is left, in pixels [points]; drawn at equal distances.
        curves: network to the share of pixels that it names correctly, in per cent [points].

    Returns:
        the figure.
    """
    figure, (left, right) = new_figure(1, 2, (10, 3.1), gridspec_kw={"width_ratios": [1.35, 1]})
    left.imshow(picture)
    left.plot(pixel[1], pixel[0], "o", markersize=11, markerfacecolor="none", markeredgecolor="white", mew=3)
    left.plot(pixel[1], pixel[0], "o", markersize=11, markerfacecolor="none", markeredgecolor=COLORS["red"], mew=1.5)
    left.set(xticks=[], yticks=[], title="a piece of one street in another")
    for number, (name, values) in enumerate(curves.items()):
        right.plot(
            range(len(radii)), values, marker="os^D"[number % 4], linestyle=["-", "--", ":"][number % 3], label=name
        )
    right.set_xticks(range(len(radii)), radii)
    right.set(xlabel="radius that is kept (pixels)", ylabel="pixels named correctly (%)", ylim=(0, 100))
    right.grid(color="0.9")
    right.legend()
    return figure


def pyramid_stages(image, features, levels: dict, prediction, truth, labels: LabelTable):
    """The four stages of PSPNet from left to right: image, feature map, pyramid, prediction (with the truth below it).

    Redrawn after figure 3 of Zhao et al., "Pyramid scene parsing network" (2017).

    Args:
        image: float [H, W, 3] in 0..1.
        features: one number per place of the feature map [h, w].
        levels: bins per side to one number per bin [bins, bins].
        prediction, truth: train ids [H, W].
        labels: gives the label maps their colours.

    Returns:
        the figure.
    """
    figure, empty = new_figure(size=(10, 3.9))
    empty.remove()
    figure.set_layout_engine(None)
    height = 0.27 * image.shape[0] / image.shape[1] * 10 / 3.9

    def panel(left, bottom, width, high, picture, title, **options):
        axis = figure.add_axes([left, bottom, width, high], xticks=[], yticks=[])
        axis.imshow(picture, aspect="auto", **options)
        axis.set_title(title, fontsize=10, loc="left")

    middle = 0.55 - height / 2
    panel(0.01, middle, 0.25, height, image, "image")
    panel(0.29, middle, 0.25, height, features, "feature map", cmap="viridis")
    high, gap = 0.145, 0.06
    for number, (bins, averages) in enumerate(levels.items()):
        bottom = 0.77 - number * (high + gap)
        panel(0.57, bottom, 0.11, high, averages, f"{bins} x {bins}", cmap="viridis")
    panel(0.72, 0.91 - height, 0.27, height, labels.to_colors(prediction), "prediction")
    panel(0.72, 0.84 - 2 * height, 0.27, height, labels.to_colors(truth), "ground truth")
    for start, end, y in ((0.263, 0.286, 0.55), (0.543, 0.566, 0.55), (0.684, 0.714, 0.55)):
        figure.add_artist(_arrow(start, end, y))
    present = legend_patches(labels, np.concatenate([np.unique(prediction), np.unique(truth)]))
    figure.legend(handles=present, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=4, fontsize=7, handlelength=1.2)
    return figure


def _arrow(start, end, y):
    return FancyArrowPatch((start, y), (end, y), arrowstyle="-|>", mutation_scale=12, color=COLORS["black"])
