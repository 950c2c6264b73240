"""From percent scripts to executed notebooks and a report: the machinery behind `make notebooks` and `course run`.

`notebooks/source/NN_name.py` (jupytext percent format) is the only thing edited. One module, one step:

- `folder`: where the notebooks are, and which of them a name means;
- `convert`: a source becomes a notebook; a committed notebook is compared with its source (`headings`);
- `checks`: what every notebook must have, and what its outputs must not;
- `parameters`: the names and defaults in the `parameters` cell, and values given on a command line;
- `execution`: one notebook or several through papermill, in child processes that cannot hang;
- `report`: executed notebooks become one self-contained HTML page;
- `build`: converts and executes what changed (`python -m course_utils.tools.notebooks`).
"""

import sys

# nbformat's validator would compile a grammar of web addresses on import, three seconds for a check that the format of
# notebooks does not use and that the validator leaves out where this optional package is absent.
sys.modules.setdefault("rfc3987_syntax", None)
