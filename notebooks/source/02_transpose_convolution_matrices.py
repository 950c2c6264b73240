# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 70
#     claims: [L6, L10, L11]
# ---

# %% [markdown] tags=["core"]
# # 02 · Transposed convolution is a transposed matrix
#
# **After this notebook you can** write any convolution as a matrix, say what its transpose does and when that is
# "convolving with the reversed coefficients", predict the sizes that strides and paddings give, explain why a
# transposed convolution undoes nothing, and train one to enlarge photographs.
#
# **Time:** 70 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves need about a minute on two processor cores.
#
# **Lecture claims:** *L6*, upsampling followed by convolution does not invert a convolution; it is interpolation whose
# filter is learned. *L10*, a convolution is a matrix product, and its transpose is like convolving with the reversed
# coefficients. *L11*, a strided convolution is a 3 x 5 matrix and its transpose a 5 x 3 matrix.
#
# **Before it:** zero insertion and interpolation kernels (01). **Exercises:** three on the way and two
# at the end to compute (8 points), and one to write (2 points).

# %% tags=["core", "parameters"]
fast = False  # True: fewer patches and steps; everything is shown, the trained kernels are rough
seed = 0
dataset = "photographs"  # those that come with scikit-image; or "camvid", "cityscapes", "toy_streets"
data_dir = None  # where such a data set is; None: its usual place
steps = 384  # training steps, of 32 patches each, when a layer learns to enlarge

# %% tags=["core"]
import numpy as np
import skimage
import sympy

from course_utils import datasets, plotting
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.labels import CITYSCAPES
from course_utils.layers import interpolation_kernel
from course_utils.matrices import convolution_matrix

if fast:
    steps = min(steps, 96)
keras.utils.set_random_seed(seed)
a, b, c, x, y, z = sympy.symbols("a b c x y z")

# %% [markdown] tags=["core"]
# ## The question
#
# An encoder makes feature maps small with strided convolutions. A decoder must make them large again, and the usual
# layer for that is `Conv2DTranspose`. What it computes fits in one sentence: every input value *stamps* a copy of the
# kernel, scaled by itself, and where stamps overlap they add up.
#
# Write it. The figures that follow run on your function. (While it isn't right yet, they use the course's own, so you
# can read on.)
#
# ### Exercise 1: stamps (2 points)
#
# Return the transposed convolution of `values` `[H, W]` with `kernel` `[h, w]`: `values[i, j]` times the kernel goes
# to the rows from `i * stride` and the columns from `j * stride` on. The output has `(H - 1) * stride + h` rows, and
# columns likewise. Floats give floats. Whole numbers (int64) give whole numbers, however large, exact to the last digit;
# the frameworks' layers cannot do that. A picture may have hundreds of thousands of pixels. Leave the inputs
# unchanged.


# %% nbgrader={"grade": false, "grade_id": "transposed", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def stamped(values, kernel, stride):
    """Transposed convolution, [(H - 1) * stride + h, (W - 1) * stride + w]."""
    ### BEGIN SOLUTION
    (rows, columns), (height, width) = values.shape, kernel.shape
    size = (rows - 1) * stride + height, (columns - 1) * stride + width
    outputs = np.zeros(size, np.result_type(values, kernel))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            outputs[top : top + height, left : left + width] += values[row, column] * kernel
    return outputs
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "transposed_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
assert_same(
    stamped(np.array([[1.0, 10.0]]), np.array([[1.0, 2.0, 3.0]]), 2),
    np.array([[1.0, 2.0, 13.0, 20.0, 30.0]]),
    name="two values, three taps, stride 2",
)
large = 10**17 + np.arange(2)[None]
assert_same(stamped(large, np.array([[3]]), 1), 3 * large, name="two large whole numbers")
### BEGIN HIDDEN TESTS
for trial, (size, taps_, stride) in enumerate(
    [((3, 4), (3, 3), 2), ((2, 5), (4, 2), 3), ((4, 3), (2, 3), 1), ((1, 1), (3, 2), 2), ((3, 2), (2, 1), 3)]
):
    rng = np.random.default_rng(trial)
    whole = [(n - 1) * stride + k for n, k in zip(size, taps_, strict=True)]
    floats = rng.normal(size=size), rng.normal(size=taps_)
    integers = rng.integers(10**8, 10**9, size), rng.integers(10**8, 10**9, taps_)
    for (values, kernel_), what in ((floats, "floats"), (integers, "large whole numbers")):
        expected = (convolution_matrix(kernel_, whole, stride, "valid").T @ values.ravel()).reshape(whole)
        given = values.copy(), kernel_.copy()
        answer = stamped(*given, stride)
        name = f"{size[0]} x {size[1]} {what}, {taps_[0]} x {taps_[1]} taps, stride {stride}"
        assert_same(answer, expected, name=name, atol=1e-5)
        assert_same(given[0], values, name="the values after your function has run")
        assert_same(given[1], kernel_, name="the kernel after your function has run")
row = np.arange(400_000)[None]
expected = np.concatenate([row, [[0]]], axis=1) + 2 * np.concatenate([[[0]], row], axis=1)
assert_same(stamped(row.copy(), np.array([[1, 2]]), 1), expected, name="400,000 values in a row")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Two loops over the values; in them, one slice of the output to which the scaled
# kernel is added.</details>
# <details><summary>Hint 2</summary><code>np.zeros(size, np.result_type(values, kernel))</code> is an output of the
# right type. The slice of <code>values[i, j]</code> begins at row <code>i * stride</code> and is as high as the
# kernel.</details>
#
# In the smallest example the digits of the sum tell who contributed.


# %% tags=["core"]
def by_framework(values, kernel, stride):
    """The course's own: tf.nn.conv2d_transpose of a plain array, one channel."""
    size = (1, *((n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True)), 1)
    kernel = tf.constant(kernel, tf.float64)[..., None, None]
    return tf.nn.conv2d_transpose(values[None, ..., None], kernel, size, stride, "VALID")[0, ..., 0].numpy()


pixels, kernel = np.array([[1.0, 10], [100, 1000]]), np.array([[1.0, 2], [3, 4]])
stamp = adopt("stamped", globals(), ours=by_framework, trials=[(pixels, kernel, stride) for stride in (1, 2)])

# %% tags=["core"]
stamps = {f"{value:.0f} x kernel": stamp(np.where(pixels == value, pixels, 0), kernel, 1) for value in pixels.ravel()}
together = {"their sum": stamp(pixels, kernel, 1), "stride 2": stamp(pixels, kernel, 2)}
plotting.show(plotting.number_maps({"input": pixels, "kernel": kernel, **stamps, **together}), alt="02 stamps")

# %% [markdown] tags=["core"]
# **Think first.** Which entries of the kernel made the 1234, and what would stand in the middle with a 3 x 3 kernel and
# stride 2?
#
# <details><summary>Answer</summary>The 4 of the first stamp, the 3 of the second, the 2 of the third and the 1 of the
# fourth. Again one value from each stamp, its four corners: the stamps are two pixels apart and three wide, so they
# share a pixel.</details>
#
# Now with nine values. Press *Play*, or go step by step.

# %% tags=["core"]
numbers, tent = np.arange(1.0, 10).reshape(3, 3), np.outer([1.0, 2, 1], [1.0, 2, 1])
sums = [stamp(np.where(numbers <= count, numbers, 0), tent, 2) for count in range(10)]
plotting.play(plotting.stamping_frames(numbers, tent, 2, sums), alt="02 stamping")

# %% [markdown] tags=["core"]
# ## A convolution is a matrix
#
# What has that to do with transposing? A convolution is linear: each output is a weighted sum of inputs. So it is a
# matrix, and matrices can be transposed.
#
# In one dimension, slide three taps over five pixels. The frameworks slide the kernel *as it is* (strictly, that is a
# cross-correlation). Each output is one row of the matrix: it holds the taps, below the pixels that they meet.
#
# ### Exercise 2: the lecture's matrix (2 points)
#
# Return the matrix of a convolution of `size` pixels as the lecture draws it: output *i* is **centred on pixel** *i x
# stride*, that is, the tap number `len(kernel) // 2` lies on it. There is one output for each such pixel inside the
# picture; taps that fall outside are dropped. `kernel` is an array of any number of taps, slid as it is. The result
# holds floats. (The library's `convolution_matrix` centres even kernels elsewhere, as TensorFlow does.)


# %% nbgrader={"grade": false, "grade_id": "matrix", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def centred_matrix(kernel, size, stride):
    """Matrix [ceil(size / stride), size] of the convolution whose first window is centred on the first pixel."""
    ### BEGIN SOLUTION
    matrix = np.zeros((-(-size // stride), size))
    for row in range(len(matrix)):
        for tap, value in enumerate(kernel):
            column = row * stride + tap - len(kernel) // 2
            if 0 <= column < size:
                matrix[row, column] = value
    return matrix
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "matrix_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
assert_same(
    centred_matrix(np.array([1.0, 2.0, 3.0]), 5, 2),
    np.array([[2.0, 3, 0, 0, 0], [0, 1, 2, 3, 0], [0, 0, 0, 1, 2]]),
    name="the matrix for three taps, five pixels, stride 2",
)
### BEGIN HIDDEN TESTS
cases = [(3, 6, 2), (5, 9, 3), (5, 4, 1), (7, 3, 2), (1, 7, 4), (3, 10, 4), (4, 6, 1), (2, 7, 2)]
for trial, (taps_, size, stride) in enumerate(cases):
    values = np.random.default_rng(trial).normal(size=taps_)
    odd = values if taps_ % 2 else np.append(values, 0.0)
    assert_same(
        centred_matrix(values.copy(), size, stride),
        convolution_matrix(odd, size)[::stride],
        name=f"the matrix for {taps_} taps, {size} pixels, stride {stride}",
    )
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>In which column of row <em>i</em> does the middle tap stand? And the
# first?</details>
# <details><summary>Hint 2</summary>Tap number t of row i belongs into column <code>i * stride + t - len(kernel) //
# 2</code>, if there is such a column.</details>
#
# With letters instead of numbers, for the signal 0 a b c 0:


# %% tags=["core"]
def matrix_by_library(kernel, size, stride):
    """The course's own, for odd kernels."""
    return convolution_matrix(kernel, size)[::stride]


trials = [(np.arange(1.0, taps + 1), 5, stride) for taps in (1, 3, 5) for stride in (1, 2)]
matrix_of = adopt("centred_matrix", globals(), ours=matrix_by_library, trials=trials)


def with_letters(matrix):
    """z, y and x in the place of the taps 1, 2 and 3."""
    return sympy.Matrix(*matrix.shape, lambda i, j: [0, z, y, x][round(matrix[i, j])])


# %% tags=["core"]
regular = with_letters(matrix_of(np.array([1.0, 2, 3]), 5, 1))
plotting.show(
    plotting.matrix_product(regular, [0, a, b, c, 0], row=2, title="three taps z y x slide over 0 a b c 0"),
    alt="02 matrix",
)

# %% [markdown] tags=["core"]
# **Self-test.** Why have the first and the last row only two taps?
#
# <details><summary>Answer</summary>The third would lie outside the picture, on the zero padding.</details>
#
# **Mind the order.** A textbook's convolution reverses the kernel before it slides it. The lecture's matrix is
# therefore the *textbook* convolution with the kernel x y z, and the *framework's* with z y x. Both libraries agree,
# and symbol by symbol the matrix is the printed one:

# %% tags=["core", "nbval-check-output"]
signal, taps = np.array([0.0, 2, 3, 5, 0]), np.array([7.0, 11, 13])  # 0 a b c 0 and z y x


def framework(inputs, kernel, stride=1, padding="same"):
    """tf.nn.convolution for a plain array, one channel."""
    return tf.nn.convolution(inputs[None, ..., None], kernel[..., None, None], stride, padding.upper())[0, ..., 0]


print("matrix    ", convolution_matrix(taps, 5) @ signal)
print("TensorFlow", framework(signal, taps).numpy())
print("textbook  ", np.convolve(signal, taps[::-1], "same"))
assert np.array_equal(convolution_matrix(taps, 5) @ signal, framework(signal, taps))
assert np.array_equal(convolution_matrix(taps, 5) @ signal, np.convolve(signal, taps[::-1], "same"))
lecture = sympy.Matrix([[y, x, 0, 0, 0], [z, y, x, 0, 0], [0, z, y, x, 0], [0, 0, z, y, x], [0, 0, 0, z, y]])
assert regular == lecture
result = regular * sympy.Matrix([0, a, b, c, 0])
assert list(result) == [a * x, a * y + b * x, a * z + b * y + c * x, b * z + c * y, c * z]
print(list(result))

# %% [markdown] tags=["core"]
# ## The transpose
#
# **Think first.** What stands in the middle row of the *transposed* matrix, from left to right?

# %% tags=["core", "predict"]
plotting.show(
    plotting.matrix_product(regular.T, [0, a, b, c, 0], row=2, title="the transposed matrix, on the same signal"),
    alt="02 transpose",
)

# %% [markdown] tags=["core"]
# <details><summary>Answer</summary>0 is skipped, then x y z: the same taps, reversed.</details>
#
# Read a matrix by columns to see what an *input* does: column *j* of the transpose holds z y x, the stamp of value *j*.
# By rows it holds the reversed taps. Why, in one line: entry (*i*, *j*) of the matrix is tap
# *j - i + 1*, so entry (*i*, *j*) of the transpose is tap *i - j + 1*. The sign of the step is turned round.

# %% tags=["core", "nbval-check-output", "predict"]
assert convolution_matrix([x, y, z], 5, symbolic=True) == regular.T
result = regular.T * sympy.Matrix([0, a, b, c, 0])
assert list(result) == [a * z, a * y + b * z, a * x + b * y + c * z, b * x + c * y, c * x]
print(list(result))

# %% [markdown] tags=["core"]
# **When exactly is that true?** With stride 1, padding "same" and an odd kernel, as here. The next cell tries the other
# kinds. An even kernel is reversed *and shifted by one pixel*, because "same" must put the odd zero on one side. After
# "valid", the transpose is longer than its input.

# %% tags=["nbval-check-output"]
four = np.array([1.0, 2, 3, 4])
transposed = convolution_matrix(four, 6).T
reversed_taps = convolution_matrix(four[::-1], 6)
print("four taps: equal?", np.array_equal(transposed, reversed_taps))
print("shifted by one row?", np.array_equal(transposed[1:], reversed_taps[:-1]))
assert np.array_equal(transposed[1:], reversed_taps[:-1])

valid = convolution_matrix(taps, 5, padding="valid")
print("valid:", valid.shape, "transposed:", valid.T.shape)
assert np.array_equal(valid.T @ signal[1:4], np.convolve(signal[1:4], taps, "full"))

# %% [markdown] tags=["core"]
# (`np.convolve` is the textbook's, so it reverses what a framework would slide.)
#
# **Self-test.** For which kernels do convolution and transposed convolution agree (stride 1, padding "same")?
#
# <details><summary>Answer</summary>For those of odd size that read the same backwards, such as a blur: their matrix is
# symmetric.</details>

# %% [markdown] tags=["core"]
# ## Strides
#
# A stride of 2 computes every second output. The lecture starts with the *first* row and drops the second and fourth:
# a 3 x 5 matrix, whose transpose is 5 x 3. Three values become five.

# %% tags=["core"]
strided = with_letters(matrix_of(np.array([1.0, 2, 3]), 5, 2))
plotting.show(
    plotting.matrix_product(strided, [0, a, b, c, 0], row=1, title="stride 2: five pixels become three"),
    alt="02 strided",
)
plotting.show(
    plotting.matrix_product(strided.T, [a, b, c], row=1, title="its transpose: three pixels become five"),
    alt="02 strided-transpose",
)

# %% tags=["core", "nbval-check-output"]
assert strided == sympy.Matrix([[y, x, 0, 0, 0], [0, z, y, x, 0], [0, 0, 0, z, y]])
assert strided == regular[::2, :], "the regular matrix without its second and fourth row"
down = strided * sympy.Matrix([0, a, b, c, 0])
up = strided.T * sympy.Matrix([a, b, c])
assert list(down) == [a * x, a * z + b * y + c * x, c * z]
assert list(up) == [a * y, a * x + b * z, b * y, b * x + c * z, c * y]
print(list(down), list(up), sep="\n")

# %% [markdown]
# **Does the framework also start with the first row?** With five pixels it does. With six it does not: there,
# TensorFlow's "same" needs a single zero and puts it *behind*, so its windows start one pixel later than the lecture's.
# Dropping rows of the regular matrix gives the lecture's choice (and PyTorch's `padding=1`).

# %%
six = convolution_matrix([z, y, x], 6, symbolic=True)
pictures = {
    "rows 0, 2, 4 of the regular one": six[::2, :],
    "TensorFlow, stride 2": convolution_matrix([z, y, x], 6, 2, symbolic=True),
}
plotting.show(
    plotting.matrix_pictures(pictures, width=7),
    alt="02 six-pixels",
)
assert convolution_matrix([z, y, x], 6, 2, symbolic=True) == six[1::2, :]

# %% [markdown]
# **Self-test.** A layer trained in one framework is loaded into another that starts at the other row. What happens to
# the feature maps?
#
# <details><summary>Answer</summary>They have the same shape, so nothing fails, but they lie one pixel of the larger
# map off. Every strided layer adds such a shift: segmentation borders move, and the score drops quietly.</details>

# %% [markdown] tags=["core"]
# ## Zeros between the pixels
#
# Transposing a strided matrix has a second reading, the one of notebook 01. Striding means: convolve, then *keep*
# every second value. Keeping is a matrix, too: a "convolution" with the single tap 1. Its transpose does not drop, it
# *inserts zeros*.

# %% tags=["core"]
keep = convolution_matrix([1], 5, stride=2, symbolic=True)
plotting.show(
    plotting.matrix_pictures({"keep every second value": keep, "its transpose inserts zeros": keep.T}, width=7),
    alt="02 keep-and-insert",
)

# %% [markdown] tags=["core"]
# So *strided = keep x regular*, and a transposed product is the product of the transposes in reverse order:
# $\text{strided}^\top = \text{regular}^\top \text{keep}^\top$. Read from the right: **insert zeros, then convolve with
# the reversed kernel.** That is the proof, and this is the check:

# %% tags=["core", "nbval-check-output"]
assert strided == keep * regular
assert strided.T == regular.T * keep.T

with_zeros = np.zeros(5)
with_zeros[::2] = [2, 3, 5]
print("zeros inserted:          ", with_zeros)
print("then the reversed kernel:", framework(with_zeros, taps[::-1]).numpy())
print("the transposed matrix:   ", convolution_matrix(taps, 5, 2).T @ [2.0, 3, 5])
assert np.array_equal(framework(with_zeros, taps[::-1]), convolution_matrix(taps, 5, 2).T @ [2.0, 3, 5])

# %% [markdown] tags=["core"]
# Where the framework starts with another row, *keep* takes other places; the rest of the proof stays.
#
# **Self-test.** With stride 3, how many zeros stand between two values before the transposed convolution's kernel
# slides over them, and by which step does it slide?
#
# <details><summary>Answer</summary>Two zeros, and one pixel at a time. The stride of the convolution has become the
# spacing of the values.</details>

# %% [markdown]
# ## More: Every kernel, stride and padding
#
# The same three taps on nine pixels, with strides from 1 to 4:

# %%
pictures = {
    f"{padding}, stride {stride}": convolution_matrix([z, y, x], 9, stride, padding, symbolic=True)
    for padding in ("same", "valid")
    for stride in (1, 2, 3, 4)
}
plotting.show(
    plotting.matrix_pictures(pictures, columns=4),
    alt="02 strides",
)

# %% [markdown]
# Move it yourself. The marked row belongs to one output pixel; above the matrix lies the window that it sees. Tick
# *transposed* and watch how many inputs reach each output: with stride 2 and three taps it alternates between one and
# two (notebook 03 is about that).

# %% jupyter={"source_hidden": true}
from course_utils.widgets import interactive_figure

KERNELS = {"2 taps": "yx", "3 taps": "zyx", "4 taps": "zyxw", "5 taps": "zyxwv"}


def draw(kernel="3 taps", stride=2, padding="same", transposed=False, output_pixel=1):
    matrix = convolution_matrix(list(sympy.symbols(" ".join(KERNELS[kernel]))), 9, stride, padding, symbolic=True)
    matrix = matrix.T if transposed else matrix
    title = f"{kernel}, stride {stride}, {padding}{', transposed' * transposed}: {matrix.cols} -> {matrix.rows} pixels"
    return plotting.matrix_row(matrix, min(output_pixel, matrix.rows - 1), "abcdefghi"[: matrix.cols], title)


interactive_figure(
    draw,
    alt=lambda kernel, stride, padding, transposed, output_pixel: (
        f"The matrix of a{' transposed' * transposed} convolution with {kernel}, stride {stride}, padding {padding}; "
        f"the row of output pixel {output_pixel} is marked, with its window of the input above."
    ),
    kernel=list(KERNELS),
    stride=(1, 4),
    padding=["same", "valid"],
    transposed=False,
    output_pixel=(0, 8),
)

# %% [markdown]
# **Self-test.** Two taps and stride 3: what is special about every third column of the matrix? What follows for
# the transposed convolution?
#
# <details><summary>Answer</summary>It is zero, for no window sees that input. The transposed convolution leaves every
# third output at zero, whatever the taps.</details>

# %% [markdown]
# ## More: Two dimensions: blocks
#
# Read a picture row by row into one long column, and a 2-D convolution is again one matrix. It falls into blocks, one
# per pair of an output row and an input row, and **each block is the 1-D matrix of one row of the kernel**.

# %% tags=["nbval-check-output"]
kernel = np.arange(1.0, 10).reshape(3, 3)
plotting.show(
    plotting.matrix_pictures(
        {"the kernel": kernel, "its matrix, for 4 x 6 pixels": convolution_matrix(kernel, (4, 6))}, width=9, block=6
    ),
    alt="02 blocks",
)

blocks = convolution_matrix(kernel, (4, 6)).reshape(4, 6, 4, 6).swapaxes(1, 2)  # [output row, input row, 6, 6]
for i in range(4):
    for j in range(4):
        inside = 0 <= j - i + 1 < 3
        expected = convolution_matrix(kernel[j - i + 1], 6) if inside else np.zeros((6, 6))
        assert np.array_equal(blocks[i, j], expected)
print("16 blocks, each the matrix of one kernel row or empty")

# %% [markdown]
# **Self-test.** A picture of 6 x 7, a kernel of 3 x 3, padding "valid", stride 1: what shape has the matrix, and
# how many of its entries are not fixed at zero?
#
# <details><summary>Answer</summary>4 x 5 outputs and 6 x 7 inputs: 20 rows, 42 columns. Nine taps in each row make 180
# entries of 840.</details>

# %% [markdown]
# ## More: The whole table
#
# Now for any kernel: the largest difference between the matrix and TensorFlow's convolution, between the transpose and
# TensorFlow's transposed convolution, and between the transpose and *automatic differentiation*. Why the last? If the
# outputs are $C x$ and the loss has the gradient $g$ with respect to them, then it has the gradient $C^\top g$ with
# respect to $x$. Every backward pass through a convolution is a transposed convolution, and the other way round.


# %%
def differences(kernel_size, size, stride, padding):
    """Largest differences from TensorFlow's convolution, transposed convolution and gradient."""
    rng = np.random.default_rng(seed)
    kernel, inputs = rng.normal(size=kernel_size), tf.constant(rng.normal(size=size))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = framework(inputs, kernel, stride, padding)
    pull = rng.normal(size=outputs.shape)
    gradient = tape.gradient(outputs, inputs, tf.constant(pull))
    transposed = tf.nn.conv_transpose(
        pull[None, ..., None], kernel[..., None, None], (1, *size, 1), stride, padding.upper()
    )
    matrix = convolution_matrix(kernel, size if len(size) == 2 else size[0], stride, padding)
    product = (matrix.T @ pull.ravel()).reshape(size)
    pairs = (
        (matrix @ inputs.numpy().ravel(), outputs.numpy().ravel()),
        (product, transposed[0, ..., 0]),
        (product, gradient),
    )
    return [np.abs(ours - theirs).max() for ours, theirs in pairs]


# %% tags=["nbval-check-output"]
cases = [((3,), (9,)), ((4,), (9,)), ((7,), (8,)), ((1,), (5,)), ((3, 3), (6, 7)), ((4, 2), (5, 8)), ((5, 5), (7, 6))]
print("taps    pixels  padding  strides  convolution  transposed  gradient")
worst = 0
for kernel_size, size in cases:
    for padding in ("same", "valid"):
        largest = np.max([differences(kernel_size, size, stride, padding) for stride in (1, 2, 3, 4)], axis=0)
        worst = max(worst, largest.max())
        shown = ["< 1e-12" if value < 1e-12 else f"{value:.0e}" for value in largest]
        sizes = [" x ".join(map(str, n)) for n in (kernel_size, size)]
        print(f"{sizes[0]:6}  {sizes[1]:6}  {padding:7}  1 to 4   {shown[0]:11}  {shown[1]:10}  {shown[2]}")
assert worst < 1e-12

# %% [markdown]
# **Self-test.** A decoder contains a transposed convolution. Which operation is its backward pass, towards its
# input?
#
# <details><summary>Answer</summary>An ordinary convolution with that stride and the same taps: the transpose of the
# transpose.</details>

# %% [markdown]
# ## More: The gradient is yours
#
# **Think first.** You know the gradient of the loss at the *outputs*. Which matrix carries it back to the inputs?
#
# <details><summary>Answer</summary>The transpose, as the table has just shown.</details>
#
# ### Exercise 3: a gradient (2 points)
#
# The loss is half the sum of squared differences between $C x$ and a target, where $C$ is TensorFlow's convolution with
# padding "same" (`convolution_matrix` knows it) and $x$ the signal. Return its gradient with respect to `signal`, an
# array like it. `signal`, `kernel` and `target` are 1-D arrays. Floats give floats; whole numbers (int64) give whole
# numbers, exact to the last digit, however large: automatic differentiation cannot do that.


# %% nbgrader={"grade": false, "grade_id": "gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def loss_gradient(signal, kernel, target, stride):
    """Gradient of sum((C @ signal - target) ** 2) / 2 with respect to the signal, [size]."""
    ### BEGIN SOLUTION
    matrix = convolution_matrix(kernel, len(signal), stride)
    return matrix.T @ (matrix @ signal - target)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "gradient_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
assert_same(
    loss_gradient(np.array([1.0, 0.0, 2.0]), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 5.0]), 1),
    np.array([1.0, 0.0, -3.0]),
    name="the gradient for a kernel that copies",
)
large = 10**17 + np.arange(3)
answer = loss_gradient(large, np.array([0, 1, 0]), np.zeros(3, int), 1)
assert_same(answer, large, name="the gradient of large whole numbers")
### BEGIN HIDDEN TESTS
for trial, (size, taps_, stride) in enumerate([(7, 3, 2), (6, 4, 1), (9, 5, 3), (6, 3, 2), (4, 7, 2)]):
    rng = np.random.default_rng(trial)
    given = tf.Variable(rng.normal(size=(1, size, 1)))
    kernel_, target = rng.normal(size=taps_), rng.normal(size=-(-size // stride))
    with tf.GradientTape() as tape:
        outputs_ = tf.nn.conv1d(given, kernel_[:, None, None], stride, "SAME")
        loss = tf.reduce_sum((outputs_[0, :, 0] - target) ** 2) / 2
    expected = tape.gradient(loss, given)[0, :, 0].numpy()
    answer = loss_gradient(given.numpy()[0, :, 0], kernel_.copy(), target.copy(), stride)
    assert_same(answer, expected, name=f"the gradient for {size} pixels, stride {stride}", atol=1e-5)
    numbers = [rng.integers(10**5, 10**6, n) for n in (size, taps_, len(target))]
    rows = convolution_matrix(numbers[1], size, stride).tolist()  # Python's own integers have no limit
    pull = [
        sum(w * v for w, v in zip(row, numbers[0].tolist(), strict=True)) - int(t)
        for row, t in zip(rows, numbers[2], strict=True)
    ]
    expected = [sum(row[i] * g for row, g in zip(rows, pull, strict=True)) for i in range(size)]
    answer = loss_gradient(numbers[0].copy(), numbers[1].copy(), numbers[2].copy(), stride)
    assert_same(answer, expected, name=f"the gradient for {size} whole numbers, stride {stride}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The gradient at the outputs is <code>C @ x - target</code>.</details>
# <details><summary>Hint 2</summary>Back to the inputs goes the transpose of the matrix.</details>
#
# What a gradient is for: walk against it, and find a signal that the blur turns into the target.


# %%
def gradient_by_tape(signal, kernel, target, stride):
    """The course's own: automatic differentiation."""
    signal = tf.Variable(signal)
    with tf.GradientTape() as tape:
        loss = tf.nn.l2_loss(framework(signal, kernel, stride) - target)
    return tf.convert_to_tensor(tape.gradient(loss, signal)).numpy()


tent = np.array([1, 2, 1]) / 4
wanted = framework(np.repeat([0.0, 1, 0], 8), tent).numpy()
gradient = adopt("loss_gradient", globals(), ours=gradient_by_tape, trials=[(wanted, tent, wanted[::2] * 2, 2)])
found, curve = np.zeros(24), []
for _ in range(200):
    curve.append(np.sum((framework(found, tent).numpy() - wanted) ** 2) / 2)
    found -= gradient(found, tent, wanted, 1)
plotting.show(plotting.descent(wanted, found, np.repeat([0.0, 1, 0], 8), curve), alt="02 descent")

# %% [markdown]
# **Self-test.** The loss falls fast, then slowly. Which part of the signal comes last?
#
# <details><summary>Answer</summary>The sharp edges: the blur passes fast changes weakly, so the gradient hardly sees
# them. Their size is the subject of the section on the inverse.</details>

# %% [markdown]
# ## More: How long is the output?
#
# A strided convolution forgets something: five pixels and six pixels both become three. So a transposed convolution
# cannot know whether to return five or six, and the layer must be told. That is `output_padding`. Without it, Keras
# returns the largest size for "same" (pixels times stride), but for "valid" the smallest if the kernel is at least as
# large as the stride: (pixels - 1) x stride + kernel.

# %% tags=["nbval-check-output"]
three = np.array([1.0, 10, 100])
for size, output_padding in [(5, 0), (6, 1), (6, None)]:
    layer = keras.layers.Conv1DTranspose(
        1, 3, strides=2, padding="same", output_padding=output_padding, use_bias=False, dtype="float64"
    )
    layer.build((None, 3, 1))
    layer.set_weights([taps[:, None, None]])
    outputs = layer(three[None, :, None])[0, :, 0].numpy()
    print(f"output_padding={output_padding}: {len(outputs)} pixels", outputs)
    assert np.array_equal(outputs, convolution_matrix(taps, size, stride=2).T @ three)

# %% [markdown]
# PyTorch's `ConvTranspose2d` asks for the same in other words. Its `padding=p` is the padding of the convolution that it
# transposes, so it *crops* p pixels on each side; it returns (pixels - 1) x stride - 2p + kernel + `output_padding`.
#
# | | Keras | PyTorch |
# |---|---|---|
# | kernel of the convolution | `[k, k, in, out]` | `[out, in, k, k]` |
# | kernel of the transposed convolution | `[k, k, out, in]` | `[in, out, k, k]` |
# | kernel 3, stride 2, five pixels to three | `"same"` | `padding=1` |
# | back to five, or to six | `"same"`, `output_padding` 0, or 1 | `padding=1`, `output_padding` 0, or 1 |
#
# **Self-test.** Kernel 3, stride 2, padding "valid": which input lengths give four outputs?
#
# <details><summary>Answer</summary>9 and 10: from the ten pixels the last one is never seen.</details>

# %% [markdown]
# ## More: Channels, and a good start
#
# So far one map went in and one came out. A layer has many, and a kernel per pair of them: a convolution from 10
# to 20 channels stores `[k, k, 10, 20]`. Its transpose leads from 20 back to 10 through the *same* numbers, so Keras
# keeps the kernel of a `Conv2DTranspose` as `[k, k, out, in]`, the other way round than that of a `Conv2D`. That it is
# the transpose, channels and all, one equation says: the sum of $(C x)\, y$ equals the sum of $x\, (C^\top y)$ for all
# $x$ and $y$.

# %% tags=["nbval-check-output"]
down = keras.layers.Conv2D(20, 5, strides=3, padding="same", use_bias=False, dtype="float64")
up = keras.layers.Conv2DTranspose(10, 5, strides=3, padding="same", use_bias=False, dtype="float64")
for size in (18, 16):
    maps = down(tf.zeros((1, size, size, 10)))
    print((size, size, 10), "down to", tuple(maps.shape[1:]), "up to", tuple(up(maps).shape[1:]))
print("both kernels", tuple(down.kernel.shape), tuple(up.kernel.shape))

up.set_weights(down.get_weights())
rng = np.random.default_rng(seed)
wide, deep = rng.normal(size=(1, 18, 18, 10)), rng.normal(size=(1, 6, 6, 20))
assert np.isclose(np.sum(down(wide) * deep), np.sum(wide * up(deep)), rtol=1e-9)

# %% [markdown]
# The shape comes back where the stride divides the size; 16 returns as 18 (see above). The *values* do not come back.
#
# With which numbers should such a layer start? With random ones it mixes the channels and paints a grid (notebook 03).
# FCN starts its upsampling layers as bilinear interpolation (Long et al., section 4.3): the kernel of notebook 01 from
# every channel to itself, zeros between different ones. Three channels, 24 x 24 pixels, factor 8:


# %% tags=["nbval-check-output"]
def bilinear_start(channels, factor):
    """A transposed convolution that enlarges every channel by itself, bilinearly."""
    taps = interpolation_kernel("bilinear", factor)
    layer = keras.layers.Conv2DTranspose(channels, len(taps), factor, padding="same", use_bias=False)
    layer.build((None, None, None, channels))
    layer.set_weights([np.multiply.outer(np.outer(taps, taps), np.eye(channels))])
    return layer


coarse = skimage.transform.downscale_local_mean(skimage.data.astronaut()[20:212, 130:322] / 255, (8, 8, 1))
by_layer = bilinear_start(3, 8)(coarse[None])[0].numpy()
by_resize = tf.image.resize(coarse, (192, 192), "bilinear").numpy()
assert np.allclose(by_layer[4:-4, 4:-4], by_resize[4:-4, 4:-4], atol=1e-5), "equal, but for a frame of half a block"
print(f"what arrives of a map of ones: {bilinear_start(1, 8)(tf.ones((1, 24, 24, 1))).numpy().min():.2f} in the corner")

# %%
by_chance = keras.layers.Conv2DTranspose(3, 16, 8, padding="same", use_bias=False)(coarse[None])[0].numpy()
by_chance = (by_chance - by_chance.min()) / np.ptp(by_chance)
plotting.show(
    plotting.panels(
        [[coarse, by_layer.clip(0, 1), by_chance]], ["24 x 24", "bilinear start", "random start"], CITYSCAPES
    ),
    alt="02 bilinear-start",
)

# %% [markdown]
# The dark frame is the border of notebook 01: beyond it stand zeros, and they count as samples.
#
# **Self-test.** Suppose the layer above, with padding "same", ends a network, one channel per class. In the corner
# only about a third of every score arrives. Does that change the arg max? The softmax? (The released FCN avoids the
# question: it pads its images by 100 pixels and crops its scores.)
#
# <details><summary>Answer</summary>The arg max does not change: all classes of a pixel are scaled alike. The softmax
# does: smaller scores are closer to one another, and the network looks less sure than it is.</details>

# %% [markdown] tags=["core"]
# ## It is no inverse
#
# Signal processing has long had a word for undoing a convolution whose kernel is known: *deconvolution*, or inverse
# filtering. Some papers on neural networks took that word for the transposed convolution, and it is wrong here. An
# inverse would have to give $C^\top C = 1$. Look:

# %% tags=["core"]
tent = np.array([1, 2, 1]) / 4
blur = convolution_matrix(tent, 7)
plotting.show(
    plotting.matrix_pictures(
        {"C": blur, "CᵀC": blur.T @ blur, "the inverse of C": np.linalg.inv(blur)}, width=10, one_scale=False
    ),
    alt="02 inverse",
)

# %% [markdown]
# The transpose of a blur blurs again. The true inverse, beside it, is large everywhere and changes sign from pixel to
# pixel: it must magnify exactly what the blur made small.
#
# The **singular values** tell you what the blur attenuated. The smallest of them may be so small that the inverse
# magnifies rounding errors; the largest divided by the smallest is the **condition number**. A transposed convolution
# has the *same* singular values as the convolution: what was passed weakly is passed weakly once more.

# %%
kernels = {"sharp, [0 1 0]": np.array([0, 1, 0]), "tent, [1 2 1] / 4": tent, "box, [1 1 1] / 3": np.ones(3) / 3}
kernels["Gaussian, sigma 1.5"] = skimage.filters.gaussian(np.eye(1, 9, 4)[0], 1.5, mode="constant", truncate=2.7)
lengths = [9, 18, 36, 72, 144]
curves, conditions = {}, {}
for name, one in kernels.items():
    values = [np.linalg.svd(convolution_matrix(one, n), compute_uv=False) for n in lengths]
    curves[name] = values[2]
    conditions[name] = lengths, [v[0] / v[-1] for v in values]
plotting.show(
    plotting.singular_values(curves, conditions),
    alt="02 singular-values",
)

# %% [markdown]
# The box is worse than it looks: on 8 pixels (11, 14, ...) its matrix is singular, and no filter brings the picture
# back.
#
# **When is the transpose an inverse?** $C C^\top = 1$ exactly when the rows of $C$ are orthonormal; if $C$ has fewer
# rows than columns, as with a stride, $C^\top C$ is then still no identity. The simplest case: windows inside the
# picture that do not overlap (padding "valid", stride at least the kernel size), and taps whose squares add up to 1, here 0.6 and 0.8 (the Haar wavelet
# takes two equal ones). A trained layer has no reason to be like that.

# %% tags=["nbval-check-output"]
assert np.linalg.matrix_rank(convolution_matrix([1, 1, 1], 8)) == 7
unit = convolution_matrix([0.6, 0.8], 8, stride=2, padding="valid")
assert np.allclose(unit @ unit.T, np.eye(4))
assert not np.allclose(unit.T @ unit, np.eye(8))
print("up, then down: unchanged;  down, then up: rank", np.linalg.matrix_rank(unit.T @ unit), "of 8")

# %% [markdown]
# **Self-test.** Of two patterns, a convolution passes one fully and weakens the other to a tenth. What do they
# become after the transpose as well? What would an inverse do?
#
# <details><summary>Answer</summary>The first stays, the second falls to a hundredth. An inverse would magnify it
# tenfold, and the noise in it, too.</details>

# %% [markdown]
# ## More: Three ways back from a blurred photograph
#
# Blur a photograph with a known Gaussian, taking everything beyond the frame as black, and store it in 8 bits, as a
# JPEG does. In two dimensions the matrix has one row and one column per pixel; `sparse=True` keeps only the taps.
# The Gaussian is a product of a column and a row, so its matrix is a Kronecker product, and its condition number a
# square.

# %% tags=["nbval-check-output"]
astronaut = skimage.color.rgb2gray(skimage.data.astronaut())[20:180, 150:310]
gaussian = kernels["Gaussian, sigma 1.5"]
gaussian_2d = np.outer(gaussian, gaussian)
assert np.allclose(np.kron(*[convolution_matrix(gaussian, 12)] * 2), convolution_matrix(gaussian_2d, (12, 12)))

C = convolution_matrix(gaussian_2d, astronaut.shape, sparse=True)
condition = np.linalg.cond(convolution_matrix(gaussian, 160)) ** 2
print(f"matrix {C.shape[0]} x {C.shape[1]}, {C.nnz / C.shape[0] ** 2:.2%} of it stored")
print(f"condition number about 10^{np.log10(condition):.0f}")


# %%
def inverse_filter(picture):
    """The solution of C x = picture, exact but for rounding: first along the columns, then along the rows."""
    along = convolution_matrix(gaussian, len(picture))
    return np.linalg.solve(along, np.linalg.solve(along, picture).T).T


def psnr(picture, truth, border=8):
    """Peak signal-to-noise ratio in decibels, away from the borders."""
    inside = (slice(border, -border),) * 2
    return skimage.metrics.peak_signal_noise_ratio(truth[inside], picture[inside], data_range=1)


# %% tags=["nbval-check-output"]
blurred = (C @ astronaut.ravel()).reshape(astronaut.shape)
stored = np.round(255 * blurred) / 255
ways = {
    "blurred, 8 bits": stored,
    "transposed convolution": (C.T @ stored.ravel()).reshape(stored.shape),
    "inverse, no rounding": inverse_filter(blurred),
    "inverse, 8 bits": inverse_filter(stored),
    "Wiener filter, 8 bits": skimage.restoration.wiener(stored, gaussian_2d, balance=1e-4),
}
plotting.show(
    plotting.gray_images([list(ways.values())], list(ways), limits=(0, 1)),
    alt="02 ways-back",
)
quality = {name: psnr(picture, astronaut) for name, picture in ways.items()}
for name, value in quality.items():
    print(f"{name:24} {value:7.1f} dB" if value < 100 else f"{name:24} over 100 dB")
assert quality["transposed convolution"] < quality["blurred, 8 bits"] < quality["Wiener filter, 8 bits"]
assert quality["inverse, 8 bits"] < 0 < 100 < quality["inverse, no rounding"]

# %% [markdown]
# The inverse is perfect on paper, where the blur is known exactly, its black surroundings included; half a grey level
# of rounding destroys it. The **Wiener filter** inverts what was passed well, and damps instead of magnifying what
# drowned in the noise (its ripples at the frame arise because it takes the picture to repeat itself). The transposed
# convolution does not invert at all: it blurs once more.
#
# It is not unrelated, though. The least-squares inverse is $(C^\top C)^{-1} C^\top$: the transposed convolution is its
# *first half*, and all the sharpening happens in the other one.
#
# **Self-test.** What does the Wiener filter become when you tell it that there is no noise?
#
# <details><summary>Answer</summary>The inverse filter: nothing is left that it would have to damp.</details>

# %% [markdown]
# ## More: A transposed convolution that learns to enlarge
#
# What a decoder uses it for is another task: to make a small map large. There, its kernel is an interpolation filter
# that need not be designed, because it can be learned. Is that so? Take *one* `Conv2DTranspose` with stride 2, show it
# halved photographs, and ask for two different targets: their **bilinear enlargement**, whose kernel we know, and the
# **photograph** itself.


# %%
def gray_photographs():
    """Pictures to learn from, and others to test on."""
    if dataset == "photographs":
        pictures = [getattr(skimage.data, name)() for name in ("coffee", "chelsea", "rocket", "astronaut", "camera")]
    else:
        files = [frame.image for frame in datasets.open(dataset, data_dir).frames("train")]
        pictures = [datasets.read_image(file)[:400, :600] for file in files[:: max(1, len(files) // 5)][:5]]
    pictures = [skimage.color.rgb2gray(p) if p.ndim == 3 else p / 255 for p in pictures]
    pictures = [p[: len(p) // 2 * 2, : p.shape[1] // 2 * 2] for p in pictures]
    return pictures[:3], pictures[3:]


def halve(pictures):
    """The mean of 2 x 2 pixels, as a sensor with larger pixels would see it: [..., height, width] halved."""
    return skimage.transform.downscale_local_mean(pictures, (1,) * (pictures.ndim - 2) + (2, 2))


def enlarge(pictures, method):
    """`tf.image.resize` to twice the size, [..., height, width]."""
    return tf.image.resize(pictures[..., None], [2 * n for n in pictures.shape[-2:]], method)[..., 0].numpy()


learn, test = gray_photographs()

# %% [markdown]
# We learn from patches of 48 x 48 pixels, in eight mirrored and rotated forms (so that no direction is special). Their
# mean is taken away: it says nothing about interpolation, and a learner that sees mostly brightness learns slowly. What
# is lost at a patch's border to zero padding is cropped from the loss.


# %% tags=["nbval-check-output"]
def patches(picture, side=48):
    rows, columns = (n // side for n in picture.shape)
    cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    cut = cut.reshape(-1, side, side)[:: 8 if fast else 2]
    return np.concatenate([np.rot90(form, turns, (1, 2)) for form in (cut, cut[:, ::-1]) for turns in range(4)])


large = np.concatenate([patches(picture) for picture in learn]).astype("float32")
large -= large.mean((1, 2), keepdims=True)
large /= large.std()
small = halve(large)
print(f"{len(large)} patches of {large.shape[1]} x {large.shape[2]} pixels")


# %%
def train_to_enlarge(targets, size=6):
    """The kernel [size, size] of a transposed convolution with stride 2, trained from a random start."""
    keras.utils.set_random_seed(seed)
    layer = keras.layers.Conv2DTranspose(1, size, strides=2, padding="same", use_bias=False)
    model = keras.Sequential([keras.Input((24, 24, 1)), layer, keras.layers.Cropping2D(6)])
    epochs = -(-32 * steps // len(small))
    rate = keras.optimizers.schedules.CosineDecay(0.05, epochs * -(-len(small) // 32))
    model.compile(keras.optimizers.SGD(rate, momentum=0.95, nesterov=True), "mse")
    model.fit(small[..., None], targets[:, 6:-6, 6:-6, None], batch_size=32, epochs=epochs, verbose=0)
    return layer.kernel.numpy()[:, :, 0, 0]


# %%
bilinear = np.outer([0, 1, 3, 3, 1, 0], [0, 1, 3, 3, 1, 0]) / 16
from_bilinear = train_to_enlarge(enlarge(small, "bilinear"))
from_photographs = train_to_enlarge(large)
found = {"bilinear": bilinear, "learned, bilinear as target": from_bilinear, "learned, photographs": from_photographs}
plotting.show(
    plotting.matrix_pictures(found, width=10),
    alt="02 learned-kernels",
)

# %% [markdown]
# The first question has a known answer, and training must find it. A layer with one linear map and a squared error has
# a *closed form*, too: the **normal equations**. They say where training would end if it never stopped.


# %%
def least_squares(sources, targets, size=6):
    """The kernel that no other beats on these patches: the normal equations, summed over batches of patches."""
    units = tf.reshape(tf.eye(size**2), (size, size, size**2, 1))  # one channel for each tap
    gram, right = 0, 0
    for start in range(0, len(sources), 128):
        pictures, wanted = sources[start : start + 128, ..., None], targets[start : start + 128, 6:-6, 6:-6]
        drawn = tf.nn.conv2d_transpose(pictures, units, (len(pictures), 48, 48, size**2), 2)[:, 6:-6, 6:-6]
        drawn = tf.cast(tf.reshape(drawn, (-1, size**2)), "float64")
        gram += tf.matmul(drawn, drawn, transpose_a=True).numpy()
        right += tf.linalg.matvec(drawn, wanted.ravel().astype(float), transpose_a=True).numpy()
    return np.linalg.solve(gram, right).reshape(size, size)


# %%
best = least_squares(small, large)
pairs = {
    "trained on bilinear enlargements, against the bilinear kernel": (from_bilinear, bilinear),
    "their normal equations, against the bilinear kernel": (
        least_squares(small[:256], enlarge(small[:256], "bilinear")),
        bilinear,
    ),
    "trained on photographs, against the normal equations": (from_photographs, best),
}
closest = {name: np.abs(one - other).max() for name, (one, other) in pairs.items()}
for name, difference in closest.items():
    print(f"{name:62} largest difference {difference:.4f}")
assert closest["their normal equations, against the bilinear kernel"] < 0.001
assert fast or dataset != "photographs" or max(closest.values()) < 0.02  # how near training comes depends on both

# %% [markdown]
# So the claim holds: the layer finds the bilinear kernel if bilinear enlargement is what it is shown. Shown the
# photographs, it finds something else: a higher centre, a ring of *negative* taps, like the bicubic and Lanczos
# kernels of notebook 01. No one designed it: it comes from the photographs and from the way they were halved.
#
# Is it better? On photographs that it has not seen, by PSNR, beside the kernels of notebook 01. The cell after that
# puts the numbers into words; two photographs decide little, and differences below 0.1 dB are called
# equal.


# %%
def transposed_convolution(picture, kernel):
    size = (1, 2 * picture.shape[0], 2 * picture.shape[1], 1)
    return tf.nn.conv2d_transpose(picture[None, ..., None], kernel[..., None, None], size, 2)[0, ..., 0].numpy()


enlarged = []
for picture in test:
    half = halve(picture)
    row = {method: enlarge(half, method) for method in ("nearest", "bilinear", "bicubic", "lanczos3")}
    row["learned 6 x 6"] = transposed_convolution(half, from_photographs.astype(float))
    enlarged.append(row)

scores = {method: [psnr(row[method], truth) for row, truth in zip(enlarged, test, strict=True)] for method in row}
for method, values in scores.items():
    print(f"{method:14}" + "".join(f"{value:8.2f} dB" for value in values))


# %%
def verdict(one, other):
    gains = np.subtract(scores[one], scores[other])
    if abs(gains).max() < 0.1:
        return "equal"
    word = "better" if gains.min() > 0 else "worse" if gains.max() < 0 else "undecided"
    return f"{word} (" + ", ".join(f"{gain:+.2f}" for gain in gains) + " dB)"


lowest, phases = from_photographs.min(), [from_photographs[i::2, j::2].sum() for i in (0, 1) for j in (0, 1)]
print(f"lowest tap {lowest:.2f}; the taps that meet in a pixel add up to {min(phases):.2f} .. {max(phases):.2f}")
for other in ("bilinear", "bicubic", "lanczos3"):
    print(f"learned 6 x 6 against {other:8}: {verdict('learned 6 x 6', other)}")
assert fast or dataset != "photographs" or verdict("learned 6 x 6", "bilinear").startswith("better")

# %%
window = slice(70, 190), slice(190, 310)
columns = {
    "truth": test[0],
    **{name: enlarged[0][name] for name in ("nearest", "bilinear", "bicubic", "learned 6 x 6")},
}
plotting.show(
    plotting.gray_images([[picture[window] for picture in columns.values()]], list(columns), limits=(0, 1)),
    alt="02 enlarged",
)

# %% [markdown]
# A decoder learns many such kernels at once, one per pair of channels, for maps that are not photographs.
#
# **Self-test.** Trained on photographs that were halved by *keeping every second pixel*, would the layer find the same
# kernel?
#
# <details><summary>Answer</summary>No. It learns to undo the reduction it was shown. With kept pixels, an output that
# was kept needs a single tap 1, and the others an interpolation between neighbours: the kernel sits elsewhere and has
# another shape. Change <code>halve</code> and look.</details>

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("02")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand where they are needed, above. Each answer goes into the function that is there; the cell below
# it checks. Your function is also checked on inputs you do not see, so solve the problem and not the example.
#
# ### Exercise 4: sizes (1 point)
#
# A convolution with `kernel` taps and the given stride reads `size` pixels (no fewer than `kernel`). Return the number
# of its outputs for padding "same", and for padding "valid", as two integers.


# %% nbgrader={"grade": false, "grade_id": "sizes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_sizes(size, kernel, stride):
    """Outputs with padding "same", outputs with padding "valid"."""
    ### BEGIN SOLUTION
    return -(-size // stride), (size - kernel) // stride + 1
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sizes_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
### PART 0.5 points: padding "same"
assert_same(output_sizes(9, 3, 2)[0], 5, name='the outputs of output_sizes(9, 3, 2) for padding "same"')
assert_same(output_sizes(8, 3, 1)[0], 8, name='the outputs of output_sizes(8, 3, 1) for padding "same"')
### BEGIN HIDDEN TESTS
for case in [(7, 7, 3), (10, 3, 4), (11, 2, 3), (6, 1, 4), (12, 5, 2), (480, 4, 2)]:
    expected, answer = len(convolution_matrix(np.ones(case[1]), case[0], case[2])), output_sizes(*case)
    assert len(answer) == 2, "return two numbers of outputs"
    assert_same(answer[0], expected, name=f'the outputs of output_sizes{case} for padding "same"')
### END HIDDEN TESTS
### PART 0.5 points: padding "valid"
assert_same(output_sizes(9, 3, 2)[1], 4, name='the outputs of output_sizes(9, 3, 2) for padding "valid"')
assert_same(output_sizes(8, 3, 1)[1], 6, name='the outputs of output_sizes(8, 3, 1) for padding "valid"')
### BEGIN HIDDEN TESTS
for case in [(7, 7, 3), (10, 3, 4), (11, 2, 3), (6, 1, 4), (12, 5, 2), (480, 4, 2)]:
    expected, answer = len(convolution_matrix(np.ones(case[1]), case[0], case[2], "valid")), output_sizes(*case)
    assert len(answer) == 2, "return two numbers of outputs"
    assert_same(answer[1], expected, name=f'the outputs of output_sizes{case} for padding "valid"')
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>"Same" keeps one output for every *stride* pixels that have begun. "Valid" counts the
# places where a whole window begins: the first at 0, the last at <code>size - kernel</code> or a little
# before.</details>
#
# ### Exercise 5: which size was it? (1 point)
#
# A convolution returned `outputs` pixels. List, in rising order, all input sizes from which it may have come.


# %% nbgrader={"grade": false, "grade_id": "ambiguous", "locked": false, "schema_version": 3, "solution": true, "task": false}
def possible_input_sizes(outputs, kernel, stride, padding):
    """All sizes that a convolution with padding "same" or "valid" turns into `outputs` pixels, a list of integers."""
    ### BEGIN SOLUTION
    first = (outputs - 1) * stride + (kernel if padding == "valid" else 1)
    return list(range(first, first + stride))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ambiguous_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
def ambiguous_trial(outputs_, taps_, stride, padding):
    sizes_ = range(taps_ if padding == "valid" else 1, 40)
    expected = [n for n in sizes_ if len(convolution_matrix(np.ones(taps_), n, stride, padding)) == outputs_]
    what = f"{outputs_} outputs, {taps_} taps, stride {stride}, {padding}"
    assert_same(possible_input_sizes(outputs_, taps_, stride, padding), expected, name=what)


### END HIDDEN TESTS
### PART 0.5 points: padding "same"
assert_same(possible_input_sizes(3, 3, 2, "same"), [5, 6], name="3 outputs, 3 taps, stride 2, same")
### BEGIN HIDDEN TESTS
for case in [(4, 3, 1), (5, 2, 4), (2, 5, 3), (1, 4, 5)]:
    ambiguous_trial(*case, "same")
### PART 0.5 points: padding "valid"
for case in [(3, 3, 2), (2, 5, 3), (1, 4, 3), (4, 2, 1)]:
    ambiguous_trial(*case, "valid")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>You may simply try all sizes with your answer to exercise 4.</details>
#
# ### Exercise 6: in your own words (2 points)
#
# Why is "deconvolution", the word for inverse filtering, wrong for this layer? Say what an inverse filter needs to
# know and what it returns, what a transposed convolution returns instead, and name one case in which the two agree.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# An inverse filter knows the kernel that blurred a picture and returns the picture: it solves $C x = y$, magnifies
# what the blur made small, and with it the noise, so in practice it needs regularisation (Wiener). A transposed
# convolution multiplies with $C^\top$: it restores the *shape* of the input and not its values; $C^\top C$ is not the
# identity, and a blur transposed blurs again. In a decoder there is nothing to invert, either: its kernel is learned
# and is not that of any encoder layer. The two agree where *C* is orthogonal: a kernel with the single tap 1 at stride
# 1; and, for going up and then down, windows that do not overlap with taps of unit length ($C C^\top = 1$).
#
# ### RUBRIC
#
# - 1 point: inverse against transpose. The inverse needs the kernel and returns the picture, the transpose returns
#   its size only (half a point each).
# - 1 point: a case in which the two agree, with its reason; half a point for a case without one.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - A transposed convolution stamps the kernel once per input value; where stamps overlap, they add up.
# - A convolution is a matrix whose rows are shifted copies of the taps; in 2-D it has blocks, one per kernel row.
# - Its transpose is the transposed convolution *and* the backward pass. With stride 1, "same" and odd kernels it slides
#   the reversed taps; with a stride, zeros are inserted first.
# - Frameworks differ in the row at which a stride starts; a transposed convolution must be told its output size. It
#   swaps the channels in and out, and makes a good start as bilinear interpolation of each channel.
# - It restores shapes, not values: $C^\top C$ is not the identity. Inverse filters are something else, and fragile.
# - As a learned interpolation it finds the bilinear kernel when shown bilinear enlargements, and a sharper one when
#   shown photographs.

# %% [markdown]
# ## With your own photographs
#
# `dataset="camvid"` (with `data_dir` where it is not in its usual place) trains and tests on street photographs:
# `course run 02 --dataset camvid`.

# %% [markdown]
# ## Further reading
#
# - V. Dumoulin, F. Visin: *A guide to convolution arithmetic for deep learning*, arXiv:1603.07285, 2016: section 4.1
#   (convolution as a matrix operation), 4.2 (transposed convolution).
# - M. D. Zeiler, D. Krishnan, G. W. Taylor, R. Fergus: *Deconvolutional Networks*, CVPR 2010: where the word entered
#   the field, there for a model that does solve an inverse problem.
# - J. Long, E. Shelhamer, T. Darrell: *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015, sections 3.3
#   and 4.3: upsampling by a transposed convolution, and its bilinear start.
# - W. Shi et al.: *Is the deconvolution layer the same as a convolutional layer?*, arXiv:1609.07009, 2016.
# - R. C. Gonzalez, R. E. Woods: *Digital Image Processing*, 4th edition, 2018, chapter 5, "Image Restoration and
#   Reconstruction": inverse and Wiener filtering.
