"""What a release removes, and which labs it refuses."""

import nbformat
import pytest
from small_lab import SOURCE, small_lab

from course_utils.errors import CourseError
from course_utils.tools import cli
from course_utils.tools.labs.lab import source
from course_utils.tools.labs.lab.release import release, student_version
from course_utils.tools.labs.marking.trial import problems


def sources(notebook):
    """All text of a notebook."""
    return "\n".join(cell.source for cell in notebook.cells)


def test_the_students_version_has_no_solution_and_no_hidden_check(lab):
    lab.notebook.cells[4].outputs = [nbformat.v4.new_output("stream", text="of a solution")]
    notebook = student_version(lab)
    lab.notebook.cells[4].outputs = []
    text = nbformat.writes(notebook)
    nbformat.validate(notebook)
    for word in ("SOLUTION", "HIDDEN", "4711", "return 2 * values\n    ###", "two and two", "of a solution"):
        assert word not in text
    assert sources(notebook).count("    # YOUR CODE HERE\n    raise NotImplementedError") == 3
    assert "Your answer here" in text and 'name=\\"the double of 1 and 2\\"' in text
    checks = [
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("points") and "assert" in cell.source
    ]
    assert len(checks) == 3 and not any(cell.metadata.editable or cell.metadata.deletable for cell in checks)
    assert "HIDDEN" in sources(lab.notebook), "the lab itself is as it was"


def test_what_students_should_guess_is_not_shown(lab):
    """A cell tagged `predict` keeps its code and loses its outputs; its neighbours keep theirs."""
    cells = [nbformat.v4.new_code_cell(f"print({n})", execution_count=n) for n in range(3)]
    for number, cell in enumerate(cells):
        cell.outputs = [nbformat.v4.new_output("stream", text=f"seen {number}")]
    cells[1].metadata["tags"] = ["core", "predict"]
    lab.notebook.cells += cells
    try:
        first, guessed, last = student_version(lab).cells[-3:]
        kept = student_version(lab, predicted=True).cells[-2]
    finally:
        del lab.notebook.cells[-3:]
    assert guessed.source == "print(1)" and guessed.outputs == [] and guessed.execution_count is None
    assert first.outputs[0].text == "seen 0" and last.outputs[0].text == "seen 2"
    assert kept.outputs[0].text == "seen 1", "the book shows it folded"
    assert cells[1].outputs, "the lab itself is as it was"


def test_a_release_is_written_for_both(lab, sandbox, tmp_path):
    instructors, students = release(lab, tmp_path, problems(lab, sandbox))
    assert "4711" in instructors.read_text() and "4711" not in students.read_text()
    assert students == tmp_path / "release" / "small" / "small.ipynb"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "return 2 * values\n    ###",
            "return 3 * values\n    ###",
            "the solution of 'double' fails its check: the double",
        ),
        ('"points": 3', '"points": 4', "12 points"),
        ("assert_same(count_even([1, 2, 4]), 2", "'''\nassert_same(count_even([1, 2, 4]), 2", None),
        (
            "    ### BEGIN SOLUTION\n    return sum",
            "    return 0\n    ### BEGIN SOLUTION\n    return sum",
            "fails its check",
        ),
    ],
)
def test_a_lab_that_does_not_hold_together_is_refused(old, new, problem, sandbox, tmp_path):
    assert old in SOURCE
    source = SOURCE.replace(old, new)
    if problem is None:
        problem = "untouched version gets 3 points for 'count'"
        source = source.replace('numbers}")\n### END', "numbers}\")\n'''\n### END")
    lab = small_lab(source)
    assert any(problem in found for found in problems(lab, sandbox)), problems(lab, sandbox)
    with pytest.raises(CourseError, match="is not released"):
        release(lab, tmp_path, problems(lab, sandbox))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"double_check"', '"twice_check"', "no check cell"),
        ('"count"', '"double"', "two cells have the grade_id"),
        ("def double(values):\n", "double = lambda values: 2 * values\nif 0:\n", "defines no function"),
        ("    return 2 * values\n    ### END SOLUTION", "    return 2 * values", "has no end"),
        (
            "    ### BEGIN SOLUTION\n    return 2 * values\n    ### END SOLUTION",
            "    return 2 * values",
            "BEGIN SOLUTION",
        ),
    ],
)
def test_a_lab_that_cannot_be_marked_is_refused(old, new, problem):
    assert old in SOURCE
    with pytest.raises(CourseError, match=problem):
        student_version(small_lab(SOURCE.replace(old, new, 1)))


def test_every_lab_of_the_course_releases(needs_sandbox, tmp_path, capsys):
    from course_utils.machine import checkout

    labs = sorted(path.stem for path in (checkout() / "notebooks" / "source").glob("*.py"))
    assert cli.main(["release", *labs, "--output", str(tmp_path)]) == 0
    for lab in labs:
        text = (tmp_path / "release" / lab / f"{lab}.ipynb").read_text()
        assert "BEGIN SOLUTION" not in text and "HIDDEN TESTS" not in text and "raise NotImplementedError" in text
    assert capsys.readouterr().out.count("for the students") == len(labs)


@pytest.mark.parametrize("folder", ["students", None])
def test_a_copy_without_sources_says_so(folder, tmp_path, monkeypatch, capsys):
    """A students' copy, and a package that was installed from a wheel."""
    monkeypatch.setattr(source, "checkout", lambda: folder and tmp_path)
    assert cli.main(["release", "04", "--output", str(tmp_path / "labs")]) == 2
    assert "a students' copy and an installed package have no labs" in capsys.readouterr().err
    assert not (tmp_path / "labs").exists()


def test_wrong_names_are_refused(capsys):
    assert cli.main(["release", "nothing"]) == 2
    assert "There is no notebook 'nothing'" in capsys.readouterr().err
