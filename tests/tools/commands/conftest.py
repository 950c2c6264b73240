"""A trained run, and a data set of a user's own, for the tests of commands."""

import json
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def grey_reader(tmp_path):
    """Makes a run folder whose network reads the class from the grey value: class k where it is nearest to 10 * k."""

    def make(num_classes=19, image_size=None, name="run", dataset="cityscapes"):
        from course_utils.backend import keras

        # -(x - k)**2 is largest for the nearest k, and so is 2 k x - k**2.
        steps = np.arange(num_classes, dtype=np.float32)
        model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(num_classes, 1)])
        model.set_weights([np.full((1, 1, 3, 1), 1 / 3) * 2 * steps * 25.5, -(steps**2)])
        run = tmp_path / name
        run.mkdir(exist_ok=True)
        model.save(run / "best.keras")
        config = {"model": "GreyReader", "dataset": dataset, "data_dir": None}
        (run / "config.json").write_text(json.dumps({**config, "image_size": image_size, "num_classes": num_classes}))
        return run

    return make


MY_MODULE = """
from course_utils.datasets import DatasetCard, Frame
from course_utils.labels import VOID, Label, LabelTable

LABELS = LabelTable("leaves", (
    Label("soil", 0, 0, "ground", False, (90, 60, 30)),
    Label("leaf", 1, 1, "plant", False, (40, 160, 40)),
    Label("unlabelled", 9, VOID, "void", False, (0, 0, 0)),
))

def scan(root, split):
    photos = sorted((root / split).glob("photo*.png"))
    return [Frame(photo.stem, None, photo, photo.with_name(f"label_{photo.name}")) for photo in photos], []

LEAVES = DatasetCard("leaves", LABELS, ("train", "val"), scan)
"""


@pytest.fixture
def leaves(tmp_path, monkeypatch):
    """A data set of the user's own: `my_leaves:LEAVES` in the current directory, four frames of it in `leaves/`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_leaves.py").write_text(MY_MODULE)
    (tmp_path / "leaves" / "val").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(4):
        label_ids = rng.choice(np.array([0, 1, 9], np.uint8), (6, 10))
        grey = np.where(label_ids == 1, 10, 0).astype(np.uint8)
        Image.fromarray(np.repeat(grey[..., None], 3, -1)).save(tmp_path / "leaves" / "val" / f"photo{number}.png")
        Image.fromarray(label_ids).save(tmp_path / "leaves" / "val" / f"label_photo{number}.png")
    yield tmp_path / "leaves"
    sys.modules.pop("my_leaves", None)
