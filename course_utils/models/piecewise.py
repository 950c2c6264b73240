"""Piecewise: a conditional random field on feature maps whose potentials are networks, trained piece by piece.

Lin, Shen, van den Hengel and Reid, "Efficient piecewise training of deep structured models for semantic
segmentation", CVPR 2016, sections 2 to 6.
"""

from course_utils.backend import keras
from course_utils.layers import PairwiseMeanField, PairwisePotentials, ResizeLike
from course_utils.losses.piecewise import NodeCrossEntropy, PairCrossEntropy
from course_utils.models.blocks import convolution_block, image_input
from course_utils.models.deeplab_v2 import at_scales, refine
from course_utils.models.encoders import deepest, encode, look_up_encoder
from course_utils.models.encoders.base import scaled
from course_utils.models.system_card import SLIM_HALF, System

SCALES = (1.2, 0.8, 0.4)
WINDOWS = (5, 9)
LAST_BLOCK = ((512, 3), (512, 3))
"""Channels and kernel size of the convolutions that each scale has for itself."""

SURROUNDING = ((0, 1), (1, 0), (1, 1), (1, -1))
"""From a node to four of the eight around it; to the other four it is the neighbour."""

ABOVE = ((2, -1), (2, 0), (2, 1))
"""From a node to three two rows below."""


def Piecewise(
    num_classes,
    image_shape=(None, None, 3),
    encoder="vgg16",
    width=1.0,
    output_stride=16,
    surrounding=SURROUNDING,
    above=ABOVE,
    iterations=3,
    crf=False,
    auxiliary=False,
    name="Piecewise",
):
    """The network as a functional Keras model, for images of any size.

    FeatMap-Net takes the image at three scales. All share the encoder, and each has a last block of its own; sliding
    pyramid pooling puts the maxima over 5x5 and 9x9 places beside it, and the three maps, in the size of the largest,
    are concatenated. Each place is a node of the field. One network gives every node its class scores, one more for
    each of two relations, "surrounding" and "above/below", gives every pair of neighbours its scores for pairs of
    classes. Mean field joins them, and its logits are resized to the image.

    With `auxiliary` the pieces are outputs, to be trained by `course_utils.losses.piecewise`: then no inference
    runs in training. A loss on the logits trains the same weights through the iterations of mean field instead.

    Where this is less than the paper: a node has 14 neighbours at fixed shifts, of all in range boxes 0.4 times as
    wide as the shorter side of the map (of which the journal version, "Exploring context with deep structured models",
    PAMI 2018, samples 24); the scores of the dense CRF that refines the paper's result
    are off unless asked for, as in `DeepLabV2`. Where it is other: batch normalisation follows the convolutions, and
    the last pooling of the encoder keeps the size, which gives the paper's stride of 16.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        encoder: name of an encoder (see `course_utils.models.encoders`).
        width: multiplier of all channel counts.
        output_stride: pixels of the scaled image between two features.
        surrounding: `(rows, columns)` from a node to the nodes of this relation, each pair once.
        above: `(rows, columns)` from a node to the nodes that it is above of.
        iterations: of mean field.
        crf: refine the resized logits by a dense CRF; True, or a dictionary of options of `DenseCRF`.
        auxiliary: also give the scores of each piece.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32; with `auxiliary` to a dictionary of them, "logits", of "unary" `[batch, rows, columns, num_classes]`
        and of "surrounding" and "above" `[batch, rows, columns, shifts, num_classes, num_classes]`.

    Raises:
        CourseError: unknown encoder or output stride.
    """
    images, normalized = image_input(image_shape)
    features = feature_map(normalized, encoder, width, output_stride)
    hidden = scaled(512, width)
    x = convolution_block(features, hidden, 1, name="unary_hidden")
    pieces = {"unary": keras.layers.Conv2D(num_classes, 1, name="unary_scores")(x)}
    for relation, shifts in (("surrounding", surrounding), ("above", above)):
        pieces[relation] = PairwisePotentials(num_classes, shifts, hidden, name=f"{relation}_scores")(features)
    pieces = {key: keras.layers.Activation("linear", dtype="float32", name=key)(x) for key, x in pieces.items()}

    pairwise = keras.layers.Concatenate(axis=3, dtype="float32", name="pairwise")(
        [pieces["surrounding"], pieces["above"]]
    )
    x = PairwiseMeanField((*surrounding, *above), iterations, dtype="float32", name="mean_field")(
        [pieces["unary"], pairwise]
    )
    x = ResizeLike(dtype="float32", name="unrefined" if crf else "logits")([x, images])
    logits = refine(x, images, crf) if crf else x
    return keras.Model(images, {"logits": logits, **pieces} if auxiliary else logits, name=name)


def feature_map(images, encoder, width, output_stride):
    """FeatMap-Net (sections 2 and 4): `[batch, rows, columns, 9 * 512 * width]`."""

    card = look_up_encoder(encoder)

    def shared(x):
        return deepest(encode(x, card, width, output_stride=output_stride))

    # Before its last block each scale has VGG16's first fully connected layer; other encoders have none.
    maps, block = [], card.classifier[:1] + LAST_BLOCK
    for number, x in enumerate(at_scales(shared, images, SCALES), start=1):
        for convolution, (channels, size) in enumerate(block, start=1):
            x = convolution_block(x, scaled(channels, width), size, name=f"scale{number}_conv{convolution}")
        pooled = [
            keras.layers.MaxPooling2D(window, strides=1, padding="same", name=f"scale{number}_pool{window}")(x)
            for window in WINDOWS
        ]
        x = keras.layers.Concatenate(name=f"scale{number}_pyramid")([x, *pooled])
        maps.append(ResizeLike(name=f"scale{number}_resize")([x, maps[0]]) if maps else x)
    return keras.layers.Concatenate(name="feature_map")(maps)


def _auxiliary(class_weights):
    """Section 6: a loss for each network of potentials; that of the logits is our own."""
    pairs = {"surrounding": SURROUNDING, "above": ABOVE}
    losses = {"unary": (NodeCrossEntropy(class_weights), 1.0)}
    return losses | {relation: (PairCrossEntropy(shifts), 1.0) for relation, shifts in pairs.items()}


PIECEWISE_CARD = System(Piecewise, "Lin et al., CVPR 2016", _auxiliary, laptop=SLIM_HALF)
