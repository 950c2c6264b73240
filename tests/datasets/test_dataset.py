"""Opening a data set: looked up at the door, checked once, and the same for one of the user's own."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from tiny_datasets import picture, save, write_camvid

from course_utils import datasets
from course_utils.datasets import Dataset, DatasetCard, Frame, Problem, camvid, toy_streets
from course_utils.errors import CourseError
from course_utils.labels import CAMVID, CITYSCAPES

MODULE = """
from course_utils.datasets import DatasetCard, Frame
from course_utils.labels import CAMVID

def scan(root, split):
    photos = sorted((root / split).glob("*.jpg"))
    return [Frame(photo.stem, None, photo, photo.with_suffix(".png")) for photo in photos], []

MINE = DatasetCard("mine", CAMVID, ("train", "val"), scan)
TABLE = CAMVID
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of a user's own data set; its card is `{module}:MINE`."""
    module = f"module_of_{tmp_path.name}"
    (tmp_path / f"{module}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    root = tmp_path / "photographs"
    for split, count in (("train", 3), ("val", 1)):
        for number in range(count):
            save(picture(number, (12, 16)), root / split / f"{number}.jpg")
            save(np.full((12, 16), number, np.uint8), root / split / f"{number}.png")
    return f"{module}:MINE", root


def test_an_open_data_set_tells_what_its_card_says(camvid_like_dir):
    data = datasets.open("camvid", str(camvid_like_dir))
    assert (data.name, data.address, data.labels, data.root) == ("camvid", "camvid", CAMVID, camvid_like_dir)
    assert data.card is datasets.DATASETS["camvid"] is camvid.CARD
    assert data.splits == ("train", "val", "test") and data.available_splits == ["train", "val", "test"]
    (camvid_like_dir / "test.txt").unlink()
    assert data.available_splits == ["train", "val"]
    frame = data.frames("val")[0]
    assert np.array_equal(data.label_map(frame), datasets.read_label(frame.label, CAMVID))


def test_the_door_of_two_lines_loads_the_same(camvid_like_dir):
    here = datasets.load("camvid", "val", camvid_like_dir, (6, 8))
    there = datasets.open("camvid", camvid_like_dir).load("val", (6, 8))
    assert here.frames == there.frames and here.element_spec == there.element_spec


def test_a_card_of_one_s_own_opens_by_module_and_name(own):
    address, root = own
    data = datasets.open(address, root)
    assert (data.name, data.address) == ("mine", address)
    assert data.available_splits == ["train", "val"]
    assert data.load("train").cardinality() == 3
    assert data.pixel_counts("train")[0].tolist() == [192] * 3 + [0] * 8
    by_card = datasets.open(data.card, root)
    assert by_card.frames("val") == data.frames("val") and by_card.address == "mine"


def test_messages_call_it_by_the_name_that_commands_take(own):
    address, root = own
    for number in range(2):
        (root / "train" / f"{number}.png").unlink()
    with pytest.raises(CourseError) as error:
        datasets.open(address, root).load("train")
    assert f"course data {address} --dest {root} --verify" in str(error.value)
    with pytest.raises(CourseError, match=f"{address} has no split 'test'"):
        datasets.open(address, root).frames("test")


def test_where_one_s_own_is_looked_for(own, monkeypatch):
    address, root = own
    monkeypatch.setenv("MINE_DATASET", str(root))
    assert datasets.open(address).root == root
    monkeypatch.setenv("MINE_DATASET", str(root / "elsewhere"))
    with pytest.raises(CourseError, match=r"Set MINE_DATASET to the folder that contains its files"):
        datasets.open(address)
    with pytest.raises(CourseError, match=f"give {root} instead"):
        datasets.open(address, root / "val")


def test_what_is_no_card_is_refused(own):
    address, _ = own
    with pytest.raises(CourseError, match=r"this is a LabelTable, not a course_utils\.datasets\.DatasetCard"):
        datasets.open(address.replace("MINE", "TABLE"))
    with pytest.raises(CourseError, match="no 'OTHER'"):
        datasets.card(address.replace("MINE", "OTHER"))
    with pytest.raises(CourseError, match=r"choose one of cityscapes, camvid, coco, toy_streets, or .* module:"):
        datasets.card("kitti")


def test_the_root_is_checked_when_it_is_opened_and_not_again(camvid_like_dir):
    asked = []

    def find_splits(folder):
        asked.append(folder)
        return camvid.available(folder)

    data = Dataset(dataclasses.replace(camvid.CARD, find_splits=find_splits), camvid_like_dir)
    data.frames("train")
    data.load("val")
    data.pixel_counts("val")
    assert asked == [camvid_like_dir]


def test_counts_belong_to_a_card_and_a_folder(tmp_path):
    """Two data sets may bear one name, and one data set may lie in two places."""

    def scan(root, split):
        return [Frame("one", None, root / "one.png", root / "one.png")], []

    totals = []
    for place, size in (("a", (2, 3)), ("b", (4, 5))):
        save(np.zeros(size, np.uint8), tmp_path / place / "one.png")
        totals.append(datasets.open(DatasetCard("same", CAMVID, ("train",), scan), tmp_path / place))
    totals.append(datasets.open(DatasetCard("same", CITYSCAPES, ("train",), scan), tmp_path / "a"))
    assert [data.pixel_counts("train")[0].sum() for data in totals] == [6, 20, 0]


def test_problems_that_scan_reports_stop_the_loading(tmp_path):
    def scan(root, split):
        return [Frame("one", None, root / "one.png", None)], [Problem(root / "one.png", "torn; mend it.")]

    data = datasets.open(DatasetCard("torn", CAMVID, ("train",), scan), tmp_path)
    with pytest.raises(CourseError, match=r"one\.png: torn; mend it\.$"):
        data.load("train")


@pytest.mark.parametrize("card", datasets.DATASETS.values(), ids=datasets.DATASETS)
def test_cards_say_what_training_needs(card):
    assert datasets.card(card.name) is card
    assert {"train", "val"} <= set(card.splits)
    assert np.prod(card.laptop_size) < np.prod(card.gpu_size)
    assert (card.archives is None) != (card.generate is None)


def test_toy_streets_elsewhere_are_only_read(tmp_path, monkeypatch):
    """Whoever names a folder gets what is in it; only the default place is generated."""
    monkeypatch.setattr(toy_streets.card, "generate", None)
    with pytest.raises(CourseError, match=r"There is no folder .*`course data toy_streets`"):
        datasets.open("toy_streets", tmp_path / "none")


def test_loading_is_what_imports_tensorflow(tmp_path):
    root = write_camvid(tmp_path / "camvid", {"train": 1, "val": 1})
    code = (
        "import sys\nfrom course_utils import datasets\n"
        f"data = datasets.open('camvid', {str(root)!r})\ndata.frames('val'), data.pixel_counts('val')\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
