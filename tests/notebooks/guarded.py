"""A command that cannot hang and leaves no process behind."""

import subprocess
import tempfile

from course_utils.tools.notebooks.execution.processes import Family


def run_guarded(command: list[str], timeout: float, **options) -> tuple[int, str]:
    """Run a command to its end or to its time limit, and leave no process behind either way.

    Args:
        command: program and arguments.
        timeout: seconds.
        **options: as for `Family`.

    Returns:
        The exit status and everything it wrote.

    Raises:
        subprocess.TimeoutExpired: it took longer; `.output` is what it had written so far.
    """
    # A file, not a pipe: an orphan that holds a pipe open would keep its reader waiting.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        with Family(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **options) as family:
            try:
                status = family.process.wait(timeout)
            except subprocess.TimeoutExpired as expired:
                family.kill()
                log.seek(0)
                expired.output = log.read()
                raise
        log.seek(0)
        return status, log.read()
