"""`course doctor`: every check sees what it is there to see, and says what to do."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils.datasets import camvid
from course_utils.tools import cli, doctor
from course_utils.tools.doctor import computing, environment, jupyter, storage
from course_utils.tools.doctor.finding import GIGABYTE, Finding
from course_utils.tools.extras import command_for

LOCK = "good==1.5 \\\n    --hash=sha256:0\nother==2.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:0\n"


@pytest.fixture
def lock(tmp_path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 14), "problem"), ((3, 11, 0), "ok"), ((3, 13, 9), "ok"), ((3, 14, 0), "problem")],
)
def test_python(version, state, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    finding = environment.check_python(version, supported=">=3.11,<3.14")
    assert finding.state == state
    assert bool(finding.remedy) == (state == "problem")


@pytest.mark.parametrize(("installed", "state"), [("2.0.0", "ok"), ("1.9.0", "warning")])
def test_an_installed_package_of_another_edition_is_seen(installed, state, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "2.0.0"\n')
    finding = environment.check_edition(installed, tmp_path)
    assert finding.state == state and installed in finding.detail
    assert ("make install" in finding.remedy) == (state == "warning")


def test_python_shared_with_other_projects(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    assert environment.check_python((3, 12, 1), ">=3.11").state == "warning"
    (tmp_path / "conda-meta").mkdir()
    assert environment.check_python((3, 12, 1), ">=3.11").state == "ok"


@pytest.mark.parametrize(
    ("installed", "state", "words"),
    [
        ({"good": "1.5"}, "ok", "1 required"),
        ({"good": "1.6"}, "warning", "good 1.6 (lock: 1.5)"),
        ({"good": "2.0"}, "problem", "good 2.0 (needs <2,>=1)"),
        ({}, "problem", "missing: good"),
    ],
)
def test_packages(installed, state, words, lock):
    asked = ["good>=1,<2", "tester>=1; extra == 'test'", "nvidia>=1; extra == 'gpu'"]
    finding = environment.check_packages(asked, [lock], installed)
    assert finding.state == state and words in finding.detail
    assert bool(finding.remedy) == (state != "ok")


def test_packages_outside_a_checkout(monkeypatch):
    monkeypatch.setattr("course_utils.machine.checkout", lambda: None)
    assert environment.check_packages(["good"], installed={"good": "9"}).state == "ok"


def test_locks_are_those_of_the_extras_that_are_installed(monkeypatch, tmp_path):
    monkeypatch.setattr("course_utils.machine.checkout", lambda: tmp_path)
    monkeypatch.setattr(environment, "installed_extras", lambda: {"labs": True, "gpu": False})
    assert [path.name for path in environment.locks_of_environment()] == ["requirements.lock", "requirements-labs.lock"]


def test_drift_in_an_extra_is_mended_by_its_lock(lock, tmp_path):
    extra = tmp_path / "requirements-labs.lock"
    extra.write_text(LOCK.replace("good==1.5", "better==3"))
    finding = environment.check_packages([], [lock, extra], {"good": "1.5", "better": "2"})
    assert finding.state == "warning" and "better 2 (lock: 3)" in finding.detail
    assert finding.remedy.endswith("-r requirements-labs.lock")


@pytest.mark.parametrize(
    ("extras", "state", "detail"),
    [
        ({"labs": True, "gpu": False}, "optional", "installed: labs; not installed: gpu"),
        ({"labs": False, "gpu": False}, "optional", "installed: none; not installed: labs, gpu"),
        ({"labs": True}, "ok", "installed: labs; not installed: none"),
    ],
)
def test_extras_are_reported_and_no_problem(extras, state, detail, monkeypatch):
    monkeypatch.setattr(environment, "installed_extras", lambda: extras)
    finding = environment.check_extras()
    assert (finding.state, finding.detail) == (state, detail)
    assert ("NAME" in finding.remedy) == (state == "optional")


def test_a_second_copy_later_in_the_path_does_not_count(tmp_path, monkeypatch):
    """As setuptools puts there when something imports it."""
    (tmp_path / "numpy-0.1.dist-info").mkdir()
    (tmp_path / "numpy-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert environment.check_packages(["numpy>=1"], []).state == "ok"


def test_locked_packages_nobody_asked_for_are_missed_too(lock):
    finding = environment.check_packages([], [lock], {})
    assert finding.state == "warning" and "good missing" in finding.detail


@pytest.mark.parametrize(
    ("total", "available", "state"), [(16, 8, "ok"), (3.8, 3, "ok"), (2, 2, "warning"), (16, 1, "warning")]
)
def test_memory(total, available, state):
    assert computing.check_memory(int(total * GIGABYTE), int(available * GIGABYTE)).state == state


@pytest.mark.parametrize(("free", "state"), [(50, "ok"), (1, "warning"), (0.1, "problem")])
def test_disk(free, state, tmp_path):
    finding = storage.check_disk(tmp_path / "not" / "yet", int(free * GIGABYTE))
    assert finding.state == state
    assert ("COURSE_DATA" in finding.remedy) == (state != "ok")


def test_disk_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "access", lambda path, mode: False)
    finding = storage.check_disk(tmp_path, 50 * GIGABYTE)
    assert finding.state == "problem" and "COURSE_DATA" in finding.remedy


@pytest.fixture
def no_data(tmp_path, monkeypatch) -> Path:
    """An empty data root, and no variable that points elsewhere."""
    for name in ("CITYSCAPES", "CAMVID", "COCO", "TOY_STREETS"):
        monkeypatch.delenv(f"{name}_DATASET", raising=False)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path


def test_absent_data_sets_are_optional_and_say_how_to_get_them(no_data):
    from course_utils import datasets

    findings = storage.check_datasets()
    assert [finding.name for finding in findings] == [f"Data: {name}" for name in datasets.DATASETS]
    assert ["generated" in finding.detail for finding in findings] == [
        name == "toy_streets" for name in datasets.DATASETS
    ]
    for name, finding in zip(datasets.DATASETS, findings, strict=True):
        assert finding.state == "optional" and f"course data {name}" in finding.remedy


def test_a_folder_that_is_no_data_set_is_a_warning(no_data, monkeypatch):
    (no_data / "elsewhere").mkdir()
    (no_data / "elsewhere" / "file").write_text("")
    monkeypatch.setenv("CAMVID_DATASET", str(no_data / "elsewhere"))
    (finding,) = storage.check_datasets([camvid.CARD])
    assert finding.state == "warning" and str(no_data / "elsewhere") in finding.detail
    assert "CAMVID_DATASET" in finding.remedy


def test_data_that_is_here(camvid_dir, monkeypatch):
    monkeypatch.setenv("CAMVID_DATASET", str(camvid_dir))
    (finding,) = storage.check_datasets([camvid.CARD])
    assert finding == Finding("Data: camvid", "ok", f"101 validation frames at {camvid_dir}")


MANAGER = {jupyter.WIDGETS: {"version": "5.0.1"}}


@pytest.mark.parametrize(
    ("extensions", "disabled", "words"),
    [
        ({}, [], "without the widget manager"),
        (MANAGER, [jupyter.WIDGETS], "switched off"),
        (MANAGER, [f"{jupyter.WIDGETS}:plugin"], "switched off"),
        ({jupyter.WIDGETS: {"version": "3.1.0"}}, [], "3.1.0 where"),
    ],
)
def test_widgets_that_do_not_show(extensions, disabled, words):
    finding = jupyter.check_widgets(extensions, disabled)
    assert finding.state == "warning" and words in finding.detail and finding.remedy


def test_widgets_that_show():
    assert jupyter.check_widgets(MANAGER, ["another"]).state == "ok"
    assert jupyter.check_widgets().state == "ok"


def test_widgets_switched_off_by_the_user_are_seen(tmp_path, monkeypatch):
    """As `jupyter labextension disable` leaves it."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "labconfig").mkdir()
    (tmp_path / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {jupyter.WIDGETS: True}})
    )
    assert "switched off" in jupyter.check_widgets().detail


@pytest.mark.parametrize("command", [["python"], ["python3"], [sys.executable]])
def test_kernel_of_this_environment(command):
    assert jupyter.check_kernel([*command, "-m", "ipykernel_launcher"]).state == "ok"


def test_kernel_of_another_environment(tmp_path):
    """Even when its interpreter is a link to the same Python."""
    other = tmp_path / "bin" / "python"
    other.parent.mkdir()
    other.symlink_to(Path(sys.executable).resolve())
    finding = jupyter.check_kernel([str(other), "-m", "ipykernel_launcher"])
    assert finding.state == "problem" and str(other) in finding.detail and "--sys-prefix" in finding.remedy


def test_kernel_that_is_not_there(monkeypatch):
    from jupyter_client import kernelspec

    def missing(self, name):
        raise kernelspec.NoSuchKernel(name)

    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", missing)
    assert jupyter.check_kernel().state == "problem"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import time; time.sleep(60)", "did not start within 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "crashed with SIGILL"),
        ("import os; os.write(2, b'no AVX here\\n'); os.abort()", "crashed with SIGABRT: no AVX here"),
        ("import no_such_package", "No module named 'no_such_package'"),
        ("raise SystemExit(3)", "exit status 3"),
    ],
)
def test_a_tensorflow_that_does_not_start(code, words):
    timeout = 1 if "sleep" in code else 60
    (finding,) = computing.check_tensorflow(lambda: computing.probe_tensorflow(code, timeout), lambda: None)
    assert finding.state == "problem" and words in finding.detail and finding.remedy


REPORT = {"seconds": 3.0, "tensorflow": "2.21.0", "keras": "3.15.1", "keras_cv": "0.9.0", "gpus": []}


def gpu(monkeypatch, gpus=(), card="An H100, 580.1", libraries=False, visible=None) -> Finding:
    """What is said of the GPU."""
    found = [SimpleNamespace()] if libraries else []
    monkeypatch.setattr(computing.importlib.metadata, "distributions", lambda name: found)
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    return computing.check_tensorflow(lambda: REPORT | {"gpus": list(gpus)}, lambda: card)[-1]


def test_gpu(monkeypatch):
    assert gpu(monkeypatch, ["GPU:0"]).state == "ok"
    assert gpu(monkeypatch, card=None).state == "optional"
    assert gpu(monkeypatch).remedy == command_for("gpu")
    assert "driver" in gpu(monkeypatch, libraries=True).remedy
    assert "CUDA_VISIBLE_DEVICES" in gpu(monkeypatch, visible="-1").remedy
    assert gpu(monkeypatch).state == "warning"


def test_keras_cv_that_does_not_load():
    report = {**REPORT, "keras_cv_error": "ImportError: no"}
    assert computing.check_tensorflow(lambda: report, lambda: None)[1].state == "problem"


def test_a_check_that_fails_is_a_problem_and_the_rest_still_runs():
    def check_something_new():
        raise ImportError("no psutil")

    findings = list(doctor.examine([check_something_new, lambda: Finding("Rest", "ok", "")]))
    assert findings[0].name == "Something new" and findings[0].state == "problem" and "no psutil" in findings[0].detail
    assert findings[1].name == "Rest"


FINDINGS = {
    "ok": Finding("A", "ok", "works"),
    "optional": Finding("B", "optional", "not here", "get it"),
    "warning": Finding("C", "warning", "slow", "make it faster"),
    "problem": Finding("D", "problem", "broken", "repair it"),
}


@pytest.mark.parametrize(("states", "status"), [(["ok", "optional", "warning"], 0), (["ok", "problem"], 1)])
def test_command(states, status, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: [FINDINGS[state] for state in states])
    assert cli.main(["doctor"]) == status
    text = capsys.readouterr().out
    for state in states:
        assert FINDINGS[state].detail in text and FINDINGS[state].remedy in text
    assert cli.main(["doctor", "--json"]) == status
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] == (status == 0)
    assert [Finding(**finding) for finding in report["findings"]] == [FINDINGS[state] for state in states]


def test_on_this_machine(no_data, capsys):
    """The environment that runs the tests is healthy, real TensorFlow and Keras CV included."""
    assert cli.main(["doctor", "--json"]) == 0
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    needed = {"Python", "Packages", "JupyterLab", "Kernel", "TensorFlow", "Keras CV"}
    assert {findings[name]["state"] for name in needed} == {"ok"}
    assert {finding["state"] for finding in findings.values()} <= {"ok", "optional", "warning"}
