"""Damaged files of every kind: a reader reads them or says in one line what is wrong (see `fuzz.py`)."""

import pytest
from fuzz import READERS, try_cases


@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_in_a_file_its_reader_reads_it_or_refuses_it_in_one_line(reader, tmp_path, capfd):
    assert try_cases(reader, tmp_path, 25) > 3
    assert capfd.readouterr().err == "", "a library in C has written past Python"
