"""What JupyterLab writes into a notebook that was only opened and saved, and how the file stays as it was."""

import contextlib
import json
from pathlib import Path

from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
"""The kernel as JupyterLab names it."""

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.11",
}
"""What the kernel says of itself; the version that the course is built with stands for all that it supports."""

_THEIRS = ("kernelspec", "language_info")


def as_saved(notebook: NotebookNode) -> NotebookNode:
    """Give a notebook the metadata that JupyterLab would write."""
    notebook.metadata.update({"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)})
    return notebook


def keep_metadata(model: dict, path: str, contents_manager, **ignored) -> None:
    """Before JupyterLab saves a notebook, give it the kernel's metadata that the file has.

    They differ from one Python to the next, and nobody has changed them: without this, every notebook that was opened
    would differ from the course's, and the next update would be a conflict. The parameters are those of
    `ContentsManager.pre_save_hook`.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    metadata = model["content"].get("metadata")
    if not isinstance(metadata, dict):
        return
    known = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        before = json.loads(Path(contents_manager._get_os_path(path)).read_text("utf-8"))["metadata"]
        if before["kernelspec"]["name"] != metadata["kernelspec"]["name"]:
            return  # the student has chosen another kernel
        known = {name: before[name] for name in _THEIRS if name in before}
    metadata.update(known)
