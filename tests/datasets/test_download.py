"""Downloads against a server with the faults of real ones."""

import errno
import hashlib
import itertools
import shutil
import time

import numpy as np
import pytest

from course_utils.datasets.downloads import download
from course_utils.datasets.downloads.download import fetch
from course_utils.errors import CourseError

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def get(server, tmp_path):
    server.files["/a.zip"] = CONTENT

    def run(**options):
        fetch(f"{server.url}/a.zip", tmp_path / "a.zip", **{"attempts": 1, "pause": 0, "progress": False, **options})
        return (tmp_path / "a.zip").read_bytes()

    return run


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "a.zip")


def test_downloads_and_returns_a_checksum(server, tmp_path):
    server.files["/a.zip"] = CONTENT
    assert fetch(f"{server.url}/a.zip", tmp_path / "new" / "a.zip", progress=False) == SHA256
    assert (tmp_path / "new" / "a.zip").read_bytes() == CONTENT


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_checksum_is_verified(get, tmp_path, algorithm):
    right = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    assert get(checksum=right) == CONTENT
    (tmp_path / "a.zip").unlink()
    with pytest.raises(CourseError, match="damaged and was deleted"):
        get(checksum=f"{algorithm}:{'0' * 32}")
    assert not list(tmp_path.iterdir()), "nothing wrong is left in place"


def test_corrupt_bytes_are_not_kept_and_the_next_run_succeeds(get, server, tmp_path):
    server.files["/a.zip"] = CONTENT[:1000] + b"?" + CONTENT[1001:]
    with pytest.raises(CourseError, match="checksum"):
        get(checksum=SHA256)
    server.files["/a.zip"] = CONTENT
    assert get(checksum=SHA256) == CONTENT


def test_interruption_is_reported_and_resumed_by_the_next_run(get, server, tmp_path):
    server.cut_after = [100_000, 0]
    with pytest.raises(CourseError, match="Run the same command again"):
        get()
    assert not (tmp_path / "a.zip").exists()
    assert leftovers(tmp_path) == ["a.zip.part", "a.zip.part.json"]
    kept = (tmp_path / "a.zip.part").stat().st_size
    assert 80_000 < kept <= 100_000
    assert get(checksum=SHA256) == CONTENT
    assert server.requests[-1][2] == f"bytes={kept}-", "only the rest was asked for"
    assert not leftovers(tmp_path)


def test_interruptions_are_retried_within_one_run(get, server):
    chunk = download._CHUNK
    server.cut_after = [chunk, 2 * chunk, 3 * chunk, 4 * chunk]
    assert get(attempts=2, checksum=SHA256) == CONTENT
    wanted = [None, *(f"bytes={sent * chunk}-" for sent in (1, 3, 6, 10))]
    assert [request[2] for request in server.requests] == wanted


def test_a_server_that_gets_nowhere_is_given_up(get, server):
    server.cut_after = [50_000] + [0] * 20
    with pytest.raises(CourseError, match="stopped at 0 MB"):
        get(attempts=3)
    assert len(server.requests) < 10


def test_a_server_that_ignores_ranges(get, server):
    server.ranges = False
    server.cut_after = [100_000]
    assert get(attempts=2, checksum=SHA256) == CONTENT, "the whole was not appended to the half"
    assert server.requests[1][2] is not None


@pytest.mark.parametrize("etag", ['"1"', 'W/"1"', None], ids=["etag", "weak etag", "no etag"])
def test_complete_but_not_yet_in_place(get, server, tmp_path, etag):
    """Killed between the last byte and the move: the server answers 416 to a request for nothing."""
    server.etag = etag
    server.cut_after = [290_000, 0]
    with pytest.raises(CourseError):
        get()
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    assert get(checksum=SHA256) == CONTENT


def test_the_file_changed_on_the_server(get, server):
    server.cut_after = [100_000, 0]
    with pytest.raises(CourseError):
        get()
    server.files["/a.zip"] = CONTENT[::-1]
    server.etag = '"2"'
    assert get() == CONTENT[::-1]


@pytest.mark.parametrize("size", [50_000, 200_000, 400_000])
def test_the_file_changed_its_size_on_a_server_without_etags(get, server, size):
    server.etag = None
    server.cut_after = [100_000, 0]
    with pytest.raises(CourseError):
        get()
    other = np.random.default_rng(1).bytes(size)
    server.files["/a.zip"] = other
    assert get(attempts=3) == other


def test_a_partial_file_of_another_address_is_not_continued(get, server, tmp_path):
    server.files["/b.zip"] = b"other" * 10_000
    server.cut_after = [30_000, 0]
    with pytest.raises(CourseError):
        fetch(f"{server.url}/b.zip", tmp_path / "a.zip", attempts=1, pause=0, progress=False)
    assert get(checksum=SHA256) == CONTENT


def test_a_partial_file_of_unknown_origin_is_not_continued(get, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(b"left by another program")
    assert get(checksum=SHA256) == CONTENT


def test_what_is_complete_is_not_asked_for_again(get, server):
    get()
    asked = len(server.requests)
    get(checksum=SHA256)
    assert len(server.requests) == asked


def test_refusals_are_clear(server, tmp_path):
    with pytest.raises(CourseError, match="404"):
        fetch(f"{server.url}/missing.zip", tmp_path / "a.zip", pause=0, progress=False)
    server.routes["GET", "/login-ran-out"] = lambda *_: (302, {"Location": "/a.zip"}, b"")
    with pytest.raises(CourseError, match="302"):
        fetch(f"{server.url}/login-ran-out", tmp_path / "a.zip", allow_redirects=False, pause=0, progress=False)
    server.routes["GET", "/busy"] = lambda *_: (503, {}, b"")
    with pytest.raises(CourseError, match="503"):
        fetch(f"{server.url}/busy", tmp_path / "a.zip", attempts=2, pause=0, progress=False)
    assert not (tmp_path / "a.zip").exists()


def test_no_server(tmp_path):
    with pytest.raises(CourseError, match="Run the same command again"):
        fetch("http://127.0.0.1:1/a.zip", tmp_path / "a.zip", attempts=1, pause=0, progress=False)


def test_redirections_are_followed(get, server, tmp_path):
    server.routes["GET", "/old"] = lambda *_: (302, {"Location": "/a.zip"}, b"")
    assert fetch(f"{server.url}/old", tmp_path / "b.zip", pause=0, progress=False) == SHA256


@pytest.mark.parametrize(
    "place", ["http://[::bad/", "file:///etc/passwd", "ftp://127.0.0.1/a.zip", "/round", "http://\u00fc\u200d..x/"]
)
def test_redirections_to_nowhere_are_one_line(place, server, tmp_path):
    server.routes["GET", "/round"] = lambda *_: (302, {"Location": place.encode().decode("latin-1")}, b"")
    with pytest.raises(CourseError, match=r"^\S*/round: the download stopped .*Run the same command again") as error:
        fetch(f"{server.url}/round", tmp_path / "b.zip", attempts=1, pause=0, progress=False)
    assert "\n" not in str(error.value) and not leftovers(tmp_path)


def test_disk_space_is_looked_at_first(get, monkeypatch, tmp_path):
    usage = type(shutil.disk_usage("."))
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(CourseError, match="are free"):
        get()
    assert not (tmp_path / "a.zip").exists()


def test_plain_progress_lines_without_a_terminal(get, capsys):
    get(progress=True)
    assert capsys.readouterr().err.splitlines() == ["a.zip ...", "a.zip: 0 MB"]


@pytest.mark.parametrize("length", ["abc", "-5", "1e9", "", "9" * 5000])
def test_a_length_that_is_no_number_is_ignored(length):
    assert download._total(_Answer(200, {"Content-Length": length})) is None
    assert download._total(_Answer(206, {"Content-Range": f"bytes 0-1/{length}x"})) is None


class _Answer:
    def __init__(self, status_code, headers):
        self.status_code, self.headers = status_code, headers


def test_a_part_that_nobody_asked_for_is_one_line(server, tmp_path):
    headers = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
    server.routes["GET", "/part.zip"] = lambda *_: (206, headers, CONTENT)
    with pytest.raises(CourseError, match="206 to a request for the whole file"):
        fetch(f"{server.url}/part.zip", tmp_path / "part.zip", attempts=2, pause=0, progress=False)
    assert not list(tmp_path.iterdir())


def test_a_server_without_ranges_that_drops_at_changing_places_is_given_up(get, server):
    """Each attempt begins anew: getting farther than the last time, but no farther than ever, is no progress."""
    server.ranges = False
    server.cut_after = [100_000, 50_000, 90_000] * 100
    with pytest.raises(CourseError, match="Run the same command again"):
        get(attempts=4)
    assert len(server.requests) <= 10


def test_all_attempts_together_are_bounded(get, server, monkeypatch):
    monkeypatch.setattr(download, "_ALL_ATTEMPTS", 7)
    server.cut_after = [download._CHUNK] * 100
    with pytest.raises(CourseError, match="Run the same command again"):
        get(attempts=5)
    assert len(server.requests) == 7


def test_a_full_disk_is_one_line(get, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "open", full, raising=False)
    with pytest.raises(CourseError, match=r"a\.zip\.part: cannot be written \(No space left on device\); make room"):
        get()


@pytest.mark.parametrize("state", ["[]", "3", '{"url": 1}', "{", "\0"])
def test_a_damaged_note_on_a_part_is_forgotten(get, tmp_path, state):
    (tmp_path / "a.zip.part").write_bytes(b"half")
    (tmp_path / "a.zip.part.json").write_text(state)
    assert get(checksum=SHA256) == CONTENT


def trickle(pieces, pause=0.0):
    """A route that sends pieces without saying how many there are."""

    def route(handler):
        handler.send_response(200)
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)
        handler.connection.close()

    return route


def test_a_server_that_trickles_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_WINDOW", 0.1)
    server.streams["/slow.zip"] = trickle(itertools.repeat(b"x"), 0.01)
    with pytest.raises(CourseError, match=r"stopped at 0 MB \(less than 1000 bytes per second arrived\)"):
        fetch(f"{server.url}/slow.zip", tmp_path / "a.zip", attempts=1, pause=0, progress=False)


def test_the_time_of_all_attempts_is_bounded(server, tmp_path):
    server.streams["/endless.zip"] = trickle(itertools.repeat(bytes(10_000)), 0.01)
    with pytest.raises(CourseError, match=r"stopped at \d MB \(the time for it is over\)"):
        fetch(f"{server.url}/endless.zip", tmp_path / "a.zip", pause=0, longest=0.3, progress=False)


def test_no_attempt_begins_that_would_be_too_late(server, tmp_path):
    server.routes["GET", "/busy"] = lambda *_: (503, {}, b"")
    with pytest.raises(CourseError, match="answered 503"):
        fetch(f"{server.url}/busy", tmp_path / "a.zip", attempts=5, pause=100, longest=50, progress=False)
    assert len(server.requests) == 1


def test_more_than_was_promised_is_another_file(server, tmp_path):
    server.files["/a.zip"] = CONTENT
    server.cut_after = [5, 0]
    with pytest.raises(CourseError):
        fetch(f"{server.url}/a.zip", tmp_path / "a.zip", attempts=1, pause=0, progress=False)
    server.routes["GET", "/a.zip"] = lambda *_: (206, {"Content-Range": "bytes 5-9/300000"}, CONTENT * 2)
    with pytest.raises(CourseError, match="Run the same command again"):
        fetch(f"{server.url}/a.zip", tmp_path / "a.zip", attempts=1, pause=0, progress=False)
    assert not list(tmp_path.iterdir()), "what is too long is forgotten"
