# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 70
#     claims: [L12]
# ---

# %% [markdown] tags=["core"]
# # 03 · Kernel and stride: where checkerboards come from
#
# **After this notebook you can** say how many kernel taps reach each pixel of a transposed convolution, prove for which
# kernel sizes that number is constant, measure a checkerboard as one number, tell what the rule "kernel size a multiple
# of the stride" promises and what it does not, and choose between two cures by their cost.
#
# **Time:** 70 minutes, or 25 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves need about two minutes on two processor cores.
#
# **Lecture claim:** *L12*, a transposed convolution is a convolution after zero insertion; the kernel size should be a
# symmetric multiple of the stride; the bias has to serve pixels with different overlap counts.
#
# **Before it:** zero insertion (01) and the transposed convolution as a matrix (02). **Exercises:** three on the
# way and two at the end to compute (8 points), and one to write (2 points).

# %% [markdown] tags=["core"]
# The next cell holds everything you may want to change. The photographs come with scikit-image, so nothing is loaded
# from the network; name a data set of the course to use its images instead.

# %% tags=["core", "parameters"]
fast = False  # True: a short run that shows everything and learns little
seed = 0
dataset = "photographs"  # or "camvid", "cityscapes", "toy_streets": its images train the small decoders
data_dir = None  # where the data set is; None: its usual place
steps = 384  # training steps of each decoder
seeds = 3  # repetitions of each decoder

# %% tags=["core"]
import numpy as np
from scipy.signal import convolve2d
from skimage import color, data

from course_utils import datasets, plotting
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.evaluation.measures.checkerboard import checkerboard_energy, phase_means
from course_utils.layers import SubPixelConvolution2D
from course_utils.matrices import overlap_counts
from course_utils.widgets import interactive_figure

if fast:
    steps, seeds = 16, 1
keras.utils.set_random_seed(seed)


# %% [markdown] tags=["core"]
# ## The question
#
# Enlarge a photograph twice with a transposed convolution whose weights are all equal: once with a 3 x 3 kernel, once
# with a 4 x 4 kernel, both with stride 2. The only difference is one row and one column of weights.


# %% tags=["core"]
def transposed_convolution(image, kernel, stride, padding="valid"):
    """The framework's transposed convolution of one image [H, W] with one kernel [k, k]."""
    image, kernel = np.float32(image)[None, ..., None], np.float32(kernel)[..., None, None]
    return keras.ops.conv_transpose(image, kernel, stride, padding)[0, ..., 0].numpy()


photograph = color.rgb2gray(data.chelsea())[60:180:2, 90:270:2]
pictures = [photograph]
for size in (3, 4):
    large = transposed_convolution(photograph, np.ones((size, size)), 2, "same")
    pictures.append(large / large.mean() * photograph.mean())
titles = ["photograph", "3 x 3 kernel, stride 2", "4 x 4 kernel, stride 2"]
plotting.show(
    plotting.gray_images([pictures], titles, limits=(0, 1)),
    alt="03 cats-eye",
)

# %% [markdown] tags=["core"]
# Where does the grid come from, is one more row of weights all it takes to lose it, and does training lose it anyway?

# %% [markdown] tags=["core"]
# ## What the window sees
#
# A transposed convolution is a convolution after zero insertion (notebook 02). With stride 2 the values stand at every
# second place. Slide a window over that grid and count the values that it covers:

# %% tags=["core"]
plotting.show(
    plotting.kernel_windows(kernel_sizes=(3, 4), stride=2),
    alt="03 windows",
)

# %% [markdown] tags=["core"]
# Blue cells hold values; where the window covers one it is dark orange. Where the window stands, row and column modulo
# the stride, is the **phase** of the output pixel. The smaller window sees four values in one phase, two in two
# phases, one in the last; and every time the same bias is added.
#
# **Think first:** a 5 x 5 window with stride 2: which counts?
#
# <details><summary>Answer</summary>Along one axis it covers three or two values, hence 9, 6, 6 or 4: uneven again,
# but less so.</details>

# %% [markdown] tags=["core"]
# ## The overlap map
#
# Rows and columns are independent: count along each axis and multiply. Along one axis, output position $p$ meets input
# $i$ if $0 \le p - i s < k$, for stride $s$ and kernel size $k$.
#
# ### Exercise 1: the overlap map (2 points)
#
# Return how many taps reach the output pixels whose rows and columns are given: an array of integers `[len(rows),
# len(columns)]`. `rows` and `columns` are arrays of positions in the whole output, which has `(size - 1) * stride +
# kernel_size` of them per axis. The input has `size` pixels per axis, perhaps a billion: a map of all of it, or a loop
# over it, would not fit. The kernel may be smaller than the stride.


# %% nbgrader={"grade": false, "grade_id": "map", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def overlap_map(kernel_size, stride, size, rows, columns):
    """Kernel taps that reach the output pixels at these rows and columns, integers [len(rows), len(columns)]."""

    ### BEGIN SOLUTION
    def along(positions):
        last = np.minimum(positions // stride, size - 1)
        first = np.maximum(-((kernel_size - 1 - positions) // stride), 0)
        return last - first + 1

    return np.multiply.outer(along(rows), along(columns))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "map_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### PART 1 point: pixels near the border
assert_same(
    overlap_map(3, 2, 2, np.arange(5), np.arange(5)),
    np.outer([1, 1, 2, 1, 1], [1, 1, 2, 1, 1]),
    name="the whole map of 2 x 2 pixels, kernel 3, stride 2",
)
### BEGIN HIDDEN TESTS
for size_, stride_, length_ in [(3, 2, 4), (4, 2, 2), (2, 3, 3), (5, 1, 2), (7, 3, 6), (2, 2, 1), (1, 4, 5)]:
    whole_ = overlap_counts(size_, stride_, length_)
    across_ = np.random.default_rng(size_).permutation(len(whole_))[: 1 + len(whole_) // 2]
    expected_ = np.multiply.outer(whole_, whole_[across_])
    answer_ = overlap_map(size_, stride_, length_, np.arange(len(whole_)), across_)
    assert_same(answer_, expected_, name=f"the map for kernel {size_}, stride {stride_}, {length_} pixels per axis")
    last_ = (10**9 - 1) * stride_ + size_ - 1 - np.arange(len(whole_))[: 2 * stride_]  # from the end of a long one
    few_ = overlap_counts(size_, stride_, 50)[::-1][: len(last_)]
    answer_ = overlap_map(size_, stride_, 10**9, last_, last_[:1])
    assert_same(
        answer_, np.multiply.outer(few_, few_[:1]), name=f"the end of a large map, kernel {size_}, stride {stride_}"
    )
### END HIDDEN TESTS
### PART 1 point: pixels far from the border
far = np.array([10**9, 10**9 + 1])
assert_same(overlap_map(3, 2, 10**9, far, far), [[4, 2], [2, 1]], name="four pixels in the middle of a large map")
### BEGIN HIDDEN TESTS
for size_, stride_ in [(4, 2), (2, 3), (5, 1), (7, 3), (1, 4), (9, 4)]:
    middle_ = overlap_counts(size_, stride_, 50)[20 * stride_ : 20 * stride_ + 3 * stride_]
    down_ = 5 * 10**8 * stride_ + np.arange(len(middle_))
    answer_ = overlap_map(size_, stride_, 10**9, down_, down_[1::2])
    expected_ = np.multiply.outer(middle_, middle_[1::2])
    assert_same(answer_, expected_, name=f"the middle of a large map, kernel {size_}, stride {stride_}")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Along one axis: which is the last input that position p meets, which the first?
# Their numbers differ by the count minus 1.</details>
# <details><summary>Hint 2</summary>The last is <code>p // stride</code>, but at most size - 1. The first is
# (p - kernel_size + 1) / stride, rounded up, but at least 0; <code>-(-a // b)</code> rounds up.</details>
#
# Three ways to count must agree: yours, a convolution of ones after zero insertion, and the framework on an image and a
# kernel of ones.


# %% tags=["core", "nbval-check-output"]
def map_by_library(kernel_size, stride, size, rows, columns):
    """The course's own."""
    counts = overlap_counts(kernel_size, stride, size)
    return np.multiply.outer(counts[rows], counts[columns])


trials = [(k, s, 4, np.arange(3 * s + k), np.arange(2)) for k, s in ((3, 2), (4, 2), (2, 3))]
overlap = adopt("overlap_map", globals(), ours=map_by_library, trials=trials)

# %% tags=["core", "nbval-check-output"]
values = np.zeros(9)
values[::2] = 1
print("values and zeros", values.astype(int))
for size in (3, 4):
    counts = overlap(size, 2, 5, np.arange(8 + size), np.array([0]))[:, 0]  # one tap reaches the first column
    assert (np.convolve(values, np.ones(size)) == counts).all()
    print(f"kernel {size}: overlap", counts)

# %% tags=["core", "nbval-check-output"]
for size, stride in [(size, stride) for size in range(1, 9) for stride in range(1, 5)]:
    ones = transposed_convolution(np.ones((4, 5)), np.ones((size, size)), stride)
    counts = overlap_counts(size, stride, (4, 5))
    # Where the kernel is smaller than the stride, the framework appends zeros.
    assert (ones[: counts.shape[0], : counts.shape[1]] == counts).all() and ones.sum() == counts.sum()
print("32 pairs of kernel size and stride: framework and count agree at every pixel")

# %% [markdown] tags=["core"]
# **Self-test.** Kernel 5, stride 2, four input pixels: write down the counts.
#
# <details><summary>Answer</summary>1 1 2 2 3 2 3 2 2 1 1. They add up to 4 x 5: every tap of every input arrives
# somewhere.</details>

# %% [markdown] tags=["core"]
# ## The closed form
#
# Output position $p$ meets input $i$ in tap $p - i s$. All taps that a position uses differ by multiples of the stride
# $s$, so in phase $\varphi = p \bmod s$ it uses the taps $\varphi, \varphi + s, \varphi + 2s, \ldots$ below the kernel
# size $k$. Away from the borders, their number is
#
# $$n_\varphi = \left\lceil \frac{k - \varphi}{s} \right\rceil, \qquad \varphi = 0, \ldots, s - 1 .$$
#
# In two dimensions the counts of row and column are multiplied.


# %% tags=["core", "nbval-check-output"]
def interior(counts, kernel_size, stride, size):
    """The positions that no border touches, from the first whole period on."""
    start = -(-max(kernel_size - stride, 0) // stride) * stride
    return np.pad(counts, (0, max(0, stride - kernel_size)))[start : size * stride]


for size, stride in [(2, 2), (3, 2), (4, 2), (5, 2), (6, 2), (4, 3), (15, 8), (16, 8)]:
    phases = -(-(size - np.arange(stride)) // stride)
    counted = interior(overlap_counts(size, stride, 20), size, stride, 20)
    assert (counted.reshape(-1, stride) == phases).all()
    in_two = " ".join(map(str, np.unique(np.multiply.outer(phases, phases))))
    print(f"kernel {size:2d}, stride {stride}: along one axis {phases}, in two dimensions {in_two}")

# %% [markdown] tags=["core"]
# **Self-test.** Kernel 7 and stride 3: how many taps reach each of the three phases?
#
# <details><summary>Answer</summary>3, 2 and 2: 7 / 3, 6 / 3 and 5 / 3, rounded up. They add up to 7.</details>

# %% [markdown] tags=["core"]
# ## The rule is a theorem
#
# > Away from the borders, the overlap count is constant **exactly when** the stride divides the kernel size.
#
# *Proof.* The $s$ counts add up to $k$, since each tap belongs to one phase. By the closed form the first count,
# $\lceil k / s \rceil$, and the last, $\lceil (k - s + 1) / s \rceil = \lfloor k / s \rfloor$, are the largest and the
# smallest. They are equal exactly when $k / s$ is whole. $\square$
#
# The check, by counting, for every pair:

# %% tags=["core", "nbval-check-output"]
for size in range(1, 17):
    for stride in range(1, 9):
        counts = overlap_counts(size, stride, 20)
        inside = interior(counts, size, stride, 20)
        assert (inside.min() == inside.max()) == (size % stride == 0), (size, stride)
        assert stride > size or (counts.min() == counts.max()) == (size == stride), (size, stride)
print("constant inside exactly where the stride divides the kernel size: 128 pairs")

# %% [markdown] tags=["core"]
# Ten of these maps. Look at the borders, too: there the count falls even where the rule holds. Among kernels no smaller
# than the stride, only $k = s$ is constant up to the edge (the check above includes that), because there the windows
# do not overlap at all. And since the gradient of a strided convolution is a transposed convolution (notebook 02), the
# same maps say how often a strided *encoder* uses each of its input pixels.

# %% tags=["core"]
maps = {}
for size, stride in [(3, 2), (4, 2), (5, 2), (6, 2), (2, 2), (4, 3), (5, 3), (6, 3), (3, 4), (8, 4)]:
    inside = np.unique(interior(overlap_counts(size, stride, 6), size, stride, 6))
    name = f"kernel {size}, stride {stride}\n{' or '.join(map(str, inside))} per axis"
    positions = np.arange(5 * stride + size)
    maps[name] = overlap(size, stride, 6, positions, positions)
plotting.show(
    plotting.overlap_maps(maps),
    alt="03 ten-maps",
)

# %% [markdown]
# Now move the sliders. `padding="same"` crops the output to stride times the input, and much of the border goes with
# it. Find a pair with stride 3 that is flat; then change the kernel by one. Then add a layer, which enlarges what the
# one before has made: a count becomes a number of paths from the input to the pixel.


# %% jupyter={"source_hidden": true}
def through_layer(counts, kernel_size, stride, padding):
    """Counts along one axis after one more transposed convolution whose weights are all 1."""
    spread = np.zeros((len(counts), stride), int)
    spread[:, 0] = counts
    whole = np.convolve(spread.ravel(), np.ones(kernel_size, int))
    start = max(kernel_size - stride, 0) // 2 if padding == "same" else 0
    length = stride * len(counts) if padding == "same" else stride * (len(counts) - 1) + kernel_size
    return whole[start : start + length]


def draw(kernel_size=3, stride=2, layers=1, padding="valid"):
    counts = np.ones(min(8, max(2, 192 // stride**layers)), int)  # fewer input pixels where the output would be huge
    for _ in range(layers):
        counts = through_layer(counts, kernel_size, stride, padding)
    title, what = f"kernel {kernel_size}, stride {stride}, padding {padding}", "taps"
    if layers > 1:
        title, what = f"{title}, {layers} layers", "paths"
    return plotting.overlap_panel(counts, title, what)


interactive_figure(
    draw,
    alt=lambda kernel_size, stride, layers, padding: (
        f"Overlap map for kernel {kernel_size}, stride {stride}, padding {padding} after {layers} layers, with the "
        "counts along one axis above it."
    ),
    kernel_size=(1, 16),
    stride=(1, 6),
    layers=[1, 2, 3],
    padding=["valid", "same"],
)

# %% [markdown]
# **Self-test.** A strided encoder layer has kernel 3 and stride 2. How often does it use each input pixel?
#
# <details><summary>Answer</summary>As often as its transpose reaches it: 4, 2, 2 or 1 times. A quarter of the pixels
# are used once, a quarter four times.</details>

# %% [markdown]
# ## More: A checkerboard as a number
#
# A pattern that repeats every $s$ pixels shows up in the spectrum at the multiples of $1/s$ cycles per pixel, the
# *stride frequencies*, and nowhere else. So we define the **checkerboard energy** of a map as
#
# $$\frac{\text{energy at the stride frequencies, the zero frequency excepted}}{\text{energy of the whole spectrum}} .$$
#
# The zero frequency is the mean, and a mean is no pattern. A constant map scores 0. With the counts of a 3 x 3 kernel
# and stride 2:

# %% tags=["nbval-check-output"]
MIDDLE = np.s_[24:48, 24:48]  # whole periods of the strides 1, 2, 3, 4 and 8, far from every border
counts = overlap_counts((3, 3), 2, 60)[MIDDLE]
plotting.show(
    plotting.map_and_spectrum(counts, 2, "overlap counts, kernel 3, stride 2"),
    alt="03 spectrum",
)
print(f"checkerboard energy {checkerboard_energy(counts, 2):.2f}")

# %% [markdown]
# ### Exercise 2: the energy at the stride frequencies (2 points)
#
# Return the checkerboard energy of one map [H, W]; both are multiples of the stride. Energy is the squared magnitude of
# `np.fft.fft2`; the stride frequencies stand at the multiples of H / stride down and of W / stride across; the zero
# frequency counts in the denominator only. The map is never all zeros.


# %% nbgrader={"grade": false, "grade_id": "energy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stride_energy(values, stride):
    """Share of the spectrum's energy at the stride frequencies, a number in 0..1."""
    ### BEGIN SOLUTION
    energy = np.abs(np.fft.fft2(values)) ** 2
    height, width = energy.shape
    return (energy[:: height // stride, :: width // stride].sum() - energy[0, 0]) / energy.sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "energy_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
stripes = np.array([[1.0, 3.0, 1.0, 3.0]] * 2)
assert_same(stride_energy(stripes.copy(), 2), 0.2, name="the energy of stripes 1 3 1 3")
### BEGIN HIDDEN TESTS
for shape_, stride_ in [((6, 4), 2), ((6, 9), 3), ((8, 12), 4), ((12, 6), 2), ((4, 6), 1)]:
    map_ = np.random.default_rng(stride_).normal(1, 1, shape_) + 2.0 * (np.arange(shape_[0])[:, None] % stride_ == 0)
    means_ = phase_means(map_, stride_)
    expected_ = ((means_ - means_.mean()) ** 2).mean() / (map_**2).mean()
    assert_same(stride_energy(map_.copy(), stride_), expected_, name=f"the energy of a map {shape_}, stride {stride_}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>For a map of 6 x 4 and stride 2 these are the places (0, 2), (3, 0) and (3, 2),
# besides (0, 0).</details>
#
# <details><summary>Second hint</summary>A slice with a step picks them: <code>energy[::3, ::2]</code>. Or leave the
# spectrum alone and use the variance of the phase means.</details>

# %% tags=["nbval-check-output"]
energy_of = adopt(
    "stride_energy", globals(), ours=checkerboard_energy, trials=[(counts[:6, :4], 2), (counts[:6, :9], 3)]
)
for size in (2, 3, 4, 5):
    counts_of_size = overlap(size, 2, 60, np.arange(24, 48), np.arange(24, 48))
    print(f"kernel {size}, stride 2: checkerboard energy {energy_of(counts_of_size, 2):.2f}")

# %% [markdown]
# By Parseval's theorem the energy at the stride frequencies is the *variance of the phase means*, the averages of the
# map over each phase. So the number is easy to check by hand.

# %% tags=["nbval-check-output"]
means = phase_means(counts, 2)
print("phase means\n", means)
print(f"variance {means.var():.4f}, mean square {np.mean(counts**2):.4f}, share {means.var() / np.mean(counts**2):.2f}")
assert np.isclose(checkerboard_energy(counts, 2), means.var() / np.mean(counts**2))
noisy = counts + np.random.default_rng(0).normal(size=counts.shape)
assert np.isclose(checkerboard_energy(noisy, 2), phase_means(noisy, 2).var() / np.mean(noisy**2))

# %% [markdown]
# **Self-test.** Along one axis the phase means are 3 and 1. What is the checkerboard energy?
#
# <details><summary>Answer</summary>The variance of the phase means is 1, the mean of the squares (9 + 1) / 2 = 5: one
# fifth.</details>

# %% [markdown] tags=["core"]
# ## Equal counts are not equal sums
#
# The rule counts taps. What a pixel receives is their *weighted sum*. On a constant image of ones, every pixel of phase
# $\varphi$ becomes the sum of the weights in its phase, $S_\varphi = \sum_j w_{\varphi + j s}$. So the exact
# condition is:
#
# > Away from the borders, a constant image stays constant **exactly when all phase sums of the kernel are equal**.
#
# If all weights are equal, this *is* the rule. Otherwise the rule is neither necessary nor sufficient.
#
# ### Exercise 3: the error of each phase (1 point)
#
# A transposed convolution with `kernel` `[h, w]`, one `bias` and a `stride` enlarges an image that is `c` everywhere.
# It should be `c` again. Return what comes out minus `c`, away from the borders, per phase: floats `[stride,
# stride]`. The kernel may be smaller than the stride.


# %% nbgrader={"grade": false, "grade_id": "phase", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def phase_errors(kernel, bias, stride, c):
    """Output minus input for a constant image, [row phase, column phase]."""
    ### BEGIN SOLUTION
    sums = [[kernel[i::stride, j::stride].sum() for j in range(stride)] for i in range(stride)]
    return c * np.array(sums, float) + bias - c
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "phase_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
assert_same(phase_errors(np.ones((3, 3)), 0.5, 2, 1.0), [[3.5, 1.5], [1.5, 0.5]], name="the errors of a kernel of ones")
### BEGIN HIDDEN TESTS
for shape_, stride_, bias_, c_ in [
    ((4, 4), 2, 0.0, 1.0),
    ((3, 5), 3, -0.7, 0.4),
    ((2, 1), 3, 0.2, 2.0),
    ((7, 7), 2, 1.0, 0.0),
]:
    given_ = np.random.default_rng(stride_).normal(size=shape_)
    spread_ = np.kron(np.ones((12, 12)), np.eye(1, stride_**2).reshape(stride_, stride_))
    start_ = 6 * stride_
    flat_ = convolve2d(spread_, given_)[start_ : start_ + stride_, start_ : start_ + stride_]
    answer_ = phase_errors(given_.copy(), bias_, stride_, c_)
    assert_same(answer_, c_ * flat_ + bias_ - c_, name=f"the errors of a kernel {shape_}, stride {stride_}")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint</summary>The taps that reach phase (i, j) are <code>kernel[i::stride,
# j::stride]</code>.</details>
#
# One example against each half of the rule; the first kernel is the bilinear one of notebook 01.


# %% tags=["core"]
def errors_by_sums(kernel, bias, stride, c):
    """The course's own."""
    shape = [-(-length // stride) * stride for length in kernel.shape]
    padded = np.pad(kernel, [(0, whole - length) for whole, length in zip(shape, kernel.shape, strict=True)])
    return c * padded.reshape(shape[0] // stride, stride, -1, stride).sum(axis=(0, 2)) + bias - c


trials = [(np.arange(12.0).reshape(3, 4), 0.5, 2, 2.0), (np.ones((2, 2)), 0.0, 3, 1.0)]
errors_of = adopt("phase_errors", globals(), ours=errors_by_sums, trials=trials)


def phase_sums(kernel, stride):
    """Output phases of a constant image of ones, [stride, stride]."""
    return errors_of(kernel, 0.0, stride, 1.0) + 1


# %% tags=["core", "nbval-check-output"]
bilinear = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
random = np.random.default_rng(1).normal(size=(4, 4))
for name, kernel in [("bilinear, 3 x 3", bilinear), ("random, 4 x 4", random)]:
    output = transposed_convolution(np.ones((12, 12)), kernel, 2)[4:20, 4:20]
    assert np.allclose(output[:2, :2], phase_sums(kernel, 2), atol=1e-5)
    energy = checkerboard_energy(output, 2)
    print(f"{name}: stride 2, phase sums {np.round(phase_sums(kernel, 2).ravel(), 2)}, energy {energy:.2f}")

# %% tags=["core"]
shown = {"ones / 2.25, 3 x 3": np.ones((3, 3)) / 2.25, "bilinear, 3 x 3": bilinear}
shown |= {"ones / 4, 4 x 4": np.ones((4, 4)) / 4, "random, 4 x 4": random}
tables = {name: errors_of(kernel, 0.0, 2, 1.0) for name, kernel in shown.items()}
plotting.show(plotting.phase_tables(tables, 2, "output minus input"), alt="03 your-phase-errors")

# %% [markdown] tags=["core"]
# The bilinear kernel breaks the rule and leaves no pattern: its large weight stands where the overlap is small. The
# random kernel keeps the rule and leaves a strong pattern.

# %% [markdown]
# **Think first:** what then is the rule worth for a network that starts from random weights?
#
# We measure it. For each pair, 200 kernels with independent weights of mean 0, as usual initialisers draw them, meet a
# constant image. Left, for comparison, a kernel of ones; in the middle the checkerboard energy of the random kernels'
# outputs; on the right that of their mean *power* (outputs squared, averaged over the kernels).

# %%
kernel_sizes, strides, kernels = range(1, 9), range(1, 5), 200
rng = np.random.default_rng(0)
tables = np.zeros((3, len(kernel_sizes), len(strides)))
for row, size in enumerate(kernel_sizes):
    for column, stride in enumerate(strides):
        tables[0, row, column] = checkerboard_energy(overlap_counts((size, size), stride, 60)[MIDDLE], stride)
        weights = rng.normal(size=(size, size, kernels, 1)).astype(np.float32)
        outputs = keras.ops.conv_transpose(np.ones((1, 24, 24, 1), np.float32), weights, stride, "valid")
        outputs = np.moveaxis(outputs[0, 12:24, 12:24].numpy(), -1, 0)
        tables[1, row, column] = checkerboard_energy(outputs, stride)
        tables[2, row, column] = checkerboard_energy(np.mean(outputs**2, axis=0), stride)

# %% tags=["predict"]
titles = ["all weights 1", "random weights, mean 0", "their mean power"]
plotting.show(
    plotting.pair_tables(dict(zip(titles, tables, strict=True)), kernel_sizes, strides, "checkerboard energy"),
    alt="03 pair-tables",
)

# %% tags=["nbval-check-output", "predict"]
rule = np.array([[size % stride == 0 for stride in strides] for size in kernel_sizes])
assert ((tables[0] < 1e-12) == rule).all(), "equal weights: no pattern exactly where the rule holds"
expected = 1 - 1 / np.array(strides) ** 2
assert np.abs(tables[1] - expected).max() < 0.12, "random weights: the same energy for every kernel size"
assert np.abs(tables[2] - tables[0]).max() < 0.12, "power: as with equal weights"
print("random weights, mean over kernel sizes:", np.round(tables[1].mean(axis=0), 1))
print("1 - 1 / stride squared:                ", np.round(expected, 1))

# %% [markdown]
# For weights of mean 0 the rule prevents *nothing* on a constant image: the phase sums are independent numbers around
# 0, and the pattern holds about $1 - 1/s^2$ of the energy, whatever the kernel size. What the rule equalises is their
# *variance*, the overlap count times the variance of a weight: over many kernels each phase gets the same power, where
# otherwise some pixels are systematically louder. Equal statistics, not equal values.
#
# **Self-test.** A kernel 1 1 1 3 with stride 2: does it keep the rule, and does a constant stay constant?
#
# <details><summary>Answer</summary>It keeps the rule, two taps in each phase. The phase sums are 1 + 1 = 2 and 1 + 3 =
# 4: a constant turns into stripes.</details>

# %% [markdown]
# ## More: One bias for unequal pixels
#
# Say all weights are equal, $w$, and the input is constant, $c$. A pixel then receives $w c\, n + b$, where $n$ is its
# overlap count and $b$ the one bias of the channel. We ask for the output $c$, at five levels $c$ from 0 to 1, and
# give the layer three kinds of freedom. The least-squares fit is the best that any training could reach.


# %%
def error_by_phase(size, stride, freedom):
    """Output minus target at c = 1 after the best fit, [stride, stride]."""
    taps = [(i % stride, j % stride) for i, j in np.ndindex(size, size)]
    reach = np.array([[tap == phase for tap in taps] for phase in np.ndindex(stride, stride)], float)
    levels = np.repeat(np.linspace(0, 1, 5), stride**2)
    each_tap = levels[:, None] * np.tile(reach, (5, 1))  # [levels and phases, taps]
    columns, known = np.ones((len(levels), 1)), 0  # the bias
    if freedom == "bias":
        known = each_tap.sum(axis=1) * stride**2 / size**2  # the weight that is right on average
    elif freedom == "bias, one weight":
        columns = np.column_stack([columns, each_tap.sum(axis=1)])
    else:
        columns = np.column_stack([columns, each_tap])
    fitted = columns @ np.linalg.lstsq(columns, levels - known, rcond=None)[0] + known
    return (fitted - levels)[-(stride**2) :].reshape(stride, stride)


# %% tags=["nbval-check-output"]
tables = {}
for size in (3, 4):
    for freedom in ("bias", "bias, one weight", "bias, all weights"):
        table = tables[f"kernel {size}: {freedom}"] = error_by_phase(size, 2, freedom)
        print(f"kernel {size}, fitted {freedom:18s} error by phase {np.round(table.ravel(), 2) + 0.0}")
        assert np.allclose(table, 0) == (size == 4 or freedom == "bias, all weights")
plotting.show(
    plotting.phase_tables({name: tables[name] for name in list(tables)[:4]}, 2, "output minus target"),
    alt="03 phase-errors",
)

# %% [markdown]
# So the claim about the bias holds while the weights of a kernel are alike: no single $b$ serves pixels that collect
# one, two and four values. With the weight fixed, the errors average to 0 and the best bias is 0, no help at all; with
# the weight free, the best bias is 19/92 = 0.21, and black no longer comes out black. Once every weight is free, the
# target is reached exactly, by a kernel with equal phase sums. Training has that freedom; whether it uses it is a
# question for the experiment below.
#
# After a ReLU, uneven brightness becomes a pattern of on and off pixels.
#
# **Think first:** ones everywhere, weights 1, bias -2.5, then ReLU. Which pixels fire for kernel 3, which for kernel 4?

# %% tags=["nbval-check-output", "predict"]
for size in (3, 4):
    fires = np.maximum(overlap_counts((size, size), 2, 60)[MIDDLE] - 2.5, 0)
    print(
        f"kernel {size}: {np.mean(fires > 0):.0%} of the pixels fire; checkerboard {checkerboard_energy(fires, 2):.2f}"
    )

# %% [markdown]
# **Self-test.** Why can no bias repair what unequal counts do?
#
# <details><summary>Answer</summary>A channel has one bias, so the same number is added in every phase, and the
# differences between them stay.</details>

# %% [markdown]
# ## More: "Symmetric" multiple
#
# Padding "same" removes $k - s$ rows of the whole output. If that number is odd, one more goes behind than in front,
# and everything lands half a pixel off. We read "symmetric" in this sense: the crop is symmetric exactly when $k - s$
# is even. A multiple $k = m s$ is symmetric if $m$ is odd or $s$ is even. Measured as the centre of an impulse's
# answer:


# %% tags=["nbval-check-output"]
def shift(size, stride):
    """How far an impulse lands from the centre of its output block, in output pixels."""
    impulse = np.zeros((9, 9))
    impulse[4, 4] = 1
    answer = transposed_convolution(impulse, np.ones((size, size)), stride, "same").sum(axis=0)
    return answer @ np.arange(len(answer)) / answer.sum() - (4 * stride + (stride - 1) / 2)


for size, stride in [(2, 2), (3, 2), (4, 2), (6, 2), (3, 3), (6, 3), (9, 3), (5, 3)]:
    multiple = "multiple" if size % stride == 0 else "no multiple"
    print(f"kernel {size}, stride {stride}: {multiple:11s}  shift {shift(size, stride):.1f}")
    assert np.isclose(shift(size, stride), 0.5 if (size - stride) % 2 else 0)

# %% [markdown]
# With stride 2 every multiple is symmetric. With stride 3, kernel 6 has equal counts and shifts the image by half a
# pixel; kernels 3 and 9 do not shift it; kernel 5 is centred and uneven. So "symmetric multiple" is two conditions. A
# third wish, smooth interpolation, excludes $k = s$: without overlap each input value fills a block of its own.
#
# **Self-test.** With which of the strides 2, 3, 4, 6 is kernel 12 a symmetric multiple?
#
# <details><summary>Answer</summary>With 2, 4 and 6. With stride 3, 12 - 3 = 9 rows have to go, an odd
# number.</details>

# %% [markdown]
# ## More: Cures, and that they are relatives
#
# **Resize-convolution**: enlarge by nearest neighbour, then convolve. **Sub-pixel convolution**: convolve the small map
# to $s^2$ times the channels, then lay these out as $s \times s$ pixels. Independent random phases start with a
# checkerboard; the initialisation ICNR makes them equal, so that the layer begins as convolution and enlargement.
#
# Both are transposed convolutions with special kernels. Resize-convolution has the kernel *box convolved with the
# flipped weights*, of size $k + s - 1$; the box has equal phase sums, and so has anything convolved with it. Sub-pixel
# convolution interleaves its $s^2$ kernels into one of size $k s$, a multiple of the stride.

# %% tags=["nbval-check-output"]
image, weights, stride = np.random.default_rng(0).random((7, 9)), rng.normal(size=(3, 3)), 3
resized = np.repeat(np.repeat(image, stride, axis=0), stride, axis=1)
by_resize = convolve2d(resized, weights[::-1, ::-1], mode="same")
kernel = convolve2d(np.ones((stride, stride)), weights[::-1, ::-1])
assert np.allclose(by_resize, transposed_convolution(image, kernel, stride, "same"), atol=1e-5)
assert np.allclose(phase_sums(kernel, stride), weights.sum())
print("resize-convolution is a transposed convolution with kernel size", len(kernel))

# %% tags=["nbval-check-output"]
layer = SubPixelConvolution2D(1, 3, stride, icnr=False, use_bias=False)
by_sub_pixel = layer(np.float32(image)[None, ..., None])[0, ..., 0].numpy()
phases = layer.convolution.kernel.numpy()[:, :, 0].reshape(3, 3, stride, stride)
kernel = phases[::-1, ::-1].transpose(0, 2, 1, 3).reshape(3 * stride, 3 * stride)
assert np.allclose(by_sub_pixel, transposed_convolution(image, kernel, stride, "same"), atol=1e-5)
print("sub-pixel convolution is a transposed convolution with kernel size", len(kernel))

# %% [markdown]
# Kernel size 5 with stride 3 breaks the rule, and still resize-convolution makes no pattern of a constant image,
# whatever its weights, except in a frame as wide as the kernel reaches: there, zero padding counts as black. For a
# flat image of ones and a mean over 3 x 3, "same" leaves 0.44 in the corner and 0.67 along the edge. Sub-pixel
# convolution keeps the rule and even has a bias per phase, which no transposed convolution has; its phases are
# free to drift apart in training.
#
# **Self-test.** Why does a sub-pixel convolution with ICNR start without a pattern, and why may one come?
#
# <details><summary>Answer</summary>The kernels of all phases start equal, so each block is constant. Nothing ties them
# together in training.</details>

# %% [markdown]
# ## More: What does training make of it?
#
# Now the experiment. A small decoder enlarges grey photographs four times: a 3 x 3 convolution, twice an upsampling by
# two, with ReLU between. The competitors differ only in the upsampling: kernels 2 and 4 keep the rule, 3 and 5 break
# it, and there are the cures. They see crops of three photographs and are tested on a fourth. Before you run it: which
# will show the most checkerboard after training?

# %%
layers = keras.layers


def transposed(size):
    return lambda filters: [layers.Conv2DTranspose(filters, size, 2, padding="same")]


UPSAMPLING = {f"transposed {size}": transposed(size) for size in (2, 3, 4, 5)} | {
    "resize, then 3": lambda filters: [layers.UpSampling2D(2), layers.Conv2D(filters, 3, padding="same")],
    "sub-pixel, random": lambda filters: [SubPixelConvolution2D(filters, 3, 2, icnr=False)],
    "sub-pixel, ICNR": lambda filters: [SubPixelConvolution2D(filters, 3, 2)],
}


def decoder(name, channels=8):
    up = UPSAMPLING[name]
    first = layers.Conv2D(channels, 3, padding="same", activation="relu")
    return keras.Sequential([first, *up(channels), layers.ReLU(), *up(1)])


# %%
def photographs():
    """Grey pictures in 0..1; the last one is kept for the test."""
    if dataset == "photographs":
        pictures = [data.astronaut(), data.coffee(), data.rocket(), data.chelsea()]
    else:
        frames = datasets.open(dataset, data_dir).frames("train")
        pictures = [datasets.read_image(frame.image) for frame in frames[:: max(1, len(frames) // 20)]]
    return [color.rgb2gray(picture).astype(np.float32) for picture in pictures]


def crops(pictures, number, size, rng):
    """Random crops [number, size, size, 1] and, four times smaller by averaging, the decoders' inputs."""
    large = np.empty((number, size, size, 1), np.float32)
    for crop in large:
        picture = pictures[rng.integers(len(pictures))]
        top, left = (rng.integers(length - size + 1) for length in picture.shape)
        crop[..., 0] = picture[top : top + size, left : left + size]
    return large, large.reshape(number, size // 4, 4, size // 4, 4, 1).mean(axis=(2, 4))


*training_pictures, test_picture = photographs()
targets, inputs = crops(training_pictures, 256, 24, np.random.default_rng(seed))
test_targets, test_inputs = crops([test_picture], 48, 64, np.random.default_rng(seed + 1))

# %% [markdown]
# All decoders train at once, as the outputs of one model: no two of them share a weight, the losses are added, and Adam
# treats every weight alone. So each sees the same batches and learns as if it were by itself.

# %%
image = keras.Input((None, None, 1))
decoders = {}
for repetition in range(seeds):
    keras.utils.set_random_seed(seed + repetition)
    decoders |= {(name, repetition): decoder(name) for name in UPSAMPLING}
together = keras.Model(image, [network(image) for network in decoders.values()])
passages = max(1, steps * 8 // len(inputs))  # through all crops, eight at a time
rate = keras.optimizers.schedules.CosineDecay(1e-2, passages * len(inputs) // 8)
together.compile(keras.optimizers.Adam(rate), ["mse"] * len(decoders))

# %% [markdown]
# Two measures. On **flat** inputs (nine constant grey images) whatever is not flat comes from the decoder: we take the
# checkerboard energy with period 4, the product of both strides, away from the border. On the test photograph we take
# the mean squared **error of each output phase**, and compare the worst phase with the best.

# %%
flat = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None, None, None] * np.ones((1, 14, 14, 1), np.float32)
eye = test_picture[20:180, 110:270]  # and a part of the test photograph, to look at
small_eye = eye.reshape(1, 40, 4, 40, 4, 1).mean(axis=(2, 4))


def flat_outputs():
    """Competitor to outputs [seeds, 9, 32, 32] for the flat inputs."""
    outputs = [output.numpy()[:, 12:-12, 12:-12, 0] for output in together(flat)]
    return {
        name: np.array([o for o, key in zip(outputs, decoders, strict=True) if key[0] == name]) for name in UPSAMPLING
    }


# %% tags=["predict"]
watched = [flat_outputs()]
for _ in range(passages):
    together.fit(inputs, [targets] * len(decoders), batch_size=8, verbose=0)
    watched.append(flat_outputs())
    if len(watched) == 2:
        early_eyes = together(small_eye)
energy = {
    name: np.array([[checkerboard_energy(output, 4) for output in outputs[name]] for outputs in watched]).T
    for name in UPSAMPLING
}
plotting.show(
    plotting.energy_curves(np.arange(len(watched)) * (len(inputs) // 8), energy),
    alt="03 training",
)

# %% tags=["predict"]
unevenness, quality = {name: [] for name in UPSAMPLING}, {name: [] for name in UPSAMPLING}
for (name, _), output in zip(decoders, together(test_inputs), strict=True):
    squared = np.square(output.numpy() - test_targets)[:, 8:-8, 8:-8, 0]
    of_phase = phase_means(squared, 4)
    unevenness[name].append(of_phase.max() / of_phase.min())
    quality[name].append(-10 * np.log10(squared.mean()))
plotting.show(
    plotting.seed_dots({"error of worst / best phase": unevenness, "PSNR on the test photograph (dB)": quality}),
    alt="03 unevenness",
)

# %% [markdown]
# What is left, seen: the first seed's answer to a flat grey image, minus its mean, before and after training. Each row
# has its own range of grey, stated at the left.

# %% tags=["predict"]
rows = {}
for when, outputs in {"before": watched[0], "after": watched[-1]}.items():
    patterns = [outputs[name][0, 4, 8:24, 8:24] - outputs[name][0, 4, 8:24, 8:24].mean() for name in UPSAMPLING]
    limit = np.abs(patterns).max()
    rows[f"{when}, ±{limit:.1g}"] = [pattern / limit for pattern in patterns]
plotting.show(
    plotting.gray_images(rows, list(UPSAMPLING), limits=(-1, 1)),
    alt="03 flat-outputs",
)

# %% [markdown]
# The next cell puts the numbers into words. A difference counts here only if the ranges over the seeds
# do not overlap.


# %% tags=["predict"]
def verdict(measure, first, second):
    a, b = np.array(measure[first]), np.array(measure[second])
    apart = len(a) > 1 and (a.min() > b.max() or b.min() > a.max())
    return f"{first} {np.median(a):.3g}, {second} {np.median(b):.3g}: " + ("apart" if apart else "not told apart")


early = {name: values[:, 1] for name, values in energy.items()}
left = {name: values[:, -1] for name, values in energy.items()}
kernel = [f"transposed {size}" for size in range(6)]
for title, measure, pairs in [
    ("energy after the first passage through the crops", early, [("sub-pixel, random", "sub-pixel, ICNR")]),
    ("energy left", left, [(kernel[3], kernel[4]), (kernel[4], "sub-pixel, ICNR")]),
    (
        "error of worst / best phase",
        unevenness,
        [(kernel[3], kernel[4]), (kernel[2], kernel[3]), (kernel[4], kernel[5])],
    ),
]:
    print(title, *[verdict(measure, *pair) for pair in pairs], sep="\n    ")
assert max(left["resize, then 3"]) < 1e-9, "no weights make resize-convolution draw on the middle of a flat image"

# %% [markdown]
# Read it with care. The theorem stands: away from the border, resize-convolution makes no pattern on a flat image. The
# others *learn* to compensate, with the rule or without, down to a small rest; ICNR starts at 0, but its phases drift
# apart. In the run stored here the rule does not decide what is left on flat ground.
#
# Kernel 3 does treat its pixels less evenly than kernel 4. But look at the controls: kernel 2 keeps the rule and does
# no better than kernel 3; kernel 5 breaks it and does as well as kernel 4. What kernels 2 and 3 share is that some
# pixel sees a single value and cannot interpolate; kernels 4 and 5 show at least four to everyone. So the *least*
# overlap may matter more than equal overlap. It is not the whole story: in sub-pixel convolution every pixel sees nine
# values, and its ratio is no better than that of kernel 5. In PSNR the seeds of most competitors overlap. Three seeds
# are few: `benchmarks/checkerboard.py training` repeats this with more steps.
#
# What about every other pair? For a single layer no training is needed: its k x k weights and one bias are a linear
# least-squares problem. Enlarge averaged photographs by the stride, for all 32 pairs, and feed the result a flat image:


# %%
def tap_columns(small, size, stride):
    """What each tap alone makes of small images [N, n, n], and a column of ones: [N * 24 * 24, size**2 + 1]."""
    number, n, _ = small.shape
    start = max(size - stride, 0) // 2 + 12
    columns = np.zeros((number, n * stride + 2 * size, n * stride + 2 * size, size * size + 1))
    columns[..., -1] = 1
    for tap, (i, j) in enumerate(np.ndindex(size, size)):
        columns[:, i : i + n * stride : stride, j : j + n * stride : stride, tap] = small
    return columns[:, start : start + 24, start : start + 24].reshape(-1, size * size + 1)


# %%
large = crops(training_pictures, 12, 48, np.random.default_rng(seed))[0][..., 0]
trained = np.zeros((len(kernel_sizes), len(strides)))
for column, stride in enumerate(strides):
    small = large.reshape(12, 48 // stride, stride, 48 // stride, stride).mean(axis=(2, 4))
    grey = np.full((1, 48 // stride, 48 // stride), 0.5)
    for row, size in enumerate(kernel_sizes):
        wanted = large[:, 12:36, 12:36].ravel()
        weights = np.linalg.lstsq(tap_columns(small, size, stride), wanted, rcond=None)[0]
        trained[row, column] = checkerboard_energy((tap_columns(grey, size, stride) @ weights).reshape(24, 24), stride)
enough = np.array([[size >= stride for stride in strides] for size in kernel_sizes])
print(f"kernel at least the stride: energy at most {trained[enough].max():.4f}")
print(f"kernel below the stride:    energy at least {trained[~enough].min():.4f}")

# %% [markdown]
# Fitted to photographs, every kernel that covers all phases nearly loses its pattern, a multiple or not; a kernel
# smaller than the stride cannot, since some pixels get only the bias.
#
# **Self-test.** Why does the experiment look at flat grey inputs, and why at kernels 2 and 5?
#
# <details><summary>Answer</summary>On flat inputs every pattern is the decoder's own. Kernels 2 and 5 are the
# controls: one keeps the rule with little overlap, the other breaks it with much.</details>

# %% [markdown]
# ## More: Where it hurts
#
# Flat inputs are a laboratory. Here are three places where you meet the pattern outside it, each beside its cure.
#
# **In a photograph, early in training.** Two of the decoders from above, the first seed of each, after their first
# passage through the crops and at the end:

# %%
rows, shares = {}, {}
for when, outputs in {"after one passage": early_eyes, "at the end": together(small_eye)}.items():
    images = dict(zip(decoders, outputs, strict=True))
    pair = [images[name, 0].numpy()[0, ..., 0] for name in ("transposed 3", "resize, then 3")]
    first, second = shares[when] = [checkerboard_energy((image - eye)[32:128, 32:128], 4) for image in pair]
    print(f"{when:18s} share of the error at the stride frequencies: {first:.1%} against {second:.1%}")
    rows[when] = [image[60:140, 40:120] for image in (eye, *pair)]
assert fast or dataset != "photographs" or shares["after one passage"][0] > shares["after one passage"][1]
plotting.show(
    plotting.gray_images(rows, ["photograph", "transposed 3", "resize, then 3"], limits=(0, 1)),
    alt="03 early-photograph",
)

# %% [markdown]
# Training takes most of the pattern away, and that costs it part of its steps. A network that is trained for a short
# time, or against a moving target, keeps more of it.
#
# **In a gradient.** A strided *encoder* draws the pattern, too: not forward but backward, since its gradient is a
# transposed convolution. Here is the size of the gradient at each input pixel, for two layers with random weights.
# Whoever looks for the pixels that matter to a network finds the grid of its strides first.


# %%
def input_gradient(halve):
    """Size of the gradient of the squared features at each pixel, after twice convolving and halving."""
    keras.utils.set_random_seed(seed)
    encoder = keras.Sequential([*halve(), *halve()])
    with tf.GradientTape() as tape:
        picture = tf.Variable(np.float32(eye)[None, ..., None])
        power = tf.reduce_sum(encoder(picture) ** 2)
    return np.abs(tf.convert_to_tensor(tape.gradient(power, picture)).numpy()[0, ..., 0])


options = {"padding": "same", "activation": "relu"}
encoders = {
    "kernel 3, stride 2": lambda: [layers.Conv2D(16, 3, 2, **options)],
    "kernel 4, stride 2": lambda: [layers.Conv2D(16, 4, 2, **options)],
    "kernel 3, then 2 x 2 means": lambda: [layers.Conv2D(16, 3, **options), layers.AveragePooling2D(2)],
}
sizes = {name: input_gradient(halve) for name, halve in encoders.items()}
for name, size in sizes.items():
    print(f"{name:28s}checkerboard energy {checkerboard_energy(size[16:144, 16:144], 4):.4f}")
shown = [np.minimum(size / np.quantile(size, 0.99), 1) for size in sizes.values()]
plotting.show(plotting.gray_images([[eye, *shown]], ["photograph", *sizes], limits=(0, 1)), alt="03 input-gradient")

# %% [markdown]
# Kernel 4 keeps the rule, and the grid stays: the weights are random, so the phase sums differ. The cure is to convolve
# every pixel alike and to halve by averaging.
#
# **Through several layers.** Kernels of ones once more. Each layer enlarges the map of the one before. (A flat map is
# white all over.)

# %% tags=["nbval-check-output"]
rows = {}
for size in (3, 4):
    stack, rows[f"kernel {size}"] = np.ones((16, 16)), []
    for number in (1, 2, 3):
        stack = transposed_convolution(stack, np.ones((size, size)), 2, "same")
        start = len(stack) // 2 - 8
        part = stack[start : start + 16, start : start + 16]
        print(f"kernel {size}, {number} layers: brightest / darkest {part.max() / part.min():.0f}")
        rows[f"kernel {size}"].append(part / part.max())
plotting.show(
    plotting.gray_images(rows, ["one layer", "two layers", "three layers"], limits=(0, 1)),
    alt="03 stacked",
)

# %% [markdown]
# **Self-test.** Which period has the pattern after three layers, and why is it not the period of the last one?
#
# <details><summary>Answer</summary>Eight pixels. Each layer makes a pattern of period 2 in its own output, and those
# after it stretch that to 4 and 8. The last layer adds its own on top.</details>

# %% [markdown]
# ## More: What the cures cost
#
# For $C$ channels in and out and stride $s$: a transposed convolution needs $k^2 / s^2$ times $C^2$ multiply-adds
# per output pixel on average; the other two $k^2 C^2$ times, since resize-convolution works on the large grid, and
# sub-pixel convolution produces all phases on the small one.

# %% tags=["nbval-check-output"]
C, s = 16, 2
costs = {
    "transposed 3": (9 * C**2 + C, 9 / s**2 * C**2),
    "transposed 4": (16 * C**2 + C, 16 / s**2 * C**2),
    "resize, then 3": (9 * C**2 + C, 9 * C**2),
    "sub-pixel, ICNR": (s**2 * (9 * C**2 + C), 9 * C**2),
}
for name, (parameters, products) in costs.items():
    network = keras.Sequential([keras.Input((32, 32, C)), *UPSAMPLING[name](C)])
    assert network.count_params() == parameters
    print(f"{name:22s} {parameters:5d} parameters, {products:5.0f} multiply-adds per output pixel")

# %% [markdown]
# Fewer multiply-adds need not mean less time: `benchmarks/checkerboard.py time` measures that on your machine. And once
# trained, a resize-convolution can be replaced by the transposed convolution that it is (kernel 4 here), at 1024
# multiply-adds instead of 2304.
#
# **Self-test.** Stride 4: compare a transposed convolution of kernel 8 with a resize-convolution of kernel 3, in
# multiply-adds per output pixel.
#
# <details><summary>Answer</summary>64 / 16 = 4 against 9, each times C<sup>2</sup>.</details>

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("03")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand where they are needed, above. Each answer goes into the function that is there; the cell below
# it checks. Your function is also checked on inputs you do not see, so solve the problem and not the example.
#
# ### Exercise 4: kernel sizes that are fine (1 point)
#
# A decoder uses one kernel size in all its transposed convolutions, with padding "same"; their strides are given as a
# list. Return, in increasing order, all kernel sizes up to and including `largest` for which no layer has uneven counts
# and no layer shifts the image by half a pixel.


# %% nbgrader={"grade": false, "grade_id": "sizes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def good_kernel_sizes(strides, largest):
    """Kernel sizes from 1 to `largest` that suit every stride, a list of integers."""
    ### BEGIN SOLUTION
    sizes = range(1, largest + 1)
    return [size for size in sizes if all(size % stride == 0 and (size - stride) % 2 == 0 for stride in strides)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "sizes_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
### BEGIN HIDDEN TESTS
def sizes_trial(strides_, largest_, expected_):
    answer_ = good_kernel_sizes(list(strides_), largest_)
    assert_same(answer_, expected_, name=f"good_kernel_sizes({strides_}, {largest_})")


### END HIDDEN TESTS
### PART 0.5 points: one stride
assert_same(good_kernel_sizes([2], 7), [2, 4, 6], name="good_kernel_sizes([2], 7)")
assert_same(good_kernel_sizes([3], 9), [3, 9], name="good_kernel_sizes([3], 9)")
### BEGIN HIDDEN TESTS
sizes_trial([3], 16, [3, 9, 15])
sizes_trial([1], 4, [1, 3])
sizes_trial([4], 12, [4, 8, 12])
### PART 0.5 points: several strides
sizes_trial([3, 5], 50, [15, 45])
sizes_trial([4, 6], 24, [12, 24])
sizes_trial([2, 2, 4], 8, [4, 8])
sizes_trial([1, 1], 5, [1, 3, 5])
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>Two conditions per stride: the rule, and the symmetric crop. For strides 4 and 6
# the smallest is 12, not 24.</details>
#
# ### Exercise 5: mend a kernel (2 points)
#
# A trained kernel `[h, w]` draws a checkerboard on flat images. Return the kernel that draws none, is as bright on
# average, and differs least from the given one: all phase sums become equal to the *mean* of the given phase sums, and
# the sum of the squared changes is as small as possible. The kernel is no smaller than the stride along either axis.


# %% nbgrader={"grade": false, "grade_id": "mend", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended(kernel, stride):
    """The nearest kernel with equal phase sums, floats of the kernel's shape."""
    ### BEGIN SOLUTION
    result = kernel.astype(float)
    phases = [(slice(i, None, stride), slice(j, None, stride)) for i in range(stride) for j in range(stride)]
    wanted = np.mean([result[phase].sum() for phase in phases])
    for phase in phases:
        result[phase] += (wanted - result[phase].sum()) / result[phase].size
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mend_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
given = np.array([[1.0, 1.0, 1.0, 3.0], [1.0, 1.0, 1.0, 3.0]])
assert_same(mended(given.copy(), 2), [[1.5, 0.5, 1.5, 2.5], [1.5, 0.5, 1.5, 2.5]], name="1 1 1 3, twice, mended")
### BEGIN HIDDEN TESTS
for shape_, stride_ in [((3, 3), 2), ((4, 4), 2), ((5, 3), 3), ((2, 2), 1), ((6, 7), 4)]:
    given = np.random.default_rng(stride_).normal(size=shape_)
    # The projection onto "all phase sums equal the wanted one", by linear algebra.
    phase_ = np.add.outer(np.arange(shape_[0]) % stride_ * stride_, np.arange(shape_[1]) % stride_).ravel()
    reach_ = np.equal.outer(np.arange(stride_**2), phase_).astype(float)
    wanted_ = (reach_ @ given.ravel()).mean()
    change_ = np.linalg.pinv(reach_) @ (wanted_ - reach_ @ given.ravel())
    argument_ = given.copy()
    answer_ = mended(argument_, stride_)
    assert_same(answer_, given + change_.reshape(shape_), name=f"a kernel {shape_} mended for stride {stride_}")
    assert_same(argument_, given, name="the kernel after your function has seen it")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The taps of a phase are <code>kernel[i::stride, j::stride]</code>. By how much must
# their sum change?</details>
# <details><summary>Hint 2</summary>A given change of a sum costs least when all taps of the phase share it equally. The
# phases may have different numbers of taps.</details>
#
# ### Exercise 6: in your own words (2 points)
#
# A colleague's decoder uses transposed convolutions with kernel 4 and stride 2, and its outputs show a checkerboard.
# "It cannot come from the upsampling: the rule holds." What is wrong with the argument? Name one measurement that
# would settle where the pattern comes from, and one change that excludes it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# The rule makes the *number* of taps equal in every phase, not the sum of their weights; a constant image stays
# constant (away from the border) only if the phase sums are equal, and random or trained weights need not have that.
# Measurement: feed flat inputs and take the checkerboard energy away from the border (or compare the phase sums of the
# kernels, or the error by output phase); do it before and after training. Change: resize-convolution, whose kernel has
# equal phase sums whatever its weights; also accepted: sub-pixel convolution with ICNR, if the answer says that it
# excludes the pattern only at the start.
#
# ### RUBRIC
#
# - 1 point: the rule is about the number of taps, not about the sums of their weights; half a point if only weights
#   that are trained are named.
# - 1 point: a measurement that can tell the causes apart (half a point), and a change that excludes the pattern (half
#   a point).
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - A pixel of phase $\varphi$ gets $\lceil (k - \varphi) / s \rceil$ taps per axis: constant inside exactly when $s$
#   divides $k$, constant up to the border only for $k = s$.
# - The checkerboard energy is the share of the spectrum at the stride frequencies, or the variance of the phase means.
# - Away from the borders, a constant image stays constant exactly when the *phase sums* of the kernel are equal. The
#   rule gives that for equal weights; for random ones it gives equal power on average.
# - One bias cannot serve unequal counts while the weights are alike; free weights can compensate, and training does it.
# - Away from the border, resize-convolution cannot make a pattern on a flat image; ICNR only starts that way. Both cost
#   more multiply-adds.
# - So kernel 4 with stride 2 is a good default: every pixel sees four values, and the crop is symmetric. Where a
#   pattern in flat regions must be impossible, take resize-convolution.

# %% [markdown]
# ## With other photographs, or longer
#
# | you want | parameters |
# |---|---|
# | street photographs | `dataset="camvid"`, `data_dir="..."` |
# | a longer training | `steps=4000`, `seeds=5` |
#
# `course run 03 --dataset camvid -p steps 4000` does the same headless.

# %% [markdown]
# ## Further reading
#
# - A. Odena, V. Dumoulin, C. Olah: *Deconvolution and Checkerboard Artifacts*, Distill, 2016: uneven overlap,
#   resize-convolution, patterns in gradients. (Its title uses a common name for the transposed convolution; notebook 02
#   shows why it is wrong.)
# - W. Shi et al.: *Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
#   Network*, CVPR 2016, section 3.2.
# - A. Aitken et al.: *Checkerboard artifact free sub-pixel convolution*, arXiv 1707.02937, 2017: ICNR.
# - V. Dumoulin, F. Visin: *A guide to convolution arithmetic for deep learning*, arXiv 1603.07285, 2016, section 4.
