"""Drawings of networks."""

from matplotlib.patches import FancyArrowPatch, Rectangle

from course_utils.plotting.style import COLORS, new_figure

_BLOCKS = {
    "convolution": (COLORS["sky"], "convolution + batch normalisation + ReLU"),
    "pooling": (COLORS["green"], "max pooling, keeps indices"),
    "unpooling": (COLORS["red"], "unpooling with those indices"),
    "softmax": (COLORS["yellow"], "channel-wise softmax"),
}


_DEPTHS = (2, 2, 3, 3, 3)
"""Convolutions per stage of the encoder, VGG16's."""


def segnet():
    """SegNet as an hourglass: the encoder, the mirrored decoder, and the indices that pass from one to the other.

    Redrawn after figure 2 of Badrinarayanan, Kendall and Cipolla, SegNet (2017).

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(10, 3.6))
    stages = len(_DEPTHS)
    heights = [1.0 * 0.72**stage for stage in range(stages + 1)]
    x, gap, thickness = 0.0, 0.16, 0.16
    pooling, unpooling = {}, {}

    def block(kind, height):
        nonlocal x
        axis.add_patch(
            Rectangle((x, -height / 2), thickness, height, facecolor=_BLOCKS[kind][0], edgecolor="0.25", linewidth=0.6)
        )
        x += thickness
        return x - thickness / 2

    for stage, depth in enumerate(_DEPTHS):
        for _ in range(depth):
            block("convolution", heights[stage])
        pooling[stage] = block("pooling", heights[stage + 1])
        x += gap
    x += gap
    for stage in reversed(range(stages)):
        unpooling[stage] = block("unpooling", heights[stage])
        for _ in range(_DEPTHS[stage]):
            block("convolution", heights[stage])
        x += gap
    block("softmax", heights[0])
    for stage in range(stages):
        top = heights[stage] / 2
        axis.add_patch(
            FancyArrowPatch(
                (pooling[stage], heights[stage + 1] / 2 + 0.02),
                (unpooling[stage], top + 0.02),
                connectionstyle=f"arc3,rad={-0.14 - 0.02 * stage}",
                arrowstyle="-|>",
                mutation_scale=8,
                color="0.45",
                linewidth=0.8,
                linestyle="--",
            )
        )
    axis.text(x / 2, 1.02, "pooling indices", ha="center", fontsize=9, color="0.35")
    axis.text(-0.05, -0.62, "image\n[H, W, 3]", ha="left", va="top", fontsize=9)
    axis.text(x + 0.05, -0.62, "class probabilities\n[H, W, classes]", ha="right", va="top", fontsize=9)
    axis.text(x / 2 - 0.2, -0.2, "H/32", ha="center", va="top", fontsize=9)
    handles = [Rectangle((0, 0), 1, 1, facecolor=color, edgecolor="0.25") for color, _ in _BLOCKS.values()]
    figure.legend(handles, [text for _, text in _BLOCKS.values()], loc="outside lower center", ncols=2, fontsize=9)
    axis.set(xlim=(-0.1, x + 0.1), ylim=(-0.85, 1.1))
    axis.axis("off")
    return figure
