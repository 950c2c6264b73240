"""A run folder: what was trained, how, how it went, and the networks that came out of it.

RUN/config.json           the recipe, enough to repeat the run
RUN/log.csv               one row per epoch
RUN/tensorboard/          the same for TensorBoard
RUN/checkpoints/0007/     model, optimiser, weight average and state after an epoch (older ones are removed)
RUN/best.keras            the network with the best validation mIoU
"""

import csv
import json
import shutil
from pathlib import Path

from course_utils import losses, models  # noqa: F401  (both register what a saved model may hold)
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.names import look_up
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.optimization.muon import Muon  # noqa: F401  (is registered)
from course_utils.training.optimization.precision import for_this_machine

AVERAGE = "average.npz"
"""File of the weight average in a checkpoint."""


class Run:
    """A run folder on disk.

    Everything is written beside its final name and then renamed, so a kill at any moment leaves the last complete
    state in place.

    Args:
        path: the folder, which must hold a run.

    Raises:
        CourseError: there is no run at `path`.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            self.config = json.loads((self.path / "config.json").read_text())
        except FileNotFoundError:
            raise CourseError(
                f"{self.path} is not a run folder (no config.json): give a folder that `course train --output` made."
            ) from None
        except json.JSONDecodeError as error:
            raise CourseError(f"{self.path}/config.json is damaged ({error}): train into a new folder.") from None

    @classmethod
    def create(cls, path, config: dict, *, replace: bool = False) -> "Run":
        """Start a run in a new or empty folder.

        Args:
            path: the folder.
            config: what `config.json` is to hold.
            replace: remove a run that is there already; anything but a run stays.

        Raises:
            CourseError: the folder holds something already.
        """
        path = Path(path)
        if replace and (path / "config.json").exists():
            shutil.rmtree(path)
        if (path / "config.json").exists():
            raise CourseError(f"{path} holds a run already: add --resume to go on with it, or choose another --output.")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise CourseError(f"{path} exists and is not an empty folder: choose another --output.")
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / "config.json", json.dumps(config, indent=2) + "\n")
        return cls(path)

    @property
    def log(self) -> list[dict]:
        """The rows of `log.csv`: numbers by column name, None where a value was not measured."""
        try:
            with open(self.path / "log.csv", newline="") as file:
                return [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]
        except FileNotFoundError:
            return []

    @property
    def best(self) -> dict:
        """The row of the log with the best validation mIoU.

        Raises:
            CourseError: no epoch of the run was validated yet.
        """
        rows = [row for row in self.log if row["val_mean_iou"] is not None]
        if not rows:
            raise CourseError(f"{self.path}: no epoch was validated yet; go on with `course train --resume`.")
        return max(rows, key=lambda row: row["val_mean_iou"])

    def load_model(self):
        """The network with the best validation mIoU.

        Raises:
            CourseError: no epoch of the run was validated yet, or the file or a module of the user's cannot be read.
        """
        self._import_own_modules()
        file = self.path / "best.keras"
        if not file.exists():
            raise CourseError(f"{self.path} has no trained network yet: finish it with `course train --resume`.")
        try:
            return for_this_machine(keras.models.load_model(file, compile=False))
        except (ValueError, OSError, KeyError) as error:
            raise CourseError(f"{file} cannot be loaded ({error}): train the run again.") from error

    def save_best(self, model) -> None:
        """Keep the model, as it is now, as the best one."""
        write_whole(self.path / "best.keras", model.save)

    def save_checkpoint(self, model, state: dict, average: WeightAverage | None = None) -> None:
        """Keep the model, its optimiser and a JSON state as the last complete epoch, and write the log from it.

        Args:
            model: a compiled model.
            state: `epoch` (finished epochs), `log` (rows so far) and whatever else is needed to go on.
            average: of the weights, where one is followed.
        """
        folder = self.path / "checkpoints"
        final, partial = folder / f"{state['epoch']:04d}", folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        model.save(partial / "model.keras")
        if average:
            average.save(partial / AVERAGE)
        (partial / "state.json").write_text(json.dumps(state))
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        for older in self._checkpoints():
            if older != final:
                shutil.rmtree(older)
        self._write_log(state["log"])
        self._write_tensorboard(state["log"][-1])

    def restore(self):
        """The compiled model and the state of the last complete epoch; None before the first.

        Raises:
            CourseError: an earlier version of the course made the run.
        """
        if "optimizer" not in self.config:
            raise CourseError(
                f"{self.path} was trained by an earlier version of the course: train into a new folder to go further. "
                "`course evaluate` and `course predict` take the run as it is."
            )
        self._import_own_modules()
        for left_by_a_kill in self.path.glob(".*.partial*"):
            left_by_a_kill.unlink()
        checkpoints = self._checkpoints()
        if not checkpoints:
            return None
        last = checkpoints[-1]
        state = json.loads((last / "state.json").read_text())
        self._write_log(state["log"])
        return keras.models.load_model(last / "model.keras"), state

    def restore_average(self, average: WeightAverage) -> None:
        """Take the weight average of the last complete epoch."""
        average.restore(self._checkpoints()[-1] / AVERAGE)

    def _import_own_modules(self) -> None:
        """Import what the run takes from modules of the user's, which register layers and losses of their own."""
        names = [self.config.get(entry) for entry in ("model", "loss", "optimizer")]
        for name in [*names, self.config.get("model_options", {}).get("encoder")]:
            if isinstance(name, str) and ":" in name:
                look_up(name, {}, "object")

    def _checkpoints(self) -> list[Path]:
        return sorted(path for path in (self.path / "checkpoints").glob("[0-9]*") if path.is_dir())

    def _write_log(self, rows: list[dict]) -> None:
        def write(path):
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)

        if rows:
            write_whole(self.path / "log.csv", write)

    def _write_tensorboard(self, row: dict) -> None:
        with tf.summary.create_file_writer(str(self.path / "tensorboard")).as_default(step=int(row["epoch"])):
            for name, value in row.items():
                if name != "epoch" and value is not None:
                    tf.summary.scalar(name, value)
