"""Listing and reading frames: what is there, in which order, and every way in which it can be wrong."""

import numpy as np
import pytest
from PIL import Image
from tiny_datasets import picture, save, write_camvid, write_cityscapes

from course_utils import datasets
from course_utils.datasets.frames import check
from course_utils.errors import CourseError
from course_utils.labels import CAMVID, CITYSCAPES


def test_cityscapes_frames(cityscapes_dir):
    frames = datasets.open("cityscapes", cityscapes_dir).frames("train")
    assert [frame.name for frame in frames] == [f"traintown_000000_{i:06d}" for i in range(7)]
    for frame in frames:
        assert frame.city == "traintown"
        assert frame.image.is_file() and frame.label.is_file() and frame.instances.is_file()
        assert not check(frame)


def test_notes_of_macos_are_passed_over(cityscapes_dir):
    before = datasets.open("cityscapes", cityscapes_dir).frames("val")
    for path in (before[0].image, before[0].label):
        (path.parent / f"._{path.name}").write_bytes(b"a note")
    assert datasets.open("cityscapes", cityscapes_dir).frames("val") == before


def test_cities_are_sorted_and_other_files_ignored(cityscapes_dir):
    images, labels = cityscapes_dir / "leftImg8bit" / "val", cityscapes_dir / "gtFine" / "val"
    save(picture(1, (4, 8)), images / "aachen" / "aachen_000001_000019_leftImg8bit.png")
    save(np.zeros((4, 8), np.uint8), labels / "aachen" / "aachen_000001_000019_gtFine_labelIds.png")
    save(picture(1, (4, 8)), labels / "aachen" / "aachen_000001_000019_gtFine_color.png")
    (images / "aachen" / "notes.txt").write_text("no image")
    frames = datasets.open("cityscapes", cityscapes_dir).frames("val")
    assert [frame.city for frame in frames] == ["aachen", "valtown", "valtown", "valtown"]
    assert frames[0].instances is None


def test_camvid_frames_by_base_name(camvid_like_dir):
    frames = datasets.open("camvid", camvid_like_dir).frames("val")
    assert [frame.name for frame in frames] == ["val_000", "val_001", "val_002"]
    assert frames[0].image == camvid_like_dir / "val" / "val_000.png"
    assert frames[0].label == camvid_like_dir / "valannot" / "val_000.png"


def test_camvid_real(camvid_dir):
    frames = datasets.open("camvid", camvid_dir).frames("train")
    assert len(frames) == 367
    assert frames[0].name == "0001TP_006690"
    label = datasets.read_label(frames[0].label, CAMVID)
    assert label.shape == datasets.read_image(frames[0].image).shape[:2] == (360, 480)


def test_reading_equals_pillow_and_the_table(cityscapes_dir):
    frame = datasets.open("cityscapes", cityscapes_dir).frames("val")[1]
    assert np.array_equal(datasets.read_image(frame.image), np.array(Image.open(frame.image)))
    ids = np.array(Image.open(frame.label))
    expected = np.full(ids.shape, 255, np.uint8)
    for label in CITYSCAPES.classes:
        expected[ids == label.id] = label.train_id
    assert np.array_equal(datasets.read_label(frame.label, CITYSCAPES), expected)


def test_grey_and_palette_pictures_are_read(tmp_path):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert datasets.read_image(save(grey, tmp_path / "grey.png")).shape == (3, 4, 3)
    palette = Image.fromarray(grey % 11).convert("P")
    palette.putpalette([17, 3, 99] * 256)
    palette.putdata((grey % 11).ravel().tolist())
    palette.save(tmp_path / "palette.png")
    assert np.array_equal(datasets.read_label(tmp_path / "palette.png", CAMVID), grey % 11)


def test_default_dir_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tmp_path / "official"))
    assert datasets.default_dir("cityscapes") == tmp_path / "official"
    monkeypatch.delenv("CITYSCAPES_DATASET")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert datasets.default_dir("cityscapes") == tmp_path / "cityscapes"


def complaint(name, split, root):
    """The message of the error that `frames` or `load` raises; `load` must fail before its first element."""
    with pytest.raises(CourseError) as error:
        datasets.load(name, split, root)
    return str(error.value)


def test_unknown_name_and_split(camvid_like_dir):
    assert "cityscapes, camvid, coco, toy_streets" in complaint("kitti", "train", camvid_like_dir)
    assert "no split 'training': choose one of train, val, test" in complaint("camvid", "training", camvid_like_dir)


@pytest.mark.parametrize("wrong", ["leftImg8bit", "leftImg8bit/train", "gtFine", "..", "../.."])
def test_wrong_root_of_cityscapes_suggests_the_right_one(tmp_path, wrong):
    root = write_cityscapes(tmp_path / "a" / "b", {"train": 1})
    message = complaint("cityscapes", "train", root / wrong)
    assert f"give {root} instead" in message.replace("/b/../..", "").replace("/b/..", "")


def test_wrong_root_of_camvid_suggests_the_right_one(camvid_like_dir):
    assert f"give {camvid_like_dir} instead" in complaint("camvid", "train", camvid_like_dir / "train")
    assert f"give {camvid_like_dir} instead" in complaint("camvid", "train", camvid_like_dir.parent)


def test_no_folder_and_another_folder(tmp_path):
    message = complaint("camvid", "train", tmp_path / "nowhere")
    assert "nowhere" in message and "course data camvid" in message and "CAMVID_DATASET" in message
    (tmp_path / "leftImg8bit").mkdir()
    assert "does not contain leftImg8bit/ and gtFine/" in complaint("cityscapes", "train", tmp_path)


def test_missing_split(camvid_like_dir):
    (camvid_like_dir / "test.txt").unlink()
    message = complaint("camvid", "test", camvid_like_dir)
    assert "test.txt" in message and "train, val" in message


@pytest.mark.parametrize("name", ["camvid", "cityscapes"])
def test_empty_split(tmp_path, name):
    write = {"camvid": write_camvid, "cityscapes": write_cityscapes}[name]
    root = write(tmp_path / "data", {"train": 1, "val": 0})
    if name == "cityscapes":
        (root / "leftImg8bit" / "val" / "valtown").mkdir(parents=True)
    message = complaint(name, "val", root)
    assert "val" in message and "empty" in message


def test_missing_label(cityscapes_dir, camvid_like_dir):
    label = datasets.open("cityscapes", cityscapes_dir).frames("train")[3].label
    label.unlink()
    message = complaint("cityscapes", "train", cityscapes_dir)
    assert str(label) in message and "missing" in message
    label = datasets.open("camvid", camvid_like_dir).frames("train")[3].label
    label.unlink()
    assert str(label) in complaint("camvid", "train", camvid_like_dir)


def test_missing_image(cityscapes_dir):
    image = datasets.open("cityscapes", cityscapes_dir).frames("train")[3].image
    image.unlink()
    message = complaint("cityscapes", "train", cityscapes_dir)
    assert str(image) in message and "missing" in message


def test_several_problems_are_counted(cityscapes_dir):
    for frame in datasets.open("cityscapes", cityscapes_dir).frames("train")[:3]:
        frame.label.unlink()
    message = complaint("cityscapes", "train", cityscapes_dir)
    assert "2 more" in message and f"course data cityscapes --dest {cityscapes_dir} --verify" in message


def test_malformed_list(camvid_like_dir):
    with open(camvid_like_dir / "train.txt", "a") as file:
        file.write("just_one_path.png\n")
    assert f"{camvid_like_dir / 'train.txt'}: line 8" in complaint("camvid", "train", camvid_like_dir)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"/x/train/train_000.png /x/trainannot/train_000.png", "line 8 names train_000.png again, after line 1"),
        (b"/x/train/../train_000.png /x/a.png", "line 8 names no files"),
        (b"/x/train/a\0.png /x/a.png", "line 8 names no files"),
        ("Zürich.png Zürich.png".encode("latin-1"), "not UTF-8"),
        (b"a b c", "line 8 is not `IMAGE LABEL`"),
    ],
    ids=["twice", "dots", "NUL", "Latin-1", "three"],
)
def test_a_bad_line_of_a_list_is_named(camvid_like_dir, line, message):
    listing = camvid_like_dir / "train.txt"
    listing.write_bytes(listing.read_bytes() + line + b"\n")
    told = complaint("camvid", "train", camvid_like_dir)
    assert told.startswith(f"{listing}: ") and message in told


def test_a_list_from_windows_is_read(camvid_like_dir):
    listing = camvid_like_dir / "train.txt"
    text = listing.read_text().replace("/", "\\").replace("\\SegNet", "C:\\SegNet").replace("\n", "\r\n")
    before = datasets.open("camvid", camvid_like_dir).frames("train")
    listing.write_text("\ufeff" + text, "utf-8", newline="")
    assert datasets.open("camvid", camvid_like_dir).frames("train") == before


def test_wrong_size(camvid_like_dir):
    frame = datasets.open("camvid", camvid_like_dir).frames("train")[2]
    save(np.zeros((12, 17), np.uint8), frame.label)
    message = complaint("camvid", "train", camvid_like_dir)
    assert str(frame.label) in message and "17x12" in message and "16x12" in message


def test_colour_picture_as_label(camvid_like_dir):
    frame = datasets.open("camvid", camvid_like_dir).frames("train")[2]
    save(picture(0, (12, 16)), frame.label)
    message = complaint("camvid", "train", camvid_like_dir)
    assert str(frame.label) in message and "colour picture" in message


def test_sixteen_bit_label(camvid_like_dir):
    frame = datasets.open("camvid", camvid_like_dir).frames("train")[2]
    save(np.zeros((12, 16), np.uint16), frame.label)
    message = complaint("camvid", "train", camvid_like_dir)
    assert str(frame.label) in message and "16" in message and "8" in message


@pytest.mark.parametrize("left", [0, 20, -30, -1], ids=["nothing", "half a header", "most", "all but a byte"])
@pytest.mark.parametrize("part", ["image", "label"])
def test_truncated_png(camvid_like_dir, part, left):
    file = getattr(datasets.open("camvid", camvid_like_dir).frames("train")[4], part)
    file.write_bytes(file.read_bytes()[:left])
    message = complaint("camvid", "train", camvid_like_dir)
    assert str(file) in message and "copy or download it again" in message


def test_not_a_picture(camvid_like_dir):
    file = datasets.open("camvid", camvid_like_dir).frames("train")[4].image
    file.write_bytes(b"<html>not found</html>" * 9)
    assert f"{file}: this is not a picture" in complaint("camvid", "train", camvid_like_dir)


def test_damage_inside_a_png_is_named_when_it_is_read(camvid_like_dir):
    file = datasets.open("camvid", camvid_like_dir).frames("train")[4].image
    content = bytearray(file.read_bytes())
    content[60:120] = bytes(60)
    file.write_bytes(content)
    with pytest.raises(CourseError, match="cannot be decoded") as error:
        datasets.read_image(file)
    assert str(file) in str(error.value)


def test_label_id_outside_the_table_is_named_when_it_is_read(camvid_like_dir):
    file = datasets.open("camvid", camvid_like_dir).frames("train")[4].label
    save(np.full((12, 16), 12, np.uint8), file)
    with pytest.raises(CourseError, match="label id 12 is not in the camvid label table") as error:
        datasets.read_label(file, CAMVID)
    assert str(file) in str(error.value)


def test_test_split_without_ground_truth(cityscapes_dir):
    frames = datasets.open("cityscapes", cityscapes_dir).frames("test")
    frames[0].label.unlink()
    assert datasets.open("cityscapes", cityscapes_dir).frames("test")[0].label is None
    message = complaint("cityscapes", "test", cityscapes_dir)
    assert "1 of 2 frames" in message and "no labels" in message


def test_test_split_with_dummy_ground_truth(cityscapes_dir):
    for frame in datasets.open("cityscapes", cityscapes_dir).frames("test"):
        save(np.full((16, 32), 3, np.uint8), frame.label)
    assert "withholds the ground truth" in complaint("cityscapes", "test", cityscapes_dir)
