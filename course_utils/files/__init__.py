"""Files: written whole or not at all, read with care, and folders that one process works in."""

from course_utils.files.arrays import read_arrays
from course_utils.files.faults import Check, find_fault, plain_name, whole
from course_utils.files.locks import LOCK, one_process, remove_left_lock
from course_utils.files.reading import is_litter, open_file, read_bytes, read_json
from course_utils.files.writing import (
    check_writable,
    partial_name,
    scratch_folder,
    sweep,
    write_folder_whole,
    write_whole,
)

__all__ = [
    "LOCK",
    "Check",
    "check_writable",
    "find_fault",
    "is_litter",
    "one_process",
    "open_file",
    "partial_name",
    "plain_name",
    "read_arrays",
    "read_bytes",
    "read_json",
    "remove_left_lock",
    "scratch_folder",
    "sweep",
    "whole",
    "write_folder_whole",
    "write_whole",
]
