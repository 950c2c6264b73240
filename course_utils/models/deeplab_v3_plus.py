"""DeepLabV3+: DeepLabV3's pyramid, and a decoder that goes back to fine features once.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-decoder with atrous separable convolution for semantic image
segmentation", ECCV 2018, sections 3.1 and 4.1.
"""

from course_utils.backend import keras
from course_utils.layers import AtrousSpatialPyramidPooling, ResizeLike
from course_utils.models.blocks import class_scores, convolution_block, image_input
from course_utils.models.deeplab_v3 import fit_pyramid, pyramid_rates
from course_utils.models.encoders import deepest, encode, features_at
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import SLIM_HALF, System


def DeepLabV3Plus(
    num_classes,
    image_shape=(None, None, 3),
    encoder="resnet101",
    width=1.0,
    output_stride=16,
    rates=None,
    dropout=0.1,
    encoder_width=None,
    name="DeepLabV3Plus",
):
    """The network as a functional Keras model, for images of any size.

    The pyramid's result is resized to the features at stride 4, which a 1x1 convolution block has brought down to 48
    channels so that they do not drown it; both go through two 3x3 blocks of 256 channels. With a ResNet encoder the
    paper uses plain convolutions, as here; its separable ones belong to its Xception.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder with features at stride 4 (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        output_stride: image pixels between two of the encoder's last features, 8, 16 or 32.
        rates: of the pyramid; None for (6, 12, 18) at an output stride of 16, twice that at 8, half at 32.
        dropout: rate after the pyramid and before the class scores.
        encoder_width: multiplier of the encoder's channel counts alone, 1 for published weights; None for `width`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder or output stride.
    """
    images, x = image_input(image_shape)
    stages = encode(x, encoder, encoder_width or width, output_stride=output_stride)
    rates = rates or pyramid_rates(output_stride)
    x = AtrousSpatialPyramidPooling(scaled(256, width), rates, dropout, name="pyramid")(deepest(stages))
    fine = convolution_block(features_at(stages, 4), scaled(48, width), 1, name="decoder_fine")
    x = keras.layers.Concatenate(name="decoder_join")([ResizeLike(name="decoder_resize")([x, fine]), fine])
    for number in (1, 2):
        x = convolution_block(x, scaled(256, width), name=f"decoder_conv{number}")
    x = keras.layers.Dropout(dropout, name="decoder_dropout")(x)
    return keras.Model(images, class_scores(x, num_classes, images), name=name)


DEEPLAB_V3_PLUS_CARD = System(DeepLabV3Plus, "Chen et al., ECCV 2018", laptop=SLIM_HALF, fit=fit_pyramid)
