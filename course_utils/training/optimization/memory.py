"""A training that does not fit into memory, said in one line with what to do about it."""

import contextlib
from collections.abc import Iterator

from course_utils.backend import tf
from course_utils.errors import CannotGoOn


@contextlib.contextmanager
def advice_on_memory(recipe, output=None) -> Iterator[None]:
    """Turn an error of memory that ran out into advice.

    What the system kills for its memory cannot be caught; what TensorFlow, JAX or Python is refused can.

    Args:
        recipe: what is trained in here, a `Recipe`.
        output: the run folder, None while there is none.

    Raises:
        CannotGoOn: memory ran out.
    """
    try:
        yield
    except Exception as error:
        if not _is_memory(error):
            raise
        raise CannotGoOn(f"{_what(recipe)} does not fit into memory. {_advice(recipe, output)}") from error


def _is_memory(error: Exception) -> bool:
    known = isinstance(error, MemoryError | tf.errors.ResourceExhaustedError)
    return known or "RESOURCE_EXHAUSTED" in str(error)  # JAX's has no class of its own


def _what(recipe) -> str:
    size = recipe.crop_size or recipe.image_size
    pixels = "" if size is None else " of {}x{}".format(*size)
    return f"Training {recipe.system.name} with batches of {recipe.batch_size} images{pixels}"


def _advice(recipe, output) -> str:
    """The ways out, those that change the least first."""
    smaller = next((size for size in range(recipe.batch_size // 2, 0, -1) if recipe.batch_size % size == 0), None)
    begun = output is not None
    ways = []
    if recipe.crop_size or recipe.image_size:
        ways.append("a smaller --crop-size")
    if recipe.mixed_precision is None:
        ways.append("--mixed-precision mixed_bfloat16")
    ways = " or ".join(ways)
    if smaller is None:
        return f"Train{' into a new folder' if begun else ''} with {ways or 'a smaller network'}."
    split = f"--batch-size {smaller} --accumulate {recipe.step_size // smaller}"
    again = f"Go on with --resume {split}" if begun else f"Give {split}"
    rest = f"; or {'train into a new folder with' if begun else 'give'} {ways}" if ways else ""
    return f"{again}, whose steps are as large{rest}."
