"""`course run`: chooses notebooks, checks what is asked, goes on after a failure, and says where the results are."""

import json
from pathlib import Path

import nbformat
import pytest

from course_utils import machine
from course_utils.tools import cli
from course_utils.tools.notebooks.execution import execute as machinery
from course_utils.tools.notebooks.execution.result import Result

PARAMETERS = 'fast = False\nseed = 0\noutput_dir = "../runs"'
WITH_DATA = PARAMETERS + '\ndataset = "toy_streets"\ndata_dir = None'
WRITES = "from pathlib import Path\nfolder = Path(output_dir, 'segnet')\nfolder.mkdir(parents=True)\n"
WRITES += "(folder / 'config.json').write_text('{}')"


def write(path: Path, *cells: str) -> Path:
    """A notebook whose first cell is the parameters cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder of a course with three notebooks; the current directory."""
    write(tmp_path / "notebooks" / "01_one.ipynb", PARAMETERS, "print(fast)", WRITES)
    write(tmp_path / "notebooks" / "02_bad.ipynb", PARAMETERS, "print(undefined)")
    write(tmp_path / "notebooks" / "05_data.ipynb", WITH_DATA)
    monkeypatch.setattr(machine, "checkout", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def executed(monkeypatch):
    """Instead of executing, note the notebooks and the values they are given."""
    seen = []

    def note(notebook, output, values, **options):
        seen.append((notebook.stem, values))
        return Result(notebook.stem, "")

    monkeypatch.setattr(machinery, "execute", note)
    return seen


def test_others_run_after_a_failure(course, capsys):
    """For real: exit status 1, a report with the failure, executed copies, and the produced folder."""
    before = {path: path.read_bytes() for path in (course / "notebooks").iterdir()}
    assert cli.main(["run", "02", "01", "--fast", "--output", "out"]) == 1
    out, err = capsys.readouterr()
    page = (course / "out" / "index.html").read_text()
    assert "1 of 2 passed" in page and "NameError" in page and "print(undefined)" in page
    assert "02_bad: failed" in err and "01_one: passed" in err and "cell 2 of 3" in err
    assert "True\\n" in (course / "out" / "01_one.ipynb").read_text() and (course / "out" / "02_bad.ipynb").is_file()
    assert (course / "out" / "runs" / "segnet" / "config.json").is_file() and 'href="runs/segnet"' in page
    assert (
        f"Produced: {Path('out', 'runs', 'segnet').resolve()}" in out and f"Report: {Path('out', 'index.html')}" in out
    )
    assert {path: path.read_bytes() for path in (course / "notebooks").iterdir()} == before


def test_json(course, executed, capsys):
    assert cli.main(["run", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [notebook["name"] for notebook in printed["notebooks"]] == ["01_one", "02_bad", "05_data"]
    assert Path(printed["report"]) == Path("reports", "index.html")
    assert {"status", "seconds", "peak_memory", "cells", "error", "runs"} <= set(printed["notebooks"][0])


def test_values_reach_the_notebooks_that_take_them(course, executed, capsys):
    (course / "streets").mkdir()
    options = ["--dataset", "camvid", "--data-dir", "streets", "--fast", "-p", "seed", "7"]
    assert cli.main(["run", *options]) == 0
    runs = str(course / "reports" / "runs")
    plain = {"seed": 7, "fast": True, "output_dir": runs}
    data = plain | {"dataset": "camvid", "data_dir": str(course / "streets")}
    assert sorted(executed, key=str) == [("01_one", plain), ("02_bad", plain), ("05_data", data)]
    assert "01_one has no parameter dataset: it runs without" in capsys.readouterr().err


def test_produced_folders_go_to_the_notebook_whose_number_they_bear(course, monkeypatch, capsys):
    """Others may have been written by a notebook that ran at the same time."""

    def write_both(notebook, output, values, **options):
        for name in ("01_net", "05_net", "other"):
            Path(values["output_dir"], name).mkdir(parents=True, exist_ok=True)
        return Result(notebook.stem, "")

    monkeypatch.setattr(machinery, "execute", write_both)
    assert cli.main(["run", "01", "05", "--jobs", "2", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["notebooks"]
    assert [Path(run).name for run in first["runs"]] == ["01_net", "other"]
    assert [Path(run).name for run in second["runs"]] == ["05_net", "other"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["03"], "no notebook '03'; there are: 01_one, 02_bad, 05_data"),
        (["elsewhere/x.ipynb"], "no notebook elsewhere/x.ipynb"),
        (["01", "--dataset", "camvid"], "01_one.ipynb has no parameter 'dataset'; it has fast, seed, output_dir"),
        (["-p", "sede", "1"], "has no parameter 'sede'"),
        (["-p", "seed", "x"], "cannot be 'x'"),
        (["05", "--dataset", "citiscapes"], "choose one of"),
        (["05", "--data-dir", "nowhere"], "--data-dir nowhere is not a folder"),
        (["--output", "notebooks"], "choose another folder"),
    ],
)
def test_wrong_use_executes_nothing(course, executed, capsys, arguments, message):
    assert cli.main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert not executed and not (course / "reports").exists()


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--jobs", "abc", "give a whole number of at least 1"),
        ("--jobs", "0", "give a whole number of at least 1"),
        ("--timeout", "soon", "give a number above 0"),
        ("--cell-timeout", "0", "give a number above 0"),
    ],
)
def test_a_wrong_value_is_answered_with_the_option_and_the_remedy(course, executed, capsys, option, value, remedy):
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "01", option, value])
    assert ended.value.code == 2 and not executed
    message = capsys.readouterr().err
    assert f"argument {option}: '{value}' is " in message and remedy in message


def test_an_unreadable_notebook_is_named(course, executed, capsys):
    (course / "notebooks" / "06_cut.ipynb").write_text('{"cells": [')
    assert cli.main(["run"]) == 2 and "06_cut.ipynb" in capsys.readouterr().err


def test_without_notebooks(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(machine, "checkout", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run"]) == 2 and "clone" in capsys.readouterr().err
    (tmp_path / "notebooks").mkdir()
    assert cli.main(["run"]) == 2 and "make notebooks" in capsys.readouterr().err


def test_an_interrupt_stops_after_the_report(course, monkeypatch):
    def interrupted(notebook, output, values, **options):
        return Result(notebook.stem, "", "interrupted")

    monkeypatch.setattr(machinery, "execute", interrupted)
    assert cli.main(["run"]) == 130
    assert "0 of 1 passed" in (course / "reports" / "index.html").read_text()


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", "3", "null", '{"cells": 1}', '{"nbformat": 4}', '{"nbformat": "x", "cells": []}', "[" * 100_000, "",
     '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}', "\xff"],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_a_file_that_is_no_notebook_is_one_line(course, executed, capsys, content):
    (course / "bad.ipynb").write_text(content, "latin-1")
    assert cli.main(["run", "bad.ipynb"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("course: bad.ipynb is not a notebook that can be read") and not executed


@pytest.mark.parametrize("place", ["file", "file/below", "file/below/more"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(course, executed, capsys, place):
    (course / "file").write_text("kept")
    assert cli.main(["run", "01", "--output", place]) == 2
    assert "--output" in capsys.readouterr().err and not executed
    assert (course / "file").read_text() == "kept"


def test_a_home_folder_in_the_output_is_meant(course, executed, monkeypatch):
    monkeypatch.setenv("HOME", str(course / "home"))
    assert cli.main(["run", "01", "--output=~/out"]) == 0
    assert (course / "home" / "out" / "index.html").is_file() and not (course / "~").exists()


def tag(path: Path, *numbers: int):
    """Mark cells of a notebook as its core path."""
    notebook = nbformat.read(path, as_version=4)
    for number in numbers:
        notebook.cells[number].metadata.setdefault("tags", []).append("core")
    nbformat.write(notebook, path)


def test_the_core_runs_alone(course, monkeypatch, capsys):
    """The cells that are not tagged are left out, and the committed notebook stays as it is."""
    path, seen = course / "notebooks" / "02_bad.ipynb", []
    tag(path, 0)
    before = path.read_bytes()

    def note(notebook, output, values, **options):
        seen.append(
            (notebook.name, [cell.source for cell in nbformat.read(notebook, as_version=4).cells], values["fast"])
        )
        return Result(notebook.stem, "")

    monkeypatch.setattr(machinery, "execute", note)
    assert cli.main(["run", "02", "--core", "--fast"]) == 0
    assert cli.main(["run", "--core", "--fast"]) == 0
    assert seen == [("02_bad.ipynb", [PARAMETERS], True)] * 2 and path.read_bytes() == before


def test_a_notebook_without_a_core_is_named(course, executed, capsys):
    assert cli.main(["run", "01", "--core"]) == 2
    assert "01_one has no core path" in capsys.readouterr().err
    assert cli.main(["run", "--core"]) == 2
    assert "None of the notebooks has a core path" in capsys.readouterr().err
    assert executed == []
