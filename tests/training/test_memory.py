"""A training that runs out of memory: one line of advice, status 1, and a run that can go on."""

import pytest

from course_utils.backend import keras, tf
from course_utils.tools.cli import main
from course_utils.training import Run

COMMAND = ["train", "SegNetBasic", "--dataset", "toy_streets", "--image-size", "64x128", "--batch-size", "6"]
COMMAND += ["--option", "width=0.1", "--mixed-precision", "float32", "--optimizer", "sgd"]


def exhausted():
    return tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[6,64,128,64]")


@pytest.fixture
def failing(monkeypatch):
    """Training steps from a given one on fail."""

    def fail(error, first=1):
        train_step, begun = keras.Model.train_step, []

        def step(self, data):
            begun.append(data)
            if len(begun) >= first:
                raise error
            return train_step(self, data)

        monkeypatch.setattr(keras.Model, "train_step", step)

    return fail


@pytest.mark.parametrize("error", [exhausted(), MemoryError()], ids=["TensorFlow", "Python"])
def test_memory_that_runs_out_is_one_line_with_advice_in_order(error, failing, tiny_streets, tmp_path, capsys):
    command = [*COMMAND, "--data-dir", str(tiny_streets), "--output", str(tmp_path / "run")]
    failing(error)
    assert main([*command, "--epochs", "1"]) == 1
    captured = capsys.readouterr()
    message = captured.err.strip().splitlines()[-1]
    assert message.startswith(
        "course: Training SegNetBasic with batches of 6 images of 64x128 does not fit into memory."
    )
    assert "Traceback" not in captured.err
    ways = ["--resume --batch-size 3 --accumulate 2", "a smaller --crop-size", "--mixed-precision mixed_bfloat16"]
    places = [message.index(way) for way in ways]
    assert places == sorted(places)


def test_the_run_goes_on_as_the_advice_says(failing, tiny_streets, tmp_path, capsys, monkeypatch):
    command = [*COMMAND, "--data-dir", str(tiny_streets), "--output", str(tmp_path / "run")]
    with monkeypatch.context():
        failing(exhausted(), first=3)
        assert main([*command, "--epochs", "3"]) == 1
    monkeypatch.undo()
    assert len(Run(tmp_path / "run").log) == 2, "the epochs before are kept"
    go_on = [*command, "--epochs", "3", "--resume", "--batch-size"]  # the last one counts
    capsys.readouterr()
    for batch, parts, words in (("3", "1", "--batch-size 3 (6)"), ("6", "2", "--accumulate 2 (1)")):
        assert main([*go_on, batch, "--accumulate", parts]) == 2
        assert f"has another than {words}" in capsys.readouterr().err, "another step is another training"
    assert main([*go_on, "3", "--accumulate", "2"]) == 0
    assert [row["steps"] for row in Run(tmp_path / "run").log] == [1, 2, 3]


def test_where_one_image_does_not_fit_no_smaller_batch_is_advised(failing, tiny_streets, tmp_path, capsys):
    command = [*COMMAND, "--data-dir", str(tiny_streets), "--output", str(tmp_path / "run"), "--crop-size", "64x64"]
    failing(exhausted())
    assert main([*command, "--batch-size", "1", "--epochs", "1"]) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert "--accumulate" not in message and "images of 64x64" in message
    assert message.endswith("Train into a new folder with a smaller --crop-size or --mixed-precision mixed_bfloat16.")
