"""Packs: the same pixels and batches as the files, made piece by piece, and never trusted."""

import json
import zipfile

import numpy as np
import pytest
from tiny_datasets import picture, save

from course_utils import datasets
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.packing import packer
from course_utils.datasets.packing.pack import MANIFEST, PLAN
from course_utils.datasets.packing.packer import pack
from course_utils.datasets.pipeline import training_batches
from course_utils.datasets.verification import verify
from course_utils.errors import CourseError
from course_utils.images import read_ids, read_image

SMALL = 3 * 16 * 32 * 6
"""Bytes of a shard of three frames of the tiny Cityscapes."""


@pytest.fixture
def streets(cityscapes_dir, monkeypatch):
    monkeypatch.setattr(packer, "SHARD_BYTES", SMALL)
    return datasets.open("cityscapes", cityscapes_dir)


@pytest.fixture
def packed(streets, tmp_path):
    """A pack of it; the files are gone."""
    pack(streets, tmp_path / "pack", progress=False)
    return tmp_path / "pack"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_a_pack_gives_the_frames_of_the_files(streets, packed):
    ours = datasets.open("cityscapes", packed)
    assert ours.available_splits == ["train", "val", "test"] and ours.labels is streets.labels
    for split in ours.available_splits:
        for one, other in zip(streets.frames(split), ours.frames(split), strict=True):
            assert (one.name, one.city) == (other.name, other.city)
            assert np.array_equal(read_image(one.image), read_image(other.image))
            assert np.array_equal(streets.label_map(one), ours.label_map(other))
            instances = [read_ids(frame.instances, sixteen_bit=True) for frame in (one, other)]
            assert np.array_equal(*instances) and instances[0].max() > 255
    for one, other in zip(streets.pixel_counts("train"), ours.pixel_counts("train"), strict=True):
        assert np.array_equal(one, other)
    assert not verify(ours, progress=False).problems


@pytest.mark.parametrize("size", [None, (8, 16)], ids=["own", "8x16"])
def test_a_pack_gives_the_batches_of_the_files(streets, packed, size):
    augmentation = Augmentation((8, 8), (0.5, 2), True, 0.5)
    both = [
        training_batches(data.load("train", size), 3, seed=1, augmentation=augmentation).take(7)
        for data in (streets, datasets.open("cityscapes", packed))
    ]
    for ours, theirs in zip(*both, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_a_pack_of_another_size_is_what_loading_in_that_size_gives(streets, tmp_path):
    pack(streets, tmp_path / "small", splits=["val"], size=(8, 12), progress=False)
    small = datasets.open("cityscapes", tmp_path / "small")
    assert small.available_splits == ["val"]
    for ours, theirs in zip(small.load("val"), streets.load("val", (8, 12)), strict=True):
        assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_photographs_as_jpeg_are_close_and_labels_exact(tmp_path):
    root = tmp_path / "CamVid"
    smooth = np.linspace(0, 200, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)
    save(smooth, root / "train" / "a.png")
    save(np.full((48, 64), 3, np.uint8), root / "trainannot" / "a.png")
    (root / "train.txt").write_text("/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png\n")
    pack(datasets.open("camvid", root), tmp_path / "pack", jpeg=95, progress=False)
    (frame,) = datasets.open("camvid", tmp_path / "pack").frames("train")
    assert frame.image.length < smooth.size / 4
    assert np.abs(read_image(frame.image).astype(int) - smooth).max() < 12
    assert (read_ids(frame.label) == 3).all()


def test_drawn_labels_and_sizes_that_differ(coco_dir, tmp_path):
    files = datasets.open("coco", coco_dir)
    pack(files, tmp_path / "pack", progress=False)
    packs = datasets.open("coco", tmp_path / "pack")
    for one, other in zip(files.frames("val"), packs.frames("val"), strict=True):
        assert np.array_equal(read_image(one.image), read_image(other.image))
        assert np.array_equal(files.label_map(one), packs.label_map(other))


def test_an_interrupted_pack_goes_on(streets, packed, tmp_path, monkeypatch):
    """Stopped after every shard in turn, and once in the middle of one: the same bytes as in one go."""
    written, write = [], packer._write

    def stopping(path, job, *rest):
        write(path, job, *rest)
        written.append(job.file.name)
        if len(written) % 2 == 0:
            raise KeyboardInterrupt  # after the bytes, before the file has its name

    monkeypatch.setattr(packer, "_write", stopping)
    folder = tmp_path / "again"
    for _ in range(20):
        try:
            pack(streets, folder, progress=False)
            break
        except KeyboardInterrupt:
            with pytest.raises(CourseError, match=rf"not finished: `course data cityscapes --pack {folder}` goes on"):
                datasets.open("cityscapes", folder)
    assert contents(folder) == contents(packed)
    finished = [name for name in contents(packed) if name.endswith(".zip")]
    assert len(finished) > 3 and len(written) < 2 * len(finished), "what was whole was not made again"


def test_a_finished_pack_is_left_alone_and_a_damaged_one_mended(streets, packed):
    before = contents(packed)
    times = {path: path.stat().st_mtime_ns for path in packed.glob("*.zip")}
    pack(streets, packed, progress=False)
    assert times == {path: path.stat().st_mtime_ns for path in packed.glob("*.zip")}
    first, second, third, *_ = sorted(times)
    first.unlink()
    second.write_bytes(second.read_bytes()[:-100])
    flip(third, 200)
    (packed / MANIFEST).write_text("{")
    pack(streets, packed, progress=False)
    assert contents(packed) == before


def flip(file, place):
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)


def edit(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def first_shard(content):
    return content["splits"]["train"][0]


def first_image(content):
    return first_shard(content)["frames"][0]["image"]


DAMAGE = {
    "no list": (lambda p: (p / MANIFEST).unlink(), "not finished"),
    "cut list": (lambda p: (p / MANIFEST).write_bytes((p / MANIFEST).read_bytes()[:200]), "not JSON"),
    "foreign": (lambda p: (p / MANIFEST).write_text('{"images": 3}'), "not the list of a pack"),
    "newer": (lambda p: edit(p / MANIFEST, lambda c: c.update(version=2)), "newer version of the course"),
    "another data set": (lambda p: edit(p / MANIFEST, lambda c: c.update(dataset="camvid")), "a pack of camvid"),
    "outside": (lambda p: edit(p / MANIFEST, lambda c: first_shard(c).update(file="../x.zip")), "the name of a file"),
    "no frames": (lambda p: edit(p / MANIFEST, lambda c: first_shard(c).update(frames=3)), "not a list"),
    "too long": (lambda p: edit(p / MANIFEST, lambda c: first_image(c).update(offset=10**6)), "does not fit"),
    "immense": (
        lambda p: edit(p / MANIFEST, lambda c: first_shard(c)["frames"][0].update(height=10**5, width=10**5)),
        "more than 120000000 are not read",
    ),
    "other kind": (lambda p: edit(p / MANIFEST, lambda c: first_image(c).update(kind="ids")), "of kind ids"),
    "no shard": (lambda p: (p / "train-0000.zip").unlink(), "train-0000.zip: this part of the pack is missing"),
    "cut shard": (lambda p: (p / "train-0000.zip").write_bytes(b"PK"), "train-0000.zip: this part of the pack has 2"),
    "bit flipped": (lambda p: flip(p / "train-0000.zip", 200), "train-0000.zip: traintown_000000_000000 .image.: the"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_one_line_with_file_and_remedy(name, packed):
    damage, words = DAMAGE[name]
    damage(packed)
    with pytest.raises(CourseError, match=words) as error:
        data = datasets.open("cityscapes", packed)
        for frame in data.frames("train"):
            read_image(frame.image)
    message = str(error.value)
    assert str(packed) in message and "\n" not in message
    remedy = "give the data set" if name == "another data set" else f"course data cityscapes --pack {packed}"
    assert remedy in message


def test_what_is_cut_off_while_it_is_read(packed):
    frames = datasets.open("cityscapes", packed).frames("train")
    file = packed / "train-0000.zip"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CourseError, match=r"train-0000.zip: this file was cut off; mend the pack"):
        read_image(frames[0].image)
    file.unlink()
    with pytest.raises(CourseError, match=r"train-0000.zip is missing; mend the pack"):
        read_image(frames[0].image)


def test_verification_lists_every_damaged_picture(packed):
    with zipfile.ZipFile(packed / "val-0000.zip") as shard:
        places = [member.header_offset + 100 for member in shard.infolist() if "image" in member.filename]
    for place in places[:2]:
        flip(packed / "val-0000.zip", place)
    problems = verify(datasets.open("cityscapes", packed), progress=False).problems
    assert len(problems) == 2 and all("val-0000.zip" in str(problem) for problem in problems)


def test_other_things_are_not_touched(streets, packed, tmp_path):
    with pytest.raises(CourseError, match="a pack with another size: name another folder"):
        pack(streets, packed, size=(8, 16), progress=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(CourseError, match="something other than a pack"):
        pack(streets, tmp_path / "mine", progress=False)
    (packed / PLAN).write_text("{")
    with pytest.raises(CourseError, match="delete the folder"):
        pack(streets, packed, progress=False)


def test_a_file_that_cannot_be_packed_is_named_and_what_was_made_is_kept(streets, tmp_path):
    label = streets.frames("train")[4].label
    save(np.full((16, 32), 99, np.uint8), label)
    with pytest.raises(CourseError, match="label id 99") as error:
        pack(streets, tmp_path / "pack", progress=False)
    assert str(label) in str(error.value)
    assert [path.name for path in (tmp_path / "pack").glob("*.zip")] == ["train-0000.zip"]
    save(picture(1, (16, 32))[..., 0] % 34, label)
    assert pack(streets, tmp_path / "pack", progress=False) == {"train": 7, "val": 3, "test": 2}


def test_nothing_is_there_when_the_disk_is_too_small(streets, tmp_path, monkeypatch):
    def full(*_):
        raise CourseError("no room")

    monkeypatch.setattr(packer, "need_space", full)
    with pytest.raises(CourseError, match="no room"):
        pack(streets, tmp_path / "pack", progress=False)
    assert not any((tmp_path / "pack").iterdir())
