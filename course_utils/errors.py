"""The one exception that the course raises for what a user can put right."""


class CourseError(Exception):
    """What is wrong, where, and what to do about it, in one line that `course` prints as it is."""
