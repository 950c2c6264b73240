"""Scoring a folder of predicted label-id PNGs, as the official Cityscapes script does."""

import bisect
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.datasets.frames import Frame, label_map
from course_utils.errors import CourseError
from course_utils.evaluation.scores import Scores, Tally
from course_utils.labels import LabelTable
from course_utils.progress import Progress


def score_folder(folder, frames: Sequence[Frame], table: LabelTable) -> Scores:
    """Score predictions against a data set split.

    Args:
        folder: searched with all its subfolders for one PNG for each frame, whose name starts with the frame's name.
            It holds label ids (not train ids) in one 8-bit channel, at the size of the frame's label map.
        frames: from `course_utils.datasets.frames`.
        table: the data set's labels.

    Returns:
        the scores; iIoU among them if the frames have instance maps.

    Raises:
        CourseError: a prediction is missing, ambiguous, unreadable, of another size or kind, or holds ids outside the
            table. There is no score for part of a split.
    """
    predictions = find_predictions(folder, [frame.name for frame in frames])

    def tally(pair):
        frame, path = pair
        return tally_frame(frame, read_ids(path), table, path)

    total = Tally(table)
    with Progress("Scoring", total=len(frames)) as progress:
        for part in in_order(tally, zip(frames, predictions, strict=True)):
            total += part
            progress.update(total.frames)
    if total.looks_like_train_ids():
        raise CourseError(
            f"The predictions in {folder} look like train ids (0 .. {table.num_classes - 1}), not label ids: "
            "convert them with LabelTable.to_label_ids before they are saved."
        )
    return total.scores()


def tally_frame(frame: Frame, prediction: np.ndarray, table: LabelTable, source="the prediction") -> Tally:
    """Count one frame, from its files and its prediction.

    Args:
        frame: with a label.
        prediction: label ids, uint8 [height, width].
        table: the data set's labels.
        source: where the prediction came from, for messages.

    Raises:
        CourseError: naming the file that cannot be scored, and why.
    """
    truth, labels = _truth(frame, table)
    if truth.shape != prediction.shape:
        sizes = [f"{width}x{height}" for height, width in (prediction.shape, truth.shape)]
        raise CourseError(f"{source} measures {sizes[0]}, but {labels} {sizes[1]}: predict at the label's size.")
    instances = None if frame.instances is None else read_ids(frame.instances, sixteen_bit=True)
    tally = Tally(table)
    try:
        tally.update(truth, prediction, instances)
    except CourseError as error:
        raise CourseError(f"Cannot score {source} against {labels}: {error}") from error
    return tally


def _truth(frame: Frame, table: LabelTable) -> tuple[np.ndarray, Path]:
    """Label ids of a frame, and the file they come from."""
    if frame.label is not None:
        return read_ids(frame.label), frame.label
    return table.to_label_ids(label_map(frame, table)), frame.image


def find_predictions(folder, names: Sequence[str]) -> list[Path]:
    """The prediction of each frame: the one PNG below `folder` whose name starts with the frame's.

    Raises:
        CourseError: the folder does not exist, or a frame has no prediction or several.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder} with predictions.")
    files = sorted(
        (name, parent) for parent, _, found in os.walk(folder) for name in found if name.lower().endswith(".png")
    )
    if not files:
        raise CourseError(f"There is no PNG file below {folder}: predictions are PNG files of label ids.")
    predictions, missing = [], []
    for name in names:
        first = bisect.bisect_left(files, (name, ""))
        matches = [Path(parent, file) for file, parent in files[first : first + 2] if file.startswith(name)]
        if len(matches) > 1:
            raise CourseError(f"Frame {name} has several predictions, {matches[0]} and {matches[1]}: leave one.")
        if matches:
            predictions += matches
        else:
            missing.append(name)
    if missing:
        raise CourseError(
            f"{len(missing)} of {len(names)} frames have no prediction below {folder}; "
            f"the first would be named {missing[0]}*.png."
        )
    return predictions


def read_ids(path, sixteen_bit: bool = False) -> np.ndarray:
    """Read a PNG of ids.

    Args:
        path: the file.
        sixteen_bit: whether ids above 255 may occur, as in instance maps.

    Returns:
        [height, width], uint8, or a wider integer type if `sixteen_bit` and the file has it.

    Raises:
        CourseError: the file cannot be read, or has several channels, or 16 bits where 8 are wanted.
    """
    try:
        with Image.open(path) as image:
            mode = image.mode
            ids = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CourseError(f"Cannot read {path}: {error}. Write or download it again.") from error
    if ids.ndim != 2:
        raise CourseError(f"{path} is a picture ({mode}): wanted are ids in one channel, not colours.")
    if not np.issubdtype(ids.dtype, np.integer):
        raise CourseError(f"{path} holds {ids.dtype} ({mode}): wanted are ids in one channel of 8 bits.")
    if ids.dtype != np.uint8 and not sixteen_bit:
        raise CourseError(f"{path} has 16 bits a pixel ({mode}): label ids are wanted in one channel of 8 bits.")
    return ids


def in_order(function: Callable, items: Iterable) -> Iterator:
    """Results of `function` in the order of `items`, computed by threads that run only a few items ahead."""
    workers = min(4, os.cpu_count() or 1)
    waiting = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
