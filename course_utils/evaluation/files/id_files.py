"""PNG files of ids, read fast and strictly.

Decoding its files is most of what scoring a folder takes. imagecodecs (libpng and zlib-ng) needs little more than half
of Pillow's time for it and checks what Pillow does not: where a bit flipped on a disk, Pillow may read other ids, and
imagecodecs stops.
"""

import io
import struct
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from course_utils.errors import CourseError

_HEADER = struct.Struct(">8s4x4sIIBBBBB")
"""Of a PNG: signature, name of the first chunk, width, height, bits, colour type, compression, filter, interlace."""

_GREY = 0
_DAMAGED = (imagecodecs.PngError, OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError)


def read_ids(path, sixteen_bit: bool = False) -> np.ndarray:
    """Read a PNG of ids.

    Args:
        path: the file.
        sixteen_bit: whether ids above 255 may occur, as in instance maps.

    Returns:
        [height, width], uint8, or a wider integer type if `sixteen_bit` and the file has it.

    Raises:
        CourseError: the file cannot be read, or has several channels, or 16 bits where 8 are wanted.
    """
    try:
        data = Path(path).read_bytes()
        ids, mode = _decode(data)
    except _DAMAGED as error:
        raise CourseError(f"Cannot read {path}: {_reason(path, error)}. Write or download it again.") from error
    if ids.ndim != 2:
        raise CourseError(
            f"{path} is a picture ({mode}): wanted are ids in one channel, not colours. Save the ids as grey."
        )
    if not np.issubdtype(ids.dtype, np.integer):
        raise CourseError(f"{path} holds {ids.dtype} ({mode}): wanted are ids in one channel of 8 bits.")
    if ids.dtype != np.uint8 and not sixteen_bit:
        raise CourseError(f"{path} has 16 bits a pixel ({mode}): wanted are label ids in 8 bits. Save them as uint8.")
    return ids


def _decode(data: bytes) -> tuple[np.ndarray, str]:
    """The ids of a file as they stand in it, and its mode in Pillow's words."""
    if _is_plain(data):
        ids = imagecodecs.png_decode(data)
        if ids.ndim == 2:  # not with an entry for transparency, which becomes a second channel
            return ids, "L" if ids.dtype == np.uint8 else "I;16"
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image), image.mode


def _is_plain(data: bytes) -> bool:
    """Whether this is a PNG of grey values of 8 or 16 bits: of other kinds, Pillow tells ids from colours."""
    if len(data) < _HEADER.size:
        return False
    signature, chunk, width, height, bits, colour, *_ = _HEADER.unpack_from(data)
    plain = signature == b"\x89PNG\r\n\x1a\n" and chunk == b"IHDR" and colour == _GREY and bits in (8, 16)
    return plain and width * height <= (Image.MAX_IMAGE_PIXELS or np.inf)


def _reason(path, error) -> str:
    """What is wrong, in words rather than a decoder's."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is empty" if not Path(path).stat().st_size else "it is not a PNG file, or cut off at its head"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, imagecodecs.PngError) and "stream too small" in str(error):
        return "the file is cut off"
    return f"the file is damaged ({error})"
