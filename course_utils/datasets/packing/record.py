"""One picture in a shard of a pack."""

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.files import open_file
from course_utils.images import StoredPicture, decode_jpeg

RGB, IDS, WIDE_IDS, JPEG = "rgb", "ids", "ids16", "jpeg"
"""Kinds: 8-bit colours, 8-bit ids and 16-bit ids as bare numbers row by row (16 bits: low byte first), and a JPEG."""

BYTES_PER_PIXEL = {RGB: 3, IDS: 1, WIDE_IDS: 2}
"""Of the kinds whose pictures all need as many bytes as their size says."""


@dataclass(frozen=True)
class Record(StoredPicture):
    """A picture in a shard; where `course_utils.images` takes the path of a picture, it takes a record.

    Attributes:
        shard: the file.
        name: of the picture within it.
        kind: `RGB`, `IDS`, `WIDE_IDS` or `JPEG`.
        size: (height, width).
        offset: where its bytes begin in the shard.
        length: how many there are.
        checksum: their CRC-32.
        remedy: what to do when it cannot be read, for messages.
    """

    shard: Path
    name: str
    kind: str
    size: tuple[int, int]
    offset: int
    length: int
    checksum: int
    remedy: str = field(repr=False, default="pack the data set again")

    def __str__(self) -> str:
        return f"{self.shard}: {self.name}"

    @property
    def holds_ids(self) -> bool:
        return self.kind in (IDS, WIDE_IDS)

    @property
    def bits(self) -> int:
        return 16 if self.kind == WIDE_IDS else 8

    def pixels(self) -> np.ndarray:
        """The picture, `[height, width]` of ids or `[height, width, 3]` of colours.

        Raises:
            CourseError: the shard is missing or cut off, or its bytes are not those that were packed.
        """
        data = self._read()
        if zlib.crc32(data) != self.checksum:
            raise CourseError(f"{self}: the bytes are not those that were packed; {self.remedy}.")
        if self.kind == JPEG:
            return decode_jpeg(data.tobytes(), self, self.size)
        if self.kind == WIDE_IDS:
            data = data.view("<u2")
        return data.reshape(self.size if self.holds_ids else (*self.size, 3))

    def _read(self) -> np.ndarray:
        try:
            # Unbuffered: what is wanted is read in one piece into the array that is returned.
            with open_file(self.shard, buffering=0) as file:
                file.seek(self.offset)
                data = np.fromfile(file, np.uint8, self.length)
        except FileNotFoundError:
            raise CourseError(f"{self.shard} is missing; {self.remedy}.") from None
        except OSError as error:
            raise CourseError(f"{self.shard}: cannot be read ({error.strerror}); {self.remedy}.") from None
        if len(data) < self.length:
            raise CourseError(f"{self.shard}: this file was cut off; {self.remedy}.")
        return data
