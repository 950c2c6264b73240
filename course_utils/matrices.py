"""Convolution as a matrix, numeric and symbolic, and how often a transposed convolution reaches each position.

"Convolution" is what the frameworks call so: the kernel slides over the input as it is, it is not flipped
(cross-correlation). `C @ x.ravel()` is the convolution, `C.T @ y.ravel()` the transposed convolution, which is also the
gradient of the convolution with respect to its input.

Reference: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, sections 4.1 and 4.2.
"""

import operator
from math import prod

import numpy as np
import scipy.sparse

PADDINGS = ("same", "valid")


def convolution_matrix(kernel, input_size, stride=1, padding="same", *, sparse=False, symbolic=False):
    """The matrix `C` with `C @ x.ravel() == convolution(x).ravel()`.

    Row `i` holds the kernel's taps under the input pixels that output pixel `i` sees, with TensorFlow's padding rules:
    "valid" keeps the windows that lie inside; "same" gives `ceil(size / stride)` outputs and spreads the missing
    positions over both ends, the odd one behind. Taps that fall outside the input meet zeros and are left out.

    Args:
        kernel: taps [kernel size] for one dimension, [kernel height, kernel width] for two: numbers, or with
            `symbolic=True` anything that SymPy understands.
        input_size: length of the input, or its (height, width).
        stride: distance between neighbouring windows, 1 or more; a pair for rows and columns if they differ.
        padding: "same" or "valid", in any case.
        sparse: build a SciPy CSR array, without the dense matrix on the way.
        symbolic: build a SymPy matrix.

    Returns:
        [output pixels, input pixels], both counted row by row: a NumPy array (int64 for whole numbers, float64 for
        others), a `scipy.sparse.csr_array` of the same type, or a `sympy.Matrix`.

    Raises:
        ValueError: arguments that describe no convolution; the message says which and why.
    """
    if sparse and symbolic:
        raise ValueError("sparse=True and symbolic=True ask for two different matrices: choose one")
    taps = _checked_taps(kernel, symbolic)
    sizes = _one_per_axis(input_size, taps.ndim, "input_size", repeat=False)
    strides = _one_per_axis(stride, taps.ndim, "stride")
    paddings = [padding.lower() if isinstance(padding, str) else padding] * taps.ndim
    if paddings[0] not in PADDINGS:
        raise ValueError(f"padding={padding!r} is not known: choose 'same' or 'valid'")

    axes = [_axis_entries(*axis) for axis in zip(taps.shape, sizes, strides, paddings, strict=True)]
    outputs = [axis[0] for axis in axes]
    rows = _flat_index([axis[1] for axis in axes], outputs)
    columns = _flat_index([axis[2] for axis in axes], sizes)
    values = taps.ravel()[_flat_index([axis[3] for axis in axes], taps.shape)]

    shape = prod(outputs), prod(sizes)
    if sparse:
        return scipy.sparse.csr_array((values, (rows, columns)), shape)
    if symbolic:
        import sympy

        entries = dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), values, strict=True))
        return sympy.Matrix(*shape, lambda row, column: entries.get((row, column), sympy.S.Zero))
    matrix = np.zeros(shape, values.dtype)
    matrix[rows, columns] = values
    return matrix


def overlap_counts(kernel_size, stride, input_size):
    """How many kernel taps reach each output position of a transposed convolution.

    The output has its whole extent (Keras's padding "valid" where the kernel is no smaller than the stride):
    `(input_size - 1) * stride + kernel_size` positions. Away from the borders the counts are all equal exactly if the
    kernel size is a multiple of the stride.

    Args:
        kernel_size, stride, input_size: whole numbers of at least 1 for one dimension; for two dimensions at least
            one of them is a pair (rows, columns), and a single number counts for both.

    Returns:
        int64 [positions], or [rows, columns]: the outer product of the counts along the axes.

    Raises:
        ValueError: a size or stride that is no whole number of at least 1, or more than two of them.

    Reference: A. Odena, V. Dumoulin and C. Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016.
    """
    arguments = {"kernel_size": kernel_size, "stride": stride, "input_size": input_size}
    axes = 2 if any(np.ndim(value) for value in arguments.values()) else 1
    kernel_size, stride, input_size = (_one_per_axis(value, axes, name) for name, value in arguments.items())
    counts = [_overlap_along_axis(*axis) for axis in zip(kernel_size, stride, input_size, strict=True)]
    return counts[0] if axes == 1 else np.multiply.outer(*counts)


def _overlap_along_axis(kernel_size, stride, input_size):
    """Input pixels i with 0 <= position - i * stride < kernel_size, by counting from the first to the last."""
    position = np.arange((input_size - 1) * stride + kernel_size)
    last = np.minimum(position // stride, input_size - 1)
    first = np.maximum(-((kernel_size - 1 - position) // stride), 0)
    return last - first + 1


def _axis_entries(kernel_size, input_size, stride, padding):
    """Output size of one axis; then output position, input position and tap of every pair of pixels that meet."""
    if padding == "valid":
        if kernel_size > input_size:
            raise ValueError(
                f"a kernel of {kernel_size} does not fit into an input of {input_size} with padding 'valid': "
                "use padding='same' or a larger input"
            )
        outputs, before = (input_size - kernel_size) // stride + 1, 0
    else:
        outputs = -(-input_size // stride)
        before = max((outputs - 1) * stride + kernel_size - input_size, 0) // 2
    output, tap = (index.ravel() for index in np.indices((outputs, kernel_size)))
    position = output * stride + tap - before
    inside = (position >= 0) & (position < input_size)
    return outputs, output[inside], position[inside], tap[inside]


def _flat_index(indices, shape):
    """Every combination of one index an axis, as positions in the raveled array of that shape."""
    return np.ravel_multi_index([grid.ravel() for grid in np.meshgrid(*indices, indexing="ij")], shape)


def _checked_taps(kernel, symbolic):
    try:
        taps = np.asarray(kernel, object if symbolic else None)
    except ValueError:  # rows of different lengths
        taps = np.empty(0)
    if taps.ndim not in (1, 2) or not taps.size:
        raise ValueError("the kernel must be a list of taps [size] or a table of them [height, width], and not empty")
    if symbolic:
        return _sympified(taps)
    if taps.dtype.kind not in "iuf":
        raise ValueError("the kernel must hold real numbers; for symbols use symbolic=True")
    return taps.astype(np.float64 if taps.dtype.kind == "f" else np.int64)


def _sympified(taps):
    import sympy

    values = np.empty(taps.shape, object)
    for place, tap in np.ndenumerate(taps):
        try:
            values[place] = sympy.sympify(tap)
        except sympy.SympifyError:
            values[place] = None
        if not isinstance(values[place], sympy.Expr):
            raise ValueError(f"SymPy does not understand the kernel's entry {tap!r} as a number or a symbol")
    return values


def _one_per_axis(value, axes, name, repeat=True):
    """A whole number of at least 1 for each axis."""
    values = [value] * axes if repeat and np.ndim(value) == 0 else np.atleast_1d(np.asarray(value, object)).tolist()
    try:
        numbers = [operator.index(number) for number in values]
    except TypeError:
        numbers = []
    if len(numbers) != axes or min(numbers) < 1 or any(isinstance(number, bool) for number in values):
        wanted = "a whole number" if axes == 1 else "two whole numbers" if not repeat else "a whole number or two"
        raise ValueError(f"{name}={value!r} should be {wanted} of at least 1, one for each dimension of the kernel")
    return numbers
