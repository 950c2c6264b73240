"""A checkpoint: everything that training needs to go on, bit for bit, as if it had not stopped."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.files import write_folder_whole
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.run_folder.network_file import check_archive, unreadable
from course_utils.training.run_folder.schema import read_state

MODEL = "model.keras"
"""The network and its optimiser, in a checkpoint's folder."""

AVERAGE = "average.npz"
"""The weight average."""

STATE = "state.json"
"""Everything else; see `schema.py`."""


class Checkpoint:
    """What is kept after an epoch.

    Args:
        folder: which `Checkpoint.write` made.
        remedy: what to do when it cannot be used, for messages.

    Attributes:
        state: `epoch` (finished epochs), `log` (rows so far), `best` (score), `seconds`.

    Raises:
        CourseError: a part is missing or damaged.
    """

    def __init__(self, folder: Path, remedy: str):
        self.folder, self.remedy = folder, remedy
        self.state = read_state(folder / STATE, remedy)
        if not folder.name.isdigit() or int(folder.name) != self.state["epoch"]:
            raise CourseError(f"{folder} is of epoch {self.state['epoch']}, not of {folder.name}; {remedy}.")
        self._seeds = self.state.pop("seeds", None)

    @staticmethod
    def write(folder: Path, model, state: dict, average: WeightAverage | None) -> None:
        """Keep a compiled model, its optimiser, the average of its weights and a state, all or nothing."""

        def fill(partial: Path) -> None:
            model.save(partial / MODEL)
            if average:
                average.save(partial / AVERAGE)
            seeds = [variable.numpy().tolist() for variable in random_states(model)]
            (partial / STATE).write_text(json.dumps({**state, "seeds": seeds}), "utf-8")

        write_folder_whole(folder, fill)

    def restore(self, model, average: WeightAverage | None) -> None:
        """Give a new network of the same recipe, and its optimiser, the values that they had.

        A network built anew has, unlike one that Keras loads, all that its recipe says, such as which weights decay.

        Args:
            model: compiled.
            average: of its weights.

        Raises:
            CourseError: a file is missing or damaged, or of another network.
        """
        file = self.folder / MODEL
        if not file.is_file():
            raise CourseError(f"{file} is missing; {self.remedy}.")
        check_archive(file, self.remedy)
        try:
            with warnings.catch_warnings():
                # Keras only warns of an optimiser that does not fit.
                warnings.filterwarnings("error", "Skipping variable loading")
                model.load_weights(file)
        except Exception as error:  # Keras, h5py and layers of the user's raise anything
            raise unreadable(file, error, self.remedy) from None
        variables = random_states(model)
        if self._seeds is not None:  # version 1 kept none
            if [len(seed) for seed in self._seeds] != [variable.shape[0] for variable in variables]:
                raise CourseError(f"{self.folder / STATE}: the seeds are of another network; {self.remedy}.")
            for variable, seed in zip(variables, self._seeds, strict=True):
                variable.assign(np.array(seed, variable.dtype))
        if average:
            self._restore_average(average)

    def _restore_average(self, average: WeightAverage) -> None:
        file = self.folder / AVERAGE
        try:
            average.restore(file)
        except FileNotFoundError:
            raise CourseError(f"{file} is missing; {self.remedy}.") from None
        except Exception as error:  # NumPy raises anything
            raise unreadable(file, error, self.remedy) from None


def find_checkpoints(folder: Path) -> list[Path]:
    """The folders of checkpoints, the newest last."""
    found = [path for path in folder.glob("[0-9]*") if path.is_dir() and path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name))


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed training left half written; nobody else may be training into the folder."""
    for path in [*folder.glob(".*.partial*"), *(folder / "checkpoints").glob("*partial*")]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def random_states(model) -> list:
    """The states of the random numbers that layers draw, such as those of dropout: Keras does not save them."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
