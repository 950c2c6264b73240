"""Folders of predictions that are not what they should be: one error and no score, or a score that says so."""

import json
import re

import numpy as np
import pytest
from official_script import write_random_set
from PIL import Image

from course_utils.errors import CourseError
from course_utils.evaluation import Tally, score_folder, score_table
from course_utils.evaluation.files.folders import tally_frame
from course_utils.evaluation.files.prediction_files import match_predictions
from course_utils.labels import CITYSCAPES


@pytest.fixture
def random_set(tmp_path):
    """Three frames, and the files of their predictions below `tmp_path / "predictions"`."""
    return write_random_set(tmp_path, 4)


def _ids(path):
    return np.array(Image.open(path))


def _save(array, path):
    Image.fromarray(array).save(path)


def _missing(path):
    path.unlink()


def _twin(path):
    path.with_name(path.name.replace("pred", "other")).write_bytes(path.read_bytes())


def _wrong_size(path):
    _save(np.pad(_ids(path), 1, mode="edge"), path)


def _colours(path):
    _save(CITYSCAPES.to_colors(CITYSCAPES.to_train_ids(_ids(path))), path)


def _sixteen_bits(path):
    _save(_ids(path).astype(np.uint16), path)


def _outside(path):
    _save(np.full_like(_ids(path), 77), path)


def _cut_off(path):
    path.write_bytes(path.read_bytes()[:60])


def _train_ids_with_void(path):
    _save(CITYSCAPES.to_train_ids(np.full_like(_ids(path), 4)), path)


SPOILT = {
    "missing": (_missing, "1 of 3 frames have no prediction", "Frames without a prediction: 1"),
    "several": (_twin, "has several predictions", "Frames with several predictions: 1"),
    "size": (_wrong_size, "predict at the size of the label map", "Predictions that cannot be scored: 1. .* measures"),
    "colour": (_colours, r"colour picture \(RGB\)", r"Predictions that cannot be scored: 1. .* colour picture"),
    "16 bit": (_sixteen_bits, "16 or more bits per pixel", "Predictions that cannot be scored: 1. .* bits per pixel"),
    "id": (_outside, "holds 77, no label id of cityscapes", "Predictions that cannot be scored: 1. .* holds 77"),
    "damaged": (_cut_off, "was cut off", "Predictions that cannot be scored: 1. .* was cut off"),
    "train ids": (_train_ids_with_void, "255 is the void of train ids", "255 is the void of train ids"),
}


@pytest.mark.parametrize(("spoil", "error", "note"), SPOILT.values(), ids=SPOILT)
def test_one_spoilt_prediction(tmp_path, random_set, spoil, error, note):
    frames, predictions = random_set
    rest = Tally(CITYSCAPES)
    for frame, path in list(zip(frames, predictions, strict=True))[::2]:
        rest += tally_frame(frame, _ids(path), CITYSCAPES)
    spoil(predictions[1])
    with pytest.raises(CourseError, match=error) as caught:
        score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    assert frames[1].name in str(caught.value) and "\n" not in str(caught.value)
    scores = score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=True)
    assert scores.frames == 2 and scores.mean_iou == rest.scores().mean_iou
    assert scores.notes[0].startswith("PARTIAL: scored 2 of 3 frames")
    assert re.search(note, scores.notes[1])
    assert frames[1].name in scores.notes[1]
    assert scores.notes[0] in score_table(scores) and json.loads(scores.to_json())["notes"] == list(scores.notes)


def test_files_of_no_frame(tmp_path, random_set):
    frames, predictions = random_set
    whole = score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    assert whole.notes == ()
    (predictions[0].parent / "notes.txt").write_text("what is no PNG disturbs nobody")
    assert score_folder(tmp_path / "predictions", frames, CITYSCAPES).mean_iou == whole.mean_iou
    (predictions[0].parent / "bonn_000000_000019_pred.png").write_bytes(predictions[0].read_bytes())
    with pytest.raises(
        CourseError, match=r"PNG files that belong to no frame of the split: 1, .*bonn_000000_000019_pred.png"
    ):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    scores = score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=True)
    assert (scores.frames, scores.mean_iou) == (3, whole.mean_iou)
    assert scores.notes == ("PNG files that belong to no frame: 1, such as bonn_000000_000019_pred.png.",)


def test_misnamed_predictions_are_reported_as_both(tmp_path, random_set):
    frames, predictions = random_set
    predictions[2].rename(predictions[2].with_name("misnamed.png"))
    with pytest.raises(
        CourseError, match=rf"would be named {frames[2].name}.*PNG files of no frame: 1, such as misnamed.png"
    ):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES)


@pytest.mark.parametrize("partial", [False, True])
def test_no_overlap_with_the_split(tmp_path, random_set, partial):
    frames, predictions = random_set
    for path in predictions:
        path.rename(path.with_name("x" + path.name))
    with pytest.raises(CourseError, match=r"None of the 3 PNG files .* xzurich.*Choose the data set and the split"):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=partial)


def test_nothing_that_can_be_scored(tmp_path, random_set):
    frames, predictions = random_set
    for path in predictions:
        _sixteen_bits(path)
    with pytest.raises(CourseError, match=r"None of the 3 predictions below .* can be scored. .* 16 or more bits"):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=True)


def test_train_ids_in_one_prediction(tmp_path, random_set):
    frames, predictions = random_set
    label = np.full((20, 30), 7, np.uint8)
    label[5:, 10:], label[10:] = 11, 23
    Image.fromarray(label).save(frames[1].label)
    Image.fromarray(label.astype(np.uint16)).save(frames[1].instances)
    _save(CITYSCAPES.to_train_ids(label), predictions[1])
    with pytest.raises(CourseError, match=rf"1 of the 3 predictions in .* look like train ids .*{predictions[1].name}"):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    scores = score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=True)
    assert f"look like train ids: 1, such as {frames[1].name}" in scores.notes[0]


def test_train_ids_in_every_prediction(tmp_path):
    frames, predictions = write_random_set(tmp_path, 5)
    for frame, path in zip(frames, predictions, strict=True):
        train_ids = CITYSCAPES.to_train_ids(_ids(frame.label))
        _save(np.where(train_ids == 255, 0, train_ids).astype(np.uint8), path)
    with pytest.raises(CourseError, match="look like train ids"):
        score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    scores = score_folder(tmp_path / "predictions", frames, CITYSCAPES, partial=True)
    assert "the scores mean nothing" in scores.notes[0]


def test_no_folder_and_no_predictions(tmp_path):
    with pytest.raises(CourseError, match="no folder"):
        score_folder(tmp_path / "absent", [], CITYSCAPES)
    with pytest.raises(CourseError, match="no PNG file"):
        score_folder(tmp_path, [], CITYSCAPES)


def test_names_are_matched_whole_and_notes_of_macos_passed_over(tmp_path):
    for name in ("1.png", "10.png", "2_labelIds.png", "._1.png", "._10.png", "__MACOSX/2_labelIds.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    matches = match_predictions(tmp_path, ["1", "10", "2"])
    assert {name: path.name for name, path in matches.files.items()} == {
        "1": "1.png", "10": "10.png", "2": "2_labelIds.png"
    }  # fmt: skip
    assert not matches.several and not matches.missing and not matches.strangers
