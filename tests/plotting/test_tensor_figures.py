"""Drawings of tensors, softmax and loss: the numbers in them are right."""

import numpy as np
import pytest

from course_utils import plotting
from course_utils.datasets.toy_streets import render
from course_utils.labels import CITYSCAPES, VOID


@pytest.fixture(scope="module")
def scene():
    return render(0, 5, (128, 256), "val")


@pytest.fixture(scope="module")
def label(scene):
    return CITYSCAPES.to_train_ids(scene.label_ids)


def pictures(axis):
    return [np.asarray(shown.get_array()) for shown in axis.get_images()]


def test_stacks_show_every_class_they_are_asked_for(label):
    masks = label[..., None] == np.arange(CITYSCAPES.num_classes)
    probabilities = np.full(masks.shape, 1 / 19)
    loss = np.where(label == VOID, np.nan, np.log(19))
    figure = plotting.masks_and_probabilities(masks, probabilities, loss, [13, 0, 2], CITYSCAPES)
    axis = figure.axes[0]
    assert len(axis.get_images()) == 3 + 1 + 3
    names = [text.get_text() for text in axis.texts]
    assert all(names.count(name) == 2 for name in ("car", "road", "building"))
    car = next(p for p in pictures(axis) if p.shape[:2] == label.shape)
    assert np.allclose(car[label == 13], CITYSCAPES.colors[13] / 255) and np.allclose(car[label != 13], 0.93)


def test_network_tensors_name_their_shapes(scene, label):
    rng = np.random.default_rng(0)
    features, logits = rng.normal(size=(*label.shape, 7)), rng.normal(size=(*label.shape, 19))
    figure = plotting.network_tensors(scene.image / 255, features, logits, label, [0, 2], CITYSCAPES)
    words = "\n".join(text.get_text() for text in figure.axes[0].texts)
    for shape in ("3 × 128 × 256", "7 × 128 × 256", "19 × 128 × 256", "\n128 × 256"):
        assert shape in words
    assert len(figure.axes[0].get_images()) == 3 + 5 + 2 + 1


@pytest.mark.parametrize("truth", [0, 2, None])
def test_the_loss_curve_passes_through_the_point(truth):
    logits = np.array([1.0, -2.0, 3.0])
    figure = plotting.softmax_and_loss(logits, 2, truth, ["a", "b", "c"])
    _, bars, loss = figure.axes
    expected = np.exp(logits) / np.exp(logits).sum()
    assert np.allclose([patch.get_width() for patch in bars.patches], expected)
    curve, point = loss.lines
    height = 0 if truth is None else -np.log(expected[truth])
    assert np.allclose([point.get_xdata()[0], point.get_ydata()[0]], [3.0, height])
    assert np.isclose(np.interp(3.0, *curve.get_data()), height, atol=1e-3)


def test_cases_state_their_loss():
    figure = plotting.softmax_cases({"even": [0, 0], "sure": [0, 50]}, 1, ["a", "b"])
    assert [axis.get_title().split("loss ")[1] for axis in figure.axes] == ["0.69", "0.00"]
