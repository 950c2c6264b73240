"""`convolution_matrix` against TensorFlow, Keras, SciPy and NumPy, and `overlap_counts` against counting."""

import numpy as np
import pytest
import scipy.signal
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_utils.backend import keras, tf
from course_utils.matrices import convolution_matrix, overlap_counts

A, B, C, X, Y, Z = sympy.symbols("a b c x y z")
quick = settings(deadline=None, max_examples=60)


@st.composite
def geometries(draw, axes=None, paddings=("same", "valid"), max_stride=4):
    """Kernel size, input size, stride (tuples) and padding of a legal convolution."""
    axes = axes or draw(st.integers(1, 2))
    kernel = tuple(draw(st.integers(1, 5)) for _ in range(axes))
    size = tuple(draw(st.integers(1, 7)) for _ in range(axes))
    stride = tuple(draw(st.integers(1, max_stride)) for _ in range(axes))
    padding = draw(st.sampled_from(paddings))
    assume(padding == "same" or all(n >= k for n, k in zip(size, kernel, strict=True)))
    return kernel, size, stride, padding


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def build(kernel, size, stride, padding, **options):
    """With plain numbers for one dimension, as in the course's notebooks."""
    if len(size) == 1:
        size, stride = size[0], stride[0]
    return convolution_matrix(kernel, size, stride, padding, **options)


def output_size(kernel, size, stride, padding):
    """The output size as in TensorFlow's documentation of padding."""
    seen = [n if padding == "same" else n - k + 1 for k, n in zip(kernel, size, strict=True)]
    return tuple(-(-n // s) for n, s in zip(seen, stride, strict=True))


def zeros_before(kernel, size, stride, padding):
    outputs = output_size(kernel, size, stride, padding)
    missing = [(o - 1) * s + k - n for o, s, k, n in zip(outputs, stride, kernel, size, strict=True)]
    return [max(total, 0) // 2 if padding == "same" else 0 for total in missing]


def framework(array, kernel, stride, padding):
    return tf.nn.convolution(array[None, ..., None], kernel[..., None, None], stride, padding.upper())[0, ..., 0]


@quick
@given(geometries())
def test_the_product_is_the_frameworks_convolution(geometry):
    kernel, image = random(*geometry[0]), random(*geometry[1], seed=1)
    expected = framework(image, kernel, *geometry[2:]).numpy()
    assert expected.shape == output_size(*geometry)
    product = build(kernel, *geometry[1:]) @ image.ravel()
    np.testing.assert_allclose(product.reshape(expected.shape), expected, atol=1e-12)


@quick
@given(geometries())
def test_the_transpose_is_the_gradient_and_the_frameworks_transposed_convolution(geometry):
    kernel, image = random(*geometry[0]), tf.constant(random(*geometry[1], seed=1))
    with tf.GradientTape() as tape:
        tape.watch(image)
        outputs = framework(image, kernel, *geometry[2:])
    weights = random(*outputs.shape, seed=2)
    gradient = tape.gradient(outputs, image, tf.constant(weights))
    product = (build(kernel, *geometry[1:]).T @ weights.ravel()).reshape(image.shape)
    np.testing.assert_allclose(product, gradient, atol=1e-12)

    transposed = tf.nn.conv_transpose(
        weights[None, ..., None],
        kernel[..., None, None],
        [1, *image.shape, 1],
        list(geometry[2]),
        geometry[3].upper(),
    )
    np.testing.assert_allclose(product, transposed[0, ..., 0], atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(geometries())
def test_the_transpose_is_the_keras_layer(geometry):
    kernel_size, inputs, stride, padding = geometry
    layer_class = {1: keras.layers.Conv1DTranspose, 2: keras.layers.Conv2DTranspose}[len(inputs)]
    layer = layer_class(1, kernel_size, strides=stride, padding=padding, use_bias=False, dtype="float64")
    kernel, image = random(*kernel_size), random(*inputs, seed=1)
    layer.build((1, *inputs, 1))
    layer.set_weights([kernel[..., None, None]])
    expected = layer(image[None, ..., None])[0, ..., 0].numpy()
    # Several sizes convolve to `inputs`; Keras chooses one, and the matrix follows.
    product = build(kernel, expected.shape, stride, padding).T @ image.ravel()
    np.testing.assert_allclose(product.reshape(expected.shape), expected, atol=1e-12)


@quick
@given(geometries())
def test_valid_convolution_is_scipys_correlation_with_results_dropped(geometry):
    kernel_size, size, stride, _ = geometry
    assume(all(n >= k for n, k in zip(size, kernel_size, strict=True)))
    kernel, image = random(*kernel_size), random(*size, seed=1)
    expected = scipy.signal.correlate(image, kernel, "valid")[tuple(slice(None, None, s) for s in stride)]
    product = build(kernel, size, stride, "valid") @ image.ravel()
    np.testing.assert_allclose(product.reshape(expected.shape), expected, atol=1e-12)


@quick
@given(geometries(paddings=["same"], max_stride=1))
def test_same_convolution_with_an_odd_kernel_is_scipys(geometry):
    """For even kernels SciPy puts the odd zero in front, TensorFlow at the end: only odd kernels agree."""
    kernel_size, size, stride, padding = geometry
    assume(all(k % 2 for k in kernel_size))
    kernel, image = random(*kernel_size), random(*size, seed=1)
    expected = scipy.signal.correlate(image, kernel, "same")
    product = build(kernel, size, stride, padding) @ image.ravel()
    np.testing.assert_allclose(product.reshape(size), expected, atol=1e-12)


@quick
@given(geometries())
def test_adjointness(geometry):
    matrix = build(random(*geometry[0]), *geometry[1:])
    outputs, inputs = matrix.shape
    x, y = random(inputs, seed=1), random(outputs, seed=2)
    forward = framework(x.reshape(geometry[1]), random(*geometry[0]), *geometry[2:]).numpy().ravel()
    np.testing.assert_allclose(forward @ y, x @ (matrix.T @ y), atol=1e-11)


@quick
@given(geometries())
def test_zero_insertion_then_the_reversed_kernel_is_the_transpose(geometry):
    """`scipy.signal.convolve` reverses the kernel that a framework slides."""
    kernel_size, size, stride, padding = geometry
    kernel, outputs = random(*kernel_size), output_size(*geometry)
    values = random(*outputs, seed=1)
    stretched = np.zeros([(o - 1) * s + 1 for o, s in zip(outputs, stride, strict=True)])
    stretched[tuple(slice(None, None, s) for s in stride)] = values
    whole = scipy.signal.convolve(stretched, kernel, "full", method="direct")
    whole = np.pad(whole, [(0, n) for n in size])
    crop = tuple(slice(b, b + n) for b, n in zip(zeros_before(*geometry), size, strict=True))
    product = build(kernel, size, stride, padding).T @ values.ravel()
    np.testing.assert_allclose(product.reshape(size), whole[crop], atol=1e-12)


@quick
@given(st.integers(1, 4), st.integers(1, 8), st.integers(1, 4))
def test_without_stride_the_reversed_odd_kernel_gives_the_transpose(half, rows, columns):
    kernel = random(2 * half - 1, 3)
    reversed_matrix = convolution_matrix(kernel[::-1, ::-1], (rows, columns))
    np.testing.assert_array_equal(convolution_matrix(kernel, (rows, columns)).T, reversed_matrix)


@quick
@given(geometries(), st.booleans())
def test_sparse_and_symbolic_equal_dense(geometry, whole):
    kernel = random(*geometry[0])
    if whole:
        kernel = np.round(5 * kernel).astype(np.int32)
    dense = build(kernel, *geometry[1:])
    sparse = build(kernel, *geometry[1:], sparse=True)
    assert sparse.format == "csr" and sparse.dtype == dense.dtype == (np.int64 if whole else np.float64)
    np.testing.assert_array_equal(sparse.toarray(), dense)
    numbers = build(kernel, *geometry[1:], symbolic=True)
    np.testing.assert_array_equal(np.array(numbers.tolist(), float), dense)

    names = np.array(sympy.symbols(f"k:{kernel.size}")).reshape(kernel.shape)
    symbolic = build(names, *geometry[1:], symbolic=True)
    assert symbolic.shape == dense.shape and symbolic.free_symbols <= set(names.ravel())
    values = dict(zip(names.ravel(), kernel.ravel().tolist(), strict=True))
    np.testing.assert_array_equal(np.array(symbolic.subs(values).tolist(), float), dense)


def test_sparse_never_builds_the_dense_matrix():
    matrix = convolution_matrix(np.ones((3, 3)), (500, 400), sparse=True)
    assert matrix.shape == (200_000, 200_000)
    assert matrix.nnz == (3 * 500 - 2) * (3 * 400 - 2)


def test_the_lectures_matrices_symbol_by_symbol():
    regular = convolution_matrix([Z, Y, X], 5, symbolic=True)
    assert regular == sympy.Matrix(
        [[Y, X, 0, 0, 0], [Z, Y, X, 0, 0], [0, Z, Y, X, 0], [0, 0, Z, Y, X], [0, 0, 0, Z, Y]]
    )
    vector = sympy.Matrix([0, A, B, C, 0])
    assert list(regular * vector) == [A * X, A * Y + B * X, A * Z + B * Y + C * X, B * Z + C * Y, C * Z]
    assert convolution_matrix([X, Y, Z], 5, symbolic=True) == regular.T
    strided = convolution_matrix([Z, Y, X], 5, 2, symbolic=True)
    assert strided == sympy.Matrix([[Y, X, 0, 0, 0], [0, Z, Y, X, 0], [0, 0, 0, Z, Y]])
    assert list(strided.T * sympy.Matrix([A, B, C])) == [A * Y, A * X + B * Z, B * Y, B * X + C * Z, C * Y]


def test_one_stride_and_one_spelling_serve_all():
    kernel = random(3, 2)
    pair = convolution_matrix(kernel, (5, 4), (2, 2), "same")
    np.testing.assert_array_equal(convolution_matrix(kernel.tolist(), [5, np.int64(4)], 2, "SAME"), pair)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(kernel=[], input_size=5), "not be empty"),
        (dict(kernel=3, input_size=5), "list of taps"),
        (dict(kernel=np.ones((2, 2, 2)), input_size=(4, 4)), "list of taps"),
        (dict(kernel=[[1, 2], [3]], input_size=(4, 4)), "list of taps"),
        (dict(kernel=[1j, 2], input_size=5), "real numbers"),
        (dict(kernel=["a", "b"], input_size=5), "real numbers"),
        (dict(kernel=[X, Y], input_size=5), "symbolic=True"),
        (dict(kernel=["x +", "y"], input_size=5, symbolic=True), "cannot read"),
        (dict(kernel=[[1], [2, 3]], input_size=5, symbolic=True), "cannot read"),
        (dict(kernel=[1, 2], input_size=(4, 4)), "input_size"),
        (dict(kernel=np.ones((2, 2)), input_size=4), "two whole numbers"),
        (dict(kernel=[1, 2], input_size=0), "at least 1"),
        (dict(kernel=[1, 2], input_size=4.0), "whole number"),
        (dict(kernel=[1, 2], input_size=True), "whole number"),
        (dict(kernel=[1, 2], input_size=4, stride=0), "stride"),
        (dict(kernel=[1, 2], input_size=4, stride=(1, 1)), "stride"),
        (dict(kernel=[1, 2], input_size=4, stride=1.5), "stride"),
        (dict(kernel=[1, 2], input_size=4, padding="full"), "'same' or 'valid'"),
        (dict(kernel=[1, 2], input_size=4, padding=1), "'same' or 'valid'"),
        (dict(kernel=[1, 2, 3], input_size=2, padding="valid"), "does not fit"),
        (dict(kernel=[1, 2], input_size=4, sparse=True, symbolic=True), "choose one"),
    ],
)
def test_arguments_that_describe_no_convolution_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        convolution_matrix(**arguments)


sizes = st.integers(1, 9)


@quick
@given(sizes, st.integers(1, 6), sizes)
def test_overlap_counts_are_counted_taps(kernel_size, stride, input_size):
    counted = np.zeros((input_size - 1) * stride + kernel_size, int)
    for pixel in range(input_size):
        counted[pixel * stride : pixel * stride + kernel_size] += 1
    counts = overlap_counts(kernel_size, stride, input_size)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, counted)
    matrix = convolution_matrix([1] * kernel_size, len(counted), stride, "valid")
    np.testing.assert_array_equal(matrix.sum(axis=0), counted)


@quick
@given(st.tuples(sizes, sizes), st.integers(1, 4), st.tuples(sizes, sizes))
def test_overlap_counts_in_two_dimensions_are_a_layer_of_ones(kernel_size, stride, input_size):
    counts = overlap_counts(kernel_size, stride, input_size)
    ones = tf.ones([1, *input_size, 1]), tf.ones([*kernel_size, 1, 1])
    expected = tf.nn.conv2d_transpose(*ones, [1, *counts.shape, 1], stride, "VALID")[0, ..., 0]
    np.testing.assert_array_equal(counts, expected)


@quick
@given(st.integers(1, 12), st.integers(1, 6))
def test_the_interior_is_even_exactly_where_the_kernel_is_a_multiple_of_the_stride(kernel_size, stride):
    counts = overlap_counts(kernel_size, stride, kernel_size + 20)
    interior = counts[kernel_size:-kernel_size]
    assert (np.ptp(interior) == 0) == (kernel_size % stride == 0)


def test_one_number_counts_for_both_axes():
    np.testing.assert_array_equal(overlap_counts(3, 2, (4, 5)), overlap_counts((3, 3), (2, 2), (4, 5)))
    np.testing.assert_array_equal(overlap_counts((3, 2), 2, 4), overlap_counts((3, 2), (2, 2), (4, 4)))


@pytest.mark.parametrize("arguments", [(0, 1, 1), (3, 0, 4), (3, 2, 0), (3.0, 2, 4), ((3, 3, 3), 2, 4), ("3", 2, 4)])
def test_sizes_that_have_no_overlap_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="at least 1"):
        overlap_counts(*arguments)
