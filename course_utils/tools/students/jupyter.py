"""JupyterLab on a folder of notebooks, on this machine only, with settings that belong to the course."""

import json
import os
import subprocess
import sys
from pathlib import Path

from course_utils.files import write_whole
from course_utils.tools.students.saving import keep_metadata

HERE = "127.0.0.1"
"""The address that only this machine reaches."""

_NBGRADER = ("assignment_list", "course_list", "formgrader", "validate_assignment")


def write_settings(folder: Path, instructor: bool) -> None:
    """Write what JupyterLab reads before the user's own settings.

    Notebooks are saved without what only differs between machines; students get none of nbgrader's menus.

    Args:
        folder: for `JUPYTER_CONFIG_PATH`.
        instructor: leaves nbgrader's menus where they are.

    Raises:
        CourseError: a file cannot be written.
    """
    hook = f"from {keep_metadata.__module__} import {keep_metadata.__name__}\n\n"
    hook += f"c.ContentsManager.pre_save_hook = {keep_metadata.__name__}\n"
    write_whole(folder / "jupyter_server_config.py", hook)
    off = not instructor
    servers = {f"nbgrader.server_extensions.{name}": False for name in _NBGRADER} if off else {}
    _write(folder / "jupyter_server_config.d" / "course.json", {"ServerApp": {"jpserver_extensions": servers}})
    _write(folder / "labconfig" / "page_config.json", {"disabledExtensions": {"@jupyter/nbgrader": off}})


def command(folder: Path, options: list[str], address: str = HERE) -> list[str]:
    """What starts JupyterLab on a folder.

    Args:
        folder: of the notebooks.
        options: further ones for JupyterLab.
        address: where it listens.
    """
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.ip={address}", f"--notebook-dir={folder}", *options]


def environment(settings: Path) -> dict[str, str]:
    """This process's environment with the settings that `write_settings` wrote."""
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [str(settings), known]))}


def start(folder: Path, settings: Path, options: list[str], address: str = HERE) -> int:
    """Start JupyterLab and stay with it; returns its exit status.

    Args:
        folder: of the notebooks.
        settings: where `write_settings` wrote.
        options: further ones for JupyterLab.
        address: where it listens.
    """
    arguments = command(folder.resolve(), options, address)
    if os.name == "posix":
        # In this process's place, so that Ctrl-C asks JupyterLab and nobody else.
        sys.stdout.flush()
        os.execve(arguments[0], arguments, environment(settings))
    return subprocess.call(arguments, env=environment(settings))


def _write(path: Path, content: dict) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")
