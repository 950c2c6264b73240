"""What the marking process is told, and how it reports that it failed: imported by both of its sides."""

from dataclasses import dataclass


class MarkingFailed(Exception):
    """A submission could not be marked; its author is not to blame."""


@dataclass(frozen=True)
class Job:
    """What is to be marked and how, in a form that can be sent to other processes and machines.

    Attributes:
        content: the lab and the limits of each submission, as a pickle, so that only the marking process unpacks them.
        seconds: that a submission may take.
        confined: whether students' code runs in a sandbox.
    """

    content: bytes
    seconds: float
    confined: bool
