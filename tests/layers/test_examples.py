"""The example in each layer's docstring runs, and gives the shapes that its comments say."""

import re

import numpy as np
import pytest

from course_utils import layers


@pytest.mark.parametrize("name", layers.__all__)
def test_example_in_the_docstring(name):
    (example,) = re.findall(r"```python\n(.*?)```", getattr(layers, name).__doc__, re.DOTALL)
    names = {"np": np, **vars(layers)}
    shown = 0
    for line in example.strip().splitlines():
        code, _, comment = line.strip().partition("  # ")
        if comment:
            assert str(eval(code, names)) == comment
            shown += 1
        else:
            exec(code, names)
    assert shown
