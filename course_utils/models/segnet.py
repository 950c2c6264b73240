"""SegNet: an encoder, and a decoder that mirrors it and unpools by the encoder's indices.

Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
segmentation", PAMI 2017, section 3 and figure 2.
"""

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import MaxUnpooling2D
from course_utils.models.blocks import convolution_block, image_input, logits
from course_utils.models.encoders import deepest, encode, look_up_encoder
from course_utils.models.system_card import System


def SegNet(num_classes, image_shape=(None, None, 3), encoder="vgg16", width=1.0, dropout=0.0, name="SegNet"):
    """The network as a functional Keras model, for images of any size.

    Each decoder stage unpools with the indices of its encoder stage and runs the same convolutions backwards: it keeps
    the channel count but for the last one, which goes down to the channels of the next finer stage. The very last
    convolution gives the class scores. At full width with VGG16 that is 26 convolutions; for 11 classes 14.7 M weights
    in the encoder and 29,457,291 numbers in all, 15,872 of them averages that are not trained. (The authors' Caffe
    files have a bias in front of each batch normalisation, 7,936 more, which does nothing that the shift after it
    could not do.)

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder that pools: vgg16 as published, or darknet19.
        width: multiplier of all channel counts; 0.25 trains on a laptop.
        dropout: rate of the dropout after encoder and decoder stages 3 to 5; Bayesian SegNet (Kendall et al., BMVC
            2017) uses 0.5, SegNet none.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder, or one without pooling indices.
    """
    images, x = image_input(image_shape)
    card = look_up_encoder(encoder)
    stages = encode(x, card, width, dropout)
    x = deepest(stages)
    # DarkNet-19 ends in convolutions that no pooling follows: the decoder mirrors what was pooled.
    stages = [stage for stage in stages if stage.indices is not None]
    if len(stages) < 5:
        raise CourseError(f"SegNet unpools by indices, and encoder {card.name!r} has none: choose vgg16 or darknet19.")

    if x.shape[-1] != stages[-1].channels[-1]:
        x = convolution_block(x, stages[-1].channels[-1], name="decoder_bridge")
    for level in range(len(stages), 0, -1):
        stage = stages[level - 1]
        block = f"decoder_block{level}"
        x = MaxUnpooling2D(name=f"{block}_unpool")([x, stage.indices, stage.features])
        for number in range(len(stage.channels), 1, -1):
            x = convolution_block(x, stage.channels[number - 2], name=f"{block}_conv{number}")
        if level > 1:
            x = convolution_block(x, stages[level - 2].channels[-1], name=f"{block}_conv1")
        if dropout and level >= 3:
            x = keras.layers.Dropout(dropout, name=f"{block}_dropout")(x)
    x = keras.layers.Conv2D(num_classes, 3, padding="same", name="decoder_block1_conv1")(x)
    return keras.Model(images, logits(x), name=name)


SEGNET_CARD = System(SegNet, "Badrinarayanan et al., PAMI 2017", laptop={"width": 0.25})
