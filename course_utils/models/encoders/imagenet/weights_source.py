"""Where published weights come from: whoever uses them has to know, and to say so."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from course_utils.files import open_file

UNKNOWN = "unknown"


@dataclass(frozen=True)
class WeightsSource:
    """Published weights of a network.

    Attributes:
        network: whose weights they are, such as "VGG16".
        source: where they were found: a package and its version, or a path.
        licence: under which they are published.
        sha256: of the file; "unknown" where there is none to be found.
    """

    network: str
    source: str
    licence: str
    sha256: str

    def __str__(self):
        return (
            f"ImageNet weights of {self.network} from {self.source}; licence: {self.licence}; SHA-256: {self.sha256}."
        )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits; "unknown" where it cannot be read."""
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return UNKNOWN
