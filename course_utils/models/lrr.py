"""LRR: scores drawn from class-specific bases at four resolutions, the finer ones refining the coarser's boundaries.

Ghiasi and Fowlkes, "Laplacian pyramid reconstruction and refinement for semantic segmentation", ECCV 2016, sections
3 and 4: LRR-4x.
"""

from course_utils.backend import keras
from course_utils.layers import BasisReconstruction, BoundaryMask, CropLike, InterpolationUpsampling2D
from course_utils.losses.cross_entropy import SegmentationCrossEntropy
from course_utils.models.blocks import image_input, symmetric_padding
from course_utils.models.encoders import deepest, encode, features_at, look_up_encoder
from course_utils.models.encoders.fully_connected import fully_connected
from course_utils.models.system_card import SLIM_HALF, System

STRIDES = (32, 16, 8, 4)
"""Image pixels between two features of a level, coarse to fine."""

FACTOR = 4
"""Of every level's reconstruction."""


def LRR(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    num_bases=10,
    train_bases=False,
    dropout=0.5,
    auxiliary=False,
    name="LRR",
):
    """The network as a functional Keras model, for images of any size.

    At each level a 5x5 convolution turns features into coefficients, 10 for each class, and `BasisReconstruction` turns
    those into scores at four times the resolution. The coarsest level's scores are doubled in size and corrected by the
    next level's, but near their boundaries only: `doubled + mask * finer`; and so on down to the image's resolution.
    With VGG16 the levels are conv3_3, conv4_3, conv5_3 and fc7 (its two fully connected layers as convolutions of 7x7
    and 1x1 to 4096 channels); another encoder gives its last features instead of fc7.

    Where this differs from the authors' code: batch normalisation; coefficients start small and random instead of
    zero, since a prediction without boundaries would leave every finer level without a gradient (theirs trains the
    coarsest level alone first); no additional objectives on dilated and eroded segments at the coarsest level. For 21
    classes theirs has 162,485,384 weights without those objectives and its fixed bases, ours 12,416 more: two numbers
    for each normalised channel instead of a bias.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        num_bases: basis patches of a class.
        train_bases: whether they are trained, see `BasisReconstruction`; `set_bases` puts in those of a data set.
        dropout: rate after each of VGG16's fully connected layers.
        auxiliary: also give the scores of the three coarser levels, enlarged to the image. Each has a loss of its own
            in training, with the weight of the last (section 4; the authors shrink the labels instead).
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32; with `auxiliary` to a dictionary of them, "logits", "x8", "x16" and "x32".

    Raises:
        CourseError: unknown encoder.
    """
    images, x = image_input(image_shape)
    card = look_up_encoder(encoder)
    stages = encode(x, card, width)
    features = {stride: features_at(stages, stride) for stride in STRIDES[1:]}
    features[32] = fully_connected(deepest(stages), card.classifier, width, dropout)

    outputs, scores = {}, None
    for stride in STRIDES:
        level = f"level{stride}"
        x, padding = symmetric_padding(features[stride], 5, 1, small_map=stride == 32, name=f"{level}_coefficients_pad")
        coefficients = keras.layers.Conv2D(num_classes * num_bases, 5, padding=padding, name=f"{level}_coefficients")(x)
        finer = BasisReconstruction(
            num_classes, num_bases, FACTOR, train_bases, dtype="float32", name=f"{level}_reconstruction"
        )(coefficients)
        scores = finer if scores is None else _refine(scores, finer, level)
        if stride > FACTOR:
            outputs[f"x{stride}"] = _enlarge(scores, stride // FACTOR, images, f"x{stride}")
    logits = CropLike(dtype="float32", name="logits")([scores, images])
    return keras.Model(images, {"logits": logits, **outputs} if auxiliary else logits, name=name)


def _refine(coarse, finer, level):
    """Section 4: the coarser scores, doubled in size, plus the finer ones near the boundaries."""
    coarse = _enlarge(coarse, 2, finer, f"{level}_coarse")
    mask = BoundaryMask(dtype="float32", name=f"{level}_mask")(coarse)
    detail = keras.layers.Multiply(dtype="float32", name=f"{level}_detail")([mask, finer])
    return keras.layers.Add(dtype="float32", name=f"{level}_refined")([coarse, detail])


def _enlarge(scores, factor, reference, name):
    """Bilinear upsampling by a whole factor, cut to the size of `reference`: strides round sizes up."""
    scores = InterpolationUpsampling2D(factor, dtype="float32", name=f"{name}_upsampling")(scores)
    return CropLike(dtype="float32", name=name)([scores, reference])


def set_bases(model, bases):
    """Puts the same bases into every level of an LRR, as the authors' code does.

    Args:
        model: made by `LRR`, or any with `BasisReconstruction` layers.
        bases: `[8, 8, num_classes, num_bases]`, as from `course_utils.layers.reconstruction.segment_bases`.
    """
    for layer in model.layers:
        if isinstance(layer, BasisReconstruction):
            layer.set_weights([bases])


def _auxiliary(class_weights):
    """Section 4: a loss at each level, all of one weight in the authors' code."""
    return {level: (SegmentationCrossEntropy(class_weights), 1.0) for level in ("x32", "x16", "x8")}


LRR_CARD = System(LRR, "Ghiasi and Fowlkes, ECCV 2016", _auxiliary, laptop=SLIM_HALF)
