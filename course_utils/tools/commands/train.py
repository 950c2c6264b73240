"""`course train`: train one network into a run folder."""

import json
import sys

from course_utils.tools import types

HELP = "train a network on a data set into a run folder; docs/own-systems.md says how to bring your own"
OWN = "or module:NAME for your own"


def configure(parser):
    parser.add_argument("model", metavar="MODEL", help=f"SegNet, PSPNet, DeepLabV3Plus, ...; {OWN}")
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help=f"toy_streets, camvid, cityscapes, coco; {OWN}"
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
        "--option", type=types.assignment, action="append", default=[], metavar="NAME=VALUE", help="model option"
    )
    recipe.add_argument("--encoder", metavar="NAME", help=f"the same as --option encoder=NAME; {OWN}")
    recipe.add_argument(
        "--encoder-weights",
        metavar="W",
        help="imagenet, a file of such weights, or SYSTEM/DATASET: the encoder of a network that the course ships",
    )
    recipe.add_argument("--image-size", type=types.size, metavar="HxW", help="size the network sees a whole frame at")
    recipe.add_argument("--crop-size", type=types.size, metavar="HxW", help="size of training crops")
    recipe.add_argument(
        "--growing",
        type=types.number(least=0, most=1),
        metavar="SHARE",
        help="share of the budget spent on images of two thirds the side first; 0: none",
    )
    recipe.add_argument("--batch-size", type=types.whole_number(), metavar="N", help="images per batch")
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
    parser.add_argument("--json", action="store_true", help="print the last figures as JSON")


def run(arguments) -> int:
    from course_utils.training import resume_run, train_recipe

    if arguments.resume:
        budget = {"minutes": arguments.minutes, "epochs": arguments.epochs}
        again = {name: value for name, value in _given(arguments).items() if name not in budget}
        finished = resume_run(arguments.output, **budget, given=again, started=arguments.started)
    else:
        finished = train_recipe(_recipe(arguments), arguments.output, started=arguments.started)
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


def _recipe(arguments):
    """What was said, and for the rest what suits the machine."""
    from course_utils.training import Recipe

    return Recipe.for_machine(**_given(arguments))


def _given(arguments) -> dict:
    """What was said of the recipe."""
    from course_utils.training import Recipe

    given = {
        name: value
        for name, value in vars(arguments).items()
        if name in Recipe.__dataclass_fields__ and value is not None
    }
    if arguments.averaging == 0:
        given["averaging"] = None
    if arguments.mixed_precision == "float32":
        given["mixed_precision"] = None
    encoder = {"encoder": arguments.encoder} if arguments.encoder else {}
    return {**given, "model_options": {**encoder, **dict(arguments.option)}}
