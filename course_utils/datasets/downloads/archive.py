"""A file to download, with part of a data set in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True)
class Archive:
    """A zip file with part of a data set.

    Attributes:
        name: its file name.
        url: where it is.
        parts: the files and folders that are taken from it.
        prefix: the folder of the archive that they are in.
        checksum: "md5:..." or "sha256:...", or None where none is published.
        session: logged in, where the site wants that.
    """

    name: str
    url: str
    parts: tuple[str, ...]
    prefix: str = ""
    checksum: str | None = None
    session: requests.Session | None = None
