"""The command `course`: help without TensorFlow, one line for every complaint, exit status by meaning."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from course_utils.errors import CourseError
from course_utils.tools import cli


def course(*arguments: str) -> subprocess.CompletedProcess:
    """Run `python -m course_utils` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "course_utils", *arguments], capture_output=True, text=True, timeout=60
    )


def only_line(text: str) -> str:
    """The text, which has to be one line."""
    assert text.endswith("\n") and text.count("\n") == 1, text
    return text.rstrip()


HELP = """
import sys
from course_utils.tools.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code, stop.code
assert not {"tensorflow", "keras", "matplotlib"} & set(sys.modules), "--help imports a heavy package"
"""


@pytest.mark.parametrize("command", [None, *cli.COMMANDS])
def test_help_answers_without_heavy_packages(command):
    arguments = ["--help"] if command is None else [command, "--help"]
    done = subprocess.run([sys.executable, "-c", HELP, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"usage: course {command or '['}" in done.stdout and not done.stderr


def test_every_command_is_listed_with_its_help():
    text = "".join(course("--help").stdout.split())
    for name, module in cli.COMMANDS.items():
        command = importlib.import_module(f"course_utils.tools.commands.{module}")
        assert command.HELP and "\n" not in command.HELP
        assert "".join(f"{name}{command.HELP}".split()) in text


def test_every_command_module_is_a_command():
    folder = Path(cli.__file__).parent / "commands"
    modules = [".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("[!_]*.py")]
    assert sorted(cli.COMMANDS.values()) == sorted(modules)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], *([name, "--nonsense"] for name in cli.COMMANDS)])
def test_wrong_use_exits_2_with_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    captured = capsys.readouterr()
    assert stop.value.code == 2 and not captured.out
    assert "--help" in only_line(captured.err)


def typed_options():
    """Every option of every command whose values are parsed, with what must precede it on the command line."""
    (commands,) = (action for action in cli.build_parser()._actions if isinstance(action.choices, dict))
    for command, parser in commands.choices.items():
        needed = [command]
        for action in parser._actions:
            if action.required:
                needed += [*action.option_strings[:1], "something"]
        for action in parser._actions:
            if action.option_strings and action.type not in (None, Path):
                yield pytest.param(needed, action.option_strings[-1], id=f"{command} {action.option_strings[-1]}")


@pytest.mark.parametrize(("needed", "option"), [*typed_options()])
@pytest.mark.parametrize("nonsense", ["abc", "", "-1", "nan", "9" * 400, "\u0663.5"], ids=lambda text: ascii(text)[:9])
def test_nonsense_for_an_option_is_refused_by_its_name(needed, option, nonsense, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*needed, f"{option}={nonsense}"])
    line = only_line(capsys.readouterr().err)
    assert stop.value.code == 2 and f"argument {option}: " in line and "; give " in line
    # Neither the name of a parsing function nor "invalid parse value", argparse's words for one that raises.
    assert not re.search(r"\b_\w|\binvalid\b", line), line


def test_script_and_module_are_the_same():
    script = Path(sysconfig.get_path("scripts"), "course")
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="course")
    assert entry.load() is cli.main
    done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == course("--help").stdout
    wrong = course("nonsense")
    assert wrong.returncode == 2 and not wrong.stdout
    assert only_line(wrong.stderr).startswith("course: ")


@pytest.mark.parametrize(
    ("raised", "status", "line"),
    [
        (CourseError("There is no folder x. Get it with `course data x`."), 2, "course: There is no folder x. Get it"),
        (KeyboardInterrupt(), 130, "course: interrupted"),
    ],
)
def test_exceptions_a_user_causes_become_one_line(raised, status, line, monkeypatch, capsys):
    from course_utils.tools.commands import doctor

    def fail(arguments):
        raise raised

    monkeypatch.setattr(doctor, "run", fail)
    assert cli.main(["doctor"]) == status
    captured = capsys.readouterr()
    assert only_line(captured.err).startswith(line) and not captured.out


def test_status_of_a_command_is_the_status_of_course(monkeypatch):
    from course_utils.tools.commands import doctor

    monkeypatch.setattr(doctor, "run", lambda arguments: 1)
    assert cli.main(["doctor"]) == 1


def test_mistakes_of_the_course_keep_their_traceback(monkeypatch):
    from course_utils.tools.commands import doctor

    monkeypatch.setattr(doctor, "run", lambda arguments: {}["missing"])
    with pytest.raises(KeyError):
        cli.main(["doctor"])
