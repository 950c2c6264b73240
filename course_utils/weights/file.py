"""Weights of a network in a small file.

Kernels keep the upper half of each float32, rounded: a bfloat16, which is what training in mixed precision multiplies
by anyway. Its two bytes are stored apart, since the upper ones (sign and exponent) hardly vary and compress to less
than half. Vectors (biases, batch normalisation) are small and stay float32.
"""

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from course_utils.errors import CourseError, brief
from course_utils.files import read_arrays

_LARGEST = 2**30
"""Bytes of all weights: a network of half a milliard."""


def pack(weights: Mapping[str, np.ndarray]) -> bytes:
    """Weights as the content of an .npz file.

    Args:
        weights: finite float arrays of any shape, by name.

    Raises:
        CourseError: a weight is not finite.
    """
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise CourseError(f"The weight {name} is not finite: the training diverged.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, weight in weights.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without a time: equal weights make equal files
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, _halves(weight), allow_pickle=False)
            archive.writestr(entry, content.getvalue(), compresslevel=9)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """The weights that `pack` was given, kernels rounded to bfloat16 (a relative error of 2**-9 at most).

    Returns:
        float32 arrays, by name.

    Raises:
        CourseError: the content is no such file.
    """
    try:
        return {name: _whole(array) for name, array in read_arrays(io.BytesIO(content), _LARGEST).items()}
    except Exception as error:  # damaged archives make zlib, zipfile and NumPy raise everything there is
        raise CourseError(f"The weights cannot be read ({brief(error)}).") from None


def _halves(weight: np.ndarray) -> np.ndarray:
    """Upper and lower bytes of bfloat16 numbers, uint8 [2, ...]; a vector as it is, float32."""
    weight = np.asarray(weight, np.float32)
    if weight.ndim < 2:
        return weight
    bits = weight.view(np.uint32).astype(np.uint64)
    # To the nearest, of two equally near ones to the even one, as processors round.
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.stack([rounded >> 8, rounded & 0xFF]).astype(np.uint8)


def _whole(packed: np.ndarray) -> np.ndarray:
    if packed.dtype != np.uint8:
        return packed
    upper, lower = packed.astype(np.uint32)
    return ((upper << 24) | (lower << 16)).view(np.float32)
