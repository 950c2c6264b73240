"""PSPNet: a dilated ResNet, pyramid pooling, and a second loss half-way.

Zhao, Shi, Qi, Wang and Jia, "Pyramid scene parsing network", CVPR 2017, sections 3 and 4.
"""

from course_utils.backend import keras
from course_utils.layers import PyramidPooling
from course_utils.losses.cross_entropy import SegmentationCrossEntropy
from course_utils.models.blocks import class_scores, convolution_block, image_input
from course_utils.models.encoders import deepest, encode
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import SLIM_HALF, System


def PSPNet(
    num_classes,
    image_shape=(None, None, 3),
    encoder="resnet101",
    width=1.0,
    output_stride=8,
    bins=(1, 2, 3, 6),
    dropout=0.1,
    auxiliary=False,
    encoder_width=None,
    name="PSPNet",
):
    """The network as a functional Keras model, for images of any size.

    Features at an output stride of 8; the pyramid pooling module puts averages over whole regions beside them; a 3x3
    convolution block to 512 channels and dropout lead to the class scores, which are resized to the image.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        output_stride: image pixels between two features, 8 as published.
        bins: regions in each direction, for each level of the pyramid.
        dropout: rate before the class scores.
        auxiliary: also give the scores of the last stage but one, whose loss counts 0.4 in training (section 4).
        encoder_width: multiplier of the encoder's channel counts alone, 1 for published weights; None for `width`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32; with `auxiliary` to a dictionary of them, "logits" and "auxiliary".

    Raises:
        CourseError: unknown encoder or output stride.
    """
    images, x = image_input(image_shape)
    stages = encode(x, encoder, encoder_width or width, output_stride=output_stride)
    x = PyramidPooling(bins, name="pyramid")(deepest(stages))
    x = convolution_block(x, scaled(512, width), name="head_conv")
    x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    outputs = class_scores(x, num_classes, images)
    if auxiliary:
        x = convolution_block(stages[-2].features, scaled(256, width), name="auxiliary_conv")
        x = keras.layers.Dropout(dropout, name="auxiliary_dropout")(x)
        outputs = {"logits": outputs, "auxiliary": class_scores(x, num_classes, images, name="auxiliary")}
    return keras.Model(images, outputs, name=name)


def _auxiliary(class_weights):
    """Section 4: the auxiliary loss counts 0.4."""
    return {"auxiliary": (SegmentationCrossEntropy(class_weights), 0.4)}


PSPNET_CARD = System(PSPNet, "Zhao et al., CVPR 2017", _auxiliary, laptop=SLIM_HALF)
