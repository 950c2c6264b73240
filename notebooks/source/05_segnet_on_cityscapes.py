# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 65
#     claims: [L4, L5]
# ---

# %% [markdown] tags=["core"]
# # 05 · SegNet, from street photographs to a per-class table
#
# **After this notebook you can** take SegNet apart and put its decoder together again, say why it takes images of any
# size, train it from an encoder that has already learnt (freeze, train, unfreeze, fine-tune), test whether that helped,
# and read the table of class IoUs that papers print.
#
# **Time:** 65 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves take about four minutes on two processor cores, most of it training.
#
# **Lecture claims:** *L4*, early training: initialise the encoder with a classifier, freeze it, train the decoder,
# unfreeze, fine-tune. *L5*, SegNet puts it together: one mask per class, a channel-wise softmax, a loss between them; and
# the architecture does not change when the image size does.
#
# **Before it:** transposed convolution (02) and unpooling (04). **Exercises:** four on the way and one at the end to
# compute (8 points), and one to write (2 points).
#
# The next cell holds all settings; the last section has those for photographs and a GPU.

# %% tags=["core", "parameters"]
fast = False  # True: shows everything but trains nothing, where the course ships a trained network
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
image_size = (96, 192)  # height and width that the network sees
width = 0.25  # share of SegNet's channels; 1.0 is the published network
encoder_weights = "SegNet/camvid"  # a shipped network's encoder; "imagenet" needs the network and width = 1.0
steps = 192  # training steps of each competitor, or as many cheaper ones as take the same time
seeds = 1  # repetitions of each competitor
system = "SegNetBasic"  # or "SegNet": the network that is trained on all frames
epochs = 8  # its passes over the training split
output_dir = "../runs"  # where it is kept

# %% tags=["core"]
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, labels, models, plotting, training, widgets
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.evaluation import ConfusionMatrix, ImageBlindPrior
from course_utils.inference import Predictor, score_frames
from course_utils.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.weights import card, shipped

address = f"SegNet/{dataset}"
scored = slice(None, None, 5) if fast else slice(None)  # of the frames that are scored
if fast:
    seeds, epochs = 0, 0 if address in shipped() else 1
keras.utils.set_random_seed(seed)

# %% [markdown] tags=["core"]
# ## The question
#
# A car with a camera wants to know, for every pixel, whether it is road or pavement, person or pole. The course ships a
# SegNet that was trained on *Toy Streets* for longer than you want to wait. It answers for three frames that it has never
# seen. Black is *void*: pixels that nobody labelled. They count neither in training nor in the score.

# %% tags=["core"]
data = datasets.open(dataset, data_dir)
table = data.labels
# A score on frames that chose something is too good, so scores come from "test". Cityscapes withholds those labels.
reported = "test" if dataset != "cityscapes" and "test" in data.available_splits else "val"
frames = data.load(reported).frames[scored]
network_size = card(address).image_size if address in shipped() else image_size
network = (
    models.pretrained("SegNet", dataset) if address in shipped() else models.SegNet(table.num_classes, width=width)
)
predictor = Predictor(network, network_size)

# %% tags=["core"]
images = [datasets.read_image(frame.image) / 255 for frame in frames[:3]]
truths = [datasets.label_map(frame, table) for frame in frames[:3]]
rows = [(image, predictor(image[None])[0], truth) for image, truth in zip(images, truths, strict=True)]
columns = ["image", "the shipped SegNet", "label map (the ground truth)"]
plotting.show(
    plotting.panels(rows, columns, table, width=12),
    alt="Three street scenes, what the shipped SegNet says of every pixel, and the label maps.",
)

# %% [markdown] tags=["core"]
# What happens to poles and to distant things? Take the network apart: an encoder, the thirteen convolutions of VGG16,
# halves the image five times; the decoder is its mirror image. The dashed arrows make it SegNet: each max pooling
# remembers *where* its maxima were; the decoder puts values back there.

# %% tags=["core"]
plotting.show(
    plotting.segnet(),
    alt="SegNet as an hour-glass: five encoder stages shrink the image, five mirrored stages restore it; "
    "dashed arrows carry the pooling indices across.",
)

# %% [markdown] tags=["core"]
# ## Pooling that remembers
#
# In notebook 04 you pooled a map. A network pools a *stack* of maps, each channel by itself.
#
# ### Exercise 1: pool a stack (1 point)
#
# Pool `features` `[height, width, channels]`, both sizes even, over windows of 2 x 2. Return two arrays of shape
# `[height / 2, width / 2, channels]`: the maxima, and where in its window each one was, as an integer: 0 top left, 1 top
# right, 2 bottom left, 3 bottom right. Among equal values the first one wins.


# %% nbgrader={"grade": false, "grade_id": "pool", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def pool_stack(features):
    """Maxima and indices, both [height / 2, width / 2, channels]."""
    ### BEGIN SOLUTION
    height, width, channels = features.shape
    windows = features.reshape(height // 2, 2, width // 2, 2, channels).transpose(0, 2, 4, 1, 3)
    windows = windows.reshape(height // 2, width // 2, channels, 4)
    return windows.max(axis=-1), windows.argmax(axis=-1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "pool_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
two_maps = np.stack([[[1.0, 5.0], [3.0, 2.0]], [[4.0, 4.0], [0.0, 4.0]]], axis=-1)
found = pool_stack(two_maps.copy())
assert isinstance(found, tuple | list) and len(found) == 2, "return two arrays: the maxima and the indices"
assert_same(found[0], [[[5.0, 4.0]]], name="the maxima")
assert_same(found[1], [[[1, 0]]], name="the indices")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(4, 4, 1), (2, 6, 3), (8, 2, 5), (6, 10, 4)]):
    features = np.random.default_rng(trial).integers(-9, 0, shape).astype(np.float32)
    maxima, places = MaxPoolingWithIndices2D(2)(features[None])
    given = features.copy()
    found = pool_stack(given)
    assert_same(given, features, name="the input after the call")
    assert_same(found[0], maxima[0].numpy(), name=f"the maxima of {shape}")
    assert_same(found[1], places[0].numpy().astype(int), name=f"the indices of {shape}")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint</summary>Split each side into windows: <code>reshape(height // 2, 2, width // 2, 2,
# channels)</code>. Bring the two axes of length 2 to the end, make one of them, and ask for <code>max</code> and
# <code>argmax</code>.</details>
#
# **Think first.** The shipped network's first stage turns a street into 16 maps. Pool them, and put the maxima back. What
# will be left of a smooth surface, and what of an outline?


# %% tags=["core", "predict"]
def pool_by_layer(features):
    """The course's own."""
    maxima, places = MaxPoolingWithIndices2D(2)(np.float32(features)[None])
    return maxima[0].numpy(), places[0].numpy()


poolings = [network.get_layer(f"encoder_vgg16_block{block}_pool") for block in range(1, 6)]
look_inside = keras.Model(network.input, [poolings[0].input, *(pooling.output for pooling in poolings)])
small = tf.image.resize(images[0], network_size, antialias=True)[None]
features, *pooled = look_inside(small, training=False)
pool = adopt("pool_stack", globals(), ours=pool_by_layer, trials=[(features[0, :8, :12].numpy(),)])
maxima, places = pool(features[0].numpy())
assert np.allclose(maxima, pooled[0][0][0]) and (places == pooled[0][1][0].numpy()).all(), "as the network pools"

# %% tags=["core", "predict"]
put_back = MaxUnpooling2D(2)([maxima[None], np.uint8(places)[None], features])[0].numpy()
channel = np.argmax(features[0].numpy().std(axis=(0, 1)))
maps = {"a feature": features[0], "its maxima": maxima, "put back": put_back}
plotting.show(
    plotting.feature_maps({name: np.asarray(values)[..., channel] for name, values in maps.items()}),
    alt="A feature map of a street scene, its maxima at half the size, and the maxima put back: single bright dots that "
    "still trace the outlines, with zeros between them.",
)

# %% [markdown] tags=["core"]
# Where there is an outline, the dots follow it pixel for pixel; on a smooth surface their positions mean nothing.
#
# **Self-test.** Where would the maxima go if every index were 0?
#
# <details><summary>Answer</summary>At the top left of their windows: a regular grid, as in zero insertion.</details>
#
# ## The decoder block
#
# Three values in four are now zero. So each unpooling is followed by convolutions that fill the gaps, each with batch
# normalisation (in prediction just a factor and an offset per channel) and a ReLU.
#
# ### Exercise 2: the decoder block (2 points)
#
# `values` and `indices` are `[height, width, channels]`; the indices are those of exercise 1. Put the values back into a
# map of twice the height and width. Then, for each `(kernel, factor, offset)` in the list `convolutions`: convolve the map
# ("same" size, zeros outside, kernel not reversed), multiply by `factor`, add `offset`, and replace negative numbers by
# 0. A kernel is `[3, 3, channels in, channels out]`, factor and offset are `[channels out]`. Return the last map. Use NumPy,
# and loop over the nine taps, not over pixels.


# %% nbgrader={"grade": false, "grade_id": "decoder", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def decoder_block(values, indices, convolutions):
    """Unpooling, then convolutions with their factors and offsets and a ReLU, [2 height, 2 width, channels out]."""
    ### BEGIN SOLUTION
    height, width, channels = values.shape
    row, column, channel = np.indices(values.shape)
    result = np.zeros((2 * height, 2 * width, channels), np.float32)
    result[2 * row + indices // 2, 2 * column + indices % 2, channel] = values
    for kernel, factor, offset in convolutions:
        padded = np.pad(result, ((1, 1), (1, 1), (0, 0)))
        result = sum(padded[i : i + 2 * height, j : j + 2 * width] @ kernel[i, j] for i in range(3) for j in range(3))
        result = np.maximum(result * factor + offset, 0)
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "decoder_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
one_value, at_bottom_right = np.array([[[2.0]]]), np.array([[[3]]])
right_neighbour = np.zeros((3, 3, 1, 2))
right_neighbour[1, 2, 0] = [1.0, -1.0]
block = [(right_neighbour, np.array([3.0, 1.0]), np.array([1.0, 0.5]))]
assert_same(
    decoder_block(one_value, at_bottom_right, block),
    [[[1.0, 0.5], [1.0, 0.5]], [[7.0, 0.0], [1.0, 0.5]]],
    name="the block of a single value",
)
### BEGIN HIDDEN TESTS
from itertools import pairwise

for trial, (down, across, channels) in enumerate([(2, 3, [4, 5]), (3, 2, [3, 6, 2]), (4, 5, [2, 2, 3, 4])]):
    rng = np.random.default_rng(trial)
    halved, places = MaxPoolingWithIndices2D(2)(
        rng.normal(size=(1, 2 * down, 2 * across, channels[0])).astype("float32")
    )
    maxima = rng.normal(size=halved.shape).astype("float32")
    block = [(rng.normal(size=(3, 3, a, b)), rng.normal(1, 0.5, b), rng.normal(size=b)) for a, b in pairwise(channels)]
    expected = MaxUnpooling2D(2)([maxima, places, np.zeros((1, 2 * down, 2 * across, 1), "float32")])
    for kernel, factor, offset in block:
        expected = tf.nn.relu(
            tf.nn.conv2d(expected, np.float32(kernel), 1, "SAME") * np.float32(factor) + np.float32(offset)
        )
    copies = maxima[0].copy(), places[0].numpy().astype(int)
    answer = decoder_block(*copies, [tuple(part.copy() for part in parts) for parts in block])
    assert_same(answer, expected[0].numpy(), name=f"a block of {len(block)} convolutions", rtol=1e-3, atol=1e-3)
    assert_same(copies[0], maxima[0], name="the values after the call")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Index n lies n // 2 rows and n % 2 columns into its window.
# <code>np.indices(values.shape)</code> gives row, column and channel of every value.</details>
# <details><summary>Hint 2</summary>Pad rows and columns by one zero. Tap (i, j) sees the padded map from row i and column j
# on, and <code>map @ kernel[i, j]</code> takes it from the channels in to the channels out.</details>
#
# **Think first.** The next cells run the shipped network's whole decoder on your block, five times, from 4 x 8 numbers per
# channel to the full image. After which will you recognise the street?


# %% tags=["core"]
def block_by_layers(values, indices, convolutions):
    """The course's own."""
    size = (1, 2 * values.shape[0], 2 * values.shape[1], 1)
    x = MaxUnpooling2D(2)([np.float32(values)[None], np.uint8(indices)[None], np.zeros(size, "float32")])
    for kernel, factor, offset in convolutions:
        x = tf.nn.relu(tf.nn.conv2d(x, np.float32(kernel), 1, "SAME") * np.float32(factor) + np.float32(offset))
    return x[0].numpy()


def weights_of(name):
    """Kernel, factor and offset of a convolution of the decoder and its batch normalisation."""
    scale, shift, mean, variance = network.get_layer(f"{name}_bn").get_weights()
    factor = scale / np.sqrt(variance + network.get_layer(f"{name}_bn").epsilon)
    return network.get_layer(name).get_weights()[0], factor, shift - mean * factor


# %% tags=["core", "predict"]
rng = np.random.default_rng(0)
trial = rng.random((2, 3, 2)), rng.integers(0, 4, (2, 3, 2)), [(rng.normal(size=(3, 3, 2, 4)), np.ones(4), np.zeros(4))]
decode = adopt("decoder_block", globals(), ours=block_by_layers, trials=[trial])
x, stages = pooled[-1][0][0].numpy(), {}
for level in range(5, 0, -1):
    names = [f"decoder_block{level}_conv{number}" for number in (3, 2, 1)]
    names = [name for name in names if f"{name}_bn" in {layer.name for layer in network.layers}]
    x = decode(x, pooled[level - 1][1][0].numpy().astype(int), [weights_of(name) for name in names])
    stages[f"block {level}: {x.shape[0]} x {x.shape[1]}"] = x[..., np.argmax(x.std(axis=(0, 1)))]
scores = network.get_layer("decoder_block1_conv1")(x[None])  # a last convolution, without ReLU: one map per class
assert np.allclose(scores, network(small, training=False), rtol=1e-2, atol=1e-2), "the network's own scores"
print("the decoder by your block and by the network: equal")

# %% tags=["core", "predict"]
plotting.show(
    plotting.feature_maps(stages),
    alt="The map that varies most after each of the five decoder blocks: from a few coarse cells to fine speckled "
    "blobs along the horizon.",
)

# %% [markdown] tags=["core"]
# **Self-test.** For images of 128 x 256, how many values per channel does block 3 put back?
#
# <details><summary>Answer</summary>A map of 16 x 32: 512, each at one of four places that the encoder chose.</details>

# %% [markdown]
# ## More: Build it at any size
#
# `models.SegNet` is the published network; `width` scales its channels so that it trains on a laptop. The paper counts
# 14.7 million parameters in the encoder and 29.5 million in all. Ours, at full width:

# %% tags=["nbval-check-output"]
published = models.SegNet(19)
encoder = sum(layer.count_params() for layer in models.encoder_layers(published))
print(f"encoder {encoder / 1e6:.1f} M, whole network {published.count_params() / 1e6:.1f} M parameters")
assert round(encoder / 1e6, 1) == 14.7
del published

# %% [markdown]
# **Think first.** Does the architecture change when the image size does? Every layer is a convolution, a normalisation per
# channel, a pooling or an unpooling; which of them depends on the image's height? Run the same weights on three sizes, one
# of them odd and not divisible by 32.


# %% tags=["nbval-check-output", "predict"]
keras.utils.set_random_seed(seed)
slim = models.SegNet(table.num_classes, width=width)
before = [weight.numpy().copy() for weight in slim.weights]
for size in [(64, 128), (96, 96), (61, 47)]:
    logits = slim(tf.zeros([1, *size, 3]), training=False)
    print(f"image {size[0]} x {size[1]} -> logits {tuple(logits.shape[1:3])}")
    assert tuple(logits.shape[1:3]) == size
assert all((old == new.numpy()).all() for old, new in zip(before, slim.weights, strict=True))
print(f"at width {width}: {slim.count_params() / 1e6:.2f} M parameters, at every size the same ones")

# %% [markdown]
# None of them: the output is as large as the image. Pooling rounds odd sizes up, and unpooling is told which size to
# restore.
#
# **Self-test.** At width 0.25, by what factor does the number of weights shrink, and why not by four? And how small does a
# photograph of 360 x 480 get at the bottleneck?
#
# <details><summary>Answer</summary>By about 16: a convolution has a weight per pair of an input and an output channel, and
# there are a quarter as many of both. 360, 180, 90, 45, 23, 12 and 480, ..., 15: 12 x 15.</details>
#
# ## More: Ground truth, softmax, loss
#
# The label map becomes a stack of masks, one per class, and a softmax *across the channels* of every pixel turns the
# network's logits into a stack of probabilities. The loss takes, at each pixel, the probability of the true class.
#
# ### Exercise 3: a loss that ignores void (2 points)
#
# Return the mean cross-entropy of `logits` `[H, W, classes]` against `label` `[H, W]`, over the pixels whose label is
# not 255. If all are, return 0.0. Note that `np.exp(1000)` is infinite.


# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "schema_version": 3, "solution": true, "task": false}
def segmentation_loss(label, logits):
    """Mean cross-entropy over the pixels that are not void, a number."""
    ### BEGIN SOLUTION
    counted = label != 255
    if not counted.any():
        return 0.0
    logits = logits[counted].astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -log_probabilities[np.arange(len(logits)), label[counted]].mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "loss_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
two_pixels = np.array([[0, 255]], np.uint8), np.array([[[0.0, np.log(3.0)], [9.0, -9.0]]])
assert_same(segmentation_loss(*two_pixels), np.log(4.0), name="the loss of one labelled pixel")
### BEGIN HIDDEN TESTS
for trial in range(5):
    rng = np.random.default_rng(trial)
    truth = rng.integers(0, 5, (4, 6)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.3] = 255
    outputs = rng.normal(0, 3, (4, 6, 5)).astype(np.float32)
    expected = float(training.SegmentationCrossEntropy()(truth, outputs))
    assert_same(segmentation_loss(truth.copy(), outputs.copy()), expected, name="the loss", rtol=1e-4)
assert_same(segmentation_loss(np.full((2, 2), 255, np.uint8), np.ones((2, 2, 3))), 0.0, name="the loss of void")
assert_same(
    segmentation_loss(np.zeros((1, 1), np.uint8), np.array([[[0.0, 1000.0]]])), 1000.0, name="the loss of large logits"
)
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>Subtracting the same number from all logits of a pixel changes no probability.
# Subtract the largest.</details>
# <details><summary>Hint 2</summary>Keep the labelled pixels first: <code>logits[label != 255]</code> has shape [n,
# classes]. The logarithm of a softmax is the logit less <code>np.log(np.exp(logits).sum(...))</code>.</details>
#
# **Think first.** What is the loss of a network that gives every class the same probability? And of one with random
# weights?

# %% tags=["predict"]
library_loss = training.SegmentationCrossEntropy()


def loss_by_library(label, logits):
    """The course's own."""
    return float(library_loss(label, logits))


rng = np.random.default_rng(0)
trial = np.array([[0, 1, 255], [2, 2, 0]], np.uint8), rng.normal(0, 3, (2, 3, 3))
loss = adopt("segmentation_loss", globals(), ours=loss_by_library, trials=[trial])
label = tf.image.resize(truths[0][..., None], network_size, "nearest")[..., 0].numpy()
answers = {
    "every class alike": np.zeros((*network_size, table.num_classes)),
    "random weights": slim(small, training=False)[0].numpy(),
    "trained": network(small, training=False)[0].numpy(),
}
for name, logits in answers.items():
    print(f"{name:28s} loss {loss(label, logits):.2f}")
    assert np.isclose(loss(label, logits), loss_by_library(label, logits), rtol=1e-3)
print(f"{'log of the number of classes':28s}      {np.log(table.num_classes):.2f}")

# %% [markdown]
# **Self-test.** The true class of a pixel gets a probability of 1/4. What does the pixel add to the loss? What does a void
# pixel add?
#
# <details><summary>Answer</summary>log 4, about 1.39. A void pixel adds nothing and is not counted in the
# mean.</details>
#
# ## More: The classes are far from equal
#
# Road fills a third of the pixels, a traffic light less than one in a hundred. A network that minimises plain
# cross-entropy may ignore every rare class and still look good. *Median frequency balancing* (SegNet, section 3.2)
# divides the median of the class frequencies by each class's own. A class's frequency is its share of the pixels *in the
# images that show it*; so a bus, rare but large, gets less than 1. We use the square root, which is less extreme: a weight
# of 30 becomes one of 5.5.

# %%
pixels, image_pixels = data.pixel_counts("train")
balance = training.median_frequency_weights(pixels, image_pixels, power=0.5)
plotting.show(
    plotting.class_frequencies(pixels, balance, table),
    alt="Two bars per class: its share of all pixels, and its weight in the loss, which is largest for small things.",
)

# %% [markdown]
# **Self-test.** The median of the frequencies is 0.02, and one class has 0.32. What is its full weight, and which weight do
# we use?
#
# <details><summary>Answer</summary>0.02 / 0.32 = 0.0625, and its square root, 0.25.</details>

# %% [markdown] tags=["core"]
# ## Overlap by union
#
# Count how many pixels of each true class were called what, in one *confusion matrix* for all frames.
#
# ### Exercise 4: from the confusion matrix to mIoU (1 point)
#
# `matrix[t, p]` counts pixels of true class `t` predicted as `p`. Return the mean over classes of overlap divided by
# union. A class that neither occurs nor was predicted is left out; one that was only predicted scores 0.


# %% nbgrader={"grade": false, "grade_id": "miou", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def mean_iou(matrix):
    """Mean intersection over union, a number in 0..1."""
    ### BEGIN SOLUTION
    overlap = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - overlap
    return (overlap[union > 0] / union[union > 0]).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "miou_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
assert_same(mean_iou(np.array([[3, 1], [2, 4]])), (3 / 6 + 4 / 7) / 2, name="mean_iou of two classes")
### BEGIN HIDDEN TESTS
for trial in range(5):
    rng = np.random.default_rng(trial)
    reference = ConfusionMatrix(7)
    reference.update(rng.integers(0, 5, 200), rng.integers(0, 6, 200))
    assert_same(mean_iou(reference.matrix.copy()), reference.mean_iou(), name="mean_iou with absent classes")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint</summary>The union of a class is its row plus its column, minus what was counted twice;
# <code>np.diag</code> is the overlap. Choose the classes whose union is above 0, then divide.</details>
#
# **Think first.** Never look at the image; answer everywhere with the class that is most frequent at that position in the
# training frames. Streets look alike: what will this *image-blind prior* score?


# %% tags=["core", "predict"]
def miou_by_library(matrix):
    """The course's own."""
    return float(evaluation.mean_iou(np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)))


trials = [(np.array([[3, 1], [2, 4]]),), (np.array([[5, 0, 1], [2, 0, 0], [0, 0, 0]]),)]
miou = adopt("mean_iou", globals(), ours=miou_by_library, trials=trials)
prior = ImageBlindPrior.of(data).score(data, frames)
shipped_scores = score_frames(predictor, frames, table)
print(f"without looking  mIoU {miou(prior.matrix):5.1%}   right pixels {prior.pixel_accuracy():.1%}")
print(
    f"shipped SegNet   mIoU {miou(shipped_scores.confusion.matrix):5.1%}   right pixels {shipped_scores.pixel_accuracy:.1%}"
)

# %% [markdown] tags=["core"]
# Only what a network scores above the first line has been learnt from images.
#
# **Self-test.** In one frame a car of 10 pixels is found completely. In another the truth has a car of 1,000 pixels, and
# the network calls all of them truck. What is the IoU of car over both frames, and what is the mean of the two frames' IoUs?
#
# <details><summary>Answer</summary>10 / 1010, or 1 %, against 50 %. Summing first lets every pixel count the same.</details>

# %% [markdown] tags=["core"]
# ## Freeze, train, unfreeze: does it help?
#
# The lecture's recipe (*L4*) starts from an encoder that was a classifier of photographs, *freezes* it, trains the decoder,
# unfreezes, and goes on at a lower rate. Our encoder comes from a SegNet trained on real streets, CamVid's. Three
# competitors get the same frames and about the same time: a step with a frozen encoder takes about 65 % of the time of
# a full one (`benchmarks/frozen_step.py`).
#
# | competitor | encoder starts | first half of the time | second half |
# |---|---|---|---|
# | from scratch | random | everything is trained | everything is trained |
# | trained, frozen first | on CamVid's streets | decoder only | everything, at a lower rate |
# | random, frozen first | random | decoder only | everything, at a lower rate |
#
# The last one is the control: it separates what the *weights* contribute from what the *schedule* does.

# %% tags=["core"]
from course_utils.datasets.pipeline import evaluation_batches, from_frames, training_batches
from course_utils.training.optimization.optimizers import muon
from course_utils.training.optimization.precision import building, machine_precision

small_size = tuple(2 * side // 3 for side in image_size)
batches = training_batches(data.load("train", small_size), batch_size=4, seed=seed)
few = data.frames("val")[:: 40 if fast else 4]
held_out = list(evaluation_batches(from_frames(few, table, small_size), batch_size=25))
weights = training.median_frequency_weights(*data.pixel_counts("train"), power=0.5)  # rare classes count more
with building(machine_precision(gpu=bool(tf.config.list_physical_devices("GPU")))):
    competitor = models.SegNet(table.num_classes, width=width)
trainer = training.PhaseTrainer(competitor, class_weights=weights, optimizer=muon)

# %% tags=["core"]
EVERY, FROZEN_COST = 32, 0.65  # steps between two measurements; cost of a frozen step, as a share of a full one
frozen_steps = round(steps / 2 / FROZEN_COST / EVERY) * EVERY
whole = [training.Phase("everything", steps, learning_rate=0.03)]
frozen_first = [
    training.Phase("decoder", frozen_steps, frozen=True, learning_rate=0.03),
    training.Phase("fine-tuning", steps // 2, learning_rate=0.015),
]
competitors = {
    "from scratch": ("random", whole),
    "trained, frozen first": ("trained", frozen_first),
    "random, frozen first": ("random", frozen_first),
}


# %% tags=["core"]
def measure(model):
    return 100 * miou(training.confusion_on(model, held_out, table.num_classes).matrix)


def compete(name, seed):
    """Validation mIoU of one competitor over time, counted in full steps."""
    encoder, phases = competitors[name]
    keras.utils.set_random_seed(seed)
    competitor.set_weights(models.SegNet(table.num_classes, width=width).get_weights())
    if encoder == "trained":
        models.load_encoder_weights(competitor, encoder_weights)
    elif phases is frozen_first:
        training.settle_encoder(competitor, next(iter(batches))[0])  # exercise 5 shows why
    done, values = trainer.train(batches, phases, measure, every=EVERY, title=f"{name}, seed {seed}")
    frozen = frozen_steps if phases is frozen_first else 0
    return [min(n, frozen) * FROZEN_COST + max(0, n - frozen) for n in done], values


# %% [markdown] tags=["core"]
# **Think first.** Which will win, and by how much?

# %% tags=["core", "predict"]
curves = {}
for name in competitors if seeds else ():
    results = [compete(name, seed + repetition) for repetition in range(seeds)]
    curves[name] = (results[0][0], np.array([values for _, values in results]))
    print(f"{name:26s} mIoU {curves[name][1][:, -1].mean():4.1f} %")
floor = 100 * ImageBlindPrior.of(data).score(data, few).mean_iou()
print(f"{'without looking at images':26s} mIoU {floor:4.1f} %")
if curves:
    axes = {"xlabel": "time, in full training steps", "ylabel": "validation mIoU (%)"}
    plotting.show(
        plotting.learning_curves(curves, marks={"unfreeze": frozen_steps * FROZEN_COST}, floor=floor, **axes),
        alt="Validation mIoU over time for the three competitors, with the line of the image-blind prior.",
    )

# %% [markdown] tags=["core"]
# One run is an anecdote; the next section has the evidence.
#
# **Self-test.** Suppose that "trained, frozen first" beats "random, frozen first" but not "from scratch". What have you
# learnt?
#
# <details><summary>Answer</summary>Within this schedule the trained weights help; but the schedule costs at least
# as much as they bring. Without the control you would have said that pretraining is useless.</details>

# %% [markdown]
# ## More: How many seeds does a verdict need?
#
# The course has recorded a longer study (`benchmarks/early_training.py`, with DeepLabV3+ in place of SegNet, and more
# augmentation once it is unfrozen): an encoder with real ImageNet weights, drawn and real streets, few and many label maps,
# three seeds, half a minute on two cores for each training, and two more competitors: everything at once from ImageNet's
# weights, and an encoder that is never unfrozen. Bars are 95 % intervals over seeds. Before you run it: which comes first,
# which last, and does it matter more with 24 labelled frames, or with all?

# %% tags=["predict"]
import json

study, panels = Path("../benchmarks/results/early_training.json"), {}
for title, facts in json.loads(study.read_text("utf-8")).items() if study.is_file() else ():
    scores = {name: {int(n): values for n, values in by.items()} for name, by in facts["scores"].items()}
    panels[title] = facts["prior"], scores
if panels:
    plotting.show(
        plotting.study_curves(panels, xlabel="labelled frames", ylabel="validation mIoU (%)"),
        alt="Mean IoU over the number of labelled frames for five ways to train, with intervals over seeds, and the "
        "line of the image-blind prior.",
    )
else:
    print("The recorded study is not on this machine; benchmarks/early_training.py makes it.")

# %% [markdown]
# Note what "equal time" leaves out: nobody is charged for the pretraining. That is a choice, and papers make it
# silently.
#
# How many seeds decide? Suppose the two competitors are equal. Then all scores come out of one hat, and every way of
# dealing them to the two names is equally likely. The p-value is the share of deals in which the two means are at least
# as far apart as they really were. With n seeds each there are $\binom{2n}{n}$ deals, and two of them are always the
# most extreme:

# %% tags=["nbval-check-output"]
from itertools import combinations
from math import comb

for n in (1, 2, 3, 4, 5):
    print(f"{n} seed{'s' * (n > 1)} each: {comb(2 * n, n):3d} deals, the smallest p-value is {2 / comb(2 * n, n):.3f}")


# %%
def verdict(first, second):
    """The difference of two competitors in points, and how often equal ones would differ by as much."""
    a, b = np.asarray(first), np.asarray(second)
    values, total, n = np.concatenate([a, b]), a.sum() + b.sum(), len(a)
    deals = np.array([2 * values[list(deal)].sum() - total for deal in combinations(range(2 * n), n)])
    p = np.mean(np.abs(deals) >= abs(a.sum() - b.sum()) - 1e-9)
    return f"{a.mean() - b.mean():+.1f} points, p = {p:.3f} with {n} seed{'s' * (n > 1)} each"


for other in ("from scratch", "random, frozen first") if curves else ():
    said = verdict(curves["trained, frozen first"][1][:, -1], curves[other][1][:, -1])
    print(f"here, trained, frozen first, against {other}: {said}")
for title, (_, by) in panels.items():
    for other in [name for name in by if name != "ImageNet, frozen first"]:
        for n in (min(by[other]), max(by[other])):
            said = verdict(by["ImageNet, frozen first"][n], by[other][n])
            print(f"{title}, {n} frames: ImageNet, frozen first, against {other}: {said}")

# %% [markdown]
# So with fewer than four seeds each, no difference, however large, reaches 0.05.

# %%
for title, (_, by) in panels.items():
    for n in by["from scratch"]:
        means = {name: np.mean(values[n]) for name, values in by.items()}
        print(f"{title}, {n:3} frames: " + " > ".join(sorted(means, key=means.get, reverse=True)))

# %% [markdown]
# By this test three seeds cannot decide. (The bars can, as they assume more: scores that are normally distributed.) What
# do they suggest?
#
# - Freezing pays where there is something to keep. An encoder of random weights that is frozen first comes last everywhere,
#   behind training from scratch.
# - Pretrained weights beat training from scratch in every form, and by more with all labels than with 24: a decoder on good
#   features uses what it gets.
# - The lecture's order is level with training everything at once on 24 frames. On all frames it is 3.6 points ahead on drawn
#   streets, and 1 point, which may be chance, on real ones.
# - In half a minute it pays most *never to unfreeze*, except with 24 real frames. A step of the decoder on features that
#   are computed once costs a quarter to a third of a full one, and a schedule that spends half of its time on full steps
#   makes a third fewer steps. With hours instead of seconds this may reverse; the study does not say.
#
# **Self-test.** Two seeds each, and both of one competitor beat both of the other. How often does that happen between
# equal competitors?
#
# <details><summary>Answer</summary>In two of six deals, one in three.</details>

# %% [markdown] tags=["core"]
# ## Two minutes on all frames
#
# One SegNet learns while you wait, the small one of the paper's own experiments: *SegNet-Basic*, four stages of one 7 x
# 7 convolution each, with the same indices. The next cell does what `course train SegNetBasic` does. Everything goes
# into a *run folder*. Interrupt the cell and run it again: it continues from the last epoch. To start afresh, change
# `output_dir`.

# %% tags=["core"]
chosen = {"width": width if system == "SegNet" else 2 * width}
options = {"model_options": chosen, "image_size": image_size, "growing": 0.0, "seed": seed}
folder = Path(output_dir) / f"05_{system}_{dataset}_{image_size[0]}x{image_size[1]}_{epochs}epochs"
if not epochs:
    print("The fast setting trains nothing: what follows shows the shipped network once more.")
    trained = predictor
elif (folder / "config.json").is_file():
    trained = Predictor(training.resume_run(folder, given=options).load_model(), image_size)
else:
    recipe = training.Recipe.for_machine(system, dataset, data_dir, epochs=epochs, **options)
    trained = Predictor(training.train_recipe(recipe, folder).load_model(), image_size)

# %% [markdown] tags=["core"]
# The lecture's table, at the labels' own resolution. iIoU counts every instance alike, however small it is. The best
# epoch was chosen on the validation split, so the table uses other frames.

# %% tags=["core"]
from dataclasses import replace

scores = score_frames(trained, frames, table)
print(f"split: {reported}\n\n{evaluation.score_table(replace(scores, prior=prior))}\n")
who = f"{system}, trained here" if epochs else "SegNet, shipped"
print(f"{who}{f', {epochs} epochs at {image_size}' * bool(epochs)}: mIoU {scores.mean_iou:.1%}")
ious = {who: scores.confusion.iou()}
for name in ("SegNet", "SegNetBasic"):
    if f"{name}/{dataset}" in shipped() and f"{name}, shipped" not in ious:
        how = card(f"{name}/{dataset}")
        known = Predictor(models.pretrained(name, dataset), how.image_size)
        ious[f"{name}, shipped"] = score_frames(known, frames, table).confusion.iou()
        score = np.nanmean(ious[f"{name}, shipped"])
        print(f"{name}, shipped, {how.epochs} epochs at {how.image_size}: mIoU {score:.1%}")
if epochs and dataset == "toy_streets":
    assert scores.mean_iou > 2 * prior.mean_iou(), "it has learnt to look"

# %% tags=["core"]
plotting.show(
    plotting.class_bars(ious, table),
    alt="Bars of IoU per class, in per cent, for the network trained here and the shipped ones.",
)

# %% [markdown] tags=["core"]
# Common surfaces are easy. Two kinds are hard: rare classes, however large (bus, truck, wall), and thin ones: each pooling
# halves the width of a pole, and what the indices restore is its position, not its class. The networks of notebook 06 carry more across than positions.
#
# **Self-test.** Name two reasons why the shipped SegNet-Basic scores higher than yours, which has the same layers.
#
# <details><summary>Answer</summary>More passes over the frames, and larger images: at 96 x 192 many poles are a single pixel
# wide before the first pooling.</details>

# %% [markdown]
# ## More: Where the errors are


# %%
from course_utils.losses.boundaries import edge_labels


def frame_and_prediction(number):
    image = datasets.read_image(frames[number].image)
    return image / 255, datasets.label_map(frames[number], table), trained(image[None])[0]


rows, wrong, wrong_near, near_share = [], 0, 0, []
for number in range(3):
    image, truth, prediction = frame_and_prediction(number)
    rows.append((image, truth, prediction, plotting.errors(truth, prediction)))
    near, known = edge_labels(truth[None], radius=2)[0].numpy() == 1, truth != labels.VOID
    wrong += np.sum(known & (prediction != truth))
    wrong_near += np.sum(near & known & (prediction != truth))
    near_share.append(near[known].mean())
plotting.show(
    plotting.panels(rows, ["image", "ground truth", who, "wrong pixels (orange)"], table, width=12),
    alt="Three frames with ground truth, prediction and a map of the wrong pixels, in orange.",
)
print(f"{wrong_near / wrong:.0%} of the wrong pixels lie within two pixels of a border between classes,")
print(f"where {np.mean(near_share):.0%} of all pixels lie; the other wrong pixels are parts of regions")

# %% [markdown]
# A network that knew the classes and only missed the contours would be wrong near borders alone. Look at more frames:
# which kind of error prevails? In JupyterLab, choose the frame and how much of the colours you see (arrow keys work,
# too).


# %%
def draw(frame=0, opacity=0.6):
    image, truth, prediction = frame_and_prediction(frame)
    pictures = [plotting.overlay(image, labels_, table, opacity) for labels_ in (truth, prediction)]
    titles = ["ground truth over the image", "SegNet over the image"]
    return plotting.panels([pictures], titles, table, present=range(table.num_classes))


widgets.interactive_figure(
    draw,
    alt=lambda frame, opacity: f"Frame {frame}: ground truth and SegNet's prediction over the image.",
    frame=(0, min(20, len(frames)) - 1),
    opacity=(0.0, 1.0, 0.1),
)

# %% [markdown]
# **Self-test.** A pole three pixels wide is predicted one pixel too far to the left. What is its IoU, and how many of its
# wrong pixels lie near a border?
#
# <details><summary>Answer</summary>Two columns overlap and four are in the union: 50 %. All of them: thin things are
# nothing but border.</details>
#
# ## More: Your own photograph
#
# The network that was trained on CamVid has seen 367 frames from one car, in daylight, in one town. In JupyterLab, choose a
# photograph of your own; it does not leave your machine. Without one, the network looks at what it has certainly never
# seen.

# %%
import skimage

camvid_segnet = Predictor(models.pretrained("SegNet", "camvid"), card("SegNet/camvid").image_size)


def segment(photograph=()):
    image = widgets.uploaded_photograph(photograph)
    image = skimage.data.chelsea() if image is None else image
    found = camvid_segnet(image[None])[0]
    pictures = [image, plotting.overlay(image / 255, found, labels.CAMVID, 0.6), found]
    return plotting.panels([pictures], ["photograph", "with the answer over it", "the answer"], labels.CAMVID)


widgets.interactive_figure(
    segment,
    alt=lambda photograph: (
        "A photograph, of a cat unless you choose one, and the class that a network trained on streets "
        "gives to each of its pixels."
    ),
    photograph=widgets.photograph_button(),
)

# %% [markdown]
# It gives every pixel one of its eleven classes: there is no output for "something
# else". It has never seen night, snow, a street in another country, a person who fills a quarter of the frame, or a
# picture from a camera that is not on a car. A score on CamVid says nothing about those.
#
# **Self-test.** The softmax gives a pixel of the cat 97 % for *tree*. What does the number mean?
#
# <details><summary>Answer</summary>That of the eleven classes this one fits best by far. A softmax compares the classes
# with each other; it cannot tell whether any of them fits.</details>

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("05")

# %% [markdown]
# ## Exercises
#
# Write each answer in the function provided; the cell below checks it, also on inputs that you do not see. So solve the
# problem, not the example.
#
# ### Exercise 5: a network that fails only when it predicts (2 points)
#
# A colleague froze an encoder, trained the decoder, and is puzzled: on the *same* images the loss is 0.4 in training mode
# and 6.1 when the network predicts. The code is no help, but you may look inside. In training mode batch normalisation
# subtracts the mean of the batch and divides by the root of its variance; in prediction it uses the mean and variance that
# it has *stored* while training. Somewhere the two do not match.
#
# `layers` maps the name of each batch normalisation to three arrays: what comes *into* it for a large batch of training
# images, `[batch, height, width, channels]`, and its stored `mean` and `variance`, `[channels]` each. A layer is **sound** if,
# in every channel, the stored mean lies within half a standard deviation of what comes in from its mean, and the stored
# variance is between half and twice the variance of what comes in. Return the names of the layers that are not sound, as
# a list.


# %% nbgrader={"grade": false, "grade_id": "frozen_norms", "locked": false, "schema_version": 3, "solution": true, "task": false}
def unsound_norms(layers):
    """Names of the layers whose stored statistics do not fit what comes in."""
    ### BEGIN SOLUTION
    names = []
    for name, (incoming, mean, variance) in layers.items():
        true_mean, true_variance = incoming.mean(axis=(0, 1, 2)), incoming.var(axis=(0, 1, 2))
        shifted = abs(mean - true_mean) > 0.5 * np.sqrt(true_variance)
        scaled = (variance < 0.5 * true_variance) | (variance > 2 * true_variance)
        if (shifted | scaled).any():
            names.append(name)
    return names
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "frozen_norms_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
batch = np.random.default_rng(0).normal(3.0, 2.0, (8, 4, 4, 2))
fresh = batch, np.zeros(2), np.ones(2)  # as a new layer has them: never updated
well_trained = batch, np.full(2, 3.0), np.full(2, 4.0)
named = unsound_norms({"stage1": well_trained, "stage2": fresh})
assert named is not None, "the result is None: does the function return its list?"
assert_same(["stage1" in named, "stage2" in named], [False, True], name="whether you name stage1, and stage2,")
### BEGIN HIDDEN TESTS
for trial in range(6):
    rng = np.random.default_rng(trial)
    layers, wanted = {}, []
    for number in range(7):
        channels = 3 + number % 3
        mean, deviation = rng.normal(0, 5, channels), rng.uniform(0.5, 4, channels)
        incoming = rng.normal(mean, deviation, (16, 5, 6, channels))
        stored = [incoming.mean(axis=(0, 1, 2)), incoming.var(axis=(0, 1, 2))]
        fault, channel = (number + trial) % 7, rng.integers(channels)
        stored[0][channel] += {1: 0.7, 2: -0.7, 3: 0.3}.get(fault, 0) * deviation[channel]
        stored[1][channel] *= {4: 0.3, 5: 3.0, 6: 1.5}.get(fault, 1)
        name = f"layer{rng.integers(1000)}_{number}"
        layers[name] = (incoming, *stored)
        wanted += [name] * (fault in (1, 2, 4, 5))
    copies = {name: tuple(part.copy() for part in parts) for name, parts in layers.items()}
    named = list(unsound_norms(copies))
    found = [name in named for name in layers]
    assert_same(found, [name in wanted for name in layers], name="whether you name each of seven layers")
    assert_same(len(named), len(wanted), name="how many layers you name")
    for name, parts in layers.items():
        for now, before in zip(copies[name], parts, strict=True):
            assert_same(now, before, name="an input after the call")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>A freshly made layer stores mean 0 and variance 1. If an encoder is frozen before its
# layers have seen a batch, they keep these for ever. Compare with <code>incoming.mean(axis=(0, 1, 2))</code>.</details>
# <details><summary>Hint 2</summary>A standard deviation is the root of a variance. One bad channel is enough: use
# <code>.any()</code> over the channels, for the means and for the variances, in both directions.</details>
#
# ### Exercise 6: in your own words (2 points)
#
# Someone claims that freezing the encoder first gained two points of mIoU. Name two things that you would want to know
# before you believe it, and say for each how it could produce the gain without the freezing.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# Two of: whether a control with the same schedule but a random encoder was run (the lower rate in the second half
# alone may help); how many seeds there were and how far they spread (two points may be luck); whether the budgets were
# equal (a frozen step is cheaper, so equal time allows more steps); whether the pretraining saw more data, or data
# nearer to the test, than the competitor from scratch did.
#
# ### RUBRIC
#
# - 1 point for each of two things: half a point for the question, half a point for how it alone could have raised the
#   score, frozen encoder or not.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - SegNet is VGG16's convolutions, their mirror image, and indices that remember where the maxima were.
# - Nothing in it depends on the image size.
# - Ground truth, softmax and loss are defined at every pixel; void pixels have no part in any of them.
# - mIoU is computed from one confusion matrix over the whole split, beside a guess that never looks; large surfaces hide
#   what happens to thin things.
# - Whether *freeze, train, unfreeze* pays is a question for an experiment with a control, equal time and at least four
#   seeds.
# - A network answers with one of its classes, whatever it is shown.
#
# ## With photographs and a GPU
#
# | you have | parameters |
# |---|---|
# | CamVid, two cores | `dataset="camvid"`, `image_size=(144, 192)`, `encoder_weights="SegNet/toy_streets"`, `epochs=20` |
# | Cityscapes, one GPU | `dataset="cityscapes"`, `image_size=(512, 1024)`, `system="SegNet"`, `width=1.0`, `encoder_weights="imagenet"`, `steps=4000`, `seeds=4`, `epochs=60` |
#
# `course run 05 --dataset camvid -p image_size "[144, 192]" -p encoder_weights SegNet/toy_streets -p epochs
# 20` does the first headless.
#
# ## Further reading
#
# - V. Badrinarayanan, A. Kendall, R. Cipolla: *SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
#   Segmentation*, IEEE PAMI 39(12), 2017: sections 3 (architecture, indices), 3.1 (decoder variants) and 3.2 (balancing).
# - K. Simonyan, A. Zisserman: *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015: the
#   encoder.
# - D. Eigen, R. Fergus: *Predicting Depth, Surface Normals and Semantic Labels with a Common Multi-Scale Convolutional
#   Architecture*, ICCV 2015, section 6.3.2: median frequency balancing.
# - M. Cordts et al.: *The Cityscapes Dataset for Semantic Urban Scene Understanding*, CVPR 2016, section 4: IoU and iIoU.
