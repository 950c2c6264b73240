"""The students' copy: nothing that gives answers away, and what Binder and Colab need to start it."""

import re
import subprocess
import sys
from pathlib import Path

import address
import build
import nbformat
import pytest
import students
import yaml

from course_utils.tools.labs.lab.source import read_lab
from course_utils.tools.students.released import for_students

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The copy, as for a repository called owner/name."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    output = tmp_path_factory.mktemp("students") / "copy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", "owner/name")
        patch.delenv("COURSE_BRANCH", raising=False)
        assert students.main(["--output", str(output)]) == 0
    return output


def test_copy_has_every_notebook_and_no_source_and_no_test(copy):
    assert sorted(path.name for path in copy.glob("notebooks/*.ipynb")) == [path.name for path in NOTEBOOKS]
    assert not any((copy / name).exists() for name in ("notebooks/source", "tests", "book", "docs/instructors.md"))
    assert (copy / "course_utils" / "tools" / "cli.py").is_file() and (copy / "environment.yml").is_file()


def test_readme_is_the_students_page_and_every_link_leads_somewhere(copy):
    readme = (copy / "README.md").read_text()
    assert "for students" in readme.splitlines()[0] and "course check" in readme and "solutions" not in readme
    broken = []
    for page in copy.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith("http") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(copy)}: {target}")
    assert not broken


def test_tasks_of_the_copy_are_a_students(copy):
    """`make help` lists no task that needs what the copy lacks, and `make test` checks what a student can check."""
    done = subprocess.run(["make", "help"], cwd=copy, capture_output=True, text=True)
    tasks = re.findall(r"^  make (\w+)", done.stdout, re.M)
    assert tasks == ["help", "install", "run", "lab", "check", "clean", "test"]
    dry = ["make", "--no-print-directory", "-n", "test"]
    planned = subprocess.run(dry, cwd=copy, capture_output=True, text=True).stdout
    assert planned.splitlines()[-1].rstrip().endswith("course_utils check --all")


def test_without_git_the_copy_holds_the_same_files(tmp_path):
    """As in an unpacked zip file: what `.gitignore` names, and nothing else, is left out."""
    root = tmp_path / "a course"
    names = [".gitignore", "README.md", "data/README.md", "course_utils/layers/a.py", "docs/data.md"]
    ignored = ["data/camvid/train.txt", "runs/a/log.csv", "a/__pycache__/b.pyc", ".venv/bin/python", "x.egg-info/PKG"]
    for name in names + ignored:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    assert sorted(students.committed(root)) == sorted(names)


def test_the_course_itself_is_not_overwritten(capsys):
    with pytest.raises(SystemExit):
        students.main(["--output", str(ROOT)])
    assert "choose another place" in capsys.readouterr().err and (ROOT / "pyproject.toml").is_file()


def test_no_solution_is_anywhere_in_the_copy(copy):
    lines = set()
    for notebook in NOTEBOOKS:
        for exercise in read_lab(notebook).exercises:
            body = exercise.answer.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
            lines |= {line.strip() for line in body.splitlines() if len(line.strip()) > 60}
    assert len(lines) > 20
    texts = {path: path.read_text(errors="ignore") for path in copy.rglob("*") if path.suffix in (".py", ".md")}
    for path in copy.rglob("*.ipynb"):
        texts[path] = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    shown = {path.name for path, text in texts.items() for line in lines if line in text}
    assert not shown


@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS])
def test_first_cell_is_for_colab_and_the_rest_is_the_released_notebook(name, copy):
    notebook = nbformat.read(copy / "notebooks" / name, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == students.COLAB.format(name="owner/name", branch="students")
    written = for_students(ROOT / "notebooks" / name)
    assert [cell.source for cell in notebook.cells[1:]] == [cell.source for cell in written.cells]


def run_cell(folder: Path, before: str, after: str) -> str:
    """Run the cell for Colab between two pieces of code in a process of its own; what that printed."""
    code = f"{before}\n{students.COLAB.format(name='owner/name', branch='students')}\n{after}"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


CALLS = """
import os, subprocess, sys, types
def record(command, check=False, cwd="."):
    print(os.path.basename(cwd), *command[-4:])
    if command[0] == "git":
        os.makedirs("course/notebooks"), os.makedirs("course/course_utils")
subprocess.run = record
"""


def test_cell_for_colab_does_nothing_elsewhere(tmp_path):
    assert run_cell(tmp_path, CALLS, "print(os.getcwd())") == f"{tmp_path}\n"


def test_cell_for_colab_fetches_and_installs_once(tmp_path):
    colab = CALLS + "sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
    again = students.COLAB.format(name="owner/name", branch="students")
    out = run_cell(tmp_path, colab, f"print(os.getcwd(), sys.path[0])\n{again}").splitlines()
    assert out == [
        ". --branch students https://github.com/owner/name course",
        "course constraints.txt ./environment/typing -e .",
        f"{tmp_path / 'course' / 'notebooks'} {tmp_path / 'course'}",
    ]


def test_cell_for_colab_asks_once_for_a_restart_where_something_in_use_was_replaced(tmp_path):
    colab = CALLS + "sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
    in_use = "sys.modules['numpy'] = types.SimpleNamespace(__version__='0.1')\n"
    first = run_cell(tmp_path, colab + in_use, "").splitlines()
    assert len(first) == 3 and first[2].startswith("Restart once") and "numpy" in first[2]
    again = run_cell(tmp_path, colab, "print(os.getcwd(), sys.path[0])").splitlines()
    assert again == [f"{tmp_path / 'course' / 'notebooks'} {tmp_path / 'course'}"]


@pytest.mark.parametrize("folder", ["repository", "students"])
def test_binder_builds_from_the_environment_file(folder, copy, monkeypatch):
    """repo2docker itself says which of its ways it would take, and writes the Dockerfile of that way."""
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import CondaBuildPack

    monkeypatch.chdir(ROOT if folder == "repository" else copy)
    # As in `Repo2Docker.build`: the first that fits. Those before it need no other file, such as a Dockerfile.
    picked = next(pack for kind in Repo2Docker().buildpacks if (pack := kind("base")).detect())
    assert type(picked) is CondaBuildPack
    assert picked.python_version == "3.11"
    picked.platform = "linux/amd64"
    # What pip installs lies in the repository, which must be there before the environment is made.
    assert not picked._should_preassemble_env
    dockerfile = picked.render()
    made = dockerfile.index('env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"')
    assert dockerfile.rindex("COPY --chown", 0, made) > 0
    pip = yaml.safe_load(Path("environment.yml").read_text())["dependencies"][-1]["pip"]
    for line in pip:
        assert Path(line.split()[-1].partition("[")[0]).exists(), line


@pytest.mark.parametrize(
    ("named", "published", "opened"),
    [
        (None, "https://example.org/semantic-segmentation", None),
        (None, "https://gitlab.com/owner/name", None),
        (None, "https://github.com/owner/name", "owner/name"),
        (None, "https://github.com/owner/name.git", "owner/name"),
        ("other/fork", "https://github.com/owner/name", "other/fork"),
    ],
)
def test_buttons_open_the_course_where_it_is_published_on_github(named, published, opened, tmp_path, monkeypatch):
    monkeypatch.setattr(address, "PROJECT", tmp_path / "pyproject.toml")
    address.PROJECT.write_text(f'[project.urls]\nRepository = "{published}"\n')
    monkeypatch.setenv("COURSE_BRANCH", "autumn")
    monkeypatch.delenv("COURSE_REPOSITORY", raising=False)
    if named:
        monkeypatch.setenv("COURSE_REPOSITORY", named)
    config = build.with_repository(yaml.safe_load((ROOT / "book" / "_config.yml").read_text()))
    buttons = {"binderhub_url", "colab_url"} & set(config["launch_buttons"])
    if opened is None:
        assert not buttons and config["repository"] == {"url": ""}
    else:
        expected = {"url": f"https://github.com/{opened}", "branch": "autumn", "path_to_book": ""}
        assert config["repository"] == expected and len(buttons) == 2
