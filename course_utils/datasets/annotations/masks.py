"""The mask of one annotation: polygons, or run lengths, checked before anything is drawn.

pycocotools rasterises whatever it is given: it ends the process at a coordinate that is no number or far away, and
fills the rest of a mask in silence where run lengths end too early. What comes here from a file is looked at first.
"""

import math

import numpy as np

from course_utils.files import find_fault, whole

_MARGIN = 2
"""Pixels that a polygon may reach beyond its picture: annotators slip, and coordinates get rounded."""

_LONGEST = 4_000_000
"""Pixels that the outline of one polygon may run: pycocotools keeps five points per pixel of it."""


def draw_mask(segmentation, size: tuple[int, int]) -> np.ndarray:
    """The mask that an annotation's `segmentation` describes.

    Args:
        segmentation: as in the file: a list of polygons, or run lengths with their size.
        size: (height, width) of the image.

    Returns:
        bool [height, width].

    Raises:
        ValueError: the segmentation is malformed, or does not fit to the size.
    """
    if isinstance(segmentation, dict):
        return _from_run_lengths(segmentation, size)
    if not isinstance(segmentation, list) or not segmentation:
        raise ValueError("its segmentation is neither a list of polygons nor run lengths")
    for polygon in segmentation:
        _check_polygon(polygon, size)
    from pycocotools import mask as masks

    return np.asarray(masks.decode(masks.merge(masks.frPyObjects(segmentation, *size)))).astype(bool)


def _check_polygon(polygon, size: tuple[int, int]) -> None:
    if not isinstance(polygon, list) or not all(type(value) in (int, float) for value in polygon):
        raise ValueError("a polygon is not a list of numbers")
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon has {len(polygon)} numbers, not two for each of three corners or more")
    height, width = size
    for values, side in ((polygon[::2], width), (polygon[1::2], height)):
        wrong = next((value for value in values if not -_MARGIN <= value <= side + _MARGIN), None)  # NaN, too
        if wrong is not None:
            raise ValueError(f"a polygon has the coordinate {_short(wrong)} in an image of {width}x{height} pixels")
    corners = np.array(polygon, float).reshape(-1, 2)
    if np.abs(corners - np.roll(corners, 1, axis=0)).max(axis=1).sum() > _LONGEST:
        raise ValueError(f"the outline of a polygon is longer than {_LONGEST} pixels")


def _from_run_lengths(segmentation: dict, size: tuple[int, int]) -> np.ndarray:
    pixels = math.prod(size)
    if segmentation.get("size") != list(size):
        raise ValueError(f"its run lengths are not of size {list(size)}, as the image is")
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        counts = _unpacked(counts, pixels)
    elif fault := find_fault(counts, [whole(0, pixels)], "counts"):
        raise ValueError(fault)
    if sum(counts) != pixels:
        raise ValueError(f"its run lengths add up to {sum(counts)} pixels, not {pixels}")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(size, order="F")


def _unpacked(text: str, pixels: int) -> list[int]:
    """The run lengths in COCO's packed text.

    Characters from "0" on hold six bits: five of a number, the lowest first, and whether it goes on. The last bit of a
    number is its sign; from the fourth on, numbers are differences to the last but one (`rleFrString` of maskApi.c).
    """
    counts, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("its packed run lengths are damaged")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        if len(counts) > 2:
            value += counts[-2]
        if not 0 <= value <= pixels:
            raise ValueError("its packed run lengths are damaged")
        counts.append(value)
        value = shift = 0
    if shift:
        raise ValueError("its packed run lengths end within a number")
    return counts


def _short(number) -> str:
    return repr(number) if isinstance(number, float) or abs(number) < 10**12 else "of more than twelve digits"
