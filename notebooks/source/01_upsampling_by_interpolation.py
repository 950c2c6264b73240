# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 70
#     claims: [L7, L8, L9]
# ---

# %% [markdown] tags=["core"]
# # 01 · Upsampling by interpolation
#
# **After this notebook you can** enlarge a signal or an image by inserting zeros and filtering, derive the filter of
# every method of `tf.image.resize`, say what happens at the border and where the half pixel went, read a kernel's
# spectrum, count what a method costs, and judge what it is worth on photographs and on label maps.
#
# **Time:** 70 minutes, or 25 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves need about a minute on two processor cores.
#
# **Lecture claims:** *L7*, nearest, linear and cubic upsampling by a whole factor are all zero insertion followed by a
# convolution. *L8*, the worked example: 1 to 16 in 4 x 4, factor 2, a 3 x 3 kernel. *L9*, there are many methods, with
# varying cost: nearest, bilinear, bicubic, area, gaussian, lanczos3, lanczos5, mitchellcubic.
#
# **Before it:** notebook 00. **Exercises:** three on the way and one at the end to compute (8 points), and one to
# write (2 points).
#
# The next cell holds everything you may want to change. Only the last part of the notebook uses a data set, and only
# its label maps: *Toy Streets*, drawn at the size of Cityscapes, or real ones if you have them.

# %% tags=["core", "parameters"]
fast = False  # True: fewer label maps in the last part
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes": whose label maps are subsampled in the last part
data_dir = None  # where the data set is; None: its usual place
frames = 24  # how many label maps of its validation split

# %% tags=["core"]
import numpy as np
import skimage
from scipy.signal import convolve2d

from course_utils import datasets, plotting
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.evaluation import ConfusionMatrix
from course_utils.layers import InterpolationUpsampling2D, ZeroInsertion2D, interpolation_kernel
from course_utils.layers.upsampling.interpolation_kernels import METHODS, frequency_response, kernel_function

if fast:
    frames = 4
table = datasets.card(dataset).labels

# %% [markdown] tags=["core"]
# ## The question
#
# The encoder of a segmentation network makes its maps small: eight, sixteen, thirty-two times smaller than the image.
# Something must make them large again. Before we *learn* that step (notebook 02), here are the methods that need no
# learning, on a photograph of 40 x 40 pixels.

# %% tags=["core"]
photograph = skimage.img_as_float32(skimage.data.chelsea())
small = photograph[90:130, 150:190]
enlarged = {m: np.clip(tf.image.resize(small, (240, 240), m), 0, 1) for m in ("nearest", "bilinear", "bicubic")}
plotting.show(
    plotting.pixel_for_pixel({"input": small, **enlarged}),
    alt="01 cats-eye",
)

# %% [markdown] tags=["core"]
# Three methods give three results. The claim is that they are one method with three filters.

# %% [markdown] tags=["core"]
# ## One dimension: zeros, then a kernel
#
# Take seven samples. Put four zeros behind each, which makes the signal five times as long. Then slide a kernel over
# it: every sample leaves a copy of the kernel, scaled by its value, and the copies add up.
#
# The zeros are your job, and the figures below run on your function. (Where it isn't finished yet, they use the
# course's own, so you can always read on.)
#
# ### Exercise 1: insert zeros (1 point)
#
# `values` is an array of floats with one axis (a signal) or two (an image). Return an array `factor` times as long
# along every axis: value i at place factor * i, pixel (i, j) at (factor * i, factor * j), and zeros everywhere else.


# %% nbgrader={"grade": false, "grade_id": "zeros", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def insert_zeros(values, factor):
    """The values spread out with zeros: [factor * length], or [factor * height, factor * width]."""
    ### BEGIN SOLUTION
    spread = np.zeros([factor * length for length in values.shape])
    spread[(slice(None, None, factor),) * values.ndim] = values
    return spread
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "zeros_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def zeros_trial(seed_, shape, factor):
    values = np.random.default_rng(seed_).normal(size=shape)
    place = (1, 1, *shape, 1) if len(shape) == 1 else (1, *shape, 1)
    expected = ZeroInsertion2D(factor, dtype="float64")(values.reshape(place)).numpy()
    expected = expected[0, 0, :, 0] if len(shape) == 1 else expected[0, ..., 0]
    assert_same(insert_zeros(values.copy(), factor), expected, name=f"values of shape {shape} at factor {factor}")


### END HIDDEN TESTS
### PART 0.5 points: signals
assert_same(insert_zeros(np.array([1.0, 2.0]), 3), [1.0, 0.0, 0.0, 2.0, 0.0, 0.0], name="two samples, spread")
### BEGIN HIDDEN TESTS
for trial, (shape, factor) in enumerate([((6,), 4), ((1,), 5), ((9,), 2), ((4,), 1)]):
    zeros_trial(trial, shape, factor)
### END HIDDEN TESTS
### PART 0.5 points: images
assert_same(
    insert_zeros(np.array([[1.0, 2.0]]), 2), [[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]], name="two pixels, spread"
)
### BEGIN HIDDEN TESTS
for trial, (shape, factor) in enumerate([((3, 5), 2), ((4, 1), 3), ((2, 7), 4), ((5, 5), 1)]):
    zeros_trial(trial, shape, factor)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>A slice with a step can stand on the left of an assignment; for a
# signal that slice is <code>spread[::factor]</code>.</details>
# <details><summary>Hint 2</summary>An image needs the slice once per axis, and <code>values.ndim</code> says how many
# there are.</details>


# %% tags=["core"]
def zeros_by_layer(values, factor):
    """The course's own."""
    image = np.atleast_2d(values)[None, ..., None]
    rows = slice(None) if np.ndim(values) == 2 else 0
    return ZeroInsertion2D(factor, dtype="float64")(image)[0, ..., 0].numpy()[rows]


trials = [(np.array([1.0, 2.0]), 3), (np.array([[1.0, 2.0, 3.0]]), 2)]
insert = adopt("insert_zeros", globals(), ours=zeros_by_layer, trials=trials)

# %% tags=["core"]
signal = np.array([0.2, 0.9, 0.6, -0.4, -0.7, 0.3, 0.5])
factor = 5
spread = insert(signal, factor)

kernels = {"box": "nearest", "triangle": "bilinear", "cubic": "bicubic"}
kernels = {name: interpolation_kernel(method, factor) for name, method in kernels.items()}
results = {name: np.convolve(spread, taps, mode="same") for name, taps in kernels.items()}
plotting.show(
    plotting.upsampling_steps(spread, factor, kernels, results),
    alt="01 three-kernels",
)
places = np.arange(factor * (len(signal) - 1) + 1) / factor  # from the first sample to the last
assert np.allclose(results["box"][:-2], np.repeat(signal, factor)[2:])
assert np.allclose(results["triangle"][: len(places)], np.interp(places, np.arange(len(signal)), signal))
assert all(np.allclose(result[::factor], signal) for result in results.values())

# %% [markdown] tags=["core"]
# The box repeats every sample, the triangle draws straight lines, and the cubic, which dips below zero, draws a smooth
# curve that may overshoot. NumPy can repeat, and it can interpolate linearly: the last lines check that it agrees.
#
# **Think first:** which property of a kernel makes it keep the samples? And which makes a constant signal stay
# constant? The cell prints the second.

# %% tags=["core", "nbval-check-output", "predict"]
phases = {}
for (name, taps), method in zip(kernels.items(), ("nearest", "bilinear", "bicubic"), strict=True):
    distances = (np.arange(len(taps)) - len(taps) // 2) / factor
    raw = kernel_function(method)(distances)  # read from the formula, before anything is divided by its sum
    phases[name] = [raw[phase::factor].sum() for phase in range(factor)]
    print(
        f"{name:9s}{len(taps):3d} taps; every fifth, from each of the first five on, sum to", np.round(phases[name], 6)
    )

# %% [markdown] tags=["core"]
# <details><summary>Answer</summary>At distance 0 it is 1, and at distance 1, 2, 3, ... (every fifth tap here) it is 0:
# then nothing but the sample itself arrives at its place. For a constant, the taps that meet samples at one output
# pixel, every fifth one, have to sum to 1. Such a set of taps is called a <em>phase</em>.</details>

# %% [markdown] tags=["core"]
# ## Two dimensions: the lecture's example
#
# The numbers 1 to 16, a factor of 2, and a kernel of 3 x 3. Zero insertion puts pixel (i, j) at (2i, 2j).
#
# Follow the kernel over four neighbouring cells. Its centre is on a sample: it takes that sample alone. Between two
# samples it takes half of each; between four, a quarter of each. The kernel has four phases, one per place within
# a 2 x 2 block, and each sums to 1.

# %% tags=["core", "nbval-check-output"]
assert all(np.allclose(sums, 1) for sums in phases.values()), "the answer: each phase of the three kernels sums to 1"
image = np.arange(1.0, 17.0).reshape(4, 4)
spread = insert(image, 2)
kernel = np.array([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]])
result = convolve2d(spread, kernel, mode="same")
plotting.show(
    plotting.number_maps({"image": image, "zeros inserted": spread, "kernel": kernel, "result": result}),
    alt="01 lecture-example",
)
corners = image[:-1, :-1] + image[:-1, 1:] + image[1:, :-1] + image[1:, 1:]
assert (result[::2, ::2] == image).all(), "the samples stay where they are"
assert (result[::2, 1:-1:2] == (image[:, :-1] + image[:, 1:]) / 2).all(), "between two in a row: their mean"
assert (result[1:-1:2, ::2] == (image[:-1] + image[1:]) / 2).all(), "between two in a column: their mean"
assert (result[1:-1:2, 1:-1:2] == corners / 4).all(), "between four: their mean"
print(result)

# %% [markdown] tags=["core"]
# Here is the kernel on its way, over a smaller image. Press *Play*, or go step by step.

# %% tags=["core"]
corner = insert(image[:2, :3], 2)
slid = convolve2d(corner, kernel, mode="same")
plotting.play(plotting.sliding_frames(corner, kernel, slid, rows=2), alt="01 sliding")

# %% [markdown] tags=["core"]
# One thing is wrong. The last row and column hold half of what they should: 2 beside the 4, and 4 in the corner below
# 16. Beyond the border stand zeros, and the kernel counts them as samples.
#
# **Self-test.** The nine weights of the kernel add up to 4. Why must they?
#
# <details><summary>Answer</summary>Zero insertion leaves one sample in each block of 2 x 2, so four phases share the
# nine weights, and each has to sum to 1.</details>

# %% [markdown] tags=["core"]
# ## The border: divide by the weight that arrived
#
# Send an image of ones the same way. Where the border is far away it comes back as ones; near it, as the share of the
# weight that met a sample. Divide by it. This is *normalised convolution*, and it is the only border rule we need.
# (For nearest, area and bilinear it equals repeating the edge pixels; for the others it does not.) The last two lines
# resize the same numbers with TensorFlow 1 and TensorFlow 2.

# %% tags=["core", "nbval-check-output"]
ones = insert(np.ones((4, 4)), 2)
weight = convolve2d(ones, kernel, mode="same")
lecture = result / weight
print("weight that arrived, last column:", weight[:, -1])
print("last column before:", result[:, -1])
print("last column after: ", lecture[:, -1])
legacy = tf.raw_ops.ResizeBilinear(images=image[None, ..., None], size=[8, 8], half_pixel_centers=False)
today = tf.image.resize(image[..., None], (8, 8), "bilinear")[..., 0].numpy()
print("first row, lecture:     ", lecture[0])
print("first row, TensorFlow 1:", legacy[0, 0, :, 0].numpy())
print("first row, TensorFlow 2:", today[0])
assert np.allclose(lecture, legacy[0, ..., 0])

# %% [markdown] tags=["core"]
# **Self-test.** Which pixels of the enlarged image does the division change?
#
# <details><summary>Answer</summary>Those of the last row and the last column. Everywhere else, the first row included,
# the weight that arrived is 1.</details>

# %% [markdown] tags=["core"]
# ## Where is the half pixel?
#
# **Think first.** After the border division, the lecture's kernel gives what TensorFlow 1 computed. Today's rows climb
# just as fast, by 0.5 per pixel. By how much do the two differ in the middle, and how many output pixels is that?
#
# <details><summary>Answer</summary>By 0.25, half a step: <em>half an output pixel</em>.</details>
#
# The two disagree about where a pixel is.
#
# On the **aligned grid** a sample is a point, and it stays on its point: output pixel i lies at i / f of the input. At
# factor 2 the kernel has 2f - 1 = 3 taps, an odd number, with a 1 in the middle.
#
# With **half-pixel centres** a pixel is a small square, and enlarging cuts it into f x f smaller squares. The centre
# of the old square lies in the middle of the new ones: output pixel i lies at (i + 1/2) / f - 1/2. At factor 2 that is
# *between* pixels, so no tap falls on a sample, and the kernel has an even number of taps.

# %% tags=["core"]
plotting.show(
    plotting.sample_grids(4, 2),
    alt="01 two-grids",
)

# %% [markdown] tags=["core"]
# ### Exercise 2: the kernel for a factor (2 points)
#
# The bilinear kernel is a triangle: 1 - |d| at a distance of d samples, 0 from one sample on. Return its taps for a
# whole `factor`, from the first that is not zero to the last. `half_pixel` names the grid: True for half-pixel
# centres, False for the aligned grid. Start with factors 2 and 3 on paper.


# %% nbgrader={"grade": false, "grade_id": "triangle", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def bilinear_taps(factor, half_pixel):
    """Taps of the triangle kernel for a whole factor, floats, one-dimensional."""
    ### BEGIN SOLUTION
    length = 2 * factor if half_pixel and factor % 2 == 0 else 2 * factor - 1
    return 1 - np.abs(np.arange(length) - (length - 1) / 2) / factor
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "triangle_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### PART 1 point: half-pixel centres
assert_same(bilinear_taps(3, True), [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3], name="bilinear_taps(3, True)")
### BEGIN HIDDEN TESTS
for factor in (1, 2, 4, 5, 6, 9):
    expected = interpolation_kernel("bilinear", factor)
    assert_same(bilinear_taps(factor, True), expected, name=f"bilinear_taps({factor}, True)")
### END HIDDEN TESTS
### PART 1 point: the aligned grid
assert_same(bilinear_taps(2, False), [0.5, 1, 0.5], name="bilinear_taps(2, False)")
### BEGIN HIDDEN TESTS
for factor in (1, 3, 4, 5, 6, 9):
    expected = np.interp(np.arange(1, 2 * factor), [0, factor, 2 * factor], [0.0, 1.0, 0.0])
    assert_same(bilinear_taps(factor, False), expected, name=f"bilinear_taps({factor}, False)")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Neighbouring taps are 1 / factor apart. Which distances occur: does one of them
# have to be 0?</details>
# <details><summary>Hint 2</summary>With half-pixel centres the distances are -3/4, -1/4, 1/4, 3/4 for factor 2 and
# -2/3, -1/3, 0, 1/3, 2/3 for factor 3. On the aligned grid one distance is 0 whatever the factor.</details>


# %% tags=["core", "nbval-check-output"]
def bilinear_by_course(factor, half_pixel):
    """The course's own."""
    if half_pixel:
        return interpolation_kernel("bilinear", factor)
    return np.convolve(np.ones(factor), np.ones(factor)) / factor


trials = [(factor, grid) for factor in (2, 3, 4) for grid in (True, False)]
triangle = adopt("bilinear_taps", globals(), ours=bilinear_by_course, trials=trials)
assert np.allclose(kernel, np.outer(triangle(2, False), triangle(2, False))), "the lecture's kernel: the aligned grid"
even = np.outer(triangle(2, True), triangle(2, True))
print(even)
before_more = ((2, 1), (2, 1))  # a 4 x 4 window has no middle pixel: one row and column more come before it
numerator, denominator = (convolve2d(np.pad(part, before_more), even, mode="valid") for part in (spread, ones))
assert np.allclose(numerator / denominator, today)

# %% [markdown]
# So claim L8 holds on the aligned grid, and on half-pixel centres with a kernel of its own. In general the two grids
# are (f - 1) / 2 output pixels apart, as an impulse shows: zero insertion puts it on pixel fn, and the framework's
# answer has its centre of mass elsewhere.
#
# It matters. On the aligned grid the image grows to the right and below only, so flipping and enlarging do not
# commute; and a network trained with one grid and run with the other has every edge off, by 3.5 pixels at factor 8.

# %% tags=["nbval-check-output"]
for factor in (2, 3, 4, 5, 8):
    impulse = np.zeros((1, 9, 1), np.float32)
    impulse[0, 4] = 1
    answer = tf.image.resize(impulse, (1, 9 * factor), "bilinear")[0, :, 0].numpy()
    shift = (np.arange(9 * factor) * answer).sum() / answer.sum() - 4 * factor
    print(f"factor {factor}: centre of mass {shift:.2f} pixels behind pixel {factor}n")
    assert np.isclose(shift, (factor - 1) / 2, atol=1e-3)

mirrored = tf.image.resize(image[:, ::-1, None], (8, 8), "bilinear")[..., 0].numpy()
assert np.allclose(mirrored[:, ::-1], today), "half-pixel centres: flip and enlarge commute"
mirrored = convolve2d(insert(image[:, ::-1], 2), kernel, mode="same") / weight
assert not np.allclose(mirrored[:, ::-1], lecture), "aligned grid: they do not"

# %% [markdown]
# For odd factors the shift is whole: both grids use the same odd kernel and only its place differs. That is why the
# stems above looked so tidy at factor 5.
#
# PyTorch's `interpolate` uses half-pixel centres, too. Its `align_corners=True` is a third grid: the first and the last
# sample stand on the first and the last output pixel, so two neighbours lie (f n - 1) / (n - 1) pixels apart, which
# depends on the size n of the map and is no whole number. Such a resize is no zero insertion.
#
# **Self-test.** Features are enlarged 8 times on the aligned grid, the labels follow half-pixel centres. How far
# off are the borders, and to which side?
#
# <details><summary>Answer</summary>By (8 - 1) / 2 = 3.5 pixels, towards the top and the left: sample n lands on pixel
# 8n instead of 8n + 3.5.</details>

# %% [markdown] tags=["core"]
# ## The general rule
#
# `interpolation_kernel(method, factor)` does for every method what you did for the triangle: it reads a method's
# continuous kernel at the distances that half-pixel centres give, and divides each phase by its sum. For most methods
# the sums are 1 already. For gaussian and lanczos they are not: their formulas were not made to keep a constant
# constant, so `tf.image.resize` divides by the weight that arrived at every pixel, not only at the border.
# `InterpolationUpsampling2D(factor, method)` inserts zeros, filters rows and columns with those taps, and divides by
# what an image of ones gets. Nothing else. If L7 is true, that equals `tf.image.resize`: for every method, for odd and
# even sizes, for images smaller than the kernel, and at the border.

# %% tags=["core"]
sizes = [(1, 1), (2, 3), (5, 4), (16, 7), (67, 120)]
factors = (2, 3, 4, 5)


def largest_error(method, factor):
    errors = []
    for height, width in sizes:
        image = np.random.default_rng(height).random((1, height, width, 2), np.float32)
        theirs = tf.image.resize(image, (factor * height, factor * width), method)
        errors.append(np.abs(InterpolationUpsampling2D(factor, method)(image) - theirs).max())
    return max(errors)


errors = {method: [largest_error(method, factor) for factor in factors] for method in METHODS}


# %% tags=["core", "nbval-check-output"]
bounds = [0, 2e-6, 1e-4]  # printed instead of the errors, whose last digits differ from processor to processor
print(f"{'largest error':16s}" + "".join(f"factor {factor}".rjust(11) for factor in factors))
for method, row in errors.items():
    assert max(row) <= bounds[-1]
    row = [min(bound for bound in bounds if error <= bound) for error in row]
    print(f"{method:16s}" + "".join((f"<= {bound:.0e}" if bound else "0").rjust(11) for bound in row))

# %% [markdown]
# Zero or a few roundings of float32 at factors 2 and 4: the rule holds. But why are most methods worse at 3 and 5?
#
# **Think first.** Is it our layer or the framework that is off? NumPy's linear interpolation in double precision
# decides, on a row of 500 pixels at factor 3.

# %% tags=["nbval-check-output", "predict"]
row = np.random.default_rng(0).random(500, np.float32)
exact = np.interp((np.arange(1500) + 0.5) / 3 - 0.5, np.arange(500), row)
ours = InterpolationUpsampling2D(3, "bilinear")(row[None, None, :, None])[0, 0, :, 0]
theirs = tf.image.resize(row[None, :, None], (1, 1500), "bilinear")[0, :, 0]
for name, answer in {"zeros and filter": ours, "tf.image.resize": theirs}.items():
    error = max(np.abs(answer - exact).max(), 1e-6)  # the last digits differ from processor to processor
    print(f"{name:17s} error at most {10 ** np.ceil(np.log10(error)):.0e}")

# %%
assert np.abs(ours - exact).max() < 1e-6 < 1e-5 < np.abs(theirs - exact).max()

# %% tags=["nbval-check-output"]
taps = interpolation_kernel("bicubic", 3)
exact = kernel_function("bicubic")((np.arange(len(taps)) - len(taps) // 2) / 3)
print(f"bicubic: TensorFlow's table moves a tap by up to {np.abs(taps - exact).max():.1e}")
assert all((interpolation_kernel("area", f) == interpolation_kernel("nearest", f)).all() for f in factors)

# %% [markdown]
# The framework computes coordinates in float32, and 1/3 has no exact binary form (nor has 1/5 or 1/6; 1/2 and 1/4 do):
# the error grows with the distance from the origin. Nearest and bicubic escape, because they round the coordinate
# anyway: to a whole pixel, or to a step of a table. A filter needs no coordinates.
#
# Two methods hide a surprise. **Bicubic**: TensorFlow reads this kernel from a table of 1024 steps, and our kernel
# rounds its distances in the same way; without that, the two would differ in the fourth decimal, as the third line
# says. **Area** averages over the pixel's square, and when the image grows, that square lies within one input pixel:
# area *is* nearest.
#
# **Self-test.** How many taps has the bilinear kernel at factor 3, how many at factor 4?
#
# <details><summary>Answer</summary>5 and 8. Taps lie less than one sample away: at 0, 1/3, 2/3 on either side, or at
# 1/8, 3/8, 5/8, 7/8.</details>

# %% [markdown]
# ## More: A resize of your own
#
# Put the pieces together: zeros, filter, border. Which values of the filtered signal do you keep?
#
# **Think first.** Zero insertion leaves a sample on the first pixel of its block. Where in the block does the
# half-pixel grid want it?
#
# <details><summary>Answer</summary>In the middle, (factor - 1) / 2 pixels further on.</details>
#
# ### Exercise 3: resize a row (3 points)
#
# `signal` is one-dimensional; `taps` are symmetric, such as those of `interpolation_kernel(method, factor)`, and
# `len(taps) - factor` is even. Return the row enlarged on the half-pixel grid, borders included, as `tf.image.resize`
# would: `factor * len(signal)` values. The kernel may well be longer than the signal.


# %% nbgrader={"grade": false, "grade_id": "resize", "locked": false, "schema_version": 3, "solution": true, "task": false}
def resize_row(signal, taps, factor):
    """The row enlarged, half-pixel centres, borders included; [factor * len(signal)]."""

    ### BEGIN SOLUTION
    def filtered(values):
        spread = np.zeros(factor * len(values))
        spread[::factor] = values
        start = (len(taps) - factor) // 2
        return np.convolve(spread, taps)[start : start + len(spread)]

    return filtered(signal) / filtered(np.ones(len(signal)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "resize_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
### BEGIN HIDDEN TESTS
def resize_trial(method, factor, length, margin):
    """Compare all values that are at least `margin` away from the ends of the row."""
    row, taps = np.random.default_rng(length).normal(size=length), interpolation_kernel(method, factor)
    expected = InterpolationUpsampling2D(factor, method, dtype="float64")(row[None, None, :, None])[0, 0, :, 0]
    answer = np.asarray(resize_row(row.copy(), taps, factor))
    what = f"{length} samples at factor {factor}, {method}"
    assert answer.shape == (factor * length,), f"{what}: the result has the shape {answer.shape}"
    far = slice(margin, factor * length - margin)
    assert_same(answer[far], expected.numpy()[far], name=what, rtol=1e-4, atol=1e-6)


### END HIDDEN TESTS
### PART 1 point: the ends of the row
assert_same(
    resize_row(np.array([0.0, 4.0]), np.array([0.25, 0.75, 0.75, 0.25]), 2),
    [0.0, 1.0, 3.0, 4.0],
    name="0 and 4, doubled",
)
### BEGIN HIDDEN TESTS
cases = [
    ("bilinear", 3, 5),
    ("bicubic", 2, 7),
    ("nearest", 4, 3),
    ("lanczos3", 3, 2),
    ("gaussian", 5, 6),
    ("lanczos5", 2, 1),
]
for case in cases:
    resize_trial(*case, 0)
# No method's taps: only zeros, filter and border can answer this.
row, taps = np.array([2.0, -1.0, 5.0]), np.array([1.0, 2.0, 4.0, 4.0, 2.0, 1.0])
weights = np.array([[taps[i - 2 * n + 2] if 0 <= i - 2 * n + 2 < 6 else 0 for n in range(3)] for i in range(6)])
assert_same(resize_row(row.copy(), taps, 2), weights @ row / weights.sum(axis=1), name="a row with a kernel of ours")
### PART 2 points: the middle of the row
for case in [("bilinear", 3, 9), ("bicubic", 2, 12), ("lanczos3", 3, 14), ("gaussian", 5, 11), ("lanczos5", 4, 17)]:
    resize_trial(*case, len(interpolation_kernel(*case[:2])) // 2)
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary><code>np.convolve(spread, taps)</code> returns len(spread) + len(taps) - 1 values.
# Half-pixel centres decide which of them to keep.</details>
# <details><summary>Hint 2</summary>Zero insertion puts a sample on the first pixel of its block, the result wants it
# in the middle: drop (len(taps) - factor) / 2 values at the start.</details>
# <details><summary>Hint 3</summary>What comes out for a signal of ones, and what should?</details>
#
# Back to the cat: rows first, then columns, each through your function.


# %% tags=["nbval-check-output"]
def row_by_layer(signal, taps, factor):
    """The course's own."""
    values, ones = (np.convolve(insert(part, factor), taps) for part in (signal, np.ones(len(signal))))
    kept = slice((len(taps) - factor) // 2, (len(taps) - factor) // 2 + factor * len(signal))
    return values[kept] / ones[kept]


trials = [(np.array([0.0, 4.0, 1.0]), interpolation_kernel(method, 3), 3) for method in ("bilinear", "lanczos3")]
resize_by = adopt("resize_row", globals(), ours=row_by_layer, trials=trials)
eyes = {}
for method in ("nearest", "bilinear", "bicubic", "lanczos3"):
    eye = small.astype(float)
    for axis in (1, 0):
        eye = np.apply_along_axis(resize_by, axis, eye, interpolation_kernel(method, 6), 6)
    error = np.abs(eye - tf.image.resize(small, (240, 240), method)).max()
    print(f"{method:9s} as tf.image.resize, to 1e-4: {error < 1e-4}")
    eyes[method] = eye.clip(0, 1)

# %%
plotting.show(plotting.pixel_for_pixel(eyes), alt="01 your-resize")

# %% [markdown]
# ## More: `UpSampling2D` in each of its modes
#
# Keras documents five of the eight for its layer (a sixth, area, passes unmentioned). It repeats pixels for nearest and
# hands the rest to the same resize, so the same kernels describe it.

# %% tags=["nbval-check-output"]
image = np.random.default_rng(1).random((1, 9, 14, 3), np.float32)
for method in METHODS:
    try:
        theirs = keras.layers.UpSampling2D(3, interpolation=method)(image)
    except ValueError:
        print(f"{method:14s} not offered")
        continue
    assert np.allclose(InterpolationUpsampling2D(3, method)(image), theirs, atol=1e-5)
    print(f"{method:14s} equal to zero insertion and filter")

# %% [markdown]
# **Self-test.** Which kernel is `UpSampling2D(2)`, with no method named?
#
# <details><summary>Answer</summary>The box: its default is nearest, so every pixel becomes a block of 2 x 2.</details>

# %% [markdown]
# ## More: Eight kernels, measured
#
# What a filter does to an impulse describes it completely. We send one through `tf.image.resize` at factor 4 and look
# at what comes out: crosses. The dots are our taps, the line is the continuous kernel they are read from.

# %%
factor = 4


def measured_response(method, length):
    """What the framework makes of an impulse, at the places where our taps stand."""
    impulse = np.zeros((1, 21, 1), np.float32)
    impulse[0, 10] = 1
    response = tf.image.resize(impulse, (1, 21 * factor), method)[0, :, 0].numpy()
    start = 10 * factor - (length - factor) // 2
    return response[start : start + length]


kernels = {method: interpolation_kernel(method, factor) for method in METHODS}
measured = {method: measured_response(method, len(taps)) for method, taps in kernels.items()}
assert all(np.allclose(measured[method], taps, atol=1e-6) for method, taps in kernels.items())

# %%
distance = np.linspace(-5.2, 5.2, 521)
frequency = np.linspace(0, 0.5, 501)
offsets = {method: (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor for method, taps in kernels.items()}
sums = {method: kernel_function(method)(offsets[method]).sum() / factor for method in METHODS}
curves = {method: (distance, kernel_function(method)(distance) / sums[method]) for method in METHODS}
spectra = {method: (frequency, frequency_response(taps, frequency) / factor) for method, taps in kernels.items()}
plotting.show(
    plotting.kernel_gallery(kernels, measured, curves, spectra, factor),
    alt="01 eight-kernels",
)
plotting.show(
    plotting.kernel_surface(interpolation_kernel("bicubic", 16), 16),
    alt="01 bicubic-surface",
)

# %% [markdown]
# Gaussian and mitchellcubic are not 1 at distance 0 and 0 at the next sample: they do *not* keep the samples, they
# smooth. In two dimensions the kernel is the product of two rows; the negative lobes of bicubic become four valleys.
#
# **Self-test.** At factor 4, bicubic does not give back a single sample unchanged. Why not? Which kernels do?
#
# <details><summary>Answer</summary>With half-pixel centres and an even factor no output pixel lies on a sample; the
# nearest ones are 1/8 of a sample away. Only the box of nearest and area gives the same value all over a block.</details>

# %% [markdown]
# ## More: What the kernel must remove
#
# Why is one kernel better than another? Zero insertion does not change the samples, only how densely they stand, so its
# spectrum is the old one, repeated. At factor 3 the wanted band is 0 to 1/6 cycles per output pixel (yellow), and
# everything beyond is an *image* of it around multiples of 1/3 (dotted).

# %%
row = skimage.color.rgb2gray(photograph)[150]
row = (row - row.mean()) * np.hanning(len(row))
spread = insert(row, 3)
taps = interpolation_kernel("bilinear", 3)
filtered = np.convolve(spread, taps, mode="same") / 3  # the gain of 3 makes up for the zeros; shown without it
grid = np.linspace(0, 0.5, len(spread) // 2 + 1)[: len(np.fft.rfft(spread))]
plotting.show(
    plotting.spectrum_steps(
        grid, np.abs(np.fft.rfft(spread)), np.abs(np.fft.rfft(filtered)), frequency_response(taps, grid) / 3, 3
    ),
    alt="01 spectrum",
)

# %% [markdown]
# The ideal kernel would pass the yellow band untouched and remove the rest. No finite kernel can; each of the eight is
# a compromise. Once every phase sums to 1, a kernel is zero *at* the images' centres k / f, where a constant has its
# images. The next table shows whose formula has that property by itself.
#
# Two numbers describe the compromise. *Loss*: how much a wave in the middle of the wanted band is weakened. *Leak*:
# the strongest gain for the image of anything in the lower half of the band. Both in decibels, at factor 4.

# %% tags=["nbval-check-output"]
lower_half = np.linspace(0, 0.25 / factor, 101)
image_bands = np.concatenate([k / factor + side * lower_half for k in (1, 2) for side in (-1, 1)])


def decibels(gain):
    return 20 * np.log10(np.abs(gain).max())


print(f"{'':14s}{'loss':>7s}{'leak':>8s}  (dB)")
for method, taps in kernels.items():
    loss = decibels(frequency_response(taps, [0.25 / factor]) / factor)
    leak = decibels(frequency_response(taps, image_bands) / factor)
    print(f"{method:14s}{loss:7.1f}{leak:8.1f}")

print("\nphase sums of the formulas themselves, before the division")
raw = {
    method: kernel_function(method)((np.arange(len(t)) - (len(t) - 1) / 2) / factor) for method, t in kernels.items()
}
for method, taps in raw.items():
    gains = np.abs(frequency_response(taps, np.arange(1, factor) / factor)) / factor
    print(f"{method:14s}", np.round([taps[phase::factor].sum() for phase in range(factor)], 4))
    assert (gains.max() < 1e-12) == (method not in ("gaussian", "lanczos3", "lanczos5"))

# %% [markdown]
# (Both columns are gains: 0 is ideal for the first, far below 0 for the second.) Nearest and area leak most: their
# images are the blocks you see. Gaussian and mitchellcubic leak hardly less than bicubic but weaken much more of what
# they should pass: they blur. Lanczos does both well, and pays with ringing, as a step shows.
#
# Try it: choose the method, the factor and the signal. Watch the step under `lanczos5`, and the fast wave under
# `nearest` and `bilinear`: the images that a kernel leaves make a slow beat out of a fast wave.


# %% tags=["nbval-check-output"]
def upsample_row(signal, method, factor):
    return InterpolationUpsampling2D(factor, method)(signal.astype(np.float32)[None, None, :, None])[0, 0, :, 0].numpy()


n = np.arange(16)
signals = {
    "step": np.where(n < 8, -1.0, 1.0),
    "impulse": (n == 8) * 1.0,
    "slow wave": np.sin(2 * np.pi * 0.11 * n),
    "fast wave": np.sin(2 * np.pi * 0.43 * n),
}
for method in ("bilinear", "bicubic", "lanczos5", "gaussian"):
    print(f"{method:9s} a step from -1 to 1 reaches {upsample_row(signals['step'], method, 5).max():.2f}")

# %% jupyter={"source_hidden": true}
from course_utils.widgets import interactive_figure


def draw(method="bicubic", factor=4, signal="step"):
    taps = interpolation_kernel(method, factor)
    gain = frequency_response(taps, frequency) / factor
    result = upsample_row(signals[signal], method, factor)
    return plotting.interpolation_panel(signals[signal], result, taps, frequency, gain, factor)


interactive_figure(
    draw,
    alt=lambda method, factor, signal: f"{signal}, enlarged by {factor} with {method}; the kernel and its gain.",
    method=list(METHODS),
    factor=(2, 8),
    signal=list(signals),
)

# %% [markdown]
# On paper, the settings worth comparing: the fast wave, near the highest frequency that samples can hold.

# %%
rows = {name: upsample_row(signals["fast wave"], name, 5) for name in ("nearest", "bilinear", "bicubic", "lanczos5")}
plotting.show(
    plotting.interpolated_signals(signals["fast wave"], rows, 5, np.sin(2 * np.pi * 0.43 * ((np.arange(80) - 2) / 5))),
    alt="01 fast-wave",
)

# %% [markdown]
# **Self-test.** Of a constant image, which of the eight kernels lets a copy through?
#
# <details><summary>Answer</summary>None. The copies of frequency 0 stand at k / f, where every gain is 0: that is the
# condition that each phase sums to 1, seen from the other side.</details>

# %% [markdown]
# ## More: What it costs
#
# A kernel of L x L taps costs L x L multiply-adds per output pixel, but most of them multiply an inserted zero. The
# *polyphase* form skips those (one small kernel per place within a block), and so needs only every f-th tap along
# each axis. And since the kernels are separable, one axis can be done after the other: L / f for the second, and L / f
# for the first on a map that is still f times smaller.

# %% tags=["nbval-check-output"]
print(f"{'factor 4':14s}{'taps':>6s}{'dense':>8s}{'polyphase':>11s}{'separable':>11s}")
costs = {}
for method, taps in kernels.items():
    length = len(taps)
    costs[method] = length / factor * (1 + 1 / factor)
    print(f"{method:14s}{length:6d}{length**2:8d}{(length / factor) ** 2:11.0f}{costs[method]:11.2f}")

samples = insert(np.ones((20, 20)), 4)
met = convolve2d(samples, np.ones((8, 8)), mode="same")[20:60, 20:60]
assert (met == 4).all(), "an 8 x 8 kernel meets four samples wherever it stands: the other products are with zeros"

# %% [markdown]
# From nearest to lanczos5 the dense cost grows a hundredfold. Does the clock agree? Below, each time is divided by
# that of the framework's bilinear. The ratios vary from machine to machine and from run to run; the script
# `benchmarks/interpolation.py` measures with more care.

# %%
from time import perf_counter


def seconds(function, *arguments, repetitions=3 if fast else 7):
    times = []
    for _ in range(repetitions + 1):
        start = perf_counter()
        function(*arguments).numpy()
        times.append(perf_counter() - start)
    return min(times[1:])


patch = tf.constant(photograph[None, :128, :128])
resize = {method: seconds(tf.image.resize, patch, (512, 512), method) for method in METHODS}
filters = {method: seconds(InterpolationUpsampling2D(4, method), patch) for method in METHODS}
print(f"{'':14s}{'multiply-adds':>15s}{'tf.image.resize':>17s}{'zeros and filter':>18s}")
for method in METHODS:
    ours, theirs = (times[method] / resize["bilinear"] for times in (filters, resize))
    print(f"{method:14s}{costs[method] / costs['bilinear']:15.1f}{theirs:17.1f}{ours:18.0f}")

# %% [markdown]
# Counting does not predict the clock well: among cheap methods, memory traffic, vectorisation and the overhead of a
# call decide, and each op has its own implementation. But one thing is clear. Zero insertion is how to *understand*
# upsampling; `tf.image.resize`, which stores no zeros, is how to *do* it.
#
# **Self-test.** Lanczos3 at factor 2 has 12 taps along an axis. Count the multiply-adds per output pixel: dense,
# polyphase, separable.
#
# <details><summary>Answer</summary>144; (12 / 2)<sup>2</sup> = 36; 6 for the second axis and 6 / 2 for the first,
# together 9.</details>

# %% [markdown]
# ## More: What it is worth on photographs
#
# Make a photograph four times smaller, enlarge it again, and compare with the original: PSNR (a logarithm of the mean
# squared error) and SSIM (local structure), from scikit-image. The verdict may depend on how it was made smaller, so we
# try block means (`area`) and `lanczos3` with antialiasing.

# %%
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

crops = {"coffee": (100, 200), "chelsea": (20, 100), "astronaut": (0, 100)}
photographs = []
for name, (top, left) in crops.items():
    picture = skimage.img_as_float32(getattr(skimage.data, name)())
    photographs.append(picture[top : top + 256, left : left + 256])


def down_and_up(picture, method, down):
    small = tf.image.resize(picture, (64, 64), down, antialias=down != "area")
    return np.clip(tf.image.resize(small, (256, 256), method), 0, 1)


def quality(method, down):
    """Mean PSNR and mean SSIM over the photographs."""
    pairs = [(picture, down_and_up(picture, method, down)) for picture in photographs]
    psnr = [peak_signal_noise_ratio(*pair, data_range=1) for pair in pairs]
    ssim = [structural_similarity(*pair, data_range=1, channel_axis=-1) for pair in pairs]
    return np.mean(psnr), np.mean(ssim)


# %% tags=["nbval-check-output"]
scores = {(method, down): quality(method, down) for method in METHODS for down in ("area", "lanczos3")}
print(f"{'made smaller by':14s}{'area':>16s}{'lanczos3':>18s}")
print(f"{'enlarged by':14s}{'PSNR':>9s}{'SSIM':>7s}{'PSNR':>11s}{'SSIM':>7s}")
for method in METHODS:
    (psnr, ssim), (other_psnr, other_ssim) = scores[method, "area"], scores[method, "lanczos3"]
    print(f"{method:14s}{psnr:9.1f}{ssim:7.2f}{other_psnr:11.1f}{other_ssim:7.2f}")
for down in ("area", "lanczos3"):
    psnr = [scores[method, down][0] for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")]
    gains = np.diff(psnr)
    print(f"smaller by {down}: nearest > bilinear > bicubic > lanczos3 > lanczos5 gain", gains.round(1) + 0.0, "dB")
    assert all(gains[:3] > 0) and gains[0] > gains[1] > gains[2] > abs(gains[3])

# %%
row = [down_and_up(photographs[2], method, "lanczos3") for method in ("nearest", "bilinear", "lanczos3")]
differences = [np.clip(4 * np.abs(picture - photographs[2]), 0, 1) for picture in row]
plotting.show(
    plotting.panels(
        [[photographs[2], *row], [None, *differences]], ["original", "nearest", "bilinear", "lanczos3"], table
    ),
    alt="01 portrait",
)

# %% [markdown]
# The verdict: with either way of making it smaller, every step from nearest to bilinear, bicubic and lanczos3 helps,
# and each helps less than the one before; from lanczos3 to lanczos5 there is next to nothing, at about 1.6 times the
# cost. The smoothing kernels, gaussian and mitchellcubic, lose to bicubic. No kernel brings back what was thrown away:
# a decoder that has to draw sharp borders needs more. That is what notebooks 02 to 05 are about.
#
# **Self-test.** One method has 3 dB more PSNR than another. What does that say about the mean squared errors?
#
# <details><summary>Answer</summary>The better one has half the error: 10 log<sub>10</sub> 2 is 3.01.</details>

# %% [markdown]
# ## More: What it is worth on label maps
#
# How good could a *perfect* network be whose output is small? Subsample the ground truth, enlarge it by nearest (a
# class number cannot be averaged), and score it against itself, as the Cityscapes paper does (Cordts et al. 2016,
# Table 3). Toy Streets are drawn here with 1024 x 2048 pixels, as in the paper, so the factors mean the same.

# %%
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.scene import annotation, compose


def label_maps(number):
    """Label maps of the validation split; Toy Streets are drawn without their photographs, which is quicker."""
    if dataset == "toy_streets" and data_dir is None:
        for index in range(number):
            sketch = compose(RandomSource(seed, 1, index, 0))
            yield table.to_train_ids(annotation(sketch, 1024, 2048)[0])
    else:
        for frame in datasets.open(dataset, data_dir).frames("val")[:number]:
            yield datasets.label_map(frame, table)


def subsampled_and_back(label, factor):
    """Keeps the pixel at the middle of every block of the given size, and repeats it over the block."""
    rows, columns = (np.minimum(np.arange(n) // factor * factor + factor // 2, n - 1) for n in label.shape)
    return label[np.ix_(rows, columns)]


# %% tags=["nbval-check-output"]
paper = {2: 97.2, 4: 95.2, 8: 90.7, 16: 84.6, 32: 75.4, 64: 63.8, 128: 50.6}
confusions = {factor: ConfusionMatrix(table.num_classes) for factor in paper}
for label in label_maps(frames):
    for factor, confusion in confusions.items():
        confusion.update(label, subsampled_and_back(label, factor))

ours = {factor: 100 * confusion.mean_iou() for factor, confusion in confusions.items()}
print(f"{dataset}, {frames} label maps of {label.shape[0]} x {label.shape[1]}")
print("subsampled by   " + "".join(f"{factor:7d}" for factor in paper))
print("ours            " + "".join(f"{value:7.1f}" for value in ours.values()))
print("Cityscapes paper" + "".join(f"{value:7.1f}" for value in paper.values()))
assert sorted(ours.values(), reverse=True) == list(ours.values()), "coarser labels cannot score better"

curves = {f"{dataset}, {frames} label maps": (list(paper), list(ours.values()))}
curves["Cityscapes (Cordts et al. 2016, Table 3)"] = (list(paper), list(paper.values()))
plotting.show(
    plotting.subsampling_curve(curves),
    alt="01 label-maps",
)

# %% tags=["nbval-check-output"]
gap = max(paper, key=lambda factor: abs(ours[factor] - paper[factor]))
print(f"largest difference: {ours[gap] - paper[gap]:+.1f} points at factor {gap}")
at_eight = {name: value for name, value in zip(table.names, confusions[8].iou(), strict=True) if value >= 0}
ranking = sorted(at_eight, key=at_eight.get)
print("at factor 8, worst:", ", ".join(f"{name} {100 * at_eight[name]:.0f}" for name in ranking[:4]))
print("             best:", ", ".join(f"{name} {100 * at_eight[name]:.0f}" for name in ranking[:-5:-1]))

# %% [markdown]
# Toy Streets are other scenes, drawn and not photographed; the shape of the curve is what carries over. Repeating the
# *labels* of an output 8 times smaller costs even a perfect network several points of mIoU; thin things pay for it.
#
# **Self-test.** Which classes lose most when one pixel of each 8 x 8 block is kept, and where do the others lose?
#
# <details><summary>Answer</summary>Those whose regions are not much wider than a block: poles, riders, bicycles. A
# road loses along its borders only.</details>

# %% [markdown]
# ## More: Scores before labels
#
# Is that table a bound for every network with a small output? No. A network gives *scores*, and scores can be
# interpolated before the arg max. Suppose that it knew the share of every class in each 8 x 8 block:


# %% tags=["nbval-check-output"]
def shares_and_back(label, method, factor=8):
    """Class shares of blocks, enlarged by a method; the class with the largest share wins."""
    height, width = (n // factor for n in label.shape)
    blocks = label[: height * factor, : width * factor].reshape(height, factor, width, factor)
    shares = np.stack([(blocks == k).mean(axis=(1, 3)) for k in range(table.num_classes)], axis=-1)
    return np.argmax(tf.image.resize(shares, (height * factor, width * factor), method), axis=-1)


few = [label[: label.shape[0] // 8 * 8, : label.shape[1] // 8 * 8] for label in label_maps(max(2, frames // 8))]
for method in ("nearest", "bilinear", "bicubic", "gaussian"):
    confusion = ConfusionMatrix(table.num_classes)
    for label in few:
        confusion.update(label, shares_and_back(label, method))
    print(f"shares, enlarged by {method:9s} mIoU {100 * confusion.mean_iou():.1f} %")
labels_only = ConfusionMatrix(table.num_classes)
for label in few:
    labels_only.update(label, subsampled_and_back(label, 8))
print(f"labels, repeated             mIoU {100 * labels_only.mean_iou():.1f} %   (the same {len(few)} maps)")

# %% [markdown]
# Interpolating the scores beats repeating labels, and repeating the scores hardly does: the interpolation matters. This
# is why networks with a small output enlarge their logits first and take the arg max last.
#
# **Self-test.** One block is 60 % road and 40 % sidewalk, its neighbour 20 % and 80 %. Where does bilinear
# interpolation of the shares put the border, where do repeated labels?
#
# <details><summary>Answer</summary>Road falls from 0.6 to 0.2 and meets 0.5 a quarter of the way from the first centre
# to the second. Repeated labels change half-way, wherever the border really is.</details>

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("01")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand where they are needed, above. Each answer goes into the function that is there; the cell below
# it checks. Your function is also checked on inputs you do not see, so solve the problem and not the example.
#
# ### Exercise 4: the price of a kernel (2 points)
#
# A volume, such as a CT scan, is enlarged by `factor` along three axes; a separable kernel has `length` taps along
# each. Return three numbers, each the multiply-adds for one output voxel, on average: *dense* (all taps of the
# three-dimensional kernel), *polyphase* (the same without the inserted zeros), *separable* (one axis after the other,
# also without zeros: no axis is enlarged before its turn).


# %% nbgrader={"grade": false, "grade_id": "price", "locked": false, "schema_version": 3, "solution": true, "task": false}
def multiply_adds(length, factor):
    """Multiply-adds for one output voxel: dense, polyphase, separable; three floats."""
    ### BEGIN SOLUTION
    taps = length / factor
    return float(length**3), taps**3, taps * (1 + 1 / factor + 1 / factor**2)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "price_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
assert_same(multiply_adds(4, 2), [64.0, 8.0, 3.5], name="multiply_adds(4, 2)")
### BEGIN HIDDEN TESTS
for length, factor in [(9, 3), (11, 3), (24, 4), (50, 5), (7, 1)]:
    expected = [float(length**3), (length / factor) ** 3, length * (factor**2 + factor + 1) / factor**3]
    assert_same(multiply_adds(length, factor), expected, name=f"multiply_adds({length}, {factor})")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>When the first axis is filtered, the volume is still <code>factor</code> times
# smaller than the output along each of the other two, so each output voxel pays only a part of it.</details>
# <details><summary>Hint 2</summary>With L taps and factor f, every f-th tap along an axis meets a sample. The axis
# that is filtered last costs L / f per output voxel, the one before it L / f<sup>2</sup>, the first L /
# f<sup>3</sup>.</details>
#
# ### Exercise 5: in your own words (2 points)
#
# A network was trained with half-pixel centres. A colleague exports it with a runtime whose bilinear upsampling, by a
# factor of 8, uses the aligned grid. No error is reported. What happens to the label maps, by how many pixels, which
# classes suffer most, and how would you find the mistake with one small input?

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# Everything moves up and to the left by (8 - 1) / 2 = 3.5 output pixels, since a sample now stands on the first pixel
# of its block and not in its middle. Large surfaces lose only a strip at their
# borders; thin things such as poles, signs and distant people lose most of their overlap, so mIoU falls while pixel
# accuracy hardly moves. An impulse, or a ramp, through the upsampling alone shows it: compare the centre of mass with
# the original runtime's. Flipping the input and the output is another test: with half-pixel centres the two commute.
#
# ### RUBRIC
#
# - 1 point: up and to the left (half a point), by 3.5 output pixels or (8 - 1) / 2 (half a point).
# - 1 point: thin or small things suffer most (half a point), and an input that shows it, such as an impulse or a ramp
#   (half a point).
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Upsampling by a whole factor is zero insertion and a filter, for all eight methods, up to the framework's rounding.
#   At the border, divide by the weight that arrived.
# - The taps are samples of one continuous kernel, each phase divided by its sum. Half-pixel centres read it so that
#   even factors have even kernels; the lecture's odd kernel belongs to the aligned grid, (f - 1) / 2 pixels away.
# - Zero insertion repeats the spectrum; the kernel must remove the copies. Nearest leaks, gaussian and mitchellcubic
#   blur, lanczos rings.
# - Without the inserted zeros the cost falls by f x f; an implementation made for speed does not store them.
# - A better kernel helps photographs, with diminishing returns. For label maps: enlarge scores, then take the arg max.

# %% [markdown]
# ## With other label maps
#
# `course run 01 --dataset camvid` or `--dataset cityscapes` repeats the last part with their validation labels.
# CamVid's frames have 360 x 480 pixels instead of 1024 x 2048, so what its factor 2 leaves is what a factor of about 6
# (down) and 9 (across) would leave there.

# %% [markdown]
# ## Further reading
#
# - R. E. Crochiere, L. R. Rabiner: *Multirate Digital Signal Processing*, 1983, chapters 2 and 3.
# - R. G. Keys: *Cubic Convolution Interpolation for Digital Image Processing*, IEEE TASSP 29(6), 1981: bicubic.
# - D. P. Mitchell, A. N. Netravali: *Reconstruction Filters in Computer Graphics*, SIGGRAPH 1988: mitchellcubic.
# - C. E. Duchon: *Lanczos Filtering in One and Two Dimensions*, Journal of Applied Meteorology 18(8), 1979.
# - H. Knutsson, C.-F. Westin: *Normalized and Differential Convolution*, CVPR 1993: the border rule.
# - M. Cordts et al.: *The Cityscapes Dataset for Semantic Urban Scene Understanding*, CVPR 2016, Table 3.
