"""`course predict`, with a network that reads the class from the grey value."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from course_utils.labels import CITYSCAPES
from course_utils.tools.cli import main

CLASSES = np.kron([[0, 2], [13, 18]], np.ones((9, 15), int)).astype(np.uint8)


@pytest.fixture
def photos(tmp_path):
    """A folder with a PNG in the Cityscapes manner, a JPEG in a subfolder, and a text."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    photo = Image.fromarray(10 * CLASSES)
    photo.save(folder / "ulm_000000_000019_leftImg8bit.png")
    photo.convert("RGB").save(folder / "more" / "grey.JPG", quality=100)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def predict(grey_reader, tmp_path, capsys):
    def run(*arguments, output=tmp_path / "results"):
        status = main(["predict", str(grey_reader()), *map(str, arguments), "--output", str(output)])
        return status, *capsys.readouterr()

    return run


def test_label_ids_and_overlays_of_a_folder(predict, photos, tmp_path):
    status, out, _ = predict(photos)
    assert status == 0 and "Label maps and overlays of 2 images" in out
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    frame = "ulm_000000_000019"
    assert names == ["grey_labelIds.png", "grey_overlay.jpg", f"{frame}_labelIds.png", f"{frame}_overlay.jpg"]
    for name in ("grey", frame):
        label_map = Image.open(tmp_path / "results" / f"{name}_labelIds.png")
        assert label_map.mode == "L"
        np.testing.assert_array_equal(CITYSCAPES.to_train_ids(np.array(label_map)), CLASSES)
    blended = np.array(Image.open(tmp_path / "results" / f"{frame}_overlay.jpg")).astype(int)
    expected = (CITYSCAPES.to_colors(CLASSES).astype(int) + 10 * CLASSES[..., None].astype(int)) / 2
    assert np.abs(blended - expected).mean() < 12  # JPEG blurs the colours at borders


def test_single_images_without_overlays(predict, photos, tmp_path):
    status, out, _ = predict(photos / "more" / "grey.JPG", "--no-overlay")
    assert status == 0 and "Label maps of 1 image " in out
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["grey_labelIds.png"]


def test_inputs_are_never_overwritten(predict, photos):
    assert predict(photos, output=photos)[0] == 0
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    status, _, err = predict(photos, output=photos)  # the results of the first time are images now
    assert status == 2 and "choose another --output" in err
    assert before == {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}


def test_two_images_of_one_name_are_refused(predict, photos):
    Image.fromarray(CLASSES).save(photos / "grey.png")
    status, _, err = predict(photos)
    assert status == 2 and "same results" in err


@pytest.mark.parametrize("name", ["absent.png", "notes.txt", "empty"])
def test_no_image_is_one_line(predict, photos, name):
    (photos / "empty").mkdir()
    status, _, err = predict(photos / name)
    assert status == 2 and name in err.splitlines()[-1] and err.splitlines()[-1].startswith("course: ")


def test_a_run_on_a_data_set_of_the_users_own(leaves, grey_reader, tmp_path):
    """The run says what its classes mean: label ids and colours are those of the user's labels."""
    run = grey_reader(num_classes=2, dataset="my_leaves:LEAVES")
    assert main(["predict", str(run), str(leaves / "val" / "photo0.png"), "--output", str(tmp_path / "results")]) == 0
    predicted = np.array(Image.open(tmp_path / "results" / "photo0_labelIds.png"))
    truth = np.array(Image.open(leaves / "val" / "label_photo0.png"))
    np.testing.assert_array_equal(predicted[truth != 9], truth[truth != 9])
    assert (tmp_path / "results" / "photo0_overlay.jpg").is_file()


def test_a_damaged_picture_is_named_and_the_others_are_predicted(predict, photos, tmp_path):
    whole = (photos / "more" / "grey.JPG").read_bytes()
    (photos / "damaged.jpg").write_bytes(whole[: len(whole) // 3])
    (photos / "._grey.jpg").write_bytes(b"a note of macOS")
    (photos / "__MACOSX").mkdir()
    (photos / "__MACOSX" / "grey.jpg").write_bytes(b"another")
    status, _, err = predict(photos, "--no-overlay")
    assert status == 2 and "damaged.jpg: the file was cut off" in err.splitlines()[-1]
    assert "1 of 3 images cannot be read" in err and "Traceback" not in err
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == ["grey_labelIds.png", "ulm_000000_000019_labelIds.png"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_cannot_be_written_is_refused(predict, photos, tmp_path, place):
    (tmp_path / "file").write_text("kept")
    status, _, err = predict(photos, output=tmp_path / place)
    assert status == 2 and err.startswith("course: --output") and len(err.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "kept"


def test_a_full_disk_is_one_line_and_leaves_what_was_there(predict, photos, tmp_path, monkeypatch):
    assert predict(photos)[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "results").iterdir()}

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = predict(photos)
    assert status == 2 and "No space left" in err.splitlines()[-1] and "Traceback" not in err
    assert before == {path: path.read_bytes() for path in (tmp_path / "results").iterdir()}


# Not `getrusage`, whose peak begins with that of the process that started this one.
MEASURED = """
import re, sys
from pathlib import Path
from course_utils.tools.cli import main
status = main(sys.argv[1:])
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024, status)
"""


def test_the_memory_of_48_megapixels_has_a_limit(grey_reader, tmp_path):
    """Six times as large as Cityscapes in each direction: under 1.5 GB, TensorFlow included."""
    Image.fromarray(np.full((6000, 8000, 3), 130, np.uint8)).save(tmp_path / "photo.jpg")
    run, results = grey_reader(image_size=[128, 256]), tmp_path / "results"
    arguments = ["predict", str(run), str(tmp_path / "photo.jpg"), "--output", str(results)]
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True)
    megabytes, status = map(int, done.stdout.splitlines()[-1].split())
    assert status == 0 and megabytes < 1500
    ids = np.array(Image.open(results / "photo_labelIds.png"))
    assert ids.shape == (6000, 8000) and (CITYSCAPES.to_train_ids(ids) == 13).all()
