"""Every reader of files from elsewhere, with a file that it reads, and what becomes of that file by accident or malice.

    python tests/fuzz.py --cases 100000 records     # one reader, as many cases as wanted; all when none is named

A case is right if the reader reads the file or says in one line what is wrong with it. The suite tries a few of each
(`test_fuzz.py`). The corpus are files that the course's own writers make; JSON is also damaged by its structure.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent / "datasets"))
from tiny_datasets import write_camvid, write_coco

from course_utils import datasets, weights
from course_utils.datasets import camvid, toy_streets
from course_utils.datasets.annotations import file as annotation_file
from course_utils.datasets.downloads.extraction import extract
from course_utils.datasets.frames import read_label
from course_utils.datasets.packing import pack as packing
from course_utils.datasets.packing.packer import pack
from course_utils.datasets.toy_streets import writer
from course_utils.errors import CourseError
from course_utils.evaluation import Records
from course_utils.images import image_size, read_ids, read_image, read_photo, read_segment_ids
from course_utils.labels import CITYSCAPES, COCO_STUFF
from course_utils.tools.labs.lab.dues import read_rules
from course_utils.tools.labs.marking.grading import read_result
from course_utils.tools.labs.submissions.class_lists import read_class_list
from course_utils.tools.labs.submissions.roster import read_roster
from course_utils.tools.labs.submissions.times import read_times
from course_utils.tools.students.record import read_record

SLOWEST = 20.0
"""Seconds that a case may take on a busy machine."""


def _png(array):
    return lambda file: Image.fromarray(array).save(file, "PNG")


def _photo(kind, **options):
    return lambda file: Image.fromarray(_COLORS).save(file, kind, **options)


def _jpeg(file):
    image = Image.fromarray(_COLORS)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(file, "JPEG", exif=exif)


_RNG = np.random.default_rng(0)
_IDS = _RNG.integers(0, 34, (12, 16)).astype(np.uint8)
_COLORS = _RNG.integers(0, 256, (12, 16, 3)).astype(np.uint8)


def _records(file):
    maps = {f"city_{number}": _RNG.integers(0, 3, (4, 6)).astype(np.uint8) for number in range(3)}
    facts = {"dataset": "x", "command": "y", "parameters": [1], "epochs": [1]}
    Records.of({"A": iter(maps.values())}, maps, 3, keep=True, **facts).save(file)


def _coco(kind):
    def write(file):
        file.parent.rmdir()
        write_coco(file.parents[1])

    def read(file):
        annotation_file._read.cache_clear()
        data = datasets.open("coco", file.parents[1])
        for frame in data.scan("val")[0]:
            datasets.label_map(frame, COCO_STUFF)

    return f"coco/annotations/{kind}_val2017.json", write, read


def _split_list(file):
    write_camvid(file.parent, {"train": 2, "val": 2, "test": 1})


def _manifest(file):
    made = {**writer.description((64, 128), {"train": 1}), "version": writer.VERSION}
    file.write_text(json.dumps(made))


def _pack(name):
    def write(file):
        files = datasets.open("camvid", write_camvid(file.parents[1] / "files", {"train": 2, "val": 1}))
        pack(files, file.parent, progress=False)

    def read(file):
        packing._card.cache_clear()
        data = datasets.open("camvid", file.parent)
        for frame in data.frames("train"):
            read_image(frame.image)
            data.label_map(frame)

    return f"pack/{name}", write, read


def _archive(file):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/train/a.png", bytes(_COLORS))
        archive.writestr("data/train/b.txt", "b" * 300)


def _extract(file):
    with tempfile.TemporaryDirectory() as place:
        extract(file, Path(place) / "out", ("train",), "data/", progress=False)


def _text(content):
    return lambda file: file.write_text(content)


def _weights(file):
    kernel = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    file.write_bytes(weights.pack({"kernel": kernel, "bias": np.zeros(5, np.float32)}))


def _read_checks(file):
    # Of a damaged record nothing is kept, and the next check makes a new one.
    if not read_record(file.parent):
        raise CourseError("a record that cannot be used")


_MARK = {"grade_id": "double", "of": 3, "points": 3.0, "message": ""}
_RESULT = json.dumps({"student": "ada", "marks": [_MARK], "handed_in": 1.5, "members": ["ada"]})
_STATE = {"grade_id": "pool", "title": "Pool", "state": "passed", "of": 2.0, "message": "", "answer": "0" * 16}
_CHECKS = json.dumps({"04": [{**_STATE, "by_hand": False}]})
_CLASS = "id,name,email,group,extension\nada,Ada Lovelace,ada@example.org,red,04:+2\nbob,Bob,bob@example.org,,\n"
_CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section,04 (12)\nPoints Possible,,,,,10\n"Ada",7,a7,ada,A,9.5\n'
_MOODLE = "First name,Last name,ID number,Email address,Status\nAda,Lovelace,7,ada@example.org,Submitted\n"
_RULES = '[all]\ndue = 2027-01-31 23:59:00\nper_day = "10%"\ngrace = 15\ncap = "50%"\n\n[04]\ndue = 2027-02-07\n'
_TIMES = "id,time,participant\nada,2027-01-31 22:10:00,4711\nbob,,12\n"

READERS: dict[str, tuple[str, Callable, Callable]] = {
    "label map": ("label.png", _png(_IDS), lambda file: read_label(file, CITYSCAPES)),
    "ids": ("ids.png", _png(_IDS), read_ids),
    "instance map": ("instances.png", _png(_IDS.astype(np.uint16) * 1000), lambda file: read_ids(file, True)),
    "panoptic map": ("panoptic.png", _png(_COLORS), read_segment_ids),
    "image": ("image.png", _png(_COLORS), read_image),
    "photograph": ("photo.jpg", _jpeg, read_photo),
    "TIFF": ("photo.tif", _photo("TIFF", compression="tiff_adobe_deflate"), read_photo),
    "TIFF of a JPEG": ("photo.tif", _photo("TIFF", compression="jpeg"), read_photo),
    "WebP": ("photo.webp", _photo("WEBP"), read_photo),
    "BMP": ("photo.bmp", _photo("BMP"), read_photo),
    "image size": ("size.jpg", _jpeg, image_size),
    "COCO instances": _coco("instances"),
    "COCO stuff": _coco("stuff"),
    "split list": ("camvid/val.txt", _split_list, lambda file: camvid.scan(file.parent, "val")),
    "manifest": ("toy/toy_streets.json", _manifest, lambda file: toy_streets.writer.manifest(file.parent)),
    "records": ("records.npz", _records, Records.read),
    "archive": ("archive.zip", _archive, _extract),
    "pack": _pack(packing.MANIFEST),
    "shard of a pack": _pack("train-0000.zip"),
    "weights": ("net.npz", _weights, lambda file: weights.unpack(file.read_bytes())),
    "marks": ("ada.json", _text(_RESULT), read_result),
    "checks": ("record/checks.json", _text(_CHECKS), _read_checks),
    "class": ("labs/class.csv", _text(_CLASS), lambda file: read_roster(file.parent)),
    "list of Canvas": ("canvas.csv", _text(_CANVAS), read_class_list),
    "list of Moodle": ("moodle.csv", _text(_MOODLE), read_class_list),
    "rules of a lab": ("labs/settings.toml", _text(_RULES), lambda file: read_rules(file.parent, "04_unpooling")),
    "times": ("labs/times/04.csv", _text(_TIMES), lambda file: read_times(file.parents[1], "04")),
}
"""By name: the file, what writes a right one, and what reads it."""

NONSENSE = (
    None, True, -1, 0, 1, 255, 2**31, 2**70, 0.5, float("nan"), float("inf"), 1e300, "", "x", "7", "\ud800", "../x",
    [], [[]], [1], {}, {"id": 1}, [float("nan")] * 6, [[1e300] * 8], {"size": [40, 60], "counts": "0"},
)  # fmt: skip


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The content of a file after an accident."""
    if rng.random() < 0.6:
        try:
            return json.dumps(_changed(json.loads(content), rng)).encode()
        except ValueError:
            pass
    spoilt = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        place, length = rng.randint(0, len(spoilt)), rng.choice([0, 1, 1, 1, 2, 4, 30])
        what = rng.choice(["bytes", "bytes", "zeros", "copy", "cut"])
        if what == "cut":
            del spoilt[place:]
        elif what == "copy":
            spoilt[place:place] = spoilt[: rng.randint(0, 50)]
        else:
            spoilt[place : place + length] = rng.randbytes(length) if what == "bytes" else bytes(length)
    return bytes(spoilt)


def _changed(content, rng: random.Random):
    """JSON of which some value, at any depth, is another or missing."""
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 2)):
        inner = content
        while True:
            keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
            if not keys:
                return rng.choice(NONSENSE)
            key = rng.choice(keys)
            if not isinstance(inner[key], dict | list) or not inner[key] or rng.random() < 0.2:
                break
            inner = inner[key]
        if rng.random() < 0.2:
            del inner[key]
        else:
            inner[key] = copy.deepcopy(rng.choice(NONSENSE))
    return content


def try_cases(name: str, folder: Path, cases: int, seed: int = 0) -> int:
    """Try a reader on damaged files.

    Args:
        name: a key of `READERS`.
        folder: where files are written.
        cases: how many.
        seed: of the damage.

    Returns:
        how many of them the reader refused.

    Raises:
        AssertionError: it raised something else than one line, or took long; the file is left in `folder`.
    """
    place, write, read = READERS[name]
    file = folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file)
    right, refused = file.read_bytes(), 0
    read(file)
    for number in range(cases):
        file.write_bytes(damaged(right, random.Random(f"{name} {seed} {number}")))
        started = time.monotonic()
        try:
            read(file)
        except CourseError as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 2000, f"{name}, case {number}: {error}"
        except Exception as error:
            raise AssertionError(f"{name}, case {number} of seed {seed}: {type(error).__name__}: {error}") from error
        assert time.monotonic() - started < SLOWEST, f"{name}, case {number} of seed {seed} is slow"
    file.write_bytes(right)
    return refused


def main() -> int:
    """Try what the command line says; the status is 1 if a reader fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"{', '.join(READERS)}; all when omitted")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.readers or READERS:
        with tempfile.TemporaryDirectory() as place:
            try:
                refused = try_cases(name, Path(place), arguments.cases, arguments.seed)
                print(f"{name:15} {arguments.cases} cases, {refused} refused in one line", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"{name:15} FAILS: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
