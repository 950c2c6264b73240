"""A gradebook on a PostgreSQL server that is started for the test."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import pytest
from classroom import TRUTH, write_answer
from guide import commands, translated
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from traitlets.config import PyFileConfigLoader

from course_utils.tools import cli
from course_utils.tools.labs.returning import gradebook

PASSWORD = "a-secret"


def program(name):
    """Where a program of PostgreSQL's server is; skips where there is none."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    if found is None:
        pytest.skip("needs PostgreSQL's server (Debian, Ubuntu: apt install postgresql)")
    return found


@pytest.fixture(scope="module")
def folder():
    """A temporary folder, not below pytest's, which is closed to other users."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def server(folder):
    """The URL, with its password, of an empty database `marks`."""
    initdb, postgres, rights = program("initdb"), program("postgres"), {}
    if os.getuid() == 0:  # the server refuses to run as root
        nobody = pwd.getpwnam("nobody")
        rights = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    options = ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [initdb, f"--pgdata={folder / 'data'}", "--username=marker", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **rights)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        command = [postgres, "-D", folder / "data", "-F", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **rights)
    try:
        url = f"postgresql://marker:{PASSWORD}@127.0.0.1:{port}"
        engine = create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + 300
        while True:
            try:
                with engine.connect() as connection:
                    connection.execute(text("CREATE DATABASE marks"))
                break
            except OperationalError:
                assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.2)
        engine.dispose()
        yield f"{url}/marks"
    finally:
        process.terminate()
        process.wait(120)


def test_a_term_with_the_gradebook_on_a_server(server, course, needs_sandbox, monkeypatch, capsys):
    """The guide's command; then every other command and Formgrader find the same marks, without being told where."""
    (course / "in").rename(course / "handed-in")
    (course / "labs" / "gradebook.db").unlink()
    monkeypatch.chdir(course)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    without = server.replace(f":{PASSWORD}", "")
    [command] = commands("A gradebook on PostgreSQL")
    marking = [without if word.startswith("postgresql://") else word for word in translated(command)[1:]]
    assert marking != translated(command)[1:] and cli.main(marking) == 0
    rows = gradebook.student_rows(server, "small")
    assert {row["student"]: row["points"] for row in rows} == {student: sum(got) for student, got in TRUTH.items()}

    with gradebook.opened(server) as opened:
        grade = opened.find_grade("words", "small", "small", "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        opened.db.commit()
    (course / "in").symlink_to("handed-in")
    # NUL is a character that PostgreSQL refuses, and half a surrogate pair one that no database takes.
    write_answer(course, "cy", "count", 'def count_even(numbers):\n    raise ValueError("\\0 \\ud800 odd")')
    shutil.rmtree(course / "labs" / "results")
    assert cli.main(["grade", "handed-in"]) == 0
    again = gradebook.student_rows(server, "small")
    assert [(row["student"], row["points"]) for row in again] == [
        (row["student"], row["points"] + Decimal("1.5") * (row["student"] == "ada")) for row in rows
    ]

    assert cli.main(["feedback", "small"]) == cli.main(["export", "small"]) == 0
    assert "ada,9.5" in (course / "labs" / "exports" / "small-csv.csv").read_text()
    assert "9.5" in (course / "labs" / "feedback" / "ada" / "small" / "small.html").read_text()
    assert not (course / "labs" / "gradebook.db").exists()

    settings = PyFileConfigLoader("nbgrader_config.py", path=str(course / "labs")).load_config()
    seen = NbGraderAPI(CourseDirectory(config=settings)).get_submission("small", "ada")
    assert seen["score"] == 9.5 and seen["autograded"]
    written = [path.read_bytes() for path in (course / "labs").rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in content for content in written)
    capsys.readouterr()


def test_what_is_wrong_with_a_server_is_told_without_the_password(server, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://marker:{PASSWORD}@127.0.0.1:{free.getsockname()[1]}/marks"
        refused = export(nowhere, capsys)
    assert "connection" in refused and "refused" in refused
    assert "no password" in export(server.replace(f":{PASSWORD}", ""), capsys)
    assert "authentication failed" in export(server.replace(PASSWORD, "wrong"), capsys)
    assert "does not exist" in export(server.replace("/marks", "/other"), capsys)
    assert "needs a URL" in export(f"marker {PASSWORD}", capsys)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "comes with the extra postgres" in export(server, capsys)


def export(url, capsys):
    """What the command complains about."""
    assert cli.main(["export", "small", "--gradebook", url]) == 2
    captured = capsys.readouterr()
    assert PASSWORD not in captured.out + captured.err and "wrong@" not in captured.err
    return " ".join(captured.err.split())
