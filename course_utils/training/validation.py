"""Scores of a network while it is being trained."""

from collections.abc import Callable, Sequence

import numpy as np

from course_utils.datasets import Dataset, Frame
from course_utils.evaluation import ConfusionMatrix
from course_utils.inference import Predictor, predict_frames
from course_utils.training.objectives import prediction_network


def confusion_on(model, batches, num_classes: int) -> ConfusionMatrix:
    """Count a network's predictions over a data set, at the network's own resolution.

    Args:
        model: from images `[batch, height, width, 3]` to logits `[batch, height, width, num_classes]`, or to a
            dictionary with them.
        batches: images and train ids `[batch, height, width]`, of which void does not count.
        num_classes: number of classes.
    """
    confusion, model = ConfusionMatrix(num_classes), prediction_network(model)
    for images, labels in batches:
        logits = model.predict_on_batch(np.asarray(images))
        confusion.update(np.asarray(labels), np.argmax(logits, axis=-1).astype(np.uint8))
    return confusion


def confusion_of_frames(
    predictor: Predictor, data: Dataset, frames: Sequence[Frame], counted: Callable[[str], None] | None = None
) -> ConfusionMatrix:
    """Count a network's predictions over frames of a data set, at the labels' own resolution.

    Args:
        predictor: the network.
        data: the data set.
        frames: with labels.
        counted: called with the name of each frame that has been counted.
    """
    confusion = ConfusionMatrix(data.labels.num_classes)
    for frame, train_ids in predict_frames(predictor, frames):
        confusion.update(data.label_map(frame), train_ids)
        if counted:
            counted(frame.name)
    return confusion
