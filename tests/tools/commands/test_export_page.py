"""docs/export.md word for word: its commands, and each program on a photograph, without anything of the course."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_utils.tools.cli import main

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "export.md").read_text("utf-8")
COMMANDS = {
    words[words.index("--format") + 1]: words
    for words in (shlex.split(line, comments=True)[1:] for line in re.findall(r"^course export-model.+$", PAGE, re.M))
}
PROGRAMS = dict(zip(("savedmodel", "litert", "onnx"), re.findall(r"```python\n(.*?)```", PAGE, re.S), strict=True))


@pytest.fixture
def place(tmp_path, monkeypatch, grey_reader):
    """A folder with what the page takes for granted: a run, and a photograph of no size in particular."""
    (tmp_path / "runs").mkdir()
    grey_reader(image_size=[96, 192], name="runs/segnet", dataset="toy_streets")
    greys = np.kron([[0, 100], [20, 180]], np.ones((100, 150))).astype(np.uint8)
    Image.fromarray(greys).convert("RGB").save(tmp_path / "photo.jpg", quality=100)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("format_name", PROGRAMS)
def test_the_page_s_program_colours_a_photograph_as_the_course_does(format_name, place):
    if format_name == "onnx":
        for package in ("onnx", "onnxruntime", "tf2onnx"):
            pytest.importorskip(package, reason="the extra export is not installed")
    assert main(COMMANDS[format_name]) == 0
    packages = place / "packages"
    if format_name == "litert":  # the page's package is not installed here: the same interpreter under its name
        (packages / "ai_edge_litert").mkdir(parents=True)
        (packages / "ai_edge_litert" / "interpreter.py").write_text(
            "import tensorflow as tf\n\nInterpreter = tf.lite.Interpreter\n"
        )
    environment = {"PATH": "", "PYTHONPATH": str(packages)}
    command = [sys.executable, "-c", PROGRAMS[format_name]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    colored = np.array(Image.open(place / "classes.png"))

    network = COMMANDS[format_name][1 : COMMANDS[format_name].index("--format")]
    assert main(["predict", *network, "photo.jpg", "--output", "predicted"]) == 0
    ids = Image.open(place / "predicted" / "photo_labelIds.png").resize(colored.shape[1::-1], Image.Resampling.NEAREST)
    [about] = [json.loads(path.read_text()) for path in place.rglob("*.json") if "runs" not in path.parts]
    colors = {one["label_id"]: one["color"] for one in about["classes"]}
    expected = np.array([[colors[k] for k in row] for row in np.array(ids)])
    assert (expected == colored).all(axis=-1).mean() > 0.97, "all but borders, where the order of resizing matters"
    assert len(np.unique(colored.reshape(-1, 3), axis=0)) >= 2
