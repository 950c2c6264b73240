"""Counting frames: from label maps to one confusion matrix, and what each frame gave to it."""

from collections.abc import Sequence

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.boundary import BoundaryF
from course_utils.evaluation.measures.confusion import ConfusionMatrix, nan_mean, runs
from course_utils.evaluation.measures.distance import CropFactorIoU
from course_utils.evaluation.measures.frame_counts import FrameCounts
from course_utils.evaluation.measures.instances import InstanceCounts, count_instances, instance_iou
from course_utils.evaluation.scores import Scores
from course_utils.labels import VOID, LabelTable


class Tally:
    """Counts frames, from which `scores` follow; tallies of parts add up to the tally of the whole with `+=`.

    It counts in label ids, not in train ids, because iIoU of categories tells void ids apart.

    Args:
        labels: those of the data set.
        tolerances: of boundary F, as `BoundaryF` takes them; it takes longer than all the rest, and is left
            out without any.
        factors: at which IoU in crops is computed, as `CropFactorIoU` takes them; left out without any.
    """

    def __init__(self, labels: LabelTable, tolerances: Sequence[float] = (), factors: Sequence[float] = ()):
        self.labels = labels
        self.boundary = {tolerance: BoundaryF(labels.num_classes, tolerance) for tolerance in tolerances}
        """Boundary F by tolerance."""
        self.distance = CropFactorIoU(labels.num_classes, factors) if factors else None
        """IoU at each crop factor."""
        self.frames = 0
        self.pixels = ConfusionMatrix(256, ignore_label=None)
        """Confusion matrix of label ids."""
        self.objects: list[InstanceCounts] = []
        """One entry per frame that came with instances."""
        self.per_frame: list[FrameCounts] = []
        """Confusion matrix of train ids of each frame: a few kilobytes per frame, all that grows with their number."""

    def update(
        self,
        truth: np.ndarray,
        prediction: np.ndarray,
        instances: np.ndarray | None = None,
        name: str | None = None,
        city: str | None = None,
    ) -> None:
        """Count one frame.

        Args:
            truth: label ids, uint8 [height, width].
            prediction: label ids, uint8 [height, width].
            instances: instance ids, integers [height, width], as Cityscapes' `instanceIds` files hold them.
            name, city: of the frame, kept with its confusion matrix.

        Raises:
            CourseError: sizes differ or an id is no label's; the message says what, and the tally is unchanged.
        """
        maps = [truth, prediction] if instances is None else [truth, prediction, instances]
        for kind, other in zip(("prediction", "instance map"), maps[1:], strict=False):
            if other.shape != truth.shape:
                raise CourseError(f"the {kind} measures {other.shape}, the label map {truth.shape}.")
        # One search for runs serves the pixels and the objects: it takes longer than counting them.
        starts, lengths = runs(*maps)
        stretches = [values.ravel()[starts] for values in maps]
        pixels = ConfusionMatrix(256, ignore_label=None)
        pixels.add(*stretches[:2], lengths)
        self._refuse_unknown(np.flatnonzero(pixels.matrix.any(axis=1)), "the label map")
        self._refuse_unknown(np.flatnonzero(pixels.matrix.any(axis=0)), "the prediction")
        if instances is not None:
            self.objects.append(count_instances(self.labels, *stretches[1:], lengths))
        more = [*self.boundary.values(), *([self.distance] if self.distance else [])]
        if more:
            maps = self.labels.to_train_ids(truth), self.labels.to_train_ids(prediction)
            for measure in more:
                measure.update(*maps)
        ids = np.nonzero(pixels.matrix)
        pairs = [self.labels.to_train_ids(values) for values in ids]
        counts = FrameCounts.of(*pairs, pixels.matrix[ids], self.labels.num_classes, name, city)
        self.per_frame.append(counts)
        self.pixels += pixels
        self.frames += 1

    def _refuse_unknown(self, ids: np.ndarray, where: str) -> None:
        unknown = sorted(set(ids.tolist()) - {label.id for label in self.labels.labels})
        if unknown:
            hint = " 255 is the void of train ids: convert train ids with LabelTable.to_label_ids." * (VOID in unknown)
            names, last = ", ".join(map(str, unknown)), max(label.id for label in self.labels.labels)
            raise CourseError(f"{where} holds {names}, no label id of {self.labels.dataset} (0 to {last}).{hint}")

    def __iadd__(self, other: "Tally") -> "Tally":
        self.frames += other.frames
        self.pixels += other.pixels
        self.objects += other.objects
        self.per_frame += other.per_frame
        for tolerance, boundary in self.boundary.items():
            boundary += other.boundary[tolerance]
        if self.distance:
            self.distance += other.distance
        return self

    @property
    def confusion(self) -> ConfusionMatrix:
        """The confusion matrix of train ids."""
        groups = [[] for _ in range(self.labels.num_classes)]
        for label in self.labels.labels:
            if label.train_id != VOID:
                groups[label.train_id].append(label.id)
        return self.pixels.merge(groups)

    def looks_like_train_ids(self) -> bool:
        """Whether the predictions seem to be train ids instead of label ids.

        They do if every value is a train id, some value means void as a label id (nobody predicts "ego vehicle"), and
        more pixels are right when the values are read as train ids.
        """
        truth = np.array([label.id for label in self.labels.classes])
        predicted = np.flatnonzero(self.pixels.matrix[truth].any(axis=0))
        void = {label.id for label in self.labels.labels if label.train_id == VOID}
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
            raise CourseError(
                f"Only {len(self.objects)} of {self.frames} frames have an instance map: iIoU needs one for each."
            )
        names, confusion = self.labels.names, self.confusion

        def by_class(values):
            return dict(zip(names, values.tolist(), strict=True))

        class_iiou, category_iiou = {}, {}
        if self.objects:
            class_iiou, category_iiou = instance_iou(self.labels, self.objects, self.pixels.matrix)
        category_iou = confusion.category_iou(self.labels.categories)
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
            per_frame=tuple(self.per_frame),
            boundary=self.boundary,
            distance=self.distance,
        )
