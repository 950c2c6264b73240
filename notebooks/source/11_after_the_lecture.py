# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 55
#     claims: [L17, L19]
# ---

# %% [markdown] tags=["core"]
# # 11 · After the lecture: attention and prompts
#
# **After this notebook you can** compute attention by hand and say what it costs, take a SegFormer apart, measure how far a
# network really looks, turn masks without classes into a label map, and say which of the lecture's tools are still in use.
#
# **Time:** 55 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves take about two minutes on two processor cores.
#
# **Lecture claims:** *L17*, a table of systems grows by the next one. *L19*, whether the next one is better is still
# decided by a test, not by bold font. The rest of this notebook came after the lecture.
#
# **Before it:** context and ASPP (06, 07), boundary F (04), intervals and tests (10). **Exercises:** four on the way to
# compute (9 points), and one to write (1 point).

# %% tags=["core", "parameters"]
fast = False  # True: fewer frames and less training
seed = 0
data_dir = None  # where Toy Streets is; None: its usual place
train_epochs = None  # epochs of training here and now, half a minute each; None: the network that the course ships
train_size = (64, 128)  # height and width that it then sees
number = 40  # frames of the test split that are scored
rivals = ["SegNet", "DeepLabV3Plus"]  # shipped networks beside it

# %% tags=["core"]
import tempfile

import numpy as np
import skimage

from course_utils import datasets, models, plotting, training, weights
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.evaluation import ConfusionMatrix, boundary_f_score, paired_test
from course_utils.inference import Predictor
from course_utils.labels import VOID

if fast:
    number, train_epochs = 8, train_epochs and 1

# %% [markdown] tags=["core"]
# ## The question
#
# The lecture ends in 2019. Two things have happened since. **Attention** took the place of convolution in many encoders: a
# layer in which every pixel can look at every other one. And **promptable segmentation** cuts out whatever one points at,
# without knowing its name. What of the lecture is left?

# %% [markdown] tags=["core"]
# ## Attention by hand
#
# A convolution weighs the neighbours of a pixel with numbers that it has learnt, the same everywhere. Attention *computes*
# the weights from what is there. Each pixel asks a question, a vector called **query**; each pixel shows a label, its
# **key**, and has something to say, its **value**. The better query and key agree, the more of that value the asking pixel
# takes:
#
# $$\text{attention}(Q, K, V) = \text{softmax}\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# ### Exercise 1: attend (2 points)
#
# `queries` `[n, d]`, `keys` `[m, d]`, `values` `[m, c]`: return two arrays, the weights `[n, m]`, whose rows sum to 1, and what
# each query takes, `[n, c]`. Scores may be in the thousands. Use NumPy.


# %% nbgrader={"grade": false, "grade_id": "attend", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def attend(queries, keys, values):
    """Weights [n, m] and results [n, c]."""
    ### BEGIN SOLUTION
    scores = queries @ keys.T / np.sqrt(queries.shape[1])
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights, weights @ values
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "attend_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
found = attend(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0], [4.0]]))
assert isinstance(found, tuple) and len(found) == 2, "return two arrays: the weights and the results"
assert_same(found[0], [[0.5, 0.5]], name="the weights of a query that fits both keys")
assert_same(found[1], [[3.0]], name="what it takes")
### BEGIN HIDDEN TESTS
for trial, (n, m, d, c, scale) in enumerate([(3, 5, 4, 2, 1), (1, 1, 1, 3, 1), (6, 2, 9, 5, 3), (4, 7, 16, 1, 60)]):
    rng = np.random.default_rng(trial)
    queries, keys, values = scale * rng.normal(size=(n, d)), scale * rng.normal(size=(m, d)), rng.normal(size=(m, c))
    scores = tf.constant(queries @ keys.T / d**0.5)
    expected = tf.nn.softmax(scores).numpy()
    given = [part.copy() for part in (queries, keys, values)]
    found = attend(*given)
    assert_same(given[0], queries, name="the queries after the call")
    assert_same(found[0], expected, name=f"the weights of {n} queries and {m} keys of {d} channels")
    assert_same(found[1], expected @ values, name=f"what {n} queries take from {m} values")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary><code>queries @ keys.T</code> is every query against every key; d is the number of
# columns of <code>queries</code>.</details>
# <details><summary>Hint 2</summary><code>np.exp</code> of 1000 is infinite. Softmax does not change if each row loses its
# largest score first.</details>


# %% tags=["core", "nbval-check-output"]
def attend_by_tensorflow(queries, keys, values):
    """The course's own."""
    weights = tf.nn.softmax(tf.constant(queries @ keys.T / queries.shape[1] ** 0.5))
    return weights.numpy(), (weights @ tf.constant(values)).numpy()


rng = np.random.default_rng(0)
trials = [tuple(rng.normal(size=shape) for shape in ((4, 3), (5, 3), (5, 2)))]
attention = adopt("attend", globals(), ours=attend_by_tensorflow, trials=trials)
weights_found, taken = attention(*trials[0])
print(weights_found.round(2))
assert np.allclose(weights_found.sum(axis=1), 1)

# %% [markdown] tags=["core"]
# Nothing in the formula says where a pixel is. Mix up the keys, and their values with them, and every query takes the
# same:

# %% tags=["core"]
order = np.random.default_rng(1).permutation(5)
queries, keys, values = trials[0]
assert np.allclose(attention(queries, keys[order], values[order])[1], taken)
print("the keys and values in another order: the same result")

# %% [markdown] tags=["core"]
# **Self-test.** A convolution of 3 x 3 tells left from right. Why does attention not, and what must a network add?
#
# <details><summary>Answer</summary>The weights depend only on what the pixels hold. Something must tell where it is.
# SegFormer has 3 x 3 convolutions between its linear layers: their zero padding makes the border different from the
# inside, and the network works out the rest.</details>

# %% [markdown] tags=["core"]
# ## What it costs, and how SegFormer saves
#
# Every pixel looks at every other: twice as many pixels on a side are sixteen times the work. SegFormer takes keys and
# values from a coarser grid. A convolution with kernel and stride R, its *reduction*, summarises each square of R x R
# pixels first: 8, 4, 2 and 1 in its four stages.
#
# ### Exercise 2: count the products (2 points)
#
# A map of `height` x `width` pixels and `channels` channels goes through attention with one key per square of `reduction` x
# `reduction` pixels; squares that are cut at the border count as squares. Return the number of multiplications, a whole
# number, of the two matrix products in the formula above: queries with keys, and weights with values.


# %% nbgrader={"grade": false, "grade_id": "cost", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def multiplications(height, width, channels, reduction):
    """Multiplications in both products."""
    ### BEGIN SOLUTION
    keys = -(-height // reduction) * -(-width // reduction)
    return 2 * height * width * keys * channels
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "cost_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
assert_same(multiplications(2, 3, 1, 1), 72, name="six pixels, one channel")
### BEGIN HIDDEN TESTS
for height, width, channels, reduction in [
    (4, 4, 1, 2),
    (5, 7, 3, 2),
    (1, 9, 2, 8),
    (256, 512, 32, 8),
    (10**17 + 1, 3, 2, 2),
]:
    keys = ((height + reduction - 1) // reduction) * ((width + reduction - 1) // reduction)
    answer = multiplications(height, width, channels, reduction)
    assert int(answer) == 2 * channels * height * width * keys, (
        f"the multiplications on a map of {height} x {width}, {channels} channels, reduction {reduction}, are not {answer}"
    )
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>A product of matrices [n, d] and [d, m] takes n times m times d
# multiplications.</details>
# <details><summary>Hint 2</summary>Queries: one per pixel. Keys: rows of squares times columns of squares, each rounded
# up. Whole numbers of Python have no largest one; <code>math.ceil(a / b)</code> does not know them.</details>
#
# **Think first.** The first stage has its keys 8 pixels apart. How much cheaper is that than a key at every pixel?


# %% tags=["core", "nbval-check-output", "predict"]
def counted(height, width, channels, reduction):
    """The course's own."""
    squares = [(side + reduction - 1) // reduction for side in (height, width)]
    return 2 * channels * height * width * squares[0] * squares[1]


cost = adopt("multiplications", globals(), ours=counted, trials=[(5, 7, 3, 2), (64, 128, 32, 8), (10**9, 3, 1, 2)])
for side in (256, 512, 1024):
    full, reduced = (cost(side // 4, side // 2, 32, r) for r in (1, 8))
    print(
        f"image of {side} x {2 * side}, first stage: {full / 1e9:8.2f} billion, with keys 8 apart {reduced / 1e9:6.2f}"
    )

# %% [markdown] tags=["core"]
# A 3 x 3 convolution of the same 32 channels needs 9 x 32 x 32 multiplications per pixel: its cost grows with the
# number of pixels, not with its square.

# %% tags=["core", "nbval-check-output"]
sides = [64, 128, 256, 512, 1024]
curves = {f"keys {r} apart": {side: np.log10(cost(side // 4, side // 2, 32, r)) for side in sides} for r in (1, 4, 8)}
curves["3 x 3 convolution"] = {side: np.log10(9 * 32 * 32 * side**2 / 8) for side in sides}
plotting.show(
    plotting.labelled_curves(curves, xlabel="height of the image (pixels)", ylabel="multiplications, power of ten"),
    alt="On small images attention with coarse keys is cheaper than the convolution, beyond 256 pixels of height it costs more; "
    "with a key at every pixel it always does.",
)
print({name: round(float(curve[1024]), 1) for name, curve in curves.items()})

# %% [markdown] tags=["core"]
# **Self-test.** An image gets twice as high and wide. How much more does attention cost, at a reduction of 8?
#
# <details><summary>Answer</summary>Sixteen times, as without: four times the queries and four times the keys. The
# reduction only divides by 64.</details>

# %% [markdown] tags=["core"]
# ## SegFormer, taken apart
#
# SegFormer-B0 (Xie et al., 2021) is four stages at strides 4, 8, 16 and 32, each of two blocks of attention and of linear
# layers, and a decoder that is nothing but linear layers: bring every stage to 256 channels, **upsample bilinearly**, join,
# classify. In the course's layers it has as many weights as the authors' code:

# %% tags=["core", "nbval-check-output"]
whole = models.SegFormer(19)
shares = {"encoder": 0, "decoder": 0}
for layer in whole.layers:
    part = "encoder" if layer.name.startswith("encoder_") else "decoder"
    shares[part] += sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
print({part: f"{count:,}" for part, count in shares.items()}, f"together {sum(shares.values()):,}")
assert sum(shares.values()) == 3_719_027, "as published for 19 classes"

# %% [markdown] tags=["core"]
# Now a network of half that width, which has learnt Toy Streets by the same recipe as the course's others.

# %% tags=["core"]
if train_epochs is None:
    network, size = models.pretrained("SegFormer", "toy_streets"), weights.card("SegFormer/toy_streets").image_size
else:
    recipe = training.Recipe.for_machine(
        "SegFormer",
        "toy_streets",
        data_dir,
        gpu=False,
        image_size=train_size,
        growing=0,
        epochs=train_epochs,
        seed=seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        network, size = training.train_recipe(recipe, f"{folder}/run").load_model(), train_size

# %% tags=["core"]
networks = {
    name: (models.pretrained(name, "toy_streets"), weights.card(f"{name}/toy_streets").image_size) for name in rivals
}
networks["SegFormer"] = network, size
data = datasets.open("toy_streets", data_dir)
table, frames = data.labels, data.frames("test")[:number]
print(f"{network.count_params():,} numbers; it sees images of {size[0]} x {size[1]}")

# %% [markdown] tags=["core"]
# **Where does a pixel look?** The layer `EfficientSelfAttention` can be asked for its weights. For one pixel at the foot of
# the picture, the mean over the heads in the last block of each stage:

# %% tags=["core"]
photos = np.stack([datasets.read_image(frame.image) for frame in frames])
truths = np.stack([datasets.label_map(frame, table) for frame in frames])
images = tf.image.resize(photos, size, antialias=True).numpy() / 255
pixel = (round(0.7 * size[0]), round(0.3 * size[1]))
maps = {}
for stage, (stride, reduction) in enumerate([(4, 8), (8, 4), (16, 2), (32, 1)], start=1):
    layer = network.get_layer(f"encoder_mit_b0_stage{stage}_block2_attention")
    features = keras.Model(network.input, layer.input)(images[:1])
    asking = pixel[0] // stride * features.shape[2] + pixel[1] // stride
    keys = [-(-side // reduction) for side in features.shape[1:3]]
    of_pixel = tf.cast(layer.weigh(features)[0, :, asking], "float32")
    taken = tf.reshape(tf.reduce_mean(of_pixel, axis=0), [*keys, 1])
    maps[f"stage {stage}: {keys[0]} x {keys[1]} keys"] = tf.image.resize(taken, size, "nearest")[..., 0].numpy()

# %% tags=["core"]
plotting.show(
    plotting.affinities(images[0], pixel, maps),
    alt="A street with one pixel marked on the ground; in each of the four stages its attention is spread over a coarse grid "
    "of keys, far beyond its neighbours.",
)
assert all((values > 0).all() for values in maps.values()), "softmax gives every key a share"

# %% [markdown] tags=["core"]
# From the first stage on, every pixel takes something from everywhere. In a convolutional network that needs depth,
# atrous rates or a pyramid (06).
#
# **Self-test.** ASPP sees far, too. How does it differ in *which* far pixels it takes from?
#
# <details><summary>Answer</summary>They stand at fixed distances, the same for each pixel and each image. Attention chooses
# by content.</details>

# %% [markdown]
# ## More: How far does a network really look?
#
# That a pixel *can* take from everywhere does not mean that it does. The gradient of one score with respect to the
# image says what counts (the *effective* receptive field, notebooks 06 and 07).
#
# ### Exercise 3: half of what counts (2 points)
#
# `field` `[height, width]`: how much each pixel counts, not negative. The output stands at row `height // 2`, column `width //
# 2`. Return the radius, in pixels, of the smallest circle around it whose pixels (those with a distance of at most the
# radius) hold at least `share` of the sum.


# %% nbgrader={"grade": false, "grade_id": "radius", "locked": false, "schema_version": 3, "solution": true, "task": false}
def radius_of(field, share):
    """Radius of the smallest circle that holds `share` of the field."""
    ### BEGIN SOLUTION
    rows, columns = np.indices(field.shape)
    distance = np.hypot(rows - field.shape[0] // 2, columns - field.shape[1] // 2).ravel()
    order = np.argsort(distance)
    inside = np.cumsum(field.ravel()[order])
    return distance[order][np.argmax(inside >= share * inside[-1])]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "radius_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]])
assert_same(radius_of(cross.copy(), 0.5), 0.0, name="the radius that holds half of the cross")
assert_same(radius_of(cross.copy(), 0.75), 1.0, name="the radius that holds three quarters of the cross")
### BEGIN HIDDEN TESTS
for trial, (height, width) in enumerate([(5, 5), (6, 9), (9, 4), (1, 8), (20, 31)]):
    field = np.random.default_rng(trial).integers(0, 9, (height, width))
    field[height // 2, width // 2] = 0
    rows, columns = np.indices(field.shape)
    squares = (rows - height // 2) ** 2 + (columns - width // 2) ** 2
    for share in (0.25, 0.5, 1.0):
        fits = [square for square in np.unique(squares) if field[squares <= square].sum() >= share * field.sum()]
        answer = radius_of(field.copy(), share)
        assert_same(answer, fits[0] ** 0.5, name=f"the radius for {share} of a field of {height} x {width}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>Compute the distance of every pixel, sort the pixels by it, and add their values up with
# <code>np.cumsum</code>.</details>
# <details><summary>Hint 2</summary>The first place where the sum reaches <code>share</code> times the whole is
# <code>np.argmax(sums >= ...)</code>.</details>


# %%
def radius_by_steps(field, share):
    """The course's own."""
    rows, columns = np.indices(field.shape)
    distance = np.hypot(rows - field.shape[0] // 2, columns - field.shape[1] // 2)
    steps = np.unique(distance)
    return next(step for step in steps if field[distance <= step].sum() >= share * field.sum())


radius = adopt("radius_of", globals(), ours=radius_by_steps, trials=[(cross, 0.5), (cross + 1, 0.9), (cross[:2], 0.6)])

# %%
fields = {}
for name, (one, seen) in networks.items():
    batch = tf.constant(tf.image.resize(photos[:4], seen, antialias=True) / 255)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        best = tf.reduce_sum(tf.reduce_max(one(batch)[:, seen[0] // 2, seen[1] // 2], axis=-1))
    field = tf.reduce_sum(tf.abs(tape.gradient(best, batch)), axis=(0, 3)).numpy()
    half, most = (radius(field, share) / seen[0] for share in (0.5, 0.9))
    fields[f"{name}: {half:.2f}"] = tf.image.resize(field[..., None], photos.shape[1:3])[..., 0].numpy()
    print(f"{name:14} half of what counts within {half:.2f} image heights, nine tenths within {most:.2f}")
middle = photos.shape[1] // 2, photos.shape[2] // 2
plotting.show(
    plotting.affinities(photos[0] / 255, middle, fields),
    alt="What counts for the middle pixel: for SegNet a wide cloud, for DeepLabV3+ a compact spot, for SegFormer a spot and, "
    "weakly, the whole image.",
)

# %% [markdown]
# The whole image is within reach, yet what is near counts most: a network of a few million weights, trained for
# minutes, has no reason to look elsewhere. Luo et al. found the same for deep convolutional networks in 2016: the
# effective field is much smaller than the formula's.
#
# **Self-test.** Why is the size of the field no measure of quality?
#
# <details><summary>Answer</summary>A pixel of road needs little context, a bus half hidden needs much. What counts is whether
# the network takes from where the answer is, and the scores tell that.</details>

# %% [markdown] tags=["core"]
# ## The same table, the same test
#
# A new row in the table. All were trained by the same recipe, but for as long as their cards say, so read the last
# column with that in mind. **Think first.** Where in it will SegFormer stand?

# %% tags=["core"]
counts, edges, predicted = {}, {}, {}
for name, pair in networks.items():
    predictor = Predictor(*pair)
    predicted[name] = np.concatenate([predictor(photos[k : k + 8]) for k in range(0, len(photos), 8)])
    counts[name] = [ConfusionMatrix(table.num_classes) for _ in frames]
    for confusion, truth, prediction in zip(counts[name], truths, predicted[name], strict=True):
        confusion.update(truth, prediction)
    edges[name] = boundary_f_score(truths, predicted[name], table.num_classes, absent="skip")[1]

# %% tags=["core", "predict"]
cards = [weights.card(address) for address in weights.shipped() if address.endswith("/toy_streets")]
cards = [card for card in cards if "test" in card.scores]
print(f"{'network':40}{'mIoU, test':>12}")
for card in sorted(cards, key=lambda card: -card.scores["test"]["mean_iou"]):
    print(f"{card.system:16}{card.parameters:>12,} weights{'':4}{100 * card.scores['test']['mean_iou']:12.1f}")
prior = cards[0].scores["test"]["prior_mean_iou"]
print(f"{'no look at the image':40}{100 * prior:12.1f}")
mine = sum(counts["SegFormer"][1:], counts["SegFormer"][0]).mean_iou()
print(f"{f'SegFormer, this notebook, {len(frames)} frames':40}{100 * mine:12.1f}")
assert fast or mine > 1.3 * prior, "it has learnt"

# %% [markdown] tags=["core"]
# Is the difference more than chance? Here is the test of notebook 10, on the same frames for both:

# %% tags=["core"]
for name in rivals:
    result = paired_test(counts["SegFormer"], counts[name], resamples=1000, seed=seed)
    low, high = 100 * result.low, 100 * result.high
    print(
        f"SegFormer - {name:14}{100 * result.difference:+6.1f} mIoU, from {low:+.1f} to {high:+.1f}; p {result.p_value:.3f}"
    )

# %% tags=["core"]
print("boundary F within 3 pixels:", {name: round(100 * float(f), 1) for name, f in edges.items()})
plotting.show(
    plotting.panels(
        [[photos[k], truths[k], *(predicted[name][k] for name in networks)] for k in (0, 3)],
        ["image", "truth", *networks],
        table,
        width=12,
    ),
    alt="Two test frames with their truth and three predictions; large surfaces are right everywhere, thin things differ.",
)

# %% [markdown] tags=["core"]
# In the paper SegFormer-B0 has 76.2 % mIoU on Cityscapes val, with 3.8 million weights, and B5 84.0 %, both **from an
# encoder trained on ImageNet**. Ours started from random weights. A convolution is built on the fact that neighbours
# belong together; attention has to learn it, and needs many images or such a start (Dosovitskiy et al., 2021).
#
# **Self-test.** Somebody concludes from our table that transformers are worse than DeepLab. Name two things that differ
# besides the architecture.
#
# <details><summary>Answer</summary>The length and size of training, the number of weights, and one seed each: nothing here
# separates them. Notebook 10 says how it would be done.</details>

# %% [markdown]
# ## More: Segmentation by prompts
#
# In 2023 the *Segment Anything Model* (SAM) turned the task around. You give it an image and a **prompt**, a point or a box,
# and it gives a mask of what is there, whatever it is. As its paper records (Kirillov et al., ICCV 2023):
#
# - It was trained on 11 million photographs with 1.1 billion masks, 99.1 % of them made by the model itself.
# - A large encoder looks at the image once; a prompt and a small decoder then take some 50 milliseconds in a browser.
# - A point on a shirt may mean the shirt or the person: it returns three masks, each with a guess of its own IoU.
# - From a single point, it beat the strongest interactive method before it on 16 of 23 data sets, by mIoU; if somebody
#   picks the best of its three masks, on all 23.
# - **Masks have no classes.** Something else has to say "road".
#
# keras-hub has SAM's weights for those who have the package and the network: `keras_hub.models.SAMImageSegmenter.from_preset(
# "sam_base_sa1b")`. Nothing below needs it. Instead ask: *if masks were perfect, what would they buy us?*
#
# ### Exercise 4: give masks a class (3 points)
#
# `regions` `[height, width]`: the number of the mask that each pixel belongs to, 0 or more, or -1 for none. `train_ids`
# `[height, width]`: what a network predicts. Return a label map in which every mask has one class, the one that most of
# its pixels have (of equally frequent ones the smallest), and pixels without a mask keep theirs. Numbers of masks may
# be missing.


# %% nbgrader={"grade": false, "grade_id": "vote", "locked": false, "schema_version": 3, "solution": true, "task": false}
def vote(regions, train_ids):
    """The label map, [height, width]."""
    ### BEGIN SOLUTION
    result = train_ids.copy()
    for region in np.unique(regions[regions >= 0]):
        inside = regions == region
        result[inside] = np.bincount(train_ids[inside]).argmax()
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "vote_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
assert_same(
    vote(np.array([[0, 0, 0, 2], [-1, 2, 2, 2]]), np.array([[3, 3, 5, 1], [7, 0, 0, 1]])),
    [[3, 3, 3, 0], [7, 0, 0, 0]],
    name="the label map of two masks",
)
### BEGIN HIDDEN TESTS
for trial, (height, width, number_of_masks, classes) in enumerate(
    [(6, 7, 4, 3), (12, 9, 20, 19), (1, 30, 3, 2), (8, 8, 1, 5)]
):
    rng = np.random.default_rng(trial)
    regions = rng.integers(-1, number_of_masks, (height, width)) * 5
    regions[regions < 0] = -1
    train_ids = rng.integers(0, classes, (height, width)).astype(np.uint8)
    expected = train_ids.astype(int)
    for region in set(regions.ravel().tolist()) - {-1}:
        there = train_ids[regions == region].tolist()
        expected[regions == region] = min(set(there), key=lambda label: (-there.count(label), label))
    given = regions.copy(), train_ids.copy()
    assert_same(vote(*given), expected, name=f"the label map of masks in {height} x {width} pixels")
    assert_same(given[1], train_ids, name="the predicted train ids after the call")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary><code>np.bincount(train_ids[regions == k])</code> counts the classes in mask k;
# <code>argmax</code> takes the first of equal counts.</details>
# <details><summary>Hint 2</summary>Start from a copy of <code>train_ids</code>, and leave -1 out of
# <code>np.unique(regions)</code>.</details>


# %%
def vote_by_pairs(regions, train_ids):
    """The course's own: the pairs of mask and class are counted at once."""
    masks, classes = regions.max() + 2, train_ids.max() + 1
    pairs = np.bincount(((regions + 1) * classes + train_ids).ravel(), minlength=masks * classes)
    return np.where(regions < 0, train_ids, pairs.reshape(masks, classes).argmax(axis=1)[regions + 1])


rng = np.random.default_rng(0)
trials = [(rng.integers(-1, 4, (6, 8)), rng.integers(0, 3, (6, 8)))]
decide = adopt("vote", globals(), ours=vote_by_pairs, trials=trials)

# %% [markdown]
# Perfect masks: the connected pieces of each class in the truth, without their names. The network names them. **Think
# first.** Which score gains more, mIoU or boundary F?

# %% tags=["predict"]
plain, named = ConfusionMatrix(table.num_classes), ConfusionMatrix(table.num_classes)
sharper = {"the network alone": [], "perfect masks, named": []}
for truth, prediction in zip(truths[:16], predicted["SegFormer"], strict=False):
    pieces = skimage.measure.label(truth.astype(int) + 1, connectivity=1) - 1
    voted = np.asarray(decide(np.where(truth == VOID, -1, pieces), prediction.astype(int)))
    plain.update(truth, prediction)
    named.update(truth, voted)
    for kind, answer in zip(sharper, (prediction, voted), strict=True):
        sharper[kind].append(boundary_f_score(truth, answer, table.num_classes, absent="skip")[1])
for (kind, f), confusion in zip(sharper.items(), (plain, named), strict=True):
    print(f"{kind:22} mIoU {100 * confusion.mean_iou():5.1f}   boundary F {100 * np.mean(f):5.1f}")
assert np.mean(sharper["perfect masks, named"]) > np.mean(sharper["the network alone"])
plotting.show(
    plotting.panels(
        [[photos[min(16, number) - 1], truth, prediction, voted]],
        ["image", "truth", "network", "perfect masks, named"],
        table,
        width=12,
    ),
    alt="A frame, its truth, the network's map with soft borders, and the perfect masks with the classes that the network gives "
    "them: the borders are sharp, some pieces have the wrong class as a whole.",
)

# %% [markdown]
# The borders of all pieces now run where they should. What is left is the lecture's old question, what a pixel *is*: a
# mask with the wrong name is wrong as a whole, and boundary F, which is counted class by class, still suffers.
#
# **Self-test.** Which of the two numbers would a better prompt improve, and which a better classifier?
#
# <details><summary>Answer</summary>Better masks improve the borders, which boundary F sees. Names decide mIoU, and both
# scores gain where a whole object gets its class back.</details>

# %% [markdown] tags=["core"]
# ## What still holds
#
# | of the lecture | today |
# |---|---|
# | upsampling (01 to 04) | SegFormer's decoder is linear layers and bilinear interpolation; SAM's decoder has two transposed convolutions |
# | checkerboards (03) | the same kernels and strides, the same counts; SAM's have kernel 2, stride 2, and overlap nowhere |
# | context (06, 07) | attention instead of pyramids; depthwise 3 x 3 convolutions are still there |
# | mIoU and its table (06) | the measure of SegFormer's paper, and of SAM's with points |
# | boundaries (04, 09) | what masks from prompts are good at, and what mIoU hardly sees |
# | statistics (10) | papers still print bold type without intervals |
#
# **Self-test.** SAM's decoder enlarges by transposed convolutions with kernel 2 and stride 2. How many taps reach each output?
#
# <details><summary>Answer</summary>One each: the kernel is a multiple of the stride, and equal to it. No checkerboard from
# overlap.</details>

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("11")

# %% [markdown]
# ## Exercises
#
# ### Exercise 5: in your own words (1 point)
#
# A team wants to segment roads on photographs of its own and asks: SegFormer, DeepLabV3+ or SAM? Say in three or four sentences
# what you would measure before you answer, and which of the three cannot answer alone.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 1, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# Both networks trained on their photographs with the same recipe, starting weights and budget, several seeds each; mIoU and
# boundary F on frames of places that were not trained on, with intervals over frames or cities and a paired test; and time and
# memory on their machine. SAM gives masks without classes, so it needs something that names the road; it may help to label
# photographs faster.
#
# ### RUBRIC
#
# - Half a point: measures on photographs of the team's own, from places that were not trained on, with more than one
#   run or an interval.
# - Half a point: SAM alone does not name classes.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Attention weighs values by how well queries and keys agree. The weights are computed from the image, and know
#   nothing of places.
# - Its cost grows with the square of the number of pixels; a reduction of R divides it by R², no more.
# - SegFormer is a pyramid of attention with a linear decoder and bilinear upsampling; every pixel can see the whole
#   image, and what counts is still mostly near.
# - Promptable models cut out without naming. Perfect masks mend the borders; the class remains.
# - Whether any of these is better is decided as in notebook 10.

# %% [markdown]
# ## Further reading
#
# - E. Xie, W. Wang, Z. Yu, A. Anandkumar, J. Alvarez, P. Luo: *SegFormer: Simple and Efficient Design for Semantic Segmentation
#   with Transformers*, NeurIPS 2021: section 3, tables 1 and 6.
# - A. Vaswani et al.: *Attention Is All You Need*, NeurIPS 2017: section 3.2.
# - A. Dosovitskiy et al.: *An Image is Worth 16x16 Words*, ICLR 2021: transformers for images, and what they need to learn from.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel: *Understanding the Effective Receptive Field in Deep Convolutional Neural Networks*,
#   NIPS 2016.
# - A. Kirillov et al.: *Segment Anything*, ICCV 2023: sections 2 to 5 and 7.1.
