"""A network is exported, compared with what it was, and described."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.files import read_json, write_folder_whole, write_whole
from course_utils.tools.exporting.formats import FORMATS
from course_utils.tools.exporting.plain import has_indices, plain_form
from course_utils.tools.exporting.serving import serving_network

TOLERANCE = 1e-4
"""Largest difference between two logits, as a share of the largest logit (of 1, where all are smaller)."""

SHARE_WITH_INDICES, IMAGES_WITH_INDICES = 0.99, 5
"""In networks with pooling indices this counts for 99 of 100 logits, in the median of five images: of two nearly equal
values rounding decides which is the largest, and the other index puts it a pixel further. In some images logits then
differ by a hundredth. Changing the order of one multiplication in the Keras network does as much."""

USUAL_SIZE = (128, 256)
"""Pixels, where a network was trained on images of any size."""


@dataclass(frozen=True)
class Exported:
    """An exported network.

    Attributes:
        path: the file or folder.
        format: a key of `FORMATS`.
        differences: by size, "HEIGHTxWIDTH": the largest difference between its logits and those of the Keras network,
            among the share of them that differs least, and in the median of the images.
        share: of the logits; below 1 for networks with pooling indices.
        images: of each size.
        largest_logit: by size.
        same_class: by size: the share of pixels with the same best class.
        tolerance: largest difference that was allowed, as a share of the largest logit.
    """

    path: str
    format: str
    differences: dict[str, float]
    largest_logit: dict[str, float]
    same_class: dict[str, float]
    tolerance: float
    share: float
    images: int


def export(network, path: Path, format_name: str, about: dict, image_size: tuple[int, int] | None = None) -> Exported:
    """Write a network in another format, whole or not at all, and compare it with the Keras network.

    Beside a file FILE stands FILE.json; a folder holds "course.json".

    Args:
        network: from images `[batch, height, width, 3]` in 0..1 to logits.
        path: the file or folder, which must not exist.
        format_name: a key of `FORMATS`.
        about: what its description says beside inputs and outputs.
        image_size: height and width that it was trained for and is checked at; and those of all images, in a format
            that has one size for each file.

    Raises:
        CourseError: something is at the place, the format cannot express a layer, or what was written computes
            something else. Nothing is left behind then.
        ModuleNotFoundError: a package is missing.
    """
    kind = FORMATS[format_name]
    kind.check_installed()
    description = Path(f"{path}.json")
    there = description.exists() and not _is_left(description)
    if taken := path if path.exists() else description if there else None:
        raise CourseError(f"{taken} is there already: remove it, or name another --output.")
    size = image_size or USUAL_SIZE
    serving = serving_network(plain_form(network))
    sizes = _sizes(network, size) if kind.free_size else [size]
    facts = {**about, **_signature(kind, size, network.output_shape[-1])}
    found = []

    def write(partial: Path) -> None:
        kind.write(serving, partial, None if kind.free_size else size)
        found.append(_compare(network, kind.load(partial), sizes, str(path), format_name))
        # The file comes last: without it, a description is what a killed export has left.
        write_whole(description if kind.suffix else partial / "course.json", _text(facts, found[0]))

    try:
        (write_whole if kind.suffix else write_folder_whole)(path, write)
    except BaseException:
        if kind.suffix and found:
            description.unlink(missing_ok=True)
        raise
    return found[0]


def _is_left(description: Path) -> bool:
    """Whether a file without a network beside it describes one that a killed export was about to write."""
    try:
        content = read_json(description, "remove it")
    except CourseError:
        return False
    return isinstance(content, dict) and {"format", "input", "outputs", "checked"} <= content.keys()


def _text(facts: dict, exported: Exported) -> str:
    checked = {name: value for name, value in asdict(exported).items() if name not in ("path", "format")}
    return json.dumps({"format": exported.format, **facts, "checked": checked}, indent=1) + "\n"


def _signature(kind, size: tuple[int, int], classes: int) -> dict:
    free = ["batch", "height", "width"] if kind.free_size else [1, *size]
    return {
        "input": {"name": "image", "type": "uint8", "shape": [*free, 3], "values": "RGB, 0 to 255"},
        "outputs": {
            "logits": {"type": "float32", "shape": [*free, classes]},
            "train_ids": {"type": "int32", "shape": free, "values": "index into classes"},
        },
    }


def _sizes(network, size: tuple[int, int]) -> list[tuple[int, int]]:
    """The size that a network was trained for and, where it takes any, a smaller one with odd sides."""
    fixed = network.input_shape[1:3]
    if None not in fixed:
        return [fixed]
    odd = tuple(side // 2 | 1 for side in size)
    try:
        network(np.zeros((1, *odd, 3), "float32"), training=False)
    except Exception:  # a network of the user's may take some sizes only
        return [size]
    return [size, odd]


def _compare(network, exported, sizes, path: str, format_name: str) -> Exported:
    """Both networks on random images.

    Raises:
        CourseError: the logits differ by more than the tolerance.
    """
    share, count = (SHARE_WITH_INDICES, IMAGES_WITH_INDICES) if has_indices(network) else (1.0, 1)
    differences, largest, same = {}, {}, {}
    for size in sizes:
        batches = np.random.default_rng(0).integers(0, 256, (count, 1, *size, 3), np.uint8)
        expected = np.array([network(images * np.float32(1 / 255), training=False) for images in batches], "float32")
        name = "x".join(map(str, size))
        try:
            logits = np.array([exported(images) for images in batches])
        except Exception as error:  # each runtime has its own
            reason = str(error).strip().splitlines()[0][:300]
            raise CourseError(
                f"The network in {format_name} cannot be run on images of {name} ({reason}). Nothing was written; "
                "choose another --format."
            ) from None
        largest[name] = float(np.abs(expected).max())
        apart = np.abs(logits - expected).reshape(count, -1)
        differences[name] = float(np.median(np.quantile(apart, share, axis=1)))
        same[name] = float(np.mean(logits.argmax(-1) == expected.argmax(-1)))
        if not differences[name] <= TOLERANCE * max(1.0, largest[name]):
            raise CourseError(
                f"{path} would not compute what the network does: logits up to {largest[name]:.3g} differ by up to "
                f"{differences[name]:.3g} on images of {name}. Nothing was written; choose another format than "
                f"{format_name}."
            )
    return Exported(path, format_name, differences, largest, same, TOLERANCE, share, count)
