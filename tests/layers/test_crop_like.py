"""`CropLike` keeps the top left, and the layer contract."""

import numpy as np
import pytest
from layer_checks import check_layer

from course_utils.layers import CropLike


@pytest.mark.parametrize("size", [(5, 7), (6, 8), (1, 8)])
def test_keeps_the_top_left(size):
    values = np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype("float32")
    reference = np.zeros((2, *size, 1), "float32")
    check_layer(CropLike, {}, [values, reference])
    np.testing.assert_array_equal(CropLike()([values, reference]), values[:, : size[0], : size[1]])
