"""Prediction at an image's own resolution, plain or by windows, scales and mirror images."""

from course_utils.images import read_photo
from course_utils.inference.files import save_label_ids
from course_utils.inference.frames import predict_frames, score_frames
from course_utils.inference.prediction import Predictor, predict, predict_logits
from course_utils.inference.views import Views

__all__ = [
    "Predictor",
    "Views",
    "predict",
    "predict_frames",
    "predict_logits",
    "read_photo",
    "save_label_ids",
    "score_frames",
]
