"""What `gpu.py` carries to a machine without TensorFlow and network: the code, Keras, and CamVid as JPEG and PNG files.

All in zip files of a few megabytes, so that they can be carried one after the other.
"""

import importlib.util
import io
import subprocess
import sys
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
PACKAGES = (
    *("keras", "namex", "absl", "rich", "tqdm", "packaging", "typing_extensions.py"),
    *("cityscapesscripts/__init__.py", "cityscapesscripts/helpers"),
)
"""Of the installed packages, what the course's networks need and a machine with JAX or PyTorch may lack."""

COMPILED = ("optree", "h5py", "ml_dtypes", "psutil")
"""What Keras and the course need and is not Python: fetched as wheels, used where the other machine lacks them."""

PART = 8_000_000
"""Bytes of images in a zip file."""

QUALITIES = (95, 90, 80, 70, 60, 50)
VOID = 255


def write(folder: Path, data_dir=None, *, python: str, limit: int, frames: int | None = None) -> dict[str, int]:
    """Make a pack.

    Args:
        folder: a new or earlier pack.
        data_dir: CamVid in the SegNet authors' form; None leaves the data out.
        python: version of Python on the other machine, such as 3.12; "" fetches no wheels.
        limit: bytes of the whole; the JPEG quality is the highest that fits.
        frames: so many of each split, None for all.

    Returns:
        the size of each file by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    _write_zip(folder / "code.zip", _code())
    _write_zip(folder / "packages.zip", _packages())
    if python:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        fetch += ["--python-version", python, "--implementation", "cp", "--dest", str(folder)]
        for platform in ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"):
            fetch += ["--platform", platform]
        subprocess.run([*fetch, *(f"{name}=={_version(name)}" for name in COMPILED)], check=True)
    if data_dir is not None:
        room = limit - sum(file.stat().st_size for file in folder.iterdir())
        for quality in QUALITIES:
            members = list(_images(data_dir, quality, frames))
            if sum(len(content) for _, content in members) < 0.99 * room:
                break
        else:
            raise SystemExit(f"CamVid does not fit into {room / 1e6:.1f} MB: give a larger --limit.")
        for number, part in enumerate(_parts(members)):
            _write_zip(folder / f"camvid-{number:02d}.zip", part, zipfile.ZIP_STORED)
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


def unpack(pack: Path, place: Path) -> None:
    """Put code and packages where Python finds them when `place` is on its path.

    Args:
        pack: which `write` made.
        place: an empty folder.
    """
    for file in ("code.zip", "packages.zip"):
        zipfile.ZipFile(pack / file).extractall(place)
    for name in COMPILED:
        if importlib.util.find_spec(name) is None:
            tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
            for wheel in pack.glob(f"{name}-*.whl"):
                if tag in wheel.name or "abi3" in wheel.name:  # abi3: for this version of Python and all later ones
                    zipfile.ZipFile(wheel).extractall(place)


class Frames:
    """A split of the pack in memory.

    Args:
        pack: which `write` made.
        split: "train" or "val".
        size: height and width to bring the images to; None for their own.

    Attributes:
        images: uint8 [frames, height, width, 3].
        labels: uint8 [frames, height, width], train ids, 255 where void.
    """

    def __init__(self, pack: Path, split: str, size: tuple[int, int] | None = None):
        members = {}
        for part in sorted(pack.glob("camvid-*.zip")):
            with zipfile.ZipFile(part) as archive:
                members |= {name: archive.read(name) for name in archive.namelist() if name.startswith(f"{split}/")}
        names = sorted(name.removesuffix(".jpg") for name in members if name.endswith(".jpg"))
        if not names:
            raise SystemExit(f"{pack} has no CamVid: make it with --data-dir.")
        with ThreadPoolExecutor() as pool:
            images = pool.map(lambda name: _decoded(members[f"{name}.jpg"], size, Image.Resampling.BILINEAR), names)
            labels = pool.map(lambda name: _decoded(members[f"{name}.png"], size, Image.Resampling.NEAREST), names)
            self.images, self.labels = np.stack(list(images)), np.stack(list(labels))

    def __len__(self):
        return len(self.images)

    def batches(self, batch_size: int, seed: int = 0, threads: int = 8):
        """Endless shuffled batches: scaled by 0.8 to 1.6, cropped, mirrored, brighter or darker.

        Yields:
            images float32 [batch_size, height, width, 3] in 0..1, and labels uint8 [batch_size, height, width].
        """
        random, order, waiting = np.random.default_rng(seed), deque(), deque()
        with ThreadPoolExecutor(threads) as pool:
            while True:
                while len(waiting) < 4:
                    while len(order) < batch_size:
                        order.extend(random.permutation(len(self)))
                    batch = [(order.popleft(), random.random(5)) for _ in range(batch_size)]
                    waiting.append([pool.submit(self._example, *example) for example in batch])
                images, labels = zip(*(future.result() for future in waiting.popleft()), strict=True)
                yield np.stack(images), np.stack(labels)

    def _example(self, index, amounts):
        height, width = self.labels.shape[1:]
        scale = 0.8 + 0.8 * amounts[0]
        rows, columns = height / scale, width / scale  # of the crop, in pixels of the source
        top, left = amounts[1] * max(0, height - rows), amounts[2] * max(0, width - columns)
        box = (left, top, min(width, left + columns), min(height, top + rows))
        size = round((box[2] - left) * scale), round((box[3] - top) * scale)
        image = np.zeros((height, width, 3), np.float32)
        label = np.full((height, width), VOID, np.uint8)
        at = np.s_[: size[1], : size[0]]
        picture = Image.fromarray(self.images[index]).resize(size, Image.Resampling.BILINEAR, box)
        image[at] = np.asarray(picture, np.float32) / 255
        label[at] = Image.fromarray(self.labels[index]).resize(size, Image.Resampling.NEAREST, box)
        if amounts[3] < 0.5:
            image, label = image[:, ::-1], label[:, ::-1]
        return np.clip(image * np.float32(0.8 + 0.4 * amounts[4]), 0, 1), label

    def class_weights(self, num_classes: int) -> np.ndarray:
        """Square roots of the weights of median frequency balancing, as `course train` weighs."""
        from course_utils.losses import BALANCING

        present = np.array([np.bincount(label.ravel(), minlength=256)[:num_classes] for label in self.labels])
        pixels = self.labels[0].size * (present > 0).sum(axis=0)
        return BALANCING["sqrt-median"](present.sum(axis=0), pixels)


def confusion(labels, predictions, num_classes: int) -> np.ndarray:
    """Pixels by true class (row) and predicted class (column), void left out."""
    known = labels != VOID
    pairs = labels[known].astype(np.int64) * num_classes + predictions[known]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def _code():
    for folder in ("course_utils", "benchmarks"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".txt", ".csv") and "__pycache__" not in file.parts:
                yield str(file.relative_to(ROOT)), file.read_bytes()


def _packages():
    import keras

    site = Path(keras.__file__).parents[1]
    for name in PACKAGES:
        place = site / name
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            yield str(file.relative_to(site)), file.read_bytes()


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def _images(data_dir, quality: int, frames: int | None):
    from course_utils import datasets

    data = datasets.open("camvid", data_dir)
    for split in ("train", "val"):
        for frame in data.frames(split)[:frames]:
            image, label = io.BytesIO(), io.BytesIO()
            Image.fromarray(datasets.read_image(frame.image)).save(image, "JPEG", quality=quality, subsampling=0)
            Image.fromarray(data.label_map(frame)).save(label, "PNG", optimize=True)
            yield f"{split}/{frame.name}.jpg", image.getvalue()
            yield f"{split}/{frame.name}.png", label.getvalue()


def _parts(members):
    """Members in lists of at most `PART` bytes."""
    part, size = [], 0
    for member in members:
        if part and size + len(member[1]) > PART:
            yield part
            part, size = [], 0
        part.append(member)
        size += len(member[1])
    yield part


def _write_zip(file: Path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)


def _decoded(content: bytes, size, resampling):
    picture = Image.open(io.BytesIO(content))
    return np.asarray(picture if size is None else picture.resize(size[::-1], resampling))
