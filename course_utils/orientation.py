"""How the camera was held, by the EXIF tags of a photograph, and its pixels turned accordingly."""

import numpy as np
from PIL import Image

_TAG = 0x0112
_UPRIGHT = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}
"""Orientation to what turns the stored picture upright."""


class Orientation:
    """How an opened picture is turned; to be made before it is decoded.

    Args:
        image: of Pillow, which turns a TIFF upright by itself, size and pixels and nothing else, and forgets it then.
    """

    def __init__(self, image: Image.Image):
        self._image, self._by_pillow = image, image.format == "TIFF"
        self._turned_by_pillow = _held(image) if self._by_pillow else 1

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels that Pillow has decoded, `[height, width, ...]`, as the camera saw them."""
        return pixels if self._by_pillow else _turned(pixels, _held(self._image))

    def stored(self, pixels: np.ndarray) -> np.ndarray:
        """The same as they lie in the file."""
        held = self._turned_by_pillow
        return _turned(pixels, {6: 8, 8: 6}.get(held, held))

    def stored_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) as they lie in the file, of what Pillow says."""
        return size[::-1] if self._turned_by_pillow in (5, 6, 7, 8) else size


def _held(image: Image.Image) -> int:
    """The tag; a PNG has it anywhere, so Pillow decodes one that has not been, and damage would not be told."""
    try:
        return image.getexif().get(_TAG, 1)
    except Exception:  # a decoder's, of any kind: whatever is wrong beside the pixels, they count
        return 1


def _turned(pixels: np.ndarray, held: int) -> np.ndarray:
    turn = _UPRIGHT.get(held)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
