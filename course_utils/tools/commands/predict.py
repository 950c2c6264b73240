"""`course predict`: label maps and overlays for any images."""

from argparse import BooleanOptionalAction
from collections.abc import Iterator
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import check_writable, is_litter, write_whole
from course_utils.tools.commands import _systems, _views

HELP = "predict images with a trained run or shipped weights: label-id PNGs at their own resolution, and overlays"

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""What counts as an image in a folder."""


STRIP_PIXELS = 1 << 20
"""Pixels whose classes and colours are converted at a time."""


def configure(parser):
    parser.intermixed = True
    parser.usage = "course predict [options] --output DIR (RUN | --weights SYSTEM/DATASET) IMAGE [IMAGE ...]"
    parser.add_argument(
        "places",
        metavar="RUN IMAGE",
        nargs="+",
        type=Path,
        help="the folder that `course train --output` made (none with --weights); image files, or folders of them",
    )
    _systems.add_weights(parser)
    parser.add_argument("--output", metavar="DIR", required=True, type=Path, help="where the results go")
    parser.add_argument("--overlay", action=BooleanOptionalAction, default=True, help="also write colours over images")
    _views.configure(parser)


def run(arguments) -> int:
    from PIL import Image

    from course_utils import datasets
    from course_utils.images import read_photo
    from course_utils.inference import save_label_ids
    from course_utils.progress import Progress
    from course_utils.training import Run

    output = check_writable(arguments.output, "--output")
    if arguments.weights:
        trained, given = _systems.ShippedNetwork(arguments.weights), arguments.places
    else:
        trained, given = Run(arguments.places[0]), arguments.places[1:]
    if not given:
        raise CourseError("Name at least one image behind the run folder.")
    images = _named_images(given, output)
    labels = datasets.card(trained.config["dataset"]).labels
    predictor = _views.predictor(trained, _views.chosen(arguments))
    count = f"{len(images)} image{'s' * (len(images) != 1)}"
    unread = []
    with Progress(f"Predicting {count}", total=len(images)) as progress:
        for number, (name, path) in enumerate(images.items(), 1):
            try:
                image = read_photo(path)
            except CourseError as error:  # the others are predicted nonetheless
                unread.append(error)
                continue
            train_ids = predictor(image[None])[0]
            save_label_ids(_label_ids(train_ids, labels), output, name)
            if arguments.overlay:
                _blend(image, train_ids, labels)
                write_whole(output / f"{name}_overlay.jpg", Image.fromarray(image).save)
            progress.update(number)
    if unread:
        others = f" ({len(unread)} of {count} cannot be read; the results of the others are in {output})"
        raise CourseError(f"{unread[0]}{others if len(images) > 1 else ''}")
    print(f"Label maps{' and overlays' if arguments.overlay else ''} of {count} are in {output}")
    return 0


def _label_ids(train_ids, labels):
    """Label ids, uint8 [height, width]."""
    import numpy as np

    return np.concatenate([labels.to_label_ids(train_ids[strip]) for strip in _strips(train_ids)])


def _blend(image, train_ids, labels) -> None:
    """Lay the colours of the classes over an image, uint8 [height, width, 3], in its own memory."""
    import numpy as np

    from course_utils import plotting

    for strip in _strips(image):
        image[strip] = np.rint(255 * plotting.overlay(image[strip] / 255, train_ids[strip], labels))


def _strips(image) -> Iterator[slice]:
    """The rows of an image, a few at a time: conversions take up to eight times the memory of what they convert."""
    rows = max(1, STRIP_PIXELS // image.shape[1])
    return (slice(top, top + rows) for top in range(0, len(image), rows))


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
            found = (path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
            inside = sorted(path for path in found if not is_litter(path, place))
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
