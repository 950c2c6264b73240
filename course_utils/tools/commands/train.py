"""`course train`: train one network into a run folder."""

import argparse
import json
import os
import sys

from course_utils.errors import CourseError
from course_utils.tools import types

HELP = "train a network on a data set into a run folder; docs/own-systems.md says how to bring your own"
OWN = "or module:NAME for your own"

MOST_BATCHES = 1024
"""Per step; of more, one step would take days."""


def configure(parser):
    parser.add_argument("model", metavar="MODEL", help=f"SegNet, PSPNet, DeepLabV3Plus, ...; {OWN}")
    parser.add_argument(
        "--dataset", metavar="NAME", help=f"toy_streets, camvid, cityscapes, coco; {OWN}; a recipe brings its own"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the data set is, if not in its usual place")
    parser.add_argument("--output", required=True, metavar="RUN", help="the run folder")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes", type=types.number(above=0), metavar="M", help="wall time for everything, validation included"
    )
    budget.add_argument("--epochs", type=types.whole_number(), metavar="E", help="passes through the training split")
    parser.add_argument(
        "--resume", action="store_true", help="go on with an interrupted run: its recipe holds, the budget may grow"
    )
    recipe = parser.add_argument_group("recipe", "defaults depend on the data set and on whether there is a GPU")
    recipe.add_argument(
        "--recipe",
        action=_Recipe,
        metavar="NAME",
        help="everything below, and data set and epochs, as they are for a full training (cityscapes); what is given "
        "beside it wins; list shows the recipes",
    )
    recipe.add_argument(
        "--option", type=types.assignment, action="append", default=[], metavar="NAME=VALUE", help="model option"
    )
    recipe.add_argument("--encoder", metavar="NAME", help=f"the same as --option encoder=NAME; {OWN}")
    recipe.add_argument(
        "--encoder-weights",
        metavar="W",
        help="imagenet, a file of such weights, none, or SYSTEM/DATASET: that of a network that the course ships",
    )
    recipe.add_argument("--image-size", type=types.size, metavar="HxW", help="size the network sees a whole frame at")
    recipe.add_argument("--crop-size", type=types.size, metavar="HxW", help="size of training crops")
    recipe.add_argument(
        "--growing",
        type=types.number(least=0, most=1),
        metavar="SHARE",
        help="share of the budget spent on images of two thirds the side first; 0: none",
    )
    recipe.add_argument("--batch-size", type=types.whole_number(), metavar="N", help="images in memory at once")
    recipe.add_argument(
        "--accumulate",
        type=types.whole_number(1, MOST_BATCHES),
        metavar="N",
        help="batches per step, for steps that do not fit",
    )
    recipe.add_argument("--optimizer", metavar="NAME", help=f"muon, adamw, sgd; {OWN}")
    recipe.add_argument("--learning-rate", type=types.number(above=0), metavar="R", help="the peak rate")
    recipe.add_argument("--schedule", metavar="NAME", help=f"constant, constant-then-linear, poly, cosine; {OWN}")
    recipe.add_argument(
        "--balancing", metavar="NAME", help=f"class weights in the loss: none, sqrt-median, median; {OWN}"
    )
    recipe.add_argument(
        "--loss", metavar="NAME", help=f"of the logits: cross-entropy, hard-examples, lovasz, dice; {OWN}"
    )
    recipe.add_argument(
        "--class-sampling",
        type=types.number(least=0, most=1),
        metavar="SHARE",
        help="share of the images that are drawn by class, so that rare classes are seen more often; 0: none",
    )
    recipe.add_argument(
        "--averaging",
        type=types.number(least=0, most=1),
        metavar="B",
        help="momentum of the weight average; 0: none",
    )
    recipe.add_argument(
        "--mixed-precision",
        choices=["float32", "mixed_bfloat16", "mixed_float16"],
        help="mixed_bfloat16 where the machine is faster with it, unless float32 is wanted",
    )
    recipe.add_argument("--seed", type=types.whole_number(0, 2**32 - 1), metavar="N", help="of all random numbers")
    parser.add_argument(
        "--strategy",
        choices=["auto", "one", "mirrored", "multiworker"],
        default="auto",
        help="which replicas train together: one, one on each GPU (mirrored), or on several machines (multiworker, "
        "docs/cluster.md); auto: what GPUs, TF_CONFIG and SLURM say",
    )
    parser.add_argument(
        "--wait",
        type=types.number(above=0, most=86400),
        default=300.0,
        metavar="S",
        help="seconds that workers wait for one another (%(default)g)",
    )
    parser.add_argument(
        "--backend",
        choices=["tensorflow", "jax"],
        help="what computes the network: KERAS_BACKEND, else tensorflow; JAX is not installed with the course",
    )
    parser.add_argument("--json", action="store_true", help="print the last figures as JSON")


def run(arguments) -> int:
    replicas = _start(arguments)
    with replicas.ending():
        finished = _train(arguments, replicas)
    if finished is None:
        worker = {"worker": replicas.worker, "workers": replicas.workers}
        told = f"Worker {replicas.worker} of {replicas.workers} is done; worker 0 has the run."
        print(json.dumps(worker) if arguments.json else told)
        return 0
    best, epochs, prior = finished.best, len(finished.log), finished.config.get("prior_mean_iou")
    if prior is not None and best["val_mean_iou"] <= prior:
        print(
            f"WARNING: a guess that never looks at the image scores {prior:.1%} mIoU on these frames: the network has "
            "not learnt yet. Train it longer.",
            file=sys.stderr,
        )
    if arguments.json:
        print(json.dumps({"run": str(finished.path), "best": best, "epochs": epochs, "prior_mean_iou": prior}))
    else:
        beside = "" if prior is None else f"; image-blind prior {prior:.1%}"
        print(
            f"{finished.path}: {epochs} epoch{'s' * (epochs != 1)}; best validation mIoU {best['val_mean_iou']:.1%} "
            f"(epoch {best['epoch']:.0f}, pixel accuracy {best['val_pixel_accuracy']:.1%}{beside}).\n"
            f"Per-class table: course evaluate {finished.path}"
        )
    return 0


def _start(arguments):
    """The replicas that train: before anything else is computed, since TensorFlow takes up workers only then."""
    alone = "course_utils.backend" not in sys.modules
    if alone:
        os.environ["COURSE_BACKEND"] = "cold"
    try:
        _use_backend(arguments.backend)
        from course_utils.backend import keras
        from course_utils.training.strategies import meeting, replicas
    finally:
        if alone:
            del os.environ["COURSE_BACKEND"]

    def gone(line: str) -> None:
        if arguments.json:
            print(json.dumps({"error": line}), flush=True)
        meeting.end(line)

    if keras.backend.backend() != "tensorflow":
        if arguments.strategy in ("mirrored", "multiworker"):
            raise CourseError(f"--strategy {arguments.strategy} is TensorFlow's: give --backend tensorflow.")
        return replicas.ONE
    return replicas.start(arguments.strategy, wait=arguments.wait, gone=gone)


def _train(arguments, replicas):
    from course_utils.training import resume_run, train_recipe

    options = {"started": arguments.started, "replicas": replicas}
    if not replicas.share(lambda: arguments.resume):  # workers that have no run folder do not know
        return train_recipe(_recipe(arguments), arguments.output, **options)
    budget = {"minutes": arguments.minutes, "epochs": arguments.epochs}
    again = {name: value for name, value in _given(arguments).items() if name not in budget}
    return resume_run(arguments.output, **budget, given=again, **options)


def _use_backend(name: str | None) -> None:
    """Have Keras compute with a backend, which it imports once and for all."""
    if name is None:
        return
    os.environ["KERAS_BACKEND"] = name
    from course_utils.backend import keras

    if keras.backend.backend() != name:
        raise CourseError(f"This process computes with {keras.backend.backend()}: train with {name} in another one.")


def _recipe(arguments):
    """What was said, and for the rest what suits the machine."""
    from course_utils.training import Recipe

    given = _given(arguments)
    if "dataset" not in given:
        raise CourseError("Say what to train on: --dataset NAME, or --recipe NAME for a recipe that says it.")
    return Recipe.for_machine(**given)


def _given(arguments) -> dict:
    """What was said of the recipe."""
    from course_utils.training import Recipe

    given = {
        name: value
        for name, value in vars(arguments).items()
        if name in Recipe.__dataclass_fields__ and value is not None
    }
    if arguments.recipe:
        given = {**_from_file(arguments), **given}
    if arguments.averaging == 0:
        given["averaging"] = None
    if arguments.encoder_weights == "none":
        given["encoder_weights"] = None
    if arguments.mixed_precision == "float32":
        given["mixed_precision"] = None
    encoder = {"encoder": arguments.encoder} if arguments.encoder else {}
    return {**given, "model_options": {**given.get("model_options", {}), **encoder, **dict(arguments.option)}}


def _from_file(arguments) -> dict:
    """What the recipe says; the data set's folder and the budget are those that were typed, if any was."""
    from course_utils.training.recipes import full_recipe

    values = full_recipe(arguments.recipe, arguments.model).values
    return {name: value for name, value in values.items() if name != "epochs" or arguments.minutes is None}


class _Recipe(argparse.Action):
    """Keeps the name of a recipe; `list` shows all of them and ends, as `--help` does."""

    def __call__(self, parser, namespace, value, option=None):
        if value == "list":
            from course_utils.training.recipes import table

            print(table(), flush=True)
            parser.exit()
        setattr(namespace, self.dest, value)
