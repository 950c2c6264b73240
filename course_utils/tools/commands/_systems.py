"""What `course evaluate` scores: a trained run, or a folder of predictions."""

from collections.abc import Iterator
from pathlib import Path

TOLERANCES = (0.0075, 3, 5, 9, 12)
"""Of boundary F: SegNet's share of the diagonal, and Gated-SCNN's pixels."""


class Folder:
    """A folder of predicted label-id PNGs.

    Args:
        path: the folder.
    """

    dataset = data_dir = None
    thorough = False  # boundary F would take longer than all the other scores

    def __init__(self, path):
        self.path = Path(path)

    def check(self, table) -> None:
        """Nothing can be said before the files are read."""

    def score(self, frames, table, *, tolerances, factors, partial, **_):
        """The scores; see `course_utils.evaluation.score_folder`."""
        from course_utils.evaluation import score_folder

        return score_folder(self.path, frames, table, partial=partial, tolerances=tolerances, factors=factors)

    def predictions(self, frames, table) -> Iterator:
        """Train ids of some frames, uint8 [height, width] each."""
        from course_utils.evaluation.files.id_files import read_ids
        from course_utils.evaluation.files.prediction_files import match_predictions

        files = match_predictions(self.path, [frame.name for frame in frames]).files
        return (table.to_train_ids(read_ids(files[frame.name])) for frame in frames)


class TrainedRun:
    """A run folder, whose network predicts anew.

    Args:
        path: the folder.
        arguments: what was parsed, for the views.
    """

    thorough = True  # boundary F takes about as long as the network

    def __init__(self, path, arguments):
        from course_utils.training import Run

        self.run, self.path, self._arguments = Run(path), Path(path), arguments
        self.dataset, self.data_dir = self.run.config["dataset"], self.run.config.get("data_dir")
        self._predictor = None

    @property
    def predictor(self):
        """The network, loaded when it is first asked for."""
        from course_utils.tools.commands import _views

        if self._predictor is None:
            self._predictor = _views.predictor(self.run, self._arguments)
        return self._predictor

    def check(self, table) -> None:
        """Refuse a data set of other classes than the network predicts."""
        from course_utils.errors import CourseError

        if table.num_classes != self.run.config["num_classes"]:
            raise CourseError(
                f"{self.path} predicts {self.run.config['num_classes']} classes, {table.dataset} has "
                f"{table.num_classes}: score it on {self.dataset}, which it was trained on."
            )

    def score(self, frames, table, *, tolerances, factors, output=None, **_):
        """The scores; see `course_utils.inference.score_frames`. With `output` the predictions are saved there."""
        from course_utils.inference import save_label_ids, score_frames

        def save(label_ids, frame):
            save_label_ids(label_ids, output, frame.name)

        options = {"title": f"Scoring {self.path.name}", "tolerances": tolerances, "factors": factors}
        return score_frames(self.predictor, frames, table, save=save if output else None, **options)

    def predictions(self, frames, table) -> Iterator:
        """Train ids of some frames, uint8 [height, width] each."""
        from course_utils.inference import predict_frames

        return (train_ids for _, train_ids in predict_frames(self.predictor, frames))


def find_system(path, arguments):
    """A run if the folder holds one, otherwise a folder of predictions.

    Args:
        path: the folder.
        arguments: what was parsed, for the views.

    Raises:
        CourseError: there is no such folder, or it holds neither.
    """
    from course_utils.errors import CourseError

    folder = Path(path)
    if (folder / "config.json").exists():
        return TrainedRun(folder, arguments)
    if folder.is_dir() and next(folder.rglob("*.[pP][nN][gG]"), None) is not None:
        return Folder(folder)
    raise CourseError(
        f"{folder} is not a run folder (no config.json) and holds no predictions (PNG files): give a folder that "
        "`course train --output` made, or one of predicted label ids."
    )
