"""Archives that are not to be trusted."""

import shutil
import stat
import zipfile

import pytest

from course_utils.datasets.downloads import extraction
from course_utils.datasets.downloads.extraction import extract
from course_utils.errors import CourseError


@pytest.fixture
def archive(tmp_path):
    def write(*members, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / "in" / "data.zip"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, content in members:
                file.writestr(name, content)
        return path

    return write


@pytest.fixture
def destination(tmp_path):
    folder = tmp_path / "deep" / "er" / "out"
    folder.mkdir(parents=True)
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_takes_the_wanted_parts_only(archive, destination):
    path = archive(
        ("top/CamVid/train/a.png", "A"), ("top/CamVid/train.txt", "list"), ("top/CamVid/trainannot/a.png", "L"),
        ("top/README", "no"), ("elsewhere/train/b.png", "no"), ("top/CamVid/train/", ""),
    )  # fmt: skip
    extract(path, destination, ("train", "train.txt"), "top/CamVid", progress=False)
    assert files(destination) == {"train/a.png": "A", "train.txt": "list"}


def test_what_is_there_stays(archive, destination):
    (destination / "train").mkdir()
    (destination / "train" / "mine.png").write_text("M")
    extract(archive(("train/a.png", "A"), ("val/a.png", "V")), destination, ("train", "val"), progress=False)
    assert files(destination) == {"train/mine.png": "M", "val/a.png": "V"}


def test_parts_inside_folders(archive, destination):
    path = archive(("annotations/instances_val2017.json", "{}"), ("annotations/captions_val2017.json", "no"))
    extract(path, destination, ("annotations/instances_val2017.json",), progress=False)
    assert files(destination) == {"annotations/instances_val2017.json": "{}"}


@pytest.mark.parametrize(
    "name",
    ["../evil", "train/../../evil", "/evil", "train/../../../evil", "C:/evil", "..\\evil", "train\\..\\..\\evil"],
)
def test_paths_that_lead_out(archive, destination, tmp_path, name):
    path = archive(("train/a.png", "A"), (name, "evil"))
    with pytest.raises(CourseError, match="leads out of its folder"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["data.zip"]


def test_links(archive, destination, tmp_path):
    link = zipfile.ZipInfo("train/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = archive(("train/a.png", "A"), (link, "/etc"), ("train/link/evil", "evil"))
    with pytest.raises(CourseError, match="link"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)


def test_bombs(archive, destination):
    path = archive(("train/a.png", b"\0" * 20_000_000))
    with pytest.raises(CourseError, match="more than 100 times its own size"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)


def test_the_same_name_twice(archive, destination):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(("train/a.png", "A"), ("train/a.png", "B"))
    with pytest.raises(CourseError, match="twice"):
        extract(path, destination, ("train",), progress=False)


def test_a_file_that_is_a_folder_too(archive, destination):
    path = archive(("train/a", "A"), ("train/a/b", "B"))
    with pytest.raises(CourseError, match="cannot be unpacked"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)


def test_a_missing_part(archive, destination):
    with pytest.raises(CourseError, match="does not contain val"):
        extract(archive(("train/a.png", "A")), destination, ("train", "val"), progress=False)
    assert not files(destination)


@pytest.mark.parametrize("damage", ["cut", "flip", "page", "empty"])
def test_damaged_archives(archive, destination, damage):
    path = archive(("train/a.png", "A" * 5000), compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[2000] ^= 1
    path.write_bytes({"cut": content[:-50], "flip": content, "page": b"<html>" * 99, "empty": b""}[damage])
    with pytest.raises(CourseError, match="damaged"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)


def test_nothing_is_in_place_before_all_is_unpacked(archive, destination, monkeypatch):
    path = archive(("train/a.png", "A"), ("val/a.png", "V"))

    def interrupt(source, sink, _):
        if files(destination):
            raise KeyboardInterrupt
        sink.write(source.read())
        sink.flush()

    monkeypatch.setattr(extraction.shutil, "copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        extract(path, destination, ("train", "val"), progress=False)
    assert not files(destination)
    monkeypatch.undo()
    extract(path, destination, ("train", "val"), progress=False)
    assert files(destination) == {"train/a.png": "A", "val/a.png": "V"}


def test_leftovers_of_a_kill_are_cleared(archive, destination):
    stale = destination / ".data.zip.extracting" / "train"
    stale.mkdir(parents=True)
    (stale / "half.png").write_text("?")
    extract(archive(("train/a.png", "A")), destination, ("train",), progress=False)
    assert files(destination) == {"train/a.png": "A"}


def test_disk_space_is_looked_at_first(archive, destination, monkeypatch):
    path = archive(("train/a.png", "A" * 5000), compression=zipfile.ZIP_STORED)
    usage = type(shutil.disk_usage("."))
    monkeypatch.setattr("course_utils.datasets.downloads.download.shutil.disk_usage", lambda _: usage(9999, 9000, 999))
    with pytest.raises(CourseError, match="are free"):
        extract(path, destination, ("train",), progress=False)
    assert not files(destination)
