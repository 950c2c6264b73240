"""The command `course`: parses the command line and hands over to `course_utils.tools.commands`."""

import argparse
import errno
import importlib
import json
import sys
import time
from pathlib import Path

from course_utils.errors import CourseError, one_line
from course_utils.machine import process_started
from course_utils.tools import streams
from course_utils.tools.edition import edition
from course_utils.tools.extras import advice_on

COMMANDS = {
    **{name: name for name in ("doctor", "data", "run", "train", "evaluate", "predict")},
    "export-model": "export_model",
    **{name: f"students.{name}" for name in ("lab", "check", "submit")},
    **{name: f"instructors.{name}" for name in ("release", "grade", "feedback", "export", "report")},
    "class": "instructors.classroom",
}
"""The commands, each with its module in `course_utils.tools.commands`."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line.

    Attributes:
        intermixed: whether options may stand between the places of one argument (a command's `configure` sets it).
        as_json: whether the command line asks for JSON, of all parsers at once.
    """

    intermixed = False
    as_json = False

    def parse_known_args(self, args=None, namespace=None):
        if not self.intermixed:
            return super().parse_known_args(args, namespace)
        self.intermixed = False  # what is called here comes back here
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.intermixed = True

    def _print_message(self, message, file=None):
        if message:  # argparse takes no notice of help that cannot be written
            (file or sys.stderr).write(message)

    def error(self, message):
        message = one_line(message)
        if self.as_json:
            print(json.dumps({"error": message}))
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of `course` with every subcommand."""
    parser = _Parser(prog="course", description="Semantic segmentation: the course's tools.")
    parser.add_argument("--version", action="version", version=f"course {edition()}", help="the edition of the course")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = importlib.import_module(f"course_utils.tools.commands.{module}")
        subparser = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.configure(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: the arguments after `course`; those of the process when omitted.

    Returns:
        0 on success, 2 for wrong use, wrong input or a missing extra (one line on standard error, and with `--json` as
        "error" on standard output), 130 when interrupted; a command may return 1 for a finding, such as a failed
        notebook, and for work that began and cannot be finished, such as a training that does not fit into memory.
    """
    streams.open_missing()
    with streams.messages_may_be_lost():
        return _main(argv)


def _main(argv: list[str] | None) -> int:
    _Parser.as_json = "--json" in (sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a file or terminal that cannot show a letter costs no results
    try:
        parser = build_parser()
        _refuse_empty(parser, sys.argv[1:] if argv is None else argv)
        arguments = parser.parse_args(argv)
        # A command that was typed has begun with its process: imports and parsing count as its time.
        arguments.started = process_started() if argv is None else time.monotonic()
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except SystemExit:  # help and version, too, are lost where they cannot be written
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            streams.drop(sys.stdout)
        except OSError as error:
            return _failed(_about(error))
        raise
    except CourseError as error:
        return _failed(str(error), error.status)
    except ModuleNotFoundError as error:
        if (advice := advice_on(error.name)) is None:
            raise
        return _failed(advice)
    except BrokenPipeError:
        # Whoever read the output has seen enough (`course ... | head`).
        streams.drop(sys.stdout)
        return 0
    except OSError as error:
        return _failed(_about(error))
    except Exception as error:
        if str(error).startswith("Symlink loop"):  # a RuntimeError of `Path.resolve` before Python 3.13
            return _failed(f"{error}: this link leads back to itself; name another place.")
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
            return _failed("The memory does not suffice: end other programs, or ask for smaller images.", 1)
        raise
    except KeyboardInterrupt:
        print("course: interrupted", file=sys.stderr)
        return 130


def _about(error: OSError) -> str:
    """What to say of a file or place that cannot be used."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror or error}; check the place, or name another one."
    try:
        Path.cwd()
    except OSError:
        return "The current folder is gone: change into one that exists."
    if error.errno == errno.ENOENT:  # what `tempfile` raises
        return f"There is no place for temporary files ({one_line(str(error))}): let TMPDIR name a folder."
    streams.drop(sys.stdout)
    return f"standard output: {error.strerror or error}; check the place, or name another one."


def _refuse_empty(parser: argparse.ArgumentParser, argv: list[str]) -> None:
    """An empty argument comes from a variable that was not set; taken for a path, it would be the current folder."""
    before = None
    for number, argument in enumerate(argv):
        if argument == "--":  # what follows is for JupyterLab
            return
        if argument == "" and not {*argv[max(0, number - 2) : number - 1]} & {"-p", "--parameter"}:
            parser.error(
                f"argument {before}: is empty; give a value" if before else "an argument is empty: leave it out"
            )
        if argument.startswith("--") and argument.endswith("="):
            parser.error(f"argument {argument[:-1]}: is empty; give a value")
        before = argument if argument.startswith("-") else None


def _failed(message: str, status: int = 2) -> int:
    """Say what went wrong; the status of the process."""
    message = one_line(message)
    print(f"course: {message}", file=sys.stderr)
    if _Parser.as_json:
        print(json.dumps({"error": message}))
    return status
