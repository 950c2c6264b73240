"""Weights of a network in a small file.

Kernels keep the upper half of each float32, rounded: a bfloat16, which is what training in mixed precision multiplies
by anyway. Its two bytes are stored apart, since the upper ones (sign and exponent) hardly vary and compress to less
than half. Vectors (biases, batch normalisation) are small and stay float32.
"""

import io
import zipfile
from collections.abc import Sequence

import numpy as np

from course_utils.errors import CourseError


def pack(weights: Sequence[np.ndarray]) -> bytes:
    """Weights as the content of an .npz file.

    Args:
        weights: finite float arrays of any shape, in the order of `model.get_weights()`.

    Raises:
        CourseError: a weight is not finite.
    """
    for number, weight in enumerate(weights):
        if not np.isfinite(weight).all():
            raise CourseError(f"Weight {number} of {len(weights)} is not finite: the training diverged.")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{str(number): _halves(weight) for number, weight in enumerate(weights)})
    return buffer.getvalue()


def unpack(content: bytes, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """The weights that `pack` was given, kernels rounded to bfloat16 (a relative error of 2**-9 at most).

    Args:
        content: of the file.
        shapes: of the weights.

    Returns:
        float32 arrays.

    Raises:
        CourseError: the content is no such file, or holds other weights.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            packed = [file[str(number)] for number in range(len(file.files))]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise CourseError(f"The weights cannot be read ({error}).") from None
    if len(packed) != len(shapes):
        raise CourseError(f"The file holds {len(packed)} weights, the network has {len(shapes)}.")
    return [
        _whole(halves, tuple(shape), number) for number, (halves, shape) in enumerate(zip(packed, shapes, strict=True))
    ]


def _halves(weight: np.ndarray) -> np.ndarray:
    """Upper and lower bytes of bfloat16 numbers, uint8 [2, ...]; a vector as it is, float32."""
    weight = np.asarray(weight, np.float32)
    if weight.ndim < 2:
        return weight
    bits = weight.view(np.uint32).astype(np.uint64)
    # To the nearest, of two equally near ones to the even one, as processors round.
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.stack([rounded >> 8, rounded & 0xFF]).astype(np.uint8)


def _whole(packed: np.ndarray, shape: tuple[int, ...], number: int) -> np.ndarray:
    if packed.dtype == np.uint8 and packed.ndim >= 3:
        upper, lower = packed.astype(np.uint32)
        weight = ((upper << 24) | (lower << 16)).view(np.float32)
    else:
        weight = packed.astype(np.float32)
    if weight.shape != shape:
        raise CourseError(f"Weight {number} has the shape {list(weight.shape)}, that of the network {list(shape)}.")
    return weight
