"""The command `course`: help without TensorFlow, one line for every complaint, exit status by meaning."""

import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from PIL import Image

from course_utils.errors import CourseError
from course_utils.tools import cli


def course(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess:
    """Run `python -m course_utils` in a process of its own."""
    command = [sys.executable, "-m", "course_utils", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


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
                needed += [*action.option_strings[:1], next(iter(action.choices or ["something"]))]
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
        (CourseError("There is no a\nb\u2028c."), 2, r"course: There is no a\nb\u2028c."),
        (OSError(2, "No usable temporary directory"), 2, "course: There is no place for temporary files"),
        (OSError(28, "No space left on device"), 2, "course: standard output: No space left"),
        (PermissionError(13, "Permission denied", "x"), 2, "course: x: Permission denied; check the place"),
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


def test_a_folder_that_is_gone_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(["run", "x.ipynb"]) == 2
    assert only_line(capsys.readouterr().err).startswith("course: The current folder is gone")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "run", "a.png", "--output", ""], "argument --output: is empty; give a value"),
        (["train", "SegNet", "--recipe=", "--output", "x"], "argument --recipe: is empty; give a value"),
        (["predict", "", "a.png", "--output", "x"], "an argument is empty"),
        (["run", "-p", "", "1"], "argument -p: is empty"),
    ],
)
def test_an_empty_argument_is_not_taken_for_the_current_folder(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert said in only_line(capsys.readouterr().err) and not [*tmp_path.iterdir()]


def test_a_parameter_may_be_an_empty_text_and_jupyterlab_gets_its_own_options():
    parser = cli.build_parser()
    for arguments in (["run", "-p", "name", ""], ["lab", "--", "--ServerApp.token=", ""]):
        cli._refuse_empty(parser, arguments)


def test_status_of_a_command_is_the_status_of_course(monkeypatch):
    from course_utils.tools.commands import doctor

    monkeypatch.setattr(doctor, "run", lambda arguments: 1)
    assert cli.main(["doctor"]) == 1


def test_mistakes_of_the_course_keep_their_traceback(monkeypatch):
    from course_utils.tools.commands import doctor

    monkeypatch.setattr(doctor, "run", lambda arguments: {}["missing"])
    with pytest.raises(KeyError):
        cli.main(["doctor"])


def test_a_failure_is_json_where_json_was_asked_for(monkeypatch, capsys):
    from course_utils.tools.commands import doctor

    def fail(arguments):
        raise CourseError("There is no folder x.")

    monkeypatch.setattr(doctor, "run", fail)
    assert cli.main(["doctor", "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": "There is no folder x."} and "There is no folder x." in captured.err
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--json", "--nonsense"])
    assert "--nonsense" in json.loads(capsys.readouterr().out)["error"]


def test_what_the_system_refuses_is_one_line(monkeypatch, capsys):
    from course_utils.tools.commands import doctor

    monkeypatch.setattr(doctor, "run", lambda arguments: Path("/nowhere/file").read_text())
    assert cli.main(["doctor"]) == 2
    assert only_line(capsys.readouterr().err).startswith("course: /nowhere/file: No such file or directory; ")


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
@pytest.mark.parametrize("command", [["run"], ["release"], ["check"], ["grade"], ["evaluate", "--predictions"]])
def test_a_link_to_itself_is_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle.ipynb").symlink_to("circle.ipynb")
    options = ["--dataset", "toy_streets", "--split", "val"] if command[0] == "evaluate" else []
    assert cli.main([*command, "circle.ipynb", *options]) == 2
    assert only_line(capsys.readouterr().err).startswith("course: ")


class ResourceExhaustedError(Exception):
    """Stands for TensorFlow's."""


@pytest.mark.parametrize(
    "error", [MemoryError(), ResourceExhaustedError("OOM when allocating\nHint: ...")], ids=["Python", "TensorFlow"]
)
def test_memory_that_does_not_suffice_is_one_line(error, monkeypatch, capsys):
    from course_utils.tools.commands import doctor

    def run(arguments):
        raise error

    monkeypatch.setattr(doctor, "run", run)
    assert cli.main(["doctor"]) == 1
    assert only_line(capsys.readouterr().err).startswith("course: The memory does not suffice: ")


PRINT = """
import sys
from course_utils.tools import cli
from course_utils.tools.commands import doctor
doctor.run = lambda arguments: print("mIoU \u2265 50 %, B\u00e4ume") or 0
sys.exit(cli.main(["doctor"]))
"""


@pytest.mark.parametrize(("encoding", "tree"), [("ascii", b"B?ume"), ("cp1252", b"B\xe4ume")])
def test_an_output_that_lacks_letters_costs_no_results(encoding, tree):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, env=environment, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"mIoU ? 50 %, " + tree, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_on_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", PRINT], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert only_line(done.stderr).startswith("course: standard output: No space left on device; ")


SAY = """
import sys
from course_utils.progress import Progress
from course_utils.tools import cli
from course_utils.tools.commands import doctor

def run(arguments):
    with open("written", "w") as file, Progress("Working", total=2) as progress:
        progress.update(1)
        print("of ours", file=sys.stderr)
        file.write("whole")
    print("figures")
    return 0

doctor.run = run
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="written for a shell of Unix")
@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", "<&- >&- 2>&-", ">&-"])
def test_work_is_done_where_nobody_takes_the_messages(streams, tmp_path):
    """A closed stream's number went to the first file that was opened, and a message that failed ended the work."""
    for argument, status in (("doctor", 0), ("nonsense", 2)):
        command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", SAY, argument]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (status, False)
        assert done.stdout == ("figures\n" if status == 0 and ">&-" not in streams.replace("2>&-", "") else "")
    assert (tmp_path / "written").read_text() == "whole"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written_is_no_success(option):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "course_utils", option]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert only_line(done.stderr).startswith("course: standard output: ")


def test_no_library_says_anything_beside_the_line(tmp_path):
    """Keras warns of files that it cannot read, TensorFlow logs, Pillow warns of large images."""
    config = {"model": "SegNet", "dataset": "camvid", "image_size": None, "num_classes": 11}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "best.keras").write_bytes(b"PK" + bytes(100))
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    command = ["predict", str(tmp_path), str(tmp_path / "photo.png"), "--output", str(tmp_path / "out")]
    done = course(*command, timeout=500)
    assert done.returncode == 2 and not done.stdout
    assert "best.keras cannot be loaded" in only_line(done.stderr)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--window", "1x1"], "argument --window: '1x1' is out of range; give sides of at least 16 pixels"),
        (["--window", "64x8"], "argument --window: '64x8' is out of range"),
        (["--scales", "nan"], "argument --scales: 'nan' is not a list of numbers"),
        (["--scales", "1,1000"], "argument --scales: '1000' is out of range; give a number above 0.1 and of at most 8"),
        (["--scales", "0.001"], "argument --scales: '0.001' is out of range"),
    ],
)
def test_views_that_show_nothing_or_never_end_are_refused(options, words, capsys):
    with pytest.raises(SystemExit):
        cli.main(["predict", "run", "photo.png", "--output", "out", *options])
    assert words in only_line(capsys.readouterr().err)
