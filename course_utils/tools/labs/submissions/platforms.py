"""Who handed a file in, as far as the name tells that a learning platform gave it.

The rules are those of Canvas's `lib/content_zipper.rb` and of `download_submissions` in Moodle's
`mod/assign/locallib.php`. In both platforms' zip files the times are those of the download.
"""

import re
from dataclasses import dataclass

_CANVAS = re.compile(r"(\w*?)(_LATE)?_([0-9]+)_([0-9]+)_(.+)")
"""Name, "LATE", user, attachment, the file's own name (`get_filename`)."""
_CANVAS_ANONYMOUS = "anon_"
"""How the name begins, without name and user, if the assignment is marked anonymously."""
_MOODLE = re.compile(r"(.+)_([1-9][0-9]*)_assignsubmission_file(_.*)?")
"""Name, participant, plugin."""
_AGAIN = re.compile(r"(-[0-9]+| ?\([0-9]+\))+$")
"""What Canvas and browsers append to a file of the same name."""


@dataclass(frozen=True)
class Origin:
    """What the name of a submitted file or folder says.

    Attributes:
        text: the name, without the suffix `.ipynb`.
        platform: "canvas", "moodle" or "".
        name: the student's name as the platform writes it; the whole text if no platform did.
        number: Canvas's number of the user, or Moodle's of the participant, which differs between assignments.
        version: grows with each file that somebody hands in; None if that is unknown.
        late: whether the platform calls it late.
        stem: the file's own name on Canvas, equal for the same file handed in again.
    """

    text: str
    platform: str = ""
    name: str = ""
    number: str = ""
    version: int | None = None
    late: bool = False
    stem: str = ""

    @property
    def key(self) -> str:
        """The part of the text that stays the same when its author hands in again."""
        if self.platform == "canvas":
            return f"{self.name}_{self.number}_{self.stem}"
        if self.platform == "moodle":
            return f"{self.name}_{self.number}_assignsubmission_file"
        return self.text

    @property
    def own_time(self) -> bool:
        """Whether the time of the file is that of its author, not that of a platform's download."""
        return not self.platform


def read_origin(text: str) -> Origin:
    """What the name of a file or folder says.

    Args:
        text: the name; the file's suffix `.ipynb` does not belong to it.
    """
    if found := _MOODLE.fullmatch(text):
        return Origin(text, "moodle", found[1], found[2])
    if not text.startswith(_CANVAS_ANONYMOUS) and (found := _CANVAS.fullmatch(text)):
        name, late, user, attachment, stem = found.groups()
        stem = _AGAIN.sub("", stem) or stem
        return Origin(text, "canvas", name, user, int(attachment[:18]), bool(late), stem)
    return Origin(text, name=text)
