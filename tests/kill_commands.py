"""Kill commands by SIGKILL, start them again as their user would, and compare with what comes of it when nobody kills.

    python tests/kill_commands.py --kills 20 grade predict   # so many kills of each of these cases, or of all of them
    python tests/kill_commands.py --every submit             # before every operation on a file
    python tests/kill_commands.py --kills 99 --minutes 5     # as many as five minutes of each case allow

Half of the kills come right before an operation on a file (every one of a process is as likely), the others at random
moments. Each command runs in a process of its own: a fork of one that has imported what it takes, so that no time goes
by with importing. After every kill each file must be what it was before or what it is in the end; after the last start
nothing else may be left: no half-written file, no lock, no folder in the place for temporary files, no process.
"""

import argparse
import contextlib
import importlib
import io
import math
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / part) for part in ("training", "tools/labs", "tools/students"))]

# TensorFlow's first operation starts threads, which no fork has.
os.environ["COURSE_BACKEND"] = "cold"

from course_utils.tools import cli  # noqa: E402 (where the project is has just been said)

MARK = "COURSE_KILLED"
"""In the environment of a killed process and of all that it starts, with the folder of the trial."""
LONGEST = 600.0
"""Seconds that a command may take."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "sqlite3.connect"}


@dataclass(frozen=True)
class Case:
    """A command to kill.

    Attributes:
        command: its command line, in the folder that `prepare` fills.
        prepare: fills a folder.
        passes: files that hold something else on the way, such as a log, by the beginnings of their paths.
        changed: files that are not the same in two undisturbed runs, each with what makes them comparable, by suffix.
        again: what to add to the command line when the file stands there, as (file, option).
        modules: imported before the process begins.
        status: of the undisturbed command.
        begin: called in the process before the command.
    """

    command: tuple[str, ...]
    prepare: Callable[[Path], object]
    passes: tuple[str, ...] = ()
    changed: dict[str, Callable[[bytes], object]] = field(default_factory=dict)
    again: tuple[str, str] | None = None
    modules: tuple[str, ...] = ()
    status: int = 0
    begin: Callable[[], object] = lambda: None


class Broken(AssertionError):
    """A kill has done harm."""


def in_a_process(work: Callable[[], object]) -> None:
    """Do something in a fork of this process, which stays one that nothing was computed in: threads survive no fork."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
    assert os.waitpid(child, 0)[1] == 0, "what is to be killed could not be prepared"


def contents(folder: Path, changed=None) -> dict[str, object]:
    """All files of a folder by their path; a data base as its rows, without times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink() or not path.is_file() or "/tensorboard/" in name:  # whose names hold process and time
            continue
        if is_litter(name):
            found[name] = None
        elif path.suffix == ".db":
            found[name] = _rows(path)
        else:
            read = next((read for end, read in (changed or {}).items() if name.endswith(end)), lambda content: content)
            found[name] = read(path.read_bytes())
    return found


def _rows(path: Path) -> list:
    with contextlib.closing(sqlite3.connect(path)) as base:
        if (found := base.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise Broken(f"{path}: {found}")
        tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        # Ids are drawn at random, and rows that refer to others do so by these.
        rows = {name: base.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    return [(name, sorted(repr([_plain(value) for value in row]) for row in some)) for name, some in rows.items()]


def _plain(value):
    """The value of a column, without ids and times."""
    drawn = isinstance(value, str) and (
        (len(value) == 32 and set(value) <= set("0123456789abcdef")) or value[:2] == "20"
    )
    return "drawn" if drawn else value


def is_litter(name: str) -> bool:
    """Whether a file or folder is one that no command may leave."""
    last = name.rpartition("/")[2]
    return ".partial" in name or last.endswith((".lock", "-journal", "-wal", ".tmp"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


class Trial:
    """A folder in which a command is started, killed, and started again.

    Args:
        case: what to kill.
        template: the folder as it is before.
        place: where to work, a folder that does not exist.
    """

    def __init__(self, case: Case, template: Path, place: Path):
        self.case, self.folder, self.temporary = case, place / "at work", place / "tmp"
        shutil.copytree(template, self.folder, symlinks=True)
        self.temporary.mkdir()

    def start(self, kill_at: int | None = None, after: float | None = None) -> tuple[int, int, float]:
        """Run the command.

        Args:
            kill_at: number of the operation on a file before which it is killed.
            after: seconds after which it is killed.

        Returns:
            its status (negative: the signal), how many operations on files it began, and how many seconds it took.
        """
        counter = Path(f"{self.temporary}.counted")
        started, child = time.monotonic(), os.fork()
        if not child:
            self._become(counter, kill_at)
        status = None
        while status is None:
            done, code = os.waitpid(child, os.WNOHANG)
            passed = time.monotonic() - started
            if done:
                status = os.waitstatus_to_exitcode(code)
            elif (after is not None and passed >= after) or passed > LONGEST:
                os.kill(child, signal.SIGKILL)
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            else:
                time.sleep(0.001)
        return status, counter.stat().st_size if counter.exists() else 0, time.monotonic() - started

    def _become(self, counter: Path, kill_at: int | None) -> None:
        """The process that is killed: never returns."""
        status = 70
        try:
            os.setsid()
            os.environ[MARK] = str(self.folder)
            for name in ("TMPDIR", "TMP", "TEMP"):
                os.environ[name] = str(self.temporary)
            tempfile.tempdir = str(self.temporary)
            os.chdir(self.folder)
            with open(f"{self.temporary}.said", "wb") as said, open(os.devnull, "rb") as nothing:
                os.dup2(nothing.fileno(), 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
            streams = (os.fdopen(number, "wb", 0) for number in (1, 2))
            sys.stdout, sys.stderr = (io.TextIOWrapper(stream, "utf-8", write_through=True) for stream in streams)
            self._count(os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), kill_at)
            self.case.begin()
            command = [*self.case.command]
            if self.case.again and Path(self.case.again[0]).exists():
                command.append(self.case.again[1])
            status = cli.main(command)
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status if isinstance(status, int) else 70)

    def _count(self, counter: int, kill_at: int | None) -> None:
        """Note every operation on a file that is about to happen, and kill the process before one of them."""
        inside, seen = (str(self.folder.parent), f"{self.folder}"), 0

        def hook(event, arguments):
            nonlocal seen
            if event == "open":
                changing = arguments[2] & _WRITING and not str(arguments[0]).startswith("/dev")
            else:
                changing = event in _CHANGES
            if not changing or (os.path.isabs(str(arguments[0])) and not str(arguments[0]).startswith(inside)):
                return
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(counter, b".")

        sys.addaudithook(hook)

    @property
    def said(self) -> str:
        """What the command wrote last."""
        return Path(f"{self.temporary}.said").read_text("utf-8", "replace")[-2000:]

    def orphans(self) -> list[psutil.Process]:
        """Processes that the command started and that still run."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid != os.getpid() and process.environ().get(MARK) == str(self.folder):
                    found.append(process)
        return found

    def wait_for_orphans(self) -> None:
        """Let what a killed command started end by itself.

        Raises:
            Broken: it does not.
        """
        deadline = time.monotonic() + 30
        while there := self.orphans():
            if time.monotonic() > deadline:
                names = [" ".join(process.cmdline())[-100:] for process in there]
                for process in there:
                    process.kill()
                raise Broken(f"processes of the killed command go on: {names}")
            time.sleep(0.05)

    def contents(self) -> dict[str, object]:
        """What stands in the folder now."""
        return contents(self.folder, self.case.changed)


class Campaign:
    """Trials of one case.

    Args:
        case: the case.
        place: a folder to work in.
        rng: draws the moments.
    """

    def __init__(self, case: Case, place: Path, rng: random.Random):
        self.case, self.place, self.rng = case, place, rng
        for name in case.modules:
            importlib.import_module(name)
        cli.build_parser()
        self.template = place / "template"
        self.template.mkdir(parents=True)
        in_a_process(lambda: case.prepare(self.template))
        self.before = contents(self.template, case.changed)
        whole = Trial(case, self.template, place / "whole")
        status, self.operations, self.seconds = whole.start()
        if status != case.status:
            raise Broken(f"undisturbed, it ended with {status}: {whole.said}")
        self.after = whole.contents()
        self._check_end(whole)

    def trial(self, number: int, times: int, at: int | None = None) -> int:
        """Kill the command some times, and let it end.

        Args:
            number: of the trial.
            times: that it is killed, if it does not end before.
            at: the operation before which it is killed at first; drawn when omitted.

        Returns:
            how many kills hit.
        """
        trial, hits, moments = Trial(self.case, self.template, self.place / f"trial {number}"), 0, []
        try:
            for _ in range(times):
                by_operation = at is not None or (self.operations and self.rng.random() < 0.5)
                moment = {"kill_at": at or self.rng.randint(1, self.operations)} if by_operation else {}
                moment = moment or {"after": self.rng.uniform(0, 1.1 * self.seconds)}
                at = None
                moments.append(moment)
                status = trial.start(**moment)[0]
                if status != -signal.SIGKILL:
                    break
                hits += 1
                trial.wait_for_orphans()
                self._check_between(trial)
            else:
                status = trial.start()[0]
            if status != self.case.status:
                raise Broken(f"started again, it ended with {status}: {trial.said.strip().splitlines()[-1:]}")
            self._check_end(trial)
            now = trial.contents()
            different = sorted(name for name in now.keys() | self.after.keys() if now.get(name) != self.after.get(name))
            if different:
                raise Broken(f"not as without a kill: {different[:5]}")
        except Broken as error:
            raise Broken(f"trial {number}, {moments}: {error}") from None
        shutil.rmtree(trial.folder.parent)
        return hits

    def _check_between(self, trial: Trial) -> None:
        """Every file is as before or as in the end."""
        for name, content in trial.contents().items():
            if is_litter(name) or name.endswith(".db") or name.startswith(self.case.passes):
                continue
            if content not in (self.before.get(name), self.after.get(name)):
                raise Broken(f"{name} is neither what it was nor what it becomes")

    def _check_end(self, trial: Trial) -> None:
        trial.wait_for_orphans()
        left = [str(path.relative_to(trial.folder)) for path in trial.folder.rglob("*")]
        litter = [name for name in left if is_litter(name)]
        # TensorFlow and Keras remove what they make when they end, and of killed processes never: a few lines of code,
        # and folders in which there is nothing yet.
        temporary = {path.name for path in trial.temporary.iterdir() if path.is_file() or any(_files(path))}
        litter += [f"$TMPDIR/{name}" for name in temporary if not name.startswith("__autograph_generated_file")]
        if litter:
            raise Broken(f"left behind: {sorted(litter)[:5]}")


def main() -> int:
    """Try what the command line says; the status is 1 if a kill does harm."""
    from killed_cases import CASES

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}; all when omitted")
    parser.add_argument("--kills", type=int, default=20, help="of each case, at least")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of each case, at most, after its preparation")
    parser.add_argument("--every", action="store_true", help="kill before every operation on a file, once")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    harm = 0
    for name in arguments.cases or CASES:
        rng, hits, trials, failures = random.Random(f"{name} {arguments.seed}"), 0, 0, []
        with tempfile.TemporaryDirectory(prefix="kills-") as place:
            try:
                campaign = Campaign(CASES[name], Path(place), rng)
            except Broken as error:
                print(f"{name:16} {error}", flush=True)
                harm += 1
                continue
            wanted = range(1, campaign.operations + 1) if arguments.every else iter(lambda: None, 1)
            started = time.monotonic()
            for at in wanted:
                enough = not arguments.every and hits >= arguments.kills
                if enough or time.monotonic() > started + 60 * arguments.minutes:
                    break
                trials += 1
                try:
                    hits += campaign.trial(trials, 1 if at else rng.randint(1, 2), at)
                except Broken as error:
                    hits += 1
                    failures.append(str(error))
        harm += len(failures)
        say = f"{campaign.operations} operations, {campaign.seconds:.1f} s; {hits} kills in {trials} trials"
        print(f"{name:16} {say}, {len(failures)} with harm", flush=True)
        for failure in failures[:8]:
            print(f"    {failure}", flush=True)
    return 1 if harm else 0


if __name__ == "__main__":
    sys.exit(main())
