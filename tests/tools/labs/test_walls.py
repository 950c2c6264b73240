"""What a student's process can reach: system calls by name, and what stays of it for the next one."""

import dataclasses
import os
import platform
import subprocess
import sys
import time

import pytest
from hostile import RIGHT
from refused_calls import REFUSED
from test_hostile import FULL, cell_of, points

from course_utils.tools.labs.sandbox import system_calls
from course_utils.tools.labs.sandbox.meter import PATIENCE, Meter

PLACE = {"x86_64": 0, "aarch64": 1}.get(platform.machine())

TRIES = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)

def double(values):
    passed = []
    for name, number in {numbers}.items():
        ctypes.set_errno(0)
        if libc.syscall(number, -1, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() not in (1, 38):
            passed.append(name)
    raise ValueError(f"{{len({numbers})}} refused, but {{passed}}")
"""


def test_every_other_system_call_is_refused(notebook, mark):
    """By name and number; a call that were let through would complain of its arguments."""
    numbers = {name: number[PLACE] for name, number in REFUSED.items() if number[PLACE] is not None}
    cell_of(notebook, "double").source = TRIES.format(numbers=numbers)
    assert f"{len(numbers)} refused, but []" in mark(notebook)["double"].message


@pytest.mark.parametrize("place", [0, 1])
def test_a_system_call_is_either_allowed_or_refused(place):
    allowed = {numbers[place]: name for name, numbers in system_calls.ALLOWED.items() if numbers[place] is not None}
    refused = {numbers[place]: name for name, numbers in REFUSED.items() if numbers[place] is not None}
    assert not allowed.keys() & refused.keys()
    gaps = set(range(451)) - allowed.keys() - refused.keys()
    reserved = set(range(335, 424)) if place == 0 else {38, 84, 163, 164, *range(244, 260), *range(295, 424)}
    assert gaps - reserved <= {18, 19, 20, 42, 180, 185, 211, 212, 213, 214, 215}, "every number has a name"


LOOKS = """
import os, signal
seen = sorted(os.listdir("/scratch") + os.listdir("/dev/shm") + os.listdir("/dev/"))
writable = []
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if f"{folder}/{name}" not in ("//usr", "//proc", "//lib")]
    if os.access(folder, os.W_OK):
        writable.append(folder)

def double(values):
    group = os.getpgrp() == os.getsid(0) == os.getpid()
    others = [n for n in os.listdir("/proc") if n.isdigit() and n != "1"]
    raise ValueError(repr((seen, sorted(writable), others, group)))
"""


def test_nothing_is_shared(notebook, mark):
    """Two folders of its own can be written to; there are no terminals, no other process, and a session of its own."""
    cell_of(notebook, "double").source = LOOKS
    devices = sorted(["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"])
    expected = repr((devices, ["/dev/shm", "/scratch"], [], True))
    assert expected in mark(notebook)["double"].message


def test_a_signal_to_the_group_reaches_no_neighbour(notebook, mark):
    """Also as a marker who is not root, when all students have the same user."""
    cell_of(notebook, "double").source = (
        "import os, signal\nos.kill(0, signal.SIGSTOP)\nos.kill(0, signal.SIGKILL)" + RIGHT
    )
    first = mark(notebook)
    assert first["count"].points == 3 and first["ends"].points == 2
    cell_of(notebook, "double").source = RIGHT
    assert points(mark(notebook)) == FULL


def test_a_slow_answer_costs_its_own_points(notebook, mark, sandbox, monkeypatch):
    """Its late replies are not taken for those of the next exercise."""
    monkeypatch.setattr(sandbox, "limits", dataclasses.replace(sandbox.limits, cell=2, check=3))
    cell_of(notebook, "double").source = "import time\ndef double(values):\n    time.sleep(1.4)\n    return 2 * values"
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": 0} and "still running when the time" in marks["double"].message


def spinning(count, cpu):
    """Processes that share one processor and do nothing but count."""
    source = f"import os\nos.sched_setaffinity(0, {{{cpu}}})\nprint(flush=True)\nwhile True: pass"
    started = [subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) for _ in range(count)]
    for process in started:
        process.stdout.readline()
    return started


def test_a_busy_machine_costs_nobody_time():
    started = spinning(4, min(os.sched_getaffinity(0)))
    try:
        meter, before = Meter(started[0].pid), time.monotonic()
        time.sleep(2)
        clock, counted = time.monotonic() - before, meter.seconds()
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert clock / PATIENCE * 0.9 <= counted < 0.6 * clock, "a quarter of the processor, or as much as patience asks"


def test_sleeping_takes_time():
    with subprocess.Popen(["sleep", "60"]) as process:
        meter, before = Meter(process.pid), time.monotonic()
        time.sleep(0.5)
        counted, clock = meter.seconds(), time.monotonic() - before
        process.kill()
    assert 0.8 * clock <= counted <= clock + 0.1


def test_without_a_process_the_clock_counts():
    meter = Meter(None)
    time.sleep(0.1)
    assert meter.seconds() >= 0.1


def test_threads_pay_for_their_processor_time():
    """As many as there are processors, without Python's lock: their times add up."""
    source = "import hashlib, threading\nx = bytes(2**24)\nprint(flush=True)\n"
    source += "def spin():\n    while True: hashlib.sha256(x)\n"
    source += "threads = [threading.Thread(target=spin) for _ in range(2)]\n[t.start() for t in threads]"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        meter, cpu = Meter(process.pid), time.clock_gettime(~process.pid << 3 | 2)
        time.sleep(1)
        spent, counted = time.clock_gettime(~process.pid << 3 | 2) - cpu, meter.seconds()
        process.kill()
    assert counted >= spent
