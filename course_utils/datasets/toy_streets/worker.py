"""One process of `generate`: draws its share of the scenes and writes a dot after each."""

import gc
import json
import sys
from pathlib import Path

from course_utils.datasets.toy_streets.writer import write_share


def main() -> None:
    """Write the share of frames that the first argument (JSON) describes, with a dot on standard output for each."""
    gc.disable()  # scenes have no reference cycles; looking for them takes a tenth of the time
    task = json.loads(sys.argv[1])
    try:
        for _ in write_share(Path(task["root"]), task["wanted"], task["first"], task["step"]):
            sys.stdout.write(".")
            sys.stdout.flush()
    except OSError:  # a full disk: whoever started this process meets it next, and says so
        sys.exit(1)


if __name__ == "__main__":
    main()
