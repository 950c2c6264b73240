"""Learning-rate schedules as functions of progress.

A schedule maps the share of the budget already spent, 0 to 1, to a factor on the peak learning rate. The budget may be
steps or minutes: progress is all that a schedule sees.
"""

import math
from collections.abc import Callable

from course_utils.errors import CourseError
from course_utils.names import in_one_line, look_up

Schedule = Callable[[float], float]

WARM_UP = 0.02
"""Share of the budget over which the rate rises linearly to its peak."""


def constant(progress: float) -> float:
    """The peak rate throughout."""
    return 1.0


def constant_then_linear(progress: float, decay: float = 0.5) -> float:
    """The peak rate, then a straight line to zero over the last `decay` of the budget."""
    return min(1.0, max(0.0, (1.0 - progress) / decay))


def poly(progress: float, power: float = 0.9) -> float:
    """`(1 - progress) ** power`, the schedule of DeepLab and PSPNet (Chen et al. 2017, section 4.1)."""
    return max(0.0, 1.0 - progress) ** power


def cosine(progress: float) -> float:
    """Half a cosine from the peak to zero (Loshchilov and Hutter 2017)."""
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "constant-then-linear": constant_then_linear,
    "poly": poly,
    "cosine": cosine,
}


def look_up_schedule(schedule: str | Schedule) -> Schedule:
    """The function of a schedule: of a key of `SCHEDULES`, of `module:NAME`, or a function as it is.

    Raises:
        CourseError: there is no such schedule, or it gives something else than factors.
    """
    if not isinstance(schedule, str):
        return schedule
    found = look_up(schedule, SCHEDULES, "schedule")
    with in_one_line(f"--schedule {schedule}", "give a function from progress, 0 to 1, to a factor on the peak rate"):
        factors = [float(found(progress)) for progress in (0.0, 0.5, 1.0)]
    if not all(0 <= factor < math.inf for factor in factors):
        raise CourseError(f"--schedule {schedule}: its factors {factors} must be numbers of at least 0.")
    return found


def learning_rate(schedule: Schedule, peak: float, progress: float) -> float:
    """The rate at a point of the budget, warm-up included.

    Args:
        schedule: from progress to a factor on the peak.
        peak: the highest rate.
        progress: share of the budget spent, 0 to 1.
    """
    return peak * schedule(progress) * min(1.0, (progress + 1e-3) / WARM_UP)
