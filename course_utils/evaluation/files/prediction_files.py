"""Which file in a folder is the prediction of which frame."""

import bisect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import is_litter


@dataclass(frozen=True)
class Matches:
    """The PNG files of a folder, by the frames that they belong to.

    Attributes:
        folder: that was searched with all its subfolders.
        names: of the frames that were asked for.
        files: the prediction of each frame that has exactly one.
        missing: frames without a prediction.
        several: frames with more than one, and two of these.
        strangers: files that belong to no frame.
    """

    folder: Path
    names: tuple[str, ...]
    files: dict[str, Path]
    missing: tuple[str, ...]
    several: dict[str, tuple[Path, Path]]
    strangers: tuple[Path, ...]

    def refuse_unless_complete(self) -> None:
        """Raise the first reason why the folder cannot be scored as a whole.

        Raises:
            CourseError: predictions are missing or ambiguous, or a file belongs to no frame.
        """
        for name, (one, other) in self.several.items():
            raise CourseError(
                f"Frame {name} has several predictions, {one} and {other}: leave one, or score only the frames that "
                "have one (--partial)."
            )
        if self.missing:
            strangers = f"{len(self.strangers)}, such as {self.strangers[0].name}" if self.strangers else "none"
            raise CourseError(
                f"{len(self.missing)} of {len(self.names)} frames have no prediction below {self.folder}; the first "
                f"would be named {self.missing[0]}*.png. PNG files of no frame: {strangers}. Add what "
                "is missing, or score what there is (--partial)."
            )
        if self.strangers:
            raise CourseError(
                f"Below {self.folder} there are PNG files that belong to no frame of the split: "
                f"{len(self.strangers)}, such as {self.strangers[0]}. If this is the right split, move them away, or "
                "score without them (--partial)."
            )


def match_predictions(folder, names: Sequence[str]) -> Matches:
    """Find the PNG files whose names start with the frames' names, as the official script does.

    Args:
        folder: searched with all its subfolders.
        names: of the frames.

    Raises:
        CourseError: there is no such folder, it has no PNG file, or none that belongs to a frame.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder} with predictions.")
    files = sorted(
        (name, parent)
        for parent, _, found in os.walk(folder)
        for name in found
        if name.lower().endswith(".png") and not is_litter(Path(parent, name), folder)
    )
    if not files:
        raise CourseError(f"There is no PNG file below {folder}: predictions are PNG files of label ids.")
    found, missing, several, taken = {}, [], {}, set()
    for name in names:
        first = last = bisect.bisect_left(files, (name, ""))
        while last < len(files) and files[last][0].startswith(name):
            last += 1
        # The name matched whole: what begins with "10" is no prediction of the frame "1".
        whole = [place for place in range(first, last) if not files[place][0][len(name)].isalnum()]
        taken.update(whole)
        mine = [Path(files[place][1], files[place][0]) for place in whole]
        if len(mine) == 1:
            found[name] = mine[0]
        elif mine:
            several[name] = (mine[0], mine[1])
        else:
            missing.append(name)
    if not taken:
        raise CourseError(
            f"None of the {len(files)} PNG files below {folder} belongs to any of the {len(names)} frames: a file is "
            f"named {files[0][0]}, the first frame's would be {names[0] if names else '(there are none)'}*.png. "
            "Choose the data set and the split that they were made for."
        )
    strangers = tuple(Path(parent, name) for k, (name, parent) in enumerate(files) if k not in taken)
    return Matches(folder, tuple(names), found, tuple(missing), several, strangers)
