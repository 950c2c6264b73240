"""What the commands for graded labs have in common: the folder of a class, and its gradebook."""

import argparse


def add_class(parser: argparse.ArgumentParser, gradebook: bool = True) -> None:
    """Add `--output` and, if asked for, `--gradebook`."""
    parser.add_argument("--output", default="labs", metavar="DIR", help="the folder of the class (%(default)s)")
    if gradebook:
        parser.add_argument(
            "--gradebook",
            metavar="URL",
            help="of the database, such as postgresql://user@host/name; `course grade` remembers it, without its "
            "password (default: what it remembers, or else DIR/gradebook.db)",
        )


def gradebook_url(arguments: argparse.Namespace) -> str:
    """The address of the gradebook: as given, or as the folder of the class says."""
    from pathlib import Path

    from course_utils.tools.labs.returning.gradebook import address

    return arguments.gradebook or address(Path(arguments.output))
