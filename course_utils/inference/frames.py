"""Prediction and scores of the frames of a data set."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from course_utils.datasets.frames import Frame
from course_utils.evaluation import Scores, Tally, tally_frame
from course_utils.evaluation.files.in_order import in_order
from course_utils.images import read_image
from course_utils.inference.prediction import Predictor
from course_utils.labels import LabelTable
from course_utils.progress import Progress

BATCH_PIXELS = 1 << 19
"""`predict_frames` batches images up to this many pixels: larger batches cost memory and gain no time."""


def predict_frames(predictor: Predictor, frames: Iterable[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
    """Predict the frames of a data set, in order, with the next images read in the background.

    Args:
        predictor: the network.
        frames: from `course_utils.datasets.frames`.

    Yields:
        `(frame, train_ids)`, the latter uint8 [height, width] at the size of the frame's image.
    """
    waiting = []
    for frame, image in in_order(lambda frame: (frame, read_image(frame.image)), frames):
        if waiting and (waiting[0][1].shape != image.shape or (len(waiting) + 1) * image.size > 3 * BATCH_PIXELS):
            yield from _predict_batch(predictor, waiting)
            waiting = []
        waiting.append((frame, image))
    if waiting:
        yield from _predict_batch(predictor, waiting)


def score_frames(
    predictor: Predictor, frames: Sequence, labels: LabelTable, *, title="Scoring", save=None, tolerances=(), factors=()
) -> Scores:
    """Predict the frames of a data set and score the predictions against its files.

    Args:
        predictor: the network.
        frames: labelled frames, from `course_utils.datasets.frames`.
        labels: those of the data set.
        title: what the progress line says.
        save: called with `(label_ids, frame)` for each prediction, uint8 [height, width].
        tolerances: of boundary F, which may take longer than the network; none leave it out.
        factors: at which IoU in crops towards the vanishing point is computed; none leave it out.

    Returns:
        the scores; iIoU among them if the frames have instance maps.
    """
    total = Tally(labels, tolerances, factors)
    with Progress(title, total=len(frames)) as progress:
        for frame, train_ids in predict_frames(predictor, frames):
            label_ids = labels.to_label_ids(train_ids)
            if save is not None:
                save(label_ids, frame)
            total += tally_frame(frame, label_ids, labels, f"the prediction for {frame.image}", tolerances, factors)
            progress.update(total.frames)
    return total.scores()


def _predict_batch(predictor, pairs):
    frames, images = zip(*pairs, strict=True)
    return zip(frames, predictor(np.stack(images)), strict=True)
