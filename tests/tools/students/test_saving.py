"""Opened and saved, a notebook is what it was; and JupyterLab's settings for students and for instructors."""

import json
from types import SimpleNamespace

import nbformat
import pytest

from course_utils.tools.students import jupyter
from course_utils.tools.students.saving import keep_metadata


def saved_by_jupyterlab(path, kernel="python3", version="3.13.1"):
    """Save a notebook as JupyterLab does: with what this kernel says of itself, through the hook."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec = {"display_name": "Another name", "language": "python", "name": kernel}
    notebook.metadata.language_info = {"name": "python", "version": version, "mimetype": "text/x-python"}
    model = {"type": "notebook", "content": notebook}
    manager = SimpleNamespace(_get_os_path=lambda name: str(path.parent / name))
    keep_metadata(model=model, path=path.name, contents_manager=manager)
    path.write_text(nbformat.writes(model["content"]) + "\n")


@pytest.mark.parametrize("version", ["3.11.7", "3.13.1"])
def test_saving_what_was_only_opened_leaves_the_file_as_it_was(version, student):
    before = student.path.read_bytes()
    saved_by_jupyterlab(student.path, version=version)
    assert student.path.read_bytes() == before


def test_another_kernel_that_the_student_chose_is_kept(student):
    saved_by_jupyterlab(student.path, kernel="other")
    assert student.read().metadata.kernelspec.name == "other"


@pytest.mark.parametrize("model", [{}, {"type": "file"}, {"type": "notebook", "content": None}, {"type": "notebook"}])
def test_what_is_no_notebook_is_left_alone(model):
    before = json.dumps(model)
    keep_metadata(model=model, path="x", contents_manager=None)
    assert json.dumps(model) == before


@pytest.mark.parametrize("instructor", [False, True])
def test_settings_switch_nbgraders_menus_off_for_students_only(instructor, tmp_path):
    jupyter.write_settings(tmp_path, instructor)
    page = json.loads((tmp_path / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyter/nbgrader"] is not instructor
    (config,) = (tmp_path / "jupyter_server_config.d").iterdir()
    servers = json.loads(config.read_text())["ServerApp"]["jpserver_extensions"]
    assert bool(servers) is not instructor and not any(servers.values())
    c = SimpleNamespace(ContentsManager=SimpleNamespace())
    exec((tmp_path / "jupyter_server_config.py").read_text(), {"c": c})
    assert c.ContentsManager.pre_save_hook is keep_metadata


def test_jupyterlab_listens_on_this_machine_unless_asked(tmp_path, monkeypatch):
    assert "--ServerApp.ip=127.0.0.1" in jupyter.command(tmp_path, [])
    assert "--ServerApp.ip=0.0.0.0" in jupyter.command(tmp_path, [], "0.0.0.0")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    assert jupyter.environment(tmp_path)["JUPYTER_CONFIG_PATH"].split(":") == [str(tmp_path), "theirs"]
