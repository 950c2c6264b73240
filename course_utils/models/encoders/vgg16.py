"""VGG16's thirteen convolutions with batch normalisation, five poolings with indices.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, configuration
D; batch normalisation as in SegNet (Badrinarayanan et al., PAMI 2017).
"""

from course_utils.backend import keras
from course_utils.models.blocks import convolution_block
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, Striding, scaled
from course_utils.models.encoders.imagenet.applications import application, application_source, copy_convolutions
from course_utils.models.encoders.pooling import max_pooling

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16(x, width=1.0, dropout=0.0, output_stride=32):
    """Five stages; stage `i` (0 to 4) has its features at stride 2**i, and half of that pooled.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after poolings 3 to 5.
        output_stride: 32; for 16 and 8 the last poolings keep the size, have no indices, and what follows is atrous.
    """
    stages, striding = [], Striding(output_stride)
    for block, channels in enumerate(CHANNELS, start=1):
        name, stride = f"{PREFIX}vgg16_block{block}", striding.stride
        channels = tuple(scaled(count, width) for count in channels)
        for number, count in enumerate(channels, start=1):
            x = convolution_block(x, count, rate=striding.rate, name=f"{name}_conv{number}")
        features = x
        x, indices = max_pooling(features, striding, name=f"{name}_pool")
        if dropout and block >= 3:
            x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
        stages.append(Stage(features, channels, stride, x, indices))
    return stages


def load_imagenet_weights(model, weights="imagenet"):
    """Copies `keras.applications.VGG16` into the VGG16 encoder of `model`, at full width.

    Training with unfrozen normalisation uses the batch's own statistics instead of VGG16's biases, which stand in the
    moving means; those then move towards the batches'.

    Raises:
        CourseError: see `course_utils.models.load_imagenet_weights`.
    """
    copy_vgg16(model, application("VGG16", weights))
    return application_source("VGG16", weights)


def copy_vgg16(model, source):
    """Copies the convolutions of a `keras.applications.VGG16`, with or without its dense layers, into the encoder.

    Args:
        model: a network with our VGG16 encoder.
        source: the Keras model.

    Raises:
        CourseError: the widths differ; nothing has been copied then.
    """
    convolutions = [layer for layer in source.layers if isinstance(layer, keras.layers.Conv2D)]
    pairs = [(f"{PREFIX}vgg16_{layer.name}", layer, None) for layer in convolutions]
    copy_convolutions(model, pairs, "caffe", "VGG16")


VGG16 = Encoder(vgg16, load_imagenet_weights, classifier=((4096, 7), (4096, 1)))
