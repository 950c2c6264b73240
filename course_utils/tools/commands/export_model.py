"""`course export-model`: a trained network as a SavedModel, for LiteRT or in ONNX."""

import json
from dataclasses import asdict
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import check_writable
from course_utils.tools.commands import _systems
from course_utils.tools.types import size

HELP = "export a trained run or shipped weights for use without the course: SavedModel, LiteRT, ONNX"

FORMATS = ("savedmodel", "litert", "onnx")


def configure(parser):
    parser.usage = "course export-model [options] --format FORMAT --output PATH (RUN | --weights SYSTEM/DATASET)"
    parser.add_argument("run_folder", metavar="RUN", nargs="?", type=Path, help="folder that `course train` made")
    _systems.add_weights(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        required=True,
        help="savedmodel: a folder for TensorFlow; litert: a .tflite file for phones; onnx: a file for ONNX Runtime",
    )
    parser.add_argument("--output", metavar="PATH", required=True, type=Path, help="the file or folder to write")
    parser.add_argument(
        "--image-size",
        type=size,
        metavar="HxW",
        help="of all images of a LiteRT file (default: what the network was trained for)",
    )
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")


def run(arguments) -> int:
    if (arguments.run_folder is None) == (arguments.weights is None):
        raise CourseError("Say what to export: a run folder, or --weights SYSTEM/DATASET.")
    if arguments.image_size and arguments.format != "litert":
        raise CourseError(f"--image-size is for LiteRT; a file of {arguments.format} takes any size: leave it out.")
    place = arguments.output.expanduser()
    check_writable(place.absolute().parent, "--output")
    from course_utils.tools.exporting import export

    trained = _network(arguments)
    image_size = arguments.image_size or trained.config["image_size"]
    exported = export(trained.load_model(), place, arguments.format, _about(trained), image_size and tuple(image_size))
    if arguments.json:
        print(json.dumps(asdict(exported)))
        return 0
    most = "" if exported.share == 1 else f" of {exported.share:.0%} of the logits (median of {exported.images} images)"
    print(f"{exported.path}: written, and compared with the Keras network on random images:")
    for name, difference in exported.differences.items():
        print(
            f"  {name}: largest difference{most} {difference:.1e}, of logits up to {exported.largest_logit[name]:.3g}; "
            f"same class at {exported.same_class[name]:.2%} of the pixels"
        )
    return 0


def _network(arguments):
    """What to export.

    Raises:
        CourseError: there is no such run, or no such weights.
    """
    if arguments.weights:
        return _systems.ShippedNetwork(arguments.weights)
    from course_utils.training import Run

    return Run(arguments.run_folder)


def _about(trained) -> dict:
    """What a user of the file wants to know of the network."""
    from course_utils import datasets

    labels = datasets.card(trained.config["dataset"]).labels
    card = getattr(trained, "card", None)
    return {
        "network": card.system if card else trained.config.get("model"),
        "dataset": trained.config["dataset"],
        "licence": card.licence if card else None,
        "image_size": trained.config["image_size"],
        "classes": [
            {"train_id": number, "name": name, "label_id": int(label.id), "color": [int(c) for c in label.color]}
            for number, (name, label) in enumerate(zip(labels.names, labels.classes, strict=True))
        ],
    }
