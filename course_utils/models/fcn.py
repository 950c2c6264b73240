"""FCN-32s, FCN-16s and FCN-8s: an image classifier turned into convolutions, its scores enlarged to the image.

Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015, sections 3 and 4.
"""

import numpy as np

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import CropLike, InterpolationUpsampling2D, interpolation_kernel
from course_utils.models.blocks import image_input
from course_utils.models.encoders import encode, features_at, look_up_encoder
from course_utils.models.encoders.fully_connected import fully_connected
from course_utils.models.encoders.imagenet.applications import application, set_block
from course_utils.models.encoders.vgg16 import VGG16, copy_vgg16
from course_utils.models.system_card import System

DENSE = {"fc6": "fc1", "fc7": "fc2"}
"""Our convolution blocks, and what `keras.applications.VGG16` calls the dense layers that they stand for."""


def FCN32s(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    classifier_channels=None,
    dropout=0.5,
    name="FCN32s",
):
    """The network without skips as a functional Keras model, for images of any size.

    VGG16's fully connected layers become convolutions of 7x7 and 1x1 (section 3.1), a 1x1 convolution gives class
    scores at a stride of 32, and fixed bilinear interpolation enlarges them to the image, edge pixels repeated.
    `load_classifier` makes a trained VGG16 the start.

    Where this differs from the authors' network: batch normalisation behind each convolution in place of its bias; the
    scores start random instead of zero (the paper found no difference), so that every layer below has a gradient from
    the first step; zeros are padded at each convolution, while theirs pads the image by 100 pixels and crops the
    scores.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        classifier_channels: of both fully connected layers; None for the encoder's own, which are 4096 in VGG16 and
            none in an encoder that has no such layers.
        dropout: rate after each fully connected layer.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown encoder, or one without features at the strides that are needed.
    """
    return _fcn(num_classes, image_shape, encoder, width, classifier_channels, dropout, name, skips={})


def FCN16s(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    classifier_channels=None,
    dropout=0.5,
    name="FCN16s",
):
    """FCN-32s with one skip: scores of pool4 are added at a stride of 16.

    The coarse scores are doubled in size by a transposed convolution of kernel 4, which starts as bilinear
    interpolation and is trained (section 4.2). The skip's scores start at zero: before training, the network predicts
    what FCN-32s does. An encoder without poolings gives its last features of stride 16 instead of pool4.

    The authors start from a trained FCN-32s. Ours has all layers of `FCN32s` by the same names, but the course trains
    it in one go.

    Args, returned value and errors are those of `FCN32s`.
    """
    return _fcn(num_classes, image_shape, encoder, width, classifier_channels, dropout, name, skips={16: "pool4"})


def FCN8s(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    classifier_channels=None,
    dropout=0.5,
    name="FCN8s",
):
    """FCN-16s with a second skip: scores of pool3 are added at a stride of 8, in the same way.

    Args, returned value and errors are those of `FCN32s`.
    """
    skips = {16: "pool4", 8: "pool3"}
    return _fcn(num_classes, image_shape, encoder, width, classifier_channels, dropout, name, skips)


def _fcn(num_classes, image_shape, encoder, width, classifier_channels, dropout, name, skips):
    """The network with the skips given, stride to name, coarse to fine."""
    images, x = image_input(image_shape)
    card = look_up_encoder(encoder)
    stages = encode(x, card, width)
    classifier = card.classifier
    if classifier_channels is not None:
        classifier = tuple((classifier_channels, size) for _, size in classifier or VGG16.classifier)
    x = fully_connected(_pooled_at(stages, 32), classifier, width, dropout)
    scores, stride = keras.layers.Conv2D(num_classes, 1, name="score_fr")(x), 32
    for stride, skip in skips.items():
        fine = keras.layers.Conv2D(num_classes, 1, kernel_initializer="zeros", name=f"score_{skip}")(
            _pooled_at(stages, stride)
        )
        coarse = keras.layers.Conv2DTranspose(
            num_classes,
            4,
            2,
            padding="same",
            use_bias=False,
            kernel_initializer=BilinearStart(),
            name=f"upscore_{skip}",
        )(scores)
        coarse = CropLike(name=f"upscore_{skip}_crop")([coarse, fine])
        scores = keras.layers.Add(name=f"fuse_{skip}")([coarse, fine])
    scores = InterpolationUpsampling2D(stride, dtype="float32", name=f"upscore{stride}")(scores)
    return keras.Model(images, CropLike(dtype="float32", name="logits")([scores, images]), name=name)


def _pooled_at(stages, stride):
    """What the encoder pooled to this stride; its last features there, where it did not pool."""
    pooled = [stage.pooled for stage in stages if stage.pooled is not None and 2 * stage.stride == stride]
    return pooled[-1] if pooled else features_at(stages, stride)


@keras.saving.register_keras_serializable(package="course_utils")
class BilinearStart(keras.initializers.Initializer):
    """For the kernel of a transposed convolution: bilinear interpolation of every channel by itself (section 4.3).

    A kernel of `2 * factor` in each direction, for strides of `factor`; as many channels go in as come out.
    """

    def __call__(self, shape, dtype=None):
        taps = interpolation_kernel("bilinear", shape[0] // 2)
        kernel = np.multiply.outer(np.outer(taps, taps), np.eye(*shape[2:]))
        return keras.ops.convert_to_tensor(kernel, dtype or "float32")


def load_classifier(model, source="imagenet"):
    """Gives an FCN the weights of a VGG16 that classifies images: its convolutions and its first two dense layers.

    In inference the features behind fc7 are then exactly the classifier's, wherever the 7x7 places of fc6 lie within
    the image. The last dense layer, one score for each of ImageNet's classes, is not used. Any network with VGG16's
    encoder, fc6 and fc7 will do, so `LRR` does, too.

    Args:
        model: on the encoder "vgg16" at full width, with its own fully connected layers.
        source: "imagenet", which Keras downloads and keeps; the path of a weights file of `keras.applications.VGG16`
            with dense layers; or such a model.

    Raises:
        CourseError: no network, a file that does not fit, or other layers than VGG16's; nothing has been copied then.
    """
    if not isinstance(source, keras.Model):
        source = application("VGG16", source, include_top=True)
    ours = {layer.name: layer for layer in model.layers}
    theirs = {layer.name: layer for layer in source.layers}
    if absent := [name for name in ("encoder_vgg16_block1_conv1", *DENSE) if name not in ours]:
        raise CourseError(
            f"Model {model.name!r} has no layer {absent[0]}. Build it with encoder='vgg16' and its own classifier."
        )
    if absent := [name for name in ("block1_conv1", *DENSE.values()) if name not in theirs]:
        raise CourseError(
            f"Model {source.name!r} has no layer {absent[0]}. Give a keras.applications.VGG16(include_top=True)."
        )
    blocks = {}
    for name, dense in DENSE.items():
        kernel, bias = theirs[dense].get_weights()
        shape = tuple(ours[name].kernel.shape)
        if (np.prod(shape[:3]), shape[3]) != kernel.shape:
            raise CourseError(
                f"{dense} of model {source.name!r} has a kernel of shape {kernel.shape}, which does not become one of "
                f"{shape} as in {name} of model {model.name!r}. Build the model with width=1 and its own classifier."
            )
        blocks[name] = kernel.reshape(shape), bias
    copy_vgg16(model, source)
    for name, block in blocks.items():
        set_block(ours[name], [ours[f"{name}_bn"]], *block)


LAPTOP = {"encoder": "slim", "width": 0.5, "classifier_channels": 512}
"""Fully connected layers of 256 channels: little work at a stride of 32, and about the weights of the encoder."""

FCN32S_CARD = System(FCN32s, "Long et al., CVPR 2015", laptop=LAPTOP)
FCN16S_CARD = System(FCN16s, "Long et al., CVPR 2015", laptop=LAPTOP)
FCN8S_CARD = System(FCN8s, "Long et al., CVPR 2015", laptop=LAPTOP)
