"""Making a pack: shard after shard, each whole or not at all, so that it goes on after an interruption."""

import io
import json
import struct
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.datasets.dataset import Dataset
from course_utils.datasets.downloads.download import need_space
from course_utils.datasets.frames import Frame, resized
from course_utils.datasets.packing.pack import FORMAT, MANIFEST, PLAN, VERSION, read_plan
from course_utils.datasets.packing.record import BYTES_PER_PIXEL, IDS, JPEG, RGB, WIDE_IDS
from course_utils.errors import CourseError
from course_utils.files import LOCK, check_writable, one_process, open_file, sweep, write_whole
from course_utils.images import image_size, read_ids, read_image
from course_utils.labels import LabelTable
from course_utils.progress import Progress

SHARD_BYTES = 256_000_000
"""About so large is a shard: what is lost at most when the work is interrupted, and what is in memory at a time."""


@dataclass(frozen=True)
class _Job:
    """One shard to make.

    Attributes:
        file: the shard.
        frames: of the data set, in order.
        sizes: (height, width) of each in the pack.
        first: number of the first frame within its split.
    """

    file: Path
    frames: list[Frame]
    sizes: list[tuple[int, int]]
    first: int

    @property
    def bytes(self) -> int:
        """About how many the shard takes without JPEG."""
        return sum(
            height * width * _per_pixel(frame) for frame, (height, width) in zip(self.frames, self.sizes, strict=True)
        )

    def parts(self, number: int) -> dict[str, str]:
        """The pictures of a frame, each with the name of its member without the ending."""
        frame, index = self.frames[number], f"{self.first + number:06d}"
        there = {"image": True, "label": frame.has_label, "instances": frame.instances is not None}
        return {part: f"{index}/{part}" for part, is_there in there.items() if is_there}


def pack(
    dataset: Dataset,
    folder,
    *,
    splits: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    jpeg: int | None = None,
    progress: bool = True,
) -> dict[str, int]:
    """Pack a data set; a pack that is there already is finished, or mended where it is damaged.

    Args:
        dataset: what to pack.
        folder: where to; a new or an empty folder, or one with this pack.
        splits: which ones; all that are there when omitted.
        size: (height, width) of everything in the pack, photographs scaled bilinearly with antialias, ids to the
            nearest; None keeps the frames' own, which gives the pixels of the files.
        jpeg: quality of JPEG, 1 to 100, for photographs, which then need an eighth of the space, time to decode, and
            are not those of the files; None keeps every pixel.
        progress: show how far it is, on standard error.

    Returns:
        number of frames of each split.

    Raises:
        CourseError: the folder holds something else or cannot be written, the disk is too small, or a file of the data
            set is missing or damaged; what was packed until then is kept.
    """
    folder = check_writable(Path(folder), "--pack")
    frames = {split: _frames(dataset, split) for split in splits or dataset.available_splits}
    plan = {
        "format": FORMAT,
        "version": VERSION,
        "dataset": dataset.name,
        "size": None if size is None else list(size),
        "jpeg": jpeg,
        "splits": {split: [frame.name for frame in some] for split, some in frames.items()},
    }
    _refuse_foreign(folder, plan)
    folder.mkdir(parents=True, exist_ok=True)
    with one_process(folder, "wait until it has ended, or name another folder"):
        sweep(folder)
        jobs = {split: _jobs(folder, split, some, size) for split, some in frames.items()}
        if jpeg is None:
            missing = [job for some in jobs.values() for job in some if not job.file.exists()]
            need_space(folder, sum(job.bytes for job in missing), "the pack", "--pack")
        if not (folder / PLAN).exists():
            write_whole(folder / PLAN, json.dumps(plan) + "\n")
        _make(folder, plan, jobs, dataset.labels, progress)
    return {split: len(some) for split, some in frames.items()}


def _frames(dataset: Dataset, split: str) -> list[Frame]:
    frames = dataset.frames(split)
    dataset.check(frames)
    return frames


def _refuse_foreign(folder: Path, plan: dict) -> None:
    """Never touch what is no pack, or another one.

    Raises:
        CourseError: the folder holds such a thing.
    """
    if not folder.exists():
        return
    there = {part.name for part in folder.iterdir() if part.name != LOCK and not part.name.endswith(".partial")}
    if PLAN in there:
        made = read_plan(folder)
        others = [name for name in ("dataset", "size", "jpeg", "splits") if made[name] != plan[name]]
        if others:
            raise CourseError(
                f"{folder} holds a pack with another {' and another '.join(others)}: name another folder, or delete "
                "this one."
            )
    elif there:
        raise CourseError(f"{folder} holds something other than a pack: name an empty or a new folder.")


def _per_pixel(frame: Frame) -> int:
    return 3 + frame.has_label + 2 * (frame.instances is not None)


def _jobs(folder: Path, split: str, frames: list[Frame], size) -> list[_Job]:
    """A split, cut into shards of about the same number of bytes."""
    jobs, begin, room = [], 0, SHARD_BYTES
    sizes = [size or image_size(frame.image) for frame in frames]
    for number, (height, width) in enumerate(sizes):
        room -= height * width * _per_pixel(frames[number])
        if room <= 0 or number == len(frames) - 1:
            file = folder / f"{split}-{len(jobs):04d}.zip"
            jobs.append(_Job(file, frames[begin : number + 1], sizes[begin : number + 1], begin))
            begin, room = number + 1, SHARD_BYTES
    return jobs


def _make(folder: Path, plan: dict, jobs: dict[str, list[_Job]], table: LabelTable, progress: bool) -> None:
    """Make the shards that are missing or damaged, and then the list of all."""
    total = sum(len(job.frames) for some in jobs.values() for job in some)
    contents, done = {}, 0
    with Progress(f"Packing {plan['dataset']}", total, "frames", shown=progress) as bar:
        for split, some in jobs.items():
            contents[split] = []
            for job in some:
                found = _content(job, plan["jpeg"])
                if found is None:
                    write_whole(job.file, lambda path, job=job: _write(path, job, table, plan["jpeg"]))
                    found = _content(job, plan["jpeg"])
                    if found is None:
                        raise CourseError(f"{job.file}: what was written cannot be read back; check the disk.")
                contents[split].append(found)
                done += len(job.frames)
                bar.update(done)
    write_whole(folder / MANIFEST, json.dumps({**plan, "splits": contents}) + "\n")


def _write(path: Path, job: _Job, table: LabelTable, jpeg: int | None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as shard, ThreadPoolExecutor() as pool:
        encoded = pool.map(lambda frame, size: _pictures(frame, size, table, jpeg), job.frames, job.sizes)
        for number, pictures in enumerate(encoded):
            for part, name in job.parts(number).items():
                kind, data = pictures[part]
                # Equal frames give equal shards: a member's time would tell them apart.
                shard.writestr(zipfile.ZipInfo(f"{name}.{kind}"), data)


def _pictures(frame: Frame, size: tuple[int, int], table: LabelTable, jpeg: int | None) -> dict[str, tuple[str, bytes]]:
    """The pictures of a frame, each with its kind."""
    image = read_image(frame.image)
    found = {"image": image}
    if frame.has_label:
        found["label"] = read_ids(frame.label) if frame.label is not None else frame.drawing.draw()
        try:
            table.to_train_ids(found["label"])
        except CourseError as error:
            raise CourseError(f"{frame.label or frame.drawing.source}: {error}") from None
    if frame.instances is not None:
        found["instances"] = read_ids(frame.instances, sixteen_bit=True)
    for part, pixels in found.items():
        if pixels.shape[:2] != image.shape[:2]:
            raise CourseError(f"{getattr(frame, part)}: its size is not that of {frame.image}; restore the pair.")
        found[part] = resized(pixels, size)
    return {part: _encoded(pixels, jpeg) for part, pixels in found.items()}


def _encoded(pixels: np.ndarray, jpeg: int | None) -> tuple[str, bytes]:
    if pixels.ndim == 3 and jpeg is not None:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=jpeg, subsampling=0)
        return JPEG, buffer.getvalue()
    if pixels.ndim == 3:
        return RGB, pixels.tobytes()
    return (IDS, pixels.tobytes()) if pixels.dtype == np.uint8 else (WIDE_IDS, pixels.astype("<u2").tobytes())


def _content(job: _Job, jpeg: int | None) -> dict | None:
    """What the list says of a shard; None where it is missing, damaged or another one."""
    try:
        with open_file(job.file) as file, zipfile.ZipFile(file) as shard:
            members = {member.filename.rpartition(".")[0]: member for member in shard.infolist()}
            if shard.testzip() is not None:
                return None
            frames = [_entry(job, number, members, file) for number in range(len(job.frames))]
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, struct.error):
        return None
    wanted = sum(len(job.parts(number)) for number in range(len(job.frames)))
    kinds = {frame["image"]["kind"] for frame in frames}
    if len(members) != wanted or kinds != {RGB if jpeg is None else JPEG}:
        return None
    return {"file": job.file.name, "bytes": job.file.stat().st_size, "frames": frames}


def _entry(job: _Job, number: int, members: dict[str, zipfile.ZipInfo], file) -> dict:
    """A frame in the list of a shard.

    Raises:
        KeyError, ValueError: the shard does not hold it.
    """
    frame, (height, width) = job.frames[number], job.sizes[number]
    entry = {"name": frame.name, "city": frame.city, "height": height, "width": width}
    for part, name in job.parts(number).items():
        member = members[name]
        kind = member.filename.rpartition(".")[2]
        wanted = height * width * BYTES_PER_PIXEL.get(kind, 0) or member.file_size
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != wanted:
            raise ValueError(member.filename)
        # The place of the bytes stands in no list: they follow the member's own header, its name and its extra field.
        file.seek(member.header_offset + 26)
        offset = member.header_offset + 30 + sum(struct.unpack("<HH", file.read(4)))
        entry[part] = {"kind": kind, "offset": offset, "length": member.file_size, "crc32": member.CRC}
    return entry
