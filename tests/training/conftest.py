import pytest

from course_utils.datasets import toy_streets


@pytest.fixture(scope="session")
def tiny_streets(tmp_path_factory):
    """Toy Streets in miniature: six frames to train on, three to validate on."""
    folder = tmp_path_factory.mktemp("data") / "toy_streets"
    counts = {"train": 6, "val": 3, "test": 1}
    return toy_streets.generate(folder, size=(64, 128), counts=counts, workers=1, progress=False)
