"""Picture files: photographs, and PNG files of ids. Every message reads `PATH: what is wrong; what to do.`

Ids are read fast and strictly: decoding its files is most of what scoring a folder takes. imagecodecs (libpng and
zlib-ng) needs little more than half of Pillow's time for it and checks what Pillow does not: where a bit flipped on a
disk, Pillow may read other ids, and imagecodecs stops.
"""

import contextlib
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.errors import CourseError

_HEADER = struct.Struct(">8s4x4sIIBBBBB")
"""Of a PNG: signature, name of the first chunk, width, height, bits, colour type, compression, filter, interlace."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY = 0
_DAMAGED = (
    imagecodecs.PngError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_AGAIN = "copy or download it again"


def read_image(path) -> np.ndarray:
    """Read a picture, its pixels as they lie in the file: the image of a data set, to which a label map fits.

    Greyscale becomes three equal channels, transparency is dropped, and 16 bits per channel become 8.

    Args:
        path: any file that Pillow reads.

    Returns:
        uint8 [height, width, 3], red, green, blue.

    Raises:
        CourseError: the file is missing, no picture, damaged, or holds floating-point pixels.
    """
    with _explained(path), Image.open(path) as image:
        return _rgb(image, path)


def read_photo(path) -> np.ndarray:
    """Read a photograph the way its camera was held (EXIF orientation), otherwise as `read_image`."""
    with _explained(path), Image.open(path) as image:
        return _rgb(ImageOps.exif_transpose(image), path)


def read_ids(path, sixteen_bit: bool = False) -> np.ndarray:
    """Read a PNG of ids.

    Args:
        path: a PNG with one channel, grey or palette.
        sixteen_bit: whether ids above 255 may occur, as in instance maps.

    Returns:
        [height, width], uint8, or a wider integer type if `sixteen_bit` and the file has it.

    Raises:
        CourseError: the file is missing, damaged, a picture in colours, or has 16 bits per pixel where 8 are wanted.
    """
    with _explained(path):
        data = Path(path).read_bytes()
        bits, colour, (height, width) = _png_header(data)
        if colour == _GREY and bits in (8, 16) and width * height <= (Image.MAX_IMAGE_PIXELS or np.inf):
            _check_mode(path, "L" if bits == 8 else "I;16", sixteen_bit)
            ids = imagecodecs.png_decode(data)
            if ids.ndim == 2:  # an entry for transparency becomes a second channel
                return ids
        with Image.open(io.BytesIO(data)) as image:  # of other kinds, Pillow tells ids from colours
            _check_mode(path, image.mode if colour != _GREY or bits > 4 else f"{bits}-bit grey", sixteen_bit)
            return np.asarray(image)


def image_size(path) -> tuple[int, int]:
    """(height, width) of a picture, from its header alone, with a look at a PNG's end.

    Raises:
        CourseError: the file is missing, no picture, or cut off.
    """
    return _size_and_mode(path)[0]


def ids_size(path) -> tuple[int, int]:
    """(height, width) of a PNG of 8-bit ids, from its header alone, with a look at its end.

    Raises:
        CourseError: as `image_size`, or the picture does not hold 8-bit ids.
    """
    size, mode = _size_and_mode(path)
    _check_mode(path, mode)
    return size


def _size_and_mode(path) -> tuple[tuple[int, int], str]:
    with _explained(path), Image.open(path) as image:
        if image.format == "PNG":
            with open(path, "rb") as file:
                file.seek(-12, io.SEEK_END)
                if file.read(12)[4:8] != b"IEND":  # a PNG that was cut off lacks its last chunk
                    raise CourseError(f"{path}: this PNG was cut off; {_AGAIN}.")
        return image.size[::-1], image.mode


def _rgb(image: Image.Image, path) -> np.ndarray:
    if image.mode.startswith("I"):
        grey = np.clip(np.asarray(image, np.int64), 0, 65535) // 257
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1)
    if image.mode == "F":
        raise CourseError(f"{path}: this picture holds floating-point pixels; save it as an 8-bit PNG or JPEG.")
    return np.asarray(image.convert("RGB"))


def _png_header(data: bytes) -> tuple[int, int | None, tuple[int, int]]:
    """Bits, colour type and (height, width) of a PNG; the colour type is None where this is none."""
    if len(data) < _HEADER.size or not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        return 0, None, (0, 0)
    _, _, width, height, bits, colour, *_ = _HEADER.unpack_from(data)
    return bits, colour, (height, width)


def _check_mode(path, mode: str, sixteen_bit: bool = False) -> None:
    """Refuse what holds no ids, by its mode in Pillow's words."""
    if mode in ("L", "P") or (sixteen_bit and mode.startswith("I")):
        return
    if mode.startswith(("RGB", "LA", "PA", "La", "CMYK", "YCbCr", "HSV", "LAB")):
        raise CourseError(
            f"{path}: this is a colour picture ({mode}), not a map of ids; use the data set's id maps (Cityscapes: "
            "*_gtFine_labelIds.png, CamVid: the SegNet authors' *annot folders), or save the ids as 8-bit grey."
        )
    if mode.startswith("I"):
        raise CourseError(
            f"{path}: this PNG has 16 or more bits per pixel ({mode}), label ids have 8; instance ids are no labels, "
            "so use the label id map, or save the ids as uint8."
        )
    raise CourseError(f"{path}: this picture ({mode}) does not hold ids in one 8-bit channel; save them as 8-bit grey.")


@contextlib.contextmanager
def _explained(path) -> Iterator[None]:
    """Say what is wrong with a file in words rather than a decoder's."""
    try:
        yield
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such file; check the path, or {_AGAIN}.") from None
    except UnidentifiedImageError:
        what = "this is not a picture" if Path(path).stat().st_size else "the file is empty"
        raise CourseError(f"{path}: {what}; {_AGAIN}.") from None
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.strerror:
            raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path, or {_AGAIN}.") from None
        if "stream too small" in str(error) or "truncated" in str(error):
            raise CourseError(f"{path}: the file was cut off; {_AGAIN}.") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CourseError(f"{path}: cannot be decoded ({reason}); {_AGAIN}.") from None
