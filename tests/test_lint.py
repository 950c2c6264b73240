"""`make lint`: every check of .pre-commit-config.yaml passes, needs no network and sees what it is there to see."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]


@pytest.fixture(autouse=True)
def checkout():
    """The hooks call the environment of the checkout, and pre-commit asks git for the files."""
    if not (ROOT / ".git").exists() or not (ROOT / ".venv" / "bin" / "python").exists():
        pytest.skip("not a git checkout with the environment of `make install`")


def pre_commit(folder: Path, store: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run pre-commit in a checkout, with a store of its own, as if there were no network."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    environment |= {
        "PRE_COMMIT_HOME": str(store),
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "pre_commit", "run", "--color=never", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_every_check_passes(tmp_path):
    done = pre_commit(ROOT, tmp_path / "store", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"\.Passed$", done.stdout, re.M)) == len(HOOKS), done.stdout


def test_checks_are_of_the_environment_and_change_nothing():
    for hook in HOOKS:
        assert hook["language"] == "system" and hook["entry"].startswith(".venv/bin/python -m ")
        assert "--fix" not in hook["entry"]


@pytest.mark.parametrize(
    ("hook", "name", "content"),
    [
        ("ruff", "a.py", "import os\n"),
        ("format", "a.py", "a = {  'b':1}\n"),
        ("spelling", "a.md", "We " + "reciev" + "e it.\n"),
        ("size", "a.csv", "0123456789" * 31_000),
        ("size-of-pictures", "a.jpg", "0123456789" * 52_000),
        ("size-of-notebooks", "a.ipynb", "0123456789" * 310_000),
        ("conflicts", "a.txt", "<" * 7 + " ours\na\n" + "=" * 7 + "\nb\n" + ">" * 7 + " theirs\n"),
        ("yaml", "a.yml", "a: [1\n"),
        ("toml", "a.toml", "a = [1\n"),
    ],
)
def test_check_sees_a_bad_file(hook, name, content, tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    for part in (".venv", ".pre-commit-config.yaml", "pyproject.toml"):
        (folder / part).symlink_to(ROOT / part)
    (folder / name).write_text(content)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", name], cwd=folder, check=True)
    done = pre_commit(folder, tmp_path / "store", hook, "--files", name)
    assert done.returncode == 1 and "Failed" in done.stdout, done.stdout + done.stderr


def test_every_check_is_tried():
    marks = test_check_sees_a_bad_file.pytestmark
    tried = {case[0] for mark in marks if mark.name == "parametrize" for case in mark.args[1]}
    # That a stale notebook is seen is tested in tests/notebooks/test_build.py.
    assert {hook["id"] for hook in HOOKS} - tried == {"notebooks"}
