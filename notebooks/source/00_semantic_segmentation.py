# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 65
#     claims: [L1, L2, L3, L5]
# ---

# %% [markdown] tags=["core"]
# # 00 · Semantic segmentation: a class for every pixel
#
# Welcome. In this course you'll train a network to label every pixel of a photo. This first notebook is about the
# *question*, and about the numbers in which question and answer are written.
#
# **After this notebook you can** tell semantic segmentation from detection and instance segmentation, read the label
# files of Cityscapes and COCO, turn a label map into the tensor that a network is trained on, compute softmax and
# loss by hand, and say why a fully convolutional network takes images of any size.
#
# **Time:** 65 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves need about a minute on two processor cores.
#
# **Lecture claims:** *L1*, there are three kinds of problem: semantic, detection, instance. *L2*, semantic segmentation
# classifies every pixel. *L3*, COCO and Cityscapes are the popular data sets. *L5*, the ground truth becomes one mask
# per class, the network ends in a channel-wise softmax, a loss compares the two; and the architecture does not
# change when the image size does.
#
# **Before it:** some Python and NumPy, and what a convolution is. **Exercises:** three on the way and two at
# the end to compute (8 points), and one to write (2 points).

# %% [markdown]
# ## The way through the course
#
# | notebook | its question |
# |---|---|
# | **00 Semantic segmentation** | What is asked, and in which numbers? |
# | 01 Upsampling by interpolation | How does a small map become a large one? |
# | 02 Transposed convolution | What if that step is learned? |
# | 03 Kernel and stride | Why do some networks paint checkerboards? |
# | 04 Unpooling | Is it worth remembering where a maximum stood? |
# | 05 SegNet | How is a whole network built, trained and scored? |
# | 06 PSPNet and DeepLab | How does a pixel see its surroundings? |
# | 07 Context and reconstruction | How does a coarse answer get its outlines back? |
# | 08 Conditional random fields | Can pixels correct each other? |
# | 09 Shapes and distance | Who finds thin things, and things far away? |
# | 10 Leaderboard | Which system is best, and how sure are we? |
#
# Read a cell, guess what it will show, run it (Shift + Enter). At *Think first*, commit to an answer before you look.
# Cells with `assert` check a claim: were it false, the notebook would stop there.

# %% tags=["core", "parameters"]
fast = False  # True: fewer scenes and a shorter training, which show everything and learn little
seed = 0
dataset = "toy_streets"  # or "cityscapes", which has the same files
data_dir = None  # where the data set is; None: Toy Streets drawn anew, Cityscapes at its usual place
frame_name = "jettingsee_000001_000019"  # the scene that we look at, one of the split "val"
window = (98, 82, 12, 18)  # top, left, height and width of the pixels that are shown as numbers
scenes = 24  # how many Toy Streets to draw for training
epochs = 12  # passes of the tiny network over them

# %% tags=["core"]
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from course_utils import datasets, inference, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.datasets import coco_format, objects, toy_streets
from course_utils.labels import CITYSCAPES, COCO_STUFF, VOID

if fast:
    scenes, epochs = 8, 2
keras.utils.set_random_seed(seed)
scratch = tempfile.TemporaryDirectory()  # gone when the notebook's kernel stops

# %% [markdown] tags=["core"]
# ## One scene
#
# Our images are *Toy Streets*: drawn by a program, with exact labels, in the very files and folders of Cityscapes.
# Nothing to sign or download (the scenes are CC BY 4.0), and every cell also runs on the real data set.

# %% tags=["core", "nbval-check-output"]
if dataset == "toy_streets" and data_dir is None:
    data_dir = Path(scratch.name, "toy_streets")
    toy_streets.generate(data_dir, size=(256, 512), counts={"train": scenes, "val": 6}, seed=seed, progress=False)

data = datasets.open(dataset, data_dir)
frame = next(frame for frame in data.frames("val") if frame.name == frame_name)
image = datasets.read_image(frame.image) / 255
label_ids = np.asarray(Image.open(frame.label))
instance_ids = np.asarray(Image.open(frame.instances)).astype(np.int32)
print("image", image.shape, image.dtype, " label ids", label_ids.shape, label_ids.dtype)

# %% [markdown] tags=["core"]
# Both are *tensors*: arrays of numbers with named axes. The image is `[height, width, 3]`: red, green and blue at every
# pixel. The label map is `[height, width]`: one whole number at every pixel, which stands for a class. It's stored as
# an image, but it isn't one: 26 is not "more" than 24. Here is a small window of both.

# %% tags=["core"]
plotting.show(
    plotting.label_numbers(image, label_ids, CITYSCAPES, window),
    alt="00 label-numbers",
)

# %% [markdown] tags=["core"]
# **Think first.** To shrink a photograph you average neighbouring pixels. Can you shrink a label map the same way?
#
# <details><summary>Answer</summary>No. Halfway between person (24) and car (26) lies rider (25). Label maps are resized
# by taking the nearest pixel.</details>

# %% [markdown]
# ## More: Label ids and train ids
#
# The files hold *label ids*: Cityscapes has 34, some for things that nobody evaluates, such as the bonnet of the
# camera's own car. A network predicts *train ids*: 0, 1, 2 ... for the classes that count, and 255, *void*, for the
# rest. Void pixels neither train nor score. The course's table must agree with that of the official scripts.

# %% tags=["nbval-check-output"]
from cityscapesscripts.helpers.labels import labels as official_labels

official = [row for row in official_labels if row.id >= 0]  # -1, "license plate", is in no file
for ours, theirs in zip(CITYSCAPES.labels, official, strict=False):
    assert (ours.id, ours.name, ours.train_id, ours.color) == (theirs.id, theirs.name, theirs.trainId, theirs.color)
print(f"{len(official)} label ids, {CITYSCAPES.num_classes} train ids; the official table agrees")
for name in ("ego vehicle", "road", "person", "rider", "car", "caravan"):
    row = next(row for row in CITYSCAPES.labels if row.name == name)
    print(f"{name:12s} label id {row.id:2d}   train id {row.train_id:3d}   objects counted: {row.has_instances}")


# %% [markdown]
# **Self-test.** The arg max of a network's 19 scores is 13. Which label id goes into the file for the official
# script? And which of its outputs stands for *caravan*?
#
# <details><summary>Answer</summary>26: train id 13 is car. No output stands for caravan. It is void, so its pixels
# neither train nor score.</details>

# %% [markdown] tags=["core"]
# ## A class for every pixel
#
# This is semantic segmentation (*L2*): every pixel gets one of a fixed list of classes. (Some texts say "the instance
# that a pixel belongs to"; that is another problem, see below.) The bars are legend and count at once.

# %% tags=["core", "nbval-check-output"]
label = CITYSCAPES.to_train_ids(label_ids)  # looks every number up in a table
print(f"train ids in this scene: {np.unique(label).tolist()}; void: {np.mean(label == VOID):.1%} of the pixels")
counts = np.bincount(label[label != VOID], minlength=CITYSCAPES.num_classes)
plotting.show(
    plotting.class_shares(plotting.overlay(image, label, CITYSCAPES, 0.75), counts / counts.sum(), CITYSCAPES),
    alt="00 class-shares",
)

pixels, _ = data.pixel_counts("train")
largest = np.argsort(-pixels)[:4]
print(
    f"all scenes: {', '.join(CITYSCAPES.names[i] for i in largest)}: {pixels[largest].sum() / pixels.sum():.0%} of the pixels"
)
rare = [CITYSCAPES.names[i] for i in np.flatnonzero(pixels < 0.01 * pixels.sum())]
print(f"below 1 % each: {', '.join(rare)}")

# %% [markdown] tags=["core"]
# A few classes take up nearly all the pixels, in this scene and in all of them.
#
# **Think first.** A program answers "road" everywhere. What share of the pixels does it get right? Would you let it
# drive?
#
# <details><summary>Answer</summary>The length of the road's bar, and no. Counting right pixels rewards a program
# that knows only the large classes; notebook 05 gives every class the same weight.</details>

# %% [markdown] tags=["core"]
# ## Three kinds of problem
#
# One scene can be asked about in three ways (*L1*), and one file answers all three. Cityscapes' *instance map* holds,
# for things that can be counted, label id times 1000 plus a number: cars are 26000, 26001 ... All else keeps its label
# id.

# %% tags=["core"]
ids, boxes = objects.object_ids(instance_ids), objects.boxes(instance_ids)
sizes = np.array([np.sum(instance_ids == i) for i in ids])
visible = sizes >= 60  # smaller ones would be specks in the figure; the numbers below count them all
plotting.show(
    plotting.three_problems(image, label, instance_ids, ids[visible], boxes[visible], CITYSCAPES),
    alt="00 three-problems",
)

# %% [markdown] tags=["core"]
# Class mask and boxes can be computed from the instance map. There is no way back. **The class mask loses count:**
# touching cars run together into one part, and a pole in front of somebody can make two parts of one person.

# %% tags=["nbval-check-output"]
assert (objects.label_ids(instance_ids) == label_ids).all(), "the instance map holds the class mask"
print("class       objects   connected parts of its mask   parts with several objects   objects in several parts")
for label_id in np.unique(ids // 1000):
    parts, number = ndimage.label(label_ids == label_id)
    owners = [np.unique(instance_ids[parts == part]).size for part in range(1, number + 1)]
    name = next(row.name for row in CITYSCAPES.labels if row.id == label_id)
    split = sum(ndimage.label(instance_ids == i)[1] > 1 for i in ids[ids // 1000 == label_id])
    print(f"{name:12s}{np.sum(ids // 1000 == label_id):5d}{number:18d}{np.sum(np.array(owners) > 1):28d}{split:27d}")

# %% [markdown]
# **Boxes lose the shape:** a box also holds what stands in its corners, and boxes overlap. **Instance masks lose the
# rest of the world:** road, sky and buildings cannot be counted.

# %% tags=["nbval-check-output"]
areas = boxes[:, 2] * boxes[:, 3]
print(f"pixels inside a box that are not its object: {1 - sizes.sum() / areas.sum():.0%}")

left, top = boxes[:, 0], boxes[:, 1]
right, bottom = left + boxes[:, 2], top + boxes[:, 3]
meet = (left < right[:, None]) & (right > left[:, None]) & (top < bottom[:, None]) & (bottom > top[:, None])
print(f"pairs of boxes that overlap: {(meet.sum() - len(boxes)) // 2}; pairs of masks that do: 0, by construction")

things = instance_ids >= objects.FIRST_OBJECT
print(f"labelled pixels that belong to no object: {np.mean(~things[label != VOID]):.0%}")
lost = [CITYSCAPES.names[i] for i in np.unique(label[~things & (label != VOID)])]
print(f"classes without a single object: {', '.join(lost)}")

# %% [markdown] tags=["core"]
# | problem | answer | cannot say |
# |---|---|---|
# | semantic segmentation | a class for every pixel | how many |
# | object detection | a class and a box for every object | which pixels; nothing about road or sky |
# | instance segmentation | a class and a mask for every object | anything about road or sky |
#
# Asking for both, a class for every pixel *and* a number for every object, is *panoptic* segmentation: the instance map
# itself.

# %% [markdown]
# The claim calls all three *fully convolutional*. For semantic segmentation with convolutional networks, as here, that
# is right. For detection it depends: one-stage detectors such as SSD and RetinaNet are. In Mask R-CNN, the lecture's
# example for instances, backbone, proposals and mask branch are; its classes and boxes come from fully connected layers
# on a fixed grid per candidate (He et al., figure 4).

# %% [markdown] tags=["core"]
# **Think first.** Which would you choose to measure (a) how much of a field is weed, (b) how many apples hang on a
# tree, (c) how large each apple is?
#
# <details><summary>Answer</summary>(a) semantic, (b) detection, (c) instance. A box is two clicks, an outline dozens:
# ask for no more than you need.</details>

# %% [markdown]
# ## More: Two data sets, two formats
#
# **Cityscapes** (*L3*) describes a scene by polygons, painted *from far to near*: the road first, then what stands on
# it. A polygon may run on behind what covers it. The official scripts make the label map from them; we read it so.

# %% tags=["nbval-check-output"]
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2labelImg import createLabelImage

cityscapes_file = frame.label.with_name(f"{frame.name}_gtFine_polygons.json")
annotation = Annotation()
annotation.fromJsonFile(str(cityscapes_file))
painted = np.asarray(createLabelImage(annotation, "ids"))
assert (painted == label_ids).all()

last = annotation.objects[-1]
print(f"{len(annotation.objects)} polygons; the last to be painted: {last.label}, {len(last.polygon)} corners")

# %% [markdown]
# **COCO** has one JSON file for a whole split. Each object has a category, a box, an area and a *segmentation*:
# polygons around what is *seen* of it, so that the order hardly matters. Regions such as road, *stuff* in COCO's
# language, are in a second file, as run lengths. We write our scene so, and read it with pycocotools, the official
# reader.

# %% tags=["nbval-check-output"]
import contextlib
import io

from pycocotools.coco import COCO

scene = {frame.name: (datasets.read_image(frame.image), instance_ids)}
coco_dir = coco_format.write(Path(scratch.name, "coco"), scene, CITYSCAPES, tolerance=1.0)
with contextlib.redirect_stdout(io.StringIO()):  # it prints how long it took
    index = COCO(coco_dir / "annotations" / "instances_val2017.json")
found = index.loadAnns(index.getAnnIds(imgIds=[1]))

biggest = max(found, key=lambda annotation: annotation["area"])
print({key: value for key, value in biggest.items() if key != "segmentation"})
print("segmentation:", biggest["segmentation"][0][:6], "...")
masks = [index.annToMask(annotation) for annotation in found]
print(f"{len(masks)} masks of shape {masks[0].shape}")
theirs = next(row for row in COCO_STUFF.labels if row.name == "car")
print(
    f"car: id {biggest['category_id']} in our file, {theirs.id} in COCO's own, which has {COCO_STUFF.num_classes} classes"
)

# %% [markdown]
# ### Run lengths
#
# A mask is mostly runs of equal pixels. COCO goes *down the columns* and notes how long the runs of 0, 1, 0, ... are;
# the first counts zeros and may be 0. Decoding takes one line.

# %% tags=["nbval-check-output"]
run_lengths, height, width = [5, 3, 1, 3, 4], 4, 4
values = np.arange(len(run_lengths)) % 2  # 0, 1, 0, 1, ...
decoded = np.repeat(values, run_lengths).reshape(width, height).T
print(decoded)

from pycocotools import mask as official_masks

code = official_masks.frPyObjects({"size": [height, width], "counts": run_lengths}, height, width)
packed = coco_format.run_lengths(decoded)
assert packed["counts"].encode() == code["counts"], "the official encoder writes the same"
print("packed as text:", packed)

# %% [markdown]
# ### Do both formats give the same label map?
#
# With run lengths for everything they must: each pixel is named. Polygons lose something; how much depends on how far
# the outline may stray, the *tolerance*. At tolerance 0 only *holes* are lost, such as a view between two legs: a COCO
# polygon has none. From then on, coarse outlines cut corners.


# %% tags=["nbval-check-output"]
def through_coco(tolerance):
    """The label map after a round trip through COCO's files, and the bytes of the file of things."""
    root = coco_format.write(Path(scratch.name, f"coco_{tolerance}"), scene, CITYSCAPES, tolerance=tolerance)
    (coco_frame,) = datasets.open("coco", root).frames("val")
    size = (root / "annotations" / "instances_val2017.json").stat().st_size
    return datasets.label_map(coco_frame, CITYSCAPES), size


groups = np.isin(instance_ids, [row.id for row in CITYSCAPES.labels if row.has_instances])
expected = np.where(groups, VOID, label)  # a group that nobody took apart is a "crowd" in COCO, and void
exact, size = through_coco(None)
assert (exact == expected).all()
print(f"run lengths:             0 pixels differ, {size / 1000:4.1f} kB")
holes = np.any([ndimage.binary_fill_holes(mask) & ~mask for mask in (instance_ids == i for i in ids)], axis=0)
for tolerance in (0.0, 0.5, 1.0, 2.0, 4.0):
    rough, size = through_coco(tolerance)
    assert tolerance > 0 or holes[rough != expected].all(), "exact outlines lose holes only"
    wrong = np.sum(rough != expected)
    share = wrong / things.sum()
    print(f"polygons within {tolerance:3.1f} px: {wrong:4d} pixels differ, ", end="")
    print(f"{share:5.1%} of the objects' pixels, {size / 1000:4.1f} kB")

# %%
object_id = ids[np.argmax(sizes)]
x, y, width, height = boxes[np.argmax(sizes)]
drawn = {}
for tolerance in (0.5, 2.0, 6.0):
    parts = coco_format.polygons(instance_ids == object_id, tolerance)
    drawn[f"within {tolerance} px: {sum(map(len, parts)) // 2} corners"] = parts
plotting.show(
    plotting.outlines(image, drawn, (y - 5, x - 5, height + 10, width + 10)),
    alt="00 outlines",
)

# %% [markdown]
# Side by side:
#
# | | Cityscapes | COCO |
# |---|---|---|
# | files | three PNGs and one JSON per frame | one JSON per split and kind |
# | outlines | of the whole thing, painted from far to near | of what is seen |
# | stuff (road, sky) | polygons, like everything | run lengths |
# | a crowd nobody took apart | its class, without a number | `iscrowd`: left out |
# | void | classes of their own | what nobody annotated |
# | pixels | corners lie *on* pixel centres | corners lie *between* pixels: (0, 0) is the picture's corner |
#
# The classes differ as well, in number, name and id. The format does not care (we wrote Cityscapes' classes into
# COCO's files), but you must if you train on both.
#
# **Think first.** A rider on a bicycle is *rider* + *bicycle* in Cityscapes, *person* + *bicycle* in COCO. Can you
# translate?
#
# <details><summary>Answer</summary>From Cityscapes to COCO you can merge. The way back needs information that COCO's
# labels do not have.</details>

# %% [markdown] tags=["core"]
# ## The ground truth becomes a stack of masks
#
# A network cannot answer "26". It gives one *score* per class at every pixel, `[H, W, C]`. To compare, the label
# map becomes a tensor of that shape (*L5*): one mask per class. Write that step; what follows runs on your function.
# (While it isn't right yet, it runs on the course's own, so you can read on.)
#
# ### Exercise 1: one mask per class (1 point)
#
# Return the ground-truth tensor of `label` `[H, W]` as floating-point numbers `[H, W, num_classes]`, with nothing but
# zeros where the label is 255.


# %% nbgrader={"grade": false, "grade_id": "masks", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def one_hot_masks(label, num_classes):
    """One mask for each class, floats [H, W, num_classes]."""
    ### BEGIN SOLUTION
    return (label[..., None] == np.arange(num_classes)).astype(np.float32)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "masks_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
expected = [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
assert_same(one_hot_masks(np.array([[0, 1, 255]], np.uint8), 2), expected, name="the masks of three pixels")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(4, 7), (9, 3), (5, 5)]):
    rng = np.random.default_rng(trial)
    given = rng.integers(0, 4 + trial, shape).astype(np.uint8)
    given[rng.random(shape) < 0.25] = 255
    argument, expected = given.copy(), np.zeros((*shape, 6 + trial))
    for (row, column), c in np.ndenumerate(given):
        if c != 255:
            expected[row, column, c] = 1
    assert_same(one_hot_masks(argument, 6 + trial), expected, name=f"the masks of a map of shape {shape}")
    assert_same(argument, given, name="the map after your function has seen it")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint</summary>Compare <code>label[..., None]</code>, of shape <code>[H, W, 1]</code>, with all
# class numbers at once.</details>
#
# The smallest example, three classes and one void pixel:


# %% tags=["core", "nbval-check-output"]
def masks_by_keras(label, num_classes):
    """The course's own."""
    return keras.ops.convert_to_numpy(keras.ops.one_hot(np.where(label == VOID, -1, label), num_classes))


small = np.array([[0, 0, 2], [1, VOID, 2]], np.uint8)
masks_of = adopt("one_hot_masks", globals(), ours=masks_by_keras, trials=[(small, 3), (small[:1], 4)])
one_hot = masks_of(small, 3)
for c in range(3):
    print(f"mask of class {c}\n{one_hot[..., c]}")
print("ones at each pixel\n", one_hot.sum(axis=-1))

masks = masks_of(label, CITYSCAPES.num_classes)  # the same for our scene, [H, W, 19]
assert (masks.sum(axis=-1) == (label != VOID)).all()
assert (masks.argmax(axis=-1) == label)[label != VOID].all()

# %% [markdown] tags=["core"]
# Each labelled pixel has exactly one 1: the tensor is *one-hot*. The void pixel has none; calling it class 0 would
# teach that unlabelled things are road. The way back is the position of the largest entry, the *arg max*. Programs
# rarely store the stack, 19 floats for one byte; a "sparse" loss looks up the one score that matters. But it's the
# right mental model.
#
# **Self-test.** A frame of 1024 x 2048 and 19 classes: how large is the label map, how large the stack in
# float32?
#
# <details><summary>Answer</summary>2 MiB at one byte per pixel, and 19 times 4 bytes per pixel: 152 MiB.</details>

# %% [markdown] tags=["core"]
# ## Softmax: scores become probabilities
#
# The scores, *logits*, are any real numbers. The softmax makes them positive and lets them add up to 1:
# $p_c = e^{z_c} / \sum_k e^{z_k}$. *Channel-wise* means over the classes of one pixel. In this form large logits
# overflow.
#
# ### Exercise 2: a softmax that does not overflow (2 points)
#
# Return the softmax of `logits` over their last axis. They may have any number of axes, and be as large as 1000.


# %% nbgrader={"grade": false, "grade_id": "softmax", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def softmax(logits):
    """Probabilities of the shape of `logits`, adding up to 1 over the last axis."""
    ### BEGIN SOLUTION
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "softmax_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### PART 1 point: logits of moderate size
assert_same(softmax(np.log([1.0, 2.0, 5.0])), [0.125, 0.25, 0.625], name="the softmax of log 1, log 2 and log 5")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(3,), (4, 3), (5, 4, 3), (2, 3, 5, 7)]):
    given = np.random.default_rng(trial).normal(0, 3, shape)
    argument, powers = given.copy(), np.exp(given)
    assert_same(softmax(argument), powers / powers.sum(-1, keepdims=True), name=f"the softmax of shape {shape}")
    assert_same(argument, given, name="the logits after your function has seen them")
### PART 1 point: large logits
large = np.array([[1000.0, 0.0], [-1000.0, -1000.0], [-1000.0, 1000.0]])
assert_same(softmax(large), [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], name="the softmax of large logits")
for trial, shape in enumerate([(4,), (3, 5), (2, 3, 4)], 4):
    given = np.random.default_rng(trial).normal(size=shape)
    powers = np.exp(given)
    given += np.random.default_rng(trial).choice([-1000, 1000], (*shape[:-1], 1))  # the same for all classes
    argument = given.copy()
    expected = powers / powers.sum(-1, keepdims=True)
    assert_same(softmax(argument), expected, name=f"the softmax of large logits of shape {shape}", rtol=1e-4)
    assert_same(argument, given, name="the logits after your function has seen them")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Softmax does not change when you subtract the same number from all logits of a
# pixel.</details>
# <details><summary>Hint 2</summary>Which number? Each pixel has its own largest logit, and <code>keepdims=True</code>
# keeps the shapes together.</details>

# %% tags=["core", "nbval-check-output"]
rng = np.random.default_rng(7)
logits = rng.normal(0, 2, (2, 3, 3))  # [H, W, classes]


def softmax_by_keras(values):
    """The course's own."""
    return keras.ops.convert_to_numpy(keras.ops.softmax(values, axis=-1))


trials = [(logits,), (logits[0, 0],), (np.array([[1000.0, 0.0], [-1000.0, 1000.0]]),)]
softmax_of = adopt("softmax", globals(), ours=softmax_by_keras, trials=trials)
probabilities = softmax_of(logits)
assert np.allclose(probabilities, softmax_by_keras(logits), atol=1e-6)
assert np.allclose(probabilities.sum(axis=-1), 1)
print(np.round(probabilities[0, 0], 3), "at the first pixel; Keras agrees")

# %% [markdown] tags=["core"]
# **Think first.** What would `axis=0` compute? Would training complain?
#
# <details><summary>Answer</summary>A competition between the rows of the image. Nothing would complain: shape and range
# are right. That is why the cell asserts the sums.</details>

# %% [markdown] tags=["core"]
# ## The loss: how surprised are we by the truth?
#
# At each labelled pixel, take minus the logarithm of the *true* class's probability; then average. (To minimise that is
# maximum likelihood.) With one-hot masks $y$ this is $-\sum_c y_c \log p_c$, of which the mask picks one term. Void pixels count neither in the sum nor in the
# number that it is divided by.
#
# ### Exercise 3: the loss (2 points)
#
# Return the mean loss of a picture, a number: `label` `[H, W]` holds class numbers and 255 for void, `logits`
# `[H, W, C]` are scores as large as 1000. Void pixels don't count. Without a labelled pixel the loss is 0.


# %% nbgrader={"grade": false, "grade_id": "loss", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def segmentation_loss(label, logits):
    """Mean of -log p(true class) over the labelled pixels, a float."""
    ### BEGIN SOLUTION
    known = label != 255
    if not known.any():
        return 0.0
    scores = logits[known] - logits[known].max(axis=-1, keepdims=True)
    true = scores[np.arange(len(scores)), label[known]]
    return float(np.mean(np.log(np.exp(scores).sum(axis=-1)) - true))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "loss_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def loss_trial(seed_, shape, void_share, offset):
    rng = np.random.default_rng(seed_)
    scores, truth = rng.normal(0, 3, shape), rng.integers(0, shape[-1], shape[:2]).astype(np.uint8)
    truth[rng.random(shape[:2]) < void_share] = 255
    expected, count = 0.0, 0
    for (row, column), c in np.ndenumerate(truth):
        if c != 255:
            expected += np.log(np.exp(scores[row, column] - scores[row, column, c]).sum())
            count += 1
    scores += offset * rng.choice([-1, 1], (*shape[:2], 1))  # the same for all classes of a pixel
    given = truth.copy(), scores.copy()
    assert_same(segmentation_loss(*given), expected / count, name=f"the loss of logits of shape {shape}", rtol=1e-4)
    assert_same(given[0], truth, name="the labels after your function has seen them")
    assert_same(given[1], scores, name="the logits after your function has seen them")


### END HIDDEN TESTS
### PART 1 point: void pixels
two = np.log([[[1.0, 3.0], [1.0, 1.0]]])
assert_same(
    segmentation_loss(np.array([[1, 255]], np.uint8), two), -np.log(0.75), name="the loss of a pixel and a void one"
)
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(4, 7, 3), (5, 2, 6), (3, 3, 4)]):
    loss_trial(trial, shape, 0.3, 0)
### END HIDDEN TESTS
### PART 0.5 points: large logits
two = np.log([[[1.0, 3.0], [1.0, 1.0]]])
assert_same(
    segmentation_loss(np.array([[0, 1]], np.uint8), 1000 * two), 500 * np.log(3) + np.log(2) / 2, name="large logits"
)
### BEGIN HIDDEN TESTS
loss_trial(3, (4, 6, 3), 0, 1000)
far = np.array([[[1000.0, 0.0, -1000.0]]])
assert_same(segmentation_loss(np.array([[2]], np.uint8), far), 2000.0, name="the loss of a sure and wrong pixel")
### PART 0.5 points: maps without a labelled pixel
loss_trial(4, (2, 5, 4), 0.2, 0)
nothing = np.full((2, 3), 255, np.uint8)
assert_same(segmentation_loss(nothing, np.zeros((2, 3, 4))), 0.0, name="the loss without a labelled pixel")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>The logarithm of a softmax is <code>z[c] - log(sum(exp(z)))</code>: no division,
# and no logarithm of 0.</details>
# <details><summary>Hint 2</summary>Subtract each pixel's largest logit first, as in exercise 2. <code>logits[label !=
# 255]</code> keeps the labelled pixels, one per row.</details>


# %% tags=["core", "nbval-check-output"]
def loss_by_course(label, scores):
    """The course's own."""
    return float(training.SegmentationCrossEntropy()(label, scores))


loss_of = adopt(
    "segmentation_loss", globals(), ours=loss_by_course, trials=[(small, logits), (small[:1], logits[:1] * 3)]
)
by_hand, counted = loss_of(small, logits), small != VOID

dense = keras.losses.CategoricalCrossentropy(from_logits=True)(one_hot[counted], logits[counted])
sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID)(small, logits)
ours = training.SegmentationCrossEntropy()(small, logits)
for name, value in [("one-hot", dense), ("sparse", sparse), ("the course's", ours)]:
    assert np.isclose(float(value), by_hand, rtol=1e-5), name
print(f"by hand {by_hand:.4f}; Keras with masks, Keras with class numbers and the course's loss agree")

# %% [markdown] tags=["core"]
# The gradient with respect to the logits is simply probability minus mask. (The average divides it by the number of
# labelled pixels; the cell multiplies that back.)

# %% tags=["core", "nbval-check-output"]
z = tf.Variable(logits)
with tf.GradientTape() as tape:
    total = counted.sum() * keras.losses.CategoricalCrossentropy(from_logits=True)(one_hot[counted], z[counted])
pull = tf.convert_to_tensor(tape.gradient(total, z)).numpy()
assert np.allclose(pull, np.where(counted[..., None], probabilities - one_hot, 0), atol=1e-6)
print("its gradient: probabilities - masks, and 0 where void")

# %% [markdown] tags=["core"]
# Move the logit of *car* and choose the truth. One class rises at the expense of all others; the loss grows almost in a
# straight line where the network is sure and wrong. Below the panel, three cases with logits of their own; the truth is
# *car*.

# %% jupyter={"source_hidden": true} tags=["core"]
from course_utils.widgets import interactive_figure

five = ["road", "sidewalk", "building", "person", "car"]


def draw(car_logit=3.0, truth="person"):
    truth = None if truth == "void" else five.index(truth)
    return plotting.softmax_and_loss([1.5, 0.5, 0.0, 1.0, car_logit], 4, truth, five)


interactive_figure(
    draw,
    alt=lambda car_logit, truth: f"Logits, probabilities and loss of one pixel of class {truth}; car has {car_logit}.",
    car_logit=(-6.0, 6.0, 0.5),
    truth=[*five, "void"],
)

# %% tags=["core"]
cases = {
    "sure and right": [0, 0, 0, 0, 5],
    "undecided": [0, 0, 0, 0, 0],
    "sure and wrong": [5, 0, 0, 0, 0],
}
plotting.show(
    plotting.softmax_cases(cases, truth=4, names=five),
    alt="00 softmax-cases",
)

# %% [markdown] tags=["core"]
# **Think first.** Before any training, all classes are about equally probable. Which loss do you expect for 19 classes?
#
# <details><summary>Answer</summary>log 19, about 2.94: a good first check of a new network.</details>

# %% [markdown]
# ## More: One scene, many training examples
#
# Labels are expensive, so training shows each scene in many forms: cropped, larger or smaller, mirrored, recoloured.
# One rule keeps image and labels together. *What moves pixels moves both, by the same draw; what changes colours
# leaves the labels alone.* The image is interpolated, its labels take the nearest pixel, and what lies outside the
# scene is void.

# %%
from course_utils.datasets.augmentation import Augmentation

half = label.shape[0] // 2, label.shape[1] // 2
example = Augmentation(crop_size=half, scale=(0.4, 1.2), flip=True, color=0.6)
draws = [example(np.float32(image), label, (seed, number)) for number in range(4)]
columns = [(image, label), *[(picture.numpy(), truth.numpy()) for picture, truth in draws]]
plotting.show(
    plotting.panels(list(zip(*columns, strict=True)), ["the scene", *[f"draw {i}" for i in range(1, 5)]], CITYSCAPES),
    alt="00 augmentation",
)

# %% [markdown]
# Does it keep the rule? Hide the labels *in* an image: wherever a pixel goes, its label must go, too.

# %% tags=["nbval-check-output"]
hidden = np.repeat(np.float32(label)[..., None] / 255, 3, axis=-1)
for number in range(20):
    moved, moved_label = Augmentation((96, 200), flip=True)(hidden, label, (seed, number))
    assert np.array_equal(np.round(255 * moved[..., 0]), moved_label), "image and labels were cropped or mirrored apart"
    _, scaled_label = example(hidden, label, (seed, number))
    assert set(np.unique(scaled_label)) <= {*np.unique(label), VOID}, "a class that the scene does not have"
print("20 draws: every pixel kept its label, and no class was invented")

# %% [markdown]
# **Think first.** Classifiers are also trained on images (a) mirrored left to right, (b) turned by ten degrees, (c)
# averaged with another image. What would the label map have to become?
#
# <details><summary>Answer</summary>(a) Mirrored; a class that means "left" would have to be exchanged as well. (b)
# Turned, by the nearest pixel, with void in the corners. (c) No label map can be the answer: halfway between two class
# numbers is a third class. The one-hot masks can be averaged.</details>

# %% [markdown]
# ## More: From a picture to a label map
#
# Now a network as small as it can be: four convolutions, each of which looks further around a pixel (*dilation*,
# notebook 06), and a 1 x 1 convolution from 16 features to 19 scores. Height and width stay open: `None`. It trains
# for some seconds on the training scenes, with the loss from above, and only has to beat guessing.


# %%
def tiny_network():
    layers = [keras.Input((None, None, 3))]
    for dilation in (1, 2, 4, 8):
        layers.append(keras.layers.Conv2D(16, 3, padding="same", dilation_rate=dilation, use_bias=False))
        layers.append(keras.layers.BatchNormalization(momentum=0.8))
        layers.append(keras.layers.ReLU())
    layers.append(keras.layers.Conv2D(CITYSCAPES.num_classes, 1))
    return keras.Sequential(layers)


# %% tags=["predict"]
from course_utils.datasets.pipeline import from_frames


def arrays(some_frames, size):
    pairs = list(from_frames(some_frames, CITYSCAPES, size).as_numpy_iterator())
    return np.stack([picture for picture, _ in pairs]), np.stack([truth for _, truth in pairs])


network = tiny_network()
pictures, truths = arrays(data.frames("train")[:100], (64, 128))
rate = keras.optimizers.schedules.CosineDecay(0.01, epochs * -(-len(pictures) // 4))
network.compile(
    keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID)
)
untrained = network.evaluate(pictures, truths, batch_size=4, verbose=0)
print(f"log 19 is {np.log(19):.2f}; the untrained network's loss is {untrained:.2f}")
history = network.fit(pictures, truths, batch_size=4, epochs=epochs, verbose=0)
print(
    f"{network.count_params()} parameters; loss {history.history['loss'][0]:.1f} in the first pass, "
    f"{history.history['loss'][-1]:.1f} in the last"
)

# %% [markdown]
# Follow our scene through it. Papers write C x H x W; TensorFlow stores `[H, W, C]`. The second figure is what training
# compared: masks from the label map, the softmax of the scores, and between them the loss.
#
# **Think first.** Where will the loss be bright?
#
# <details><summary>Answer</summary>Along the borders between classes, where a few pixels decide, and on small or rare
# things (people, poles, signs), whose true class the network has hardly seen. In the middle of road and sky it is
# dark.</details>

# %%
(small_image,), (small_label,) = arrays([frame], (64, 128))
features = keras.Model(network.inputs[0], network.layers[-2].output)(small_image[None])[0].numpy()
logits = network(small_image[None], training=False)[0].numpy()
prediction = logits.argmax(axis=-1)
common = np.argsort(-np.bincount(small_label[small_label != VOID], minlength=CITYSCAPES.num_classes))[:5]
plotting.show(
    plotting.network_tensors(small_image, features, logits, prediction, common, CITYSCAPES),
    alt="00 network-tensors",
)

# %% tags=["predict"]
probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits, axis=-1))
masks = small_label[..., None] == np.arange(CITYSCAPES.num_classes)
loss = np.full(small_label.shape, np.nan)
loss[small_label != VOID] = -np.log(probabilities[masks])
plotting.show(
    plotting.masks_and_probabilities(masks, probabilities, loss, common, CITYSCAPES),
    alt="00 masks-and-probabilities",
)
right = np.mean((prediction == small_label)[small_label != VOID])
print(f"right pixels: {right:.0%}; all road: {np.mean(small_label[small_label != VOID] == 0):.0%}")

# %% [markdown]
# **Self-test.** At which step on the way from features to label map is it lost how sure the network was?
#
# <details><summary>Answer</summary>At the arg max, which keeps the winner only. Softmax keeps everything but one
# constant per pixel.</details>

# %% [markdown]
# ## More: Does the architecture change when the image size does?
#
# **Think first** (*L5*). The network was trained at 64 x 128. Which of its layers knows that? Run the same weights at
# three sizes, one of them odd.


# %% tags=["predict"]
def share_right(scores, truth):
    return np.mean((np.argmax(scores, axis=-1) == truth)[truth != VOID])


before = [weight.copy() for weight in network.get_weights()]
for size in [(64, 128), (61, 47), (128, 256)]:
    (picture,), (truth,) = arrays([frame], size)
    answer = network(picture[None], training=False)[0].numpy()
    assert answer.shape == (*size, CITYSCAPES.num_classes)
    print(f"image {size[0]:3d} x {size[1]:3d} -> scores {answer.shape}, right pixels {share_right(answer, truth):.0%}")
assert all((old == new).all() for old, new in zip(before, network.get_weights(), strict=True))

windows = inference.Views(network, window=(64, 128))(picture[None])[0]
print(f"the last one through windows of 64 x 128: right pixels {share_right(windows, truth):.0%}")

# %% [markdown]
# <details><summary>Answer</summary>None of them: a convolution is a small kernel that slides over whatever it is
# given.</details>
#
# *It runs* does not mean *it is as good*: on a larger image a car has more pixels than any car in training had; compare the shares of right pixels. An
# image too large for the memory goes through the network in overlapping *windows*, and where they overlap their
# probabilities are averaged. A window does not see what lies beyond its edge.
#
# For contrast, a network that ends in a dense layer, with one weight per pair of input and output. It refuses other
# sizes, and building it anew for them costs weights that grow with the *square* of the number of pixels.


# %% tags=["nbval-check-output"]
def dense_network(height, width):
    grid = (height // 8, width // 8)
    return keras.Sequential(
        [
            keras.Input((height, width, 3)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(8),
            keras.layers.Flatten(),
            keras.layers.Dense(grid[0] * grid[1] * 19),
            keras.layers.Reshape((*grid, 19)),
        ]
    )


fixed = dense_network(64, 128)
for size in [(64, 128), (128, 256), (61, 47)]:
    try:
        print(f"image {size[0]:3d} x {size[1]:3d} -> scores {tuple(fixed(tf.zeros([1, *size, 3])).shape[1:])}")
        assert size == (64, 128)
    except ValueError:
        print(f"image {size[0]:3d} x {size[1]:3d} -> refused: the dense layer has weights for one size only")
        assert size != (64, 128)

# %% tags=["nbval-check-output"]
open_weights = tiny_network().count_params()
for height, width in [(64, 128), (128, 256), (1024, 2048)]:
    cells = (height // 8) * (width // 8)
    weights = 448 + (16 * cells + 1) * 19 * cells  # of the convolution, then of the dense layer
    print(f"{height:4d} x {width:4d}: dense {weights / 1e6:12,.1f} M weights, convolutions {open_weights / 1e6:.3f} M")
assert fixed.count_params() == 448 + (16 * 128 + 1) * 19 * 128

# %% [markdown]
# So the claim holds *when every layer slides over the map (convolution, pooling) or works on each pixel or channel
# alone*. It fails with a flattened dense layer, and needs care where pooling rounds odd sizes (notebook 05).

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("00")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand where they are needed, above. Each answer goes into the function that is there; the cell below
# it checks. Your function is also checked on inputs you do not see, so solve the problem and not the example. Don't
# change the arrays that you are given.
#
# ### Exercise 4: boxes from an instance map (1 point)
#
# An instance map holds `label id * 1000 + number`, 1000 or more, where there is an object of any class, and numbers
# below 1000 elsewhere. Return one row per object, in ascending order of its id: `[id, x, y, width, height]`, where `x,
# y` is the column and row of the box's left upper pixel. A single pixel has width 1. Without objects, return an
# integer array of shape (0, 5).


# %% nbgrader={"grade": false, "grade_id": "boxes", "locked": false, "schema_version": 3, "solution": true, "task": false}
def boxes_of(instance_map):
    """Rows of id, x, y, width and height, integers [objects, 5]."""
    ### BEGIN SOLUTION
    found = []
    for i in np.unique(instance_map[instance_map >= 1000]):
        rows, columns = np.nonzero(instance_map == i)
        found.append([i, columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1])
    return np.array(found, int).reshape(-1, 5)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "boxes_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
two_things = np.full((4, 6), 7)
two_things[1, 2:5] = two_things[2, 3] = 26000
two_things[3, 0] = 1000
assert_same(boxes_of(two_things), [[1000, 0, 3, 1, 1], [26000, 2, 1, 3, 2]], name="the two boxes")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(5, 9), (11, 4), (1, 8), (30, 17)]):
    rng = np.random.default_rng(trial)
    given = rng.choice([7, 11, 24, 999, 1000, 24000, 24001, 26003, 26000, 33012], shape).astype(np.int32)
    argument = given.copy()
    expected = np.column_stack([objects.object_ids(given), objects.boxes(given)])
    assert_same(boxes_of(argument), expected, name=f"the boxes in a map of shape {shape}")
    assert_same(argument, given, name="the map after your function has seen it")
assert_same(boxes_of(np.full((3, 4), 26)), np.zeros((0, 5), int), name="the boxes where there is no object")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary><code>rows, columns = np.nonzero(mask)</code> lists the pixels of a mask.</details>
# <details><summary>Hint 2</summary>From column 2 to column 4 there are three pixels, not two.</details>
#
# ### Exercise 5: run lengths (2 points)
#
# Encode a mask of true and false `[H, W]` as COCO does: go down the columns, from left to right, and list the lengths
# of the runs of 0, 1, 0, 1, ... as whole numbers. The first run is of zeros, and is 0 if the first pixel is true.


# %% nbgrader={"grade": false, "grade_id": "encode", "locked": false, "schema_version": 3, "solution": true, "task": false}
def encode(mask):
    """Uncompressed run lengths of a mask, a list of integers."""
    ### BEGIN SOLUTION
    flags = np.concatenate([[False], mask.T.ravel()])
    changes = np.flatnonzero(flags[1:] != flags[:-1])
    return np.diff(np.concatenate([[0], changes, [mask.size]])).tolist()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "encode_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
assert_same(encode(np.array([[0, 0, 1], [0, 1, 1]], bool)), [3, 3], name="the run lengths")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(3, 5), (6, 2), (1, 7), (8, 1), (13, 9)]):
    given = np.random.default_rng(trial).random(shape) < 0.5
    for mask, what in ((given, "a mask"), (~given, "its opposite")):
        argument, expected, value = mask.copy(), [0], False
        for pixel in mask.ravel(order="F").tolist():
            if pixel != value:
                expected, value = [*expected, 0], pixel
            expected[-1] += 1
        assert_same(encode(argument), expected, name=f"the run lengths of {what} of shape {shape}")
        assert_same(argument, mask, name="the mask after your function has seen it")
assert_same(encode(np.zeros((2, 3), bool)), [6], name="the run lengths of an empty mask")
assert_same(encode(np.ones((2, 3), bool)), [0, 6], name="the run lengths of a full mask")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary><code>mask.T.ravel()</code> goes down the columns.</details>
# <details><summary>Hint 2</summary>A run ends where a pixel differs from the one before it. What stands "before" the
# first pixel, if the first run is of zeros?</details>
# <details><summary>Hint 3</summary>The differences between the places of the changes are the lengths.</details>
#
# ### Exercise 6: in your own words (2 points)
#
# A town counts the people in a square. Somebody suggests a semantic segmentation network: label the pixels of class
# *person*, then count the connected parts of that mask. Name a situation in which the count comes out too low and one
# in which it comes out too high, and say which kind of problem you would pose instead, and what it does not tell you.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# Too low: people who touch or cover each other in the picture share one connected part, as the cars in this notebook
# do. Too high: a pole or another object in front of somebody cuts the mask in two; stray wrong pixels are parts, too.
# Detection counts objects, with a box for each: enough for a count, and cheaper to label than masks. It does not tell
# which pixels are people, so not how much of the square they cover; nor anything about the ground. (Instance
# segmentation is also right, if the answer says that it still leaves out everything that is not an object, or that its
# labels cost more than a count needs.)
#
# ### RUBRIC
#
# - 1 point: one situation for a count that is too low, and one for a count that is too high (half a point each).
# - 1 point: a problem that fits, detection or instance segmentation (half a point), and what it does not tell (half a
#   point).
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - A label map is a tensor of class numbers, `[H, W]`; void marks the pixels that do not count.
# - One instance map answers three problems. The class mask loses the count, boxes lose the shape, instances lose the
#   rest of the world.
# - Cityscapes paints polygons from far to near; COCO outlines what is seen, or counts runs. Exact labels survive either
#   way; simplified outlines and holes do not.
# - Ground truth: one mask per class. Softmax: over the classes of a pixel. Loss: minus the logarithm of the true
#   class's probability, over the labelled pixels.
# - What moves the pixels of an image in training moves its labels by the same draw; what changes colours leaves them.
# - A network of convolutions runs at any size with the same weights; how well is another question.
#
# **Next:** networks shrink the image to see more of it. Notebook 01 asks how to enlarge it again.

# %% [markdown]
# ## Further reading
#
# - M. Cordts et al.: *The Cityscapes Dataset for Semantic Urban Scene Understanding*, CVPR 2016: section 2 on
#   the labels. The official scripts: github.com/mcordts/cityscapesScripts.
# - T.-Y. Lin et al.: *Microsoft COCO: Common Objects in Context*, ECCV 2014: section 4 on the annotation. The format:
#   cocodataset.org, "Data format".
# - J. Long, E. Shelhamer, T. Darrell: *Fully Convolutional Networks for Semantic Segmentation*, CVPR 2015: section 3.
# - K. He, G. Gkioxari, P. Dollár, R. Girshick: *Mask R-CNN*, ICCV 2017: section 3 and figure 4.
# - A. Kirillov et al.: *Panoptic Segmentation*, CVPR 2019: semantic and instance segmentation as one task.
# - V. Badrinarayanan, A. Kendall, R. Cipolla: *SegNet*, IEEE PAMI 39(12), 2017: section 3.
