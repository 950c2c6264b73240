# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 115
#     claims: [L17]
# ---

# %% [markdown]
# # 07 · Context and CRFs
#
# **After this notebook you can** write a label patch as a sum of class-specific bases, refine a coarse prediction at its
# boundaries, give a labelling an energy, run mean field by hand and say what it lowers, put a fully connected CRF behind a
# network and judge whether it helped, and say what piecewise training avoids.
#
# **Time:** 115 minutes: 55 to read and try, 60 for the exercises; the cells themselves need about two on two processor cores.
#
# **Lecture claim:** *L17*, the per-class table on Cityscapes. Here are three of its six systems: LRR, DeepLabV2 and
# Piecewise, built, taken apart, and trained under one protocol.
#
# **Before it:** interpolation (01), mIoU (05), atrous convolution (06). **Exercises:** four to compute (8 points) and one
# to write (2 points).
#
# The next cell holds everything you may want to change; the last section says how to train the published networks.

# %% tags=["parameters"]
fast = False  # True: a short run that shows everything and learns little
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
grouped = True  # tell the categories apart (vehicle, nature, ...); False: all classes
image_size = (48, 96)  # height and width that the networks see
labelled_frames = 96  # training frames; None: all
validation_frames = 32  # frames that are scored
encoder = "slim"  # or "published": VGG16 for LRR and Piecewise, ResNet-101 for DeepLabV2
encoder_weights = None  # or "imagenet", with "published" and a network connection
width = 0.5  # share of the published channels of LRR and DeepLabV2
piecewise_width = 0.25  # the same of Piecewise, whose three scales cost more
output_strides = (8, 8)  # pixels between two features of DeepLabV2 and Piecewise; published: (8, 16)
rates = (1, 2, 3, 4)  # of DeepLabV2's atrous pyramid; published: (6, 12, 18, 24)
patch_size = 16  # pixels of the windows that LRR's bases come from; published: 32
steps = 128  # training steps of each network
batch_size = 4
learning_rate = 0.03  # its peak; smaller for pretrained encoders
crf_window = (
    None  # of the dense CRF on whole frames: None for every pair of pixels; (3, 4) for a lattice, on large frames
)

# %%
import itertools
from dataclasses import replace

import numpy as np

from course_utils import datasets, layers, models, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import assert_same
from course_utils.datasets.pipeline import from_frames, training_batches
from course_utils.evaluation import BoundaryF, ConfusionMatrix, ImageBlindPrior, published_cityscapes
from course_utils.labels import LabelTable
from course_utils.layers.random_fields.gaussian_filters import exact_appearance_filter, smoothness_filter
from course_utils.losses.piecewise import node_labels
from course_utils.models.lrr import set_bases
from course_utils.models.piecewise import ABOVE
from course_utils.plotting.pictures.segmentation import legend_patches
from course_utils.training.optimization.optimizers import muon
from course_utils.widgets import interactive_figure

if fast:
    steps, labelled_frames, validation_frames = 1, 16, 6

# %% [markdown]
# ## The question
#
# A network that has seen the whole street answers on a coarse map: one answer for 8, 16 or 32 pixels. How much is lost
# even if every answer is right? Take the true labels, keep every 16th pixel, and enlarge.

# %%
data = datasets.open(dataset, data_dir)
full = data.labels
groups = full.categories if grouped else {name: (number,) for number, name in enumerate(full.names)}
rows = [replace(full.classes[m[0]], name=name, train_id=n) for n, (name, m) in enumerate(groups.items())]
table, names, K = LabelTable(dataset, tuple(rows)), tuple(groups), len(groups)
group_of = np.full(256, 255, np.uint8)
for number, members in enumerate(groups.values()):
    group_of[list(members)] = number


def load(split, count):
    """The first frames of a split, with the labels that this notebook uses."""
    pairs = from_frames(data.load(split, image_size).frames[:count], full, image_size)
    return pairs.map(lambda image, label: (image, tf.gather(group_of, tf.cast(label, tf.int32)))) if grouped else pairs


train = load("train", labelled_frames)
images, truths = (np.stack(part) for part in zip(*load("val", validation_frames).as_numpy_iterator(), strict=True))


# %% tags=["nbval-check-output"]
def score(prediction):
    """Validation mIoU and boundary F within 0.75 % of the diagonal, in per cent."""
    confusion, boundary = ConfusionMatrix(K), BoundaryF(K, tolerance=0.0075)
    confusion.update(truths, prediction.astype(np.uint8))
    boundary.update(truths, prediction.astype(np.uint8))
    return np.array([100 * confusion.mean_iou(), 100 * boundary.mean("skip")])


coarse = truths[:, 8::16, 8::16].repeat(16, axis=1).repeat(16, axis=2)[:, : image_size[0], : image_size[1]]
coarse = np.where(coarse == 255, 0, coarse)  # a prediction has no void
print("true labels, every 16th pixel: mIoU {:.0f} %, boundary F {:.0f} %".format(*score(coarse)))
best = int(np.argmax([len(np.unique(truth)) for truth in truths]))
plotting.show(
    plotting.panels([(images[best], truths[best], coarse[best])], ["image", "truth", "every 16th pixel"], table),
    alt="A street scene, its label map, and the same map in blocks of 16 pixels: borders are steps and poles are gone.",
)

# %% [markdown]
# Three answers of 2016, each a row of the lecture's table. **LRR** stores more than a score at each coarse position: a small
# picture. **DeepLabV2** asks the image's colours where the boundary is, by a random field over all pixels. **Piecewise**
# lets coarse places agree with their neighbours, with rules that a network learns.
#
# ## Train first, look inside later
#
# All three get the same frames, batches, steps, learning rate and class weights; nothing is pretrained. LRR gets the bases
# that the next section explains. They are trained more simply than in their papers, and you should know where: LRR has its
# loss per level, but not the paper's separate objectives for dilated and eroded labels at 32x, nor its training stage by
# stage. DeepLabV2 sees one scale instead of three. Piecewise has 14 fixed neighbours per node instead of all within a
# distance. And new layers learn at the same rate as the encoder, not ten times faster.

# %%
label_maps = [label for _, label in train.take(100).as_numpy_iterator()]
pixels = np.array([[np.sum(label == k), label.size * np.any(label == k)] for label in label_maps for k in range(K)])
pixels = pixels.reshape(-1, K, 2).sum(axis=0)
weights = training.median_frequency_weights(pixels[:, 0], pixels[:, 1], power=0.5)
bases = layers.segment_bases(label_maps, K, patch_size=patch_size, patches=300, seed=seed)


def new_network(system, published, width, **options):
    keras.utils.set_random_seed(seed)
    options["encoder"] = published if encoder == "published" else encoder
    model = getattr(models, system)(K, width=width, **options)
    if encoder_weights:
        models.load_imagenet_weights(model, encoder_weights)
    return model


# %%
networks = {
    "LRR": new_network("LRR", "vgg16", width, auxiliary=True),
    "DeepLabV2": new_network("DeepLabV2", "resnet101", width, output_stride=output_strides[0], rates=rates),
    "Piecewise": new_network("Piecewise", "vgg16", piecewise_width, output_stride=output_strides[1], auxiliary=True),
}
set_bases(networks["LRR"], bases)
batches, budget = training_batches(train, batch_size, seed=seed), {"schedule": "cosine", "learning_rate": learning_rate}
for system, network in networks.items():
    training.compile_model(network, optimizer=muon, objective=training.objective(system, weights))
    network.run_eagerly = fast  # making a graph takes longer than a few steps do
    training.fit(network, batches, training.Budget(steps=steps), title=system, **budget)
    network.run_eagerly = True
outputs = {system: network.predict(images, batch_size=4, verbose=0) for system, network in networks.items()}

# %% [markdown]
# ## A patch of labels is a sum of few pictures
#
# Cut windows around pixels of a class out of the label maps: 1 where the class is, 0 elsewhere. Windows of one class
# resemble each other: a road fills the lower part, a pole is a vertical bar. The *principal components* of their
# differences from the mean window are pictures of which few suffice. LRR (section 3) keeps ten for each class, scaled by
# how much they vary, so the last are pale. Purple adds to the class's score, orange takes away; a negative coefficient
# swaps the two. These are ours, from this data set:

# %%
chosen = [name for name in (("flat", "object", "sky", "vehicle") if grouped else names[:4]) if name in names]
plotting.show(
    plotting.basis_gallery({name: bases[:, :, names.index(name)] for name in chosen}),
    alt="Ten small pictures in purple and orange for each of four classes: smooth slopes first, finer stripes and spots "
    "later, and paler.",
)

# %% [markdown]
# **Think first:** the *cosine bases* of the layer know no data. The first is a tent that falls to zero where the
# neighbouring patches end. What does a layer with this one basis compute?
#
# <details><summary>Answer</summary>Every coefficient draws a tent, and overlapping tents are added: bilinear upsampling.
# The layer contains the old method as its simplest case.</details>

# %% tags=["nbval-check-output"]
coefficients = np.random.default_rng(0).normal(size=(1, 6, 9, 3)).astype("float32")
drawn = layers.BasisReconstruction(num_classes=3, num_bases=1, factor=4)(coefficients).numpy()
bilinear = layers.InterpolationUpsampling2D(4, "bilinear")(coefficients).numpy()
inner = np.s_[:, 2:-2, 2:-2]
assert np.allclose(drawn[inner], bilinear[inner], atol=1e-5)
print("coefficients", coefficients.shape, "-> scores", drawn.shape, ": bilinear, but for a border of 2 pixels")

# %% [markdown]
# Now the competition the paper is about. Windows of validation frames, averaged to 8 x 8, are described by a few numbers
# in three ways: coefficients of the class's own bases, coefficients of the cosines, or *scores on a coarser grid*,
# enlarged bilinearly. Each starts from the class's mean training window and gets its best numbers, by least squares. A
# pixel is wrong if the sum puts it on the other side of one half.


# %%
def windows(maps, k, count=150):
    """Windows around random pixels of class k, averaged down to 8 x 8, [count, 64]."""
    generator, found = np.random.default_rng(k), []
    places = np.argwhere(np.asarray(maps) == k)
    for n, row, column in places[generator.permutation(len(places))[:count]]:
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
    coefficients = np.linalg.lstsq(pictures, patch - mean, rcond=None)[0]
    return coefficients, mean + pictures @ coefficients


# %% tags=["nbval-check-output"]
means = {k: windows(label_maps, k).mean(axis=0) for k in range(K) if pixels[k, 0]}
test = {k: windows(truths, k) for k in means if np.any(truths == k)}
methods = {
    "the class's own bases": {n: lambda k, n=n: bases[:, :, k, :n].reshape(64, n) for n in range(1, 11)},
    "cosine bases": {n: lambda k, n=n: layers.cosine_bases(1, n)[:, :, 0].reshape(64, n) for n in range(1, 11)},
    "scores on a grid, bilinear": {side**2: lambda k, side=side: enlarge(side) for side in (1, 2, 3)},
}
curves = {}
for name, variants in methods.items():
    wrong = []
    for pictures in variants.values():
        pairs_of = [(test[k].T, fit_patch(test[k].T, pictures(k), means[k][:, None])[1]) for k in test]
        wrong.append(100 * np.mean([np.mean((patch > 0.5) != (found > 0.5)) for patch, found in pairs_of]))
    curves[name] = (list(variants), wrong)
    print(f"with 4 numbers, {name}: {wrong[list(variants).index(4)]:.1f} % of the pixels wrong")
plotting.show(
    plotting.reconstruction_errors(curves),
    alt="Share of wrong pixels against the numbers stored for a patch, 1 to 10, one falling curve for each method.",
)

# %% [markdown]
# The patch with the longest border of two classes, from 1, 4 and 9 numbers, cut at one half (white: the class, black:
# others, orange: wrong):


# %%
def border(patch):
    """How much a patch changes from pixel to pixel."""
    return sum(np.abs(np.diff(patch.reshape(8, 8), axis=axis)).sum() for axis in (0, 1))


rows = {}
for k in [k for k in test if names[k] in chosen][1::2]:
    patch = max(test[k], key=border)
    pictures = {f"bases, {n}": bases[:, :, k, :n].reshape(64, n) for n in (1, 4, 9)}
    pictures |= {f"grid, {side**2}": enlarge(side) for side in (1, 2, 3)}
    fitted = {title: fit_patch(patch, picture, means[k])[1] for title, picture in pictures.items()}
    rows[names[k]] = {title: values.reshape(8, 8) for title, values in {"8 x 8 patch": patch, **fitted}.items()}
plotting.show(
    plotting.patch_reconstructions(rows),
    alt="Two label patches; beside each, its reconstructions from 1, 4 and 9 coefficients of the class's bases and from "
    "1, 4 and 9 scores on a coarse grid, wrong pixels in orange and their share below.",
)

# %% [markdown]
# Try other patches, and see which bases do the work.

# %%
gallery = [(k, patch) for k in test for patch in sorted(test[k], key=border)[-30::10]]
shown_first = max(n for n, (k, _) in enumerate(gallery) if names[k] in chosen)


def draw_patch(patch=shown_first, numbers=5):
    k, values = gallery[patch]
    pictures, mean = bases[:, :, k, :numbers], means[k].reshape(8, 8)
    coefficients, _ = fit_patch(values, pictures.reshape(64, numbers), means[k])
    return plotting.reconstruction_panel(values.reshape(8, 8), pictures, coefficients, mean, f"patch of {names[k]}")


interactive_figure(
    draw_patch,
    alt=lambda patch, numbers: (
        f"Patch {patch}, of the class {names[gallery[patch][0]]}, its sum of {numbers} bases, and their coefficients."
    ),
    patch=(0, len(gallery) - 1),
    numbers=(1, 10),
)

# %% [markdown]
# ## From 32x to 4x: correct the boundaries only
#
# LRR predicts coefficients at four strides, 32, 16, 8 and 4. The coarsest scores know what is where, roughly. Each
# finer level may correct them, but only near a boundary of the coarser prediction: inside a region fine features see
# too little to be trusted. With scores $s$, upsampling $U$ and mask $m$:
#
# $$s_{16} = U(s_{32}) + m(U(s_{32})) \cdot r_{16}, \qquad m(s) = \text{dilation} - \text{erosion of } \mathrm{softmax}(s)$$
#
# Dilation takes the largest probability of a 9 x 9 window, erosion the smallest. On one line, with a window of 3:

# %% tags=["nbval-check-output"]
line = np.array([[9, 0]] * 5 + [[0.5, 0]] + [[0, 9]] * 4, "float32").reshape(1, 1, 10, 2)
mask = layers.BoundaryMask(window=3)(line)[0, 0, :, 0].numpy()
print("probability", tf.nn.softmax(line)[0, 0, :, 0].numpy().round(2))
print("mask       ", mask.round(2))
assert (mask[:4] == 0).all() and mask[5] > 0.99, "nothing is corrected where the prediction is flat"

# %% [markdown]
# Inside the trained network, for one validation frame. Mask and correction show their largest value over the classes,
# the correction as a share of its maximum. (In an image this small the window covers most of the map at 16x.)

# %%
parts = {s: [f"level{s}_{part}" for part in ("coarse", "mask", "detail", "refined")] for s in (16, 8, 4)}
lrr = networks["LRR"]
inside = keras.Model(lrr.input, {name: lrr.get_layer(name).output for name in itertools.chain(*parts.values())})
inside = {name: values[0].numpy() for name, values in inside(images[best : best + 1]).items()}
levels, seen = {}, []
for stride, (below, mask, detail, refined) in parts.items():
    found = [np.argmax(inside[name], axis=-1).astype(np.uint8) for name in (below, refined)]
    strength = np.abs(inside[detail]).max(axis=-1)
    pictures = (inside[mask].max(axis=-1), strength / max(strength.max(), 1e-6))
    levels[f"{stride}x"] = (table.to_colors(found[0]) / 255, *pictures, table.to_colors(found[1]) / 255)
    seen += [np.unique(labels) for labels in found]
columns = ("from the coarser level", "mask (0 to 1)", "correction", "result")
plotting.show(
    plotting.laplacian_levels(levels, columns, legend_patches(table, np.concatenate(seen))),
    alt="Three levels of a trained LRR, 16x to 4x: the coarser label map, the mask, bright along its borders, the masked "
    "correction, and the label map that results.",
)

# %% [markdown]
# **Think first:** set the coefficients of all finer levels to zero. What are the scores of each level then?
#
# <details><summary>Answer</summary>Zero coefficients draw zero patches, whatever the mask: every level is the coarsest one,
# upsampled.</details>

# %% tags=["nbval-check-output"]
zeroed = models.LRR(4, encoder="slim", width=0.125, auxiliary=True)
for stride in (16, 8, 4):
    layer = zeroed.get_layer(f"level{stride}_coefficients")
    layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
outputs_of = {**zeroed.output, "coarsest": zeroed.get_layer("level32_reconstruction").output}
maps = keras.Model(zeroed.input, outputs_of)(np.random.default_rng(0).random((1, 64, 96, 3)).astype("float32"))
scores = maps["coarsest"]
for level, name in [(16, "x16"), (8, "x8"), (4, "logits")]:
    scores = layers.InterpolationUpsampling2D(2, "bilinear")(scores)
    enlarged = layers.InterpolationUpsampling2D(level // 4, "bilinear")(scores) if level > 4 else scores
    assert np.allclose(maps[name], enlarged, atol=1e-4)
    print(f"level {level:2d}: the coarsest scores {tuple(scores.shape[1:3])}, enlarged; nothing added")

# %% [markdown]
# The mask has a price: while the coarser prediction has no boundary, it is zero, and a finer level gets no gradient. The
# coarse levels must be good early. So the paper gives **each level a loss of its own**, all of weight one in the authors'
# code. What each level of ours scores:

# %%
per_level = {level: score(np.argmax(outputs["LRR"][level], axis=-1)) for level in ("x32", "x16", "x8", "logits")}
for level, (miou, boundary) in per_level.items():
    print(f"{level:7} mIoU {miou:4.1f} %   boundary F {boundary:4.1f} %")
gain = per_level["logits"] - per_level["x32"]
print("from 32x to 4x: {:+.1f} points of mIoU, {:+.1f} of boundary F".format(*gain))

# %% [markdown]
# ## An energy for labellings
#
# DeepLabV2 takes another way: let the *image* say where boundaries are. A **conditional random field** gives each
# labelling $x$ of the pixels an energy, and the probability $P(x) = e^{-E(x)} / Z$:
#
# $$E(x) = \sum_i -\mathrm{logit}_i(x_i) + \sum_{i<j} [x_i \ne x_j] \left(w_1 k_1(i, j) + w_2 k_2(i, j)\right)$$
#
# The *unary* term follows the network. The *pairwise* term charges every pair of pixels with different labels:
# **appearance** $k_1$ much if they are near and of similar colour, **smoothness** $k_2$ if they are near (Krähenbühl and
# Koltun 2011, equation 3). *Fully connected* means: every pair, not only neighbours.
#
# The smallest example has 3 x 4 pixels and two classes. The network is unsure, and at one pixel wrong:


# %% tags=["nbval-check-output"]
tiny = np.repeat(np.where(np.arange(4) < 2, 0.2, 0.8)[None], 3, axis=0)
tiny += np.random.default_rng(0).normal(0, 0.03, tiny.shape)
unary = np.where(np.arange(4) < 2, 1.0, -1.0) * np.ones((3, 4)) * 0.8
unary[1, 1] = -0.9
unary = np.stack([unary / 2, -unary / 2], axis=-1)  # logits [3, 4, 2]
scales = {"position_scale": 2.0, "color_scale": 0.2, "smoothness_scale": 1.0}


def kernel(*features_and_scales):
    """exp(-distance**2 / 2) for all pairs of pixels, made comparable by the roots of their sums; 0 with itself."""
    parts = [feature.reshape(12, -1) / scale for feature, scale in features_and_scales]
    square = sum(((part[:, None] - part[None]) ** 2).sum(axis=-1) for part in parts)
    values = np.exp(-square / 2)
    values /= np.sqrt(np.outer(values.sum(axis=1), values.sum(axis=1)))
    return values * (1 - np.eye(12))


places = np.stack(np.indices((3, 4)), axis=-1).astype(float)
k1 = kernel((places, scales["position_scale"]), (tiny, scales["color_scale"]))
k2 = kernel((places, scales["smoothness_scale"]))
pairwise = 2.0 * k1 + 0.5 * k2
print("bound to pixel (1, 1):\n", pairwise[5].reshape(3, 4).round(2))

# %% [markdown]
# The pixel is bound to the left half, of its own colour, more than to the right. (Each kernel is divided by the roots of
# its sums, so that weights mean the same in images of any size.) With 12 pixels there are $2^{12} = 4096$ labellings: try
# them all.


# %% tags=["nbval-check-output"]
def energy(labelling):
    """Of one labelling of the 12 pixels."""
    different = labelling[:, None] != labelling[None]
    return -unary.reshape(12, 2)[np.arange(12), labelling].sum() + (pairwise * different).sum() / 2


labellings = np.array(list(itertools.product((0, 1), repeat=12)))
energies = np.array([energy(labelling) for labelling in labellings])
log_z = np.log(np.exp(-energies).sum())
exact = np.exp(-energies - log_z) @ (labellings == 0)  # P(x_i = 0), [12]
alone, least = unary.argmax(axis=-1), labellings[energies.argmin()].reshape(3, 4)
print(f"pixel by pixel, energy {energy(alone.ravel()):.2f}\n{alone}")
print(f"least energy, {energies.min():.2f}\n{least}")
assert alone[1, 1] == 1 and least[1, 1] == 0, "the neighbours overrule the wrong pixel"

# %% [markdown]
# **Self-test.** Set both weights of the pairwise term to 0. Which labelling has the least energy?
#
# <details><summary>Answer</summary>The arg max, pixel by pixel: what the network says alone.</details>
#
# ## Mean field
#
# A photograph has too many labellings for that. **Mean field** looks for a product of independent pixels,
# $Q(x) = \prod_i Q_i(x_i)$, close to $P$ in the divergence $KL(Q \| P)$. Each pixel hears from all others how likely they are to
# disagree, and answers:
#
# $$Q_i(l) \leftarrow \mathrm{softmax}_l \Big( \mathrm{logit}_i(l) - \sum_{j \ne i} k(i, j) \sum_{l' \ne l} Q_j(l') \Big)$$
#
# That is a matrix product and a softmax. Start from the softmax of the logits, and repeat. The course's `DenseCRF` must
# give the same.


# %% tags=["nbval-check-output"]
def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


logits = unary.reshape(12, 2)
history = [softmax(logits)]
for _ in range(8):
    message = pairwise @ (1 - history[-1])
    history.append(softmax(logits - message))

crf_inputs = [unary[None].astype("float32"), tiny[None, ..., None].astype("float32")]
field = layers.DenseCRF(iterations=8, appearance_weight=2.0, smoothness_weight=0.5, **scales)
assert np.allclose(tf.nn.softmax(field(crf_inputs))[0].numpy().reshape(12, 2), history[-1], atol=1e-5)
print("Q(class 0) at pixel (1, 1):", " ".join(f"{marginals[5, 0]:.2f}" for marginals in history))

# %% [markdown]
# What falls is the *free energy*, the expected energy less the entropy of $Q$. It is $KL(Q \| P) - \log Z$, and since
# we know $Z$ here, we can draw the divergence itself.

# %%
free = [float(field.free_energy(q.reshape(1, 3, 4, 2).astype("float32"), crf_inputs)[0]) for q in history]
divergence = np.array(free) + log_z
assert (divergence >= -1e-4).all() and (np.diff(divergence) <= 1e-4).all(), "KL falls and is never negative"
plotting.show(
    plotting.mean_field_errors(
        divergence, exact, {"softmax of the logits": history[0][:, 0], "mean field": history[-1][:, 0]}
    ),
    alt="Left: the divergence of mean field from the true distribution falls quickly and stays above zero. Right: "
    "marginals against exact ones; most of mean field's are nearer than the softmax's, and more extreme than the truth.",
)

# %% [markdown]
# Two limits. **Not exact:** $KL$ stays above zero, for independent pixels cannot be $P$; they tend to be too sure. **Does
# it always fall?** If pixels are updated one after another, yes: each update is the best
# for its pixel while the others stay. All at once, as here and in every fast implementation, it need not. Two pixels that disagree and are
# strongly bound swap for ever:

# %% tags=["nbval-check-output"]
bound, two = 3.0, np.array([[0.5, -0.5], [-0.5, 0.5]])
q = softmax(two)
for iteration in range(5):
    disagreement = q[0, 0] * q[1, 1] + q[0, 1] * q[1, 0]
    value = -(q * two).sum() + bound * disagreement + (q * np.log(q)).sum()
    print(f"iteration {iteration}: Q(class 0) = {q[0, 0]:.2f}, {q[1, 0]:.2f}   free energy {value:.2f}")
    q = softmax(two - bound * (1 - q[::-1]))

# %% [markdown]
# **Self-test.** All other pixels are certainly of class 0. What does the update subtract from the logits of a pixel, for
# class 0 and for class 1?
#
# <details><summary>Answer</summary>Nothing for class 0, and for class 1 the sum of its affinities to all of
# them.</details>
#
# ## Which pixels are bound?
#
# Now a real frame, 32 x 64, small enough to keep all pairs. The pixel's affinities $w_1 k_1 + w_2 k_2$ decide whom it
# follows. The two scales of $k_1$ say how far it looks: in the image, in pixels, and in colour, in steps of 1/255.

# %%
small_size = (32, 64)
small_image = tf.image.resize(images[best : best + 1], small_size, antialias=True)
color_scales, position_scales = (5, 15, 50), (4, 20)
bindings = {
    (position, color): exact_appearance_filter(small_image, position, color / 255)
    for position, color in itertools.product(position_scales, color_scales)
}
smooth = smoothness_filter(small_image, 1.0)


def bound_to(pixel, weighted_filter):
    """What a filter makes of a map that is 1 at the pixel and 0 elsewhere."""
    unit = np.zeros((1, *small_size, 1), "float32")
    unit[0, pixel[0], pixel[1]] = 1
    return weighted_filter(tf.constant(unit))[0, ..., 0].numpy()


# %%
row, column = 24, 20
shown = {f"position {p}, colour {c}": bound_to((row, column), binding) for (p, c), binding in bindings.items()}
plotting.show(
    plotting.affinities(small_image[0].numpy(), (row, column), shown, rows=2),
    alt="Appearance of one pixel with all others, at two position scales (rows) and three colour scales (columns): bright "
    "spots reach further at the wide position scale, and with the coarse colour scale over the borders of things.",
)

# %% [markdown]
# Move the pixel, onto an edge, a shadow, a thin thing. When is it bound to the wrong object?


# %%
def draw_affinities(row=14, column=32, color=15, position=20):
    appearance = bound_to((row, column), bindings[position, color])
    total = 4 * appearance + bound_to((row, column), smooth)
    return plotting.affinities(small_image[0].numpy(), (row, column), {"appearance": appearance, "4 k1 + k2": total})


interactive_figure(
    draw_affinities,
    alt=lambda row, column, color, position: (
        f"Affinities of the pixel in row {row}, column {column}, at colour scale {color}/255 and position scale {position}."
    ),
    row=(0, small_size[0] - 1),
    column=(0, small_size[1] - 1),
    color=list(color_scales),
    position=list(position_scales),
)

# %% [markdown]
# All pairs of $n$ pixels make $n^2$ numbers: $2048^2$ here, about a million times as many for a frame of Cityscapes with 1024
# times as many pixels. Krähenbühl and Koltun filter on a permutohedral lattice in linear time. Our layer has a simpler
# way: `window=(radius, step)` visits the pixels of a coarse lattice around each pixel. It is an *estimate*. How good? Mind
# that with a step of 4, a pixel hears only those that lie a multiple of 4 rows and columns away: the *gridding* of notebook
# 06. The field falls into 16 fields that do not hear each other, except by the smoothness term.

# %%
small_logits = tf.image.resize(outputs["DeepLabV2"][best : best + 1], small_size)
options = {"position_scale": 10.0, "color_scale": 5 / 255, "smoothness_weight": 1.0, "smoothness_scale": 1.0}
every_pair = layers.DenseCRF(3, **options)([small_logits, small_image]).numpy()
print("lattice      visited of 2047   same label as with all pairs   largest difference of Q")
for window in [(1, 2), (3, 4)]:
    sampled = layers.DenseCRF(3, **options, window=window)([small_logits, small_image]).numpy()
    same = np.mean(sampled.argmax(-1) == every_pair.argmax(-1))
    gap = np.abs(softmax(sampled) - softmax(every_pair)).max()
    print(f"{window!s:12} {(2 * window[0] + 1) ** 2 - 1:15d} {same:30.1%} {gap:25.3f}")
corner = [small_logits[:, :8, :8], small_image[:, :8, :8]]
whole = layers.DenseCRF(1, **options, window=(7, 1))(corner)
assert np.allclose(whole, layers.DenseCRF(1, **options)(corner), atol=1e-3), "a lattice that holds every pixel is exact"

# %% [markdown]
# Frames as small as ours afford every pair, so from here on the field is exact (`crf_window=None`). For frames of photographs
# give a lattice, and remember what it costs.

# %% [markdown]
# **Self-test.** The colour scale is made very large. What does $k_1$ become, and what happens at edges?
#
# <details><summary>Answer</summary>Every colour is then alike, and only the distance counts, as in $k_2$: labels are
# smoothed across edges.</details>
#
# ## DeepLabV2 before and after
#
# DeepLabV2 trains its network without the field and puts it behind. Its weights and bandwidths come from a search on
# held-out frames (section 4.1). Ours come from eight *training* frames, so that the validation frames stay unseen. The price:
# the network is surer on frames that it was trained on than on new ones, so the search may find a field that is too weak.

# %%
few_images, few_truths = (np.stack(part) for part in zip(*train.take(8).as_numpy_iterator(), strict=True))
few_logits = networks["DeepLabV2"].predict(few_images, batch_size=4, verbose=0)
fixed = {"position_scale": 20.0, "smoothness_weight": 1.0, "smoothness_scale": 1.0, "window": crf_window}


def refined(crf, logits, photographs):
    """Class of each pixel after the field, frame by frame: all pairs of several frames would fill the memory."""
    maps = [np.argmax(crf([z[None], x[None]])[0], axis=-1) for z, x in zip(logits, photographs, strict=True)]
    return np.stack(maps).astype(np.uint8)


found = {}
for weight, color in itertools.product((2.0, 6.0), (5 / 255, 20 / 255)):
    search = layers.DenseCRF(3, appearance_weight=weight, color_scale=color, **fixed)
    confusion = ConfusionMatrix(K)
    confusion.update(few_truths, refined(search, few_logits, few_images))
    found[weight, color] = 100 * confusion.mean_iou()
    print(
        f"w1 = {weight:.0f}, colour scale {255 * color:2.0f}/255: mIoU {found[weight, color]:.1f} % on training frames"
    )
weight, color = max(found, key=found.get)
crf = layers.DenseCRF(3, appearance_weight=weight, color_scale=color, **fixed)

# %%
before, after = outputs["DeepLabV2"].argmax(-1), refined(crf, outputs["DeepLabV2"], images)
dense_field = (score(before), score(after))
for name, change in zip(["mIoU", "boundary F"], dense_field[1] - dense_field[0], strict=True):
    print(f"the field {'raises' if change > 0 else 'lowers'} {name} by {abs(change):.1f} points")
mended = np.sum((after == truths) & (before != truths))
spoilt = np.sum((after != truths) & (before == truths) & (truths != 255))
print(f"it mends {mended} pixels and spoils {spoilt}")

# %%
changed = np.flatnonzero((before != after).mean(axis=(1, 2)) >= np.sort((before != after).mean(axis=(1, 2)))[-2])[:2]
gray = np.full((*image_size, 3), 0.88)
rows = []
for n in changed:
    right, was_right = after[n] == truths[n], before[n] == truths[n]
    picture = np.where((right & ~was_right)[..., None], (0.0, 0.45, 0.7), gray)
    picture = np.where((was_right & ~right & (truths[n] != 255))[..., None], (0.84, 0.37, 0.0), picture)
    rows.append((images[n], truths[n], before[n].astype(np.uint8), after[n].astype(np.uint8), picture))
plotting.show(
    plotting.panels(rows, ["image", "truth", "network", "with CRF", "blue better, orange worse"], table, width=12),
    alt="The two frames that the field changed most, before and after; in the last column the pixels that it mended are "
    "blue and those that it spoilt orange.",
)

# %% [markdown]
# What decides? The field knows colours, not classes. It can help where the network is unsure and surfaces differ in
# colour; it can harm where two classes look alike, and where a thing is much thinner than its surroundings: a pole may be
# outvoted. The better the network's own boundaries, the less is left to do: PSPNet and DeepLabV3 have no CRF.
#
# **Weights that learn.** Gradients go through products and softmaxes, so CRF-RNN trains mean field as layers of the
# network. Here only $w_1$ and $w_2$ learn, on four training frames. Nothing keeps a weight
# positive: a negative $w_2$ would let near pixels differ for a reward.

# %%
learner = layers.DenseCRF(3, appearance_weight=1.0, color_scale=color, **{**fixed, "window": (2, 6)})
optimizer, loss_of = keras.optimizers.Adam(0.3), training.SegmentationCrossEntropy()


@tf.function
def learn():
    with tf.GradientTape() as tape:
        loss = loss_of(few_truths[:4], learner([few_logits[:4], few_images[:4]]))
    optimizer.apply_gradients(
        zip(tape.gradient(loss, learner.trainable_variables), learner.trainable_variables, strict=True)
    )
    return loss


learner.build([few_logits.shape, few_images.shape])
optimizer.build(learner.trainable_variables)
losses = [float(learn()) for _ in range(3 if fast else 8)]
w1, w2 = learner.kernel_weights.numpy()
print(f"cross-entropy {losses[0]:.3f} -> {losses[-1]:.3f};  w1 1.00 -> {w1:.2f},  w2 1.00 -> {w2:.2f}")

# %% [markdown]
# **Self-test.** Why are the field's weights not chosen on the validation frames, where they would score best?
#
# <details><summary>Answer</summary>The score would then contain the choice: the best of several by luck. Other frames
# would not confirm it.</details>
#
# ## Piecewise: rules that a network learns
#
# Potts's rule, "different labels cost", is crude: a car *belongs* above a road. **Piecewise** has a field on the coarse
# map, whose pairwise scores $z_{pq}(k, l)$ come from a network that sees the features of both nodes. Order counts: one
# network for nodes around each other, one for *above and below*. The right loss would be the likelihood of the labels,
# but its $Z$ sums over all labellings:

# %% tags=["nbval-check-output"]
for height, width_ in [(2, 2), (3, 4), (8, 15)]:
    exponent = height * width_ * np.log10(7)
    print(f"{height:2d} x {width_:2d} nodes, 7 classes: 10^{exponent:.0f} labellings; pairs of classes: {7 * 7}")

# %% [markdown]
# **Piecewise training** (section 6.1) gives each piece a likelihood of its own: a softmax over the $K$ classes of a node,
# a softmax over the $K^2$ pairs of a pair. No inference runs in training, and the pieces learn side by side. The price:
# at prediction the pieces are *added*, as if each were independent evidence. Two nodes, trained perfectly, show it:

# %% tags=["nbval-check-output"]
joint = np.array([[0.5, 0.2], [0.1, 0.2]])  # the truth: P(first, second)
first, second = joint.sum(axis=1), joint.sum(axis=0)
pieces = np.log(first)[:, None] + np.log(second)[None] + np.log(joint)  # unary + unary + pairwise
combined = np.exp(pieces) / np.exp(pieces).sum()
print("first node: truth", first.round(2), "  added pieces", combined.sum(axis=1).round(2))
assert combined.sum(axis=1).max() > first.max(), "evidence that both pieces hold is counted twice"

# %% [markdown]
# The combination is too sure: the pairwise score knows already how likely each class is. What did ours learn? For each
# class of a node: which class stands two rows of nodes below? Left the network's pairwise softmax, averaged over
# validation frames; right the same counted in the labels. Each row holds the per cent of one upper class.

# %%
pieces = outputs["Piecewise"]
nodes = node_labels(truths, pieces["unary"]).numpy()
straight = ABOVE.index((2, 0))
scores = pieces["above"][:, :-2, :, straight].reshape(-1, K * K)
learned = softmax(scores).mean(axis=0).reshape(K, K)
counted = np.zeros((K, K))
upper, lower = nodes[:, :-2].ravel(), nodes[:, 2:].ravel()
labelled = (upper != 255) & (lower != 255)
np.add.at(counted, (upper[labelled], lower[labelled]), 1)

# %%
shares = {
    "learned": learned / learned.sum(axis=1, keepdims=True),
    "counted": counted / np.maximum(counted.sum(axis=1, keepdims=True), 1),
}
plotting.show(
    plotting.class_pairs(shares, names, rows="class of the upper node", columns="class two rows below"),
    alt="Two tables of classes, learned and counted: rows are the class of the upper node, columns the class below it, "
    "brighter for a larger share.",
)
print(f"{nodes.shape[1]} x {nodes.shape[2]} nodes: two rows are {2 * image_size[0] / nodes.shape[1]:.0f} image pixels")
print(f"mean difference of the two tables: {100 * np.abs(shares['learned'] - shares['counted']).mean():.0f} points")

# %% [markdown]
# A rule of Potts's kind is the same for all pairs of different classes, and for above and below: it cannot say "flat
# below vehicle". Now mean field on the nodes, three iterations as at prediction, beside what the field over pixels did
# for DeepLabV2:

# %%
nodes_to_pixels = tf.image.resize(pieces["unary"], image_size).numpy()
unary_score, field_score = score(nodes_to_pixels.argmax(-1)), score(pieces["logits"].argmax(-1))
fields = {"DeepLabV2: dense CRF": dense_field, "Piecewise: mean field": (unary_score, field_score)}
plotting.show(
    plotting.before_and_after(fields, ["mIoU", "boundary F"], ("network alone", "with the field")),
    alt="For the field over pixels and the field over nodes a line from the network alone to the network with the field, "
    "in mIoU and in boundary F.",
)

# %%
moved = (nodes_to_pixels.argmax(-1) != pieces["logits"].argmax(-1)).mean(axis=(1, 2))
print(f"pixels whose class changed: {moved.mean():.1%}")
rows = [
    (images[n], truths[n], *(maps[n].argmax(-1).astype(np.uint8) for maps in (nodes_to_pixels, pieces["logits"])))
    for n in np.argsort(moved)[-2:]
]
plotting.show(
    plotting.panels(rows, ["image", "truth", "unary scores alone", "after mean field"], table),
    alt="The two frames that mean field changed most: image, truth, the classes of the unary scores alone, and the classes "
    "after mean field.",
)

# %% [markdown]
# **Self-test.** How many labellings have 4 x 4 nodes with 7 classes, and what does piecewise training do about
# the sum over them?
#
# <details><summary>Answer</summary>7<sup>16</sup>, about 3.3 x 10<sup>13</sup>. It never forms that sum: each node and
# each pair gets a softmax of its own.</details>
#
# ## The three beside each other
#
# One protocol: frames, batches, steps, rate, seed, encoder. Not equal: the number of weights. Networks this small say
# nothing about the published ones; the table shows how to ask. One seed decides nothing: notebook 10 adds intervals. The
# last row is the *image-blind prior*: at each place the class that is most frequent there in training.

# %%
results = {
    "LRR": per_level["logits"],
    "DeepLabV2": dense_field[0],
    "DeepLabV2 + CRF": dense_field[1],
    "Piecewise, unary": unary_score,
    "Piecewise": field_score,
}
print(f"{len(images)} validation frames {'weights':>8}{'mIoU %':>8}{'boundary F %':>14}")
for system, (miou, boundary) in results.items():
    count = networks[system.split()[0].strip(",")].count_params()
    print(f"{system:20}{count / 1e6:8.2f} M{miou:8.1f}{boundary:14.1f}")
blind = np.broadcast_to(ImageBlindPrior(label_maps, K).predict(image_size), truths.shape)
print("{:20}{:>10}{:8.1f}{:14.1f}".format("no look at all", "", *score(blind)))

# %% [markdown]
# The lecture's rows for the three systems, class by class. It heads its table "val", as Gated-SCNN's paper does; but for
# these three the numbers are those of the *test* set (PSPNet's paper, table 6), while the rows of PSPNet, DeepLabV3+ and
# Gated-SCNN are of the validation set. Compare within a split only.

# %% tags=["nbval-check-output"]
published = published_cityscapes()
for system in ("LRR", "DeepLabV2", "Piecewise"):
    row = published.row(system)
    mean = np.mean(list(row.values()))
    thin = np.mean([row[name] for name in ("pole", "traffic light", "traffic sign")])
    large = np.mean([row[name] for name in ("truck", "bus", "train")])
    print(f"{system:10} test mIoU {mean:.1f}   pole, light, sign {thin:.1f}   truck, bus, train {large:.1f}")

# %% [markdown]
# LRR, which restores fine detail, leads in poles, lights and signs; the two that look wider lead in lorries, buses and
# trains. They differ in networks and training too, so this is a reading, not a proof.
#
# **Self-test.** Which sentences may you write under the first table: (a) "the first network scored higher here",
# (b) "Laplacian refinement is better than a CRF"?
#
# <details><summary>Answer</summary>(a) only. One seed, few steps, unequal numbers of weights and small frames do not
# carry (b).</details>
#
# ## Exercises
#
# Write each answer into the function that is given; the cell below checks it, also on inputs that you do not see. So solve
# the problem and not the example.
#
# ### Exercise 1: the energy of a labelling (2 points)
#
# `labels` `[n]`, integers; `logits` `[n, classes]`; `pairwise` `[n, n]`, symmetric with zeros on its diagonal; and
# `compatibility` `[classes, classes]`, symmetric: what each pair of classes costs, of two equal classes too. Return the
# energy, a number: minus the logits of the chosen labels, plus for every pair of pixels, *each pair once*, its pairwise
# value times the compatibility of its two labels.


# %% nbgrader={"grade": false, "grade_id": "energy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gibbs_energy(labels, logits, pairwise, compatibility):
    """The energy, a number."""
    ### BEGIN SOLUTION
    costs = pairwise * compatibility[labels[:, None], labels[None]]
    return costs.sum() / 2 - logits[np.arange(len(labels)), labels].sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "energy_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
chain = np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 5.0], [0.0, 5.0, 0.0]])
some_logits, potts = np.array([[1.0, 0.0], [3.0, 0.5], [0.25, 4.0]]), 1 - np.eye(2)
some_energy = gibbs_energy(np.array([0, 0, 1]), some_logits.copy(), chain.copy(), potts.copy())
assert_same(some_energy, -3.0, name="the energy of 0 0 1")
### BEGIN HIDDEN TESTS
for trial, (n, classes_) in enumerate([(1, 2), (4, 3), (7, 2), (9, 5)]):
    rng = np.random.default_rng(trial)
    x, z, k, mu = (rng.integers(0, classes_, n), *(rng.normal(size=(n, size)) for size in (classes_, n)), None)
    k, mu = np.triu(k, 1) + np.triu(k, 1).T, rng.normal(size=(classes_, classes_))
    given = x, z, k, mu + mu.T
    expected = -sum(z[i, x[i]] for i in range(n)) + sum(
        k[i, j] * given[3][x[i], x[j]] for i in range(n) for j in range(i)
    )
    copies = [part.copy() for part in given]
    assert_same(gibbs_energy(*copies), expected, name=f"the energy of {n} pixels, {classes_} classes", rtol=1e-4)
    for after_call, part in zip(copies, given, strict=True):
        assert_same(after_call, part, name="an input after the call")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>Begin with two loops over pixels. Which pairs would you meet twice, or with
# themselves?</details>
# <details><summary>Hint 2</summary>Without loops: <code>compatibility[labels[:, None], labels[None]]</code> is what
# each pair of pixels costs, [n, n]. All pairs, both ways, are counted twice.</details>
#
# ### Exercise 2: a boundary mask (2 points)
#
# `probabilities` `[height, width]` of one class. At each pixel return the largest minus the smallest value of the
# `window` x `window` pixels around it (`window` is odd). At the border of the image only pixels inside it count.


# %% nbgrader={"grade": false, "grade_id": "mask", "locked": false, "schema_version": 3, "solution": true, "task": false}
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


# %% nbgrader={"grade": true, "grade_id": "mask_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
step = np.array([[0.0, 0.0, 0.75, 1.0, 1.0]] * 2)
assert_same(boundary_mask(step.copy(), 3), [[0.0, 0.75, 1.0, 0.25, 0.0]] * 2, name="the mask of a step")
### BEGIN HIDDEN TESTS
for trial, (height, width_, window) in enumerate([(6, 9, 3), (8, 5, 5), (7, 7, 1), (4, 11, 7), (1, 6, 3)]):
    values = np.random.default_rng(trial).random((height, width_))
    expected = np.zeros((height, width_))
    for i, j in np.ndindex(height, width_):
        near = [values[y, x] for y, x in np.ndindex(height, width_) if max(abs(y - i), abs(x - j)) <= window // 2]
        expected[i, j] = max(near) - min(near)
    copy = values.copy()
    assert_same(boundary_mask(copy, window), expected, name=f"the mask of {height} x {width_}, window {window}")
    assert_same(copy, values, name="the input after the call")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>Two loops will do. A slice that ends beyond the image is cut; one that begins before it
# is not.</details>
# <details><summary>Hint 2</summary>Let the slice begin at <code>max(row - window // 2, 0)</code>.</details>
#
# ### Exercise 3: one mean-field step (2 points)
#
# `logits` `[n, classes]`, `pairwise` `[n, n]` as above, `compatibility` `[classes, classes]` (what it costs that pixel $i$
# has class $l$ and pixel $j$ class $l'$; symmetric), and the current marginals `q` `[n, classes]`. Update all pixels at once:
# return the new marginals, softmax(logits - message). Logits may be large.


# %% nbgrader={"grade": false, "grade_id": "step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_field_step(q, logits, pairwise, compatibility):
    """The marginals after one step, [n, classes]."""
    ### BEGIN SOLUTION
    x = logits - pairwise @ q @ compatibility
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "step_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
two_pixels = np.array([[0.5, 0.5], [1.0, 0.0]]), np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]])
new = mean_field_step(*(part.copy() for part in two_pixels), 1 - np.eye(2))
assert_same(new, [[np.e / (1 + np.e), 1 / (1 + np.e)], [0.5, 0.5]], name="the marginals of two pixels")
### BEGIN HIDDEN TESTS
for trial, (n, classes_, scale) in enumerate([(2, 3, 1), (5, 2, 3), (7, 4, 1), (4, 4, 1), (3, 5, 4000)]):
    rng = np.random.default_rng(trial)
    q_now = rng.dirichlet(np.ones(classes_), n)
    z, k, mu = scale * rng.normal(size=(n, classes_)), rng.random((n, n)), rng.normal(size=(classes_, classes_))
    k, mu = np.triu(k, 1) + np.triu(k, 1).T, mu + mu.T
    expected = z.copy()
    for i, j, c, m in np.ndindex(n, n, classes_, classes_):
        expected[i, c] -= k[i, j] * mu[c, m] * q_now[j, m]
    expected = np.exp(expected - expected.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    copies = [part.copy() for part in (q_now, z, k, mu)]
    assert_same(mean_field_step(*copies), expected, name=f"the marginals of {n} pixels, {classes_} classes", rtol=1e-4)
    for after_call, part in zip(copies, (q_now, z, k, mu), strict=True):
        assert_same(after_call, part, name="an input after the call")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The message of class $l$ at pixel $i$ is a double sum, over pixels and over classes.
# Write down its shape and those of the factors. For the softmax: what may be subtracted without changing it?</details>
# <details><summary>Hint 2</summary><code>pairwise</code> [n, n], <code>q</code> [n, classes] and
# <code>compatibility</code> [classes, classes] stand in the right order for two matrix products. Subtract the largest
# value of each row before <code>np.exp</code>.</details>
#
# ### Exercise 4: overlapping patches (2 points)
#
# What `BasisReconstruction` does for one class. `coefficients` `[rows, columns, K]`, `bases` `[2f, 2f, K]`. The place
# $(i, j)$ draws the sum of its bases, each times its coefficient, onto a canvas of $(\mathrm{rows} + 1) f$ by
# $(\mathrm{columns} + 1) f$ pixels, with its upper left corner at $(i f, j f)$. Patches that overlap are added. Return the
# whole canvas.


# %% nbgrader={"grade": false, "grade_id": "patches", "locked": false, "schema_version": 3, "solution": true, "task": false}
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


# %% nbgrader={"grade": true, "grade_id": "patches_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
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

# %% [markdown]
# <details><summary>Hint 1</summary>First the patch of one place, <code>[2f, 2f]</code>. Then where it goes: which rows of the canvas
# do the patches of places $i$ and $i + 1$ share?</details>
# <details><summary>Hint 2</summary><code>bases @ coefficients[i, j]</code> is the patch. Add it to a slice that starts
# at <code>i * f</code> and is 2f long; the next one overlaps it by f.</details>
#
# ### Exercise 5: in your own words (2 points)
#
# A colleague put a dense CRF behind a new network. mIoU fell, boundary F rose, and the class "pole" vanished. Explain
# how all three can happen at once, and name one change to the field or to its parameters that you would try, and on which
# frames.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# The field moves boundaries of large surfaces to edges of the image: boundary F rises. A pole has few pixels, and most
# pixels that it is bound to belong to something else, so that they outvote it. mIoU is a mean over classes: one class
# falling to 0 costs more than slightly better borders of the large ones bring. To try: a smaller weight or narrower
# scales (smoothness, position), a smaller colour scale so that the pole is bound to itself only, fewer iterations, or a
# learned compatibility; chosen on training frames or a held-out part of them, never on those that are reported.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - LRR stores a few coefficients of class-specific pictures where others store one score; bilinear upsampling is the
#   case of one tent. Finer levels correct coarser ones, at boundaries only, and each has its own loss.
# - A CRF gives labellings an energy. Mean field approximates its distribution by independent pixels and lowers the free
#   energy, surely if pixels take turns, usually if they do not.
# - A dense CRF knows colours, not classes. Measure before and after; on the frames that you report, tune nothing.
# - Piecewise learns which class stands where beside which. Its pieces are trained apart because $Z$ cannot be summed, and
#   their sum is too sure.
# - The lecture's three rows are test figures; the other three are validation figures.
#
# ## With photographs and a GPU
#
# For the published networks on Cityscapes: `dataset="cityscapes"`, `grouped=False`, `image_size=(512, 1024)`,
# `labelled_frames=None`, `encoder="published"`, `encoder_weights="imagenet"`, `width=1.0`, `piecewise_width=1.0`,
# `output_strides=(8, 16)`, `rates=(6, 12, 18, 24)`, `patch_size=32`, `steps=40000`, `learning_rate=0.01`,
# `crf_window=(5, 6)`. Keep `validation_frames`: all their scores stay in memory. `course run 07 -p width 1.0 ...` does
# the same headless.
#
# ## Further reading
#
# - G. Ghiasi, C. Fowlkes: *Laplacian Pyramid Reconstruction and Refinement for Semantic Segmentation*, ECCV 2016:
#   sections 3 (bases) and 4 (refinement).
# - P. Krähenbühl, V. Koltun: *Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials*, NIPS 2011; and
#   *Parameter Learning and Convergent Inference for Dense Random Fields*, ICML 2013.
# - L.-C. Chen et al.: *DeepLab*, IEEE PAMI 40(4), 2018: sections 3.3 (the field) and 4.1 (its parameters).
# - S. Zheng et al.: *Conditional Random Fields as Recurrent Neural Networks*, ICCV 2015, section 4.
# - G. Lin et al.: *Efficient Piecewise Training of Deep Structured Models for Semantic Segmentation*, CVPR 2016: sections
#   3 to 6; and C. Sutton, A. McCallum: *Piecewise Training for Undirected Models*, UAI 2005.
