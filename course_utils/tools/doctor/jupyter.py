"""Checks of what runs notebooks: JupyterLab, its widgets, the kernel."""

import importlib.metadata
import sys
from collections.abc import Iterable
from pathlib import Path

from course_utils.tools.doctor.finding import REINSTALL, Finding

WIDGETS = "@jupyter-widgets/jupyterlab-manager"


def check_widgets(extensions: dict | None = None, disabled: Iterable[str] = ()) -> Finding:
    """JupyterLab has the widget manager of this ipywidgets, and it is switched on.

    Args:
        extensions: JupyterLab's prebuilt extensions by name, each with its `version`; read when omitted.
        disabled: extensions, or single plugins of one, that are switched off; read with the extensions.
    """
    if extensions is None:
        from jupyter_core.paths import jupyter_path
        from jupyterlab.commands import get_app_dir
        from jupyterlab_server.config import get_federated_extensions, get_page_config

        folders = jupyter_path("labextensions")
        extensions = get_federated_extensions(folders)
        disabled = get_page_config(folders, str(Path(get_app_dir(), "settings"))).get("disabledExtensions", [])
    lab = importlib.metadata.version("jupyterlab")
    if WIDGETS not in extensions:
        remedy = "python -m pip install --force-reinstall --no-deps jupyterlab_widgets"
        return Finding("JupyterLab", "warning", f"{lab}, without the widget manager: sliders do not show", remedy)
    if any(name.split(":")[0] == WIDGETS for name in disabled):
        remedy = f"python -m jupyter labextension enable {WIDGETS}"
        return Finding("JupyterLab", "warning", f"{lab}, its widget manager is switched off", remedy)
    version = extensions[WIDGETS]["version"]
    if version.split(".")[0] != "5":
        detail = f"{lab}, widget manager {version} where ipywidgets 8 needs 5: sliders do not show"
        return Finding("JupyterLab", "warning", detail, REINSTALL)
    return Finding("JupyterLab", "ok", f"{lab}, widget manager {version}")


def check_kernel(command: list[str] | None = None) -> Finding:
    """The kernel `python3`, which the notebooks ask for, runs this Python and not another environment's.

    Args:
        command: how the kernel is started; read from its specification when omitted.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = "python -m ipykernel install --sys-prefix"
    try:
        command = command or KernelSpecManager().get_kernel_spec("python3").argv
    except NoSuchKernel:
        return Finding("Kernel", "problem", "there is no kernel python3", remedy)
    interpreter = Path(command[0])
    # A bare `python` becomes the running interpreter when the kernel starts. Links are not followed: they tell
    # environments apart.
    if interpreter.is_absolute() and interpreter.parent != Path(sys.executable).parent:
        return Finding("Kernel", "problem", f"python3 runs {interpreter}, not {sys.executable}", remedy)
    return Finding("Kernel", "ok", f"python3 runs {sys.executable}")
