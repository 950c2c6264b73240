"""Objects of an instance map, against scikit-image's region properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import regionprops

from course_utils.datasets import objects
from course_utils.datasets.toy_streets import render

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
IDS = st.sampled_from([0, 7, 11, 24, 26, 24000, 26000, 26001, 33017])


@given(arrays(np.int32, SHAPES, elements=IDS))
@settings(deadline=None)
def test_boxes_are_those_of_another_implementation(instance_ids):
    regions = [region for region in regionprops(instance_ids) if region.label >= 1000]
    assert objects.object_ids(instance_ids).tolist() == [region.label for region in regions]
    expected = [(x0, y0, x1 - x0, y1 - y0) for y0, x0, y1, x1 in (region.bbox for region in regions)]
    found = objects.boxes(instance_ids)
    assert found.shape == (len(regions), 4) and found.dtype == np.int64
    assert found.tolist() == [list(row) for row in expected]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64])
def test_every_integer_type_will_do(dtype):
    instance_ids = np.array([[7, 26001, 26001], [33000, 7, 26001]], dtype)
    assert objects.boxes(instance_ids).tolist() == [[1, 0, 2, 2], [0, 1, 1, 1]]
    assert objects.label_ids(instance_ids).tolist() == [[7, 26, 26], [33, 7, 26]]


@pytest.mark.parametrize("index", range(3))
def test_an_instance_map_contains_the_class_mask(index):
    scene = render(1, index, (64, 128))
    found = objects.label_ids(scene.instance_ids)
    assert found.dtype == np.uint8 and np.array_equal(found, scene.label_ids)
