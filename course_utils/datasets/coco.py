"""COCO with its things and stuff: 80 + 91 classes (`course_utils.labels.COCO_STUFF`).

    {train,val}2017/000000000139.jpg
    annotations/instances_{train,val}2017.json     things: polygons and run lengths
    annotations/stuff_{train,val}2017.json         stuff: run lengths
or  annotations/panoptic_{train,val}2017.json and annotations/panoptic_{train,val}2017/000000000139.png

The label map of an image is drawn when it is asked for: stuff first, then crowds as void, then single
things, each over what was drawn before. What nobody annotated is void. Where only the panoptic files are present they
are used; their 17 merged stuff classes then stand for the class they are named after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_utils.datasets.annotations.file import read_annotations
from course_utils.datasets.annotations.masks import draw_mask
from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.frames import Frame, Problem
from course_utils.errors import CourseError
from course_utils.images import read_segment_ids
from course_utils.labels import COCO_STUFF

SITE = "http://images.cocodataset.org"
SPLITS = ("train", "val")
_VOID_ID = 0

# From tensorflow_datasets/url_checksums/coco.txt. Nobody publishes one for the stuff annotations.
_CHECKSUMS = {
    "train2017.zip": "sha256:69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929",
    "val2017.zip": "sha256:4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
    "annotations_trainval2017.zip": "sha256:113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
}


def available(root: Path) -> list[str]:
    """The splits that are there."""
    return [split for split in SPLITS if (root / f"{split}2017").is_dir() and _annotation_files(root, split)]


def scan(root: Path, split: str) -> tuple[list[Frame], list[Problem]]:
    """All frames of a split in order of name, and what is wrong with the list of files."""
    images = root / f"{split}2017"
    files = _annotation_files(root, split)
    if not files or not images.is_dir():
        missing = images if files else root / "annotations"
        raise CourseError(
            f"{missing} is missing or incomplete. The split {split} needs {split}2017/ and in annotations/ either "
            f"instances_{split}2017.json with stuff_{split}2017.json, or panoptic_{split}2017.json with its PNGs: "
            f"get them with `course data coco --splits {split}`."
        )
    entries, problems = _panoptic_drawings(files[0]) if len(files) == 1 else _shape_drawings(*files)
    frames = [Frame(Path(name).stem, None, images / name, None, drawing=entries[name]) for name in sorted(entries)]
    if not frames and not problems:
        raise CourseError(f"{files[0]} names no image: the split {split} is empty; extract the archive again.")
    return frames, problems + [
        Problem(frame.image, f"named in {files[0]} but missing; extract {split}2017.zip again.")
        for frame in frames
        if not frame.image.is_file()
    ]


@dataclass(frozen=True)
class Shapes:
    """The polygons and run lengths of one image, in drawing order."""

    source: Path
    size: tuple[int, int]
    annotations: tuple = field(repr=False)

    def draw(self) -> np.ndarray:
        """The label ids, uint8 [height, width], 0 where void."""
        ids = np.full(self.size, _VOID_ID, np.uint8)
        for file, annotation in self.annotations:
            mask = self._mask(file, annotation)
            ids[mask] = _VOID_ID if annotation.get("iscrowd") else annotation["category_id"]
        return ids

    def faults(self) -> list[CourseError]:
        """What is wrong with each annotation that cannot be drawn."""
        found = []
        for file, annotation in self.annotations:
            try:
                self._mask(file, annotation)
            except CourseError as error:
                found.append(error)
        return found

    def _mask(self, file: Path, annotation: dict) -> np.ndarray:
        try:
            return draw_mask(annotation["segmentation"], self.size)
        except ValueError as error:
            raise CourseError(
                f"{file}: the annotation with id {annotation['id']} of image {annotation['image_id']} cannot be "
                f"drawn: {error}; extract the archive again."
            ) from None


@dataclass(frozen=True)
class Segments:
    """One panoptic PNG: red + 256 green + 65536 blue is the id of a segment."""

    source: Path
    size: tuple[int, int]
    file: Path
    segments: tuple = field(repr=False)

    def draw(self) -> np.ndarray:
        """The label ids, uint8 [height, width], 0 where void."""
        numbers = read_segment_ids(self.file)
        if numbers.shape != self.size:
            raise CourseError(f"{self.file}: its size is not the one that {self.source} says; extract it again.")
        classes = {0: _VOID_ID} | {
            segment["id"]: _VOID_ID if segment.get("iscrowd") else segment["category_id"] for segment in self.segments
        }
        found, places = np.unique(numbers, return_inverse=True)
        unknown = [number for number in found.tolist() if number not in classes]
        if unknown:
            raise CourseError(
                f"{self.file}: it has a segment {unknown[0]} that {self.source} does not name; extract both again."
            )
        return np.array([classes[number] for number in found.tolist()], np.uint8)[places].reshape(self.size)


def _annotation_files(root: Path, split: str) -> tuple[Path, ...]:
    """(instances, stuff) where both are there, else (panoptic,), else nothing."""
    instances, stuff, panoptic = (
        root / "annotations" / f"{kind}_{split}2017.json" for kind in ("instances", "stuff", "panoptic")
    )
    if instances.is_file() and stuff.is_file():
        return instances, stuff
    return (panoptic,) if panoptic.is_file() and panoptic.with_suffix("").is_dir() else ()


def _shape_drawings(instances_file: Path, stuff_file: Path) -> tuple[dict[str, Shapes], list[Problem]]:
    instances, stuff = (read_annotations(file, "shapes") for file in (instances_file, stuff_file))
    if not (instances.annotations or stuff.annotations or instances.problems or stuff.problems):
        raise CourseError(f"{instances_file}, {stuff_file.name}: there are no annotations in them; extract both again.")
    drawings, problems = {}, [*instances.problems, *stuff.problems]
    for key, image in (stuff.images | instances.images).items():
        other = stuff.images.get(key, image)
        if any(image[name] != other[name] for name in ("file_name", "height", "width")):
            problems.append(
                Problem(stuff_file, f"its image with id {key} is not that of {instances_file}; extract both again.")
            )
            continue
        things = sorted(instances.annotations.get(key, []), key=lambda thing: not thing.get("iscrowd"))
        annotations = [(stuff_file, region) for region in stuff.annotations.get(key, [])]
        annotations += [(instances_file, thing) for thing in things]
        size = (image["height"], image["width"])
        drawings[image["file_name"]] = Shapes(instances_file, size, tuple(annotations))
    return drawings, problems


def _panoptic_drawings(file: Path) -> tuple[dict[str, Segments], list[Problem]]:
    found, folder, drawings = read_annotations(file, "panoptic"), file.with_suffix(""), {}
    if not (found.annotations or found.problems):
        raise CourseError(f"{file}: there are no annotations in it; extract the archive again.")
    for key, (entry,) in found.annotations.items():
        image = found.images[key]
        size = (image["height"], image["width"])
        drawings[image["file_name"]] = Segments(file, size, folder / entry["file_name"], tuple(entry["segments_info"]))
    return drawings, list(found.problems)


def archives(root: Path, splits: Sequence[str] | None = None, site: str | None = None) -> list[Archive]:
    """Images and annotations of things and stuff; of "val" alone unless other splits are asked for."""
    site, splits = site or SITE, splits or ("val",)
    files = [(f"zips/{split}2017.zip", (f"{split}2017",)) for split in splits]
    for name, kind in (("annotations", "instances"), ("stuff_annotations", "stuff")):
        parts = tuple(f"annotations/{kind}_{split}2017.json" for split in splits)
        files.append((f"annotations/{name}_trainval2017.zip", parts))
    return [
        Archive(name := Path(path).name, f"{site}/{path}", parts, checksum=_CHECKSUMS.get(name))
        for path, parts in files
    ]


CARD = DatasetCard(
    "coco",
    COCO_STUFF,
    SPLITS,
    scan,
    available,
    layout="annotations/ and val2017/",
    laptop_size=(160, 160),
    gpu_size=(320, 320),
    archives=archives,
)
