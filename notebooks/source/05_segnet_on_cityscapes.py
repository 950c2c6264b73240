# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 100
#     claims: [L4, L5]
# ---

# %% [markdown]
# # 05 · SegNet, from street photographs to a per-class table
#
# **After this notebook you can** build SegNet, say why it takes images of any size, train it from an encoder that was a
# classifier (freeze, train, unfreeze, fine-tune), test whether that helped, and read the table of class IoUs that papers
# print.
#
# **Time:** 100 minutes: 40 to read and try, 60 for the exercises; the cells themselves need under four on two processor
# cores.
#
# **Lecture claims:** *L4*, early training: initialise the encoder with a classifier, freeze it, train the decoder,
# unfreeze, fine-tune. *L5*, SegNet puts it together: one mask per class, a channel-wise softmax, a loss between them; and
# the architecture does not change when the image size does.
#
# **Before it:** transposed convolution (02) and unpooling (04). **Exercises:** four to compute (8 points) and one to
# write (2 points).

# %% [markdown]
# The next cell holds everything you may want to change. As it stands the notebook uses *Toy Streets*: scenes drawn by a
# program, in the exact layout of Cityscapes, so that it runs anywhere. The last section says what to change for real
# photographs and a GPU.

# %% tags=["parameters"]
fast = False  # True: a short run that shows everything and learns little
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
image_size = (48, 96)  # height and width that the network sees
labelled_frames = 48  # how many label maps the comparison may use; None: all
width = 0.25  # share of SegNet's channels; 1.0 is the published network
encoder_weights = None  # None: pretrained below; "imagenet" needs the network and width = 1.0
pretraining_steps = 80  # steps of that pretraining
steps = 160  # training steps of each competitor
seeds = 2  # repetitions of each competitor
epochs = 12  # passes over the whole training split for the final network
output_dir = "../runs"  # where that network is kept

# %%
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np

from course_utils import datasets, labels, models, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import assert_same
from course_utils.datasets.pipeline import evaluation_batches, from_frames, training_batches
from course_utils.evaluation import ImageBlindPrior
from course_utils.inference import Predictor, score_frames
from course_utils.losses.boundaries import edge_labels
from course_utils.training.optimization.optimizers import muon
from course_utils.weights import card, shipped

scored = slice(None)  # of the validation frames
if fast:
    scored = slice(None, None, 5)
    pretraining_steps, steps, seeds, epochs, labelled_frames, image_size = 4, 4, 1, 1, 16, (32, 64)
keras.utils.set_random_seed(seed)

# %% [markdown]
# ## The question
#
# A car with a camera wants to know, for every pixel, whether it is road or pavement, person or pole. Below are three
# frames, the same frames with the label map laid over them, and the label maps alone. Black is *void*: pixels that
# nobody labelled, or that show the car's own bonnet. They count neither in training nor in the score.

# %%
data = datasets.open(dataset, data_dir)
table = data.labels
train, val = data.load("train", image_size), data.load("val", image_size)

rows = []
for frame in val.frames[:3]:
    image, label = datasets.read_image(frame.image) / 255, datasets.label_map(frame, table)
    rows.append((image, plotting.overlay(image, label, table), label))
plotting.show(
    plotting.panels(rows, ["image", "image and labels", "label map (the ground truth)"], table),
    alt="Three street scenes, each beside its label map; every pixel has the colour of its class.",
)

# %% [markdown]
# ### A SegNet that works
#
# Before you take it apart, see what it can do. The course ships a SegNet that has been trained on these streets for longer
# than you want to wait (its *card* says how). Here it answers for the same three frames:

# %%
address = f"SegNet/{dataset}"
if address in shipped():
    shipped_segnet = Predictor(models.pretrained("SegNet", dataset), card(address).image_size)
    answers = [shipped_segnet(image[None])[0] for image, _, _ in rows]
    plotting.show(
        plotting.panels(
            [(image, answer, label) for (image, _, label), answer in zip(rows, answers, strict=True)],
            ["image", "the shipped SegNet", "label map (the ground truth)"],
            table,
        ),
        alt="The three street scenes, what the shipped SegNet says of every pixel, and the label maps.",
    )
else:
    print(f"The course ships no SegNet for {dataset}.")

# %% [markdown]
# Find its mistakes: which classes does it know, and what becomes of poles and of things far away? At the end of this
# notebook its scores stand beside those of the network that you train.
#
# ## The classes are far from equal
#
# Road fills a third of the pixels, a traffic light less than one in a hundred. A network that minimises plain
# cross-entropy may ignore every rare class and still look good. *Median frequency balancing* (SegNet, section 3.2)
# divides the median of the class frequencies by each class's own. We use its square root, which is less extreme: a weight of
# 30 becomes one of 5.5.

# %%
pixels, image_pixels = data.pixel_counts("train")
weights = training.median_frequency_weights(pixels, image_pixels, power=0.5)
plotting.show(
    plotting.class_frequencies(pixels, weights, table),
    alt="Two bars per class: its share of the pixels, and its weight in the loss, which is large where the share is small.",
)

# %% [markdown]
# **Self-test.** The median of the frequencies is 0.02, and one class has 0.32. What is its full weight, and which weight do
# we use?
#
# <details><summary>Answer</summary>0.02 / 0.32 = 0.0625, and its square root, 0.25.</details>
#
# ## SegNet in one picture
#
# An encoder, the thirteen convolutions of VGG16, halves the image five times. The decoder is its mirror image. What
# makes it SegNet is the dashed arrows: each max pooling remembers *where* its maxima were, and the decoder puts its
# values back in those places.

# %%
plotting.show(
    plotting.segnet(),
    alt="SegNet as an hour-glass: five encoder stages shrink the image, five mirrored stages restore it; "
    "dashed arrows carry the pooling indices across.",
)

# %% [markdown]
# The smallest example, with the lecture's numbers: pool a 4 x 4 map, then put other values back where the maxima were.

# %% tags=["nbval-check-output"]
from course_utils.layers import MaxPoolingWithIndices2D, MaxUnpooling2D

feature_map = np.array([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]], np.float32).reshape(1, 4, 4, 1)
values, indices = MaxPoolingWithIndices2D(2)(feature_map)
put_back = MaxUnpooling2D(2)([np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1), indices, feature_map])

print("maxima\n", values[0, :, :, 0].numpy())
print("1 2 3 4 put back\n", put_back[0, :, :, 0].numpy())
assert (values[0, :, :, 0].numpy() == [[5, 6], [7, 8]]).all()
assert (put_back[0, :, :, 0].numpy() == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]).all()

# %% [markdown]
# **Self-test.** Where would 1, 2, 3 and 4 stand if every index were 0?
#
# <details><summary>Answer</summary>At the top left of their windows: rows 0 and 2, columns 0 and 2.</details>
#
# ## Build it
#
# `models.SegNet` is the published network; `width` scales its channels so that it trains on a laptop. The paper counts
# 14.7 million parameters in the encoder and 29.5 million in all. Ours, at full width:

# %% tags=["nbval-check-output"]
published = models.SegNet(19)
encoder = sum(layer.count_params() for layer in models.encoder_layers(published))
print(f"encoder {encoder / 1e6:.1f} M, whole network {published.count_params() / 1e6:.1f} M parameters")
assert round(encoder / 1e6, 1) == 14.7
del published


# %% tags=["nbval-check-output"]
def new_segnet(seed):
    keras.utils.set_random_seed(seed)
    return models.SegNet(table.num_classes, width=width)


slim = new_segnet(seed)
print(f"at width {width}: {slim.count_params() / 1e6:.2f} M parameters")

# %% [markdown]
# **Self-test.** At width 0.25, by what factor does the number of weights shrink, and why not by four?
#
# <details><summary>Answer</summary>By about 16: a convolution has a weight per pair of an input and an output channel, and
# there are a quarter as many of both.</details>
#
# ## Self-test: does the architecture change when the image size does?
#
# Think first. Every layer is a convolution, a normalisation per channel, a pooling or an unpooling; which of them depends
# on the image's height? Run the same weights on three sizes, one of them odd and not divisible by 32.

# %% tags=["nbval-check-output"]
before = [weight.numpy().copy() for weight in slim.weights]
for size in [(64, 128), (96, 96), (61, 47)]:
    logits = slim(tf.zeros([1, *size, 3]), training=False)
    print(f"image {size[0]} x {size[1]} -> logits {tuple(logits.shape[1:3])}")
    assert tuple(logits.shape[1:3]) == size
assert all((old == new.numpy()).all() for old, new in zip(before, slim.weights, strict=True))

# %% [markdown]
# None does: the output is as large as the image, with the same weights. Pooling rounds odd sizes up, and unpooling is told
# which size to restore.
#
# ## Ground truth, softmax, loss
#
# The label map becomes a stack of masks, one per class, and a softmax *across the channels* of every pixel turns the
# network's logits into a stack of probabilities. The loss takes, at each pixel, the probability of the true class.
# By hand, for one frame:

# %% tags=["nbval-check-output"]
image, label = next(val.as_numpy_iterator())
logits = slim(image[None], training=False)[0].numpy().astype(np.float64)
masks = label[..., None] == np.arange(table.num_classes)  # [H, W, classes], all False where void
probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
by_hand = -np.log(probabilities[masks]).mean()

from_library = float(training.SegmentationCrossEntropy()(label[None], logits[None]))
assert (masks.sum(axis=-1) == (label != labels.VOID)).all(), "one mask for each labelled pixel, none for void"
assert np.isclose(by_hand, from_library, rtol=1e-4)
print("by hand and by the library: equal")

# %% [markdown]
# **Self-test.** The true class of a pixel gets a probability of 1/4. What does the pixel add to the loss? What does a void
# pixel add?
#
# <details><summary>Answer</summary>log 4, about 1.39. A void pixel adds nothing, and does not count in the
# mean.</details>
#
# ## An encoder that was a classifier
#
# The lecture's recipe starts from a network that recognises photographs. With a network connection,
# `encoder_weights="imagenet"` takes VGG16's published weights. Here, offline, **the course pretrains its own encoder**,
# and you should know on what: 32 x 32 crops of training scenes, each labelled with the one class at its centre. As with
# ImageNet, such a label says *what*, not *where*, and there are many more crops than label maps. The task is far smaller
# than ImageNet, and much closer to ours; and after a few steps the classifier gets few crops right, as the next cell
# prints. An encoder that has hardly learnt cannot show what a good one is worth.


# %%
def pretrained_encoder():
    classifier = models.classifier(table.num_classes, width=width)
    crops = training.crop_batches(train, batch_size=32, seed=seed)
    training.compile_model(classifier, optimizer=muon)
    budget = training.Budget(steps=pretraining_steps)
    training.fit(classifier, crops, budget, learning_rate=0.03, schedule="cosine", title="Pretraining")
    images, classes = next(iter(training.crop_batches(val, batch_size=256, seed=seed)))
    right = np.mean(np.argmax(classifier.predict_on_batch(images), axis=-1) == classes.numpy())
    print(f"class of a validation crop: {right:.0%} right; guessing: {1 / table.num_classes:.0%}")
    return classifier


pretrained = pretrained_encoder() if encoder_weights is None else None

# %% [markdown]
# **Self-test.** What can a label of a whole crop teach an encoder, and what can it not?
#
# <details><summary>Answer</summary>What things look like, but not where one ends and the next begins. That is left to
# the decoder and to training with label maps.</details>
#
# ## Freeze, train, unfreeze: does it help?
#
# Three competitors get the same few label maps, the same number of steps, and the same seeds:
#
# | competitor | encoder starts | first half | second half |
# |---|---|---|---|
# | from scratch | random | everything is trained | everything is trained |
# | classifier, frozen first | as a classifier | decoder only | everything, at a lower rate |
# | random, frozen first | random | decoder only | everything, at a lower rate |
#
# The last one is the control. Without it you could not separate what the *weights* contribute from what the *schedule*
# contributes. Before you run it: which will win, and by how much?

# %%
few = train.frames[:: max(1, len(train.frames) // (labelled_frames or len(train.frames)))][:labelled_frames]
batches = training_batches(from_frames(few, table, image_size), batch_size=4, seed=seed)
held_out = list(evaluation_batches(from_frames(val.frames[::4][scored], table, image_size), batch_size=8))


def validation_miou(model):
    return training.confusion_on(model, held_out, table.num_classes).mean_iou()


whole = [training.Phase("everything", steps, learning_rate=0.03)]
frozen_first = [
    training.Phase("decoder", steps // 2, frozen=True, learning_rate=0.03),
    training.Phase("fine-tuning", steps // 2, learning_rate=0.02),
]
competitors = {
    "from scratch": (False, whole),
    "classifier, frozen first": (True, frozen_first),
    "random, frozen first": (False, frozen_first),
}


# %%
trainer = training.PhaseTrainer(slim, class_weights=weights, optimizer=muon)


def compete(name, seed):
    """Steps and validation mIoU on the way of one competitor."""
    start_pretrained, phases = competitors[name]
    slim.set_weights(new_segnet(seed).get_weights())
    if start_pretrained and pretrained is not None:
        models.copy_encoder(pretrained, slim)
    elif start_pretrained:
        models.load_imagenet_weights(slim, encoder_weights)
    return trainer.train(batches, phases, validation_miou, every=steps // 4, title=f"{name}, seed {seed}")


floor = 100 * ImageBlindPrior.of(data).score(data, val.frames[::4][scored]).mean_iou()
curves = {}
for name in competitors:
    results = [compete(name, seed + repetition) for repetition in range(seeds)]
    curves[name] = (results[0][0], 100 * np.array([values for _, values in results]))

# %%
plotting.show(
    plotting.learning_curves(curves, ylabel="validation mIoU (%)", marks={"unfreeze": steps // 2}),
    alt="Validation mIoU over training steps for the three competitors, with the range over the seeds shaded.",
)
for name, (_, values) in curves.items():
    final = values[:, -1]
    print(f"{name:26s} mIoU {final.mean():4.1f} %  (seeds: {', '.join(f'{value:.1f}' for value in final)})")
print(f"{'without looking at images':26s} mIoU {floor:4.1f} %")

# %% [markdown]
# The last line is the *image-blind prior*: the score of a guess that never looks at the image, and always answers with the
# class that is most frequent at each place. Competitors below that line have hardly learnt to see, and their order says
# nothing about pretraining.
#
# How many seeds does a verdict need? Suppose two competitors are equal. Then the scores of both are draws from one hat, and
# any way of dealing them to the two names is equally likely. The p-value is the share of the deals that separate the two
# means by at least as much as the real one does. With n seeds each there are $\binom{2n}{n}$ deals, and two of them are
# always the most extreme:

# %% tags=["nbval-check-output"]
for n in (2, 3, 4, 5):
    print(f"{n} seeds each: {comb(2 * n, n):3d} deals, the smallest p-value is {2 / comb(2 * n, n):.3f}")


# %%
def verdict(first, second):
    """The difference of two competitors in points, and how often equal ones would differ by as much."""
    a, b = curves[first][1][:, -1], curves[second][1][:, -1]
    scores, total = np.concatenate([a, b]), a.sum() + b.sum()
    deals = np.array([2 * scores[list(deal)].sum() - total for deal in combinations(range(2 * seeds), seeds)])
    p = np.mean(np.abs(deals) >= abs(a.sum() - b.sum()) - 1e-9)
    words = "decided" if p <= 0.05 else "not decided"
    return f"{a.mean() - b.mean():+.1f} points, p = {p:.2f} with {seeds} seed{'s' * (seeds > 1)} each: {words}"


print("The lecture's recipe against from scratch:", verdict("classifier, frozen first", "from scratch"))
print("A frozen classifier against frozen noise: ", verdict("classifier, frozen first", "random, frozen first"))
print("Frozen noise against from scratch:        ", verdict("random, frozen first", "from scratch"))

# %% [markdown]
# Two seeds can decide nothing, whatever they score: even if both seeds of one competitor beat both of the other, equal
# competitors do that in one of three cases. Four seeds are the fewest that can.
#
# Mind what "equal budget" leaves out, too: a frozen step is cheaper than a full one, and the pretraining is not charged to
# those who profit from it. Both are choices, and papers make them silently.
#
# **Self-test.** Suppose that "classifier, frozen first" beats "random, frozen first" but not "from scratch". What
# have you learnt?
#
# <details><summary>Answer</summary>Within this schedule the classifier's weights help; but freezing costs as much as
# they bring. Without the control you would have said that pretraining is useless.</details>
#
# ## The whole training split, and the table
#
# Now one network gets all label maps. This is what `course train SegNet` does on the command line: random scale, crop,
# flip and colour, a schedule, an average of the weights, and the best epoch by validation mIoU. Everything ends up in
# a *run folder*. If you interrupt the cell and run it again, it goes on from the last epoch; to start anew, delete the
# folder or change `output_dir`.

# %%
from course_utils.training import Recipe, resume_run, train_recipe

recipe = Recipe(
    "SegNet",
    dataset,
    data_dir,
    model_options={"width": width},
    encoder_weights=encoder_weights,
    image_size=image_size,
    batch_size=16 if fast else 4,
    epochs=epochs,
    seed=seed,
)
folder = Path(output_dir) / f"05_segnet_{dataset}_{image_size[0]}x{image_size[1]}_{epochs}epochs"
same = {"seed": seed, "model_options": {"width": width}}  # another recipe is not gone on with
run = resume_run(folder, given=same) if (folder / "config.json").is_file() else train_recipe(recipe, folder)

# %% [markdown]
# The lecture's table for this network, at the labels' own resolution. IoU is overlap divided by union, summed over all
# frames before dividing; iIoU counts every instance alike, however small it is. The last row is the image-blind prior
# again: only what a network scores above it has it learnt from images.
#
# **On which frames?** The best epoch was chosen on the validation split. The best of twelve by luck would score well there
# and nowhere else, so the table is made on the *test* split, which nothing above has read. (The labels of Cityscapes' test
# split are withheld; there you can only report validation figures, and should say that they chose the epoch.)

# %%
from dataclasses import replace

from course_utils.evaluation import score_table

reported = "test" if dataset != "cityscapes" and "test" in data.available_splits else "val"
shown_frames = data.load(reported).frames[scored]
predictor = Predictor(run.load_model(), image_size)
scores = score_frames(predictor, shown_frames, table)
prior = ImageBlindPrior.of(data).score(data, shown_frames)
print(f"split: {reported}\n\n{score_table(replace(scores, prior=prior))}")

# %% [markdown]
# And the shipped SegNet, of the same width, after more epochs on larger images:

# %%
ious = {"SegNet, trained here": scores.confusion.iou()}
if address in shipped():
    longer = score_frames(shipped_segnet, shown_frames, table)
    ious["SegNet, shipped"] = longer.confusion.iou()
    how = card(address)
    print(f"trained here: {epochs} epochs at {image_size}, mIoU {scores.mean_iou:.1%}")
    print(f"shipped: {how.epochs} epochs at {how.image_size}, mIoU {longer.mean_iou:.1%}")

# %%
plotting.show(
    plotting.class_bars(ious, table),
    alt="Bars of IoU per class, in per cent, for the SegNet trained here and the shipped one.",
)

# %% [markdown]
# Large surfaces are easy, thin things hard: five poolings leave a pole no pixel of its own, and what the indices bring
# back is its place, not its class. And where are the errors?


# %%
def frame_and_prediction(number):
    image = datasets.read_image(shown_frames[number].image)
    return image / 255, datasets.label_map(shown_frames[number], table), predictor(image[None])[0]


rows, wrong, wrong_near, near_share = [], 0, 0, []
for number in range(3):
    image, truth, prediction = frame_and_prediction(number)
    rows.append((image, truth, prediction, plotting.errors(truth, prediction)))
    near, known = edge_labels(truth[None], radius=2)[0].numpy() == 1, truth != labels.VOID
    wrong += np.sum(known & (prediction != truth))
    wrong_near += np.sum(near & known & (prediction != truth))
    near_share.append(near[known].mean())
plotting.show(
    plotting.panels(rows, ["image", "ground truth", "SegNet", "wrong pixels (orange)"], table, width=12),
    alt="Three frames with ground truth, prediction and a map of the wrong pixels, in orange.",
)
print(f"{wrong_near / wrong:.0%} of the wrong pixels lie within two pixels of a border between classes,")
print(f"where {np.mean(near_share):.0%} of all pixels lie; the other wrong pixels are parts of regions")

# %% [markdown]
# A network that knows the classes and misses the contours would be wrong near borders only. Look at more frames: which
# kind of error prevails? In JupyterLab, choose the frame and how much of the colours you see (arrow keys work, too).

# %%
from course_utils.widgets import interactive_figure


def draw(frame=0, opacity=0.6):
    image, truth, prediction = frame_and_prediction(frame)
    pictures = [plotting.overlay(image, labels_, table, opacity) for labels_ in (truth, prediction)]
    return plotting.panels([pictures], ["ground truth over the image", "SegNet over the image"], table)


interactive_figure(
    draw,
    alt=lambda frame, opacity: f"Frame {frame}: ground truth and SegNet's prediction over the image.",
    frame=(0, min(20, len(shown_frames)) - 1),
    opacity=(0.0, 1.0, 0.1),
)

# %% [markdown]
# **Self-test.** In one frame a car of 10 pixels is found completely. In another the truth has a car of 1,000 pixels, and
# the network calls all of them truck. What is the IoU of car over both frames, and what is the mean of the two frames' IoUs?
#
# <details><summary>Answer</summary>10 / 1010, or 1 %, against 50 %. Summing first lets every pixel count the same;
# iIoU counts every object alike.</details>
#
# ## Exercises
#
# Write each answer into the function that is given; the cell below checks it, also on inputs that you do not see. So solve
# the problem and not the example.
#
# ### Exercise 1: how small does it get? (1 point)
#
# SegNet pools five times, and each pooling halves height and width, rounding *up*. Return the height and width at the
# bottleneck as two integers.


# %% nbgrader={"grade": false, "grade_id": "bottleneck", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bottleneck(height, width):
    """Height and width after five poolings of SegNet."""
    ### BEGIN SOLUTION
    for _ in range(5):
        height, width = (height + 1) // 2, (width + 1) // 2
    return height, width
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bottleneck_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
assert_same(bottleneck(64, 128), [2, 4], name="bottleneck(64, 128)")
assert_same(bottleneck(360, 480), [12, 15], name="bottleneck(360, 480)")
### BEGIN HIDDEN TESTS
for size in [(1, 1), (33, 31), (1024, 2048), (61, 47)]:
    assert_same(bottleneck(*size), [-(-length // 32) for length in size], name=f"bottleneck{size}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>Half of 45, rounded up, is 23. Does rounding up five times differ from rounding up
# once at the end?</details>
#
# ### Exercise 2: a network that fails only when it predicts (2 points)
#
# A colleague froze an encoder, trained the decoder, and is puzzled: on the *same* images the loss is 0.4 in training mode
# and 6.1 when the network predicts. The code is no help, but you may look inside. In training mode batch normalisation
# subtracts the mean of the batch and divides by the root of its variance; in prediction it uses the mean and variance that
# it has *stored* while training. Somewhere the two do not fit.
#
# `layers` maps the name of each batch normalisation to three arrays: what comes *into* it for a large batch of training
# images, `[batch, height, width, channels]`, and its stored `mean` and `variance`, `[channels]` each. A layer is **sound** if,
# in every channel, the stored mean lies within half a standard deviation of the mean of what comes in, and the stored
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
trained = batch, np.full(2, 3.0), np.full(2, 4.0)
named = list(unsound_norms({"stage1": trained, "stage2": fresh}) or ())
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
    named = list(unsound_norms(copies) or ())
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
# ### Exercise 3: a loss that ignores void (3 points)
#
# Return the mean cross-entropy of `logits` `[H, W, classes]` against `label` `[H, W]`, over the pixels whose label is
# not 255. If all are, return 0.0. Mind that `np.exp(1000)` is infinite.


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


# %% nbgrader={"grade": true, "grade_id": "loss_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
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
# ### Exercise 4: from the confusion matrix to mIoU (2 points)
#
# `matrix[t, p]` counts pixels of true class `t` predicted as `p`. Return the mean over classes of overlap divided by
# union. A class that neither occurs nor was predicted is left out; one that was only predicted scores 0.


# %% nbgrader={"grade": false, "grade_id": "miou", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_iou(matrix):
    """Mean intersection over union, a number in 0..1."""
    ### BEGIN SOLUTION
    overlap = np.diag(matrix)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - overlap
    return (overlap[union > 0] / union[union > 0]).mean()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "miou_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
assert_same(mean_iou(np.array([[3, 1], [2, 4]])), (3 / 6 + 4 / 7) / 2, name="mean_iou of two classes")
### BEGIN HIDDEN TESTS
from course_utils.evaluation import ConfusionMatrix

for trial in range(5):
    rng = np.random.default_rng(trial)
    reference = ConfusionMatrix(7)
    reference.update(rng.integers(0, 5, 200), rng.integers(0, 6, 200))
    assert_same(mean_iou(reference.matrix.copy()), reference.mean_iou(), name="mean_iou with absent classes")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The union of a class is its row plus its column, minus what was counted
# twice.</details>
# <details><summary>Hint 2</summary><code>np.diag</code> is the overlap. Take only the classes whose union is above 0,
# and divide after you have chosen them.</details>
#
# ### Exercise 5: in your own words (2 points)
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
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - SegNet is VGG16's convolutions, their mirror image, and indices that remember where the maxima stood.
# - Nothing in it depends on the image size.
# - Ground truth, softmax and loss are defined at every pixel; void pixels have no part in any of them.
# - Whether *freeze, train, unfreeze* pays is a question for an experiment with a control and at least four seeds, on
#   networks that have learnt more than the prior knows.
# - mIoU is computed from one confusion matrix over the whole split, and large surfaces hide what happens to thin things.
#
# ## With photographs and a GPU
#
# | you have | parameters |
# |---|---|
# | CamVid, two cores | `dataset="camvid"`, `image_size=(144, 192)`, `epochs=20` |
# | Cityscapes, one GPU | `dataset="cityscapes"`, `image_size=(512, 1024)`, `width=1.0`, `encoder_weights="imagenet"`, `labelled_frames=None`, `steps=4000`, `epochs=60` |
#
# `course run 05 --dataset camvid -p image_size "[144, 192]" -p epochs 20` does the same headless.
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
