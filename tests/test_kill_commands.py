"""Commands that are killed and given again: a few of the many kills that `kill_commands.py` tries."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "wanted",
    [("--every", "submit", "lab anew"), ("--kills", "3", "data"), ("--kills", "3", "class merge, files")],
    ids=["every operation", "data", "class"],
)
def test_a_killed_command_ends_as_if_nobody_had_killed_it(wanted):
    """In processes of their own, since no process that has computed something can be forked."""
    command = [sys.executable, str(Path(__file__).with_name("kill_commands.py")), *wanted]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(int(kills) > 2 for kills in re.findall(r"(\d+) kills", done.stdout)), done.stdout
    assert len(re.findall("0 with harm", done.stdout)) == len([name for name in wanted if name[0].islower()])
