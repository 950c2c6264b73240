"""Recipes that belong to a data set: how each system is to be trained on it in full.

A recipe is a file, `NAME/SYSTEM.toml`, of four tables:

[recipe]       values of `course_utils.training.Recipe`; 0 for `averaging` is none
[origin]       `published`, what of these is the paper's, and `ours`, what is not
[target]       what was published: `mean_iou` in percent, of which `split`, in which `source`; left out where unknown
[estimate]     `gpu_hours` and `memory_gib`, by the rule of `benchmarks/cityscapes_recipes.py`; not measured
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class FullRecipe:
    """What a file says.

    Attributes:
        name: of the recipe, such as "cityscapes".
        model: the system.
        values: of `course_utils.training.Recipe`.
        origin: `published` and `ours`, in words.
        target: `mean_iou`, `split` and `source`, or nothing.
        estimate: `gpu_hours` and `memory_gib`.
    """

    name: str
    model: str
    values: dict
    origin: dict
    target: dict
    estimate: dict


def names() -> list[str]:
    """The recipes that there are."""
    return sorted(folder.name for folder in FOLDER.iterdir() if any(folder.glob("*.toml")))


def systems(name: str) -> list[str]:
    """The systems that a recipe tells how to train."""
    return sorted((file.stem for file in (FOLDER / name).glob("*.toml")), key=str.lower)


def full_recipe(name: str, model: str) -> FullRecipe:
    """The recipe of a system.

    Args:
        name: one of `names()`.
        model: a key of `course_utils.models.SYSTEMS`.

    Raises:
        CourseError: there is no such recipe, or it does not tell of this system; the message lists the choices.
    """
    if name not in names():
        raise CourseError(f"There is no recipe {name!r}: choose one of {', '.join(names())}, or list to see them.")
    if model not in systems(name):
        raise CourseError(f"The recipe {name} is for {', '.join(systems(name))}, not for {model}: leave --recipe out.")
    content = tomllib.loads((FOLDER / name / f"{model}.toml").read_text("utf-8"))
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in content["recipe"].items()}
    if values.get("averaging") == 0:
        values["averaging"] = None
    return FullRecipe(name, model, values, content["origin"], content.get("target", {}), content["estimate"])


def table() -> str:
    """All recipes, a line for each system, for people."""
    lines = []
    for name in names():
        columns = ("crop", "images/step", "epochs", "GPU hours, GiB (estimated)", "published mIoU")
        lines.append("{:14} {:9} {:11}  {:6}  {:26}  {}".format(name, *columns))
        for model in systems(name):
            one = full_recipe(name, model)
            size = "{}x{}".format(*one.values.get("crop_size", one.values["image_size"]))
            step = f"{one.values['batch_size']} x {one.values.get('accumulate', 1)}"
            target = "{mean_iou} {split}, {source}".format(**one.target) if one.target else "unknown"
            cost = f"{one.estimate['gpu_hours']}, {one.estimate['memory_gib']}"
            lines.append(f"{model:14} {size:9} {step:11}  {one.values['epochs']:6}  {cost:26}  {target}")
    return "\n".join(lines)
