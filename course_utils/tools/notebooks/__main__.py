"""`python -m course_utils.tools.notebooks`, which is `make notebooks`."""

import argparse
import sys

from course_utils.errors import CourseError
from course_utils.tools.notebooks.build import build_all
from course_utils.tools.notebooks.folder import notebook_folder
from course_utils.tools.types import number


def main(argv: list[str] | None = None) -> int:
    """0: all is well; 1: a notebook is stale or could not be built; 2: wrong use; 130: interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.tools.notebooks",
        description="Convert and execute the notebooks whose source (notebooks/source/*.py) has changed.",
    )
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK", help="number or name; all by default")
    parser.add_argument("--check", action="store_true", help="execute nothing, exit 1 if a notebook is stale")
    parser.add_argument("--force", action="store_true", help="also notebooks whose source has not changed")
    parser.add_argument(
        "--cell-timeout", type=number(above=0), default=900, metavar="S", help="seconds a cell may take (%(default)g)"
    )
    parser.add_argument(
        "--timeout", type=number(above=0), default=3600, metavar="S", help="seconds a notebook may take (%(default)g)"
    )
    arguments = parser.parse_args(argv)
    try:
        return build_all(
            notebook_folder(),
            arguments.names,
            check=arguments.check,
            force=arguments.force,
            cell_timeout=arguments.cell_timeout,
            timeout=arguments.timeout,
        )
    except CourseError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("notebooks: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
