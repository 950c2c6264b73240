"""The chunks of a PNG file: after a signature, each has its length, its name, its content and a checksum."""

import io
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


_HEADER = struct.Struct(">8s4x4sIIBBBBB")
"""Signature, name of the first chunk, width, height, bits, colour type, compression, filter, interlace."""


def read_header(data: bytes) -> tuple[int, int, tuple[int, int]] | None:
    """Bits, colour type and (height, width) of a PNG; None where it does not begin with a whole header."""
    if len(data) < _HEADER.size or data[12:16] != b"IHDR":
        return None
    _, _, width, height, bits, colour, *_ = _HEADER.unpack_from(data)
    return bits, colour, (height, width)


def has_end(path) -> bool:
    """Whether a PNG has its last chunk; what follows it does not matter, as for every decoder."""
    with open(path, "rb") as file:
        length = file.seek(-12, io.SEEK_END) + 12
        if file.read(12)[4:8] == b"IEND":
            return True
        place = len(SIGNATURE)
        while place + 12 <= length:
            file.seek(place)
            size, kind = struct.unpack(">I4s", file.read(8))
            place += 12 + size
            if kind == b"IEND":
                return place <= length
    return False


def picture_only(data: bytes) -> bytes:
    """A PNG without what tells no ids, such as texts, colour profiles and transparency.

    Raises:
        ValueError: a checksum of what is left is wrong, or the file was cut off within it.
    """
    kept, place, view = [data[:8]], 8, memoryview(data)
    while place + 8 <= len(data):
        end = place + 12 + int.from_bytes(view[place : place + 4], "big")
        name = bytes(view[place + 4 : place + 8])
        if name in (b"IHDR", b"PLTE", b"IDAT"):
            if end > len(data):
                raise ValueError("truncated")
            if zlib.crc32(view[place + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
                raise ValueError("a checksum is wrong")
            kept.append(view[place:end])
        if name == b"IEND":
            break
        place = end
    return b"".join([*kept, _END])


_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
