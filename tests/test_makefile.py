"""`make` builds .venv when it has to, and only then. A stand-in for Python records what it is asked to do."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PYTHON = """#!/bin/sh
case "$*" in
-c*) exec "{python}" "$@" ;;
esac
echo "$*" >> calls
case "$*" in
*--require-hashes*) test ! -e fail || case "$*" in *" $(cat fail)") exit 1 ;; esac ;;
"-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
esac
"""

IGNORED = ("MAKE", "MFLAGS", "GPU", "EXTRAS", "OPTIONS")
"""What a `make` that runs these tests hands down, and its user's choices."""

VENV = "-m venv --clear .venv"
PIP = "-m pip --quiet --disable-pip-version-check install --no-deps"
EXTRAS = ("labs", "cluster", "postgres", "book", "test", "gpu", "jax", "weights", "export")
PROJECT = f"{PIP} --no-build-isolation ./environment/typing --editable ."
TESTS = "-m pytest --numprocesses 2 --dist worksteal"


def lock(extra: str = "") -> str:
    """The lock file of an extra, or of what everybody needs."""
    return f"requirements{extra and '-'}{extra}.lock"


def packages(extra: str = "") -> str:
    """The call that installs a lock."""
    return f"{PIP} --require-hashes -r {lock(extra)}"


NEW = [VENV, packages(), PROJECT]
"""The calls that build a student's environment."""


class Checkout:
    """A folder, with a space in its name, that has the files `make` looks at."""

    def __init__(self, folder: Path):
        self.folder = folder / "a course"
        for name in ("Makefile", "pyproject.toml", "environment/typing/pyproject.toml"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("", *EXTRAS):
            (self.folder / lock(name)).write_text("")
        (self.folder / "tests").mkdir()
        self.python = self.folder / "python-stand-in"
        self.python.write_text(PYTHON.format(python=sys.executable))
        self.python.chmod(0o755)

    def make(self, *arguments: str, status: int = 0, python: str = "./python-stand-in") -> list[str]:
        """Run make and return the calls of Python, in order."""
        calls = self.folder / "calls"
        calls.write_text("")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(IGNORED)}
        command = ["make", f"PYTHON={python}", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode == 0) == (status == 0), done.stderr
        self.errors = done.stderr
        return calls.read_text().splitlines()

    def touch(self, name: str) -> None:
        """Make a file newer than everything else."""
        newest = max(path.stat().st_mtime for path in self.folder.rglob("*"))
        os.utime(self.folder / name, (newest + 2, newest + 2))


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return Checkout(tmp_path)


def test_first_call_installs_and_the_second_only_works(checkout):
    assert checkout.make("run", "OPTIONS=--fast") == [*NEW, "-m course_utils run --fast"]
    assert checkout.make("run") == ["-m course_utils run"]


@pytest.mark.parametrize(
    ("task", "extra"),
    [
        ("run", ""),
        ("lab", ""),
        ("notebooks", ""),
        ("test", "test"),
        ("lint", "test"),
        ("book", "book"),
        ("students", "labs"),
    ],
)
def test_a_task_installs_what_it_needs_and_no_more(task, extra, checkout):
    *before, _ = checkout.make(task)
    assert before == NEW + [packages(extra)] * bool(extra)


def test_tests_add_to_what_a_student_has_and_stay(checkout):
    checkout.make("run")
    assert checkout.make("test") == [packages("test"), TESTS]
    assert checkout.make("test") == [TESTS]
    assert checkout.make("run") == ["-m course_utils run"]


def test_changed_lock_rebuilds_from_scratch(checkout):
    checkout.make("install")
    checkout.touch("requirements.lock")
    assert checkout.make("run") == [*NEW, "-m course_utils run"]


def test_changed_lock_of_an_extra_rebuilds_where_it_is_installed(checkout):
    checkout.make("install", "EXTRAS=labs")
    checkout.touch(lock("test"))
    assert checkout.make("install") == []
    checkout.touch(lock("labs"))
    assert checkout.make("install") == [*NEW, packages("labs")]


def test_a_new_lock_of_an_extra_that_is_not_installed_rebuilds_nothing(checkout):
    checkout.make("install")
    (checkout.folder / lock("test")).write_text("# changed just now\n")
    assert checkout.make("test") == [packages("test"), TESTS]
    assert checkout.make("test") == [TESTS]


def test_changed_project_is_installed_again_alone(checkout):
    checkout.make("install")
    checkout.touch("pyproject.toml")
    assert checkout.make("install") == [PROJECT]


@pytest.mark.parametrize("fails", [lock(), lock("test")])
def test_interrupted_installation_starts_again(fails, checkout):
    (checkout.folder / "fail").write_text(fails)
    calls = [*NEW, packages("test"), TESTS]
    broken = calls[: next(i for i, call in enumerate(calls) if call.endswith(fails)) + 1]
    assert checkout.make("test", status=2) == broken
    (checkout.folder / "fail").unlink()
    assert checkout.make("test") == (calls if fails == lock() else calls[-2:])


def test_broken_interpreter_is_replaced(checkout):
    checkout.make("test")
    (checkout.folder / ".venv/bin/python").unlink()
    (checkout.folder / ".venv/bin/python").symlink_to("gone")
    assert checkout.make("install") == [*NEW, packages("test")]


def test_extras_are_remembered(checkout):
    checkout.make("install")
    assert checkout.make("install", "EXTRAS=labs") == [packages("labs")]
    assert checkout.make("install", "EXTRAS=postgres,labs") == [packages("postgres")]
    assert checkout.make("install", "EXTRAS=postgres labs") == []
    checkout.touch("requirements.lock")
    assert checkout.make("install") == [*NEW, packages("labs"), packages("postgres")]
    checkout.make("clean")
    assert checkout.make("install") == NEW


def test_gpu_is_an_extra(checkout):
    assert checkout.make("install", "GPU=1") == [*NEW, packages("gpu")]
    assert checkout.make("install", "EXTRAS=gpu") == []
    assert checkout.make("run") == ["-m course_utils run"]


def test_unknown_extra_is_refused_with_one_line(checkout):
    assert checkout.make("install", "EXTRAS=labs,tests", status=2) == []
    (complaint,) = checkout.errors.splitlines()
    assert "There is no extra tests; choose from: labs cluster postgres book test gpu" in complaint
    assert not (checkout.folder / ".venv").exists()


def test_extras_of_the_project_are_those_that_make_knows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["optional-dependencies"]) == set(EXTRAS)
    assert {path.name for path in ROOT.glob("requirements*.lock")} == {lock(extra) for extra in ("", *EXTRAS)}


def old_python(folder: Path) -> str:
    """A Python that is too old, or lacks venv: it refuses every check."""
    path = folder / "old-python"
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return str(path)


def test_unsupported_interpreter_is_refused_with_one_line(checkout, tmp_path):
    for python in (old_python(tmp_path), "no-such-python"):
        assert checkout.make("test", python=python, status=2) == []
        complaint, *rest = checkout.errors.splitlines()
        assert (
            complaint.startswith("The course needs Python 3.11, 3.12 or 3.13") and "make install PYTHON=" in complaint
        )
        assert all(line.startswith("make: ***") for line in rest)
    assert not (checkout.folder / ".venv").exists()


def test_help_lists_every_task(checkout):
    done = subprocess.run(["make"], cwd=checkout.folder, capture_output=True, text=True, timeout=60)
    for task in ("install", "run", "test", "lab", "lock"):
        assert f"make {task} " in done.stdout


def test_lock_says_what_it_needs(checkout, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("make", "sh", "echo"):
        (tools / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tools))
    checkout.make("lock", status=2)
    assert checkout.errors.splitlines()[0] == "make lock needs uv: pip install uv"


def test_check_brings_the_workspace_up_to_date_first(checkout):
    checkout.make("install")
    assert checkout.make("check") == ["-m course_utils lab --prepare", "-m course_utils check --all"]
    assert checkout.make("lab", "OPTIONS=--instructor") == ["-m course_utils lab --instructor"]
