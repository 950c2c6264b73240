"""MobileNetV2: inverted residual blocks with depthwise convolutions.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, table 2, without the last
convolution to 1280 channels, as its authors segment with it (section 6.3).
"""

from course_utils.backend import keras
from course_utils.layers import BatchNormalization, DepthwiseConv2D
from course_utils.models.blocks import convolution_block, symmetric_padding
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, Striding, scaled
from course_utils.models.encoders.imagenet.applications import application, application_source, copy_convolutions

# Expansion, channels, repetitions and stride of the first, as in table 2.
BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def mobilenetv2(x, width=1.0, dropout=0.0, output_stride=32):
    """Five stages at strides 2, 4, 8, 16 and 32, the last ones denser where `output_stride` says so.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after the last stage.
        output_stride: 8, 16 or 32.
    """
    prefix, striding, stages = f"{PREFIX}mobilenetv2", Striding(output_stride), []
    channels = [scaled(32, width)]
    x = convolution_block(x, channels[0], strides=striding.halve(), activation="relu6", name=f"{prefix}_Conv1")
    blocks = [
        (expansion, scaled(count, width), stride if number == 0 else 1)
        for expansion, count, repetitions, stride in BLOCKS
        for number in range(repetitions)
    ]
    for number, (expansion, count, stride) in enumerate(blocks):
        rate, strides = striding.rate, 1
        if stride == 2:
            stages.append(Stage(x, tuple(channels), striding.stride))
            strides, channels = striding.halve(), []
        x = _inverted_residual(x, expansion, count, strides, rate, name=f"{prefix}_block{number}")
        channels.append(count)
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{prefix}_dropout")(x)
    return [*stages, Stage(x, tuple(channels), striding.stride)]


def _inverted_residual(x, expansion, channels, strides, rate, *, name):
    y = x
    if expansion > 1:
        y = convolution_block(y, expansion * x.shape[-1], 1, "relu6", name=f"{name}_expand")
    y, padding = symmetric_padding(y, 3, strides, rate, name=f"{name}_pad")
    y = DepthwiseConv2D(
        3,
        strides,
        padding,
        dilation_rate=rate,
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depthwise",
    )(y)
    y = BatchNormalization(momentum=0.9, name=f"{name}_depthwise_bn")(y)
    y = keras.layers.Activation("relu6", name=f"{name}_depthwise_relu6")(y)
    y = convolution_block(y, channels, 1, activation=None, name=f"{name}_project")
    same = strides == 1 and x.shape[-1] == channels
    return keras.layers.Add(name=f"{name}_add")([x, y]) if same else y


def load_imagenet_weights(model, weights="imagenet"):
    """Copies `keras.applications.MobileNetV2` into the encoder of `model`, at full width.

    Ours pads strided convolutions alike on all sides, so that atrous convolution can take their place; Keras's pads
    even sizes on one side only, and sees everything one pixel further down and right in each of the five strides.

    Raises:
        CourseError: see `course_utils.models.load_imagenet_weights`.
    """
    source = application("MobileNetV2", weights)
    prefix, pairs = f"{PREFIX}mobilenetv2_", []
    normalizations = {layer.name.lower(): layer for layer in source.layers if "bn" in layer.name.lower()}
    for layer in source.layers:
        if not layer.weights or layer.name.lower() in normalizations or layer.name == "Conv_1":
            continue
        ours = layer.name.replace("expanded_conv_", "block_0_").replace("block_", "block")
        theirs = "bn_Conv1" if layer.name == "Conv1" else f"{layer.name}_BN"
        pairs.append((f"{prefix}{ours}", layer, normalizations[theirs.lower()]))
    copy_convolutions(model, pairs, "tf", "MobileNetV2")
    return application_source("MobileNetV2", weights)


MOBILENETV2 = Encoder(mobilenetv2, load_imagenet_weights)
