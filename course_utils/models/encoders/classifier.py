"""An image classifier on the encoder of a segmentation network, to pretrain that encoder with."""

from course_utils.backend import keras
from course_utils.models.blocks import image_input, logits
from course_utils.models.encoders.base import deepest
from course_utils.models.encoders.encode import encode


def classifier(num_classes, image_shape=(None, None, 3), encoder="vgg16", width=1.0, dropout=0.0, name="classifier"):
    """Encoder, global average pooling and one dense layer, as a functional Keras model.

    Its encoder has the layers and names of the one in `SegNet(..., encoder=encoder, width=width)`, so that
    `copy_encoder` carries the weights over.

    Args:
        num_classes: number of image classes.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        dropout: rate of the dropout before the dense layer.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, num_classes]`, float32.

    Raises:
        CourseError: unknown encoder.
    """
    images, x = image_input(image_shape)
    x = keras.layers.GlobalAveragePooling2D(name="average")(deepest(encode(x, encoder, width)))
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(num_classes, name="scores")(x)
    return keras.Model(images, logits(x), name=name)
