"""The page of `course evaluate --html`: tables, figures with intervals, and the best and worst frames."""

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils import plotting
from course_utils.datasets.frames import Frame, label_map
from course_utils.evaluation import FrameCounts, Scores, SystemComparison, TrainingSpread, best_and_worst, tables
from course_utils.evaluation.measures.distance import CROP_RULE
from course_utils.images import read_image
from course_utils.labels import LabelTable
from course_utils.tools.reports.crop_curves import crop_figure
from course_utils.tools.reports.pages import render

EXAMPLES = 3
"""Frames shown at either end."""

PICTURES = {"image": "image", "truth": "truth", "prediction": "prediction", "errors": "error map"}
"""What `plotting.frame_pictures` returns, as it is called on the page."""


@dataclass(frozen=True)
class Example:
    """A frame as the page shows it.

    Attributes:
        counts: what it contributes to the scores.
        pictures: files by name, see `plotting.frame_pictures`.
    """

    counts: FrameCounts
    pictures: dict[str, bytes]


@dataclass(frozen=True)
class ShownSystem:
    """A system as the page shows it.

    Attributes:
        name: what to call it.
        scores: its scores.
        best, worst: frames, the extremes first.
    """

    name: str
    scores: Scores
    best: Sequence[Example] = ()
    worst: Sequence[Example] = ()


def frame_examples(
    scores: Scores,
    frames: Iterable[Frame],
    table: LabelTable,
    predict: Callable[[list[Frame]], Iterable[np.ndarray]],
    number: int = EXAMPLES,
) -> tuple[list[Example], list[Example]]:
    """The frames of highest and of lowest mean IoU, with their pictures.

    Args:
        scores: of the frames.
        frames: of the data set.
        table: its labels.
        predict: gives train ids, uint8 [height, width], for each of some frames.
        number: of frames at either end at most.

    Returns:
        `(best, worst)`.
    """
    by_name = {frame.name: frame for frame in frames}
    ends = best_and_worst(scores.per_frame, number)
    wanted = [by_name[counts.name] for part in ends for counts in part]
    pictures = {
        frame.name: plotting.frame_pictures(read_image(frame.image), label_map(frame, table), prediction, table)
        for frame, prediction in zip(wanted, predict(wanted), strict=True)
    }
    best, worst = ([Example(counts, pictures[counts.name]) for counts in part] for part in ends)
    return best, worst


def evaluation_page(
    systems: Sequence[ShownSystem],
    comparison: SystemComparison | None,
    table: LabelTable,
    *,
    dataset: str,
    split: str,
    spread: TrainingSpread | None = None,
) -> str:
    """The page: one HTML file that needs nothing else.

    Args:
        systems: one, or the two that are compared.
        comparison: of the two; None for one.
        table: the data set's labels.
        dataset, split: what was scored.
        spread: of one system over trainings with several seeds.
    """
    names = [shown.name for shown in systems]
    return render(
        "evaluation.html",
        f"{' against '.join(names)} on {dataset} {split}",
        cell=tables.cell,
        address=_data_address,
        systems=[_section(shown, table) for shown in systems],
        comparison=comparison and _comparison(comparison, systems, table),
        seeds=spread and {"told": tables.SEEDS_TOLD, "columns": tables.seed_columns(spread), "rows": table.names},
        crop_rule=CROP_RULE,
        colors=dict(zip(table.names, table.colors.tolist(), strict=True)),
        boundary_means=tables.BOUNDARY_MEANS,
        prior_row=tables.PRIOR_ROW,
        pictures=PICTURES,
    )


def _section(shown: ShownSystem, table: LabelTable) -> dict:
    """What the template says about a system."""
    scores = shown.scores
    return {
        "name": shown.name,
        "scores": scores,
        "summary": {"mean IoU": scores.mean_iou, **tables.summary(scores)},
        "classes": tables.score_columns(scores, intervals=True),
        "categories": tables.category_columns(scores),
        "boundary": tables.boundary_columns(scores),
        "distance": tables.distance_columns(scores),
        "curves": _curves([shown]),
        "bars": _figure(
            plotting.score_bars({shown.name: _bars(scores)}, ["mean", *table.names]),
            f"Bars of the IoU of each class, {_extremes(scores.class_iou)}; the table holds all values.",
        ),
        "confusion": _figure(
            plotting.confusion_matrix(scores.confusion.matrix, table.names, scores.confusion.missed),
            "Confusion matrix, a row for each true class; the largest confusions are listed below.",
        ),
        "mistakes": _mistakes(scores.confusion.matrix, scores.confusion.missed, table.names, 8),
        "ends": [
            (title, [_example(example, table) for example in examples])
            for title, examples in [("Best frames", shown.best), ("Worst frames", shown.worst)]
            if examples
        ],
    }


def _bars(scores: Scores) -> np.ndarray:
    """Mean and classes: values and the ends of their intervals, float64 [3, 1 + classes]."""
    values = np.array([scores.mean_iou, *scores.class_iou.values()])
    found = scores.intervals.get("images")
    ends = [found.mean_iou, *found.class_iou.values()] if found else np.full((len(values), 2), np.nan)
    return np.stack([values, *np.transpose(ends)])


def _curves(systems: Sequence[ShownSystem]) -> dict | None:
    """IoU over the crop factor; None where it was not computed for every system."""
    if any(shown.scores.distance is None for shown in systems):
        return None
    return _figure(*crop_figure({shown.name: shown.scores for shown in systems}))


def _comparison(comparison: SystemComparison, systems: Sequence[ShownSystem], table: LabelTable) -> dict:
    """What the template says about two systems."""
    names = [shown.name for shown in systems]
    rows = [comparison.mean_iou, *comparison.class_iou.values()]
    decided = [name for name, row in zip(["mean", *table.names], rows, strict=True) if row.decided]
    figure = plotting.score_differences(
        *np.transpose([(row.difference, row.low, row.high) for row in rows]),
        [row.decided for row in rows],
        ["mean", *table.names],
        xlabel=f"IoU of {names[0]} minus {names[1]} (points)",
    )
    told = f"decided are {', '.join(decided)}" if decided else "none is decided"
    return {
        "frames": comparison.frames,
        "over": comparison.over,
        "curves": _curves(systems),
        "notes": comparison.notes,
        "columns": tables.comparison_columns(comparison, names),
        "rows": list(table.names),
        "decided": decided,
        "figure": _figure(figure, f"Differences of the IoU with 95 % intervals: {told}; the table holds all values."),
    }


def _example(example: Example, table: LabelTable) -> dict:
    """What the template says about a frame."""
    confusion = example.counts.confusion
    mistakes = _mistakes(confusion.matrix, confusion.missed, table.names, 3)
    told = ", ".join(f"{true} taken for {predicted}" for true, predicted, _ in mistakes) or "no mistakes"
    shown = np.flatnonzero(confusion.matrix.sum(axis=1) + confusion.missed)
    return {
        "name": example.counts.name,
        "mean_iou": confusion.mean_iou(),
        "pixel_accuracy": confusion.pixel_accuracy(),
        "mistakes": mistakes,
        "classes": [table.names[k] for k in np.union1d(shown, np.flatnonzero(confusion.matrix.sum(axis=0)))],
        "pictures": example.pictures,
        "alt": {
            "image": "the photograph",
            "truth": f"the true classes: {', '.join(table.names[k] for k in shown)}",
            "prediction": "the predicted classes",
            "errors": f"orange where wrong, grey where right, black where void: {told}",
        },
    }


def _mistakes(matrix, missed, names, number: int) -> list[tuple[str, str, float]]:
    """The largest confusions: true class, predicted class, and their share of all pixels with a class."""
    wrong = np.column_stack([matrix - np.diag(np.diag(matrix)), missed])
    total, columns = matrix.sum() + np.sum(missed), [*names, "void"]
    largest = np.argsort(-wrong, axis=None, kind="stable")[:number]
    cells = [np.unravel_index(place, wrong.shape) for place in largest if wrong.flat[place]]
    return [(names[row], columns[column], float(wrong[row, column] / total)) for row, column in cells]


def _extremes(scores: dict[str, float]) -> str:
    known = {name: value for name, value in scores.items() if not math.isnan(value)}
    if not known:
        return "none of which is defined"
    best, worst = max(known, key=known.get), min(known, key=known.get)
    return f"from {worst} with {tables.cell(known[worst])} to {best} with {tables.cell(known[best])} per cent"


def _figure(figure, alt: str) -> dict:
    return {"png": plotting.to_png(figure, dpi=160), "alt": alt}


def _data_address(file: bytes) -> str:
    kind = "png" if file.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"
