"""Small data sets in the official layouts, and a server."""

import threading

import pytest
from faulty_server import FileServer
from tiny_datasets import write_camvid, write_cityscapes, write_coco


@pytest.fixture
def cityscapes_dir(tmp_path):
    return write_cityscapes(tmp_path / "cityscapes", {"train": 7, "val": 3, "test": 2})


@pytest.fixture
def camvid_like_dir(tmp_path):
    return write_camvid(tmp_path / "CamVid", {"train": 7, "val": 3, "test": 2})


@pytest.fixture
def coco_dir(tmp_path):
    return write_coco(tmp_path / "coco")


@pytest.fixture
def server():
    with FileServer() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
