"""Verification: every problem is found, and nothing else."""

import numpy as np
from tiny_datasets import picture, save

from course_utils import datasets
from course_utils.datasets.verification import verify


def found(name, root, **options):
    return {
        str(problem.file): problem.message
        for problem in verify(datasets.open(name, root), progress=False, **options).problems
    }


def test_sound_data_sets_pass(camvid_like_dir, cityscapes_dir):
    result = verify(datasets.open("camvid", camvid_like_dir), progress=False)
    assert result.frames == {"train": 7, "val": 3, "test": 2} and not result.problems
    assert not verify(datasets.open("cityscapes", cityscapes_dir), progress=False).problems


def test_every_problem_is_listed_once(camvid_like_dir):
    train = datasets.open("camvid", camvid_like_dir).frames("train")
    val = datasets.open("camvid", camvid_like_dir).frames("val")
    train[0].label.unlink()
    train[1].image.unlink()
    save(np.full((12, 16), 99, np.uint8), train[2].label)
    save(np.zeros((3, 4), np.uint8), train[3].label)
    save(picture(0, (12, 16)), train[4].label)
    save(np.zeros((12, 16), np.uint16), train[5].label)
    val[0].image.write_bytes(val[0].image.read_bytes()[:300])
    content = bytearray(val[1].image.read_bytes())
    content[60:120] = bytes(60)
    val[1].image.write_bytes(content)
    expected = {
        train[0].label: "missing",
        train[1].image: "missing",
        train[2].label: "label id 99",
        train[3].label: "4x3",
        train[4].label: "colour picture",
        train[5].label: "16",
        val[0].image: "cut off",
        val[1].image: "cannot be decoded",
    }
    problems = found("camvid", camvid_like_dir)
    assert problems.keys() == {str(file) for file in expected}
    for file, message in expected.items():
        assert message in problems[str(file)]
        assert str(file) not in problems[str(file)], "the file is named once"
    assert len(verify(datasets.open("camvid", camvid_like_dir), progress=False).problems) == len(expected)


def test_one_split_alone(camvid_like_dir):
    datasets.open("camvid", camvid_like_dir).frames("train")[0].label.unlink()
    assert not found("camvid", camvid_like_dir, splits=["val"])


def test_an_empty_split_is_a_problem(camvid_like_dir):
    (camvid_like_dir / "val.txt").write_text("")
    assert "empty" in next(iter(found("camvid", camvid_like_dir).values()))


def test_instances_are_decoded_too(cityscapes_dir):
    frames = datasets.open("cityscapes", cityscapes_dir).frames("train")
    frames[0].instances.write_bytes(b"?")
    save(np.zeros((16, 33), np.uint16), frames[1].instances)
    problems = found("cityscapes", cityscapes_dir)
    assert problems.keys() == {str(frames[0].instances), str(frames[1].instances)}


def test_plain_lines_without_a_terminal(camvid_like_dir, capsys):
    verify(datasets.open("camvid", camvid_like_dir))
    assert capsys.readouterr().err.splitlines()[:2] == ["camvid/train ...", "camvid/train: 7 frames"]


def test_camvid_real(camvid_dir):
    result = verify(datasets.open("camvid", camvid_dir), splits=["val"], progress=False)
    assert not result.problems and result.frames == {"val": 101}
