"""What was found out about one system or two on a split, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.evaluation.comparison import SystemComparison, compare
from course_utils.evaluation.scores import Scores
from course_utils.evaluation.statistics.resampling import Resampling
from course_utils.evaluation.tables import comparison_table, score_table, seed_table, summary_table
from course_utils.evaluation.trainings import TrainingSpread, spread_of_trainings


@dataclass(frozen=True, eq=False)
class Findings:
    """The scores of one system, or of two that are compared.

    Attributes:
        dataset, split: what was scored.
        names: what the systems are called, one or two.
        sources: where their predictions came from.
        scores: of each.
        comparison: of the two; None for one.
        spread: of one system over trainings with several seeds; None if it was trained once.
    """

    dataset: str
    split: str
    names: tuple[str, ...]
    sources: tuple[str, ...]
    scores: tuple[Scores, ...]
    comparison: SystemComparison | None = None
    spread: TrainingSpread | None = None

    @classmethod
    def of(cls, scores: Sequence[Scores], trainings: Sequence[Scores], resampling: Resampling, **facts) -> "Findings":
        """Compare two systems, or find the spread of one over its trainings.

        Args:
            scores: of one system, or of two.
            trainings: of further trainings of the one, with other seeds.
            resampling: how; two systems are compared over images unless it says otherwise.
            facts: the attributes `dataset`, `split`, `names` and `sources`.

        Raises:
            CourseError: the systems cannot be compared, or the trainings have been scored on other frames.
        """
        options = {"resamples": resampling.resamples, "seed": resampling.seed}
        comparison = compare(*scores, **options, over=resampling.over or "images") if len(scores) > 1 else None
        spread = spread_of_trainings([*scores, *trainings], **options) if trainings else None
        return cls(scores=tuple(scores), comparison=comparison, spread=spread, **facts)

    def text(self) -> str:
        """The tables, in per cent."""
        title, first = f"{self.dataset} {self.split}", self.scores[0]
        if self.comparison is None:
            parts = [f"{title}, {first.frames} frames, in per cent", score_table(first, intervals=True)]
            return "\n\n".join([*parts, *([seed_table(self.spread)] if self.spread else [])])
        notes = [f"{name}: {note}" for name, found in zip(self.names, self.scores, strict=True) for note in found.notes]
        parts = [
            f"{title}, {self.comparison.frames} frames, in per cent",
            comparison_table(self.comparison, self.names),
            summary_table(self.scores, self.names),
            *notes,
        ]
        return "\n\n".join(parts)

    def to_json(self) -> str:
        """The scores of the first system under their names; those of the second in `against`, next to `comparison`."""
        more = {}
        if self.comparison is not None:
            more["against"] = {"source": self.sources[1], **self.scores[1].to_dict()}
            more["comparison"] = self.comparison.to_dict()
        if self.spread is not None:
            more["seeds"] = self.spread.to_dict()
        return self.scores[0].to_json(source=self.sources[0], dataset=self.dataset, split=self.split, **more)
