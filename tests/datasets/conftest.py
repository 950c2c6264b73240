"""Small data sets in the official layouts, and a server."""

import threading

import pytest
from faulty_server import FileServer
from tiny_datasets import write_camvid, write_cityscapes, write_coco


def pytest_collection_modifyitems(items):
    """pycocotools 2.0 returns its arrays in a way that NumPy 2 calls obsolete."""
    for item in items:
        if "coco_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))


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
        thread = threading.Thread(target=running.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
