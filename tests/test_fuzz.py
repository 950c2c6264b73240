"""Readers of files from elsewhere, against damage (`fuzz.py`) and against what is no ordinary file."""

import contextlib
import os
import signal
import sys

import pytest
from fuzz import READERS, try_cases

from course_utils.errors import CourseError
from course_utils.files import open_file, read_bytes


@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_in_a_file_its_reader_reads_it_or_refuses_it_in_one_line(reader, tmp_path, capfd):
    assert try_cases(reader, tmp_path, 25) > 3
    assert capfd.readouterr().err == "", "a library in C has written past Python"


def _pipe(path, right):
    os.mkfifo(path)


def _device(path, right):
    path.symlink_to("/dev/zero")


def _huge(path, right):
    path.write_bytes(right)
    os.truncate(path, 2**42)  # it takes no room on the disk


@contextlib.contextmanager
def _soon():
    """Whatever waits for longer than a few seconds fails."""

    def late(*_):
        raise TimeoutError("the reader waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("make", [_pipe, _device, _huge])
@pytest.mark.parametrize("reader", [name for name in READERS if name != "weights"])  # which takes bytes, no file
def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path, reader, make):
    place, write, read = READERS[reader]
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file)
    right = file.read_bytes()
    file.unlink()
    try:
        make(file, right)
    except OSError:
        pytest.skip("a file system without such files")
    with _soon(), pytest.raises(CourseError) as refused:
        read(file)
    assert "\n" not in str(refused.value)


def test_files_are_read_up_to_a_size(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_bytes(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="are not read"):
        open_file(tmp_path / "file", 4)
    (tmp_path / "circle").symlink_to("circle")
    for absent in (tmp_path, tmp_path / "nowhere", tmp_path / "circle"):
        with pytest.raises(OSError):
            open_file(absent)
