"""Picture files: photographs, and PNG files of ids. Every message reads `PATH: what is wrong; what to do.`

Pillow opens dozens of formats, programs among them (EPS); here only those that photographs come in are opened, ids from
PNG alone (whatever the file is called: a JPEG changes ids), and the size is looked at before anything is decoded.

Ids are read fast and strictly: decoding its files is most of what scoring a folder takes. For ids of 8 bits libspng (in
imagecodecs) is faster than Pillow. Checksums are looked at first: where a bit flipped on a disk, Pillow may read other
ids. (The libpng of imagecodecs would also do, but with every file that it refuses one reference to None is lost, until
Python stops.)
"""

import contextlib
import ctypes
import io
import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils.errors import CannotGoOn, CourseError, brief
from course_utils.files import open_file, read_bytes
from course_utils.orientation import Orientation
from course_utils.png import SIGNATURE, has_end, picture_only, read_header

PHOTO_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
"""In Pillow's words."""

LARGEST = 120_000_000
"""Pixels of a picture. Cameras have up to 108 million; beyond, a small file may be made to fill the memory."""

_LARGEST_FILE = 2**30
"""Bytes of a picture's file: the largest picture uncompressed, with 16 bits per channel, has three quarters of them."""

_GREY = 0
_AGAIN = "copy or download it again"

_STRIP = 1 << 22
"""Pixels that are converted at a time."""

# What matters is said in a CourseError; notes on the metadata of somebody's photograph would only stand beside it.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
# libtiff, too, writes to standard error, past Python; Pillow has turned off its warnings and left its errors. A Pillow
# that does not show its libtiff keeps those lines.
with contextlib.suppress(OSError, AttributeError):
    ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler(None)


class StoredPicture(ABC):
    """A picture that is no file of its own but lies within a larger one, such as a pack.

    What takes the path of a picture here takes one of these as well; `str` of it is what messages call it.

    Attributes:
        size: (height, width).
    """

    size: tuple[int, int]

    @abstractmethod
    def pixels(self) -> np.ndarray:
        """The picture: uint8 `[height, width, 3]`, or ids `[height, width]`."""


def read_image(path) -> np.ndarray:
    """Read a picture, its pixels as they lie in the file: the image of a data set, to which a label map fits.

    Greyscale becomes three equal channels, transparency is dropped, and 16 bits per channel become 8.

    Args:
        path: a PNG, JPEG, WebP, TIFF or BMP file.

    Returns:
        uint8 [height, width, 3], red, green, blue.

    Raises:
        CourseError: the file is missing, no picture, damaged, immense, or holds floating-point pixels.
    """
    if isinstance(path, StoredPicture):
        return path.pixels()
    with _opened(path, path) as image:
        orientation = Orientation(image)
        return orientation.stored(_rgb(image, path))


def read_photo(path) -> np.ndarray:
    """Read a photograph the way its camera was held (EXIF orientation), otherwise as `read_image`."""
    if isinstance(path, StoredPicture):
        return path.pixels()
    with _opened(path, path) as image:
        orientation = Orientation(image)
        return orientation.upright(_rgb(image, path))


def read_ids(path, sixteen_bit: bool = False) -> np.ndarray:
    """Read a PNG of ids.

    Args:
        path: a PNG with one channel, grey or palette.
        sixteen_bit: whether ids above 255 may occur, as in instance maps.

    Returns:
        [height, width], uint8, or a wider integer type if `sixteen_bit` and the file has it.

    Raises:
        CourseError: the file is missing, damaged, no PNG, a picture in colours, or
            has 16 bits per pixel where 8 are wanted.
    """
    if isinstance(path, StoredPicture):
        return path.pixels()
    import imagecodecs  # 45 MB that nobody else needs

    data, bits, colour = _read_png(path)
    if colour == _GREY and bits == 8:
        with _explained(path):
            return imagecodecs.spng_decode(data)
    with _opened(path, io.BytesIO(data), ("PNG",)) as image:  # of other kinds, Pillow tells ids from colours
        _check_mode(path, image.mode if colour != _GREY or bits > 4 else f"{bits}-bit grey", sixteen_bit)
        return np.asarray(image)


def read_segment_ids(path) -> np.ndarray:
    """Read a panoptic PNG, in which red + 256 green + 65536 blue is the id of a segment.

    Returns:
        int32 [height, width].

    Raises:
        CourseError: the file is missing, no PNG, damaged, or does not hold 8-bit colours.
    """
    data, bits, _ = _read_png(path)
    with _opened(path, io.BytesIO(data), ("PNG",)) as image:
        if image.mode != "RGB" or bits != 8:
            raise CourseError(
                f"{path}: a panoptic PNG has 8-bit colours (RGB), this one {bits}-bit {image.mode}; {_AGAIN}."
            )
        return np.asarray(image) @ np.array([1, 256, 256**2], np.int32)


def clean_png(data: bytes, name: str = "the picture") -> bytes:
    """A PNG decoded and encoded anew: its pixels and nothing else, whatever was sent along.

    Args:
        data: the file's content.
        name: what to call it in a message.

    Raises:
        CourseError: it is no PNG, damaged or immense.
    """
    buffer = io.BytesIO()
    with _opened(name, io.BytesIO(data), ("PNG",)) as image:
        image.load()
        kept = image if image.mode in ("1", "L", "LA", "RGB", "RGBA", "I;16") else image.convert("RGBA")
        plain = Image.frombytes(kept.mode, kept.size, kept.tobytes())
        plain.save(buffer, "PNG")
    return buffer.getvalue()


def decode_jpeg(data: bytes, name: str, size: tuple[int, int]) -> np.ndarray:
    """A photograph from the bytes of a JPEG.

    Args:
        data: the bytes.
        name: what to call it in a message.
        size: (height, width) that it has to have.

    Returns:
        uint8 [height, width, 3].

    Raises:
        CourseError: it is no JPEG, damaged, or of another size.
    """
    with _opened(name, io.BytesIO(data), ("JPEG",)) as image:
        if image.size[::-1] != size:
            raise CourseError(f"{name}: this JPEG is {image.width}x{image.height}, not {size[1]}x{size[0]}; {_AGAIN}.")
        return _rgb(image, name)


def image_size(path) -> tuple[int, int]:
    """(height, width) of a picture, from its header alone, with a look at a PNG's end.

    Raises:
        CourseError: the file is missing, no picture, or cut off.
    """
    return path.size if isinstance(path, StoredPicture) else _size_and_mode(path)[0]


def ids_size(path) -> tuple[int, int]:
    """(height, width) of a PNG of 8-bit ids, from its header alone, with a look at its end.

    Raises:
        CourseError: as `image_size`, or the picture does not hold 8-bit ids.
    """
    if isinstance(path, StoredPicture):
        return path.size
    size, mode = _size_and_mode(path, ("PNG",))
    _check_mode(path, mode)
    return size


def _size_and_mode(path, formats: Sequence[str] = PHOTO_FORMATS) -> tuple[tuple[int, int], str]:
    with _opened(path, path, formats) as image:
        if image.format == "PNG" and not has_end(path):
            raise CourseError(f"{path}: this PNG was cut off; {_AGAIN}.")
        return Orientation(image).stored_size(image.size[::-1]), image.mode


def _rgb(image: Image.Image, path) -> np.ndarray:
    """Three bytes per pixel, [height, width, 3]; strip by strip, since Pillow's own copies would fill the memory."""
    if image.mode == "F":
        raise CourseError(f"{path}: this picture holds floating-point pixels; save it as an 8-bit PNG or JPEG.")
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        whole = image.height <= rows
        strip = image if whole else image.crop((0, top, image.width, min(top + rows, image.height)))
        if image.mode.startswith("I"):
            grey = np.clip(np.asarray(strip, np.int64), 0, 65535) // 257
            pixels[top : top + rows] = grey[..., None]
        else:
            pixels[top : top + rows] = np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"))
    return pixels


def _read_png(path) -> tuple[bytes, int, int]:
    """What a PNG has of its picture, checked but not decoded; its bits, and its colour type."""
    with _explained(path):
        data = read_bytes(path, _LARGEST_FILE)
    bits, colour, size = _png_header(data, path)
    _check_size(path, size)
    with _explained(path):
        return picture_only(data), bits, colour


def _png_header(data: bytes, path) -> tuple[int, int, tuple[int, int]]:
    """Bits, colour type and (height, width) of a PNG."""
    if not data:
        raise CourseError(f"{path}: the file is empty; {_AGAIN}.")
    if not data.startswith(SIGNATURE):
        raise _not_a(("PNG",), path, data)
    if (header := read_header(data)) is None:
        raise CourseError(f"{path}: this PNG was cut off or damaged; {_AGAIN}.")
    return header


def _check_size(path, size: tuple[int, int]) -> None:
    """Refuse what would fill the memory, before it is decoded."""
    height, width = size
    if height * width > LARGEST:
        raise CourseError(
            f"{path}: the file says that it is {width}x{height} pixels, and more than {LARGEST // 10**6} million are "
            f"not read; scale it down, or if it should be smaller, {_AGAIN}."
        )
    if height * width == 0:
        raise CourseError(f"{path}: the file says that it is {width}x{height} pixels; {_AGAIN}.")


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
def _opened(path, source, formats: Sequence[str] = PHOTO_FORMATS) -> Iterator[Image.Image]:
    """A picture of one of some formats, not decoded yet; `path` is for the messages."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_explained(path, formats))
        if not isinstance(source, io.BytesIO):
            source = stack.enter_context(open_file(source, _LARGEST_FILE))
        image = stack.enter_context(Image.open(source, formats=formats))
        _check_size(path, image.size[::-1])
        yield image


@contextlib.contextmanager
def _explained(path, formats: Sequence[str] = ("PNG",)) -> Iterator[None]:
    """Say what is wrong with a file in words rather than a decoder's."""
    try:
        yield
    except CourseError:
        raise
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such file; check the path, or {_AGAIN}.") from None
    except UnidentifiedImageError:
        start = b"?"
        with contextlib.suppress(OSError), open_file(path, _LARGEST_FILE) as file:
            start = file.read(16)
        if not start:
            raise CourseError(f"{path}: the file is empty; {_AGAIN}.") from None
        raise _not_a(formats, path, start) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CourseError(
            f"{path}: the file says that it has more than {LARGEST // 10**6} million pixels; scale it down, or if it "
            f"should be smaller, {_AGAIN}."
        ) from None
    except MemoryError:
        raise CannotGoOn(
            f"{path}: there is not enough memory to read it; end other programs, or scale it down."
        ) from None
    except Exception as error:  # damaged files make decoders raise everything there is
        if isinstance(error, OSError) and error.strerror:
            raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path, or {_AGAIN}.") from None
        if "stream too small" in str(error) or "truncated" in str(error).lower():
            raise CourseError(f"{path}: the file was cut off; {_AGAIN}.") from None
        raise CourseError(f"{path}: cannot be decoded ({brief(error)}); {_AGAIN}.") from None


_STARTS = {b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP", b"%!PS": "EPS", b"%PDF": "PDF"}
_STARTS |= {SIGNATURE: "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}


def _not_a(formats: Sequence[str], path, data: bytes) -> CourseError:
    """The complaint about a file of none of some formats, by its first bytes."""
    kind = next((kind for start, kind in _STARTS.items() if data.startswith(start)), None)
    if kind is None or kind.upper() in formats:
        return CourseError(f"{path}: this is not a picture that can be read; {_AGAIN}.")
    if formats == ("PNG",):
        return CourseError(
            f"{path}: this is a {kind} file; ids are read from PNG alone, so save them as 8-bit grey PNG."
        )
    return CourseError(f"{path}: this is a {kind} file; save it as PNG, JPEG, WebP, TIFF or BMP.")
