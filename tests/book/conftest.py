"""The book, built once for all tests; or a built one, whose folder COURSE_BOOK names."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book"))


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Path:
    """The folder of the site's pages, built as `make book` builds it; by whichever test process comes first."""
    if built := os.environ.get("COURSE_BOOK"):
        return Path(built).resolve()
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(shared / "book.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log = shared / "book.log"
        if not log.exists():
            done = build(shared / "book")
            log.write_text(f"{done.returncode}\n{done.stdout}{done.stderr}")
    status, _, text = log.read_text().partition("\n")
    assert status == "0", text
    return shared / "book" / "html"


def build(output: Path) -> subprocess.CompletedProcess:
    """Run the command behind `make book`, without a setting for the launch buttons."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_")}
    command = [sys.executable, str(ROOT / "book" / "build.py"), "--output", str(output)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)
