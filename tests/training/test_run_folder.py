"""Run folders that are damaged, somebody else's, of another version or in use: one line each, and nothing is lost."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kills import everything, tiny_recipe

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.training import Run, resume_run, train_recipe
from course_utils.training.run_folder import schema
from course_utils.training.run_folder.network_file import read_network

DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def trained(tiny_streets, tmp_path_factory):
    """A run of two epochs, to be copied."""
    return train_recipe(tiny_recipe("SegNet", tiny_streets, epochs=2), tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained.path, tmp_path / "run")


def write(name, content):
    """A damage: the file of that name has other content."""
    return lambda run: (run / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def remove(name):
    def damage(run):
        shutil.rmtree(run / name) if (run / name).is_dir() else (run / name).unlink()

    return damage


def change(name, **values):
    """A damage: a JSON file says something else; `...` leaves the name out."""

    def damage(run):
        content = {**json.loads((run / name).read_text()), **values}
        (run / name).write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))

    return damage


def half(name):
    def damage(run):
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: len(content) // 2])

    return damage


def a_folder(name):
    def damage(run):
        remove(name)(run)
        (run / name).mkdir()

    return damage


CONFIGS = {
    "a list": (write("config.json", "[]"), "it is \\[\\], not an object"),
    "null": (write("config.json", "null"), "it is None, not an object"),
    "not UTF-8": (write("config.json", b'{"model": "\xff"}'), "not JSON"),
    "cut off": (half("config.json"), "not JSON"),
    "nested": (write("config.json", DEEP), "nested too deeply"),
    "a folder": (a_folder("config.json"), "cannot be read"),
    "somebody else's": (write("config.json", '{"architectures": ["BertModel"]}'), "model is missing"),
    "no model": (change("config.json", model=...), "model is missing"),
    "no classes": (change("config.json", num_classes=...), "num_classes is missing"),
    "half a class": (change("config.json", num_classes=18.5), "num_classes is 18.5, not a whole number"),
    "other names": (change("config.json", class_names=["a"]), "class_names are not as many"),
    "a wrong size": (change("config.json", image_size=[0, 3]), "image_size is \\[0, 3\\], not a list of two sides"),
    "a size of words": (change("config.json", image_size="64x128"), "image_size is '64x128'"),
    "a rate of words": (change("config.json", learning_rate="fast"), "learning_rate is 'fast', not a number above 0"),
    "a rate of nothing": (change("config.json", learning_rate=float("nan")), "learning_rate is nan"),
    "a negative seed": (change("config.json", seed=-1), "seed is -1"),
    "options that are none": (change("config.json", model_options=[1]), "model_options is \\[1\\], not an object"),
    "no budget": (change("config.json", epochs=None), "one number and one null"),
    "a newer version": (change("config.json", version=99), "trained by a newer version of the course .*update"),
    "no version": (change("config.json", version="new"), "version is 'new'"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_that_is_none_is_one_line(kind, run):
    damage, words = CONFIGS[kind]
    damage(run)
    before = everything(run)
    for use in (Run, resume_run):
        with pytest.raises(CourseError, match=words) as error:
            use(run)
        assert "\n" not in str(error.value) and len(str(error.value)) < 500
    assert everything(run) == before


LAST = "checkpoints/0002"
ROW = {"epoch": 2, "steps": 2, "minutes": 0, "learning_rate": 0, "loss": 1, "val_mean_iou": 0, "val_pixel_accuracy": 0}
PARTS = {
    "no checkpoints": (remove("checkpoints"), "best.keras and log.csv, but no checkpoint to go on from"),
    "an empty folder": (a_folder("checkpoints"), "no checkpoint to go on from"),
    "no model": (remove(f"{LAST}/model.keras"), "model.keras is missing"),
    "a model of text": (write(f"{LAST}/model.keras", "text"), "model.keras cannot be loaded"),
    "half a model": (half(f"{LAST}/model.keras"), "model.keras cannot be loaded"),
    "no state": (remove(f"{LAST}/state.json"), "state.json is missing"),
    "half a state": (half(f"{LAST}/state.json"), "state.json: this is not JSON"),
    "a state that is a list": (write(f"{LAST}/state.json", "[]"), "it is \\[\\], not an object"),
    "a nested state": (write(f"{LAST}/state.json", DEEP), "nested too deeply"),
    "an epoch of words": (change(f"{LAST}/state.json", epoch="two"), "epoch is 'two', not a whole number"),
    "another epoch": (change(f"{LAST}/state.json", epoch=3), "does not hold each epoch once"),
    "a log of another epoch": (change(f"{LAST}/state.json", epoch=1, log=[{**ROW, "epoch": 1}]), "is of epoch 1, not"),
    "a log of nothing": (change(f"{LAST}/state.json", log=[{}, {}]), "log\\[0\\].epoch is missing"),
    "seeds of another network": (change(f"{LAST}/state.json", seeds=[[1, 2]]), "seeds are of another network"),
    "no average": (remove(f"{LAST}/average.npz"), "average.npz is missing"),
    "half an average": (half(f"{LAST}/average.npz"), "average.npz cannot be loaded"),
    "an average of text": (write(f"{LAST}/average.npz", "text"), "average.npz cannot be loaded"),
    "a stray checkpoint": (
        lambda run: (run / "checkpoints" / "0009").mkdir(),
        "delete .*0009: .* goes on from 0002",
    ),
    "a renamed checkpoint": (lambda run: (run / LAST).rename(run / "checkpoints/0007"), "is of epoch 2, not of 0007"),
    "a longer log": (lambda run: (run / "log.csv").open("a").write("3,3,0.1,0.1,0.1,0.1,0.1\r\n"), "tells of 3 epochs"),
    "no best network": (
        lambda run: [change(f"{LAST}/state.json", best=0.9)(run), remove("best.keras")(run)],
        "best.keras is missing",
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_going_on_without_a_part_is_refused_and_nothing_is_overwritten(kind, run):
    damage, words = PARTS[kind]
    damage(run)
    before = everything(run)
    with pytest.raises(CourseError, match=words) as error:
        resume_run(run, epochs=3)
    assert "\n" not in str(error.value) and ("copy" in str(error.value) or "delete" in str(error.value))
    assert everything(run) == before


def test_a_log_that_is_damaged_is_written_anew_from_the_checkpoint(run):
    good = Run(run).log
    for content in (b"\xff\xfe", b"epoch\n1\n", b"epoch,steps\nx,y\n", b"a,b,c\n1,2,3,4,5\n"):
        (run / "log.csv").write_bytes(content)
        with pytest.raises(CourseError, match=r"log\.csv.*delete it"):
            _ = Run(run).log
    assert resume_run(run).log == good


def test_nothing_but_the_recipe_begins_anew(run):
    """A kill before the first checkpoint leaves no more than that."""
    for name in ("checkpoints", "best.keras", "log.csv"):
        remove(name)(run)
    assert len(resume_run(run).log) == 2


def other_network(file, classes=19):
    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, keras.layers.Conv2D(classes, 1)(inputs)).save(file)


def lying_network(file):
    """One whose weights promise a terabyte."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as weights:
        weights.create_dataset("layers/a", (1 << 38,), "f4")
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in {**parts, "model.weights.h5": buffer.getvalue()}.items():
            archive.writestr(name, content)


def bomb(file):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(50_000_000))


NETWORKS = {
    "missing": (Path.unlink, "has no trained network yet"),
    "text": (lambda file: file.write_text("text"), "cannot be loaded"),
    "empty": (lambda file: file.write_bytes(b""), "cannot be loaded"),
    "half": (lambda file: half(file.name)(file.parent), "cannot be loaded"),
    "a folder": (lambda file: a_folder(file.name)(file.parent), "cannot be loaded"),
    "other classes": (lambda file: other_network(file, 3), "this network is another one"),
    "a lie": (lying_network, "layers/a is not whole"),
    "a bomb": (bomb, "it would unpack to 0.1 GB"),
    "no weights": (lambda file: zipfile.ZipFile(file, "w").close(), "cannot be loaded"),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_that_is_damaged_or_another_one_is_one_line(kind, run):
    damage, words = NETWORKS[kind]
    damage(run / "best.keras")
    with pytest.raises(CourseError, match=words) as error:
        Run(run).load_model()
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


TRAIN = """
import sys
from pathlib import Path
from course_utils.files import one_process
with one_process(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_one_process_per_run_folder_and_none_after_a_kill(run):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", TRAIN, str(run)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    try:
        assert other.stdout.readline() == b"locked\n"
        before = everything(run)
        with pytest.raises(CourseError, match=rf"process {other.pid} of .*\) is at work there; wait") as error:
            resume_run(run, epochs=3)
        assert "\n" not in str(error.value) and everything(run) == before
        assert len(Run(run).log) == 2, "who only reads does not ask"
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert len(resume_run(run).log) == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.data())
def test_whatever_a_config_holds_it_is_read_or_refused(trained, tmp_path, data):
    names = sorted(trained.config)
    changed = data.draw(st.dictionaries(st.sampled_from([*names, "version"]), VALUES, max_size=3))
    content = json.dumps({**trained.config, **changed})
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(content)))
        content = content[:place] + data.draw(st.text(max_size=3)) + content[place + data.draw(st.integers(0, 3)) :]
    (tmp_path / "config.json").write_text(content, "utf-8", "surrogatepass")
    try:
        config = Run(tmp_path).config
    except CourseError as error:
        assert "\n" not in str(error)
    else:
        assert schema.config_fault(config) is None


@FUZZ
@given(st.data())
def test_whatever_a_state_or_a_log_holds_it_is_read_or_refused(trained, tmp_path, data):
    for name, read in (("state.json", lambda file: schema.read_state(file, "do")), ("log.csv", schema.read_log)):
        (source,) = trained.path.rglob(name)
        content = bytearray(source.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, len(content)))
            content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
        (tmp_path / name).write_bytes(content)
        try:
            found = read(tmp_path / name)
        except CourseError as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(found, dict | list)


@settings(FUZZ, max_examples=20)
@given(st.data())
def test_a_network_with_other_bytes_is_read_or_refused(trained, tmp_path, data):
    content = bytearray((trained.path / "best.keras").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    (tmp_path / "best.keras").write_bytes(content)
    try:
        network = read_network(tmp_path / "best.keras", 19, "do")
    except CourseError as error:
        assert "\n" not in str(error)
    else:
        assert np.shape(network(np.zeros((1, 32, 32, 3)))) == (1, 32, 32, 19)
