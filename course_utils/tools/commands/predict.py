"""`course predict`: label maps and overlays for any images."""

from argparse import BooleanOptionalAction
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.tools.commands import _views

HELP = "predict images with a trained run: label-id PNGs at their own resolution, and overlays"

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""What counts as an image in a folder."""


def configure(parser):
    parser.add_argument("run_folder", metavar="RUN", help="folder that `course train --output` made")
    parser.add_argument("images", metavar="IMAGE", nargs="+", type=Path, help="image files, or folders of them")
    parser.add_argument("--output", metavar="DIR", required=True, type=Path, help="where the results go")
    parser.add_argument("--overlay", action=BooleanOptionalAction, default=True, help="also write colours over images")
    _views.configure(parser)


def run(arguments) -> int:
    import numpy as np
    from PIL import Image

    from course_utils import datasets, plotting
    from course_utils.images import read_photo
    from course_utils.inference import save_label_ids
    from course_utils.progress import Progress
    from course_utils.training import Run

    output = arguments.output
    images = _named_images(arguments.images, output)
    trained = Run(arguments.run_folder)
    labels = datasets.card(trained.config["dataset"]).labels
    predictor = _views.predictor(trained, _views.chosen(arguments))
    count = f"{len(images)} image{'s' * (len(images) != 1)}"
    with Progress(f"Predicting {count}", total=len(images)) as progress:
        for number, (name, path) in enumerate(images.items(), 1):
            image = read_photo(path)
            train_ids = predictor(image[None])[0]
            save_label_ids(labels.to_label_ids(train_ids), output, name)
            if arguments.overlay:
                blended = np.rint(255 * plotting.overlay(image / 255, train_ids, labels)).astype(np.uint8)
                write_whole(output / f"{name}_overlay.jpg", Image.fromarray(blended).save)
            progress.update(number)
    print(f"Label maps{' and overlays' if arguments.overlay else ''} of {count} are in {output}")
    return 0


def _named_images(given: list[Path], output: Path) -> dict[str, Path]:
    """Images by the names of their results, checked before any work is done.

    Args:
        given: image files, or folders of them.
        output: where the results go.

    Raises:
        CourseError: there is nothing to predict, two images would have the same results, or an image is itself at the
            place of a result.
    """
    paths = []
    for place in given:
        if place.is_dir():
            inside = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
            if not inside:
                raise CourseError(f"There is no image in {place}: give a folder with files of {', '.join(SUFFIXES)}.")
            paths += inside
        elif place.is_file():
            paths.append(place)
        else:
            raise CourseError(f"There is no image {place}: give an image file, or a folder of images.")
    images: dict[str, Path] = {}
    for path in paths:
        # The official Cityscapes script finds a prediction by what precedes "leftImg8bit".
        name = path.stem.removesuffix("_leftImg8bit")
        if name in images and images[name].resolve() != path.resolve():
            raise CourseError(f"{images[name]} and {path} would have the same results: predict them into two folders.")
        images[name] = path
    inputs = {path.resolve() for path in paths}
    for name in images:
        for result in (output / f"{name}_labelIds.png", output / f"{name}_overlay.jpg"):
            if result.resolve() in inputs:
                raise CourseError(f"{result} is one of the images to predict: choose another --output.")
    return images
