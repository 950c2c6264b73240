"""Operations step by step: every frame shows the state it speaks of, and the player holds each frame once."""

import re

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from course_utils import plotting
from course_utils.plotting import playing
from course_utils.plotting.operations import steps


@pytest.fixture
def panels(monkeypatch):
    """The panels of each frame instead of its figure."""
    monkeypatch.setattr(steps, "_frame", lambda *panels: panels)


def test_stamps_are_marked_where_they_are_added(panels):
    values, kernel = np.array([[3.0, 5.0]]), np.ones((2, 3))
    sums = np.stack([np.zeros((2, 5)), np.ones((2, 5)), 2 * np.ones((2, 5))])
    frames = list(plotting.stamping_frames(values, kernel, 2, sums).items())
    assert len(frames) == 3 and frames[0][1][2].box is None
    for step, (said, (given, _, output)) in enumerate(frames[1:], 1):
        assert f"{values[0, step - 1]:g} times" in said
        assert given.dark.ravel().tolist() == [step == 1, step == 2]
        assert output.box == (0, 2 * (step - 1), 2, 3) and (output.values == step).all()
        assert output.dark.sum() == 6 and output.dark[:, 2 * (step - 1) : 2 * step + 1].all()


def test_a_window_names_the_products_that_it_adds_up(panels):
    rng = np.random.default_rng(0)
    spread = np.zeros((4, 6))
    spread[::2, ::2] = rng.integers(1, 9, (2, 3))
    kernel = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
    padded = np.pad(spread, 1)
    result = np.array([[(padded[i : i + 3, j : j + 3] * kernel).sum() for j in range(6)] for i in range(4)])
    frames = plotting.sliding_frames(spread, kernel, result, rows=2)
    assert len(frames) == 12
    for (said, (zeros, weights, output)), (i, j) in zip(frames.items(), np.ndindex(2, 6), strict=True):
        products = [float(a) * float(b) for a, b in re.findall(r"([\d.]+) x ([\d.]+)", said)]
        assert np.isclose(sum(products), result[i, j]) and said.endswith(f"= {result[i, j]:g}")
        assert zeros.box == (i - 1, j - 1, 3, 3) and weights.dark.sum() == len(products) == zeros.dark.sum()
        assert np.isfinite(output.values).sum() == 6 * i + j + 1


def test_pooling_notes_first_and_puts_back_then(panels):
    features = np.array([[1.0, 9, 2, 3], [4, 5, 8, 6]])
    unpooled = np.array([[0.0, 7, 0, 0], [0, 0, -7, 0]])
    frames = list(plotting.pooling_frames(features, [[9, 8]], [[1, 2]], [[7, -7]], unpooled, 2).items())
    assert len(frames) == 6
    for window, index in enumerate((1, 2)):
        said, (given, maxima, indices, other, result) = frames[1 + window]
        assert f"index {index}" in said and given.box == (0, 2 * window, 2, 2)
        assert given.values[given.dark] == maxima.values[maxima.dark] and indices.values[indices.dark] == index
        assert np.isnan(other.values).all() and np.isnan(result.values).all()
        said, (given, _, indices, other, result) = frames[4 + window]
        assert not given.dark.any() and indices.values[indices.dark] == index
        assert other.values[other.dark] == result.values[result.dark]
        assert np.isfinite(result.values).sum() == 4 * (window + 1)
    assert np.array_equal(result.values, unpooled)


@pytest.fixture
def frames():
    values = np.array([[1.0, 2.0]])
    return plotting.stamping_frames(values, np.ones((1, 1)), 1, [np.zeros((1, 2))] * 3)


def test_a_frame_marks_its_box(frames):
    boxes = [[p for p in figure.axes[0].patches if isinstance(p, Rectangle)] for figure in frames.values()]
    assert [len(found) for found in boxes] == [0, 1, 1]
    assert boxes[2][0].get_x() - boxes[1][0].get_x() == 1
    assert len({tuple(figure.get_size_inches()) for figure in frames.values()}) == 1


def test_the_page_holds_every_frame_once_and_nothing_from_elsewhere(frames):
    html = playing.to_html(frames, 'a "title" & more')
    assert 'aria-label="a &quot;title&quot; &amp; more"' in html
    images = re.findall(r'<img src="data:image/png;base64,([^"]+)" width="640" alt="">', html)
    assert len(images) == len(frames) and html.count("<img") == len(frames)
    assert re.findall(r'<p class="course-said">(.*?)</p>', html) == list(frames)
    assert not re.search(r"https?:|url\(|@import", html)


def test_displayed_with_its_description(frames, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append(data))
    plotting.play(frames, alt="02 stamping")
    (data,) = shown
    assert set(data) == {"text/html", "text/plain"} and "Nine input values" in data["text/plain"]
