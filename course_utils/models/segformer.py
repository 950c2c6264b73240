"""SegFormer: a pyramid of transformer blocks, and a decoder of linear layers.

Xie, Wang, Yu, Anandkumar, Alvarez and Luo, "SegFormer: simple and efficient design for semantic segmentation with
transformers", NeurIPS 2021 (arXiv 2105.15203), section 3.
"""

from course_utils.backend import keras
from course_utils.layers import ResizeLike
from course_utils.models.blocks import class_scores, convolution_block, image_input
from course_utils.models.encoders import encode, features_at
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import System

STRIDES = (4, 8, 16, 32)


def SegFormer(
    num_classes,
    image_shape=(None, None, 3),
    encoder="mit_b0",
    width=1.0,
    dropout=0.1,
    skip_rate=0.1,
    encoder_width=None,
    name="SegFormer",
):
    """The network as a functional Keras model, for images of any size; SegFormer-B0 by default.

    A linear layer brings the features of each of the encoder's four strides to 256 channels; they are resized to the
    finest ones and joined by a 1x1 convolution block. With attention in the encoder, whose last features see the whole
    image, the decoder needs no context of its own (section 3.2).

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder with features at strides 4, 8, 16 and 32 (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        dropout: rate before the class scores.
        skip_rate: how often the encoder's last block is passed over for an image in training; in another encoder than
            "mit_b0" the rate of its dropout.
        encoder_width: multiplier of the encoder's channel counts alone; None for `width`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder, or one without features at these strides.
    """
    images, x = image_input(image_shape)
    stages = encode(x, encoder, encoder_width or width, dropout=skip_rate)
    levels, channels = [features_at(stages, stride) for stride in STRIDES], scaled(256, width)
    unified = []
    for stride, level in zip(STRIDES, levels, strict=True):
        level = keras.layers.Dense(channels, name=f"decoder_linear{stride}")(level)
        if stride != STRIDES[0]:
            level = ResizeLike(name=f"decoder_resize{stride}")([level, levels[0]])
        unified.append(level)
    x = keras.layers.Concatenate(name="decoder_join")(unified[::-1])
    x = convolution_block(x, channels, 1, name="decoder_fuse")
    x = keras.layers.Dropout(dropout, name="decoder_dropout")(x)
    return keras.Model(images, class_scores(x, num_classes, images), name=name)


# Stochastic depth is for long trainings of large networks: without it a short one gets further.
LAPTOP = {"width": 0.5, "skip_rate": 0.0}

SEGFORMER_CARD = System(SegFormer, "Xie et al., NeurIPS 2021", laptop=LAPTOP, learning_rate=0.02)
