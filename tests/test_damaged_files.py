"""Files of every kind with any damage: what reads them gives what it promises, or one line that names the file.

    COURSE_FUZZ=100000 pytest -n0 tests/test_damaged_files.py tests/test_images.py

tries so many cases of each test instead of the few that the suite has time for (`conftest.py`).
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_utils import weights
from course_utils.datasets import camvid
from course_utils.datasets.toy_streets import writer
from course_utils.errors import CourseError
from course_utils.evaluation.files.records import Records
from course_utils.tools.labs.lab.dues import read_rules
from course_utils.tools.labs.marking.grading import read_result
from course_utils.tools.labs.submissions.class_lists import read_class_list
from course_utils.tools.labs.submissions.roster import read_roster
from course_utils.tools.labs.submissions.times import read_times
from course_utils.tools.students.record import read_record

MANIFEST = {"version": 1, "size": [64, 128], "counts": {"train": 3, "val": 2, "test": 1}, "seed": 0}
MARK = {"grade_id": "double", "of": 3, "points": 3.0, "message": ""}
RESULT = {"student": "ada", "marks": [MARK], "handed_in": 1.5, "members": ["ada"]}
STATE = {"grade_id": "pool", "title": "Pool", "state": "passed", "of": 2.0, "message": "", "answer": "0" * 16}
CHECKS = {"04": [{**STATE, "by_hand": False}]}
CLASS = "id,name,email,group,extension\nada,Ada Lovelace,ada@example.org,red,04:+2\nbob,Bob,bob@example.org,,\n"
CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section,04 (12)\nPoints Possible,,,,,10\n"Lovelace, Ada",7,a7,ada,A,9.5\n'
MOODLE = "First name,Last name,ID number,Email address,Status\nAda,Lovelace,7,ada@example.org,Submitted\n"
RULES = '[all]\ndue = 2027-01-31 23:59:00\nper_day = "10%"\ngrace = 15\ncap = "50%"\n\n[04]\ndue = 2027-02-07\n'
TIMES = "id,time,participant\nada,2027-01-31 22:10:00,4711\nbob,,12\n"
LIST = "/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png\ntrain/b.png trainannot/b.png\n"


def records():
    """A small file of records."""
    maps = [np.zeros((4, 6), np.uint8), np.ones((4, 6), np.uint8)]
    facts = {"dataset": "toy_streets", "command": "none", "parameters": np.array([5]), "epochs": np.array([1])}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.npz"
        Records.of({"SegNet": maps}, dict(zip("ab", maps, strict=True)), 2, **facts).save(file)
        return file.read_bytes()


WEIGHTS = weights.pack({"kernel": np.arange(60, dtype=np.float32).reshape(3, 4, 5), "bias": np.zeros(5, np.float32)})
READERS = {
    "manifest": ("toy_streets.json", json.dumps(MANIFEST), lambda file: writer.manifest(file.parent)),
    "result": ("ada.json", json.dumps(RESULT), read_result),
    "checks": ("checks.json", json.dumps(CHECKS), lambda file: read_record(file.parent)),
    "class": ("class.csv", CLASS, lambda file: read_roster(file.parent)),
    "list of Canvas": ("canvas.csv", CANVAS, read_class_list),
    "list of Moodle": ("moodle.csv", MOODLE, read_class_list),
    "rules": ("settings.toml", RULES, lambda file: read_rules(file.parent, "04_unpooling")),
    "times": ("times/04.csv", TIMES, lambda file: read_times(file.parents[1], "04")),
    "split": ("train.txt", LIST, lambda file: camvid.scan(file.parent, "train")),
    "records": ("records.npz", records(), Records.read),
    "weights": ("net.npz", WEIGHTS, lambda file: weights.unpack(file.read_bytes())),
}
LETTERS = st.binary(max_size=4) | st.sampled_from(
    [b'"', b"\x00", b"\n", b",", b"[", b"{", b"1e999", b"-1", b"\xff", b"null"]
)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_read_or_refused(kind, tmp_path, data):
    name, content, read = READERS[kind]
    content = bytearray(content if isinstance(content, bytes) else content.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(LETTERS)
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    try:
        read(file)
    except CourseError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("kind", READERS)
def test_the_file_without_damage_is_read(kind, tmp_path):
    name, content, read = READERS[kind]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read(file)
