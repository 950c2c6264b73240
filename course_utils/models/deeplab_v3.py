"""DeepLabV3: atrous convolution in the last stage, atrous spatial pyramid pooling, and upscaling.

Chen, Papandreou, Schroff and Adam, "Rethinking atrous convolution for semantic image segmentation", arXiv 1706.05587,
2017, sections 3.2 and 3.3.
"""

from course_utils.backend import keras
from course_utils.layers import AtrousSpatialPyramidPooling
from course_utils.models.blocks import class_scores, fitting_rates, image_input
from course_utils.models.encoders import deepest, encode
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import SLIM_HALF, System

RATES = (6, 12, 18)
"""Of the pyramid, for features at an output stride of 16."""


def DeepLabV3(
    num_classes,
    image_shape=(None, None, 3),
    encoder="resnet101",
    width=1.0,
    output_stride=16,
    rates=None,
    multi_grid=(1, 2, 4),
    dropout=0.1,
    name="DeepLabV3",
):
    """The network as a functional Keras model, for images of any size.

    The same weights serve at every output stride: the paper trains at 16 and evaluates at 8.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        output_stride: image pixels between two features, 8, 16 or 32.
        rates: of the pyramid; None for (6, 12, 18) at an output stride of 16, twice that at 8, half at 32.
        multi_grid: factors on the rates of the last three blocks of a ResNet.
        dropout: rate before the class scores.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder or output stride.
    """
    images, x = image_input(image_shape)
    stages = encode(x, encoder, width, output_stride=output_stride, multi_grid=multi_grid)
    rates = rates or pyramid_rates(output_stride)
    x = AtrousSpatialPyramidPooling(scaled(256, width), rates, dropout, name="pyramid")(deepest(stages))
    return keras.Model(images, class_scores(x, num_classes, images), name=name)


def pyramid_rates(output_stride):
    """Rates that reach equally far in the image at every output stride (section 3.3)."""
    return tuple(rate * 16 // output_stride for rate in RATES)


def fit_pyramid(image_size, output_stride=16, **options):
    """Rates of the pyramid for images of a size, as `System.fit` gives them."""
    return {"rates": fitting_rates(pyramid_rates(output_stride), image_size, output_stride)}


DEEPLAB_V3_CARD = System(DeepLabV3, "Chen et al., arXiv 1706.05587, 2017", laptop=SLIM_HALF, fit=fit_pyramid)
