"""A class with known marks: does `course grade` give each of them, and how fast is it compared with plain nbgrader?

    python benchmarks/marking.py                                # 200 submissions of notebook 02, 6 for nbgrader
    python benchmarks/marking.py --lab 04 --students 40 --sample 2

Every student's answer to each exercise is drawn at random: the solution, another right answer or a wrong one (both from
tests/notebooks/answers_NN.py), the untouched cell, or no cell at all. Half of the notebooks are tampered with: check
cells edited, deleted or copied, points changed, answers given twice, cells that fail or end the process. Some files are
not notebooks. The draw decides the mark that each exercise must get.

nbgrader (`nbgrader autograde`, one process) marks honest notebooks, half of them before and half after, without the
lesson's cells, which `course grade` does not run either; the time that it needs to start is subtracted.
"""

import argparse
import copy
import inspect
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path

import nbformat

from course_utils.machine import processors
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.lab.source import find_lab, read_lab
from course_utils.tools.labs.marking.grading import load_results

ROOT = Path(__file__).parents[1]


class Class:
    """Submissions and the marks that they must get.

    Args:
        lab: the number or name of the lab.
        seed: of the random draws.
    """

    def __init__(self, lab: str, seed: int):
        self.lab = read_lab(find_lab(lab))
        sys.path.insert(0, str(ROOT / "tests" / "notebooks"))
        self.answers = import_module(f"answers_{self.lab.name[:2]}")
        self.released = student_version(self.lab)
        for cell in self.released.cells:
            cell.source = cell.source.replace("fast = False", "fast = True")
        self.random = random.Random(seed)
        self.kinds = Counter()

    def submission(self) -> tuple[bytes, dict[str, float]]:
        """A notebook as bytes, and the points that each marked exercise must get."""
        if self.random.random() < 0.03:
            self.kinds["no notebook"] += 1
            return b'{"cells": 7', {exercise.grade_id: 0 for exercise in self.lab.marked}
        notebook, truth = copy.deepcopy(self.released), {}
        for exercise in self.lab.marked:
            kind = self.random.choices(["solution", "RIGHT", "WRONG", "nothing", "no cell"], [3, 3, 5, 1, 1])[0]
            answers = getattr(self.answers, kind) if kind in ("RIGHT", "WRONG") else []
            given = [number for number, (name, _) in enumerate(answers) if name == exercise.grade_id]
            kind = "solution" if kind in ("RIGHT", "WRONG") and not given else kind
            place = _place(notebook, exercise.grade_id)
            if kind == "no cell":
                del notebook.cells[place]
            elif kind == "solution":
                notebook.cells[place].source = exercise.answer
            elif kind != "nothing":
                notebook.cells[place].source = self._answer(exercise, kind, self.random.choice(given))
            truth[exercise.grade_id] = exercise.points if kind in ("solution", "RIGHT") else 0
            self.kinds[kind] += 1
        if self.random.random() < 0.5:
            self._tamper(notebook)
        return json.dumps(notebook).encode(), truth

    def honest(self) -> nbformat.NotebookNode:
        """A notebook with the solutions, without the lesson's cells."""
        notebook, answers = copy.deepcopy(self.released), {one.grade_id: one.answer for one in self.lab.exercises}
        setup = {cell.id for cell in self.lab.notebook.cells if cell.source in self.lab.setup}
        for cell in notebook.cells:
            cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        notebook.cells = [cell for cell in notebook.cells if cell.id in setup or "nbgrader" in cell.metadata]
        return notebook

    def _answer(self, exercise, kind: str, number: int) -> str:
        text = json.dumps(inspect.getsource(self.answers))
        return f"given = {{}}\nexec({text}, given)\n{exercise.names[-1]} = given[{kind!r}][{number}][1]"

    def _tamper(self, notebook) -> None:
        """Make a change that must not change a mark."""
        code = nbformat.v4.new_code_cell
        exercise = self.random.choice(self.lab.marked)
        check = _place(notebook, f"{exercise.grade_id}_check")
        kind = self.random.choice(["edited", "deleted", "copied", "points", "own", "deadly", "patched", "twice"])
        self.kinds[f"tampered: {kind}"] += 1
        if kind == "edited":
            notebook.cells[check].source = "assert True"
        elif kind == "deleted":
            del notebook.cells[check]
        elif kind == "copied":
            notebook.cells.append(copy.deepcopy(notebook.cells[check]))
        elif kind == "points":
            notebook.cells[check].metadata.nbgrader.points = 1000
        elif kind == "own":
            notebook.cells.insert(check, code("1 / 0"))
        elif kind == "deadly":
            notebook.cells.insert(check, code("import os\nos._exit(0)"))
        elif kind == "patched":
            notebook.cells.append(code("np.isclose = np.allclose = lambda *a, **k: True"))
        elif (place := _place(notebook, exercise.grade_id)) is not None:
            # A wrong answer in front of the drawn one, which is the last and counts.
            first = copy.deepcopy(notebook.cells[place])
            first.source = "raise ValueError('an older attempt')"
            notebook.cells.insert(place, first)


def _place(notebook, grade_id: str) -> int | None:
    for place, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return place
    return None


def ours(group: Class, students: int, jobs: int, folder: Path) -> tuple[float, list[str]]:
    """Submissions per minute of `course grade`, and the marks that are wrong."""
    source = folder / "labs" / "source" / group.lab.name / f"{group.lab.name}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(group.lab.notebook, source)
    (folder / "in").mkdir()
    truth = {}
    for number in range(students):
        data, truth[f"s{number:04}"] = group.submission()
        (folder / "in" / f"s{number:04}.ipynb").write_bytes(data)
    command = [sys.executable, "-m", "course_utils", "grade", "in", "--lab", group.lab.name, "--jobs", str(jobs)]
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    rate = 60 * students / (time.perf_counter() - start)
    wrong = []
    for record in load_results(folder / "labs" / "results" / group.lab.name):
        for mark in record["marks"]:
            must = truth[record["student"]].get(mark["grade_id"], mark["points"])
            if mark["points"] != must:
                wrong.append(f"{record['student']} {mark['grade_id']}: {mark['points']} instead of {must}: {mark}")
        truth.pop(record["student"])
    return rate, wrong + [f"{student} has no marks" for student in truth]


def plain_nbgrader(group: Class, students: int, folder: Path) -> list[float]:
    """Seconds of `nbgrader autograde` for each of some notebooks, without its start."""
    name = group.lab.name
    (folder / "source" / name).mkdir(parents=True)
    with_solutions = copy.deepcopy(group.lab.notebook)
    ids = {cell.id for cell in group.honest().cells}
    with_solutions.cells = [cell for cell in with_solutions.cells if cell.id in ids]
    nbformat.write(with_solutions, folder / "source" / name / f"{name}.ipynb")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def nbgrader(*arguments) -> float:
        start = time.perf_counter()
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"nbgrader failed: {done.stderr[-2000:]}")
        return time.perf_counter() - start

    nbgrader("generate_assignment", name, "--create", "--force")
    for number in range(students):
        path = folder / "submitted" / f"s{number}" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(group.honest(), path)
    # By default nbgrader waits four seconds for a kernel's message, too few to import TensorFlow on a busy machine.
    patient = ["--ExecutePreprocessor.iopub_timeout=900", "--ExecutePreprocessor.timeout=900"]
    whole = nbgrader("autograde", name, "--create", *patient)
    nothing = nbgrader("autograde", name)
    return [(whole - nothing) / students] * students


def main():
    """Parse, mark, compare; exits 1 if a mark is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default="02")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--sample", type=int, default=6, help="notebooks for nbgrader, 0 for none")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    group = Class(options.lab, options.seed)
    folder = Path(tempfile.mkdtemp())
    print(f"{platform.machine()}, {processors()} processors, {options.jobs} jobs, {group.lab.name}", flush=True)
    try:
        half = options.sample // 2
        seconds = plain_nbgrader(group, half, folder / "before") if half else []
        (folder / "class").mkdir()
        rate, wrong = ours(group, options.students, options.jobs, folder / "class")
        print(f"{options.students} submissions: {dict(sorted(group.kinds.items()))}")
        print(f"wrong marks: {len(wrong)}", *wrong, sep="\n  ")
        print(f"course grade: {rate:.1f} submissions per minute, start included", flush=True)
        if options.sample - half:
            seconds += plain_nbgrader(group, options.sample - half, folder / "after")
            plain = 60 * len(seconds) / sum(seconds)
            print(f"nbgrader autograde: {plain:.1f} per minute ({len(seconds)} notebooks); ratio {rate / plain:.1f}")
    finally:
        shutil.rmtree(folder)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
