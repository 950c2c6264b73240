"""`make students`: a copy of the course for students, to be put on a branch that Binder and Colab open.

Its notebooks have no solutions and no hidden checks, and their first cell sets the course up on Colab. The notebooks'
sources and the tests, which contain solutions, and what only instructors and developers need are left out; README is
the students' page. Environment variables, as for the book:

    COURSE_REPOSITORY   owner/name on GitHub; that of pyproject.toml when omitted, and without any no cell for Colab
    COURSE_BRANCH       the branch of the copy; students when omitted
"""

import argparse
import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from address import on_github

from course_utils.tools.notebooks.convert import write_notebook
from course_utils.tools.students.released import for_students

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ("notebooks/", "tests/", ".ci/", "book/", "CONTRIBUTING.md", "README.md", ".pre-commit-config.yaml")
LEFT_OUT += tuple(
    f"docs/{name}" for name in ("instructors", "editions", "jupyterhub", "students", "syllabus", "book-2")
)

COLAB = """\
#@title On Google Colab, run this cell first; elsewhere it does nothing
import sys
from pathlib import Path

if "google.colab" in sys.modules and not Path("../course_utils").is_dir():
    import os
    import subprocess
    from importlib.metadata import version

    if not Path("course/installed").exists():
        used = {{name: sys.modules[name].__version__ for name in ("numpy", "tensorflow") if name in sys.modules}}
        address = "https://github.com/{name}"
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", "{branch}", address, "course"]
        install = ["pip", "install", "--quiet", "-c", "constraints.txt", "./environment/typing", "-e", "."]
        subprocess.run(clone, check=True)
        subprocess.run([sys.executable, "-m", *install], cwd="course", check=True)
        Path("course/installed").touch()
        if changed := [name for name, old in used.items() if version(name) != old]:
            print(f"Restart once: Runtime > Restart session. (Another {{' and '.join(changed)}} was already in use.)")
    sys.path.insert(0, str(Path("course").resolve()))
    os.chdir("course/notebooks")
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the copy; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = ROOT / "book" / "_build" / "students"
    parser.add_argument("--output", type=Path, default=default, help="where to write it (book/_build/students)")
    output = parser.parse_args(arguments).output.resolve()
    if output == ROOT or output in ROOT.parents or (output.exists() and not output.is_dir()):
        parser.error(f"--output {output} is the course itself, or no folder: choose another place")
    shutil.rmtree(output, ignore_errors=True)
    for name in committed(ROOT):
        if not name.startswith(LEFT_OUT):
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, output / name)
    (output / "README.md").write_text(readme((ROOT / "docs" / "students.md").read_text("utf-8")), "utf-8")
    (output / "Makefile").write_text(makefile((ROOT / "Makefile").read_text("utf-8")), "utf-8")
    notebooks = output / "notebooks"
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        write_notebook(for_students(path), notebooks / path.name)
    for picture in (ROOT / "notebooks").glob("*.jpg"):
        shutil.copy(picture, notebooks)
    if name := on_github():
        for path in notebooks.glob("*.ipynb"):
            add_colab_cell(path, name, os.environ.get("COURSE_BRANCH", "students"))
    print(f"The students' copy: {output}")
    return 0


def committed(root: Path) -> list[str]:
    """The files under version control that exist; without git, those that `.gitignore` does not name."""
    try:
        command = ["git", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        ignored = [line for line in (root / ".gitignore").read_text().splitlines() if line and line[0] not in "#!"]
        files = (path.relative_to(root).as_posix() for path in sorted(root.rglob("*")))
        names = [name for name in files if not is_ignored(name, ignored)]
    return [name for name in names if (root / name).is_file()]


def is_ignored(name: str, patterns: list[str]) -> bool:
    """Whether one of these lines of `.gitignore` fits: `/path/`, `/folder/*` or `name/`. READMEs are kept.

    Args:
        name: of a file, from the root.
        patterns: the lines, without those that begin with an exclamation mark.
    """
    parts = name.split("/")
    folders = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    return parts[-1] != "README.md" and any(
        any(fnmatch.fnmatch(folder, pattern.strip("/")) for folder in folders)
        if "/" in pattern.strip("/") or pattern.startswith("/")
        else any(fnmatch.fnmatch(part, pattern.strip("/")) for part in parts)
        for pattern in [*patterns, ".git/"]
    )


def readme(page: str) -> str:
    """The students' page, whose links start from `docs/`, as a page at the root."""
    page = re.sub(r"\]\((?!\.\./|https?:|#)", "](docs/", page)
    return page.replace("](../", "](")


def makefile(text: str) -> str:
    """The Makefile without the developers' tasks; `test` checks what a student can check."""
    shorter = re.sub(r"(?ms)^# Developers only.*?^# For everybody\.\n\n?", "", text)
    shorter = shorter.replace(" (OPTIONS=--instructor: with them)", "")
    return shorter + "\ntest: check ## the same as make check\n"


def add_colab_cell(path: Path, repository: str, branch: str) -> None:
    """Insert a first cell that sets the course up on Colab; it is folded there and in JupyterLab."""
    notebook = nbformat.read(path, as_version=4)
    cell = nbformat.v4.new_code_cell(COLAB.format(name=repository, branch=branch), id="colab")
    cell.metadata = nbformat.from_dict({"cellView": "form", "jupyter": {"source_hidden": True}, "editable": False})
    notebook.cells.insert(0, cell)
    write_notebook(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
