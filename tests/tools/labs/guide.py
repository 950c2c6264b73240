"""The commands of the instructor's guide, by section."""

import re
import shlex

from course_utils.machine import checkout

GUIDE = checkout() / "docs" / "instructors.md"
SERVERS = ("More than one machine", "A gradebook on PostgreSQL")
"""Sections that need servers; each has a test of its own."""


def commands(*sections: str) -> list[list[str]]:
    """The commands of these sections, or of all but `SERVERS`, in the guide's order, each as a list of words."""
    chosen = []
    for section in GUIDE.read_text("utf-8").split("\n## ")[1:]:
        title = section.splitlines()[0]
        if title in sections or (not sections and title not in SERVERS):
            blocks = re.findall(r"^```(\w*)\n(.*?)^```", section, re.S | re.M)
            chosen += [shlex.split(line) for kind, block in blocks if not kind for line in block.splitlines()]
    return chosen


def translated(command: list[str]) -> list[str]:
    """The command with the small lab instead of the guide's: `release` gets its path, the other commands its name."""
    lab = "small.ipynb" if command[1:2] == ["release"] else "small"
    return [lab if word in ("04", "04_unpooling") else word for word in command]
