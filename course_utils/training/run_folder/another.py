"""Another recipe than a run has, given when it goes on: refused by name, and never ignored."""

import math
from collections.abc import Mapping
from pathlib import Path

from course_utils import datasets
from course_utils.errors import CourseError
from course_utils.training.run_folder.run import Run


def refuse_another(run: Run, given: Mapping[str, object]) -> dict[str, object]:
    """Make sure that a run goes on by its own recipe.

    A step may be divided into other batches, so that a run goes on that did not fit into memory.

    Args:
        run: which goes on.
        given: what the user named once more, by attribute of `Recipe`; of `model_options` some will do.

    Returns:
        what changes nonetheless, by attribute: `data_dir`, the run's own, or, where that is gone, the one that was
        given; and `batch_size` and `accumulate`, where the step has as many images as before.

    Raises:
        CourseError: something is another than the run has; the message names all of it.
    """
    others, data_dir = [], run.config.get("data_dir")
    later = {"accumulate": 1, "class_sampling": 0.0}  # what runs have that were begun before there were such options
    step = {name: run.config.get(name, later.get(name)) for name in ("batch_size", "accumulate")}
    again = {name: given.get(name, own) for name, own in step.items()}
    if math.prod(again.values()) != math.prod(step.values()):
        again = {}
    for name, value in given.items():
        if name in again:
            continue
        own = run.config.get(name, later.get(name))
        if name == "data_dir":
            place = own or datasets.default_dir(datasets.card(run.config["dataset"]).name)
            if not Path(place).exists() or _same_place(place, value):
                data_dir = str(Path(value).expanduser().absolute())
                continue
        if name == "model_options":
            others += [
                f"--option {option}={wanted} ({own.get(option, 'left out')})"
                for option, wanted in value.items()
                if own.get(option) != wanted
            ]
        elif _as_json(value) != own and not (name == "encoder_weights" and own and _same_place(own, value)):
            others.append(f"--{name.replace('_', '-')} {_words(value)} ({_words(own)})")
    if others:
        raise CourseError(
            f"{run.path} goes on by the recipe that it was started with, and has another than {', '.join(others)}: "
            "leave these options out, or train into a new folder."
        )
    return {"data_dir": data_dir, **again}


def _as_json(value):
    return list(value) if isinstance(value, tuple) else value


def _words(value) -> str:
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return "none" if value is None else str(value)


def _same_place(own, given) -> bool:
    return Path(own).expanduser().resolve() == Path(given).expanduser().resolve()
