"""`make` builds .venv when it has to, and only then. A stand-in for Python records what it is asked to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PYTHON = """#!/bin/sh
case "$*" in
-c*) exec "{python}" "$@" ;;
esac
echo "$*" >> calls
case "$*" in
*--require-hashes*) test ! -e fail ;;
"-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
esac
"""

IGNORED = ("MAKE", "MFLAGS", "GPU", "OPTIONS")
"""What a `make` that runs these tests hands down, and its user's choices."""

VENV = "-m venv --clear .venv"
PIP = "-m pip --quiet --disable-pip-version-check install --no-deps"
PACKAGES = f"{PIP} --require-hashes -r requirements{{}}.lock"
PROJECT = f"{PIP} --no-build-isolation ./environment/typing --editable ."
TESTS = "-m pytest --numprocesses 2 --dist worksteal"


class Checkout:
    """A folder, with a space in its name, that has the files `make` looks at."""

    def __init__(self, folder: Path):
        self.folder = folder / "a course"
        for name in ("Makefile", "pyproject.toml", "environment/typing/pyproject.toml"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("requirements.lock", "requirements-gpu.lock"):
            (self.folder / name).write_text("")
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
    assert checkout.make("test") == [VENV, PACKAGES.format(""), PROJECT, TESTS]
    assert checkout.make("test") == [TESTS]
    assert checkout.make("run", "OPTIONS=--fast") == ["-m course_utils run --fast"]


def test_changed_lock_rebuilds_from_scratch(checkout):
    checkout.make("install")
    checkout.touch("requirements.lock")
    assert checkout.make("test") == [VENV, PACKAGES.format(""), PROJECT, TESTS]


def test_changed_project_is_installed_again_alone(checkout):
    checkout.make("install")
    checkout.touch("pyproject.toml")
    assert checkout.make("install") == [PROJECT]


def test_interrupted_installation_starts_again(checkout):
    (checkout.folder / "fail").touch()
    assert checkout.make("test", status=2) == [VENV, PACKAGES.format("")]
    (checkout.folder / "fail").unlink()
    assert checkout.make("test") == [VENV, PACKAGES.format(""), PROJECT, TESTS]


def test_broken_interpreter_is_replaced(checkout):
    checkout.make("install")
    (checkout.folder / ".venv/bin/python").unlink()
    (checkout.folder / ".venv/bin/python").symlink_to("gone")
    assert checkout.make("install") == [VENV, PACKAGES.format(""), PROJECT]


def test_gpu_is_remembered(checkout):
    checkout.make("install")
    assert checkout.make("install", "GPU=1") == [VENV, PACKAGES.format("-gpu"), PROJECT]
    assert checkout.make("test") == [TESTS]
    checkout.touch("requirements-gpu.lock")
    assert checkout.make("install") == [VENV, PACKAGES.format("-gpu"), PROJECT]
    checkout.make("clean")
    assert checkout.make("install") == [VENV, PACKAGES.format(""), PROJECT]


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


def test_a_copy_without_tests_says_what_to_run_instead(checkout):
    """Students get one; it installs nothing for tests that are not there."""
    (checkout.folder / "tests").rmdir()
    assert checkout.make("test", status=2) == []
    for command in ("make lab", "make run", "course doctor"):
        assert command in checkout.errors
