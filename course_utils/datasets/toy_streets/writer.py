"""Toy Streets on disk: the folders and files of Cityscapes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.datasets.toy_streets.scene import SPLITS, Scene, check_size, render
from course_utils.errors import CourseError
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


def write_scene(root: Path, split: str, index: int, scene: Scene) -> None:
    """Write the five files of one scene under `root`."""
    name = frame_name(split, index)
    city = name.partition("_")[0]
    images, truth = root / "leftImg8bit" / split / city, root / "gtFine" / split / city
    for folder in (images, truth):
        folder.mkdir(parents=True, exist_ok=True)
    height, width = scene.label_ids.shape
    files = {
        images / f"{name}_leftImg8bit.png": scene.image,
        truth / f"{name}_gtFine_labelIds.png": scene.label_ids,
        truth / f"{name}_gtFine_instanceIds.png": scene.instance_ids.astype(np.uint16),
        truth / f"{name}_gtFine_color.png": _COLORS[scene.label_ids],
    }
    for path, pixels in files.items():
        Image.fromarray(pixels).save(path, compress_level=1, compress_type=_RUNS if pixels is scene.image else -1)
    objects = [{"label": label, "polygon": polygon} for label, polygon in scene.polygons]
    annotation = {"imgHeight": height, "imgWidth": width, "objects": objects}
    (truth / f"{name}_gtFine_polygons.json").write_text(json.dumps(annotation, separators=(",", ":")), "utf-8")


def _color_table() -> np.ndarray:
    table = np.zeros((256, 4), np.uint8)
    for label in CITYSCAPES.labels:
        if label.id >= 0:
            table[label.id] = (*label.color, 255)
    return table


_COLORS = _color_table()


def generate(destination, size=(128, 256), counts=None, seed: int = 0, workers=None, progress: bool = True) -> Path:
    """Write a Toy Streets data set in the layout of Cityscapes.

    The files appear at the destination all at once, when the last one is written; several processes may generate the
    same destination at the same time. What is there already with the same arguments is left as it is; an older Toy
    Streets with other arguments is replaced.

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
    if is_generated(destination, size, counts, seed):
        return destination
    _refuse_foreign(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.parent / f".{destination.name}-{uuid.uuid4().hex[:12]}.partial"
    try:
        partial.mkdir()
        _write_all(partial, wanted, workers, progress)
        (partial / MANIFEST).write_text(json.dumps(wanted, indent=2) + "\n", "utf-8")
        _move_in_place(partial, destination, wanted)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return destination


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


def is_generated(destination, size=(128, 256), counts=None, seed: int = 0) -> bool:
    """Whether the destination holds exactly the data set with these arguments."""
    return manifest(Path(destination)) == description(size, counts, seed)


def manifest(folder: Path) -> dict | None:
    """The arguments that a folder's Toy Streets were generated with; None where there are none.

    Raises:
        CourseError: the file is damaged.
    """
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text("utf-8"))
        made = description(content["size"], content["counts"], content["seed"])
        return {**made, "version": content["version"]}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, CourseError) as error:
        raise CourseError(
            f"{file}: cannot be read ({error!r}); delete the folder {folder}, and Toy Streets is generated again."
        ) from None


def _refuse_foreign(destination: Path) -> None:
    """Never replace what this module has not written."""
    if destination.exists() and not destination.is_dir():
        raise CourseError(f"{destination} is a file: name a folder for Toy Streets.")
    if destination.is_dir() and any(destination.iterdir()) and manifest(destination) is None:
        raise CourseError(
            f"{destination} holds something other than Toy Streets: name an empty or a new folder, or remove it first."
        )


def _move_in_place(partial: Path, destination: Path, wanted: dict) -> None:
    """Rename the finished folder to its destination; where another process was faster, keep what it wrote."""
    for _ in range(10):
        with contextlib.suppress(OSError):
            partial.rename(destination)  # fails where a folder with files is, and replaces an empty one
            return
        if manifest(destination) == wanted:
            return
        _refuse_foreign(destination)
        old = partial.with_suffix(".old")
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
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment))
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
