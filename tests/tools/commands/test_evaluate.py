"""`course evaluate`, with a network that reads the class from the grey value."""

import argparse
import errno
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from course_utils.evaluation.statistics.resampling import UNITS
from course_utils.labels import CITYSCAPES
from course_utils.tools.cli import main
from course_utils.tools.commands import evaluate as command


@pytest.fixture
def data_set(tmp_path):
    """Three frames in the Cityscapes layout; train id k is painted in grey 10 * k, void in black."""
    root = tmp_path / "streets"
    rng = np.random.default_rng(0)
    for number in range(3):
        train_ids = np.kron(rng.choice([0, 2, 11, 13, 255], (4, 8)), np.ones((8, 8), int)).astype(np.uint8)
        label_ids = CITYSCAPES.to_label_ids(train_ids)
        instances = np.where(label_ids >= 24, label_ids * np.uint16(1000), label_ids).astype(np.uint16)
        grey = np.where(train_ids == 255, 0, 10 * train_ids).astype(np.uint8)
        name = f"ulm_{number:06d}_000019"
        for path, array in {
            f"leftImg8bit/val/ulm/{name}_leftImg8bit.png": np.repeat(grey[..., None], 3, -1),
            f"gtFine/val/ulm/{name}_gtFine_labelIds.png": label_ids,
            f"gtFine/val/ulm/{name}_gtFine_instanceIds.png": instances,
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / path)
    return root


@pytest.fixture
def evaluate(data_set, capsys):
    """Runs `course evaluate ... --data-dir DATA --json` and returns `(exit status, scores or None, messages)`."""

    def run(*arguments, json_wanted=True):
        options = ["--data-dir", str(data_set), *(["--json"] if json_wanted else [])]
        status = main(["evaluate", *map(str, arguments), *options])
        out, err = capsys.readouterr()
        scores = json.loads(out) if json_wanted and status == 0 else out
        return status, scores, err

    return run


def test_a_run_that_is_right_everywhere(grey_reader, evaluate):
    status, scores, _ = evaluate(grey_reader())
    assert status == 0 and scores["frames"] == 3
    assert (scores["dataset"], scores["split"]) == ("cityscapes", "val")
    assert scores["mean_iou"] == scores["mean_iiou"] == scores["pixel_accuracy"] == 1
    assert scores["class_iou"]["person"] == 1 and scores["class_iou"]["sky"] is None


def test_a_run_and_its_saved_predictions_score_the_same(grey_reader, evaluate, tmp_path):
    run = grey_reader(image_size=(16, 32))
    status, scores, _ = evaluate(run, "--dataset", "toy_streets", "--output", tmp_path / "saved")
    assert status == 0 and 0 < scores["mean_iou"] < 1
    again = evaluate("--predictions", tmp_path / "saved", "--dataset", "toy_streets", "--boundary", "--distance")[1]
    assert {**scores, "source": None} == {**again, "source": None}


def test_the_table_is_printed(grey_reader, evaluate):
    status, text, _ = evaluate(grey_reader(), json_wanted=False)
    assert status == 0 and text.startswith("cityscapes val, 3 frames")
    assert ["mean", "100.0", "100.0", "…", "100.0", "100.0"] in [line.split()[:6] for line in text.splitlines()]


def test_a_data_set_of_the_users_own(leaves, grey_reader, capsys):
    run, saved = grey_reader(num_classes=2), leaves.parent / "saved"
    named = ["--dataset", "my_leaves:LEAVES", "--data-dir", str(leaves), "--json"]
    assert main(["evaluate", str(run), *named, "--output", str(saved)]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert (scores["dataset"], scores["frames"], scores["mean_iou"]) == ("my_leaves:LEAVES", 4, 1)
    assert scores["prior_mean_iou"] is None, "there is no training split"
    shutil.copytree(leaves / "val", leaves / "train")
    assert main(["evaluate", "--predictions", str(saved), *named]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["class_iou"] == {"soil": 1, "leaf": 1} and 0 < again["prior_mean_iou"] < 1
    assert main(["evaluate", str(run), "--dataset", "my_leaves:TREES"]) == 2
    assert "the module my_leaves has no 'TREES'" in capsys.readouterr().err


def test_what_the_option_offers_is_what_can_be_resampled():
    parser = argparse.ArgumentParser()
    command.configure(parser)
    (action,) = (action for action in parser._actions if "--resample" in action.option_strings)
    assert set(action.choices) == set(UNITS)


def predictions_of(data_set, folder, change):
    """A folder of the data set's labels, changed: `change(label_ids, number)`, None for no file."""
    folder.mkdir()
    for number, path in enumerate(sorted(data_set.rglob("*_labelIds.png"))):
        ids = change(np.array(Image.open(path)), number)
        if ids is not None:
            Image.fromarray(ids).save(folder / path.name.replace("_gtFine", ""))
    return folder


@pytest.fixture
def good(data_set, tmp_path):
    """Predictions that are right everywhere."""
    return predictions_of(data_set, tmp_path / "good", lambda ids, number: ids)


@pytest.fixture
def shifted(data_set, tmp_path):
    """Predictions that are moved to the side."""
    return predictions_of(data_set, tmp_path / "shifted", lambda ids, number: np.roll(ids, 3, axis=1))


def test_a_folder_of_predictions_may_stand_where_a_run_does(good, evaluate):
    status, scores, _ = evaluate(good, "--dataset", "cityscapes")
    assert status == 0 and scores["mean_iou"] == 1 and scores["boundary_f"] == {} and scores["notes"] == []
    assert scores["intervals"]["images"]["mean_iou"] == [1, 1]
    assert scores == evaluate("--predictions", good, "--dataset", "cityscapes")[1]


def test_boundary_f_comes_with_runs_and_where_it_is_asked_for(grey_reader, good, evaluate):
    tolerances = ["0.0075", "3", "5", "9", "12"]
    assert list(evaluate(grey_reader())[1]["boundary_f"]) == tolerances
    assert evaluate(grey_reader(), "--no-boundary")[1]["boundary_f"] == {}
    found = evaluate(good, "--dataset", "cityscapes", "--boundary")[1]["boundary_f"]
    assert list(found) == tolerances and found["3"]["one"]["mean"] == found["3"]["skip"]["mean"] == 1


def test_a_run_against_predictions(grey_reader, shifted, evaluate, tmp_path):
    run = grey_reader()
    status, both, _ = evaluate(run, "--against", shifted, "--output", tmp_path / "saved")
    assert status == 0 and len(list((tmp_path / "saved").iterdir())) == 3
    alone = evaluate(run)[1]
    assert {key: both[key] for key in alone} == alone
    assert both["against"]["mean_iou"] == evaluate(shifted, "--dataset", "cityscapes")[1]["mean_iou"]
    assert both["comparison"]["mean_iou"]["difference"] == pytest.approx(1 - both["against"]["mean_iou"])
    # Three frames can be exchanged in eight ways: nothing can be decided by them.
    assert both["comparison"]["mean_iou"]["p_value"] > 0.2 and not both["comparison"]["mean_iou"]["decided"]
    assert both["comparison"]["mean_iou"]["images_needed"] > 3
    other = evaluate(shifted, "--against", run, "--split", "val")[1]
    assert other["comparison"]["mean_iou"]["difference"] == -both["comparison"]["mean_iou"]["difference"]


def test_a_comparison_is_printed(good, shifted, evaluate, tmp_path):
    options = ("--dataset", "cityscapes")
    status, text, _ = evaluate(good, "--against", shifted, *options, json_wanted=False)
    assert status == 0 and text.startswith("cityscapes val, 3 frames")
    head = next(line for line in text.splitlines() if line.startswith("class "))
    assert head.split() == ["class", "good", "shifted", "difference", "95", "%", "interval", "p", "(Holm)", "verdict"]
    road = next(line for line in text.splitlines() if line.startswith("road")).split()
    assert road[1] == "100.0" and road[3].startswith("+") and "images" in road
    copy = shutil.copytree(good, tmp_path / "elsewhere" / good.name)
    same = evaluate(good, "--against", copy, *options, json_wanted=False)[1]
    assert "no difference" in same and str(good) in same  # names that are the same are told apart by their paths


def test_a_page_is_written(grey_reader, shifted, evaluate, tmp_path):
    file = tmp_path / "page.html"
    status, _, _ = evaluate(grey_reader(), "--against", shifted, "--html", file)
    assert status == 0
    page = file.read_text(encoding="utf-8")
    assert "run against shifted on cityscapes val" in page and page.count("data:image/jpeg") == 2 * 3


def test_crops_come_with_runs_on_wide_frames_and_where_they_are_asked_for(grey_reader, good, evaluate):
    factors = ["0", "100", "200", "300", "400"]
    assert list(evaluate(grey_reader())[1]["crop_factor_iou"]) == factors
    assert evaluate(grey_reader(), "--no-distance")[1]["crop_factor_iou"] == {}
    assert evaluate(good, "--dataset", "cityscapes")[1]["crop_factor_iou"] == {}
    status, text, _ = evaluate(good, "--dataset", "cityscapes", "--distance", json_wanted=False)
    assert status == 0 and "At crop factor c a frame loses" in text


def test_other_seeds_of_a_system(good, shifted, evaluate, tmp_path):
    options = ("--dataset", "cityscapes", "--resamples", "200", "--seeds", shifted)
    file = tmp_path / "page.html"
    status, scores, _ = evaluate(good, *options, "--html", file)
    other = evaluate(shifted, "--dataset", "cityscapes")[1]
    assert status == 0 and scores["seeds"]["number"] == 2 and scores["mean_iou"] == 1
    assert scores["seeds"]["mean_iou"]["mean"] == pytest.approx((1 + other["mean_iou"]) / 2)
    assert "mean of 2 seeds" in file.read_text(encoding="utf-8")
    assert "mean of 2 seeds" in evaluate(good, *options, json_wanted=False)[1]
    assert scores["resampling"] == {"over": None, "resamples": 200, "seed": 0}


def test_a_system_is_not_counted_as_two_seeds(good, shifted, evaluate):
    for seeds in ((good,), (shifted, f"{shifted}/")):
        status, _, err = evaluate(good, "--dataset", "cityscapes", "--seeds", *seeds)
        assert status == 2 and "is there twice" in err


def test_part_of_a_split_is_scored_only_on_request(data_set, good, evaluate, tmp_path):
    part = predictions_of(data_set, tmp_path / "part", lambda ids, number: ids if number else None)
    options = (part, "--dataset", "cityscapes")
    status, _, err = evaluate(*options)
    assert status == 2 and "1 of 3 frames have no prediction" in err and "--partial" in err
    status, scores, _ = evaluate(*options, "--partial", "--html", tmp_path / "page.html")
    assert status == 0 and scores["frames"] == 2 and scores["notes"][0].startswith("PARTIAL: scored 2 of 3")
    assert "PARTIAL: scored 2 of 3" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "PARTIAL: scored 2 of 3" in evaluate(*options, "--partial", json_wanted=False)[1]
    status, text, _ = evaluate(good, "--against", *options, "--partial", json_wanted=False)
    assert status == 0 and "2 frames" in text.splitlines()[0] and "part: PARTIAL" in text and "only one" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a run folder, --weights SYSTEM/DATASET or --predictions DIR"),
        (["RUN", "--predictions", "DATA"], "a run folder, --weights SYSTEM/DATASET or --predictions DIR"),
        (["--predictions", "DATA"], "add --dataset"),
        (["--predictions", "DATA", "--dataset", "cityscapes", "--output", "DATA"], "leave it out"),
        (["--predictions", "DATA", "--dataset", "cityscapes"], "several predictions"),
        (["--predictions", "DATA", "--dataset", "mars"], "mars"),
        (["RUN", "--split", "train"], "train"),
        (["DATA"], "not a run folder"),
        (["OTHER"], "predicts 11 classes, cityscapes has 19"),
        (["RUN", "--partial"], "--partial is for folders of predictions"),
        (["RUN", "--against", "nowhere"], "nowhere is not a run folder"),
        (["RUN", "--against", "OTHER"], "predicts 11 classes"),
        (["RUN", "--html", "DATA"], "name a file in a folder that exists"),
        (["DATA", "--dataset", "cityscapes", "--flip"], "--flip and --window are for a run"),
        (["nowhere", "--dataset", "cityscapes"], "holds no predictions"),
        (["DATA", "--dataset", "cityscapes", "--seeds", "DATA", "--against", "DATA"], "leave one of them out"),
        (["RUN", "--resample", "cities", "--no-boundary"], "all come from ulm"),
    ],
)
def test_wrong_use_is_one_line(arguments, message, grey_reader, evaluate, data_set):
    places = {"RUN": grey_reader(), "OTHER": grey_reader(num_classes=11, name="other"), "DATA": data_set}
    status, _, err = evaluate(*[places.get(argument, argument) for argument in arguments])
    assert status == 2
    assert message in err and err.startswith("course: ") and err.count("\n") == 1


def test_labels_that_are_void_all_over_are_one_line(grey_reader, evaluate, data_set):
    for label in data_set.rglob("*_labelIds.png"):
        Image.fromarray(np.zeros_like(np.array(Image.open(label)))).save(label)
    status, _, err = evaluate(grey_reader(), "--no-boundary", "--no-distance")
    assert status == 2 and "void all over" in err.splitlines()[-1] and "nan" not in err


@pytest.mark.parametrize("other", ["run", "./run", "more/../run"])
def test_a_run_against_itself_is_answered_at_once(grey_reader, evaluate, tmp_path, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    status, _, err = evaluate(grey_reader(), "--against", other)
    assert status == 2 and "is the same folder" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--output", "--html"])
@pytest.mark.parametrize("place", ["file/below", "file/below/more"])
def test_places_are_checked_before_anything_is_scored(grey_reader, evaluate, tmp_path, option, place):
    (tmp_path / "file").write_text("kept")
    status, _, err = evaluate(grey_reader(), option, tmp_path / place)
    assert status == 2 and err.startswith(f"course: {option} ") and len(err.splitlines()) == 1


def test_resamples_that_would_take_for_ever_are_refused(grey_reader, evaluate, capsys):
    with pytest.raises(SystemExit) as stop:
        evaluate(grey_reader(), "--resamples", 100_000_000)
    assert stop.value.code == 2 and "100 to 100000" in capsys.readouterr().err


def test_a_full_disk_leaves_the_old_page(grey_reader, evaluate, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "page.html").write_text("old")
    run = grey_reader()
    monkeypatch.setattr(os, "fsync", full)
    status, _, err = evaluate(run, "--html", tmp_path / "page.html", "--no-boundary", "--no-distance")
    assert status == 2 and "page.html: cannot be written (No space left on device)" in err.splitlines()[-1]
    assert (tmp_path / "page.html").read_text() == "old"
