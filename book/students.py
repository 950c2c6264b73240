"""`make students`: a copy of the course for students, to be put on a branch that Binder and Colab open.

Its notebooks have no solutions and no hidden checks, and their first cell sets the course up on Colab. The notebooks'
sources and the tests, which contain solutions, are left out. Environment variables, as for the book:

    COURSE_REPOSITORY   owner/name on GitHub; without it there is no cell for Colab
    COURSE_BRANCH       the branch of the copy; students when omitted
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from chapters import write_chapters

from course_utils.tools.notebooks.convert import write_notebook

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ("notebooks/", "tests/", ".ci/")

COLAB = """\
#@title On Google Colab, run this cell first; elsewhere it does nothing
import sys
from pathlib import Path

if "google.colab" in sys.modules and not Path("../course_utils").is_dir():
    import os
    import subprocess

    clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", "{branch}", "https://github.com/{name}", "course"]
    install = ["pip", "install", "--quiet", "-c", "constraints.txt", "./environment/typing", "-e", "."]
    subprocess.run(clone, check=True)
    subprocess.run([sys.executable, "-m", *install], cwd="course", check=True)
    sys.path.insert(0, str(Path("course").resolve()))
    os.chdir("course/notebooks")
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the copy; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = ROOT / "book" / "_build" / "students"
    parser.add_argument("--output", type=Path, default=default, help="where to write it (book/_build/students)")
    output = parser.parse_args(arguments).output.resolve()
    shutil.rmtree(output, ignore_errors=True)
    for name in committed():
        if not name.startswith(LEFT_OUT):
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, output / name)
    notebooks = output / "notebooks"
    write_chapters(ROOT / "notebooks", notebooks)
    for picture in (ROOT / "notebooks").glob("*.jpg"):
        shutil.copy(picture, notebooks)
    if name := os.environ.get("COURSE_REPOSITORY"):
        for path in notebooks.glob("*.ipynb"):
            add_colab_cell(path, name, os.environ.get("COURSE_BRANCH", "students"))
    print(f"The students' copy: {output}")
    return 0


def committed() -> list[str]:
    """The files under version control that exist."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def add_colab_cell(path: Path, repository: str, branch: str) -> None:
    """Insert a first cell that sets the course up on Colab; it is folded there and in JupyterLab."""
    notebook = nbformat.read(path, as_version=4)
    cell = nbformat.v4.new_code_cell(COLAB.format(name=repository, branch=branch), id="colab")
    cell.metadata = nbformat.from_dict({"cellView": "form", "jupyter": {"source_hidden": True}, "editable": False})
    notebook.cells.insert(0, cell)
    write_notebook(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
