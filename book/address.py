"""Where the course is published, for the buttons that open it and for Colab's first cell."""

import os
import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def on_github() -> str | None:
    """The repository on GitHub as owner/name: COURSE_REPOSITORY, or else what pyproject.toml says.

    Returns:
        None where neither names one; then nothing is made that would need it.
    """
    if named := os.environ.get("COURSE_REPOSITORY", "").strip("/"):
        return named
    address = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["urls"]["Repository"]
    found = re.fullmatch(r"https://github\.com/([^/]+/[^/]+?)(\.git)?/?", address)
    return found and found[1]
