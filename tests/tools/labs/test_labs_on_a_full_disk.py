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


@pytest.mark.parametrize("free", [0, 8192], ids=["nothing free", "8 KB free"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_changes_nothing(command, free, marked_class, disk, capsys, monkeypatch):
    shutil.copytree(marked_class, disk.path, dirs_exist_ok=True)
    write_answer(disk.path, "ada", "double", "def double(values):\n    return values + values")
    (disk.path / "more.csv").write_text(
        "id,name,email\nyan,Yan,yan@example.org\n"
        + "".join(f"s{number},Student {number},s{number}@example.org\n" for number in range(400))
    )
    monkeypatch.chdir(disk.path)
    disk.leave(free)
    before = files(Path())
    failed(command, capsys)
    assert files(Path()) == before
    disk.leave(8 * MEBIBYTE)
    assert cli.main(command) == 0
