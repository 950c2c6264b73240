"""What `config.json`, `state.json` and `log.csv` hold: one schema, with a version, checked only here."""

import csv
import io
import math
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import Check, find_fault, read_bytes, read_json, whole

VERSION = 2
"""Of the run folders that this course writes. Version 1 had none in its `config.json`, and no seeds of dropout."""

_LARGEST = 1_000_000_000


def _number(least: float = -math.inf, most: float = math.inf, above: float = -math.inf) -> Check:
    bounds = [("at least", least), ("at most", most), ("above", above)]
    wanted = " ".join(["a number", *(f"{word} {bound:g}" for word, bound in bounds if math.isfinite(bound))])

    def check(value):
        numeric = type(value) in (int, float) and abs(value) < math.inf
        return None if numeric and least <= value <= most and value > above else wanted

    return check


def _any_number(value) -> str | None:
    return None if type(value) in (int, float) else "a number"  # a loss that diverged is none that is finite


def _text(value) -> str | None:
    return None if isinstance(value, str) and 0 < len(value) <= 4096 else "a text"


def _yes_or_no(value) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _options(value) -> str | None:
    return None if isinstance(value, dict) else "an object with names"


def _pair(one: Check, what: str) -> Check:
    return lambda value: (
        None if isinstance(value, list) and len(value) == 2 and not any(map(one, value)) else f"a list of two {what}"
    )


def _or_null(check: Check) -> Check:
    return lambda value: None if value is None else (wanted := check(value)) and f"{wanted}, or null"


_SIZE = _or_null(_pair(whole(1, 2**15), "sides in pixels"))

_PREDICTING = {
    "model": _text,
    "dataset": _text,
    "image_size": _SIZE,
    "num_classes": whole(1, 255),
}
"""What every run has, of whatever version: enough to predict."""

_TRAINING = {
    "data_dir": _or_null(_text),
    "model_options": _options,
    "encoder_weights": _or_null(_text),
    "crop_size": _SIZE,
    "growing": _number(0, 1),
    "batch_size": whole(1, _LARGEST),
    "accumulate?": whole(1, _LARGEST),
    "optimizer": _text,
    "learning_rate": _number(above=0),
    "weight_decay": _number(0),
    "schedule": _text,
    "balancing": _text,
    "loss": _text,
    "averaging": _or_null(_number(0, 1)),
    "scale": _pair(_number(above=0), "numbers above 0"),
    "flip": _yes_or_no,
    "color": _number(0, 1),
    "class_sampling?": _number(0, 1),
    "minutes": _or_null(_number(above=0)),
    "epochs": _or_null(whole(1, _LARGEST)),
    "seed": whole(0, 2**32 - 1),
    "mixed_precision": _or_null(_text),
    "class_names": [_text],
    "prior_mean_iou": _or_null(_number(0, 1)),
}
"""What training takes besides."""

_ROW = {
    "epoch": _number(1),
    "steps": _number(0),
    "minutes": _number(0),
    "learning_rate": _number(0),
    "loss": _any_number,
    "val_mean_iou": _or_null(_number(0, 1)),
    "val_pixel_accuracy": _or_null(_number(0, 1)),
}
"""An epoch in the log."""

_STATE = {
    "epoch": whole(1, _LARGEST),
    "log": [_ROW],
    "best": _number(-1, 1),
    "seconds?": _number(0),
    "seeds?": [[whole(-(2**63), 2**63 - 1)]],
}


def config_fault(config) -> str | None:
    """What is wrong with the content of a `config.json`; None where it is right."""
    first = config.get("version", 1) == 1 if isinstance(config, dict) else False
    training = {f"{name.removesuffix('?')}?": check for name, check in _TRAINING.items()} if first else _TRAINING
    if fault := find_fault(config, {"version?": whole(1, _LARGEST), **_PREDICTING, **training}):
        return fault
    if not first and (config["minutes"] is None) == (config["epochs"] is None):
        return "minutes and epochs must be one number and one null"
    if len(config.get("class_names", range(config["num_classes"]))) != config["num_classes"]:
        return "class_names are not as many as num_classes says"
    return None


def read_config(folder: Path) -> dict:
    """The recipe of a run, checked.

    Args:
        folder: the run folder.

    Raises:
        CourseError: there is none, it is damaged or something else's, or a newer version of the course wrote it.
    """
    file = folder / "config.json"
    remedy = "give a folder that `course train --output` made"
    if not file.exists():
        raise CourseError(f"{folder} is not a run folder (no config.json): {remedy}.")
    config = read_json(file, remedy)
    version = config.get("version") if isinstance(config, dict) else None
    if type(version) is int and version > VERSION:
        raise CourseError(
            f"{folder} was trained by a newer version of the course (run folders of version {version}, this one knows "
            f"{VERSION}): update the course."
        )
    if fault := config_fault(config):
        raise CourseError(f"{file}: {fault}, so this is no run, or a damaged one; {remedy}.")
    return config


def read_state(file: Path, remedy: str) -> dict:
    """The state after an epoch, checked.

    Args:
        file: `state.json` of a checkpoint.
        remedy: what to do when it cannot be used, for the message.

    Raises:
        CourseError: it is missing or damaged.
    """
    try:
        state = read_json(file, remedy)
    except FileNotFoundError:
        raise CourseError(f"{file} is missing; {remedy}.") from None
    fault = find_fault(state, _STATE)
    if not fault and [row["epoch"] for row in state["log"]] != list(range(1, state["epoch"] + 1)):
        fault = "the log does not hold each epoch once"
    if fault:
        raise CourseError(f"{file}: {fault}; {remedy}.")
    return state


def read_log(file: Path) -> list[dict]:
    """The rows of a `log.csv`: numbers by column name, None where a value was not measured; none without a file.

    Raises:
        CourseError: it is damaged.
    """
    remedy = "get it from a copy, or delete it: `course train --resume` writes it anew"
    try:
        text = read_bytes(file).decode("utf-8-sig")
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = [{name: float(value) if value else None for name, value in row.items()} for row in table]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CourseError(f"{file}: cannot be read ({error.strerror}); {remedy}.") from None
    except (ValueError, TypeError, csv.Error) as error:
        raise CourseError(f"{file}: this is no log of a training ({error}); {remedy}.") from None
    for number, row in enumerate(rows, 2):
        if fault := find_fault(row, _ROW):
            raise CourseError(f"{file}: line {number}: {fault}; {remedy}.")
    return rows
