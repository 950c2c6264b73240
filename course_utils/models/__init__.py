"""Networks for semantic segmentation, one file a system: functions that return `keras.Model`s."""

from course_utils.models.segnet import SegNet

__all__ = ["SegNet"]
