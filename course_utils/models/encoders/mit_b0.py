"""MiT-B0: the smallest of SegFormer's encoders, a pyramid of transformer blocks.

Xie et al., "SegFormer: simple and efficient design for semantic segmentation with transformers", NeurIPS 2021,
section 3.1 and table 6.
"""

from course_utils.backend import keras
from course_utils.layers import EfficientSelfAttention
from course_utils.models.blocks import symmetric_padding
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, scaled

BLOCKS = 2
HEADS = (1, 2, 5, 8)
HEAD_CHANNELS = 32
REDUCTIONS = (8, 4, 2, 1)
PATCHES = ((7, 4), (3, 2), (3, 2), (3, 2))
"""Kernel and stride of the convolution that begins each stage: patches overlap."""

EXPANSION = 4


def mit_b0(x, width=1.0, dropout=0.0, output_stride=32):
    """Four stages at strides 4, 8, 16 and 32.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts; heads stay as many and get narrower.
        dropout: how often the last block is passed over for an image in training (stochastic depth); earlier blocks
            less often, by a straight line from 0.
        output_stride: 32; attention to a denser map is another network.
    """
    stages, blocks, stride = [], BLOCKS * len(HEADS), 1
    for number, (heads, reduction, patch) in enumerate(zip(HEADS, REDUCTIONS, PATCHES, strict=True), start=1):
        name, channels = f"{PREFIX}mit_b0_stage{number}", heads * scaled(HEAD_CHANNELS, width)
        x, stride = _patches(x, channels, *patch, name=f"{name}_patches"), stride * patch[1]
        for block in range(1, BLOCKS + 1):
            passed = BLOCKS * (number - 1) + block - 1
            options = {"heads": heads, "reduction": reduction, "skip_rate": dropout * passed / (blocks - 1)}
            x = _block(x, **options, name=f"{name}_block{block}")
        x = _normalize(x, name=f"{name}_norm")
        stages.append(Stage(x, (channels,) * BLOCKS, stride))
    return stages


def _patches(x, channels, kernel_size, strides, *, name):
    """Overlapped patch merging: a strided convolution and layer normalisation."""
    x, padding = symmetric_padding(x, kernel_size, strides, name=f"{name}_pad")
    x = keras.layers.Conv2D(channels, kernel_size, strides, padding, kernel_initializer="he_normal", name=name)(x)
    return _normalize(x, 1e-5, name=f"{name}_norm")


def _block(x, heads, reduction, skip_rate, *, name):
    """Attention and Mix-FFN, each added to what came in."""
    y = _normalize(x, name=f"{name}_norm1")
    y = EfficientSelfAttention(heads, reduction, name=f"{name}_attention")(y)
    x = _add(x, y, skip_rate, name=f"{name}_add1")
    y = _mix_ffn(_normalize(x, name=f"{name}_norm2"), name=f"{name}_ffn")
    return _add(x, y, skip_rate, name=f"{name}_add2")


def _mix_ffn(x, *, name):
    """Two linear layers with a depthwise convolution between them, whose padding tells a pixel where it is (3.1)."""
    y = keras.layers.Dense(EXPANSION * x.shape[-1], name=f"{name}_expand")(x)
    y = keras.layers.DepthwiseConv2D(3, padding="same", name=f"{name}_depthwise")(y)
    y = keras.layers.Activation("gelu", name=f"{name}_gelu")(y)
    return keras.layers.Dense(x.shape[-1], name=f"{name}_project")(y)


def _add(x, y, skip_rate, *, name):
    if skip_rate:
        y = keras.layers.Dropout(skip_rate, noise_shape=(None, 1, 1, 1), name=f"{name}_skip")(y)
    return keras.layers.Add(name=name)([x, y])


def _normalize(x, epsilon=1e-6, *, name):
    return keras.layers.LayerNormalization(epsilon=epsilon, name=name)(x)


MIT_B0 = Encoder(mit_b0, output_strides=(32,))
