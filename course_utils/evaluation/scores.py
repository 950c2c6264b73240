"""From pixels to the table: counting frames in label ids, and the scores of a data set."""

import json
import math
from dataclasses import asdict, dataclass

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.confusion import ConfusionMatrix, nan_mean
from course_utils.evaluation.instances import InstanceCounts, count_instances, instance_iou
from course_utils.labels import VOID, LabelTable


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one data set split. All are shares in 0..1, NaN where a score is not defined.

    Attributes:
        frames: number of images.
        class_iou: intersection over union of each class.
        mean_iou: its mean over the classes that are present or predicted.
        category_iou, mean_category_iou: the same with the classes of a category taken as one.
        class_iiou, mean_iiou: instance-level IoU of the classes with instances; empty and NaN without instance maps.
        category_iiou, mean_category_iiou: the same for categories.
        class_accuracy, mean_class_accuracy: share of a class's pixels that were found.
        pixel_accuracy: share of all pixels that were predicted right.
        frequency_weighted_iou: IoU weighted by the classes' pixels.
        pixel_share: share of each class in the truth.
        confusion: the confusion matrix of train ids.
    """

    frames: int
    class_iou: dict[str, float]
    mean_iou: float
    category_iou: dict[str, float]
    mean_category_iou: float
    class_iiou: dict[str, float]
    mean_iiou: float
    category_iiou: dict[str, float]
    mean_category_iiou: float
    class_accuracy: dict[str, float]
    mean_class_accuracy: float
    pixel_accuracy: float
    frequency_weighted_iou: float
    pixel_share: dict[str, float]
    confusion: ConfusionMatrix

    def to_json(self, **about) -> str:
        """The attributes under their own names, NaN as null.

        `confusion` is a list of rows, and `missed` holds the pixels of each class predicted as void.

        Args:
            about: further entries, which come first.
        """
        values = {**about, **asdict(self)}
        values["confusion"] = self.confusion.matrix.tolist()
        values["missed"] = self.confusion.missed.tolist()
        return json.dumps(_null_for_nan(values), indent=2)

    def table(self) -> str:
        """The scores in per cent as text: a row for each class, the means, a row for each category."""
        with_instances = bool(self.class_iiou)
        columns = ["IoU", *(["iIoU"] if with_instances else []), "accuracy", "pixels"]

        def row(name, iou, iiou, *rest):
            return [name, iou, *([iiou] if with_instances else []), *rest]

        classes = [
            row(name, self.class_iou[name], self.class_iiou.get(name), self.class_accuracy[name], share)
            for name, share in self.pixel_share.items()
        ]
        mean = row("mean", self.mean_iou, self.mean_iiou, self.mean_class_accuracy)
        categories = [row(name, iou, self.category_iiou.get(name)) for name, iou in self.category_iou.items()]
        category_mean = row("mean", self.mean_category_iou, self.mean_category_iiou)
        width = 2 + max(map(len, ["frequency-weighted IoU", *self.class_iou, *self.category_iou]))

        def text(cells):
            head, *values = cells
            return head.ljust(width) + "".join(
                _cell(value).rjust(len(name) + 4) for value, name in zip(values, columns, strict=False)
            )

        def lines(head, rows, mean):
            header = text([head, *columns[: len(rows[0]) - 1]])
            rule = "─" * len(header)
            return [header, rule, *map(text, rows), rule, text(mean)]

        totals = [["pixel accuracy", self.pixel_accuracy], ["frequency-weighted IoU", self.frequency_weighted_iou]]
        return "\n".join(
            [*lines("class", classes, mean), "", *lines("category", categories, category_mean), "", *map(text, totals)]
        )


def _cell(value) -> str:
    if isinstance(value, str):
        return value
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}"


def _null_for_nan(value):
    if isinstance(value, dict):
        return {key: _null_for_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


class Tally:
    """Counts frames, from which `scores` follow; tallies of parts add up to the tally of the whole with `+=`.

    It counts in label ids, not in train ids, because iIoU of categories tells void ids apart.

    Args:
        table: the data set's labels.
    """

    def __init__(self, table: LabelTable):
        self.table = table
        self.frames = 0
        self.pixels = ConfusionMatrix(256, ignore_label=None)
        """Confusion matrix of label ids."""
        self.objects: list[InstanceCounts] = []
        """One entry for each frame that came with instances."""

    def update(self, truth: np.ndarray, prediction: np.ndarray, instances: np.ndarray | None = None) -> None:
        """Count one frame.

        Args:
            truth: label ids, uint8 [height, width].
            prediction: label ids, uint8 [height, width].
            instances: instance ids, integers [height, width], as Cityscapes' `instanceIds` files hold them.

        Raises:
            CourseError: sizes differ or an id is not in the table; the message says what, and the tally is unchanged.
        """
        pixels = ConfusionMatrix(256, ignore_label=None)
        pixels.update(truth, prediction)
        self._refuse_unknown(np.flatnonzero(pixels.matrix.any(axis=1)), "the label map")
        self._refuse_unknown(np.flatnonzero(pixels.matrix.any(axis=0)), "the prediction")
        if instances is not None:
            if instances.shape != prediction.shape:
                raise CourseError(f"the instance map measures {instances.shape}, the prediction {prediction.shape}.")
            self.objects.append(count_instances(self.table, prediction, instances))
        self.pixels += pixels
        self.frames += 1

    def _refuse_unknown(self, ids: np.ndarray, where: str) -> None:
        unknown = sorted(set(ids.tolist()) - {label.id for label in self.table.labels})
        if unknown:
            hint = " 255 is the void of train ids: convert train ids with LabelTable.to_label_ids." * (VOID in unknown)
            names = ", ".join(map(str, unknown))
            raise CourseError(f"{where} holds {names}, no label id of {self.table.dataset}.{hint}")

    def __iadd__(self, other: "Tally") -> "Tally":
        self.frames += other.frames
        self.pixels += other.pixels
        self.objects += other.objects
        return self

    @property
    def confusion(self) -> ConfusionMatrix:
        """The confusion matrix of train ids."""
        groups = [[] for _ in range(self.table.num_classes)]
        for label in self.table.labels:
            if label.train_id != VOID:
                groups[label.train_id].append(label.id)
        return self.pixels.merge(groups)

    def looks_like_train_ids(self) -> bool:
        """Whether the predictions seem to be train ids instead of label ids.

        They do if every value is a train id, some value means void as a label id (nobody predicts "ego vehicle"), and
        more pixels are right when the values are read as train ids.
        """
        truth = np.array([label.id for label in self.table.classes])
        predicted = np.flatnonzero(self.pixels.matrix[truth].any(axis=0))
        void = {label.id for label in self.table.labels if label.train_id == VOID}
        if predicted.size == 0 or predicted.max() >= len(truth) or not void.intersection(predicted.tolist()):
            return False
        right_as_label_ids = self.pixels.matrix[truth, truth].sum()
        right_as_train_ids = self.pixels.matrix[truth, np.arange(len(truth))].sum()
        return bool(right_as_train_ids > right_as_label_ids)

    def scores(self) -> Scores:
        """The scores of all frames counted so far.

        Raises:
            CourseError: some frames came with instances and some without.
        """
        if self.objects and len(self.objects) < self.frames:
            raise CourseError(f"Only {len(self.objects)} of {self.frames} frames have an instance map: iIoU needs all.")
        names, confusion = self.table.names, self.confusion

        def by_class(values):
            return dict(zip(names, values.tolist(), strict=True))

        class_iiou, category_iiou = {}, {}
        if self.objects:
            class_iiou, category_iiou = instance_iou(self.table, self.objects, self.pixels.matrix)
        category_iou = confusion.category_iou(self.table.categories)
        return Scores(
            frames=self.frames,
            class_iou=by_class(confusion.iou()),
            mean_iou=confusion.mean_iou(),
            category_iou=category_iou,
            mean_category_iou=nan_mean(category_iou.values()),
            class_iiou=class_iiou,
            mean_iiou=nan_mean(class_iiou.values()),
            category_iiou=category_iiou,
            mean_category_iiou=nan_mean(category_iiou.values()),
            class_accuracy=by_class(confusion.class_accuracy()),
            mean_class_accuracy=nan_mean(confusion.class_accuracy()),
            pixel_accuracy=confusion.pixel_accuracy(),
            frequency_weighted_iou=confusion.frequency_weighted_iou(),
            pixel_share=by_class(confusion.pixel_share()),
            confusion=confusion,
        )
