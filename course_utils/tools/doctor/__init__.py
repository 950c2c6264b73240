"""Whether everything that the course needs works on this machine, and what to do if not: the checks of `course doctor`.

A check is a function that looks at one thing and returns a `Finding`, or several. What it looks at comes in through its
arguments, whose defaults are this machine. Nothing is imported before it is needed, since a doctor has to work where a
package is missing.
"""

from collections.abc import Callable, Iterable, Iterator

from course_utils.tools.doctor import computing, environment, jupyter, storage
from course_utils.tools.doctor.finding import REINSTALL, Finding

CHECKS = (
    environment.check_edition,
    environment.check_python,
    environment.check_packages,
    environment.check_extras,
    computing.check_memory,
    computing.check_tensorflow,
    storage.check_disk,
    storage.check_datasets,
    jupyter.check_widgets,
    jupyter.check_kernel,
)


def examine(checks: Iterable[Callable] = CHECKS) -> Iterator[Finding]:
    """Run the checks one after the other; one that cannot even run is itself a problem."""
    for check in checks:
        try:
            found = check()
        except Exception as error:  # whatever is broken, the other checks still run
            name = check.__name__.removeprefix("check_").replace("_", " ").capitalize()
            found = Finding(name, "problem", f"{type(error).__name__}: {error}", REINSTALL)
        yield from [found] if isinstance(found, Finding) else found


__all__ = ["CHECKS", "Finding", "examine"]
