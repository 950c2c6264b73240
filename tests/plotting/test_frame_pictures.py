"""The image files of a frame: their sizes, formats and colours."""

import io

import numpy as np
from PIL import Image

from course_utils import plotting
from course_utils.labels import CAMVID, VOID


def test_pictures_of_a_frame():
    truth = np.zeros((40, 100), np.uint8)
    truth[:, 50:] = VOID
    prediction = np.zeros_like(truth)
    prediction[:20] = 3
    files = plotting.frame_pictures(np.full((40, 100, 3), 0.5), truth, prediction, CAMVID, width=50)
    pictures = {name: Image.open(io.BytesIO(file)) for name, file in files.items()}
    assert {picture.size for picture in pictures.values()} == {(50, 20)}
    assert [pictures[name].format for name in ("image", "truth", "prediction", "errors")] == ["JPEG", *["PNG"] * 3]
    np.testing.assert_array_equal(np.array(pictures["truth"])[0, [0, -1]], CAMVID.to_colors([0, VOID]))
    np.testing.assert_array_equal(np.array(pictures["errors"]), plotting.errors(truth, prediction)[::2, ::2])
    whole = plotting.frame_pictures(np.zeros((40, 100, 3), np.uint8), truth, prediction, CAMVID)
    assert Image.open(io.BytesIO(whole["truth"])).size == (100, 40)  # nothing is blown up
