"""`course train`: train one network into a run folder."""

import json

HELP = "train a network on a data set into a run folder"


def size(text: str) -> tuple[int, int]:
    """Parse `HEIGHTxWIDTH`."""
    height, width = text.lower().split("x")
    return int(height), int(width)


def option(text: str) -> tuple[str, object]:
    """Parse `NAME=VALUE`, the value as JSON where it is JSON."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise ValueError(text)
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def configure(parser):
    parser.add_argument("model", metavar="MODEL", help="SegNet, PSPNet, DeepLabV3Plus, ...")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="toy_streets, camvid, cityscapes or coco")
    parser.add_argument("--data-dir", metavar="DIR", help="where the data set is, if not in its usual place")
    parser.add_argument("--output", required=True, metavar="RUN", help="the run folder")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, metavar="M", help="wall time for everything, validation included")
    budget.add_argument("--epochs", type=int, metavar="E")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    recipe = parser.add_argument_group("recipe", "defaults depend on the data set and on whether there is a GPU")
    recipe.add_argument("--option", type=option, action="append", default=[], metavar="NAME=VALUE", help="model option")
    recipe.add_argument("--encoder", metavar="NAME", help="the same as --option encoder=NAME")
    recipe.add_argument("--encoder-weights", metavar="W", help="imagenet, or a file of such weights")
    recipe.add_argument("--image-size", type=size, metavar="HxW", help="size the frames are resized to")
    recipe.add_argument("--crop-size", type=size, metavar="HxW", help="size of training crops")
    recipe.add_argument("--batch-size", type=int, metavar="N")
    recipe.add_argument("--learning-rate", type=float, metavar="R")
    recipe.add_argument("--schedule", choices=["constant", "constant-then-linear", "poly", "cosine"])
    recipe.add_argument("--balancing", choices=["none", "sqrt-median", "median"], help="class weights in the loss")
    recipe.add_argument("--loss", choices=["cross-entropy", "hard-examples", "lovasz", "dice"], help="of the logits")
    recipe.add_argument("--averaging", type=float, metavar="B", help="momentum of the weight average, 0 for none")
    recipe.add_argument("--mixed-precision", choices=["mixed_bfloat16", "mixed_float16"])
    recipe.add_argument("--seed", type=int, metavar="N")
    parser.add_argument("--json", action="store_true", help="print the last figures as JSON")


def run(arguments) -> int:
    from course_utils.training.recipe import Recipe, machine_defaults, train_recipe

    defaults = machine_defaults(arguments.dataset, arguments.model)
    given = {
        name: value
        for name, value in vars(arguments).items()
        if name in Recipe.__dataclass_fields__ and value is not None
    }
    given["averaging"] = given.get("averaging", Recipe.averaging) or None
    encoder = {"encoder": arguments.encoder} if arguments.encoder else {}
    options = {**defaults["model_options"], **encoder, **dict(arguments.option)}
    recipe = Recipe(**{**defaults, **given, "model_options": options})
    finished = train_recipe(recipe, arguments.output, resume=arguments.resume)
    rows = [row for row in finished.log if row["val_mean_iou"] is not None]
    best = max(rows, key=lambda row: row["val_mean_iou"])
    if arguments.json:
        print(json.dumps({"run": str(finished.path), "best": best, "epochs": len(finished.log)}))
    else:
        print(
            f"{finished.path}: {len(finished.log)} epochs; best validation mIoU {best['val_mean_iou']:.1%} "
            f"(epoch {best['epoch']:.0f}, pixel accuracy {best['val_pixel_accuracy']:.1%}).\n"
            f"Per-class table: course evaluate {finished.path}"
        )
    return 0
