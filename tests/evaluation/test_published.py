"""The table of the papers."""

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evaluation import published_cityscapes
from course_utils.labels import CITYSCAPES


def test_the_printed_table_has_cityscapes_classes_and_its_own_means():
    table = published_cityscapes()
    assert list(table.classes) == list(CITYSCAPES.names)
    assert table.iou.shape == (len(table.systems), 19) and set(table.splits) == {"test", "val"}
    np.testing.assert_allclose(table.iou.mean(axis=1), table.means, atol=0.051)


def test_a_row_is_found_by_the_name_of_its_system():
    table = published_cityscapes()
    assert table.row("LRR")["road"] == 97.7 and list(table.row("LRR")) == list(CITYSCAPES.names)
    with pytest.raises(CourseError, match="no row 'UNet': choose one of LRR, "):
        table.row("UNet")
