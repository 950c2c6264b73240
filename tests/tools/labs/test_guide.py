"""The instructor's guide: every command in it, in its order, on a small lab and a small class."""

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import jupytext
import nbformat
import pytest
from classroom import TRUTH
from guide import GUIDE, SERVERS, commands, translated
from small_lab import SOURCE

from course_utils.tools import cli
from course_utils.tools.labs.lab.dues import moment, read_rules
from course_utils.tools.labs.returning import gradebook


@pytest.fixture
def term(course, monkeypatch):
    """The class of `classroom`, of which fay is late, before the lab is released; the current folder."""
    shutil.rmtree(course / "labs" / "source")
    notebook = jupytext.reads(SOURCE, fmt="py:percent")
    nbformat.write(notebook, course / "small.ipynb")
    (course / "in").rename(course / "handed-in")
    people = [*TRUTH, "zoe", "yan"]
    rows = [f'"{one.title()}, A",{number},u{number},{one},A,' for number, one in enumerate(people, 10)]
    (course / "gradebook.csv").write_text("\n".join(["Student,ID,SIS User ID,SIS Login ID,Section,small", *rows]))
    (course / "worksheet.csv").write_text("id,time\nada,2026-11-20 09:00\n")
    (course / "late").mkdir()
    (course / "handed-in" / "fay.ipynb").rename(course / "late" / "fay.ipynb")
    monkeypatch.chdir(course)
    return course


@contextlib.contextmanager
def jupyterlab(folder):
    """JupyterLab as the guide starts it; gives a function that reads an address as JSON."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.port={port}", "--IdentityProvider.token=known", "--no-browser", "--allow-root"]
    with (folder / "jupyter.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", *options]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def read(path):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers={"Authorization": "token known"})
        with urllib.request.urlopen(request, timeout=120) as reply:
            text = reply.read().decode()
        return json.loads(text) if path.startswith("formgrader/api") else text

    try:
        deadline = time.monotonic() + 300
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                read("api")
                break
            assert server.poll() is None and time.monotonic() < deadline, (folder / "jupyter.log").read_text()[-2000:]
            time.sleep(0.2)
        yield read
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)


def read_answers(folder):
    """What a person does: sees in Formgrader what waits, and gives 1.5 points to everybody."""
    with jupyterlab(folder) as read:
        waiting = read("formgrader/api/notebooks/small")
        assert waiting[0]["needs_manual_grade"] and waiting[0]["num_submissions"] == len(TRUTH)
        submissions = read("formgrader/api/submitted_notebooks/small/small")
        assert {one["student"]: one["code_score"] for one in submissions} == {
            student: sum(points) for student, points in TRUTH.items()
        }
        [ada] = [one["id"] for one in submissions if one["student"] == "ada"]
        assert "two and two are four" in read(f"formgrader/submissions/{ada}/")
    with gradebook.opened(f"sqlite:///{folder / 'gradebook.db'}") as opened:
        for student in TRUTH:
            grade = opened.find_grade("words", "small", "small", student)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
        opened.db.commit()


def test_a_whole_term(term, needs_sandbox, capsys):
    folder = term
    for command in commands():
        if command[0] == "cd":
            folder = (folder / command[1]).resolve()
        elif command == ["jupyter", "lab"]:
            read_answers(folder)
        else:
            assert command[0] == "course" and folder == term, command
            assert cli.main(translated(command)[1:]) == 0, command
    said = capsys.readouterr()
    assert "6 pages in" in said.err and "1 page in" in said.err
    students = (term / "labs" / "exports" / "small-csv.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:2] for line in students] == [
        [student, f"{sum(points) + 1.5:g}"] for student, points in sorted(TRUTH.items())
    ]
    assert {path.name for path in (term / "labs" / "exports").iterdir()} == {
        "all-csv.csv", "small-feedback-moodle.zip", "small-feedback-canvas.zip",
        *(f"small-{style}.csv" for style in ("csv", "canvas", "moodle")),
    }  # fmt: skip
    assert {path.name for path in (term / "labs" / "reports").iterdir()} == {"small.html", "small-written.html"}
    pages = {path.parts[-3]: path.read_text() for path in (term / "labs" / "feedback").rglob("small.html")}
    assert set(pages) == set(TRUTH) and "9.5" in pages["ada"]
    assert "4711" not in (term / "labs" / "release" / "small" / "small.ipynb").read_text() + "".join(pages.values())


def test_the_guide_is_about_every_command():
    told = {command[1] for command in commands() if command[0] == "course"}
    assert told == {"class", "release", "grade", "feedback", "export", "report"}
    assert all(commands(section) for section in SERVERS)


def test_the_guides_settings_are_settings(tmp_path):
    [block] = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.S | re.M)
    (tmp_path / "settings.toml").write_text(block)
    rules = read_rules(tmp_path, "04_unpooling")
    assert rules.due == moment("2026-11-20 23:59") and (rules.weight, rules.cap, rules.grace) == (2, 5, 15)


def test_no_page_names_a_file_that_is_missing():
    """Links of the guide, from where it lies."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", GUIDE.read_text())
    assert links and all((GUIDE.parent / link).exists() for link in links)
