"""Recorded results: what systems predicted on one split, frame by frame, so that statistics need no training."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError, brief
from course_utils.evaluation.measures.boundary import BoundaryF
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.files import open_file, read_arrays, write_whole
from course_utils.machine import checkout

TOLERANCE = 0.0075
"""Of the recorded boundary F, as a share of the diagonal: SegNet's."""

_LARGEST = 2**31
"""Bytes of a file of records, packed or not."""


@dataclass(frozen=True, eq=False)
class Records:
    """What every system of a comparison predicted on the frames of a split.

    Attributes:
        dataset: its name.
        command: what made the records.
        systems: names, in the order of the arrays.
        parameters: of each system's network, int64 [systems].
        epochs: of its training, int64 [systems].
        frames: names, in the order of the arrays.
        counts: pixels, int64 [systems, frames, classes, classes], truth in rows; predictions are never void.
        boundary: F of each class by the tolerance of `TOLERANCE`, float32 [systems, frames, classes].
        present: whether the truth of a frame has the class, bool [frames, classes].
        predictions: train ids, uint8 [systems, frames, height, width], or None where they are not kept.
        prior: pixels of the image-blind prior, int64 [frames, classes, classes], or None where it was not counted.
        split: of the frames.
        others: pixels as `counts` of further trainings with other seeds, int64
            [trainings, systems, frames, classes, classes], or None where each system was trained once.
        multiply_adds: of one prediction at the size trained at, int64 [systems], or None where they were not counted.
    """

    dataset: str
    command: str
    systems: tuple[str, ...]
    parameters: np.ndarray
    epochs: np.ndarray
    frames: tuple[str, ...]
    counts: np.ndarray
    boundary: np.ndarray
    present: np.ndarray
    predictions: np.ndarray | None = None
    prior: np.ndarray | None = None
    split: str = "val"
    others: np.ndarray | None = None
    multiply_adds: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        predictions: Mapping[str, Iterable[np.ndarray]],
        truths: Mapping[str, np.ndarray],
        num_classes: int,
        keep: bool = True,
        prior: Callable[[tuple[int, int]], np.ndarray] | None = None,
        **facts,
    ) -> "Records":
        """Count predictions.

        Args:
            predictions: system to its label maps [height, width] of train ids, in the order of `truths`.
            truths: frame name to label map [height, width] of train ids, all of one size.
            num_classes: classes are 0 .. num_classes - 1.
            keep: whether the records hold the predictions themselves.
            prior: what the image-blind prior answers to images of a size, as `ImageBlindPrior.predict` does.
            facts: the attributes `dataset`, `command`, `parameters` and `epochs`.
        """
        kept, counts, boundaries = [], [], []
        for maps in predictions.values():
            if keep:
                kept.append(np.stack(list(maps)).astype(np.uint8))
            counted, boundary = frame_scores(kept[-1] if keep else maps, truths.values(), num_classes)
            counts.append(counted)
            boundaries.append(boundary)
        return cls(
            systems=tuple(predictions),
            frames=tuple(truths),
            counts=np.stack(counts),
            boundary=np.stack([boundary.scores for boundary in boundaries]).astype(np.float32),
            present=boundaries[0].present,
            predictions=np.stack(kept) if keep else None,
            prior=prior and np.stack([_frame_counts(prior(t.shape), t, num_classes) for t in truths.values()]),
            **{name: np.asarray(fact) if name in ("parameters", "epochs") else fact for name, fact in facts.items()},
        )

    @classmethod
    def read(cls, path) -> "Records":
        """Read what `save` wrote.

        Raises:
            CourseError: there is no such file, or it does not hold records.
        """
        path = Path(path)
        if not path.is_file():
            raise CourseError(
                f"There are no recorded results at {path}: make them with `python benchmarks/systems.py`, "
                f"or give the folder that holds {path.name}."
            )
        try:
            with open_file(path, _LARGEST) as file:
                values = read_arrays(file, _LARGEST)
            records = cls(
                **values
                | {
                    name: str(values[name])
                    for name in ("dataset", "command", "split")
                    if name != "split" or name in values
                }
                | {name: tuple(values[name].tolist()) for name in ("systems", "frames")}
                | {name: values[name].astype(np.int64) for name in {"counts", "prior", "others"} & values.keys()}
            )
            fault = records._fault()
        except Exception as error:  # damaged archives make zlib, zipfile and NumPy raise everything there is
            fault = getattr(error, "strerror", None) or brief(error)
        if fault:
            raise CourseError(f"{path} holds no recorded results of systems ({fault}): make it again.") from None
        return records

    def _fault(self) -> str | None:
        """What does not fit together, from a file that may hold anything."""
        systems, frames = len(self.systems), len(self.frames)
        if not systems or not frames or not all(isinstance(name, str) for name in (*self.systems, *self.frames)):
            return "names of systems and frames are missing"
        if self.present.ndim != 2:
            return f"present has the shape {list(self.present.shape)}"
        classes = self.present.shape[1]
        shapes = {
            "parameters": (systems,),
            "epochs": (systems,),
            "counts": (systems, frames, classes, classes),
            "boundary": (systems, frames, classes),
            "present": (frames, classes),
            "prior": (frames, classes, classes),
            "multiply_adds": (systems,),
            "others": (*np.shape(self.others)[:1], systems, frames, classes, classes),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is None:
                continue
            if values.shape != shape:
                return f"{name} has the shape {list(values.shape)}, not {list(shape)}"
            if values.dtype.kind not in "biuf" or not np.isfinite(values).all() or (values < 0).any():
                return f"{name} holds negative values or no numbers"
        if self.boundary.max(initial=0) > 1:
            return "boundary F is above 1"
        kept = self.predictions
        if kept is not None and (kept.dtype != np.uint8 or kept.ndim != 4 or kept.shape[:2] != (systems, frames)):
            return f"predictions have the shape {list(kept.shape)}"
        return None

    def save(self, path) -> None:
        """Write the records as a compressed NumPy file."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        for name in {"counts", "prior", "others"} & values.keys():
            values[name] = values[name].astype(np.int32)
        write_whole(Path(path), lambda partial: np.savez_compressed(partial, **values))

    def of_system(self, name: str) -> np.ndarray:
        """Counts of one system, int64 [frames, classes, classes], as `bootstrap_interval` and `paired_test` take them.

        Raises:
            CourseError: there is no such system.
        """
        if name not in self.systems:
            raise CourseError(f"There are no records of {name!r}: choose one of {', '.join(self.systems)}.")
        return self.counts[self.systems.index(name)]

    def trainings_of(self, name: str) -> np.ndarray:
        """Counts of all trainings of a system, as `seed_spread` takes them.

        Returns:
            int64 [trainings, frames, classes, classes].

        Raises:
            CourseError: there is no such system.
        """
        first = self.of_system(name)[None]
        return first if self.others is None else np.concatenate([first, self.others[:, self.systems.index(name)]])

    def boundary_of(self, name: str) -> BoundaryF:
        """Boundary F of one system, to be averaged by either rule.

        Raises:
            CourseError: there is no such system.
        """
        self.of_system(name)
        scores = BoundaryF(self.present.shape[1], TOLERANCE)
        scores.scores, scores.present = self.boundary[self.systems.index(name)].astype(float), self.present
        return scores


def frame_scores(predictions, truths, num_classes: int) -> tuple[np.ndarray, BoundaryF]:
    """Counts of each frame, int64 [frames, classes, classes], and boundary F by `TOLERANCE`.

    Args:
        predictions, truths: label maps [height, width] of train ids, frame by frame.
        num_classes: classes are 0 .. num_classes - 1.
    """
    counts, boundary = [], BoundaryF(num_classes, TOLERANCE)
    for prediction, truth in zip(predictions, truths, strict=True):
        counts.append(_frame_counts(prediction, truth, num_classes))
        boundary.update(truth, prediction)
    return np.stack(counts), boundary


def _frame_counts(prediction, truth, num_classes: int) -> np.ndarray:
    """Pixels of one frame, int64 [classes, classes], truth in rows."""
    confusion = ConfusionMatrix(num_classes)
    confusion.update(truth, prediction)
    return confusion.matrix


def results_dir() -> Path:
    """Where recorded results lie: `benchmarks/results` of the checkout, else of the current directory."""
    return (checkout() or Path()) / "benchmarks" / "results"


def records_file(dataset: str, folder=None, study: str = "systems") -> Path:
    """The file of a data set's records in a folder, by default in `results_dir()`; whether it is there or not.

    Args:
        dataset: its name.
        folder: where the records are.
        study: "systems" for one network each; "equal_time" or "equal_multiply_adds" for several trainings of each.
    """
    return Path(folder or results_dir()) / f"{study}_{dataset}.npz"
