"""Commands on a disk that is full: one line that says so, and what was there before is as it was."""

import numpy as np
import pytest
from full_disk import MEBIBYTE, failed, files
from PIL import Image

from course_utils.datasets import toy_streets
from course_utils.tools.cli import main


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    place = tmp_path_factory.mktemp("data") / "toy_streets"
    counts = {"train": 6, "val": 3, "test": 1}
    return toy_streets.generate(place, size=(64, 128), counts=counts, workers=1, progress=False)


@pytest.mark.parametrize("free", [0, 8192, 100_000], ids=["nothing free", "8 KB free", "100 KB free"])
def test_train(free, disk, streets, capsys):
    """Full before the first file, with the first network, with the second checkpoint beside the first."""
    command = ["train", "SegNet", "--dataset", "toy_streets", "--data-dir", streets, "--output", disk.path / "run"]
    options = ["--option", "width=0.05", "--image-size", "64x128", "--batch-size", "6"]
    disk.leave(free)
    failed([*command, *options, "--epochs", "4"], capsys)
    assert not list(disk.path.rglob("*partial*"))
    if free:
        disk.leave(8 * MEBIBYTE)
        assert main([str(part) for part in [*command, "--resume", "--epochs", "1"]]) == 0
        disk.leave(free)
        before = files(disk.path)
        failed([*command, "--resume", "--epochs", "2"], capsys)
        assert {path: content for path, content in files(disk.path).items() if "tensorboard" not in str(path)} == {
            path: content for path, content in before.items() if "tensorboard" not in str(path)
        }


@pytest.mark.parametrize("free", [0, 100_000])
def test_data(free, disk, capsys):
    disk.leave(free)
    failed(["data", "toy_streets", "--dest", disk.path / "toy", "--counts", "train=20", "--size", "64x128"], capsys)
    assert [path.name for path in disk.path.iterdir()] == ["filler"]


@pytest.mark.parametrize("free", [0, 8192])
def test_predict(free, disk, grey_reader, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
    for name in ("a", "b"):
        Image.fromarray(noise).save(tmp_path / f"{name}.png")
    (disk.path / "out").mkdir()
    (disk.path / "out" / "a_labelIds.png").write_text("earlier")
    disk.leave(free)
    before = files(disk.path)
    command = ["predict", grey_reader(), tmp_path / "a.png", tmp_path / "b.png", "--output", disk.path / "out"]
    failed(command, capsys)
    assert files(disk.path) == before


@pytest.mark.parametrize("option", ["--html", "--output"])
def test_evaluate(option, disk, grey_reader, leaves, capsys):
    place = disk.path / "page.html" if option == "--html" else disk.path
    (disk.path / "page.html").write_text("earlier")
    disk.leave(0)
    before = files(disk.path)
    run = grey_reader(2, dataset="my_leaves:LEAVES")
    failed(["evaluate", run, "--data-dir", leaves, "--resamples", "100", option, place], capsys)
    assert files(disk.path) == before


def test_run(disk, tmp_path, capsys):
    (tmp_path / "note.ipynb").write_text(
        '{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": "x"}}, '
        '"nbformat": 4, "nbformat_minor": 5}'
    )
    disk.leave(0)
    failed(["run", tmp_path / "note.ipynb", "--output", disk.path / "reports"], capsys)
    assert not list((disk.path / "reports").glob("*.html"))
