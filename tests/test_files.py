"""Files: whole or not at all, swept after kills; JSON and its faults."""

import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.files import (
    check_writable,
    find_fault,
    one_process,
    partial_name,
    plain_name,
    read_json,
    remove_left_lock,
    scratch_folder,
    sweep,
    whole,
    write_folder_whole,
    write_whole,
)

PACKAGE = Path(__file__).parents[1] / "course_utils"


@pytest.fixture
def dead_process():
    """The id of a process that has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.parametrize("content", ["new", b"new", lambda path: path.write_text("new")], ids=["text", "bytes", "call"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_what_cannot_be_written_is_one_line_and_leaves_the_old_file(content, number, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(number, os.strerror(number))

    (tmp_path / "page.html").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match=r"page\.html: cannot be written \(.*\); ") as error:
        write_whole(tmp_path / "page.html", content)
    assert "\n" not in str(error.value)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("page.html", "old")]


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="cannot be written"):
        write_whole(tmp_path / "file" / "page.html", "new")


def test_leftovers_of_killed_processes_are_swept_and_no_others(tmp_path, dead_process, monkeypatch):
    other_host = partial_name("c").replace(partial_name("c").split(".")[2].split("-")[0], "00000000")
    dead = partial_name("a").replace(str(os.getpid()), str(dead_process))
    (tmp_path / dead).mkdir()
    (tmp_path / dead / "picture.png").touch()
    (tmp_path / f"{dead}.json").touch()
    kept = {partial_name("b"), other_host, ".hidden", "a.partial", ".a.123.partial"}
    for name in kept:
        (tmp_path / name).touch()
    monkeypatch.setattr("course_utils.files.writing._SWEPT", set())
    write_whole(tmp_path / "page.html", "new")
    assert {path.name for path in tmp_path.iterdir()} == kept | {"page.html"}
    sweep(tmp_path / "nowhere")


def test_leftovers_of_an_earlier_process_with_the_same_id_are_swept(tmp_path):
    """As every first process of a container has."""
    name = partial_name("a")
    number = int(name.split("-")[-1].split(".")[0])
    left = tmp_path / name.replace(f"-{number}", f"-{(number + 10**9) % 10**12}")
    left.mkdir()
    (tmp_path / name).mkdir()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_scratch_folder_goes_and_takes_along_what_killed_processes_left(tmp_path, dead_process, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / partial_name("course").replace(str(os.getpid()), str(dead_process))).mkdir()
    with scratch_folder() as folder:
        (folder / "something").touch()
        assert [*tmp_path.iterdir()] == [folder]
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("write", [write_whole, write_folder_whole])
def test_what_fails_leaves_no_folders_that_were_made_for_it(write, tmp_path):
    (tmp_path / "mine").mkdir()

    def fail(partial):
        raise CourseError("no")

    with pytest.raises(CourseError, match="no"):
        write(tmp_path / "mine" / "a" / "b" / "c", fail)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


@pytest.mark.parametrize("place", ["file", "file/below", "file/below/that", "\0", "x" * 300])
def test_places_that_cannot_be_written_are_refused_and_nothing_is_made(place, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(CourseError, match=r"^--output .*name a"):
        check_writable(tmp_path / place, "--output")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_places_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check_writable(Path("~/new/place"), "--output") == tmp_path / "new" / "place"
    assert not list(tmp_path.iterdir())


def test_a_place_that_refuses_is_named(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(CourseError, match=rf"--dest .*nothing can be written to {tmp_path} \(Read-only file system\);"):
        check_writable(tmp_path / "new", "--dest")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no file system that refuses even root")
def test_a_place_that_lets_nobody_write_is_found_by_trying():
    with pytest.raises(CourseError, match="nothing can be written to /proc"):
        check_writable(Path("/proc/course"), "--output")


HOLD = """
import sys
from pathlib import Path
from course_utils.files import one_process
with one_process(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_one_process_s_until_it_ends_or_is_killed(tmp_path):
    for end in (subprocess.Popen.communicate, subprocess.Popen.kill):
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(CourseError, match=rf"another process \(process {other.pid} of .*\) is at work there; wait"),
            one_process(tmp_path, "wait"),
        ):
            pass
        end(other)
        other.communicate()
        with one_process(tmp_path, "wait"):
            assert [path.name for path in tmp_path.iterdir()] == [".lock"]
        assert not list(tmp_path.iterdir())


FORK = """
import os, signal, sys
from pathlib import Path
from course_utils.files import one_process
with one_process(Path(sys.argv[1])):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        signal.pause()
    signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
def test_a_fork_does_not_keep_the_folder_of_a_killed_process(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", FORK, str(tmp_path)], stdout=subprocess.PIPE)
    fork = int(other.stdout.readline())
    try:
        with pytest.raises(CourseError), one_process(tmp_path, "wait"):
            pass
        other.kill()
        other.wait()
        with one_process(tmp_path, "wait"):
            os.kill(fork, 0)  # it lives
    finally:
        os.kill(fork, signal.SIGKILL)
        other.stdout.close()


def test_the_lock_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path):
    file = tmp_path / ".streets.lock"
    remove_left_lock(file)
    file.write_text("process 1 of somewhere")
    remove_left_lock(file)
    assert not file.exists()
    with one_process(tmp_path / "streets", lock_file=file):
        remove_left_lock(file)
        assert file.exists()


def test_who_waits_for_a_folder_gets_it(tmp_path, capsys):
    inside = []

    def work(_):
        with one_process(tmp_path):
            inside.append(+1)
            assert sum(inside) == 1
            time.sleep(0.01)
            inside.append(-1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert len(inside) == 16 and not list(tmp_path.iterdir())
    assert "waiting for it to end" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_cannot_be_worked_in(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="cannot be written"), one_process(tmp_path / "file"):
        pass


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    def half(folder):
        (folder / "one").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CourseError, match="folder: cannot be written"):
        write_folder_whole(tmp_path / "folder", half)
    assert not list(tmp_path.iterdir())
    write_folder_whole(tmp_path / "folder", lambda folder: (folder / "one").touch())
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "one"]
    with pytest.raises(CourseError, match="cannot be written"):
        write_folder_whole(tmp_path / "folder", lambda folder: (folder / "two").touch())
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "one"], "what is there is never replaced"


ALLOWED = {
    "course_utils/backend.py": "the null device",
    "course_utils/datasets/coco_format.py": "teaching material for a folder of the notebook's own",
    "course_utils/datasets/downloads/download.py": "NAME.part, which is renamed when it is complete",
    "course_utils/datasets/downloads/extraction.py": "a staging folder, whose parts are renamed when complete",
    "course_utils/datasets/packing/packer.py": "a buffer in memory",
    "course_utils/datasets/toy_streets/writer.py": "a staging folder, which is renamed when it is complete",
    "course_utils/images.py": "a buffer in memory",
    "course_utils/plotting/pictures/frames.py": "a buffer in memory",
    "course_utils/plotting/playing.py": "a buffer in memory",
    "course_utils/plotting/style.py": "a buffer in memory",
    "course_utils/tools/exporting/": "functions that write_whole and write_folder_whole call",
    "course_utils/tools/labs/sandbox/confine.py": "settings of the kernel",
    "course_utils/tools/notebooks/execution/execute.py": "a temporary folder",
    "course_utils/tools/streams.py": "the null device",
    "course_utils/widgets.py": "a temporary folder",
    "course_utils/training/": "checkpoints, renamed when complete, and the function that write_whole calls",
}
WRITES = re.compile(r"""\.write_(?:text|bytes)\(|\bopen\([^)\n]*["'][wax]b?\+?["']|\.save\(|\.savez\w*\(|savefig\(""")


def test_every_file_goes_through_the_one_writer():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE.parent).as_posix()
        for line in path.read_text().splitlines():
            if WRITES.search(line) and "write_whole" not in line and name != "course_utils/files/writing.py":
                found.add(next((allowed for allowed in ALLOWED if name.startswith(allowed)), f"{name}: {line.strip()}"))
    # In models, a documentation text names torch.save.
    assert {name for name in found if "torch.save" not in name} == set(ALLOWED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=9,
)


@given(JSON)
def test_faults_are_found_in_anything(value):
    fault = find_fault(value, [{"id": whole(0, 9), "name?": plain_name}])
    right = isinstance(value, list) and all(
        isinstance(part, dict)
        and type(part.get("id")) is int
        and 0 <= part["id"] <= 9
        and ("name" not in part or plain_name(part["name"]) is None)
        for part in value
    )
    assert (fault is None) == right
    assert right or ("\n" not in fault and len(fault) < 200)


def test_a_name_that_stands_twice_in_json_is_refused(tmp_path):
    """One program takes the first value, another the last."""
    for text in ('{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]'):
        (tmp_path / "file.json").write_text(text)
        with pytest.raises(CourseError, match=r"file\.json: this is not JSON \('a' stands twice.*\); copy it\.$"):
            read_json(tmp_path / "file.json", "copy it")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "C:a", "a\0", "a\n", "\ud800", "x" * 256, 3, None, np.str_("/")]
)
def test_names_that_lead_elsewhere_are_none(name):
    assert plain_name(name)
