"""Fixtures shared by all tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from full_disk import MEBIBYTE, Disk
from hypothesis import HealthCheck, settings

# The same examples in every run, at any pace: what fails here fails everywhere, and a busy machine fails nothing.
settings.register_profile("course", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")

ROOT = Path(__file__).parents[1]


LONGEST = "test_committed_notebook[05_segnet_on_cityscapes]"


def pytest_collection_modifyitems(items):
    """The longest test goes first: begun near the end, one process would wait minutes for the other."""
    items.sort(key=lambda item: item.name != LONGEST)


@pytest.fixture(autouse=True)
def same_random_weights():
    """New layers draw the same weights in every run, whichever tests ran before."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session")
def camvid_dir() -> Path:
    """The CamVid folder in the SegNet authors' form: where CAMVID_DATASET says, or beside the project."""
    folder = Path(os.environ.get("CAMVID_DATASET", ROOT.parent / "shared" / "data" / "CamVid"))
    if not (folder / "train.txt").is_file():
        pytest.skip(f"CamVid is not at {folder}: set CAMVID_DATASET to its folder")
    return folder


@pytest.fixture
def disk(tmp_path):
    """A disk of eight mebibytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={8 * MEBIBYTE}", "tmpfs", str(place)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
