"""Scores as text: the lecture's table, with what it leaves out."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from course_utils.evaluation.comparison import Difference, SystemComparison
from course_utils.evaluation.measures.boundary import ABSENT_RULES
from course_utils.evaluation.measures.confusion import nan_mean
from course_utils.evaluation.measures.distance import CROP_RULE
from course_utils.evaluation.measures.instances import IIOU_RULE
from course_utils.evaluation.scores import Scores
from course_utils.evaluation.trainings import TrainingSpread

PRIOR_ROW = "image-blind prior"
"""Row of what a guess scores that never looks at the image (see `prior.py`)."""

BOUNDARY_MEANS = tuple(rule.title for rule in ABSENT_RULES.values())
"""Rows of the means of boundary F."""

SEEDS_TOLD = (
    "The first deviation is that of the score from one training to another on the same images, the second that of the "
    "mean over the trainings from one sample of images to another; the interval holds for other seeds and other images."
)
"""What the columns of `seed_columns` mean."""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: above it.
        cells: by row name, missing ones empty.
        mean: below the rule.
        prior: what the image-blind prior has in place of the mean, where that is known.
    """

    title: str
    cells: dict
    mean: object = ""
    prior: object = ""


def score_columns(scores: Scores, intervals: bool = False) -> list[Column]:
    """The columns of the table of classes.

    Args:
        scores: of one system.
        intervals: whether to add the intervals of the IoU and the number of frames that show a class.
    """
    prior = scores.prior
    columns = [Column("IoU", scores.class_iou, scores.mean_iou, prior.mean_iou() if prior else "")]
    if intervals:
        for found in scores.intervals.values():
            columns.append(Column(found.unit.title(found.number), found.class_iou, found.mean_iou))
    if scores.class_iiou:
        columns.append(
            Column("iIoU", {name: scores.class_iiou.get(name) for name in scores.class_iou}, scores.mean_iiou)
        )
    prior_accuracy = nan_mean(prior.class_accuracy()) if prior else ""
    columns.append(Column("accuracy", scores.class_accuracy, scores.mean_class_accuracy, prior_accuracy))
    columns.append(Column("pixels", scores.pixel_share))
    if intervals:
        columns.append(Column("frames", scores.class_frames))
    return columns


def category_columns(scores: Scores) -> list[Column]:
    """The columns of the table of categories."""
    columns = [Column("IoU", scores.category_iou, scores.mean_category_iou)]
    if scores.class_iiou:
        cells = {name: scores.category_iiou.get(name) for name in scores.category_iou}
        columns.append(Column("iIoU", cells, scores.mean_category_iiou))
    return columns


def boundary_columns(scores: Scores) -> list[Column]:
    """Boundary F of the classes (where the truth has them), and its mean by both rules; empty if not computed."""
    columns = []
    for tolerance, boundary in scores.boundary.items():
        classes = dict(zip(scores.class_iou, boundary.class_scores("skip").tolist(), strict=True))
        means = {rule.title: boundary.mean(absent) for absent, rule in ABSENT_RULES.items()}
        title = f"{tolerance:g} px" if tolerance >= 1 else f"{100 * tolerance:g} %"
        columns.append(Column(title, {**classes, **means}))
    return columns


def distance_columns(scores: Scores) -> list[Column]:
    """IoU of the classes at each crop factor; empty if not computed."""
    found = scores.distance.confusions if scores.distance else {}
    return [
        Column(f"{factor:g}", dict(zip(scores.class_iou, confusion.iou().tolist(), strict=True)), confusion.mean_iou())
        for factor, confusion in found.items()
    ]


def seed_columns(spread: TrainingSpread) -> list[Column]:
    """The columns of the table of one system trained with several seeds."""

    def column(title, value):
        return Column(title, {name: value(s) for name, s in spread.class_iou.items()}, value(spread.mean_iou))

    return [
        column(f"mean of {spread.number} seeds", lambda s: s.mean),
        column("SD of seeds", lambda s: s.seeds),
        column("SD of images", lambda s: s.images),
        column("95 % interval", lambda s: (s.low, s.high)),
    ]


def seed_table(spread: TrainingSpread) -> str:
    """The spread of the scores over seeds and over images as text, in per cent."""
    rows = list(spread.class_iou)
    return _text("class", seed_columns(spread), rows, 2 + max(map(len, rows))) + f"\n\n{SEEDS_TOLD}"


def score_table(scores: Scores, intervals: bool = False) -> str:
    """The scores in per cent as text: a row per class, the means, a row per category.

    Args:
        scores: of one system.
        intervals: whether to add the intervals of the IoU and the number of frames that show a class.
    """
    width = 2 + max(map(len, ["frequency-weighted IoU", *scores.class_iou, *scores.category_iou]))
    parts = [
        _text("class", score_columns(scores, intervals), list(scores.class_iou), width),
        _text("category", category_columns(scores), list(scores.category_iou), width),
    ]
    if scores.boundary:
        rows, means = list(scores.class_iou), list(BOUNDARY_MEANS)
        parts.append(_text("boundary F", boundary_columns(scores), rows, max(width, 2 + len(means[-1])), means))
    if scores.distance:
        parts.append(_text("crop factor", distance_columns(scores), list(scores.class_iou), width))
        parts.append(CROP_RULE)
    if scores.class_iiou:
        parts.append(IIOU_RULE)
    totals = {"pixel accuracy": scores.pixel_accuracy, "frequency-weighted IoU": scores.frequency_weighted_iou}
    parts.append("\n".join(name.ljust(width) + cell(value).rjust(7) for name, value in totals.items()))
    return "\n\n".join([*parts, *scores.notes, *(scores.cautions if intervals else [])])


def comparison_columns(comparison: SystemComparison, names: Sequence[str]) -> list[Column]:
    """The columns of the table of a comparison.

    Args:
        comparison: from `compare`.
        names: of the two systems.
    """

    def column(title, value):
        cells = {name: value(difference) for name, difference in comparison.class_iou.items()}
        return Column(title, cells, value(comparison.mean_iou))

    return [
        column(names[0], lambda d: d.first),
        column(names[1], lambda d: d.second),
        column("difference", lambda d: _signed(d.difference)),
        column("95 % interval", lambda d: _ends(d.low, d.high, _signed)),
        column("p (Holm)", lambda d: "–" if math.isnan(d.corrected) else f"{d.corrected:.4f}"),
        column("verdict", verdict),
    ]


def verdict(difference: Difference) -> str:
    """What a difference is worth, in words."""
    if math.isnan(difference.difference):
        return "not defined"
    if difference.decided:
        return "decided"
    if not math.isfinite(difference.images_needed):
        return "no difference"
    return f"needs {_rounded(difference.images_needed)} images"


def comparison_table(comparison: SystemComparison, names: Sequence[str]) -> str:
    """Two systems beside each other as text, in per cent.

    Args:
        comparison: from `compare`.
        names: of the two systems.
    """
    width = 2 + max(map(len, comparison.class_iou))
    table = _text("class", comparison_columns(comparison, names), list(comparison.class_iou), width)
    return "\n\n".join([table, *comparison.notes])


def summary_table(scores: Sequence[Scores], names: Sequence[str]) -> str:
    """The other means of several systems beside each other as text, in per cent; they are not tested.

    Args:
        scores: of each system.
        names: of each system.
    """
    columns = [Column(name, summary(found)) for name, found in zip(names, scores, strict=True)]
    rows = list(dict.fromkeys(row for column in columns for row in column.cells))
    return _text("also", columns, rows, 2 + max(map(len, rows)), means=[])


def summary(scores: Scores) -> dict[str, float]:
    """The means of a system besides the mean IoU, by what they are called; those that are not defined are left out."""
    values = {
        f"mean IoU of the {PRIOR_ROW}": scores.prior_mean_iou,
        "mean iIoU": scores.mean_iiou,
        "category IoU": scores.mean_category_iou,
        "category iIoU": scores.mean_category_iiou,
        "class accuracy": scores.mean_class_accuracy,
        "frequency-weighted IoU": scores.frequency_weighted_iou,
        "pixel accuracy": scores.pixel_accuracy,
    }
    return {name: value for name, value in values.items() if not math.isnan(value)}


def cell(value) -> str:
    """A cell as text: shares and intervals in per cent, counts and text as they are, a dash for what is undefined."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return _ends(*value, cell)
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}"


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:+.1f}".replace("-", "−")


def _ends(low, high, text) -> str:
    return "–" if math.isnan(low) else f"{text(low)} … {text(high)}"


def _rounded(images: float) -> str:
    """Two leading digits: more would promise too much."""
    digits = max(0, math.floor(math.log10(images)) - 1) if images >= 1 else 0
    return f"{max(1, round(images / 10**digits)) * 10**digits:,}" if images < 1e9 else "over a billion"


def _text(head: str, columns: list[Column], rows: list[str], width: int, means: list[str] | None = None) -> str:
    """Columns as lines: header, rows, and below a rule mean and prior, or the rows of the cells that `means` names."""
    widths = [4 + max(len(c.title), *(len(cell(value)) for value in [*c.cells.values(), c.mean])) for c in columns]

    def line(head, values):
        return (head.ljust(width) + "".join(v.rjust(w) for v, w in zip(values, widths, strict=True))).rstrip()

    def row(name):
        return line(name, [cell(column.cells.get(name, "")) for column in columns])

    header = line(head, [column.title for column in columns])
    rule = "─" * len(header)
    if means is None:
        last = [line("mean", [cell(column.mean) for column in columns])]
        if any(column.prior != "" for column in columns):
            last.append(line(PRIOR_ROW, [cell(column.prior) for column in columns]))
    else:
        last = list(map(row, means))
    return "\n".join([header, rule, *map(row, rows), *([rule, *last] if last else [])])
