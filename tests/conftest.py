"""Fixtures shared by all tests."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, at any pace: what fails here fails everywhere, and a busy machine fails nothing.
settings.register_profile("course", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")

ROOT = Path(__file__).parents[1]


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
