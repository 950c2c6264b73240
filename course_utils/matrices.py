"""Convolution as a matrix, numeric and symbolic, and how often a transposed convolution reaches each position.

"Convolution" means what it means in the frameworks: the kernel slides over the input without being flipped
(cross-correlation). `C @ x.ravel()` is the convolution, and `C.T @ y.ravel()` the transposed convolution, which is also
the gradient of the convolution with respect to its input.

Reference: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, sections 4.1 and 4.2.
"""

import operator
from math import prod

import numpy as np
import scipy.sparse

PADDINGS = ("same", "valid")


def convolution_matrix(kernel, input_size, stride=1, padding="same", *, sparse=False, symbolic=False):
    """The matrix `C` with `C @ x.ravel() == convolution(x).ravel()`.

    Row `i` holds the kernel's taps in the columns of the input pixels that output pixel `i` sees, with TensorFlow's
    padding rules: "valid" keeps the windows that lie inside the input; "same" gives `ceil(size / stride)` outputs and
    spreads the missing positions over both ends, an odd one at the end. Taps outside the input would multiply zeros and
    are left out.

    Args:
        kernel: taps [kernel size] for one dimension, [kernel height, kernel width] for two: numbers, or with
            `symbolic=True` anything that SymPy understands.
        input_size: length of the input, or its (height, width).
        stride: distance between neighbouring windows, at least 1; a pair (rows, columns) if the two differ.
        padding: "same" or "valid", in upper or lower case.
        sparse: build a SciPy CSR array, without building the dense matrix first.
        symbolic: build a SymPy matrix.

    Returns:
        [output pixels, input pixels], both counted row by row: a NumPy array (int64 for whole numbers, otherwise
        float64), a `scipy.sparse.csr_array` of the same type, or a `sympy.Matrix`.

    Raises:
        ValueError: the arguments describe no convolution; the message says which one and why.
    """
    if sparse and symbolic:
        raise ValueError("sparse=True and symbolic=True exclude each other: choose one")
    taps = _checked_taps(kernel, symbolic)
    sizes = _one_per_axis(input_size, taps.ndim, "input_size", repeat=False)
    strides = _one_per_axis(stride, taps.ndim, "stride")
    paddings = [padding.lower() if isinstance(padding, str) else padding] * taps.ndim
    if paddings[0] not in PADDINGS:
        raise ValueError(f"unknown padding={padding!r}: choose 'same' or 'valid'")

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

    The output has its full extent, `(input_size - 1) * stride + kernel_size` positions (as with Keras's "valid" padding
    if the kernel is no smaller than the stride). Away from the borders all counts are equal if and only if the kernel
    size is a multiple of the stride.

    Args:
        kernel_size, stride, input_size: whole numbers of at least 1 for one dimension; for two dimensions, pass a pair
            (rows, columns) for at least one of them: a single number then counts for both axes.

    Returns:
        int64 [positions], or [rows, columns]: the outer product of the counts along the two axes.

    Raises:
        ValueError: a size or stride is not a whole number of at least 1, or has more than two entries.

    Reference: A. Odena, V. Dumoulin and C. Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016.
    """
    arguments = {"kernel_size": kernel_size, "stride": stride, "input_size": input_size}
    axes = 2 if any(np.ndim(value) for value in arguments.values()) else 1
    kernel_size, stride, input_size = (_one_per_axis(value, axes, name) for name, value in arguments.items())
    counts = [_overlap_along_axis(*axis) for axis in zip(kernel_size, stride, input_size, strict=True)]
    return counts[0] if axes == 1 else np.multiply.outer(*counts)


def _overlap_along_axis(kernel_size, stride, input_size):
    """How many input pixels i have 0 <= position - i * stride < kernel_size: the last minus the first, plus 1."""
    position = np.arange((input_size - 1) * stride + kernel_size)
    last = np.minimum(position // stride, input_size - 1)
    first = np.maximum(-((kernel_size - 1 - position) // stride), 0)
    return last - first + 1


def _axis_entries(kernel_size, input_size, stride, padding):
    """The output size along one axis; then output position, input position and tap of every entry of the matrix."""
    if padding == "valid":
        if kernel_size > input_size:
            raise ValueError(
                f"a kernel of size {kernel_size} does not fit into an input of size {input_size} with padding='valid': "
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
    """Every combination of one index per axis, as positions in the raveled array of that shape."""
    return np.ravel_multi_index([grid.ravel() for grid in np.meshgrid(*indices, indexing="ij")], shape)


def _checked_taps(kernel, symbolic):
    try:
        taps = np.asarray(kernel, object if symbolic else None)
    except ValueError:  # rows of different lengths
        taps = np.empty(0)
    if taps.ndim not in (1, 2) or not taps.size:
        raise ValueError("the kernel must be a list of taps [size] or nested lists [height, width], and not be empty")
    if symbolic:
        return _sympified(taps)
    if taps.dtype.kind not in "iuf":
        raise ValueError("the kernel must hold real numbers; for symbols pass symbolic=True")
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
            raise ValueError(f"SymPy cannot read the kernel's entry {tap!r} as a number or a symbol")
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
        raise ValueError(f"{name}={value!r} must be {wanted} of at least 1, one for each dimension of the kernel")
    return numbers
