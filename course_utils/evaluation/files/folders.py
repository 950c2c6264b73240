"""Scoring a folder of predicted label-id PNGs, as the official Cityscapes script does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from course_utils.datasets.frames import Frame, label_map
from course_utils.errors import CourseError
from course_utils.evaluation.files.in_order import in_order
from course_utils.evaluation.files.prediction_files import Matches, match_predictions
from course_utils.evaluation.scores import Scores
from course_utils.evaluation.tally import Tally
from course_utils.images import read_ids
from course_utils.labels import LabelTable
from course_utils.progress import Progress


def score_folder(
    folder,
    frames: Sequence[Frame],
    labels: LabelTable,
    *,
    partial: bool = False,
    tolerances: Sequence[float] = (),
    factors: Sequence[float] = (),
) -> Scores:
    """Score predictions against a data set split.

    Args:
        folder: searched with all its subfolders for one PNG per frame, whose name starts with the frame's name.
            It holds label ids (not train ids) in one 8-bit channel, at the size of the frame's label map.
        frames: from `course_utils.datasets.frames`.
        labels: those of the data set.
        partial: score what there is: leave out frames that cannot be scored and files that belong to no frame, and
            say so in the scores' `notes`.
        tolerances: of boundary F, which takes longer than all the rest; none leave it out.
        factors: at which IoU in crops towards the vanishing point is computed; none leave it out.

    Returns:
        the scores; iIoU among them if the frames have instance maps.

    Raises:
        CourseError: a prediction is missing, ambiguous, unreadable, of another size or kind, or holds ids that
            are no labels, files belong to no frame, or the predictions are train ids; with `partial`, nothing can be
            scored.
    """
    matches = match_predictions(folder, [frame.name for frame in frames])
    if not partial:
        matches.refuse_unless_complete()

    def tally(frame):
        path = matches.files[frame.name]
        try:
            return tally_frame(frame, read_ids(path), labels, path, tolerances, factors)
        except CourseError as error:
            if not partial:
                raise
            return error

    matched = [frame for frame in frames if frame.name in matches.files]
    total, refused, doubtful = Tally(labels, tolerances, factors), [], []
    with Progress("Scoring", total=len(matched)) as progress:
        for number, part in enumerate(in_order(tally, matched)):
            if isinstance(part, Tally):
                total += part
                if part.looks_like_train_ids():
                    doubtful.append(part.per_frame[0].name)
            else:
                refused.append(part)
            progress.update(number + 1)
    if refused and not total.frames:
        raise CourseError(f"None of the {len(matched)} predictions below {folder} can be scored. {refused[0]}")
    if doubtful and not partial:
        raise CourseError(
            f"{len(doubtful)} of the {len(matched)} predictions in {folder} look like train ids "
            f"(0 .. {labels.num_classes - 1}), not label ids, such as {matches.files[doubtful[0]].name}: convert them "
            "with LabelTable.to_label_ids before they are saved."
        )
    return replace(total.scores(), notes=tuple(_notes(matches, refused, doubtful)))


def _notes(matches: Matches, refused: list[CourseError], doubtful: list[str]) -> Iterator[str]:
    """What was left out, and what the scores cannot be trusted for."""
    left_out = len(matches.missing) + len(matches.several) + len(refused)
    if left_out:
        number = len(matches.names)
        yield f"PARTIAL: scored {number - left_out} of {number} frames, so these are not the scores of the split."
    if matches.missing:
        yield f"Frames without a prediction: {len(matches.missing)}, such as {matches.missing[0]}."
    if matches.several:
        yield f"Frames with several predictions: {len(matches.several)}, such as {next(iter(matches.several))}."
    if refused:
        yield f"Predictions that cannot be scored: {len(refused)}. {refused[0]}"
    if matches.strangers:
        yield f"PNG files that belong to no frame: {len(matches.strangers)}, such as {matches.strangers[0].name}."
    if doubtful:
        yield (
            f"Predictions that look like train ids: {len(doubtful)}, such as {doubtful[0]}. They were scored as label "
            "ids: the scores mean nothing."
        )


def tally_frame(
    frame: Frame,
    prediction: np.ndarray,
    labels: LabelTable,
    source="the prediction",
    tolerances: Sequence[float] = (),
    factors: Sequence[float] = (),
) -> Tally:
    """Count one frame, from its files and its prediction.

    Args:
        frame: with a label.
        prediction: label ids, uint8 [height, width].
        labels: those of the data set.
        source: where the prediction came from, for messages.
        tolerances: of boundary F.
        factors: at which IoU in crops is computed.

    Raises:
        CourseError: naming the file that cannot be scored, and why.
    """
    truth, truth_file = _truth(frame, labels)
    if truth.shape != prediction.shape:
        sizes = [f"{width}x{height}" for height, width in (prediction.shape, truth.shape)]
        raise CourseError(
            f"{source} measures {sizes[0]}, but {truth_file} {sizes[1]}: predict at the size of the label map."
        )
    instances = None if frame.instances is None else read_ids(frame.instances, sixteen_bit=True)
    tally = Tally(labels, tolerances, factors)
    try:
        tally.update(truth, prediction, instances, frame.name, frame.city)
    except CourseError as error:
        raise CourseError(f"Cannot score {source} against {truth_file}: {error}") from error
    return tally


def _truth(frame: Frame, labels: LabelTable) -> tuple[np.ndarray, Path]:
    """Label ids of a frame, and the file they come from."""
    if frame.label is not None:
        return read_ids(frame.label), frame.label
    return labels.to_label_ids(label_map(frame, labels)), frame.image
