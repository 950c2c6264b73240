"""Gated-SCNN: a shallow stream for shapes beside the encoder, which tells it through gates where to look.

Takikawa, Acuna, Jampani and Fidler, "Gated-SCNN: gated shape CNNs for semantic segmentation", ICCV 2019, section 3 and
figure 2.
"""

from functools import partial

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import AdaptiveAveragePooling2D, GatedConvolution2D, ImageGradient, ResizeLike
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy
from course_utils.models.blocks import class_scores, convolution_block, image_input
from course_utils.models.deeplab_v3 import fit_pyramid, pyramid_rates
from course_utils.models.encoders import deepest, encode, features_at
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import System

SHAPE_CHANNELS = (32, 16, 8)
"""Of the shape stream after each of its gates; in front of the first there are 64."""


def GSCNN(
    num_classes,
    image_shape=(None, None, 3),
    encoder="resnet101",
    width=1.0,
    output_stride=8,
    rates=None,
    shape_resolution="image",
    dropout=0.1,
    auxiliary=False,
    name="GSCNN",
):
    """The network as a functional Keras model, for images of any size.

    The regular stream is the encoder. The shape stream starts from its first features and the image's gradient, and
    passes three gates, fed from stages of the encoder at strides 4 and 8 and from the last; it ends in a map of
    boundaries. That map joins the pyramid over the regular features as one more branch. As in the authors' code the
    result then meets the encoder's fine features (there at stride 2, here at 4), and two 3x3 blocks lead to the scores:
    DeepLabV3+'s decoder.

    The gradient enters where section 3 says it does, at the start of the shape stream (in the authors' code beside the
    boundary map, at its end); it is `ImageGradient` and not Canny's edges.
    All this makes 176,366 weights more than DeepLabV3+ with ResNet-50, 0.44 % (the paper's table 5: 0.43 %).

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder with features at stride 4 (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        output_stride: image pixels between two of the encoder's last features, 8 as published.
        rates: of the pyramid; None for (12, 24, 36) at an output stride of 8, half of that at 16.
        shape_resolution: "image": the shape stream has a feature for every pixel, as published; "stem": only for every
            one of the encoder's first stage, in a ResNet a quarter of the pixels and of the time.
        dropout: rate before the class scores.
        auxiliary: also give what the boundaries' losses need (see `course_utils.losses.boundaries`): "edges", the
            logits of the boundary map `[batch, height, width, 1]`, and "dual_task", the logits of the classes and
            those of the boundaries beside each other, `[batch, height, width, num_classes + 1]`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32; with `auxiliary` to a dictionary of them, "logits", "edges" and "dual_task".

    Raises:
        CourseError: unknown encoder, output stride or resolution of the shape stream.
    """
    if shape_resolution not in ("image", "stem"):
        raise CourseError(f'shape_resolution is {shape_resolution!r}: choose "image" or "stem".')
    images, x = image_input(image_shape)
    stages = encode(x, encoder, width, output_stride=output_stride)
    regular = deepest(stages)

    reference = images if shape_resolution == "image" else stages[0].features
    gating = [stages[-4].features, stages[-3].features, regular]
    edges = _shape_stream(images, stages[0].features, gating, reference, width)
    edges = ResizeLike(dtype="float32", name="edges")([edges, images])

    x = _fusion(regular, edges, rates or pyramid_rates(output_stride), scaled(256, width))
    fine = convolution_block(features_at(stages, 4), scaled(48, width), 1, name="decoder_fine")
    x = keras.layers.Concatenate(name="decoder_join")([ResizeLike(name="decoder_resize")([x, fine]), fine])
    for number in (1, 2):
        x = convolution_block(x, scaled(256, width), name=f"decoder_conv{number}")
    x = keras.layers.Dropout(dropout, name="decoder_dropout")(x)
    outputs = class_scores(x, num_classes, images)
    if auxiliary:
        both = keras.layers.Concatenate(dtype="float32", name="dual_task")([outputs, edges])
        outputs = {"logits": outputs, "edges": edges, "dual_task": both}
    return keras.Model(images, outputs, name=name)


def _shape_stream(images, stem, gating, reference, width):
    """Section 3.1: residual blocks and gates in turn, at the resolution of `reference`; logits of the boundaries."""
    gradient = ResizeLike(name="shape_gradient_resize")([ImageGradient(name="shape_gradient")(images), reference])
    x = ResizeLike(name="shape_stem")([stem, reference])
    x = keras.layers.Concatenate(name="shape_join")([x, gradient])
    x = convolution_block(x, scaled(64, width), 1, name="shape_start")
    for number, (features, channels) in enumerate(zip(gating, SHAPE_CHANNELS, strict=True), start=1):
        channels = scaled(channels, width)
        x = _residual_block(x, name=f"shape_block{number}")
        x = keras.layers.Conv2D(channels, 1, name=f"shape_reduce{number}")(x)
        signal = keras.layers.Conv2D(1, 1, name=f"shape_signal{number}")(features)
        signal = ResizeLike(name=f"shape_signal{number}_resize")([signal, reference])
        x = GatedConvolution2D(channels, name=f"shape_gate{number}")([x, signal])
    return keras.layers.Conv2D(1, 1, name="shape_edges")(x)


def _residual_block(x, *, name):
    y = convolution_block(x, x.shape[-1], name=f"{name}_conv1")
    y = convolution_block(y, x.shape[-1], activation=None, name=f"{name}_conv2")
    return keras.layers.Activation("relu", name=f"{name}_relu")(keras.layers.Add(name=f"{name}_add")([x, y]))


def _fusion(regular, edges, rates, channels):
    """DeepLabV3's pyramid (see `AtrousSpatialPyramidPooling`) with the boundary map as one more branch."""
    branches = [convolution_block(regular, channels, 1, name="fusion_point")]
    branches += [convolution_block(regular, channels, rate=rate, name=f"fusion_rate{rate}") for rate in rates]
    average = AdaptiveAveragePooling2D(1, name="fusion_average")(regular)
    average = convolution_block(average, channels, 1, name="fusion_image")
    branches.append(ResizeLike(name="fusion_image_resize")([average, regular]))
    boundary = keras.layers.Activation("sigmoid", name="fusion_boundary")(edges)
    boundary = ResizeLike(name="fusion_boundary_resize")([boundary, regular])
    branches.append(convolution_block(boundary, channels, 1, name="fusion_edges"))
    x = keras.layers.Concatenate(name="fusion_join")(branches)
    return convolution_block(x, channels, 1, name="fusion_projection")


def _auxiliary(class_weights):
    """Sections 3.2 and 3.3: 20 for the boundaries, 1 for each other term."""
    return {"edges": (EdgeCrossEntropy(), 20.0), "dual_task": (DualTaskLoss(), 1.0)}


# The boundary loss counts 20 times: at a peak rate of 0.1 it throws the network onto one class until the rate falls
# (the paper takes 0.01). The whole shape stream is fine, so a narrower network trains as many images per second.
GSCNN_CARD = System(
    GSCNN,
    "Takikawa et al., ICCV 2019",
    _auxiliary,
    laptop={"encoder": "slim", "width": 0.25},
    fit=partial(fit_pyramid, output_stride=8),
)
