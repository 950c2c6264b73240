"""`python -m course_utils` is `course`."""

from course_utils.tools.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
