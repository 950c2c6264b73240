"""What commands score or predict with: the network of a run, one that the course ships, or a folder of predictions.

Here and not in the lesson wing, since it joins what must not know each other there: run folders (`training`), networks
(`inference`) and files of predictions (`evaluation`), each of which can be scored without the others.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from course_utils import weights
from course_utils.errors import CourseError
from course_utils.tools.commands import _views


def add_weights(parser):
    """The option `--weights`."""
    parser.add_argument(
        "--weights",
        metavar="SYSTEM/DATASET",
        help="instead of a run, a network that the course ships: " + ", ".join(weights.shipped()),
    )


class ShippedNetwork:
    """A shipped network with what commands ask of a `course_utils.training.Run`.

    Args:
        address: SYSTEM/DATASET.

    Raises:
        CourseError: none of this address is shipped.
    """

    def __init__(self, address: str):
        self.card = weights.card(address)
        self.path = Path(address)
        self.config = {
            "dataset": self.card.dataset,
            "num_classes": len(self.card.classes),
            "image_size": self.card.image_size,
        }

    def load_model(self):
        """The network."""
        from course_utils import models

        return models.pretrained(self.card.system, self.card.dataset)


class PredictionFolder:
    """A folder of predicted label-id PNGs.

    Args:
        path: the folder.
        partial: score what there is.
    """

    dataset = data_dir = None
    thorough = False  # boundary F would take longer than all the other scores

    def __init__(self, path, partial: bool = False):
        self.path, self.partial = Path(path), partial
        self.name = self.path.resolve().name

    def check(self, labels) -> None:
        """Nothing can be said before the files are read."""

    def score(self, frames: Sequence, labels, tolerances: Sequence[float], factors: Sequence[float]):
        """The scores; see `course_utils.evaluation.score_folder`."""
        from course_utils.evaluation import score_folder

        return score_folder(self.path, frames, labels, partial=self.partial, tolerances=tolerances, factors=factors)

    def predictions(self, frames: Sequence, labels) -> Iterator:
        """Train ids of some frames, uint8 [height, width] each."""
        from course_utils.evaluation.files.prediction_files import match_predictions
        from course_utils.images import read_ids

        files = match_predictions(self.path, [frame.name for frame in frames]).files
        return (labels.to_train_ids(read_ids(files[frame.name])) for frame in frames)


class TrainedNetwork:
    """A network of a run or a shipped one, which predicts anew.

    Args:
        run: a `course_utils.training.Run`, or a `ShippedNetwork` in its place.
        name: what to call it in tables.
        views: the views that its predictions average; None for a single look.
        output: a folder where the predictions are saved; None leaves them unsaved.
    """

    thorough = True  # boundary F takes about as long as the network

    def __init__(self, run, name: str, views: _views.ViewOptions | None = None, output=None):
        self.run, self.path, self.name, self.views, self.output = run, run.path, name, views, output
        self.dataset, self.data_dir = self.run.config["dataset"], self.run.config.get("data_dir")

    @cached_property
    def predictor(self):
        """The network, loaded when it is first asked for."""
        return _views.predictor(self.run, self.views)

    def check(self, labels) -> None:
        """Refuse a data set whose classes the network does not predict.

        Args:
            labels: those of the data set.

        Raises:
            CourseError: the numbers of classes differ.
        """
        classes = self.run.config["num_classes"]
        if labels.num_classes != classes:
            raise CourseError(
                f"{self.path} predicts {classes} classes, {labels.dataset} has {labels.num_classes}: score it on "
                f"{self.dataset}, which it was trained on."
            )

    def score(self, frames: Sequence, labels, tolerances: Sequence[float], factors: Sequence[float]):
        """The scores; see `course_utils.inference.score_frames`."""
        from course_utils.inference import save_label_ids, score_frames

        def save(label_ids, frame):
            save_label_ids(label_ids, self.output, frame.name)

        options = {"title": f"Scoring {self.name}", "tolerances": tolerances, "factors": factors}
        return score_frames(self.predictor, frames, labels, save=save if self.output else None, **options)

    def predictions(self, frames: Sequence, labels) -> Iterator:
        """Train ids of some frames, uint8 [height, width] each."""
        from course_utils.inference import predict_frames

        return (train_ids for _, train_ids in predict_frames(self.predictor, frames))


System = PredictionFolder | TrainedNetwork


def find_system(path, views: _views.ViewOptions | None = None, partial: bool = False, output=None) -> System:
    """A run if the folder holds one, otherwise a folder of predictions.

    Args:
        path: the folder.
        views, output: for a run, see `TrainedNetwork`.
        partial: for a folder, see `PredictionFolder`.

    Raises:
        CourseError: there is no such folder, or it holds neither.
    """
    folder = Path(path)
    if (folder / "config.json").exists():
        from course_utils.training import Run

        return TrainedNetwork(Run(folder), folder.resolve().name, views, output)
    if folder.is_dir() and next(folder.rglob("*.[pP][nN][gG]"), None) is not None:
        return PredictionFolder(folder, partial)
    raise CourseError(
        f"{folder} is not a run folder (no config.json) and holds no predictions (PNG files): give a folder that "
        "`course train --output` made, or one of predicted label ids."
    )


def short_names(systems: Sequence[System]) -> list[str]:
    """What to call the systems: their names, or the whole paths where those are the same."""
    short = [system.name for system in systems]
    return short if len(set(short)) == len(short) else [str(system.path) for system in systems]
