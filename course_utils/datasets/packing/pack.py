"""A pack on disk, and a pack as a data set.

PACK/course_pack_plan.json   what it is to hold; written first
PACK/SPLIT-0000.zip          shards: zip files without compression, a member per picture, such as 000012/image.rgb
PACK/course_pack.json        the list: where in the shards what is; written last, so that a folder with it is complete

Nothing in these files is trusted: the list is checked here, bytes and checksums when a picture is read.
"""

import dataclasses
import functools
from pathlib import Path

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.frames import Frame, Problem
from course_utils.datasets.packing.record import BYTES_PER_PIXEL, JPEG, Record
from course_utils.errors import CourseError
from course_utils.files import find_fault, plain_name, read_json, whole
from course_utils.images import LARGEST

VERSION = 1
"""Of the packs that this course writes."""

MANIFEST = "course_pack.json"
PLAN = "course_pack_plan.json"

FORMAT = "course pack"
"""What the manifest says it is."""

_LONGEST = 2**40
"""Bytes of a shard."""


def _one_of(*kinds: str):
    return lambda value: None if value in kinds else f"one of {', '.join(kinds)}"


def _text(value) -> str | None:
    return None if isinstance(value, str) and 0 < len(value) < 1024 else "a name"


def _text_or_null(value) -> str | None:
    return None if value is None else _text(value)


_PICTURE = {
    "kind": _one_of(*BYTES_PER_PIXEL, JPEG),
    "offset": whole(0, _LONGEST),
    "length": whole(1, _LONGEST),
    "crc32": whole(0, 2**32 - 1),
}

_FRAME = {
    "name": _text,
    "city": _text_or_null,
    "height": whole(1, 2**17),
    "width": whole(1, 2**17),
    "image": _PICTURE,
    "label?": _PICTURE,
    "instances?": _PICTURE,
}

_SHARD = {"file": plain_name, "bytes": whole(1, _LONGEST), "frames": [_FRAME]}

_SCHEMA = {
    "dataset": _text,
    "size": lambda value: None if value is None else _sides(value),
    "jpeg": lambda value: None if value is None else whole(1, 100)(value),
}
"""What the plan and the list of a pack both hold, beside format, version and splits."""


def _sides(value) -> str | None:
    fine = isinstance(value, list) and len(value) == 2 and not any(map(whole(1, 2**15), value))
    return None if fine else "a list of height and width, or null"


def is_pack(folder: Path) -> bool:
    """Whether a folder holds a pack, or one that is not finished yet."""
    return (folder / MANIFEST).exists() or (folder / PLAN).exists()


def as_card(card: DatasetCard, folder: Path, address: str) -> DatasetCard:
    """The card of a data set whose files are in a pack.

    Args:
        card: the data set's own.
        folder: the pack.
        address: what commands call the data set.

    Raises:
        CourseError: the pack is unfinished, damaged, another data set's, or of a newer version of the course.
    """
    file = folder / MANIFEST
    if not file.exists():
        raise CourseError(
            f"{folder} holds a pack that is not finished: `course data {address} --pack {folder}` goes on with it."
        )
    status = file.stat()
    return _card(card, folder, address, (status.st_mtime_ns, status.st_size))


@functools.lru_cache(maxsize=16)  # one pack, one card: what is counted once per card is not counted again
def _card(card: DatasetCard, folder: Path, address: str, _stamp: tuple) -> DatasetCard:
    remedy = f"mend the pack with `course data {address} --pack {folder}`"
    manifest = read_manifest(folder, remedy)
    if manifest["dataset"] != card.name:
        raise CourseError(
            f"{folder} is a pack of {manifest['dataset']}, not of {card.name}: give the data set that it was made of, "
            "or another folder."
        )
    splits = {split: _frames(folder, shards, remedy) for split, shards in manifest["splits"].items()}

    def scan(root: Path, split: str) -> tuple[list[Frame], list[Problem]]:
        if not splits.get(split):
            raise CourseError(f"{root} has no frames of the split {split}: pack it, too, into another folder.")
        return splits[split], _damaged(root, manifest["splits"][split], remedy)

    def find_splits(root: Path) -> list[str]:
        return [split for split in card.splits if splits.get(split)]

    return dataclasses.replace(
        card,
        scan=scan,
        find_splits=find_splits,
        layout=MANIFEST,
        archives=None,
        generate=None,
        remark=None,
    )


def read_manifest(folder: Path, remedy: str) -> dict:
    """What the list of a pack says, checked.

    Args:
        folder: the pack.
        remedy: what to do when it cannot be used, for the message.

    Raises:
        CourseError: it is damaged or something else's, or a newer version of the course wrote it.
    """
    file = folder / MANIFEST
    content = read_json(file, remedy)
    refuse_others(content, file, remedy)
    fault = find_fault(content, {**_SCHEMA, "splits": {}})
    for split, shards in content["splits"].items() if not fault else ():
        fault = fault or find_fault(shards, [_SHARD], f"splits.{split}")
        fault = fault or next(
            (found for shard in shards for one in shard["frames"] if (found := _fault(one, shard))), None
        )
    if fault:
        raise CourseError(f"{file}: {fault}; {remedy}.")
    return content


def read_plan(folder: Path) -> dict:
    """What the plan of a pack says, checked; see `read_manifest`."""
    file, remedy = folder / PLAN, f"delete the folder {folder} and pack the data set again"
    content = read_json(file, remedy)
    refuse_others(content, file, remedy)
    if fault := find_fault(content, {**_SCHEMA, "splits": {}}):
        raise CourseError(f"{file}: {fault}; {remedy}.")
    return content


def refuse_others(content, file: Path, remedy: str) -> None:
    """Make sure that a JSON file is a pack's, and of a version that this course knows.

    Raises:
        CourseError: it is not.
    """
    found = isinstance(content, dict) and content.get("format")
    if found != FORMAT or find_fault(content, {"version": whole(1, 10**9)}):
        raise CourseError(f"{file}: this is not the list of a pack that the course made; {remedy}.")
    if content["version"] > VERSION:
        raise CourseError(
            f"{file}: a newer version of the course made this pack (version {content['version']}, this one knows "
            f"{VERSION}): update the course, or {remedy}."
        )


def _fault(frame: dict, shard: dict) -> str | None:
    """What of a frame does not agree with itself or with its shard."""
    pixels = frame["height"] * frame["width"]
    if pixels > LARGEST:
        return f"{frame['name']} is of {frame['width']}x{frame['height']} pixels, and more than {LARGEST} are not read"
    for part, kinds in PARTS.items():
        picture = frame.get(part)
        if picture is None:
            continue
        if picture["kind"] not in kinds:
            return f"the {part} of {frame['name']} is of kind {picture['kind']}"
        wanted = pixels * BYTES_PER_PIXEL.get(picture["kind"], 0) or picture["length"]
        if picture["length"] != wanted or picture["offset"] + picture["length"] > shard["bytes"]:
            return f"the {part} of {frame['name']} does not fit into its place in {shard['file']}"
    return None


PARTS = {"image": ("rgb", "jpeg"), "label": ("ids",), "instances": ("ids", "ids16")}
"""What a frame consists of, and the kinds of pictures that it may be."""


def _frames(folder: Path, shards: list[dict], remedy: str) -> list[Frame]:
    frames = []
    for shard in shards:
        for frame in shard["frames"]:
            size = frame["height"], frame["width"]
            parts = {
                part: Record(
                    folder / shard["file"],
                    f"{frame['name']} ({part})",
                    picture["kind"],
                    size,
                    picture["offset"],
                    picture["length"],
                    picture["crc32"],
                    remedy,
                )
                for part in PARTS
                if (picture := frame.get(part))
            }
            frames.append(
                Frame(frame["name"], frame["city"], parts["image"], parts.get("label"), parts.get("instances"))
            )
    return frames


def _damaged(folder: Path, shards: list[dict], remedy: str) -> list[Problem]:
    """Shards that are missing, or shorter or longer than they were."""
    problems = []
    for shard in shards:
        file = folder / shard["file"]
        try:
            length = file.stat().st_size
        except FileNotFoundError:
            problems.append(Problem(file, f"this part of the pack is missing; {remedy}."))
            continue
        except OSError as error:
            problems.append(Problem(file, f"this part of the pack cannot be read ({error.strerror}); {remedy}."))
            continue
        if length != shard["bytes"]:
            message = f"this part of the pack has {length} bytes, not {shard['bytes']}; {remedy}."
            problems.append(Problem(file, message))
    return problems
