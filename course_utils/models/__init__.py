"""Networks for semantic segmentation, one file a system: functions that return `keras.Model`s."""

from course_utils.models.classifier import classifier
from course_utils.models.deeplab_v2 import DeepLabV2
from course_utils.models.deeplab_v3 import DeepLabV3
from course_utils.models.deeplab_v3_plus import DeepLabV3Plus
from course_utils.models.gscnn import GSCNN
from course_utils.models.lrr import LRR
from course_utils.models.piecewise import Piecewise
from course_utils.models.pspnet import PSPNet
from course_utils.models.segnet import SegNet
from course_utils.models.segnet_basic import SegNetBasic
from course_utils.models.transfer import copy_encoder, encoder_layers, load_imagenet_weights

__all__ = [
    "GSCNN",
    "LRR",
    "DeepLabV2",
    "DeepLabV3",
    "DeepLabV3Plus",
    "PSPNet",
    "Piecewise",
    "SegNet",
    "SegNetBasic",
    "classifier",
    "copy_encoder",
    "encoder_layers",
    "load_imagenet_weights",
]
