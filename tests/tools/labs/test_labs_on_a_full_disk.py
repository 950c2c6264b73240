"""An instructor's commands on a disk that is full: one line that says so, and all that was there is as it was."""

import shutil
from pathlib import Path

import pytest
from classroom import write_answer, write_class
from full_disk import MEBIBYTE, failed, files

from course_utils.tools import cli


@pytest.fixture(scope="module")
def marked_class(tmp_path_factory, lab, empty_gradebook, needs_sandbox):
    """The folder of a class that has been marked once."""
    folder = tmp_path_factory.mktemp("term")
    write_class(folder, lab)
    shutil.copy(empty_gradebook, folder / "labs" / "gradebook.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.main(["grade", "in"]) == 0
        (folder / "people.csv").write_text("id,name,email\nada,Ada,ada@example.org\nzoe,Zoe,zoe@example.org\n")
        assert cli.main(["class", "import", "people.csv"]) == 0
    return folder


COMMANDS = {
    "release": ["release", "labs/source/small/small.ipynb", "--output", "labs"],
    "grade": ["grade", "in"],
    "feedback": ["feedback", "small"],
    "feedback for Moodle": ["feedback", "small", "--format", "moodle"],
    "export": ["export", "small", "--file", "points.csv"],
    "export of all labs": ["export", "--all", "--file", "all.csv"],
    "report": ["report", "small"],
    "import": ["class", "import", "more.csv"],
    "rename": ["class", "rename", "zoe", "zora"],
}


@pytest.fixture
def full(marked_class, disk, monkeypatch):
    """A function that copies the class to a disk, fills that up to some free bytes, and returns the files there."""

    def fill(free):
        shutil.copytree(marked_class, disk.path, dirs_exist_ok=True)
        write_answer(disk.path, "ada", "double", "def double(values):\n    return values + values")
        people = "".join(f"s{number},Student {number},s{number}@example.org\n" for number in range(400))
        (disk.path / "more.csv").write_text(f"id,name,email\nyan,Yan,yan@example.org\n{people}")
        monkeypatch.chdir(disk.path)
        disk.leave(free)
        return files(Path())

    return fill


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_changes_nothing_and_the_command_works_when_there_is_room(command, full, disk, capsys):
    before = full(free=0)
    failed(command, capsys)
    assert files(Path()) == before
    disk.leave(8 * MEBIBYTE)
    assert cli.main(command) == 0


@pytest.mark.parametrize("command", ["grade", "feedback", "feedback for Moodle", "report", "import"])
def test_a_disk_that_fills_up_on_the_way_spoils_no_file_that_was_there(command, full, capsys):
    before = full(free=8192)
    failed(COMMANDS[command], capsys)
    after = files(Path())
    assert {path: after[path] for path in before} == before
    assert not [path for path in after if "partial" in path.name]
