"""Networks for semantic segmentation, one file a system: functions that return `keras.Model`s."""

from course_utils.models.classifier import classifier
from course_utils.models.segnet import SegNet
from course_utils.models.segnet_basic import SegNetBasic
from course_utils.models.transfer import copy_encoder, encoder_layers, load_imagenet_weights

__all__ = ["SegNet", "SegNetBasic", "classifier", "copy_encoder", "encoder_layers", "load_imagenet_weights"]
