"""An image classifier on the encoder of a segmentation network: to pretrain that encoder with, or to name images."""

from course_utils.backend import keras
from course_utils.models.blocks import image_input, logits
from course_utils.models.encoders.base import SCORES, deepest
from course_utils.models.encoders.encode import encode, look_up_encoder
from course_utils.models.encoders.transfer import load_imagenet_weights


def classifier(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    dropout=0.0,
    encoder_weights=None,
    name="classifier",
):
    """Encoder, its head if it has one, global average pooling and one dense layer, as a functional Keras model.

    Its encoder has the layers and names of the one in `SegNet(..., encoder=encoder, width=width)`, so that
    `copy_encoder` carries the weights over.

    With 1000 classes, `encoder="efficientnet_lite0"` and `encoder_weights="imagenet"` it is the published classifier of
    photographs, scores included; `imagenet_classes` names its classes. It was trained on images of 224x224 pixels.

    Args:
        num_classes: number of image classes.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        dropout: rate of the dropout before the dense layer.
        encoder_weights: None for random ones, else as for `load_imagenet_weights`.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, num_classes]`, float32.

    Raises:
        CourseError: unknown encoder, or as for `load_imagenet_weights`.
    """
    images, x = image_input(image_shape)
    card = look_up_encoder(encoder)
    x = deepest(encode(x, card, width))
    if card.head:
        x = card.head(x, width)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(num_classes, name=SCORES)(x)
    model = keras.Model(images, logits(x), name=name)
    if encoder_weights:
        load_imagenet_weights(model, encoder_weights)
    return model
