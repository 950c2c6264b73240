import pytest

from course_utils import progress
from course_utils.progress import Progress


def test_a_log_gets_plain_lines_with_share_and_figures(capsys, monkeypatch):
    monkeypatch.setitem(progress.INTERVAL, "log", 0.0)
    with Progress("Counting", total=4) as counting:
        for step in range(1, 5):
            counting.update(step, loss=0.5)
        counting.done = "Counted 4"
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Counting ..." and lines[-1] == "Counted 4"
    assert any("50%" in line and "loss 0.5" in line for line in lines)
    assert all("\r" not in line for line in lines)


def test_a_failure_is_not_reported_as_done(capsys):
    with pytest.raises(ZeroDivisionError), Progress("Dividing", total=1):
        1 / 0  # noqa: B018
    assert capsys.readouterr().err.splitlines()[-1] == "Dividing: stopped"
