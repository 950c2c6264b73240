"""Our scores against the official cityscapesScripts, to the last bit."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from official_script import official_scores, write_random_set
from PIL import Image

from course_utils.datasets import toy_streets
from course_utils.evaluation import ConfusionMatrix, Tally, score_folder
from course_utils.evaluation.files.folders import tally_frame
from course_utils.evaluation.files.prediction_files import match_predictions
from course_utils.evaluation.measures.instances import AVERAGE_INSTANCE_SIZE
from course_utils.labels import CITYSCAPES

FOLDERS = int(os.environ.get("COURSE_OFFICIAL_FOLDERS", "200"))
"""How many random folders are scored by both; set the variable for more."""


@pytest.mark.filterwarnings("ignore:`in1d` is deprecated")
@pytest.mark.parametrize("part", range(4))
def test_every_score_of_random_folders_in_label_ids_and_in_train_ids(part, tmp_path):
    """Sizes, classes, absences, voids, objects and the number of frames vary from folder to folder."""
    for seed in range(part, FOLDERS, 4):
        folder = tmp_path / str(seed)
        frames, predictions = write_random_set(folder, seed, count=1 + seed % 3)
        size = np.array(Image.open(frames[0].label)).size
        official = official_scores(predictions, [frame.label for frame in frames], size)
        scores = score_folder(folder / "predictions", frames, CITYSCAPES)
        _assert_equal(scores, official)
        confusion = ConfusionMatrix(CITYSCAPES.num_classes)
        for frame, path in zip(frames, predictions, strict=True):
            confusion.update(*(CITYSCAPES.to_train_ids(np.array(Image.open(file))) for file in (frame.label, path)))
        assert confusion == scores.confusion
        np.testing.assert_array_equal(confusion.iou(), [official["classScores"][name] for name in CITYSCAPES.names])
        for name, score in confusion.category_iou(CITYSCAPES.categories).items():
            np.testing.assert_array_equal(score, official["categoryScores"][name])


def test_random_folders_hold_what_is_hard():
    """Absent classes, classes only predicted, void in truth and prediction, frames without objects, lone pixels."""
    with tempfile.TemporaryDirectory() as folder:
        seen = set()
        for seed in range(12):
            frames, predictions = write_random_set(Path(folder) / str(seed), seed, count=2)
            for frame, path in zip(frames, predictions, strict=True):
                truth, found = (CITYSCAPES.to_train_ids(np.array(Image.open(file))) for file in (frame.label, path))
                instances = np.array(Image.open(frame.instances))
                seen |= {"void true"} if (truth == 255).any() else set()
                seen |= {"void predicted"} if ((found == 255) & (truth != 255)).any() else set()
                seen |= {"only predicted"} if set(np.unique(found)) - set(np.unique(truth)) else set()
                seen |= {"absent"} if len(np.unique(truth)) < CITYSCAPES.num_classes else set()
                seen |= {"objects"} if (instances >= 1000).any() else {"no objects"}
                seen |= {"thin"} if min(truth.shape) < 5 else set()
        wanted = {"void true", "void predicted", "only predicted", "absent", "objects", "no objects", "thin"}
        assert seen == wanted


def _assert_equal(scores, official):
    for ours, theirs in [
        (scores.class_iou, official["classScores"]),
        (scores.class_iiou, official["classInstScores"]),
        (scores.category_iou, official["categoryScores"]),
        (scores.category_iiou, official["categoryInstScores"]),
    ]:
        np.testing.assert_array_equal(list(ours.values()), [theirs[name] for name in ours])
        assert np.isnan([value for name, value in theirs.items() if name not in ours]).all()
    for ours, theirs in [
        (scores.mean_iou, "averageScoreClasses"),
        (scores.mean_iiou, "averageScoreInstClasses"),
        (scores.mean_category_iou, "averageScoreCategories"),
        (scores.mean_category_iiou, "averageScoreInstCategories"),
    ]:
        np.testing.assert_allclose(ours, official[theirs], rtol=1e-14, atol=0)


def test_a_caravan_is_a_vehicle_to_the_instance_score_of_categories(tmp_path):
    # Caravans are void, yet a car predicted as one is found, and a road predicted as one is a false alarm.
    truth = np.full((10, 20), 7, np.uint8)
    truth[:5, :5] = 26
    instances = np.where(truth == 26, 26001, 7).astype(np.uint16)
    prediction = truth.copy()
    prediction[:5, :3] = prediction[5:, :4] = 29
    frames, predictions = write_random_set(tmp_path, 0)
    frame = frames[0]
    for path, ids in [(frame.label, truth), (frame.instances, instances), (predictions[0], prediction)]:
        Image.fromarray(ids).save(path)
    tally = tally_frame(frame, prediction, CITYSCAPES)
    official = official_scores(predictions[:1], [frame.label], truth.size)
    _assert_equal(tally.scores(), official)
    weight = AVERAGE_INSTANCE_SIZE["car"] * truth.size / (2048 * 1024) / 25  # of each pixel of the car
    assert tally.scores().class_iiou["car"] == pytest.approx(10 / 25)
    assert tally.scores().category_iiou["vehicle"] == pytest.approx(25 * weight / (25 * weight + 20))


@pytest.mark.filterwarnings("ignore:`in1d` is deprecated")
def test_frames_of_cityscapes_own_size_are_scored_by_the_official_script_as_it_is(tmp_path):
    frames, predictions = write_random_set(tmp_path, 3, count=2)
    for file in [*predictions, *(frame.label for frame in frames), *(frame.instances for frame in frames)]:
        Image.open(file).resize((2048, 1024), Image.Resampling.NEAREST).save(file)
    _assert_equal(
        score_folder(tmp_path / "predictions", frames, CITYSCAPES),
        official_scores(predictions, [frame.label for frame in frames]),
    )


def test_no_score_changes_when_frames_are_enlarged():
    """Each pixel becomes four: what is scored stays the same, iIoU too."""
    scene = toy_streets.render(0, 3, (64, 128), "val")
    prediction = np.roll(scene.label_ids, 2, axis=1)
    once, twice, larger = Tally(CITYSCAPES), Tally(CITYSCAPES), Tally(CITYSCAPES)
    maps = scene.label_ids, prediction, scene.instance_ids
    enlarged = [ids.repeat(2, axis=0).repeat(2, axis=1) for ids in maps]
    once.update(*maps)
    larger.update(*enlarged)
    for tally in (once, larger):
        twice += tally
    first, second = once.scores(), larger.scores()
    for name in ("class_iou", "class_iiou", "category_iou", "category_iiou", "class_accuracy"):
        np.testing.assert_allclose(
            list(getattr(first, name).values()), list(getattr(second, name).values()), rtol=1e-12
        )
    assert 0 < first.class_iiou["car"] < 1 and 0 < first.category_iiou["human"] < 1
    # Frames of both sizes together: the score lies where both have it.
    np.testing.assert_allclose(list(twice.scores().class_iiou.values()), list(first.class_iiou.values()), rtol=1e-12)


def test_tallies_of_parts_add_up_in_any_split(tmp_path):
    frames, predictions = write_random_set(tmp_path, 4)
    parts = [
        tally_frame(frame, np.array(Image.open(path)), CITYSCAPES)
        for frame, path in zip(frames, predictions, strict=True)
    ]
    left, right = Tally(CITYSCAPES), Tally(CITYSCAPES)
    for part in parts[:2]:
        left += part
    for part in parts[2:]:
        right += part
    left += right
    whole = score_folder(tmp_path / "predictions", frames, CITYSCAPES)
    assert left.scores().to_json() == whole.to_json()


def test_predictions_are_found_as_the_official_script_finds_them(tmp_path):
    from types import SimpleNamespace

    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as script

    frames, predictions = write_random_set(tmp_path, 4)
    args = SimpleNamespace(predictionPath=str(tmp_path / "predictions"), predictionWalk=None)
    official = [Path(script.getPrediction(args, str(frame.label))) for frame in frames]
    matched = match_predictions(tmp_path / "predictions", [frame.name for frame in frames]).files
    assert list(matched.values()) == official == predictions
