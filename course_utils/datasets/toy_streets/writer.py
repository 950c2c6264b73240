"""Toy Streets on disk: the folders and files of Cityscapes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.datasets.toy_streets.scene import SPLITS, Scene, check_size, render
from course_utils.errors import CourseError, cannot_write
from course_utils.files import (
    find_fault,
    one_process,
    partial_name,
    read_json,
    remove_left_lock,
    sweep,
    whole,
    write_whole,
)
from course_utils.labels import CITYSCAPES
from course_utils.machine import processors
from course_utils.progress import Progress

VERSION = 1
"""Goes up whenever equal arguments give other pixels than before."""

MANIFEST = "toy_streets.json"
"""At the root of the data set: the arguments that it was generated with."""

COUNTS = {"train": 400, "val": 100, "test": 100}

# Invented; no city is in two splits.
CITIES = {
    "train": ("altenbruck", "birkenhaven", "dornwalde", "erlenmoor", "falkenrode", "grauwinkel"),
    "val": ("hohenlind", "isenfurth", "jettingsee"),
    "test": ("kaltenhag", "lindwerth", "mohnfelde"),
}

# Labels compress well at any level, so the fastest will do. A photograph's noise does not compress at all: looking for
# runs alone (zlib's Z_RLE) is faster, and even smaller.
_RUNS = 3


def frame_name(split: str, index: int) -> str:
    """The name of an image without its endings, CITY_SEQUENCE_FRAME; it depends on nothing but split and index."""
    cities = CITIES[split]
    return f"{cities[index % len(cities)]}_{index // len(cities):06d}_000019"


def scene_files(root: Path, split: str, index: int) -> list[Path]:
    """The files of one scene: photograph, label ids, instance ids, colours and polygons."""
    name = frame_name(split, index)
    city = name.partition("_")[0]
    truth = root / "gtFine" / split / city
    endings = ("labelIds.png", "instanceIds.png", "color.png", "polygons.json")
    image = root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
    return [image, *(truth / f"{name}_gtFine_{ending}" for ending in endings)]


def write_scene(root: Path, split: str, index: int, scene: Scene) -> None:
    """Write the five files of one scene under `root`."""
    image, labels, instances, colors, polygons = scene_files(root, split, index)
    for file in (image, labels):
        file.parent.mkdir(parents=True, exist_ok=True)
    height, width = scene.label_ids.shape
    files = {
        image: scene.image,
        labels: scene.label_ids,
        instances: scene.instance_ids.astype(np.uint16),
        colors: _COLORS[scene.label_ids],
    }
    for path, pixels in files.items():
        Image.fromarray(pixels).save(path, compress_level=1, compress_type=_RUNS if pixels is scene.image else -1)
    objects = [{"label": label, "polygon": polygon} for label, polygon in scene.polygons]
    annotation = {"imgHeight": height, "imgWidth": width, "objects": objects}
    polygons.write_text(json.dumps(annotation, separators=(",", ":")), "utf-8")


def _color_table() -> np.ndarray:
    table = np.zeros((256, 4), np.uint8)
    for label in CITYSCAPES.labels:
        if label.id >= 0:
            table[label.id] = (*label.color, 255)
    return table


_COLORS = _color_table()


def generate(destination, size=(128, 256), counts=None, seed: int = 0, workers=None, progress: bool = True) -> Path:
    """Write a Toy Streets data set in the layout of Cityscapes.

    The files appear at the destination all at once, when the last one is written; of several processes that generate
    the same destination, one does and the others wait. What is there already, complete and with the same arguments, is
    left as it is; an older Toy Streets with other arguments is replaced, one of a newer version of the course is not.

    Args:
        destination: the folder, as `CITYSCAPES_DATASET` would name it.
        size: (height, width), 2:1 between 64x128 and 1024x2048.
        counts: images of each split; 400, 100 and 100 unless given.
        seed: of the whole data set, >= 0. Every image depends on the seed, its split and its index alone.
        workers: processes; one per processor unless given.
        progress: show a bar on a terminal, or a line elsewhere.

    Returns:
        The destination.

    Raises:
        CourseError: a wrong argument, or something else is at the destination.
    """
    destination = Path(destination).absolute()
    wanted = description(size, counts, seed)
    lock = destination.with_name(f".{destination.name}.lock")
    if _is_drawn(destination, wanted):
        remove_left_lock(lock)
        return destination
    _refuse_foreign(destination)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(destination, error) from None
    before = manifest(destination)
    with one_process(destination, lock_file=lock):
        if not _is_drawn(destination, wanted):
            _draw(destination, wanted, before, workers, progress)
    return destination


def _is_drawn(destination: Path, wanted: dict) -> bool:
    return manifest(destination) == wanted and is_complete(destination, wanted)


def _draw(destination: Path, wanted: dict, before: dict | None, workers: int | None, progress: bool) -> None:
    """Draw a data set, and replace by it what was there before."""
    partial = destination.parent / partial_name(destination.name)
    try:
        sweep(destination.parent)
        partial.mkdir()
        _write_all(partial, wanted, workers, progress)
        write_whole(partial / MANIFEST, json.dumps(wanted, indent=2) + "\n")
        if hasattr(os, "sync"):
            os.sync()  # one file at a time would take minutes
        _move_in_place(partial, destination, wanted, before)
    except OSError as error:
        raise cannot_write(destination, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def description(size=(128, 256), counts=None, seed: int = 0) -> dict:
    """What `toy_streets.json` says of a data set with these arguments.

    Raises:
        CourseError: an argument is out of range.
    """
    height, width = check_size(size)
    counts = dict(COUNTS if counts is None else counts)
    unknown = sorted(set(counts) - set(SPLITS))
    if unknown:
        raise CourseError(f"Toy Streets has no split {unknown[0]!r}: choose from {', '.join(SPLITS)}.")
    if int(seed) < 0 or any(int(count) < 0 for count in counts.values()) or not any(counts.values()):
        raise CourseError(f"Toy Streets needs a seed of 0 or more and at least one image, got {seed} and {counts}.")
    counts = {split: int(counts.get(split, 0)) for split in SPLITS}
    return {"version": VERSION, "seed": int(seed), "size": [height, width], "counts": counts}


def is_complete(folder: Path, made: dict) -> bool:
    """Whether every file of a data set is there.

    Args:
        folder: its root.
        made: its arguments, as `description` gives them.
    """
    scenes = ((split, index) for split in SPLITS for index in range(made["counts"].get(split, 0)))
    return all(file.is_file() for split, index in scenes for file in scene_files(folder, split, index))


_MANIFEST = {
    "size": [whole(1, 2**15)],
    "seed": whole(0, 2**63),
    "counts": {f"{split}?": whole(0, 10**9) for split in SPLITS},
}


def manifest(folder: Path) -> dict | None:
    """The arguments that a folder's Toy Streets were generated with; None where there are none.

    Of a version of the course that is newer than this one, nothing but "version" is sure to be there.

    Raises:
        CourseError: the file is damaged.
    """
    file = folder / MANIFEST
    remedy = (
        f"get it from a copy, or delete the folder {folder} and draw Toy Streets anew with `course data toy_streets`"
    )
    if not file.exists():
        return None
    content = read_json(file, remedy)
    fault = find_fault(content, {"version": whole(0, 10**9)})
    if not fault and content["version"] > VERSION:
        return content
    if fault := fault or find_fault(content, _MANIFEST):
        raise CourseError(f"{file}: {fault}; {remedy}.")
    try:
        made = description(content["size"], content["counts"], content["seed"])
    except (CourseError, ValueError) as error:
        raise CourseError(f"{file}: {error} To mend it, {remedy}.") from None
    return {**made, "version": content["version"]}


def refuse_newer(folder: Path, made: dict | None) -> None:
    """Never replace what a newer version of the course drew.

    Raises:
        CourseError: the arguments `made` are those of a newer version.
    """
    if made and made["version"] > VERSION:
        raise CourseError(
            f"{folder} holds Toy Streets of version {made['version']}, which a newer version of the course drew (this "
            f"one draws version {VERSION}): update the course, or choose another place."
        )


def _refuse_foreign(destination: Path) -> None:
    """Never replace what this module has not written."""
    if destination.exists() and not destination.is_dir():
        raise CourseError(f"{destination} is a file: name a folder for Toy Streets.")
    made = manifest(destination)
    if destination.is_dir() and any(destination.iterdir()) and made is None:
        raise CourseError(
            f"{destination} holds something other than Toy Streets: name an empty or a new folder, or remove it first."
        )
    refuse_newer(destination, made)


def _move_in_place(partial: Path, destination: Path, wanted: dict, before: dict | None) -> None:
    """Rename the finished folder to its destination; where another process was faster, keep what it wrote.

    Args:
        partial, destination: the folders.
        wanted: what the finished one holds.
        before: what was at the destination when the work began, which alone may be replaced.
    """
    for _ in range(10):
        with contextlib.suppress(OSError):
            partial.rename(destination)  # fails where a folder with files is, and replaces an empty one
            return
        found = manifest(destination)
        if found == wanted and is_complete(destination, wanted):
            return
        _refuse_foreign(destination)
        if found not in (before, None):
            raise CourseError(
                f"{destination}: another process put other streets there meanwhile; choose another place."
            )
        old = destination.parent / partial_name(destination.name)
        with contextlib.suppress(OSError):
            destination.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    raise CourseError(f"Toy Streets cannot be moved to {destination}: check that you may write beside it.")


def _write_all(root: Path, wanted: dict, workers, progress: bool) -> None:
    jobs = sum(wanted["counts"].values())
    if workers is None:
        workers = max(1, min(processors(), jobs // 20))
    height, width = wanted["size"]
    with Progress(f"Drawing Toy Streets, {height}x{width}", jobs, "images", shown=progress) as bar:
        if workers == 1 or not _write_in_processes(root, wanted, workers, bar):
            for number, _ in enumerate(write_share(root, wanted, 0, 1), 1):
                bar.update(number)


def write_share(root: Path, wanted: dict, first: int, step: int):
    """Write every `step`-th scene from the `first` on; yields after each."""
    scenes = [(split, index) for split in SPLITS for index in range(wanted["counts"][split])]
    for split, index in scenes[first::step]:
        write_scene(root, split, index, render(wanted["seed"], index, wanted["size"], split))
        yield


def _write_in_processes(root: Path, wanted: dict, workers: int, bar) -> bool:
    """Share the work among fresh interpreters; says whether all of them finished.

    `multiprocessing` would run the caller's script once more in every worker, where it has no `__main__` guard, and a
    fork of a process in which TensorFlow runs may hang. A module run by name has neither trouble.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    module = "course_utils.datasets.toy_streets.worker"
    running = []
    try:
        for first in range(workers):
            task = json.dumps({"root": str(root), "wanted": wanted, "first": first, "step": workers})
            command = [sys.executable, "-m", module, task]
            pipes = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL}
            # In a session of its own, as Ctrl-C is for this process, which ends its workers.
            running.append(subprocess.Popen(command, **pipes, env=environment, start_new_session=True))
        drawn = 0
        for worker in running:
            while worker.stdout.read(1):
                drawn += 1
                bar.update(drawn)
        return all(worker.wait() == 0 for worker in running)
    except OSError:
        return False
    finally:
        for worker in running:
            worker.kill()
            worker.wait()
            worker.stdout.close()
