"""`benchmarks/gpu.py`: what it carries is whole and small, and runs without TensorFlow."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets
from course_utils.evaluation import ConfusionMatrix
from course_utils.labels import CAMVID

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def gpu_pack():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import gpu_pack

        yield gpu_pack
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def pack(gpu_pack, camvid_dir, tmp_path_factory):
    """A pack of five frames per split, without wheels."""
    folder = tmp_path_factory.mktemp("pack")
    sizes = gpu_pack.write(folder, camvid_dir, python="", limit=60_000_000, frames=5)
    assert sizes == {file.name: file.stat().st_size for file in folder.iterdir()}
    return folder


def test_code_and_packages_leave_room_for_the_images(pack, gpu_pack):
    """Without caches and weights; those of CamVid, at full quality, take less than 100 kB each."""
    for name, parts in (("code.zip", ("course_utils/", "benchmarks/")), ("packages.zip", gpu_pack.PACKAGES)):
        with zipfile.ZipFile(pack / name) as archive:
            names = archive.namelist()
        assert all(name.startswith(parts) and name.endswith((".py", ".txt", ".csv")) for name in names)
    sizes = {file.name: file.stat().st_size for file in pack.iterdir()}
    assert sizes["code.zip"] + sizes["packages.zip"] < 8_000_000
    assert sizes["camvid-00.zip"] / 10 * 468 < 50_000_000


def test_labels_come_back_exactly_and_images_nearly(pack, gpu_pack, camvid_dir):
    data, found = datasets.open("camvid", camvid_dir), gpu_pack.Frames(pack, "val")
    frames = data.frames("val")[:5]
    np.testing.assert_array_equal(found.labels, [data.label_map(frame) for frame in frames])
    images = np.array([datasets.read_image(frame.image) for frame in frames], float)
    assert np.abs(found.images - images).mean() < 3


def test_batches_are_of_the_frames(pack, gpu_pack):
    """The same seed gives the same; images in 0..1, and no label that the frames do not have."""
    found = gpu_pack.Frames(pack, "train", (90, 120))
    first, again = (next(found.batches(3, seed=1)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    images, labels = first
    assert images.shape == (3, 90, 120, 3) and images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1
    assert labels.shape == (3, 90, 120) and set(np.unique(labels)) <= {*np.unique(found.labels), 255}


def test_a_limit_lowers_the_quality_or_is_refused(gpu_pack, camvid_dir, tmp_path):
    sizes = gpu_pack.write(tmp_path, camvid_dir, python="", limit=60_000_000, frames=3)
    images = sizes["camvid-00.zip"]
    smaller = gpu_pack.write(tmp_path, camvid_dir, python="", limit=sum(sizes.values()) - images // 3, frames=3)
    assert smaller["camvid-00.zip"] < images
    with pytest.raises(SystemExit, match="--limit"):
        gpu_pack.write(tmp_path, camvid_dir, python="", limit=sum(sizes.values()) - images, frames=3)


def test_scores_are_the_courses(gpu_pack):
    random = np.random.default_rng(0)
    labels, predictions = random.integers(0, 12, (2, 9, 9)).astype("uint8"), random.integers(0, 11, (2, 9, 9))
    labels[labels == 11] = 255
    expected = ConfusionMatrix(CAMVID.num_classes)
    expected.update(labels, predictions.astype("uint8"))
    np.testing.assert_array_equal(gpu_pack.confusion(labels, predictions, CAMVID.num_classes), expected.matrix)


WITHOUT = """
import sys
import gpu
import keras

gone = ["tensorflow", "imagecodecs", "pycocotools", "keras_cv", "skimage"]
for name in [name for name in sys.modules if name.split(".")[0] in gone]:
    del sys.modules[name]
exec(gpu.REFUSE.format(names=gone))
keras.backend.backend = lambda: "another"
import gpu_parts
from course_utils.backend import tf
from course_utils.errors import CourseError
try:
    tf.zeros
except CourseError as error:
    print(error)
"""
"""Keras has to run on something here: it is imported first, and then there is no TensorFlow any more."""


def test_its_parts_and_all_they_need_import_without_tensorflow():
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(
        command, cwd=ROOT / "benchmarks", env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "needs TensorFlow" in done.stdout


def test_parts_that_measured_nothing_have_no_table(gpu_pack):
    """What was ended before its first row says so, and shows no head without rows."""
    from gpu_results import NOTES, PARTS, table

    lines = table({part: {"ended": "was ended after its 77 seconds"} for part in NOTES}).splitlines()
    assert lines.count("This part was ended after its 77 seconds.") == len(PARTS)
    assert not [line for line in lines if line.startswith("|") or line == "."]
