# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 55
#     claims: [L17]
# ---

# %% [markdown] tags=["core"]
# # 07 · Context and reconstruction
#
# **After this notebook you can** say what a coarse prediction loses even if it is right everywhere, write a label patch as
# a sum of class-specific pictures, correct a coarse prediction at its boundaries only, read the inside of a trained LRR,
# and measure how far around a pixel a network looks.
#
# **Time:** 55 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves take about two minutes on two processor cores.
#
# **Lecture claim:** *L17*, the per-class table on Cityscapes; here its first row, LRR (Laplacian reconstruction and
# refinement).
#
# **Before it:** interpolation (01), mIoU and receptive fields (06), boundary F (04). **Exercises:** three on the way and
# one at the end to compute (8 points), and one to write (2 points).
#
# The next cell holds everything you may want to change.

# %% tags=["core", "parameters"]
fast = False  # True: a short run that shows everything
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
image_size = (128, 256)  # height and width that the networks see
steps = 0  # training steps of each network; 0: the networks that the course ships, which are trained already
encoders = ("slim", "slim")  # of LRR and of PSPNet; published: ("vgg16", "resnet101")
widths = (0.3125, 0.5)  # share of their published channels
encoder_weights = None  # or "imagenet", with published encoders and a network connection
batch_size = 4
learning_rate = 0.03  # its peak
scored_frames = 32  # frames that are scored
patch_size = 16  # pixels of the windows that the bases come from; published: 32, in larger images

# %% tags=["core"]
import numpy as np
from scipy import ndimage

from course_utils import datasets, layers, models, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.datasets.pipeline import from_frames, training_batches
from course_utils.evaluation import BoundaryF, ConfusionMatrix, ImageBlindPrior, published_cityscapes
from course_utils.plotting.pictures.segmentation import legend_patches
from course_utils.widgets import interactive_figure

if fast:
    scored_frames = 6

# %% [markdown] tags=["core"]
# ## The question
#
# A network that has seen the whole street answers on a coarse map: one answer per 8, 16 or 32 pixels. How much is lost
# even if every answer is right? Take the true labels, keep every 8th pixel (every 16th, every 32nd), and enlarge.

# %% tags=["core"]
data = datasets.open(dataset, data_dir)
table, names, K = data.labels, data.labels.names, data.labels.num_classes


def load(split, count):
    """Images and label maps of the first frames of a split, two arrays."""
    pairs = from_frames(data.load(split, image_size).frames[:count], table, image_size)
    return tuple(np.stack(part) for part in zip(*pairs.as_numpy_iterator(), strict=True))


images, truths = load("val" if dataset == "cityscapes" else "test", scored_frames)  # Cityscapes keeps its test labels
_, train_maps = load("train", 100)


def score(prediction):
    """mIoU and boundary F within 1 pixel, in per cent."""
    confusion, boundary = ConfusionMatrix(K), BoundaryF(K, tolerance=1)
    confusion.update(truths, prediction.astype(np.uint8))
    boundary.update(truths, prediction.astype(np.uint8))
    return np.array([100 * confusion.mean_iou(), 100 * boundary.mean("skip")])


# %% tags=["core", "nbval-check-output"]
coarse = {}
for stride in (4, 8, 16, 32):
    kept = truths[:, stride // 2 :: stride, stride // 2 :: stride]
    enlarged = kept.repeat(stride, axis=1).repeat(stride, axis=2)[:, : image_size[0], : image_size[1]]
    coarse[stride] = np.where(enlarged == 255, 0, enlarged)  # a prediction has no void
    print("true labels, every {:2d} pixels: mIoU {:.0f} %, boundary F {:.0f} %".format(stride, *score(coarse[stride])))

# %% tags=["core"]
best = int(np.argmax([len(np.unique(truth)) for truth in truths]))
plotting.show(
    plotting.panels(
        [(images[best], truths[best], coarse[8][best], coarse[32][best])],
        ["image", "truth", "every 8th pixel", "every 32nd"],
        table,
        width=12,
    ),
    alt="A street scene, its label map, and the same map in blocks of 8 and of 32 pixels: borders are steps, and thin things "
    "are gone or blocks.",
)

# %% [markdown] tags=["core"]
# LRR (Ghiasi and Fowlkes, ECCV 2016) has two answers. It stores more than one score per class at each coarse place: a
# small *picture*. And it lets finer features correct the picture, but only where that is safe.
#
# ## A patch of labels is a sum of few pictures
#
# Cut windows around pixels of a class out of the label maps: 1 where the class is, 0 elsewhere. Windows of one class
# look alike: a road fills the lower part, a pole is a vertical bar. The *principal components* of their
# differences from the mean window, the **bases**, are pictures of which a few suffice (section 3 of the paper keeps ten
# per class, scaled by how much they vary). Purple adds to the class's score, orange takes away; a negative coefficient
# swaps the two.

# %% tags=["core"]
bases = layers.segment_bases(train_maps, K, patch_size=patch_size, patches=200, seed=seed)
chosen = [name for name in ("road", "car", "pole", "sky") if name in names] or list(names[:4])
plotting.show(
    plotting.basis_gallery({name: bases[:, :, names.index(name)] for name in chosen}),
    alt="Ten small pictures in purple and orange for each of four classes: smooth slopes first, finer stripes and spots "
    "later, and paler.",
)

# %% [markdown] tags=["core"]
# A layer of LRR predicts *coefficients* and draws patches with them. A patch is twice as long as the distance between
# places, so neighbours overlap.
#
# ### Exercise 1: overlapping patches (2 points)
#
# What the layer does for one class. `coefficients` `[rows, columns, K]`, `bases` `[2f, 2f, K]`. The place $(i, j)$ draws
# the sum of its bases, each times its coefficient, onto a canvas of $(\mathrm{rows} + 1) f$ by $(\mathrm{columns} + 1) f$
# pixels, with its upper left corner at $(i f, j f)$. Patches that overlap are added. Return the whole canvas.


# %% nbgrader={"grade": false, "grade_id": "patches", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def draw_patches(coefficients, bases):
    """The canvas, [(rows + 1) * f, (columns + 1) * f]."""
    ### BEGIN SOLUTION
    rows, columns, _ = coefficients.shape
    size = bases.shape[0]
    f = size // 2
    canvas = np.zeros(((rows + 1) * f, (columns + 1) * f))
    for i, j in np.ndindex(rows, columns):
        canvas[i * f : i * f + size, j * f : j * f + size] += bases @ coefficients[i, j]
    return canvas
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "patches_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
one_basis = np.array([[1.0, 2.0], [3.0, 4.0]])[..., None]
two_places = draw_patches(np.array([[[1.0], [10.0]]]), one_basis.copy())
assert_same(two_places, [[1.0, 12.0, 20.0], [3.0, 34.0, 40.0]], name="the canvas")
### BEGIN HIDDEN TESTS
sizes = [(2, 3, 2, 2), (4, 2, 3, 4), (1, 1, 5, 3), (3, 5, 1, 1), (3, 3, 4, 4)]
for trial, (height, width_, parts, f) in enumerate(sizes):
    rng = np.random.default_rng(trial)
    a, b = rng.normal(size=(height, width_, parts)), rng.normal(size=(2 * f, 2 * f, parts))
    expected = np.zeros(((height + 1) * f, (width_ + 1) * f))
    for i, j, y, x, n in np.ndindex(height, width_, 2 * f, 2 * f, parts):
        expected[i * f + y, j * f + x] += a[i, j, n] * b[y, x, n]
    copies = a.copy(), b.copy()
    message = f"the canvas of {height} x {width_} places, {parts} bases, f = {f}"
    assert_same(draw_patches(*copies), expected, name=message, rtol=1e-4)
    for after_call, part in zip(copies, (a, b), strict=True):
        assert_same(after_call, part, name="an input after the call")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>First the patch of one place, <code>[2f, 2f]</code>. Then where it goes: which rows of
# the canvas do the patches of places i and i + 1 share?</details>
# <details><summary>Hint 2</summary>The patch is a product of the bases with the coefficients of the place. Add it to a
# slice of the canvas that is 2f long; the next one begins f further on.</details>
#
# **Think first:** the first of the *cosine bases*, which know no data, is a tent that falls to zero where the
# neighbouring patches end. What do you draw with this one basis?
#
# <details><summary>Answer</summary>Every coefficient draws a tent, and overlapping tents are added: bilinear upsampling.
# The old method is the simplest case of the new one.</details>


# %% tags=["core", "nbval-check-output"]
def draw_by_framework(coefficients, bases):
    """The course's own: one transposed convolution."""
    f, (rows, columns, _) = len(bases) // 2, coefficients.shape
    size = [1, (rows + 1) * f, (columns + 1) * f, 1]
    return tf.nn.conv2d_transpose(coefficients[None], bases[:, :, None], size, f, "VALID")[0, ..., 0].numpy()


rng = np.random.default_rng(0)
trials = [(rng.normal(size=(3, 4, n)), rng.normal(size=(2 * f, 2 * f, n))) for n, f in ((1, 1), (3, 4))]
draw = adopt("draw_patches", globals(), ours=draw_by_framework, trials=trials)
coefficients, tent = rng.normal(size=(6, 9, 1)), layers.cosine_bases(1, 1)[:, :, 0].astype(float)
canvas = draw(coefficients, tent)[2:-2, 2:-2]  # the middle of a patch lies in the middle of its place
bilinear = layers.InterpolationUpsampling2D(4, "bilinear")(np.float32(coefficients[None]))[0, ..., 0].numpy()
assert np.allclose(canvas[2:-2, 2:-2], bilinear[2:-2, 2:-2], atol=1e-5)
print(f"coefficients {coefficients.shape[:2]} -> scores {canvas.shape}: bilinear, but for a border of 2 pixels")

# %% [markdown]
# ## More: What a few numbers can say
#
# Now the comparison that the paper is about. Windows of test frames, averaged to 8 x 8, are described by a few numbers
# in three ways: coefficients of the class's own bases, coefficients of the cosines, or *scores on a coarser grid*,
# enlarged bilinearly. Each starts from the class's mean training window and gets its best numbers, by least squares. A
# pixel is wrong if the sum puts it on the wrong side of one half. **Think first:** which way wins with four numbers?
#
# <details><summary>Answer</summary>The class's own bases: they were made from such windows. The next cell says by how
# much.</details>


# %%
def windows(maps, k, count=150):
    """Windows around random pixels of class k, averaged down to 8 x 8, [count, 64]."""
    generator, found = np.random.default_rng(k), []
    spots = np.argwhere(maps == k)
    for n, row, column in spots[generator.permutation(len(spots))[:count]]:
        top, left = np.clip([row, column] - np.array(patch_size // 2), 0, np.array(image_size) - patch_size)
        window = maps[n][top : top + patch_size, left : left + patch_size] == k
        found.append(window.reshape(8, patch_size // 8, 8, patch_size // 8).mean(axis=(1, 3)))
    return np.reshape(found, (-1, 64))


def enlarge(side):
    """What one score on a grid of side x side becomes, bilinearly, [64, side * side]."""
    units = np.eye(side * side, dtype="float32").reshape(-1, side, side, 1)
    return tf.image.resize(units, (8, 8)).numpy().reshape(-1, 64).T


def fit_patch(patch, pictures, mean):
    """Least-squares coefficients and the reconstruction."""
    best_numbers = np.linalg.lstsq(pictures, patch - mean, rcond=None)[0]
    return best_numbers, mean + pictures @ best_numbers


# %% tags=["nbval-check-output", "predict"]
means = {k: windows(train_maps, k).mean(axis=0) for k in range(K) if np.any(train_maps == k)}
seen = {k: windows(truths, k) for k in means if np.sum(truths == k) > 500}
methods = {
    "the class's own bases": {n: lambda k, n=n: bases[:, :, k, :n].reshape(64, n) for n in range(1, 11)},
    "cosine bases": {n: lambda k, n=n: layers.cosine_bases(1, n)[:, :, 0].reshape(64, n) for n in range(1, 11)},
    "scores on a grid, bilinear": {side**2: lambda k, side=side: enlarge(side) for side in (1, 2, 3)},
}
curves = {}
for name, variants in methods.items():
    wrong = []
    for pictures in variants.values():
        fitted = [(seen[k].T, fit_patch(seen[k].T, pictures(k), means[k][:, None])[1]) for k in seen]
        wrong.append(100 * np.mean([np.mean((patch > 0.5) != (found > 0.5)) for patch, found in fitted]))
    curves[name] = (list(variants), wrong)
    print(f"with 4 numbers, {name}: {wrong[list(variants).index(4)]:.1f} % of the pixels wrong")
assert curves["the class's own bases"][1][3] < min(
    curves[name][1][list(methods[name]).index(4)] for name in list(methods)[1:]
)
plotting.show(
    plotting.reconstruction_errors(curves),
    alt="Share of wrong pixels against the numbers stored for a patch, 1 to 10, one falling curve for each method.",
)

# %% [markdown]
# Patches with long borders, from 1, 4 and 9 numbers, cut at one half (white: the class, black: others, orange: wrong).
# Least squares brings the grey values closer with each number; a few pixels may cross one half the wrong way all the same.


# %%
def border(patch):
    """How much a patch changes from pixel to pixel."""
    return sum(np.abs(np.diff(patch.reshape(8, 8), axis=axis)).sum() for axis in (0, 1))


rows = {}
for k in [k for k in seen if names[k] in chosen][:3]:
    patch = sorted(seen[k], key=border)[-5]
    pictures = {f"bases, {n}": bases[:, :, k, :n].reshape(64, n) for n in (1, 4, 9)}
    pictures |= {f"grid, {side**2}": enlarge(side) for side in (1, 2, 3)}
    sums = {title: fit_patch(patch, picture, means[k])[1] for title, picture in pictures.items()}
    rows[names[k]] = {title: values.reshape(8, 8) for title, values in {"8 x 8 patch": patch, **sums}.items()}
plotting.show(
    plotting.patch_reconstructions(rows),
    alt="Three label patches; beside each, its reconstructions from 1, 4 and 9 coefficients of the class's bases and from "
    "1, 4 and 9 scores on a coarse grid, wrong pixels in orange and their share below.",
)

# %% [markdown]
# Try other patches, and see which bases do the work.

# %%
gallery = [(k, patch) for k in seen for patch in sorted(seen[k], key=border)[-30::10]]
shown_first = max(n for n, (k, _) in enumerate(gallery) if names[k] in chosen)


def draw_patch(patch=shown_first, numbers=5):
    k, values = gallery[patch]
    pictures, mean = bases[:, :, k, :numbers], means[k].reshape(8, 8)
    numbers_found, _ = fit_patch(values, pictures.reshape(64, numbers), means[k])
    return plotting.reconstruction_panel(values.reshape(8, 8), pictures, numbers_found, mean, f"patch of {names[k]}")


interactive_figure(
    draw_patch,
    alt=lambda patch, numbers: (
        f"Patch {patch}, of the class {names[gallery[patch][0]]}, its sum of {numbers} bases, and their coefficients."
    ),
    patch=(0, len(gallery) - 1),
    numbers=(1, 10),
)

# %% [markdown] tags=["core"]
# ## Where a finer level may speak
#
# LRR predicts coefficients at four strides, 32, 16, 8 and 4. The coarsest knows what is where, roughly. Finer features
# see sharply, but too little of the street to be trusted inside a region. So each finer level may correct the coarser
# one only near a *boundary* of the coarser one's own prediction, found by dilation and erosion: near a boundary of a
# class, its largest and its smallest probability in a window differ.
#
# ### Exercise 2: a boundary mask (2 points)
#
# `probabilities` `[height, width]` of one class. At each pixel return the largest minus the smallest value of the
# `window` x `window` pixels around it (`window` is odd). At the border of the image only pixels inside it count.


# %% nbgrader={"grade": false, "grade_id": "mask", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def boundary_mask(probabilities, window):
    """Dilation minus erosion, [height, width]."""
    ### BEGIN SOLUTION
    reach, result = window // 2, np.zeros(probabilities.shape)
    for row, column in np.ndindex(probabilities.shape):
        top, left = max(row - reach, 0), max(column - reach, 0)
        seen = probabilities[top : row + reach + 1, left : column + reach + 1]
        result[row, column] = seen.max() - seen.min()
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "mask_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def mask_trial(seed_, height, width_, window, margin):
    """Compare all pixels that are at least `margin` away from the border of the image."""
    values = np.random.default_rng(seed_).random((height, width_))
    expected = np.zeros((height, width_))
    for i, j in np.ndindex(height, width_):
        near = [values[y, x] for y, x in np.ndindex(height, width_) if max(abs(y - i), abs(x - j)) <= window // 2]
        expected[i, j] = max(near) - min(near)
    copy = values.copy()
    found = np.asarray(boundary_mask(copy, window))
    assert_same(copy, values, name="the input after the call")
    assert found.shape == values.shape, f"the mask of {values.shape} has the shape {found.shape}"
    far = np.s_[margin : height - margin, margin : width_ - margin]
    assert_same(found[far], expected[far], name=f"the mask of {height} x {width_}, window {window}")


### END HIDDEN TESTS
### PART 1 point: the border of the image
step = np.array([[0.0, 0.0, 0.75, 1.0, 1.0]] * 2)
assert_same(boundary_mask(step.copy(), 3), [[0.0, 0.75, 1.0, 0.25, 0.0]] * 2, name="the mask of a step")
### BEGIN HIDDEN TESTS
for trial, case in enumerate([(6, 9, 3), (8, 5, 5), (7, 7, 1), (4, 11, 7), (1, 6, 3)]):
    mask_trial(trial, *case, 0)
### PART 1 point: the middle of the image
for trial, (height, width_, window) in enumerate([(5, 8, 3), (9, 7, 5), (6, 4, 1), (9, 12, 7)]):
    mask_trial(trial, height, width_, window, window // 2)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Two loops will do. A slice that ends beyond the image is cut; one that begins before it
# is not.</details>
# <details><summary>Hint 2</summary>So let no slice begin below 0: <code>max(..., 0)</code>.</details>


# %% tags=["core", "nbval-check-output"]
def mask_by_layer(probabilities, window):
    """The course's own, which expects logits of two classes."""
    safe = np.clip(np.float32(probabilities), 1e-9, 1)
    two = np.stack([np.log(safe), np.log(np.clip(1 - safe, 1e-9, 1))], axis=-1)
    return layers.BoundaryMask(window)(two[None])[0, ..., 0].numpy()


trials = [(rng.random((7, 9)), 3), (rng.random((6, 5)), 5)]
mask_of = adopt("boundary_mask", globals(), ours=mask_by_layer, trials=trials)
line = np.array([[0, 0, 0, 0, 0.3, 1, 1, 1, 1, 1]])
print("probability", line[0], "\nmask       ", mask_of(line, 3)[0].round(2))

# %% [markdown] tags=["core"]
# **Think first:** where the prediction is the same all over a window, how far can the finer level move it?
#
# <details><summary>Answer</summary>Not at all, whatever it says: the mask is zero there.</details>
#
# ## One step of refinement
#
# With scores $s$, upsampling $U$, mask $m$, and the finer level's drawing $r$:
#
# $$s_{16} = U(s_{32}) + m(U(s_{32})) \cdot r_{16}, \qquad m(s) = \text{dilation} - \text{erosion of } \mathrm{softmax}(s)$$
#
# and so on, to $s_4$. Like a Laplacian pyramid of an image, it adds detail to an enlarged coarse version.
#
# ### Exercise 3: correct the boundaries (2 points)
#
# `doubled` `[height, width, classes]` are the scores $U(s)$; `finer`, of the same shape, is $r$. Return the corrected
# scores. Each class has its own mask, from its own probability, in windows of `window` x `window`. You may use
# `ndimage.maximum_filter` and `ndimage.minimum_filter` here (with `mode="nearest"`). Scores may be large.


# %% nbgrader={"grade": false, "grade_id": "refine", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def refine(doubled, finer, window):
    """The corrected scores, [height, width, classes]."""
    ### BEGIN SOLUTION
    powers = np.exp(doubled - doubled.max(axis=-1, keepdims=True))
    p = powers / powers.sum(axis=-1, keepdims=True)
    size = (window, window, 1)
    mask = ndimage.maximum_filter(p, size, mode="nearest") - ndimage.minimum_filter(p, size, mode="nearest")
    return doubled + mask * finer
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "refine_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
sure = np.zeros((1, 6, 2))
sure[0, :, 0] = [50, 50, 50, -50, -50, -50]
corrected = refine(sure.copy(), np.ones((1, 6, 2)), 3)
assert_same(corrected - sure, [[[0, 0], [0, 0], [1, 1], [1, 1], [0, 0], [0, 0]]] * np.ones(1), name="the correction")


### BEGIN HIDDEN TESTS
def refine_trial(seed_, height, width_, classes_, window, scale):
    rng_ = np.random.default_rng(seed_)
    s, r = scale * rng_.normal(size=(height, width_, classes_)), rng_.normal(size=(height, width_, classes_))
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    expected = s.copy()
    for i, j in np.ndindex(height, width_):
        near = [p[y, x] for y, x in np.ndindex(height, width_) if max(abs(y - i), abs(x - j)) <= window // 2]
        expected[i, j] += (np.max(near, axis=0) - np.min(near, axis=0)) * r[i, j]
    copies = s.copy(), r.copy()
    message = f"{height} x {width_} scores of {classes_} classes"
    assert_same(refine(*copies, window), expected, name=message, rtol=1e-4, atol=1e-5)
    for after_call, part in zip(copies, (s, r), strict=True):
        assert_same(after_call, part, name="an input after the call")


### PART 1.5 points: scores of moderate size
for trial, case in enumerate([(5, 7, 3, 3, 1), (6, 4, 2, 5, 2), (3, 9, 4, 1, 1)]):
    refine_trial(trial, *case)
### PART 0.5 points: large scores
for trial, case in enumerate([(4, 4, 3, 3, 3000), (3, 6, 4, 5, 900)]):
    refine_trial(trial + 3, *case)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Three steps: probabilities over the classes, a mask for each class, and the sum. What
# may be subtracted from scores without changing their softmax?</details>
# <details><summary>Hint 2</summary>A filter of <code>size=(window, window, 1)</code> leaves the classes alone.</details>
#
# Now LRR itself, trained. Its four levels give drawings; your function joins them, and the network must agree.
#
# **Think first:** which score gains more from level to level, mIoU or boundary F?


# %% tags=["core"]
def network_of(system, encoder, width):
    """A shipped network, or one that is trained here."""
    if not steps:
        return models.pretrained(system, dataset, training=True)
    keras.utils.set_random_seed(seed)
    network = models.SYSTEMS[system].network(K, training=True, encoder=encoder, width=width)
    if encoder_weights:
        models.load_imagenet_weights(network, encoder_weights)
    class_weights = training.median_frequency_weights(*data.pixel_counts("train"), power=0.5)
    training.compile_model(network, objective=training.objective(system, class_weights))
    batches = training_batches(data.load("train", image_size), batch_size, seed=seed)
    rates = {"schedule": "cosine", "learning_rate": learning_rate}
    training.fit(network, batches, training.Budget(steps=steps), title=system, **rates)
    return network


# %% tags=["core"]
def refine_by_layer(doubled, finer, window):
    """The course's own."""
    scores = tf.constant(np.float32(doubled[None]))
    return (scores + layers.BoundaryMask(window)(scores) * np.float32(finer[None]))[0].numpy()


trials = [(rng.normal(size=(5, 6, 3)), rng.normal(size=(5, 6, 3)), window) for window in (3, 5)]
correct = adopt("refine", globals(), ours=refine_by_layer, trials=trials)
lrr = network_of("LRR", encoders[0], widths[0])
drawings = {stride: lrr.get_layer(f"level{stride}_reconstruction").output for stride in (32, 16, 8, 4)}
drawings = {
    stride: values[0].numpy() for stride, values in keras.Model(lrr.input, drawings)(images[best, None]).items()
}
by_hand = {32: drawings[32]}
for stride in (16, 8, 4):
    doubled = layers.InterpolationUpsampling2D(2, "bilinear")(by_hand[2 * stride][None])[0].numpy()
    by_hand[stride] = correct(doubled, drawings[stride], 9)

# %% tags=["core", "predict"]
outputs = lrr.predict(images, batch_size=4, verbose=0)
agree = np.mean(by_hand[4].argmax(axis=-1) == outputs["logits"][best].argmax(axis=-1))
print("levels joined by hand:", {stride: values.shape[:2] for stride, values in by_hand.items()})
print(f"same class as the network's at {agree:.1%} of the pixels")
assert agree > 0.999
blind = np.broadcast_to(ImageBlindPrior(train_maps, K).predict(image_size), truths.shape)
per_level = {level: score(outputs[level].argmax(axis=-1)) for level in ("x32", "x16", "x8", "logits")}
for level, (miou, boundary) in {**per_level, "no look at the image": score(blind)}.items():
    print(f"{level:21} mIoU {miou:4.1f} %   boundary F {boundary:4.1f} %")
assert steps or per_level["logits"][0] > score(blind)[0] + 15, "the network has learnt to look"

# %% [markdown] tags=["core"]
# The last row, the *image-blind prior*, answers with the class that is most frequent at each place in training. Compare
# with the blocks at the beginning: what the levels add is mostly at boundaries.
#
# Now look inside, at one frame: the coarser level's classes, the mask and the correction (of each the largest value
# over the classes, the correction as a share of its maximum), and the result.

# %% tags=["core"]
parts = ("coarse", "mask", "detail", "refined")
inside = {(s, part): lrr.get_layer(f"level{s}_{part}").output for s in (16, 8, 4) for part in parts}
inside = dict(zip(inside, keras.Model(lrr.input, list(inside.values()))(images[best, None]), strict=True))
levels, present = {}, []
for stride in (16, 8, 4):
    below, mask, detail, result = (inside[stride, part][0].numpy() for part in parts)
    found = [np.argmax(values, axis=-1).astype(np.uint8) for values in (below, result)]
    strength = np.abs(detail).max(axis=-1)
    maps = (mask.max(axis=-1), strength / max(strength.max(), 1e-6))
    levels[f"{stride}x"] = (table.to_colors(found[0]) / 255, *maps, table.to_colors(found[1]) / 255)
    present += [np.unique(labels) for labels in found]

# %% tags=["core"]
columns = ("from the coarser level", "mask (0 to 1)", "correction", "result")
plotting.show(
    plotting.laplacian_levels(levels, columns, legend_patches(table, np.concatenate(present))),
    alt="Three levels of a trained LRR, 16x to 4x: the coarser label map, the mask, bright along its borders, the masked "
    "correction, and the label map that results.",
)

# %% [markdown] tags=["core"]
# **Self-test.** Set the coefficients of all finer levels to zero. What are the scores of each level then?
#
# <details><summary>Answer</summary>Zero coefficients draw zero patches, whatever the mask: every level is the coarsest
# one, upsampled.</details>

# %% [markdown]
# ## More: Why each level has a loss of its own
#
# The mask has a price. While the coarser prediction has no boundary, it is zero, and a finer level gets no gradient: the
# coarse levels must be good early. So the paper gives each level a loss, all of weight one in the authors' code.
#
# **Think first:** what does a finer level learn from a frame in which the coarse prediction is one class everywhere?
#
# <details><summary>Answer</summary>Nothing: its scores are multiplied by zero, and so is their gradient.</details>

# %% tags=["nbval-check-output"]
for title, first in {
    "one class everywhere": np.full((1, 8, 8), 3.0),
    "two halves": np.float32([[[3] * 4 + [-3] * 4] * 8]),
}.items():
    coarse_scores = tf.constant(np.stack([first, -first], axis=-1), tf.float32)
    finer_scores = tf.Variable(tf.zeros_like(coarse_scores))
    with tf.GradientTape() as tape:
        refined_scores = coarse_scores + layers.BoundaryMask(3)(coarse_scores) * finer_scores
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(tf.ones((1, 8, 8), tf.int32), refined_scores)
        )
    moved = np.abs(tape.gradient(loss, finer_scores).numpy()).max(axis=(0, 1, 3)) > 1e-6
    print(f"{title:21} columns with a gradient: {np.flatnonzero(moved)}")

# %% [markdown]
# Our LRR was trained with these losses, but more simply than the paper's: at once and not stage by stage, without the
# separate objectives for dilated and eroded labels at 32x, and with the cosines as its bases.
#
# Does the mask matter once the network is trained? Take it away: let each finer level add all it draws.

# %%
unmasked = keras.Model(lrr.input, {s: lrr.get_layer(f"level{s}_reconstruction").output for s in (32, 16, 8, 4)})
unmasked = unmasked.predict(images, batch_size=4, verbose=0)
sums = unmasked[32]
for stride in (16, 8, 4):
    sums = layers.InterpolationUpsampling2D(2, "bilinear")(sums).numpy() + unmasked[stride]
print("with masks    mIoU {:.1f} %   boundary F {:.1f} %".format(*per_level["logits"]))
print("without masks mIoU {:.1f} %   boundary F {:.1f} %".format(*score(sums.argmax(axis=-1))))

# %% [markdown]
# The finer levels have never been punished for what they draw inside regions, and it shows. This says that the trained
# network *relies* on its masks, not that a network trained without them would be worse.
#
# ## More: How far does a network look?
#
# A class needs context: whether a grey pixel is road, wall or bus depends on what lies around it. The receptive field
# says how far a network *can* look. How far *does* it? Keep the surroundings of a pixel up to some radius, and put them
# into another street. If the answer stays right, what was replaced did not matter. We compare LRR with PSPNet (notebook
# 06), which averages over the whole image. **Think first:** which of the two needs the right street around it more?
#
# <details><summary>Answer</summary>PSPNet, one would guess: its pyramid tells every pixel about the whole image. But LRR
# decides at 32x what is where, from features that see far, too. A guess is no measurement.</details>

# %%
others = np.roll(np.arange(len(images)), 1)
generator = np.random.default_rng(seed)
spots = []  # (frame, row, column): as many of each class, if it is there
for k in np.flatnonzero(np.bincount(truths[truths < 255], minlength=K) > 500):
    places = np.argwhere(truths == k)
    spots += list(places[generator.choice(len(places), 1 if fast else 3, replace=False)])
spots = np.array(spots)


def in_another_street(radius):
    """For each spot its surroundings up to the radius, in another street."""
    rows, columns = np.ogrid[: image_size[0], : image_size[1]]
    pictures = []
    for n, row, column in spots:
        near = (abs(rows - row) <= radius) & (abs(columns - column) <= radius)
        pictures.append(np.where(near[..., None], images[n], images[others[n]]))
    return np.stack(pictures)


# %% tags=["predict"]
networks = {"LRR": lrr, "PSPNet": network_of("PSPNet", encoders[1], widths[1])}
radii, right = (4, 12, 36, 256), {}
for name, network in networks.items():
    right[name] = []
    for radius in radii:
        answers = training.prediction_network(network).predict(in_another_street(radius), batch_size=8, verbose=0)
        at = np.arange(len(spots)), spots[:, 1], spots[:, 2]
        right[name].append(100 * np.mean(answers[at].argmax(axis=-1) == truths[spots[:, 0], *spots[:, 1:].T]))
    print(f"{name:8}" + "".join(f"  radius {r}: {value:3.0f} %" for r, value in zip(radii, right[name], strict=True)))

# %%
example = spots[len(spots) // 2]
one = in_another_street(36)[len(spots) // 2]
plotting.show(
    plotting.context_curves(one, example[1:], [*radii[:-1], "all"], right),
    alt="Left: a square of one street, with the pixel in question marked, set into another street. Right: share of pixels "
    "that are named correctly against the radius of the right surroundings, one curve per network.",
)

# %% [markdown]
# A few pixels of surroundings are not enough for either, and both use what lies well beyond a thing's own outline. That
# a network *may* look everywhere does not say that it depends on it. Two cautions: the cut itself is an edge that no
# street has, and with a few dozen pixels a curve is uncertain by ten points or so.
#
# ## More: The lecture's rows
#
# The lecture heads its table "val", as Gated-SCNN's paper does; but for LRR, DeepLabV2 and Piecewise the numbers are those
# of the *test* set (PSPNet's paper, table 6), while the rows of PSPNet, DeepLabV3+ and Gated-SCNN are of the validation
# set. Compare within a split only.

# %% tags=["nbval-check-output"]
published = published_cityscapes()
for system in ("LRR", "DeepLabV2", "Piecewise"):
    row = published.row(system)
    mean = np.mean(list(row.values()))
    thin = np.mean([row[name] for name in ("pole", "traffic light", "traffic sign")])
    large = np.mean([row[name] for name in ("truck", "bus", "train")])
    print(f"{system:10} test mIoU {mean:.1f}   pole, light, sign {thin:.1f}   truck, bus, train {large:.1f}")

# %% [markdown]
# LRR, which restores fine detail, leads in poles, lights and signs; the two that look wider (notebook 08 has their random
# fields) lead in trucks, buses and trains. They differ in networks and training too, so this is a reading, not a proof.
#
# **Self-test.** Which sentence may you write: (a) "LRR has the highest IoU of pole among the three on Cityscapes test",
# (b) "Laplacian refinement is better for poles than a CRF"?
#
# <details><summary>Answer</summary>(a) only. For (b) the rest of the systems would have to be equal.</details>

# %% [markdown]
# ## More: Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %%
from course_utils.quizzes import quiz

quiz("07")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 are above, where they are needed. Write each answer in the function provided; the cell
# below checks it, also on inputs that you do not see. So solve the problem, not the example.
#
# ### Exercise 4: a grid of seams (2 points)
#
# A colleague draws with a bell-shaped basis of her own instead of the tent. Wherever the scores should be constant, her
# network paints a fine grid:

# %% tags=["nbval-check-output"]
bell = np.exp(-(((np.arange(8) - 3.5) / 2.2) ** 2))
print(draw_by_framework(np.ones((4, 4, 1)), np.outer(bell, bell)[..., None])[4:-4, 4:-4][:4, :9].round(2))

# %% [markdown]
# Find the cause, and repair the *basis*. `basis` `[2f, 2f]`, all values positive. Return a basis of the same shape with which
# equal coefficients of 1 draw exactly 1 everywhere but at the rim of the canvas. Change each value by a factor; wherever
# one value of the basis meets others on the canvas, those that meet get the same factor.


# %% nbgrader={"grade": false, "grade_id": "seams", "locked": false, "schema_version": 3, "solution": true, "task": false}
def without_seams(basis):
    """A basis that draws constants as constants, [2f, 2f]."""
    ### BEGIN SOLUTION
    f = len(basis) // 2
    met = basis[:f, :f] + basis[f:, :f] + basis[:f, f:] + basis[f:, f:]
    return basis / np.tile(met, (2, 2))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "seams_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
assert_same(without_seams(np.array([[1.0, 2.0], [3.0, 4.0]])), [[0.1, 0.2], [0.3, 0.4]], name="a basis with f = 1")
### BEGIN HIDDEN TESTS
for f in (2, 3, 4):
    basis = 0.1 + np.random.default_rng(f).random((2 * f, 2 * f))
    copy = basis.copy()
    mended = without_seams(copy)
    assert_same(copy, basis, name="the input after the call")
    expected = np.zeros((2 * f, 2 * f))
    for y, x in np.ndindex(2 * f, 2 * f):
        expected[y, x] = basis[y, x] / sum(basis[y % f + a, x % f + b] for a in (0, f) for b in (0, f))
    assert_same(mended, expected, name=f"a basis with f = {f}", rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>How many patches cover one pixel of the canvas? Which values of the basis do they put
# there? (Notebook 03 knows the same seams as a checkerboard.)</details>
# <details><summary>Hint 2</summary>Four values meet: those that lie f rows, f columns, or both apart. They should sum to
# 1.</details>
#
# ### Exercise 5: in your own words (2 points)
#
# At 32x, LRR has taken the middle of a large bus for a car, confidently and over many pixels. The finest level sees the
# bus's texture perfectly. Explain why it cannot put this right, why the authors want it that way, and what has to be
# good instead.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# The finer scores are multiplied by the mask, dilation minus erosion of the coarser level's probabilities. In the middle
# of a region the coarse level is equally sure everywhere, the largest and smallest probability in the window are equal,
# the mask is zero, and nothing is added. The authors want it so because fine features see only a small part of the image:
# inside a region they confuse textures (a bus's side with a wall), and would spoil more than they mend; at boundaries
# they know the place better than the coarse level. So the coarse level must get the class right: it needs wide context,
# and a loss of its own, so that it is good early.
#
# ### RUBRIC
#
# - 1 point: the mask is zero where the coarse level is equally sure, so that nothing is added there; half a point for
#   "only boundaries are corrected" without a reason.
# - 1 point: why the authors want it (half a point), and that the coarse level must get the class right (half a
#   point).
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Even perfect labels on a coarse map lose thin things and boundaries.
# - LRR stores a few coefficients of class-specific pictures where others store one score; bilinear upsampling is the
#   case of a single tent. Overlapping patches draw constants only if the values that meet sum to one.
# - Finer levels correct coarser ones, at their boundaries only. The mask stops gradients, too, so each level has its
#   own loss.
# - How far a network can look and how far it does are two questions; the second is answered by experiment.
# - The lecture's three rows of 2016 are test figures; the other three are validation figures.
#
# ## With photographs and a GPU
#
# For the published networks on Cityscapes: `dataset="cityscapes"`, `image_size=(512, 1024)`, `steps=40000`,
# `encoders=("vgg16", "resnet101")`, `encoder_weights="imagenet"`, `widths=(1.0, 1.0)`, `learning_rate=0.01`; on CamVid,
# `dataset="camvid"`, `image_size=(144, 192)`, `steps=1500`. `course run 07 -p steps 1500 ...` does the same headless.
#
# ## Further reading
#
# - G. Ghiasi, C. Fowlkes: *Laplacian Pyramid Reconstruction and Refinement for Semantic Segmentation*, ECCV 2016:
#   sections 3 (bases) and 4 (refinement).
# - P. Burt, E. Adelson: *The Laplacian Pyramid as a Compact Image Code*, IEEE Transactions on Communications 31(4), 1983.
# - W. Luo et al.: *Understanding the Effective Receptive Field in Deep Convolutional Neural Networks*, NIPS 2016.
# - H. Zhao et al.: *Pyramid Scene Parsing Network*, CVPR 2017: table 6 (the test figures of 2016).
