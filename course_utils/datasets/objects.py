"""Single objects in an instance map: which there are, and the box around each.

An instance map as Cityscapes writes it holds `label id * 1000 + number` where objects of a class are told apart,
and the plain label id everywhere else (`cityscapesscripts.preparation.json2instanceImg`).
"""

import numpy as np
from scipy import ndimage

FIRST_OBJECT = 1000
"""The smallest id of a single object; every smaller id is a label id."""


def object_ids(instance_ids) -> np.ndarray:
    """The ids of all objects, int64 [objects], ascending.

    Args:
        instance_ids: integers [height, width].
    """
    ids = np.unique(instance_ids).astype(np.int64)
    return ids[ids >= FIRST_OBJECT]


def label_ids(instance_ids) -> np.ndarray:
    """The class mask that an instance map contains: label ids, uint8, of the same shape."""
    ids = np.asarray(instance_ids)
    return np.where(ids >= FIRST_OBJECT, ids // FIRST_OBJECT, ids).astype(np.uint8)


def boxes(instance_ids) -> np.ndarray:
    """The smallest box around each object, int64 [objects, 4], in the order of `object_ids`.

    A row is x, y, width, height in pixels, as in COCO: the box covers the columns `x .. x + width - 1` and the rows
    `y .. y + height - 1`.

    Args:
        instance_ids: integers [height, width].
    """
    ids = object_ids(instance_ids)
    numbers = np.zeros(np.shape(instance_ids), np.int64)
    things = np.asarray(instance_ids) >= FIRST_OBJECT
    numbers[things] = 1 + np.searchsorted(ids, np.asarray(instance_ids)[things])
    places = ndimage.find_objects(numbers, len(ids))
    rows = [(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in places]
    return np.array(rows, np.int64).reshape(-1, 4)
