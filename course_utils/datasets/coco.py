"""COCO with its things and stuff: 80 + 91 classes (`course_utils.labels.COCO_STUFF`).

    {train,val}2017/000000000139.jpg
    annotations/instances_{train,val}2017.json     things: polygons and run lengths
    annotations/stuff_{train,val}2017.json         stuff: run lengths
or  annotations/panoptic_{train,val}2017.json and annotations/panoptic_{train,val}2017/000000000139.png

The label map of an image is drawn when it is asked for, by pycocotools: stuff first, then crowds as void, then single
things, each over what was drawn before. What nobody annotated is void. Where only the panoptic files are present they
are used; their 17 merged stuff classes then stand for the class they are named after.
"""

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.frames import Frame, Problem
from course_utils.errors import CourseError
from course_utils.images import read_image
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
    entries = _panoptic_drawings(files[0]) if len(files) == 1 else _shape_drawings(*files)
    frames = [Frame(Path(name).stem, None, images / name, None, drawing=entries[name]) for name in sorted(entries)]
    if not frames:
        raise CourseError(f"{files[0]} names no image: the split {split} is empty; extract the archive again.")
    return frames, [
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
        for index, annotation in self.annotations:
            try:
                mask = index.annToMask(annotation).astype(bool)
                ids[mask] = _VOID_ID if annotation.get("iscrowd") else annotation["category_id"]
            except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
                raise CourseError(
                    f"{self.source}: the annotation with id {annotation.get('id')} of image "
                    f"{annotation.get('image_id')} cannot be drawn ({error}); extract the archive again."
                ) from None
        return ids


@dataclass(frozen=True)
class Segments:
    """One panoptic PNG: red + 256 green + 65536 blue is the id of a segment."""

    source: Path
    size: tuple[int, int]
    file: Path
    segments: tuple = field(repr=False)

    def draw(self) -> np.ndarray:
        """The label ids, uint8 [height, width], 0 where void."""
        numbers = read_image(self.file).astype(np.int64) @ [1, 256, 256**2]
        if numbers.shape != self.size:
            raise CourseError(f"{self.file}: its size is not the one that {self.source} says; extract it again.")
        ids = np.full(self.size, _VOID_ID, np.uint8)
        for segment in self.segments:
            if not segment.get("iscrowd"):
                ids[numbers == segment["id"]] = segment["category_id"]
        return ids


def _annotation_files(root: Path, split: str) -> tuple[Path, ...]:
    """(instances, stuff) where both are there, else (panoptic,), else nothing."""
    instances, stuff, panoptic = (
        root / "annotations" / f"{kind}_{split}2017.json" for kind in ("instances", "stuff", "panoptic")
    )
    if instances.is_file() and stuff.is_file():
        return instances, stuff
    return (panoptic,) if panoptic.is_file() and panoptic.with_suffix("").is_dir() else ()


def _shape_drawings(instances_file: Path, stuff_file: Path) -> dict[str, Shapes]:
    instances, stuff = (_index(file, file.stat().st_mtime_ns) for file in (instances_file, stuff_file))
    drawings = {}
    for key, image in (stuff.imgs | instances.imgs).items():
        things = sorted(instances.imgToAnns.get(key, []), key=lambda thing: not thing.get("iscrowd"))
        annotations = [(stuff, region) for region in stuff.imgToAnns.get(key, [])]
        annotations += [(instances, thing) for thing in things]
        size = (image["height"], image["width"])
        drawings[image["file_name"]] = Shapes(instances_file, size, tuple(annotations))
    return drawings


def _panoptic_drawings(file: Path) -> dict[str, Segments]:
    index = _json(file, file.stat().st_mtime_ns)
    images = {image["id"]: image for image in index["images"]}
    folder = file.with_suffix("")
    drawings = {}
    for entry in index["annotations"]:
        image = images[entry["image_id"]]
        size = (image["height"], image["width"])
        drawings[image["file_name"]] = Segments(file, size, folder / entry["file_name"], tuple(entry["segments_info"]))
    return drawings


@lru_cache(maxsize=4)
def _index(file: Path, modified: int):
    """pycocotools' index of an annotation file; `modified` makes a changed file a new one."""
    from pycocotools.coco import COCO

    index = COCO()
    index.dataset = _json(file, modified)
    with contextlib.redirect_stdout(io.StringIO()):
        index.createIndex()
    return index


@lru_cache(maxsize=4)
def _json(file: Path, modified: int) -> dict:
    try:
        content = json.loads(file.read_bytes())
    except ValueError as error:
        raise CourseError(f"{file}: this is not JSON ({error}); extract the archive again.") from None
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise CourseError(f"{file}: `images` or `annotations` is missing; extract the archive again.")
    return content


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
