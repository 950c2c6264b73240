"""Toy Streets as a data set: drawn where nothing is, never replaced by whoever only reads."""

import contextlib
import json
import shutil
from functools import partial

import pytest
from whole_streets import is_generated

from course_utils import datasets
from course_utils.datasets import toy_streets
from course_utils.datasets.toy_streets import writer
from course_utils.errors import CourseError
from course_utils.tools.cli import main

COUNTS = {"train": 1, "val": 2}
NEWER = toy_streets.VERSION + 1


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Toy Streets at the default place."""
    monkeypatch.setenv("TOY_STREETS_DATASET", str(tmp_path / "toy"))
    return toy_streets.generate(tmp_path / "toy", (64, 128), COUNTS, seed=5, workers=1, progress=False)


def state(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.rglob("*")]}


def set_version(root, version):
    made = json.loads((root / toy_streets.MANIFEST).read_text())
    (root / toy_streets.MANIFEST).write_text(json.dumps({**made, "version": version}))


@pytest.mark.parametrize("version", [0, NEWER])
def test_who_reads_another_version_is_told_in_one_line_and_replaces_nothing(root, version, capsys):
    set_version(root, version)
    before = state(root)
    assert len(datasets.open("toy_streets").frames("val")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"version {version}" in line and ("course data toy_streets" if version == 0 else "update the course") in line
    assert main(["data", "toy_streets", "--verify"]) == 0
    assert state(root) == before


def test_the_command_redraws_an_older_version_as_it_was_made(root, capsys):
    set_version(root, 0)
    (image,) = root.glob("leftImg8bit/train/*/*.png")
    image.write_bytes(b"old")
    assert main(["data", "toy_streets"]) == 0
    assert is_generated(root, (64, 128), COUNTS, 5)
    assert "1 train, 2 val" in capsys.readouterr().out and image.stat().st_size > 100


@pytest.mark.parametrize("options", [[], ["--size", "64x128", "--counts", "train=1,val=2", "--seed", "5"]])
def test_a_newer_version_is_never_replaced(root, options, capsys):
    set_version(root, NEWER)
    before = state(root)
    assert main(["data", "toy_streets", *options]) == 2
    assert "update the course" in capsys.readouterr().err
    with pytest.raises(CourseError, match="update the course"):
        toy_streets.generate(root, (64, 128), {"train": 1}, workers=1, progress=False)
    assert state(root) == before


def test_commands_that_read_generate_nothing(tmp_path, monkeypatch, capsys, grey_reader_folder):
    monkeypatch.setenv("TOY_STREETS_DATASET", str(tmp_path / "none"))
    for command in (["data", "toy_streets", "--verify"],
                    ["evaluate", "--predictions", str(grey_reader_folder), "--dataset", "toy_streets"]):  # fmt: skip
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "`course data toy_streets`" in line
    assert not (tmp_path / "none").exists()


@pytest.fixture
def grey_reader_folder(tmp_path):
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "a.png").touch()
    return tmp_path / "predictions"


DAMAGED = [
    "", "[1, 2]", "{}", "{", '"x"', "[" * 100_000, '{"version": 0}', '{"version": "1"}', '{"version": 1e9999}',
    '{"version": 0, "size": null, "counts": {"val": 1}, "seed": 5}',
    '{"version": 0, "size": [1], "counts": {"val": 1}, "seed": 5}',
    '{"version": 0, "size": [64, 128], "counts": {"val": "1"}, "seed": 5}',
    '{"version": 0, "size": [64, 128], "counts": 3, "seed": 5}',
    '{"version": 0, "size": [64, 128], "counts": {"val": 1}, "seed": NaN}',
]  # fmt: skip


@pytest.mark.parametrize("damaged", DAMAGED, ids=lambda text: text[-30:])
def test_a_damaged_manifest_is_one_line_and_changes_nothing(root, damaged, capsys):
    manifest = root / toy_streets.MANIFEST
    manifest.write_text(damaged)
    before = state(root)
    with pytest.raises(CourseError, match=rf"toy_streets\.json: .*delete the folder {root}") as error:
        datasets.open("toy_streets")
    assert "\n" not in str(error.value)
    for options in ([], ["--verify"]):
        assert main(["data", "toy_streets", *options]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert state(root) == before


def test_what_is_missing_of_a_set_is_drawn_again_as_it_was(root, capsys):
    """The remedy must not replace a small set by the default 600 images."""
    shutil.rmtree(root / "leftImg8bit" / "val")
    next(root.glob("gtFine/train/*/*_polygons.json")).unlink()
    assert not is_generated(root, (64, 128), COUNTS, 5)
    assert main(["data", "toy_streets"]) == 0
    assert is_generated(root, (64, 128), COUNTS, 5)
    assert "1 train, 2 val" in capsys.readouterr().out


def test_a_folder_that_only_looks_like_toy_streets_is_not_ready(tmp_path, capsys):
    for part in ("leftImg8bit/val", "gtFine/val"):
        (tmp_path / "toy" / part).mkdir(parents=True)
    assert main(["data", "toy_streets", "--dest", str(tmp_path / "toy")]) == 2
    captured = capsys.readouterr()
    assert "something other than Toy Streets" in captured.err and "ready" not in captured.out


def test_a_set_with_a_file_cut_off_is_not_ready(root, capsys):
    image = next(root.glob("leftImg8bit/val/*/*.png"))
    image.write_bytes(image.read_bytes()[:-20])
    assert main(["data", "toy_streets"]) == 2
    captured = capsys.readouterr()
    assert f"{image}: this PNG was cut off" in captured.err and "ready" not in captured.out


def test_two_preparations_of_other_streets_in_one_place(tmp_path, monkeypatch):
    """The slower one does not replace what the faster one put there, where locks do not hold (as over NFS)."""
    monkeypatch.setattr(writer, "one_process", lambda *arguments, **options: contextlib.nullcontext())
    make = partial(toy_streets.generate, tmp_path / "toy", (64, 128), {"val": 1}, workers=1, progress=False)
    write_all = writer._write_all

    def overtaken(*arguments):
        monkeypatch.setattr(writer, "_write_all", write_all)
        make(seed=2)
        write_all(*arguments)

    monkeypatch.setattr(writer, "_write_all", overtaken)
    with pytest.raises(CourseError, match="another process put other streets there"):
        make(seed=1)
    assert is_generated(tmp_path / "toy", (64, 128), {"val": 1}, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]
