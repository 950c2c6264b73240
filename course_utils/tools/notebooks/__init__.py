"""From percent scripts to executed notebooks and a report: the machinery behind `make notebooks` and `course run`.

`notebooks/source/NN_name.py` (jupytext percent format) is the only thing edited. One module, one step:

- `convert`: a source becomes a notebook; a committed notebook is compared with its source;
- `checks`: what every notebook must have, and what its outputs must not;
- `parameters`: the names and defaults in the `parameters` cell, and values given on a command line;
- `execute`: one notebook through papermill, in a child process that cannot hang (`processes`, `worker`);
- `several`: several notebooks at once;
- `report`: executed notebooks become one self-contained HTML page;
- `build`: converts and executes what changed (`python -m course_utils.tools.notebooks`).
"""

import sys
from pathlib import Path

from course_utils.errors import CourseError

# nbformat's validator would compile a grammar of web addresses on import, three seconds for a check that the format of
# notebooks does not use and that the validator leaves out where this optional package is absent.
sys.modules.setdefault("rfc3987_syntax", None)

ROOT = Path(__file__).resolve().parents[3]


def notebook_folder() -> Path:
    """The checkout's `notebooks` folder, else the one in the current directory.

    Raises:
        CourseError: there is neither.
    """
    for folder in (ROOT / "notebooks", Path.cwd() / "notebooks"):
        if folder.is_dir():
            return folder
    raise CourseError(
        f"No notebooks at {ROOT / 'notebooks'} nor in the current directory. "
        "Run this in a clone of the course, or name a notebook by its path."
    )
