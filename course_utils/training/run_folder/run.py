"""A run folder: what was trained, how, how it went, and the networks that came out of it.

RUN/config.json           the recipe, enough to repeat the run
RUN/log.csv               one row per epoch
RUN/tensorboard/          the same for TensorBoard
RUN/checkpoints/0007/     what training goes on from after an epoch (older ones are removed)
RUN/best.keras            the network with the best validation mIoU
RUN/.lock                 held by the process that trains
"""

import contextlib
import csv
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from course_utils.backend import tf
from course_utils.errors import CourseError, cannot_write
from course_utils.files import LOCK, one_process, open_file, write_whole
from course_utils.names import look_up
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.optimization.precision import for_this_machine
from course_utils.training.run_folder.checkpoint import Checkpoint, find_checkpoints, remove_leftovers
from course_utils.training.run_folder.network_file import read_network
from course_utils.training.run_folder.schema import VERSION, config_fault, read_config, read_log

_AS_IT_IS = "`course evaluate` and `course predict` take the run as it is"


def check_free(path: Path, replace: bool = False) -> None:
    """Make sure that a run can start in a folder; nothing is made.

    Args:
        path: the folder.
        replace: whether a run that is there already is in order.

    Raises:
        CourseError: the folder holds something already.
    """
    if (path / "config.json").exists():
        if replace:
            return
        raise CourseError(f"{path} holds a run already: add --resume to go on with it, or choose another --output.")
    if path.exists() and (not path.is_dir() or any(part.name != LOCK for part in path.iterdir())):
        raise CourseError(f"{path} exists and is not an empty folder: choose another --output.")


@contextlib.contextmanager
def training_alone(path: Path) -> Iterator[None]:
    """Train into a folder, made if there is none, as the only process that does.

    Raises:
        CourseError: another process trains into it, or it cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        with one_process(path, "wait until it has ended, or choose another --output"):
            yield
    finally:
        with contextlib.suppress(OSError):
            path.rmdir()  # where nothing came of it


class Run:
    """A run folder on disk.

    Everything is written beside its final name and then renamed, so a kill at any moment leaves the last complete
    state in place.

    Args:
        path: the folder, which must hold a run.

    Raises:
        CourseError: there is no run at `path`, or its `config.json` is damaged.
    """

    def __init__(self, path):
        self.path = Path(path).expanduser()
        self.config = read_config(self.path)

    @classmethod
    def create(cls, path, config: dict, *, replace: bool = False) -> "Run":
        """Start a run in a new or empty folder.

        Args:
            path: the folder.
            config: what `config.json` is to hold.
            replace: remove a run that is there already; anything but a run stays.

        Raises:
            CourseError: the folder holds something already, or the config something that no run can have.
        """
        path = Path(path).expanduser()
        text = json.dumps({"version": VERSION, **config}, indent=2)
        if fault := config_fault(json.loads(text)):
            raise CourseError(f"Training cannot begin: {fault}.")
        check_free(path, replace)
        try:
            if replace and (path / "config.json").exists():
                _empty(path)
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from None
        write_whole(path / "config.json", text + "\n")
        return cls(path)

    @property
    def log(self) -> list[dict]:
        """The rows of `log.csv`: numbers by column name, None where a value was not measured.

        Raises:
            CourseError: the file is damaged.
        """
        return read_log(self.path / "log.csv")

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

    @property
    def best_file(self) -> Path:
        """The file of the network with the best validation mIoU."""
        return self.path / "best.keras"

    def load_model(self):
        """The network with the best validation mIoU.

        Raises:
            CourseError: no epoch of the run was validated yet, or the file or a module of the user's cannot be read.
        """
        self.import_own_modules()
        if not self.best_file.exists():
            raise CourseError(f"{self.path} has no trained network yet: finish it with `course train --resume`.")
        remedy = "get it from a copy, or train the run again"
        return for_this_machine(read_network(self.best_file, self.config["num_classes"], remedy))

    def save_best(self, model, epoch: int) -> None:
        """Keep the model, as it is now, as the best one.

        Args:
            model: the network.
            epoch: after which it is so; the file tells, as its time would not where a clock is set back.
        """

        def write(path):
            model.save(path)
            with zipfile.ZipFile(path, "a") as archive:
                archive.comment = _told(epoch)

        write_whole(self.best_file, write)

    def save_checkpoint(self, model, state: dict, average: WeightAverage | None = None) -> None:
        """Keep the model, its optimiser and a JSON state as the last complete epoch, and write the log from it.

        Args:
            model: a compiled model.
            state: `epoch` (finished epochs), `log` (rows so far) and whatever else is needed to go on.
            average: of the weights, where one is followed.
        """
        final = self._checkpoints / f"{state['epoch']:04d}"
        Checkpoint.write(final, model, state, average)
        for older in find_checkpoints(self._checkpoints):
            if older != final:
                shutil.rmtree(older, ignore_errors=True)
        self._write_log(state["log"])
        self._write_tensorboard(state["log"][-1])

    def last_checkpoint(self) -> Checkpoint | None:
        """What training goes on from; None where the run was interrupted before its first checkpoint.

        Raises:
            CourseError: an earlier version of the course made the run, or parts of it are missing or damaged: going on
                would overwrite what is still there.
        """
        if "optimizer" not in self.config:
            raise CourseError(
                f"{self.path} was trained by an earlier version of the course: train into a new folder to go further. "
                f"{_AS_IT_IS}."
            )
        folders = find_checkpoints(self._checkpoints)
        if not folders:
            kept = [name for name in (self.best_file.name, "log.csv") if (self.path / name).exists()]
            if kept:
                raise CourseError(
                    f"{self.path} has {' and '.join(kept)}, but no checkpoint to go on from, and starting over would "
                    f"overwrite them: get checkpoints/ from a copy, or train into a new folder; {_AS_IT_IS}."
                )
            return None
        *older, newest = folders
        remedy = (
            f"get it from a copy, or delete {newest}: training then goes on from {older[-1].name}"
            if older
            else f"get it from a copy, or train into a new folder; {_AS_IT_IS}"
        )
        checkpoint = Checkpoint(newest, remedy)
        self._refuse_loss(checkpoint)
        return checkpoint

    def _refuse_loss(self, checkpoint: Checkpoint) -> None:
        """Whatever the run held when it was interrupted has to be there still."""
        state, remedy = checkpoint.state, f"get it from a copy, or train into a new folder; {_AS_IT_IS}"
        told = 0
        with contextlib.suppress(CourseError):  # a damaged log is written anew from the checkpoint
            told = len(self.log)
        if told > state["epoch"]:
            raise CourseError(
                f"{self.path}: log.csv tells of {told} epochs, and the newest checkpoint is of epoch {state['epoch']}; "
                f"{remedy}."
            )
        if state["best"] >= 0 and state["log"][-1]["val_mean_iou"] != state["best"] and not self.best_file.exists():
            raise CourseError(f"{self.best_file} is missing; {remedy}.")

    def best_is_behind(self, checkpoint: Checkpoint) -> bool:
        """Whether a kill came between a checkpoint whose network is the best one and the file of the best network."""
        state = checkpoint.state
        if state["best"] < 0 or state["log"][-1]["val_mean_iou"] != state["best"]:
            return False
        try:
            with open_file(self.best_file) as file, zipfile.ZipFile(file) as archive:
                return archive.comment != _told(state["epoch"])
        except (OSError, zipfile.BadZipFile):
            return True

    def going_on(self, checkpoint: Checkpoint | None) -> None:
        """Clear up after the interruption, and have the log as it was after the checkpoint."""
        remove_leftovers(self.path)
        if checkpoint:
            self._write_log(checkpoint.state["log"])

    def import_own_modules(self) -> None:
        """Import what the run takes from modules of the user's, which register layers and losses of their own."""
        names = [self.config.get(entry) for entry in ("model", "loss", "optimizer")]
        for name in [*names, self.config.get("model_options", {}).get("encoder")]:
            if isinstance(name, str) and ":" in name:
                look_up(name, {}, "object")

    @property
    def _checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def _write_log(self, rows: list[dict]) -> None:
        def write(path):
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)

        if rows:
            write_whole(self.path / "log.csv", write)

    def _write_tensorboard(self, row: dict) -> None:
        folder = self.path / "tensorboard"
        try:
            with tf.summary.create_file_writer(str(folder)).as_default(step=int(row["epoch"])):
                for name, value in row.items():
                    if name != "epoch" and value is not None:
                        tf.summary.scalar(name, value)
        except tf.errors.OpError as error:
            raise CourseError(f"{folder}: cannot be written ({error.message.splitlines()[0]}); make room.") from None


def _told(epoch: int) -> bytes:
    """What the file of the best network says of itself."""
    return f"epoch {epoch}".encode()


def _empty(folder: Path) -> None:
    """Remove what is in a run folder, but for the lock, which this process holds."""
    for part in sorted(folder.iterdir(), key=lambda part: part.name == "config.json"):  # it says what the folder is
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part)
        elif part.name != LOCK:
            part.unlink()
