"""ResNet-50 and ResNet-101 with bottleneck blocks, dilated where a segmentation network wants dense features.

He et al., "Deep residual learning for image recognition", CVPR 2016, table 1 and figure 5 right; the stride is in the
first convolution of a block, as published.
"""

from course_utils.backend import keras
from course_utils.models.blocks import convolution_block
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, Striding, scaled
from course_utils.models.encoders.imagenet.applications import application, application_source, copy_convolutions

CHANNELS = (64, 128, 256, 512)
EXPANSION = 4
BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
APPLICATIONS = {"resnet50": "ResNet50", "resnet101": "ResNet101"}


def resnet50(x, width=1.0, dropout=0.0, output_stride=32, multi_grid=(1, 1, 1)):
    """ResNet-50: five stages at strides 2 (the stem), 4, 8, 16 and 32, the last ones denser by `output_stride`.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after stages 4 and 5.
        output_stride: 8, 16 or 32.
        multi_grid: factors on the atrous rates of the last three blocks; (1, 2, 4) in DeepLabV3 (Chen et al. 2017,
            section 3.2.1).
    """
    return _resnet(x, "resnet50", width, dropout, output_stride, multi_grid)


def resnet101(x, width=1.0, dropout=0.0, output_stride=32, multi_grid=(1, 1, 1)):
    """ResNet-101: as `resnet50`, with 23 instead of 6 blocks in the fourth stage."""
    return _resnet(x, "resnet101", width, dropout, output_stride, multi_grid)


def _resnet(x, architecture, width, dropout, output_stride, multi_grid):
    prefix, striding = f"{PREFIX}{architecture}", Striding(output_stride)
    x = convolution_block(x, scaled(64, width), 7, strides=striding.halve(), name=f"{prefix}_conv1")
    stages = [Stage(x, (scaled(64, width),), striding.stride)]
    # After a ReLU nothing is below the zeros of the padding.
    x = keras.layers.ZeroPadding2D(1, name=f"{prefix}_pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, striding.halve(), name=f"{prefix}_pool1")(x)
    for number, (channels, blocks) in enumerate(zip(CHANNELS, BLOCKS[architecture], strict=True), start=2):
        channels, strides = scaled(channels, width), striding.halve() if number > 2 else 1
        for block in range(1, blocks + 1):
            name = f"{prefix}_conv{number}_block{block}"
            rate = striding.rate * (multi_grid[block - 1] if number == 5 else 1)
            x = _bottleneck(x, channels, strides if block == 1 else 1, rate, block == 1, name=name)
        if dropout and number >= 4:
            x = keras.layers.Dropout(dropout, name=f"{prefix}_conv{number}_dropout")(x)
        stages.append(Stage(x, (EXPANSION * channels,) * blocks, striding.stride))
    return stages


def _bottleneck(x, channels, strides, rate, project, *, name):
    shortcut = x
    if project:
        shortcut = convolution_block(x, EXPANSION * channels, 1, activation=None, strides=strides, name=f"{name}_0")
    y = convolution_block(x, channels, 1, strides=strides, name=f"{name}_1")
    y = convolution_block(y, channels, 3, rate=rate, name=f"{name}_2")
    y = convolution_block(y, EXPANSION * channels, 1, activation=None, name=f"{name}_3")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, y])
    return keras.layers.Activation("relu", name=f"{name}_out")(x)


def load_imagenet_weights(model, weights="imagenet"):
    """Copies `keras.applications.ResNet50` or `ResNet101` into the encoder of `model`, at full width.

    Raises:
        CourseError: see `course_utils.models.load_imagenet_weights`.
    """
    names = {layer.name for layer in model.layers}
    architecture = next(name for name in BLOCKS if f"{PREFIX}{name}_conv1" in names)
    source = application(APPLICATIONS[architecture], weights)
    convolutions = {layer.name: layer for layer in source.layers if layer.name.endswith("_conv")}
    normalizations = {layer.name: layer for layer in source.layers if layer.name.endswith("_bn")}
    pairs = [
        (f"{PREFIX}{architecture}_{name.removesuffix('_conv')}", layer, normalizations[name.replace("_conv", "_bn")])
        for name, layer in convolutions.items()
    ]
    copy_convolutions(model, pairs, "caffe", APPLICATIONS[architecture])
    return application_source(APPLICATIONS[architecture], weights)


RESNET50 = Encoder(resnet50, load_imagenet_weights, multi_grid=True)
RESNET101 = Encoder(resnet101, load_imagenet_weights, multi_grid=True)
