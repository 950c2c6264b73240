"""Scores of a network while it is being trained, on batches at the network's own resolution."""

import numpy as np

from course_utils.evaluation import ConfusionMatrix
from course_utils.training.objectives import prediction_network


def confusion_on(model, batches, num_classes: int) -> ConfusionMatrix:
    """Count a network's predictions over a data set.

    Args:
        model: from images `[batch, height, width, 3]` to logits `[batch, height, width, num_classes]`, or to a
            dictionary with them.
        batches: images and train ids `[batch, height, width]`, of which void does not count.
        num_classes: number of classes.
    """
    confusion, model = ConfusionMatrix(num_classes), prediction_network(model)
    for images, labels in batches:
        confusion.update(labels.numpy(), np.argmax(model.predict_on_batch(images), axis=-1).astype(np.uint8))
    return confusion
