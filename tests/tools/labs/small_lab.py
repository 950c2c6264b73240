"""A lab of three exercises and a written one, for the tests of release and marking."""

import jupytext

from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.lab.source import parse_lab

SOURCE = '''\
# %% [markdown]
# # A small lab

# %% tags=["parameters"]
fast = False
seed = 0

# %%
import numpy as np

from course_utils.checks import assert_same

# %%
table = np.arange(4)


def helper(values):
    return 2 * values


# %% nbgrader={"grade": false, "grade_id": "double", "solution": true}
def double(values):
    """Twice the values."""
    ### BEGIN SOLUTION
    return 2 * values
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "double_check", "points": 3, "solution": false}
assert_same(double(np.array([1.0, 2.0])), [2.0, 4.0], name="the double of 1 and 2")
### BEGIN HIDDEN TESTS
for trial in range(3):
    given = np.random.default_rng(4711 + trial).normal(size=(trial + 2, 3))
    argument = given.copy()
    assert_same(double(argument), 2 * given, name=f"the double of {trial + 2} x 3 numbers")
    assert_same(argument, given, name="the input after the call")
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "count", "solution": true}
def count_even(numbers):
    """How many are even, an integer."""
    ### BEGIN SOLUTION
    return sum(number % 2 == 0 for number in numbers)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "count_check", "points": 3, "solution": false}
assert_same(count_even([1, 2, 4]), 2, name="the even ones of 1, 2 and 4")
### BEGIN HIDDEN TESTS
for trial in range(3):
    numbers = np.random.default_rng(trial).integers(0, 9, 5 + trial).tolist()
    assert_same(count_even(numbers), len([n for n in numbers if n % 2 < 1]), name=f"the even ones of {numbers}")
### END HIDDEN TESTS

# %% nbgrader={"grade": false, "grade_id": "ends", "solution": true}
def ends(values):
    """The smallest and the largest, a tuple."""
    ### BEGIN SOLUTION
    return min(values), max(values)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ends_check", "points": 2, "solution": false}
found = ends([3, 1, 2])
assert isinstance(found, tuple) and len(found) == 2, "return two numbers"
assert_same(found, [1, 3], name="the ends of 3, 1, 2")
### BEGIN HIDDEN TESTS
assert_same(ends([5]), [5, 5], name="the ends of one number")
assert_same(ends((-2, 7, 0)), [-2, 7], name="the ends of -2, 7, 0")
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "points": 2, "solution": true}
# ### BEGIN SOLUTION
#
# Because two and two are four.
#
# ### END SOLUTION
'''


def small_lab(source: str = SOURCE) -> Assignment:
    """The lab, with solutions; or a lab with another source."""
    notebook = jupytext.reads(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return parse_lab("small", notebook)
