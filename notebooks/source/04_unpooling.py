# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 65
#     claims: [L13]
# ---

# %% [markdown] tags=["core"]
# # 04 · Unpooling
#
# **After this notebook you can** pool a map and remember where its maxima stood, put values back there, say what that
# has to do with zero insertion and with transposed matrices, count what it costs, and judge from an experiment with
# several seeds what it buys.
#
# **Time:** 65 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves need about two minutes on two processor cores.
#
# **Lecture claim:** *L13*, unpooling puts values back where they were pooled; it costs time and memory for the indices,
# and is not very advantageous. The first part is proven here, the second counted and measured, the third put to a test.
#
# **Before it:** transposed convolution as a matrix (02), kernel and stride (03). **Exercises:** two on the way and
# two at the end to compute (8 points), and one to write (2 points).
#
# Everything you may want to change stands in the next cell. The experiment at the end trains very small networks on
# *Toy Streets*, the scenes that the course draws itself; `dataset="camvid"` takes photographs instead.

# %% tags=["core", "parameters"]
fast = False  # True: a short run that shows everything and learns little
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
image_size = (32, 64)  # height and width that the networks see
labelled_frames = 96  # training frames of the experiment
width = 0.25  # share of SegNet-Basic's 64 channels
kernel_size = 3  # of the convolutions; 7 in the published network, five times the work
steps = 150  # training steps of each network
learning_rate = 0.2  # the peak rate, the same for all
seeds = 3  # repetitions of each decoder

# %% tags=["core"]
import time

import numpy as np
import scipy.ndimage
import skimage

from course_utils import datasets, models, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.datasets.pipeline import from_frames, training_batches
from course_utils.evaluation import BoundaryF, ConfusionMatrix, boundary_f_score
from course_utils.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.models.segnet_basic import DECODERS
from course_utils.widgets import interactive_figure

if fast:
    steps, seeds, labelled_frames = 4, 2, 16

# %% [markdown] tags=["core"]
# ## The question
#
# Pooling keeps the largest value of each window and forgets where in the window it stood. A decoder has to put the
# values somewhere when it enlarges the map again. Interpolation (notebook 01) spreads them evenly; a transposed
# convolution (02, 03) drops them on a fixed grid. SegNet does something else: it *remembers*. With every maximum it
# stores an **index**, the place inside the window, and **unpooling** puts a value back at that very place.

# %% [markdown] tags=["core"]
# ## Pool and remember
#
# An index counts the places of a window row by row: 0 top left, 1 top right, 2 bottom left, 3 bottom right. The first
# half is your job, and everything below runs on your function. (While it isn't right yet, it runs on the course's own,
# so you can read on.)
#
# ### Exercise 1: pool and remember (2 points)
#
# Return the maxima of the k x k windows of `features` `[height, width]` and their indices (integers, row by row within
# the window; the first of equal values wins). Sizes that k does not divide give cut windows at the bottom and right.
# Values may be negative. Use NumPy.


# %% nbgrader={"grade": false, "grade_id": "pool", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def max_pool(features, k):
    """Maxima and indices, both [ceil(height / k), ceil(width / k)]."""
    ### BEGIN SOLUTION
    height, width = features.shape
    padded = np.pad(features.astype(float), ((0, -height % k), (0, -width % k)), constant_values=-np.inf)
    rows, columns = padded.shape[0] // k, padded.shape[1] // k
    windows = padded.reshape(rows, k, columns, k).transpose(0, 2, 1, 3).reshape(rows, columns, k * k)
    return windows.max(axis=-1), windows.argmax(axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "pool_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def pool_trial(seed_, down, across, k):
    features = np.random.default_rng(seed_).integers(-9, 3, (down, across)).astype(np.float32)
    values, places = MaxPoolingWithIndices2D(k)(features[None, ..., None])
    given = features.copy()
    found = max_pool(given, k)
    assert_same(given, features, name="the input after the call")
    assert isinstance(found, tuple) and len(found) == 2, "return two arrays, as a tuple"
    what = f"of a {down} x {across} map, windows of {k}"
    assert_same(found[0], values.numpy()[0, ..., 0], name=f"the maxima {what}")
    assert_same(found[1], places.numpy()[0, ..., 0].astype(int), name=f"the indices {what}")


### END HIDDEN TESTS
### PART 1 point: maps that the windows do not divide
small_map = np.array([[1.0, 4.0, 2.0], [3.0, 4.0, 0.0], [5.0, 6.0, 7.0]])
found = max_pool(small_map.copy(), 2)
assert isinstance(found, tuple) and len(found) == 2, "return two arrays: the maxima and the indices"
assert_same(found[0], [[4.0, 2.0], [6.0, 7.0]], name="the maxima")
assert_same(found[1], [[1, 0], [1, 0]], name="the indices")
### BEGIN HIDDEN TESTS
for trial, case in enumerate([(5, 8, 2), (7, 5, 3), (2, 11, 4), (3, 3, 5)]):
    pool_trial(trial, *case)
### PART 1 point: maps that the windows divide
for trial, case in enumerate([(4, 4, 2), (6, 9, 3), (8, 4, 4), (10, 12, 2)]):
    pool_trial(trial, *case)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Pad at the bottom and right with minus infinity until the windows fit.</details>
# <details><summary>Hint 2</summary><code>reshape(rows, k, columns, k)</code> gives each window two axes of its own.
# Bring them next to each other, make one of them, and take <code>argmax</code> along it.</details>


# %% tags=["core", "nbval-check-output"]
def pool_by_layer(features, k):
    """The course's own."""
    values, indices = MaxPoolingWithIndices2D(k)(np.asarray(features, np.float32)[None, ..., None])
    return values.numpy()[0, ..., 0], indices.numpy()[0, ..., 0].astype(int)


lecture_map = np.array([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]], np.float32)
pool = adopt("max_pool", globals(), ours=pool_by_layer, trials=[(lecture_map, 2), (-lecture_map[:, :3], 2)])
maxima, indices = pool(lecture_map, 2)
print(lecture_map, "\nmaxima\n", maxima, "\nindices\n", indices)

# %% [markdown] tags=["core"]
# **Self-test.** The 8 stands in the last row and column of its window. What is its index? And what would it be in a
# window of 3 x 3, in the middle?
#
# <details><summary>Answer</summary>3; and 4.</details>

# %% [markdown] tags=["core"]
# ## Put them back
#
# The lecture's example goes on: much later in the network, the four maxima have become four other values, 1 to 4. Put
# these back where the maxima stood.
#
# ### Exercise 2: put them back (2 points)
#
# Return a map `[height, width]` with `values` `[rows, columns]` at the places that `indices` name, and zeros elsewhere.
# No loops over windows: NumPy can fill many places at once.


# %% nbgrader={"grade": false, "grade_id": "unpool", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def max_unpool(values, indices, k, height, width):
    """The unpooled map, [height, width]."""
    ### BEGIN SOLUTION
    row, column = np.indices(values.shape)
    result = np.zeros((height, width), values.dtype)
    result[k * row + indices // k, k * column + indices % k] = values
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "unpool_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def unpool_trial(seed_, down, across, k):
    rng = np.random.default_rng(seed_)
    _, places = MaxPoolingWithIndices2D(k)(rng.normal(size=(1, down, across, 1)).astype(np.float32))
    values = rng.normal(size=places.shape).astype(np.float32)
    expected = MaxUnpooling2D(k)([values, places, np.zeros((1, down, across, 1), np.float32)]).numpy()[0, ..., 0]
    answer = max_unpool(values[0, ..., 0].copy(), places.numpy()[0, ..., 0].astype(int), k, down, across)
    assert_same(answer, expected, name=f"a {down} x {across} map, windows of {k}")


### END HIDDEN TESTS
### PART 1 point: maps that the windows divide
assert_same(
    max_unpool(np.array([[1.0, 2.0]]), np.array([[3, 0]]), 2, 2, 4),
    [[0.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 0.0]],
    name="two values put back",
)
### BEGIN HIDDEN TESTS
for trial, case in enumerate([(4, 4, 2), (6, 9, 3), (8, 4, 4)]):
    unpool_trial(trial, *case)
### PART 1 point: maps that the windows do not divide
for trial, case in enumerate([(5, 8, 2), (7, 5, 3), (3, 10, 4)]):
    unpool_trial(trial, *case)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Window (i, j) begins at row k * i and column k * j; index n lies n // k rows and
# n % k columns further. <code>np.indices(values.shape)</code> gives all i and all j.</details>
# <details><summary>Hint 2</summary>An array of row numbers and one of column numbers, both shaped like
# <code>values</code>, may stand on the left: <code>result[rows, columns] = values</code>.</details>


# %% tags=["core"]
def unpool_by_layer(values, indices, k, height, width):
    """The course's own."""
    arrays = [np.float32(values), np.uint8(indices), np.zeros((height, width), np.float32)]
    return MaxUnpooling2D(k)([array[None, ..., None] for array in arrays]).numpy()[0, ..., 0]


other_values = np.array([[1, 2], [3, 4]], np.float32)
trials = [(other_values, np.array([[2, 0], [3, 1]]), 2, 4, 4), (other_values, np.array([[1, 0], [1, 0]]), 2, 3, 3)]
put_back_by = adopt("max_unpool", globals(), ours=unpool_by_layer, trials=trials)


def unpool(values, indices, shape, k=2):
    """Values back at their places, in a map of the given shape."""
    return put_back_by(np.asarray(values, np.float32), np.asarray(indices, int), k, *shape)


# %% [markdown] tags=["core"]
# **Think first.** Where will the 3 go?
#
# <details><summary>Answer</summary>To the bottom left corner, where the 7 stood.</details>

# %% tags=["core", "nbval-check-output", "predict"]
plotting.show(plotting.pooling_arrows(lecture_map, indices, 2, other_values), alt="04 lecture-example")
put_back = unpool(other_values, indices, (4, 4))
print(put_back)

# %% [markdown] tags=["core"]
# The same, window by window. Press *Play*, or go step by step.

# %% tags=["core", "predict"]
frames = plotting.pooling_frames(lecture_map, maxima, indices, other_values, put_back, 2)
plotting.play(frames, alt="04 pooling")
assert (put_back == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]).all()

# %% [markdown] tags=["core"]
# ## Round trip
#
# **Think first:** pool a map, unpool the maxima themselves, pool again. Do you get the same maxima? Always?
#
# <details><summary>Answer</summary>As long as no maximum is negative. Unpooling writes zeros around each value; a
# negative value would lose against them. After a ReLU nothing is negative, and the round trip is exact.</details>

# %% tags=["core", "nbval-check-output", "predict"]
rng, trips = np.random.default_rng(0), []
for name, features in {
    "after a ReLU": np.maximum(rng.normal(size=(8, 12)), 0),
    "all negative": -1 - rng.random((8, 12)),
}.items():
    features = np.float32(features)
    values, places = pool(features, 2)
    again, _ = pool(unpool(values, places, features.shape), 2)
    trips.append((values, again))
    print(f"{name}: {np.mean(again == values):.0%} of the maxima come back")

# %% tags=["core"]
assert all((again == np.maximum(values, 0)).all() for values, again in trips)

# %% [markdown]
# ## More: Ties and odd sizes
#
# Two details decide whether an implementation is right.
#
# **Ties.** After a ReLU whole windows are zero, and saturated or flat regions give equal maxima. One of them must win;
# here, and in TensorFlow, it is the first. The shortcut "compare the map with the enlarged maxima" marks *all* equal
# places, and unpooling then writes a value several times.
#
# **Odd sizes.** Five rows make three windows, the last one cut. Three rows enlarged by two would be six: the decoder
# has to be told that there were five. That is why `MaxUnpooling2D` takes a third argument, the tensor that was pooled;
# it uses only its height and width.

# %% tags=["nbval-check-output"]
flat = np.array([[2, 2, 0, 0], [2, 2, 0, 0]], np.float32)
values, places = pool(flat, 2)
all_equal = flat == values.repeat(2, axis=0).repeat(2, axis=1)
print("index of the first maximum:", places, "   places marked by comparing:", int(all_equal.sum()))
assert (places == 0).all() and all_equal.sum() == 8

odd = np.random.default_rng(3).permutation(np.arange(10, 45, dtype=np.float32)).reshape(5, 7)
values, places = pool(odd, 2)
back = unpool(values, places, odd.shape)
print(f"{odd.shape} pooled to {values.shape}, put back to {back.shape}")
assert back.shape == odd.shape and (back[back > 0] == odd[back > 0]).all()
plotting.show(
    plotting.pooling_arrows(odd, places, 2, np.arange(1, 13).reshape(3, 4), window=11),
    alt="04 odd-sizes",
)

# %% [markdown]
# **Self-test.** A map of 7 x 10 is pooled in windows of 2 x 2. What size has the result? And unpooled, if nobody
# says what it was?
#
# <details><summary>Answer</summary>4 x 5, and back at 8 x 10: one row too many.</details>

# %% [markdown] tags=["core"]
# ## A matrix and its transpose, once more
#
# For a *fixed* choice of places, pooling picks 4 of 16 numbers: it is a product with a 4 x 16 matrix $P$ of zeros and
# ones. Unpooling with the same places is the product with $P^\top$, just as the transposed convolution of notebook 02
# was the product with $C^\top$.

# %% tags=["core", "nbval-check-output"]
basis = np.eye(4, dtype=np.float32).reshape(4, 2, 2)
P = np.array([unpool(unit, indices, (4, 4)).ravel() for unit in basis])
print(P.astype(int))
assert (P @ lecture_map.ravel() == maxima.ravel()).all(), "P pools"
assert (P.T @ other_values.ravel() == put_back.ravel()).all(), "its transpose unpools"
assert np.array_equal(P @ P.T, np.eye(4)), "unpool, then pick: nothing is lost"

# %% [markdown] tags=["core"]
# $P P^\top$ is the identity, and $P^\top P$ keeps the maxima and erases the rest. So unpooling is *half* an inverse:
# what was pooled away stays away. And $P$ depends on the map, since each map has its own maxima; pooling is not linear.
# Around *this* map it is, and its derivative is $P$. The gradient of pooling must then be $P^\top$: unpooling.

# %% tags=["core", "nbval-check-output"]
features = tf.constant(lecture_map[None, ..., None])
with tf.GradientTape() as tape:
    tape.watch(features)
    pooled = tf.nn.max_pool2d(features, 2, 2, "VALID")
gradient = tape.gradient(pooled, features, other_values[None, ..., None])[0, ..., 0].numpy()
assert (gradient == put_back).all()
print("the framework's gradient of max pooling is unpooling: equal")

# %% [markdown] tags=["core"]
# Remember this when it comes to cost: **training has to know the places anyway**, for the backward pass of the pooling.
#
# **Self-test.** Unpool any four numbers, pool the result at the same places. Then the other way: pool a map and
# unpool it. Which way loses something?
#
# <details><summary>Answer</summary>The second. The first is the identity; the second keeps one value in four and sets
# the others to zero.</details>

# %% [markdown] tags=["core"]
# ## Zero insertion at chosen places
#
# **Think first:** what does unpooling do if every index is 0?
#
# <details><summary>Answer</summary>It puts each value at the top left of its window: zero insertion, as in notebooks 01
# to 03. Unpooling and a convolution together are a transposed convolution whose grid follows the image.</details>

# %% tags=["core", "nbval-check-output", "predict"]
all_first = unpool(other_values, np.zeros((2, 2), np.uint8), (4, 4))
print("all indices 0\n", all_first)

# %% tags=["core", "nbval-check-output"]
zero_inserted = np.zeros((4, 4), np.float32)
zero_inserted[::2, ::2] = other_values
assert (all_first == zero_inserted).all()
print("zero insertion by 2: equal")

# %% [markdown]
# Notebook 03 demanded that the kernel be a multiple of the stride, so that each output pixel sees equally many values.
# With unpooling no kernel can promise that. Count the values under a 4 x 4 window, wherever it lies:


# %% tags=["nbval-check-output"]
def values_seen(places, k):
    """How many values a k x k window covers, at every position, [positions, positions]."""
    ones = unpool(np.ones(places.shape), places, (2 * places.shape[0], 2 * places.shape[1]))
    return np.lib.stride_tricks.sliding_window_view(ones, (k, k)).sum(axis=(2, 3)).astype(int)


random_places = np.random.default_rng(0).integers(0, 4, (32, 32)).astype(np.uint8)
for name, places in {"fixed places": np.zeros((32, 32), np.uint8), "chosen places": random_places}.items():
    seen = values_seen(places, 4)
    print(f"{name}: a 4 x 4 window covers {seen.min()} to {seen.max()} values, {seen.mean():.1f} on average")
assert (values_seen(np.zeros((32, 32), np.uint8), 4) == 4).all()

# %% [markdown]
# Where the indices vary, the pattern does not repeat with the stride: instead of a checkerboard there is noise that
# follows the image, and the convolutions after it have to fill the gaps. Where the map is flat or slopes evenly, all
# windows choose the same place (ties: the first), and the regular grid of zero insertion is back.

# %% [markdown] tags=["core"]
# ## What survives in a photograph
#
# We pool a photograph three times, then unpool three times with the indices. One value in 64 is left; but each of them
# stands exactly where it came from. Beside it the same values, interpolated.
#
# A photograph is mostly smooth, and there interpolation is plainly better. Features are different: after a ReLU they
# are sparse, and their maxima mark *where* something is. The second row shows a feature as the first layer of a network
# might compute it, the strength of edges, treated in the same way.

# %% tags=["core"]
from skimage.transform import resize

photograph = skimage.color.rgb2gray(skimage.data.astronaut())[20:148, 150:310].astype(np.float32)


def pool_chain(features, levels):
    """Pooled map and, fine to coarse, the indices and shapes that lead back."""
    way = []
    for _ in range(levels):
        shape = features.shape
        features, places = pool(features, 2)
        way.append((places, shape))
    return features, way


def unpool_chain(values, way):
    """Back up through all levels."""
    for places, shape in reversed(way):
        values = unpool(values, places, shape)
    return values


# %% tags=["core", "nbval-check-output"]
small, way = pool_chain(photograph, 3)
by_indices = unpool_chain(small, way)
kept = by_indices > 0
assert (by_indices[kept] == photograph[kept]).all()
print(f"{kept.mean():.1%} of the pixels are left, each with its own value at its own place")


# %% tags=["core"]
def dots(values):
    """Every value three pixels wide: a single one would be lost on the page."""
    return scipy.ndimage.maximum_filter(values, 3)


edges = skimage.filters.sobel(photograph).astype(np.float32)
edges /= np.quantile(edges, 0.99)
small_edges, edge_way = pool_chain(edges, 3)
edges_by_indices = unpool_chain(small_edges, edge_way)

# %% tags=["core"]
shown = {
    "photograph": photograph,
    "unpooled by indices": dots(by_indices),
    "bilinear": resize(small, photograph.shape, order=1),
    "edges (a feature)": edges,
    "edges, unpooled by indices": dots(edges_by_indices),
    "edges, bilinear": resize(small_edges, edges.shape, order=1),
}
plotting.show(plotting.feature_maps(shown, columns=3, cmap="gray", limits=(0, 1)), alt="04 photograph-and-edges")

# %% [markdown]
# How far off is a maximum that comes back without its index, at the middle of its window? That is geometry, not a
# property of the picture: the windows grow, and places drawn at random are off by about as much. We print both.

# %% tags=["nbval-check-output"]
for levels in (1, 2, 3, 4):
    _, levels_way = pool_chain(edges, levels)
    spot = unpool_chain(np.ones(levels_way[-1][0].shape), levels_way) * (edges > np.quantile(edges, 0.95))
    window = 2**levels
    away = np.argwhere(spot > 0) % window - (window - 1) / 2
    chance = np.random.default_rng(0).integers(0, window, (10_000, 2)) - (window - 1) / 2
    off, by_chance = (np.hypot(*d.T).mean() for d in (away, chance))
    print(
        f"pooled {levels} times: the strongest edges are off by {off:.1f} pixels, places at random by {by_chance:.1f}"
    )

# %% [markdown] tags=["core"]
# With indices the error is zero. So what unpooling can buy is the place of *boundaries*; what that is worth, only the
# network behind it can tell. The place says nothing about what the thing is.
#
# **Self-test.** After three poolings by two, how far from its true place can a value be at most, along one axis,
# when it is put back at the middle of its window?
#
# <details><summary>Answer</summary>3.5 pixels: a window is 8 pixels wide and its middle lies at 3.5.</details>

# %% [markdown]
# ## More: What it costs: bytes
#
# SegNet-Basic at the paper's 360 x 480 pools four times, with 64 channels each. Four ways to remember, from the full
# feature maps (as a skip connection needs them) to SegNet's theoretical 2 bits, 0 to 3 being four values:


# %% tags=["nbval-check-output"]
def windows_of(height, width, channels):
    """Number of pooling windows at each level."""
    counts = []
    for level_channels in channels:
        height, width = -(-height // 2), -(-width // 2)
        counts.append(height * width * level_channels)
    return np.array(counts)


windows = windows_of(360, 480, [64] * 4)
bits = {"features, float32": 4 * 32, "indices, int64": 64, "indices, uint8 (ours)": 8, "indices, 2 bits": 2}
print(f"{'MB per image':24}{'level 1':>8}{'2':>8}{'3':>8}{'4':>8}{'sum':>8}{'times 2 bits':>14}")
for name, size in bits.items():
    row = [*windows * size / 8e6, windows.sum() * size / 8e6]
    print(f"{name:24}" + "".join(f"{value:8.2f}" for value in row) + f"{size // 2:14d}")
assert bits["features, float32"] == 64 * bits["indices, 2 bits"]
measured = MaxPoolingWithIndices2D(2)(np.zeros((1, 360, 480, 64), np.float32))[1].numpy().nbytes
assert measured == windows[0], "the layer's indices take what the table says"
print(f"measured at level 1: {measured / 1e6:.2f} MB of indices")
print(
    f"transposed convolutions: no memory per image, {4 * 4 * 4 * 64 * 64 * 4 / 1e6:.2f} MB of weights; bilinear: none"
)

# %% [markdown]
# The factor 64 is the "storage multiplier" that the SegNet paper prints for keeping the encoder's features (table 1).
# `tf.nn.max_pool_with_argmax` counts positions in the whole map, in 64 bits, and so does PyTorch's
# `MaxPool2d(return_indices=True)`, per channel; that is the memory the lecture complains about. An index *within the window* fits in a byte, works for images of any size, and costs an eighth of it.
# Interpolation and transposed convolution remember nothing of an image. The memory counts when the network is *used*:
# in training the feature maps are kept for the backward pass anyway.
#
# **Self-test.** A map of 32 x 32 with 64 channels in float32, pooled by two: how many bytes for the indices, one
# byte each, and how many for the features themselves?
#
# <details><summary>Answer</summary>16 x 16 x 64 = 16,384 against 32 x 32 x 64 x 4 = 262,144: a sixteenth. With 2 bits
# per index it would be one 64th.</details>

# %% [markdown]
# ## More: What it costs: arithmetic and time
#
# Multiply-adds for one value of the enlarged map, with 64 channels:

# %% tags=["nbval-check-output"]
convolution = 7 * 7 * 64
for name, cost in {"unpooling": 0, "bilinear": 4, "transposed convolution, 4 x 4": 4 * 4 // 2**2 * 64}.items():
    print(f"{name:30}{cost:5d} multiply-adds, {cost / convolution:5.1%} of the 7 x 7 convolution that follows")

# %% [markdown]
# Unpooling multiplies nothing, but it moves memory, and memory is what such layers wait for. So measure: the same
# network, four decoders, forward and backward. `SegNetBasic(decoder=...)` offers
#
# | `decoder` | enlarges by | then |
# |---|---|---|
# | `"indices"` | unpooling (the published SegNet-Basic) | 7 x 7 convolution |
# | `"bilinear"` | fixed interpolation | 7 x 7 convolution |
# | `"transposed"` | a transposed convolution, kernel 4, stride 2 | 7 x 7 convolution |
# | `"none"` | interpolation of the class scores by 16, at once | nothing |
#
# The times depend on the machine; only their ratios to `"bilinear"` are shown, for small images and a quarter of the
# channels (without a GPU in processor time, all cores together). `benchmarks/unpooling.py cost` measures full size.

# %%
data = datasets.open(dataset, data_dir)
table = data.labels
groups = list(table.categories.values())


def new_network(decoder, seed, kernel_size=kernel_size):
    keras.utils.set_random_seed(seed)
    return models.SegNetBasic(len(groups), width=width, decoder=decoder, kernel_size=kernel_size)


def timed_step(network, images):
    """Two functions: a step forward, and one forward and backward."""

    @tf.function(autograph=False)
    def forward():
        return network(images, training=True)

    @tf.function(autograph=False)
    def both():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network(images, training=True) ** 2)
        return tape.gradient(loss, [weight.value for weight in network.trainable_variables])

    return forward, both


# %%
images = tf.random.stateless_uniform([2, 48, 64, 3], [0, seed])
candidates = {name: timed_step(new_network(name, seed, kernel_size=7), images) for name in DECODERS}
times = {name: ([], []) for name in DECODERS}
# Processor time is steadier on a busy machine, but blind to an accelerator.
clock = time.perf_counter if tf.config.list_physical_devices("GPU") else time.process_time
for _ in range(3 if fast else 8):
    for name, steps_of_it in candidates.items():
        for step, record in zip(steps_of_it, times[name], strict=True):
            start = clock()
            tf.nest.map_structure(lambda tensor: tensor.numpy(), step())  # waits until it is done
            record.append(clock() - start)
medians = {name: np.array([np.median(record[1:]) for record in records]) for name, records in times.items()}
for name in DECODERS:
    forward, both = medians[name] / medians["bilinear"]
    print(f"{name:12} forward {forward:.1f}   forward and backward {both:.1f}   (bilinear = 1)")

# %% [markdown]
# Within a network the convolutions dominate, and the way of enlarging changes little; dropping the decoder changes
# much. The paper's own table says so, too: its "Bilinear" takes 24.2 ms per image, SegNet-Basic 52.6 ms. But look at
# the weights before you blame the indices:

# %% tags=["nbval-check-output"]
for decoder, published in [("indices", "SegNet-Basic, 1.425 M"), ("bilinear", ""), ("none", "Bilinear, 0.625 M")]:
    model = models.SegNetBasic(11, decoder=decoder)
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    print(f"{decoder:10}{weights / 1e6:8.3f} M   {'table 1: ' + published if published else 'not in the table'}")

# %% [markdown]
# The paper's numbers seem to be rounded to 0.025 M. Its "Bilinear" then has room for our `"none"`, or for convolutions
# that treat each channel by itself, but not for the decoder of SegNet-Basic. Comparing the two changes **two things at
# once**. Three more rows of table 1 (CamVid, balanced classes) say how careful one has to be:
#
# | row of table 1 | indices | weights | ms | mIoU | boundary F |
# |---|---|---|---|---|---|
# | Bilinear | no | 0.625 M | 24.2 | 43.3 | 20.8 |
# | SegNet-Basic-SingleChannelDecoder | yes | 0.625 M | 33.1 | 46.1 | 31.6 |
# | FCN-Basic-NoAddition (learned upsampling) | no | 0.65 M | 23.8 | 44.1 | 32.0 |
# | FCN-Basic (the same, and encoder features added) | no | 0.65 M | 24.2 | 47.3 | 38.1 |
# | SegNet-Basic | yes | 1.425 M | 52.6 | 47.7 | 35.8 |
#
# With few weights, indices and learned upsampling reach about the same boundary F, and encoder features do better
# still. What the table lacks is interpolation with SegNet-Basic's own convolutions: that row tells what the *indices*
# contribute there. We have it.
#
# **Self-test.** The paper compares SegNet-Basic with "Bilinear". Why is that no test of the indices?
#
# <details><summary>Answer</summary>Two things change at once: the indices, and 0.8 million weights in the decoder's
# convolutions.</details>

# %% [markdown]
# ## More: What it buys: a measure for boundaries
#
# The SegNet paper reports, on CamVid with balanced classes, 47.7 against 43.3 % mIoU, and 35.8 against 20.8 % in the
# **boundary F score** (table 1). Why two measures? Shift a prediction by two pixels and look:

# %% tags=["nbval-check-output"]
for name, thickness in [("pole, 2 pixels wide", 2), ("house, 60 pixels wide", 60)]:
    truth = np.zeros((40, 100), np.uint8)
    truth[10:30, 20 : 20 + thickness] = 1
    shifted = np.roll(truth, 2, axis=1)
    confusion = ConfusionMatrix(2)
    confusion.update(truth, shifted)
    f = [boundary_f_score(truth, shifted, 2, tolerance=pixels)[0][1] for pixels in (1, 2)]
    print(
        f"{name:22} IoU {confusion.iou()[1]:4.0%}   boundary F within 1 pixel {f[0]:4.0%}, within 2 pixels {f[1]:4.0%}"
    )
    assert f[1] == 1.0

# %% [markdown]
# IoU hardly notices a shifted house and punishes a shifted pole; boundary F asks for both whether the shift is
# within the tolerance. (Within 1 pixel it is not 0: upper and lower borders slide along themselves.) It takes
# the border pixels of a class in truth and prediction. *Precision* is the share of predicted border pixels that lie
# within a tolerance of a true one, *recall* the reverse, and F is their harmonic mean. SegNet's tolerance is 0.75 % of
# the image's diagonal, and it averages over the classes present in an image, then over images; classes that an image
# lacks do not count. At 32 x 64 that tolerance, rounded up, is one pixel.
#
# **Self-test.** Every true border pixel has a predicted one within the tolerance, but half of the predicted ones
# are false. What is F?
#
# <details><summary>Answer</summary>Recall 1, precision 1/2: F = 2 x 1 x 0.5 / 1.5 = 2/3.</details>

# %% [markdown]
# ## More: The decoder comparison, recorded
#
# Equal data, equal steps, equal seeds; only the decoder differs. The networks are small, with 3 x 3 kernels, and tell
# seven categories apart instead of all classes. **Think first:** which decoder wins in mIoU, and which at the
# boundaries?
#
# The evidence is recorded, since several seeds take longer than a lesson: `python benchmarks/unpooling.py learn` on Toy
# Streets at 32 x 64 with 5 seeds, and the same with `--dataset camvid --image-size 48 64 --seeds 3`; 250 steps each.

# %% tags=["predict"]
recorded = {  # difference and half the width of its 95 % interval over the seeds, in points
    "Toy Streets, mIoU": {"none": (2.0, 1.9), "bilinear": (-1.6, 2.3), "transposed": (1.5, 3.4)},
    "Toy Streets, boundary F": {"none": (10.3, 1.3), "bilinear": (5.6, 0.8), "transposed": (4.4, 1.3)},
    "CamVid, mIoU": {"none": (-1.0, 17.8), "bilinear": (-7.1, 5.8), "transposed": (3.3, 6.2)},
    "CamVid, boundary F": {"none": (-2.8, 13.7), "bilinear": (-4.0, 3.5), "transposed": (1.4, 3.2)},
}
names = [f"{measure}: indices - {rival}" for measure, rows in recorded.items() for rival in rows]
difference, half = np.array([pair for rows in recorded.values() for pair in rows.values()]).T / 100
plotting.show(
    plotting.score_differences(
        difference, difference - half, difference + half, abs(difference) > half, names, xlabel="difference (points)"
    ),
    alt="04 recorded",
)

# %% [markdown]
# In the drawn scenes the paper's pattern is there: a little mIoU and much boundary F. In small photographs, after so few
# steps, the paper's pair ("indices" against "none") is not decided, and interpolation with the same decoder wins both
# measures.
#
# Change the protocol, and photographs say the opposite. `course run 04 --dataset camvid`, the live run below at 32 x 64
# with its own rate, batch and 150 steps, gave the indices 6.5 points more mIoU than bilinear interpolation, in all three
# seeds, and 2.9 more boundary F, though not in all.
#
# None of this refutes the paper, which trains far longer at full size. It does show that the advantage depends on data,
# budget and protocol. One experiment, the paper's or ours, does not settle it. "Not very advantageous" is a fair
# summary of mIoU, not a law.
#
# **Self-test.** In the drawn scenes, how much of the gain in boundary F over "none" belongs to the indices?
#
# <details><summary>Answer</summary>About half. Against interpolation with the same convolutions, 5.6 of the 10.3 points
# are left; the rest belongs to the decoder's convolutions.</details>

# %% [markdown]
# ## More: The decoder comparison, live
#
# Now try it. This run takes seconds and three seeds, so expect less certainty than above.

# %%
category = np.full(256, 255, np.uint8)
for number, members in enumerate(groups):
    category[list(members)] = number


def load(split, frames):
    """Images and maps of categories of the first frames of a split."""
    chosen = data.load(split, image_size).frames[:frames]
    images, maps = zip(*from_frames(chosen, table, image_size).as_numpy_iterator(), strict=True)
    return np.stack(images), category[np.stack(maps)]


train, val = load("train", labelled_frames), load("val", labelled_frames // 2)
batches = training_batches(tf.data.Dataset.from_tensor_slices(train), batch_size=4, seed=seed)


def score(network):
    """Validation mIoU and boundary F, both in per cent."""
    prediction = np.argmax(network.predict_on_batch(val[0]), axis=-1).astype(np.uint8)
    confusion, boundary = ConfusionMatrix(len(groups)), BoundaryF(len(groups), tolerance=0.0075)
    confusion.update(val[1], prediction)
    boundary.update(val[1], prediction)
    return 100 * confusion.mean_iou(), 100 * boundary.mean("skip")


# %%
results, networks = {}, {}
for decoder in DECODERS:
    networks[decoder] = new_network(decoder, seed)
    trainer = training.PhaseTrainer(networks[decoder])
    results[decoder] = []
    for repetition in range(seeds):
        networks[decoder].set_weights(new_network(decoder, seed + repetition).get_weights())
        phases = [training.Phase("everything", steps, learning_rate=learning_rate)]
        trainer.train(batches, phases, lambda network: 0.0, every=steps, title=f"{decoder}, seed {seed + repetition}")
        results[decoder].append(score(networks[decoder]))

# %% tags=["predict"]
plotting.show(
    plotting.score_ranges(results, ["mIoU", "boundary F"]),
    alt="04 decoders",
)
for decoder, values in results.items():
    mean, spread = np.mean(values, axis=0), np.std(values, axis=0, ddof=1)
    print(f"{decoder:12} mIoU {mean[0]:4.1f} ± {spread[0]:3.1f} %   boundary F {mean[1]:4.1f} ± {spread[1]:3.1f} %")

# %% [markdown]
# The next cell puts these numbers into words. All networks see the frames in the same order; a seed
# draws the starting weights, in the encoder the same for every decoder. So differences are taken seed by seed; one
# counts only if it has the same sign for every seed. With three seeds even that happens by luck in one case of four,
# and there are six comparisons.


# %% tags=["predict"]
def verdict(first, second, measure):
    difference = np.subtract(results[first], results[second])[:, ["mIoU", "boundary F"].index(measure)]
    told = f"{difference.mean():+5.1f} points (seeds {', '.join(f'{value:+.1f}' for value in difference)})"
    if (difference > 0).all() or (difference < 0).all():
        return f"{measure:11}{told}: '{first if difference[0] > 0 else second}' every time"
    return f"{measure:11}{told}: not decided"


for first, second, question in [
    ("indices", "none", "The paper's comparison, indices and decoder against neither:"),
    ("indices", "bilinear", "The indices alone, against interpolation with the same decoder:"),
    ("indices", "transposed", "Indices against a learned enlargement:"),
]:
    print(question, *(verdict(first, second, measure) for measure in ("mIoU", "boundary F")), sep="\n  ")

# %% [markdown]
# Read your numbers with three things in mind.
#
# - These networks are tiny and trained for seconds, and how fast each decoder learns is part of the result. Set
#   `steps = 50` and see who suffers most.
# - `"indices"` against `"none"` repeats the paper's pair; at full width they differ by 0.8 million weights.
# - `"indices"` against `"bilinear"` is the fair test of the indices. What they bring shows at the boundaries.
#
# One frame, to look at:

# %% tags=["predict"]
shown = {"image": val[0][0], "truth": val[1][0]}
for decoder in DECODERS:
    shown[f'"{decoder}"'] = np.argmax(networks[decoder].predict_on_batch(val[0][:1]), axis=-1)[0]
plotting.show(
    plotting.category_maps(shown, table, columns=3),
    alt="04 predictions",
)

# %% [markdown]
# **Self-test.** Suppose that two decoders are equally good. How likely is it that the difference has the same
# sign for three seeds?
#
# <details><summary>Answer</summary>Twice 1/2 x 1/2 x 1/2, one case of four. With six comparisons, expect one or two
# such "results" by luck.</details>

# %% [markdown]
# ## More: Try it
#
# In JupyterLab, choose a map, the size of the windows and the window whose arrows stand out. Map 0 is the lecture's
# (at size 4), the others are drawn at random, with ties. Watch what happens at sizes that the window does not divide.


# %% jupyter={"source_hidden": true}
def draw(number=0, size=4, pool_size=2, window=0):
    features = np.random.default_rng(number).integers(0, 10, (size, size)).astype(np.float32)
    if number == 0 and size == 4:
        features = lecture_map
    values, places = pool(features, pool_size)
    new_values = np.arange(1, values.size + 1).reshape(values.shape)
    return plotting.pooling_arrows(features, places, pool_size, new_values, window % values.size)


interactive_figure(
    draw,
    alt=lambda number, size, pool_size, window: (
        f"Map {number} of size {size}, pooled with windows of {pool_size} and "
        f"unpooled; the arrows of window {window} stand out."
    ),
    number=(0, 20),
    size=(3, 6),
    pool_size=(2, 3),
    window=(0, 8),
)

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("04")

# %% [markdown]
# ## Exercises
#
# Exercises 1 and 2 stand where they are needed, above. Each answer goes into the function that is there; the cell
# below it checks. Your function is also checked on inputs you do not see, so solve the problem and not the example.
#
# ### Exercise 3: the memory of the indices (2 points)
#
# SegNet pools five times, with 64, 128, 256, 512 and 512 channels; each pooling halves height and width, rounding *up*.
# Return a list of five integers: the bytes that the indices of each level take for one image, when every index takes
# `bits` bits and each level is rounded up to whole bytes.


# %% nbgrader={"grade": false, "grade_id": "memory", "locked": false, "schema_version": 3, "solution": true, "task": false}
def index_bytes(height, width, bits):
    """Bytes of the indices at SegNet's five levels, integers."""
    ### BEGIN SOLUTION
    sizes = []
    for channels in (64, 128, 256, 512, 512):
        height, width = (height + 1) // 2, (width + 1) // 2
        sizes.append((height * width * channels * bits + 7) // 8)
    return sizes
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "memory_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
assert_same(
    index_bytes(360, 480, 8), [2764800, 1382400, 691200, 353280, 92160], name="the bytes at 360 x 480 with 8 bits"
)
### BEGIN HIDDEN TESTS
for height, width, bits in [(360, 480, 2), (360, 480, 64), (1024, 2048, 2), (33, 65, 8), (1, 1, 2)]:
    scale = [-(-height // 2**level) * -(-width // 2**level) for level in range(1, 6)]
    expected = [-(-area * channels * bits // 8) for area, channels in zip(scale, (64, 128, 256, 512, 512), strict=True)]
    assert_same(index_bytes(height, width, bits), expected, name=f"the bytes at {height} x {width} with {bits} bits")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The first level has 180 x 240 windows in each of 64 channels. The fourth and fifth
# have 23 and 12 rows.</details>
# <details><summary>Hint 2</summary>Halving with rounding up is <code>(n + 1) // 2</code>, and so is bits to bytes:
# <code>(bits + 7) // 8</code>. Halve before you count: the first level has 180 rows already.</details>
#
# ### Exercise 4: boundary F by hand (2 points)
#
# `true` and `predicted` are the border pixels of a class as arrays of (row, column), `[n, 2]` and `[m, 2]`. A pixel is
# *near* the other border if some pixel there is at most `tolerance` away (Euclidean distance). Return F, the harmonic
# mean of precision and recall; 1.0 if both borders are empty, 0.0 if exactly one is or if nothing is near. No pixel
# occurs twice in an array.


# %% nbgrader={"grade": false, "grade_id": "boundary", "locked": false, "schema_version": 3, "solution": true, "task": false}
def boundary_f(true, predicted, tolerance):
    """Boundary F of two sets of border pixels, a number in 0..1."""
    ### BEGIN SOLUTION
    if len(true) == 0 or len(predicted) == 0:
        return float(len(true) == len(predicted))
    difference = true[:, None].astype(float) - predicted[None]
    near = np.sqrt((difference**2).sum(axis=-1)) <= tolerance
    recall, precision = near.any(axis=1).mean(), near.any(axis=0).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "boundary_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
column_of_four = np.array([[0, 5], [1, 5], [2, 5], [3, 5]])
two_of_them_and_two_far = np.array([[0, 6], [1, 6], [9, 9], [9, 0]])
# Precision is 2/4. Of the true border, rows 0 and 1 have a neighbour at distance 1, row 2 one at 1.41, row 3 at 2.24.
assert_same(boundary_f(column_of_four, two_of_them_and_two_far, 1), 0.5, name="F within 1 pixel")
assert_same(boundary_f(column_of_four, two_of_them_and_two_far, 1.5), 2 * 0.5 * 0.75 / 1.25, name="F within 1.5 pixels")
### BEGIN HIDDEN TESTS
### PART 1.5 points: maps that both have a border
from scipy.spatial import KDTree

for trial in range(6):
    rng = np.random.default_rng(trial)
    cells = np.argwhere(np.ones((15, 15)))
    true, predicted = rng.permutation(cells)[: 20 + trial], rng.permutation(cells)[:7]
    tolerance = 1 + trial % 3
    r = np.mean(KDTree(predicted).query(true)[0] <= tolerance)
    p = np.mean(KDTree(true).query(predicted)[0] <= tolerance)
    assert_same(boundary_f(true.copy(), predicted.copy(), tolerance), 2 * p * r / (p + r), name="F of random borders")
### PART 0.5 points: maps without a border, and borders that are far apart
nobody, corner, far = np.zeros((0, 2), int), np.array([[97, 97]]), np.array([[99, 99]])
assert_same(boundary_f(nobody, nobody, 3), 1.0, name="F without any border")
assert_same(boundary_f(far, nobody, 3), 0.0, name="F without a predicted border")
assert_same(boundary_f(nobody, far, 3), 0.0, name="F without a true border")
assert_same(boundary_f(far, far - 50, 3), 0.0, name="F when nothing is near")
for reach, share in [(2.5, 0.0), (3, 1.0)]:
    assert_same(boundary_f(corner, far, reach), share, name=f"F of two pixels 2.83 apart within {reach}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary><code>true[:, None] - predicted[None]</code> has shape [n, m, 2]: every true pixel
# against every predicted one.</details>
# <details><summary>Hint 2</summary>From the distances make a table of true and false, <code>near</code>, of shape [n,
# m]. Recall asks for any along one axis, precision along the other. Handle empty borders first: the mean of nothing is
# no number.</details>
#
# ### Exercise 5: in your own words (2 points)
#
# A colleague quotes SegNet's table: "Indices gain 15 points of boundary F over bilinear upsampling." Say what else
# differs between the two networks, and which experiment separates the two causes.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# The table's bilinear network has 0.625 M weights, SegNet-Basic 1.425 M: the difference is the 7 x 7 convolutions of
# the decoder, so the gain may come from them. Train a third network that interpolates but keeps these convolutions,
# with the same data, steps and several seeds: against SegNet-Basic it shows the effect of the indices, against the
# bilinear network that of the decoder. (Also accepted: the table's SingleChannelDecoder, which has indices and as few
# weights as the bilinear network, if the answer says that it still has other decoder weights.)
#
# ### RUBRIC
#
# - 1 point: the convolutions of the decoder, or its number of weights, differ; half a point if a difference is named
#   that the table does not show.
# - 1 point: a third network that differs from each of the two in one thing only; half a point if the comparison is
#   right and other things are not held equal.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Pooling with indices remembers the place of each maximum; unpooling puts values back there, with zeros around.
# - At a given map it is the transpose of the pooling, and the gradient of max pooling is unpooling.
# - It is zero insertion at places that the image chooses. Exact after a ReLU, not for negative maxima.
# - Indices within the window take a byte, not eight, and could take two bits; beside convolutions the time is small.
# - What it can buy, not always, is the place of boundaries. Boundary F sees that, mIoU hardly does.
# - The published comparison changes the decoder's convolutions together with the indices; separated, interpolation
#   with the same convolutions is a strong rival.

# %% [markdown]
# ## Further reading
#
# - V. Badrinarayanan, A. Kendall, R. Cipolla: *SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation*, IEEE PAMI 39(12), 2017: section 3 (indices), 3.1 and table 1 (decoder variants), 4.1 (boundary F).
# - M. Zeiler, R. Fergus: *Visualizing and Understanding Convolutional Networks*, ECCV 2014, section 2.1: unpooling with
#   "switches", used there to look into a network.
# - F. Perazzi et al.: *A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation*, CVPR 2016,
#   section 4: the boundary measure.
# - G. Csurka, D. Larlus, F. Perronnin: *What is a good evaluation measure for semantic segmentation?*, BMVC 2013.
