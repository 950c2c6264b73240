"""An annotation file, read and checked once: what can be used of it, and everything that is wrong."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from course_utils.datasets.frames import Problem
from course_utils.errors import CourseError
from course_utils.files import Check, find_fault, plain_name, read_json, whole
from course_utils.images import LARGEST

_LARGEST_FILE = 2**31
"""Bytes: twice what the largest of COCO's files has."""

_AGAIN = "extract the archive again"
_SIDE = whole(1, 2**20)
_ID = whole(0, 2**63)
_CATEGORY = whole(1, 255)
_FLAG = whole(0, 1)
_SEGMENTS = 2**24
"""One more than the largest id of a segment, which has three bytes."""

_IMAGE = {"id": _ID, "file_name": plain_name, "height": _SIDE, "width": _SIDE}


def _segmentation(value) -> str | None:
    # What is in it shows when it is drawn: looking at every number of COCO's files would take a minute.
    return None if isinstance(value, list | dict) else "a list of polygons, or run lengths"


SHAPES: dict[str, Check | list] = {
    "id": _ID, "image_id": _ID, "category_id": _CATEGORY, "iscrowd?": _FLAG, "segmentation": _segmentation
}  # fmt: skip
"""An annotation of `instances_*.json` and `stuff_*.json`."""

PANOPTIC: dict[str, Check | list] = {
    "image_id": _ID,
    "file_name": plain_name,
    "segments_info": [{"id": whole(1, _SEGMENTS - 1), "category_id": _CATEGORY, "iscrowd?": _FLAG}],
}
"""An annotation of `panoptic_*.json`: one per image."""


@dataclass(frozen=True)
class AnnotationFile:
    """What is sound in a file, and what is not.

    Attributes:
        path: the file.
        images: by id.
        annotations: of each image, by its id, in the file's order.
        problems: everything wrong, in the file's order.
    """

    path: Path
    images: dict[int, dict] = field(repr=False)
    annotations: dict[int, list[dict]] = field(repr=False)
    problems: tuple[Problem, ...]


def read_annotations(path: Path, kind: str) -> AnnotationFile:
    """Read an annotation file, from memory where that is possible.

    Args:
        path: the file.
        kind: "shapes" or "panoptic".

    Raises:
        CourseError: it is no JSON, has no lists of images and annotations, or no images.
    """
    state = path.stat()
    return _read(path, kind, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, kind: str, modified: int, size: int) -> AnnotationFile:
    """`modified` and `size` make a changed file a new one."""
    content = read_json(path, _AGAIN, _LARGEST_FILE)
    if fault := find_fault(content, {"images": [_anything], "annotations": [_anything]}):
        raise CourseError(f"{path}: {fault}; {_AGAIN}.")
    if not content["images"]:
        raise CourseError(f"{path}: there are no images in it; {_AGAIN}.")
    images: dict[int, dict] = {}
    annotations: dict[int, list[dict]] = {}
    problems, files, seen = [], set(), set()

    def complain(list_name: str, place: int, entry, fault: str) -> None:
        known = isinstance(entry, dict) and not _ID(entry.get("id"))
        what = f"the {list_name[:-1]} with id {entry['id']}" if known else f"{list_name}[{place}]"
        problems.append(Problem(path, f"{what}: {fault}; {_AGAIN}."))

    for place, image in enumerate(content["images"]):
        fault = find_fault(image, _IMAGE)
        if not fault and image["height"] * image["width"] > LARGEST:
            fault = f"an image of {image['width']}x{image['height']} pixels is too large"
        if not fault and (image["id"] in images or image["file_name"] in files):
            fault = f"its id or its file_name {image['file_name']} occurs twice"
        if fault:
            complain("images", place, image, fault)
        else:
            images[image["id"]] = image
            files.add(image["file_name"])
    for place, annotation in enumerate(content["annotations"]):
        fault = find_fault(annotation, SHAPES if kind == "shapes" else PANOPTIC)
        if not fault and annotation["image_id"] not in images:
            fault = f"image_id is {annotation['image_id']}, and there is no such image"
        if not fault:
            key = annotation["id"] if kind == "shapes" else annotation["image_id"]
            fault = (
                f"a second annotation with {'id' if kind == 'shapes' else 'image_id'} {key}" if key in seen else None
            )
            seen.add(key)
        if not fault and kind == "panoptic":
            numbers = [segment["id"] for segment in annotation["segments_info"]]
            fault = "two of its segments have the same id" if len(set(numbers)) < len(numbers) else None
        if fault:
            complain("annotations", place, annotation, fault)
        else:
            annotations.setdefault(annotation["image_id"], []).append(annotation)
    return AnnotationFile(path, images, annotations, tuple(problems))


def _anything(value) -> None:
    return None
