"""What a value from a JSON file should have been."""

import reprlib
from collections.abc import Callable

Check = Callable[[object], str | None]
"""Says what a value should have been, such as "a whole number from 1 to 9"; None where it is right."""


def find_fault(value, schema: dict | list | Check, place: str = "") -> str | None:
    """The first place where a value from a JSON file is not as it should be, in words; None where all is well.

    Args:
        value: what `json` made of it.
        schema: a dictionary asks for an object with these names (a name that ends in "?" may be missing, others may
            be there); a list with one element asks for a list of such elements; a function is asked itself.
        place: what the value is called.

    Example:

        >>> find_fault({"sides": [3, 0]}, {"sides": [whole(1, 9)], "name?": plain_name})
        'sides[1] is 0, not a whole number from 1 to 9'
    """
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return _not(place, value, "an object with names")
        for key, inner in schema.items():
            name = key.removesuffix("?")
            where = f"{place}.{name}" if place else name
            if name not in value:
                if not key.endswith("?"):
                    return f"{where} is missing"
            elif fault := find_fault(value[name], inner, where):
                return fault
        return None
    if isinstance(schema, list):
        if not isinstance(value, list):
            return _not(place, value, "a list")
        return next(
            (fault for k, part in enumerate(value) if (fault := find_fault(part, schema[0], f"{place}[{k}]"))), None
        )
    wanted = schema(value)
    return wanted and _not(place, value, wanted)


def whole(least: int, most: int) -> Check:
    """The check for a whole number of a range."""
    # bool is a kind of int, and 48.0 is none.
    return lambda value: (
        None if type(value) is int and least <= value <= most else f"a whole number from {least} to {most}"
    )


def plain_name(value) -> str | None:
    """The check for the name of a file, without a folder."""
    fine = isinstance(value, str) and 0 < len(value) < 256 and value not in (".", "..") and value.isprintable()
    return None if fine and not set(value) & set("/\\:") else "the name of a file"


def _not(place: str, value, wanted: str) -> str:
    return f"{place or 'it'} is {reprlib.repr(value)}, not {wanted}"
