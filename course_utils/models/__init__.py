"""Networks for semantic segmentation: functions that return `keras.Model`s, one file per system.

Each file ends in the system's card, and `SYSTEMS` holds the cards. To add a system, write its file, import its function
and its card here, and enter the card.

Trained weights at full width, beside those of references, whose lists of layers were added up where they publish no
count (tests/models/test_published_counts.py explains every difference to the last weight):

System (classes)              ours        reference    of
FCN32s (21)                   134,358,997 134,346,581  shelhamer/fcn.berkeleyvision.org
FCN16s (21)                   134,376,826 134,364,410  the same
FCN8s (21)                    134,389,279 134,376,863  the same
SegNet (11)                   29,441,419  29,449,355   alexgkendall/SegNet-Tutorial
SegNetBasic (11)              1,416,075   1.425 M      the paper's table 1
PSPNet, ResNet-50 (19)        48,956,262  49,080,038   hszhao/semseg
DeepLabV2 (21)                44,048,532  44,048,532   kazuto1011/deeplab-pytorch
DeepLabV3 (21)                58,040,661  60,996,202   torchvision
DeepLabV3Plus (19)            59,343,795  59,343,795   jfzhang95/pytorch-deeplab-xception
LRR (19)                      159,809,720 159,797,304  golnazghiasi/LRR
GSCNN, ResNet-50 (19)         40,528,033
  less DeepLabV3Plus          176,366     172,206      nv-tlabs/GSCNN
Piecewise (21)                399,013,703              none is published
SegFormer (19)                3,719,027   3,719,027    keras-team/keras-hub
VGG16                         14,718,912  14,714,688   torchvision
MiT-B0                        3,319,392   3,319,392    keras-team/keras-hub
DarkNet-19                    19,817,376  19,817,376   pjreddie/darknet
ResNet-50                     23,508,032  23,508,032   torchvision
ResNet-101                    42,500,160  42,500,160   torchvision
MobileNetV2                   1,811,712   1,811,712    torchvision
EfficientNet-Lite0            2,958,848   2,958,848    its paper's table 1
  whole classifier (1000)     4,652,008   4.65 M       timm (its authors: 4.7 M)

* SegNet: the reference has a bias before each batch normalisation. The paper's figures are multiples of 0.025 M.
* PSPNet: with its second loss; the reference begins with three 3x3 convolutions instead of one of 7x7.
* DeepLabV3: the reference has one 3x3 convolution more in front of the scores, and a loss half-way.
* FCN, LRR, VGG16: batch normalisation where the reference has a bias. LRR's bases and FCN's last bilinear layer are
  fixed and not counted. FCN's paper says 134 M.
* GSCNN: our gradient of the image enters by a convolution of its own at the start of the shape stream.
* SegFormer: with 150 classes 3,752,694; the paper's table 1 says 3.8 M.
* Encoders: without what classifies, MobileNetV2 and EfficientNet-Lite0 also without the last convolution to 1280
  channels.
"""

# ruff: noqa: F401  (the functions of the systems are in __all__ by way of their cards)

from course_utils import weights
from course_utils.errors import CourseError
from course_utils.models.deeplab_v2 import DEEPLAB_V2_CARD, DeepLabV2
from course_utils.models.deeplab_v3 import DEEPLAB_V3_CARD, DeepLabV3
from course_utils.models.deeplab_v3_plus import DEEPLAB_V3_PLUS_CARD, DeepLabV3Plus
from course_utils.models.encoders.classifier import classifier
from course_utils.models.encoders.imagenet.classes import imagenet_classes
from course_utils.models.encoders.transfer import copy_encoder, encoder_layers, load_imagenet_weights
from course_utils.models.fcn import FCN8S_CARD, FCN16S_CARD, FCN32S_CARD, FCN8s, FCN16s, FCN32s
from course_utils.models.gscnn import GSCNN, GSCNN_CARD
from course_utils.models.lrr import LRR, LRR_CARD
from course_utils.models.piecewise import PIECEWISE_CARD, Piecewise
from course_utils.models.pspnet import PSPNET_CARD, PSPNet
from course_utils.models.segformer import SEGFORMER_CARD, SegFormer
from course_utils.models.segnet import SEGNET_CARD, SegNet
from course_utils.models.segnet_basic import SEGNET_BASIC_CARD, SegNetBasic
from course_utils.models.system_card import System
from course_utils.names import look_up

SYSTEMS: dict[str, System] = {
    card.name: card
    for card in (
        FCN32S_CARD,
        FCN16S_CARD,
        FCN8S_CARD,
        SEGNET_CARD,
        SEGNET_BASIC_CARD,
        PSPNET_CARD,
        DEEPLAB_V2_CARD,
        DEEPLAB_V3_CARD,
        DEEPLAB_V3_PLUS_CARD,
        LRR_CARD,
        PIECEWISE_CARD,
        GSCNN_CARD,
        SEGFORMER_CARD,
    )
}
"""Name to card, of every system that the course brings."""

__all__ = [
    "SYSTEMS",
    "System",
    "classifier",
    "copy_encoder",
    "encoder_layers",
    "imagenet_classes",
    "load_encoder_weights",
    "load_imagenet_weights",
    "pretrained",
    "system",
    *SYSTEMS,
]


def system(name) -> System:
    """The card of a system.

    Args:
        name: a key of `SYSTEMS`, `module:NAME` for one of your own, or a card. Instead of a card a function that builds
            the network will do: `build(num_classes, **options)`.

    Raises:
        CourseError: there is no such system.
    """
    found = look_up(name, SYSTEMS, "model") if isinstance(name, str) else name
    if isinstance(found, System):
        return found
    if not callable(found):
        raise CourseError(f"{name} is of type {type(found).__name__}: give a course_utils.models.System or a function.")
    return System(found)


def load_encoder_weights(model, source: str) -> str:
    """Gives the encoder of a model the weights of one that has learnt already.

    Args:
        model: any network of the course.
        source: SYSTEM/DATASET takes the encoder of a network that the course ships; else as for
            `load_imagenet_weights`.

    Returns:
        what the weights are, as a sentence.

    Raises:
        CourseError: the encoders differ, or as for `load_imagenet_weights`.
    """
    if source not in weights.shipped():
        return str(load_imagenet_weights(model, source))
    copy_encoder(pretrained(*source.split("/")), model)
    return f"Encoder of {source}, which the course has trained."


def pretrained(system: str, dataset: str, *, training: bool = False):
    """A network that the course has trained itself and ships; `course_utils.weights.card` tells more of it.

    Args:
        system: a key of `SYSTEMS`.
        dataset: what it was trained on: "toy_streets" or "camvid".
        training: whether it has the outputs that only training looks at, too. Layers that are there for these alone
            are not shipped and have random weights.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        in float32. It sees images best at the `image_size` of its card; `course_utils.inference.Predictor` resizes.

    Raises:
        CourseError: no such network is shipped, or its file is damaged.
    """
    card = weights.card(f"{system}/{dataset}")
    content = weights.unpack(card.read_weights())
    network = SYSTEMS[card.system].network(len(card.classes), training=training, **card.options)
    by_name = {weight.path: weight for weight in network.weights}
    for name, values in content.items():
        by_name[name].assign(values)
    return network
