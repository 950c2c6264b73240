# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 80
#     claims: [L14, L15, L16, L17]
# ---

# %% [markdown] tags=["core"]
# # 06 · PSPNet and DeepLab: context
#
# **After this notebook you can** turn a classifier into a segmenter, build an atrous convolution and a pyramid pooling
# module from simpler parts, say which pixels an output sees and prove it by gradients, tell PSPNet, DeepLabV3 and DeepLabV3+
# apart, and compute mean IoU correctly.
#
# **Time:** 80 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves take under two minutes on two processor cores.
#
# **Lecture claims:** *L14*, PSPNet is a network pre-trained for recognition, then a newly trained pyramid pooling module.
# *L15*, DeepLabV3 is dilated (atrous) convolutions, then upscaling. *L16*, a dilated convolution keeps the output size,
# except for edge effects, and looks at another scale. *L17*, the table of class IoUs on Cityscapes; mIoU is the mean over
# the classes of overlap / union.
#
# **Before it:** transposed convolution (02), SegNet and mIoU (05). **Exercises:** four on the way and one at the end to
# compute (8 points), and one to write (2 points).
#
# The next cell holds everything you may want to change; the last section says how to train the published networks.

# %% tags=["core", "parameters"]
fast = False  # True: a short run that shows everything
seed = 0
dataset = "toy_streets"  # or "camvid", "cityscapes"
data_dir = None  # where the data set is; None: its usual place
image_size = (128, 256)  # height and width that the networks see
steps = 0  # training steps of each network; 0: the networks that the course ships, which are trained already
encoder = "slim"  # or "resnet50", "resnet101", the published one
encoder_weights = None  # or "imagenet", for a ResNet where there is a network connection
width = 0.5  # share of the published number of channels
rates = (1, 3, 4)  # of the atrous pyramid; (6, 12, 18), as published, for images of 513 pixels and more
batch_size = 4
scored_frames = 32  # test frames that are scored; of Cityscapes, validation frames

# %% tags=["core"]
import numpy as np

from course_utils import datasets, models, plotting, training
from course_utils.backend import keras, tf
from course_utils.checks import adopt, assert_same
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import training_batches
from course_utils.evaluation import BoundaryF, ConfusionMatrix, ImageBlindPrior, paired_test, published_cityscapes
from course_utils.inference import predict_logits
from course_utils.layers import AdaptiveAveragePooling2D, AtrousSpatialPyramidPooling, PyramidPooling
from course_utils.models.blocks import image_input
from course_utils.models.encoders import deepest, encode
from course_utils.weights import card
from course_utils.widgets import interactive_figure

if fast:
    scored_frames = 8

# %% [markdown] tags=["core"]
# ## The question
#
# Here are four patches, each of a different class. Which classes are they?

# %% tags=["core"]
data = datasets.open(dataset, data_dir)
table = data.labels
# Epochs and rates were chosen on validation frames, so the scores come from others. Cityscapes withholds its test labels.
frames = data.load("val" if dataset == "cityscapes" else "test").frames[:scored_frames]
images = [datasets.read_image(frame.image).astype("float32") / 255 for frame in frames]
truths = [datasets.label_map(frame, table) for frame in frames]
image = images[0]

# %% tags=["core"]
shares = np.bincount(np.concatenate([truth.ravel() for truth in truths]), minlength=256)[: table.num_classes]
places = []
for label in np.argsort(-shares)[[1, 2, 3, 5]]:
    number = max(range(len(truths)), key=lambda n, label=label: np.sum(truths[n] == label))
    there = np.argwhere(truths[number] == label)
    middle = there[np.argmin(np.abs(there - np.median(there, axis=0)).sum(axis=1))]
    places.append((images[number], tuple(middle), table.names[label]))
plotting.show(
    plotting.patches_in_images(places, size=min(images[0].shape[:2]) // 8, alone=True),
    alt="Four small patches of street scenes, enlarged, without their surroundings.",
)

# %% [markdown] tags=["core"]
# **Think first.** Where in the picture was each of them? Now the same patches, framed where they were cut out:

# %% tags=["core", "predict"]
plotting.show(
    plotting.patches_in_images(places, size=min(images[0].shape[:2]) // 8),
    alt="The same four patches, and below them the street scenes they come from, each patch framed and its class named.",
)

# %% [markdown] tags=["core"]
# A patch alone could be several things; only *where it is and what is around it* tell its class. A network knows the
# surroundings only as far as its **receptive field** reaches. In this notebook one network grows in front of you, from
# a classifier without any idea of place to DeepLabV3+, and each part that is added widens or sharpens what it sees.
#
# Inside a network that has learnt nothing there is nothing to see. So the course ships all of them trained, on the same
# frames, from random weights and one seed. With `steps` above 0 the next cells train your own.


# %% tags=["core"]
def train_network(system, **options):
    keras.utils.set_random_seed(seed)
    model = models.SYSTEMS[system].network(table.num_classes, training=True, encoder=encoder, width=width, **options)
    if encoder_weights:
        models.load_imagenet_weights(model, encoder_weights)
    weights = training.median_frequency_weights(*data.pixel_counts("train"), power=0.5)
    training.compile_model(model, objective=training.objective(system, weights))
    batches = training_batches(data.load("train", image_size), batch_size=batch_size, seed=seed)
    training.fit(model, batches, training.Budget(steps=steps), schedule="cosine", title=system)
    return model


# %% tags=["core"]
networks = {}
choices = {"FCN8s": {}, "PSPNet": {}, "DeepLabV3": {"rates": rates}, "DeepLabV3Plus": {"rates": rates}}
for system, options in choices.items():
    if steps:
        networks[system] = train_network(system, **options)
    else:
        networks[system] = models.pretrained(system, dataset, training=True)
predictors = {system: training.prediction_network(model) for system, model in networks.items()}

# %% [markdown] tags=["core"]
# ## A classifier, slid over a street
#
# A classifier averages its last features over the whole image and applies one dense layer: one answer, no place. We make one:
# the encoder comes from our FCN-8s, and the dense layer is fitted by least squares to crops of 64 x 64 pixels. A crop's label
# is how much of each class is in it: *what*, never *where*.

# %% tags=["core"]
fcn = networks["FCN8s"]
features_at_32 = keras.Model(fcn.input, models.encoder_layers(fcn)[-1].output)


def crops(split, count):
    """Averaged features of random crops, [count, channels], and the share of each class in them, [count, classes]."""
    cut = Augmentation(crop_size=(64, 64))
    batches = training_batches(data.load(split, image_size), batch_size=count, seed=seed, augmentation=cut)
    pictures, label_maps = next(iter(batches))
    counts = [np.bincount(labels.ravel(), minlength=256)[: table.num_classes] for labels in label_maps.numpy()]
    return features_at_32.predict(pictures, verbose=0).mean(axis=(1, 2)), np.array(counts) / 64**2


pooled, found_shares = crops("train", 400 if fast else 1600)
with_one = np.column_stack([pooled, np.ones(len(pooled))])
gram = with_one.T @ with_one + np.eye(with_one.shape[1])
fitted = np.linalg.solve(gram, with_one.T @ found_shares)
dense_weights, dense_biases = fitted[:-1], fitted[-1]

# %% tags=["core"]
unseen, true_shares = crops("val", 100)
right = np.mean(np.argmax(unseen @ dense_weights + dense_biases, axis=1) == np.argmax(true_shares, axis=1))
guess = np.mean(np.argmax(true_shares, axis=1) == np.argmax(found_shares.mean(axis=0)))
print(f"largest class of an unseen crop: {right:.0%} right; always the same answer: {guess:.0%}")

# %% [markdown] tags=["core"]
# The idea of *fully convolutional networks* (Long et al., 2015): do not average. Ask the dense layer at every place.
#
# ### Exercise 1: slide it (1 point)
#
# Return the scores that the dense layer gives at each place of a feature map, `[height, width, classes]`, from `features`
# `[height, width, channels]`, `weights` `[channels, classes]` and `biases` `[classes]`. Use NumPy.


# %% nbgrader={"grade": false, "grade_id": "slide", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def slide(features, weights, biases):
    """Scores of every place, [height, width, classes]."""
    ### BEGIN SOLUTION
    return features @ weights + biases
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "slide_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
two_places = np.array([[[1.0, 0.0], [2.0, 3.0]]])
found = slide(two_places, np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), np.array([0.5, 0.0, -0.5]))
assert_same(found, [[[1.5, 2.0, 2.5], [32.5, 64.0, 95.5]]], name="the scores of two places")
### BEGIN HIDDEN TESTS
for trial, shape in enumerate([(1, 1, 4), (3, 5, 2), (4, 4, 4), (2, 7, 6)]):
    rng = np.random.default_rng(trial)
    features, weights, biases = rng.normal(size=shape), rng.normal(size=(shape[-1], 4)), rng.normal(size=4)
    given = features.copy(), weights.copy(), biases.copy()
    expected = tf.nn.conv2d(features[None], weights[None, None], 1, "SAME")[0].numpy() + biases
    assert_same(slide(*given), expected, name=f"the scores on {shape}", rtol=1e-4, atol=1e-5)
    assert_same(given[0], features, name="the features after the call")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint</summary>NumPy's <code>@</code> multiplies along the last axis of an array of any shape.</details>
#
# **Think first.** Average the scores over all places. What do you get?


# %% tags=["core", "predict"]
def slide_by_convolution(features, weights, biases):
    """The course's own: a dense layer at every place is a 1 x 1 convolution."""
    return tf.nn.conv2d(features[None], weights[None, None], 1, "SAME")[0].numpy() + biases


rng = np.random.default_rng(0)
trial = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)
slid = adopt("slide", globals(), ours=slide_by_convolution, trials=[trial])
whole_image = tf.image.resize(image, image_size, antialias=True)[None]
coarse_features = features_at_32(whole_image, training=False)[0].numpy().astype(float)
heat = slid(coarse_features, dense_weights, dense_biases)
of_the_whole = coarse_features.mean(axis=(0, 1)) @ dense_weights + dense_biases
assert np.allclose(heat.mean(axis=(0, 1)), of_the_whole), "the classifier's answer is the average of the map"
print(
    f"the classifier says {table.names[np.argmax(of_the_whole)]}; the map has {heat.shape[0]} x {heat.shape[1]} answers"
)

# %% tags=["core", "predict"]
shown = [table.names.index(name) for name in ("road", "sky", "car") if name in table.names]
plotting.show(
    plotting.feature_maps({f"heat map: {table.names[k]}": heat[..., k] for k in shown}),
    alt="Heat maps of road, sky and car, in coarse squares: road is bright at the bottom, car in the row of cars, sky weakly "
    "above the middle.",
)

# %% [markdown] tags=["core"]
# The classifier was never told where things are, and yet its map shows roughly that. Each answer covers 32 x 32 pixels.
#
# **Self-test.** Written as a convolution, what is the slid dense layer?
#
# <details><summary>Answer</summary>A 1 x 1 convolution with as many output channels as classes.</details>

# %% [markdown]
# ## More: ImageNet's classifier, slid over a photograph
#
# Here is the same with a published classifier of photographs, EfficientNet-Lite0, whose weights come with the extra `weights` of the
# course's installation: 1,000 classes, trained on one label per photograph.

# %%
import skimage

from course_utils.errors import CourseError

try:
    imagenet = models.classifier(1000, encoder="efficientnet_lite0", encoder_weights="imagenet")
except CourseError as error:
    print(f"Passed over: {error}")
else:
    cat = skimage.data.chelsea()
    before_average = keras.Model(imagenet.input, imagenet.get_layer("average").input)
    (dense,) = [layer for layer in imagenet.layers if isinstance(layer, keras.layers.Dense)]
    large = before_average(tf.image.resize(cat / 255, (448, 672), antialias=True)[None], training=False)[0].numpy()
    street = before_average(tf.image.resize(image, (448, 896), antialias=True)[None], training=False)[0].numpy()
    names, found = models.imagenet_classes(), {}
    for what, maps in {"the photograph": large, "the street": street}.items():
        scores = slid(maps, *dense.get_weights())
        best = np.argsort(-scores.mean(axis=(0, 1)))[:3]
        print(
            f"{what}: {'; '.join(names[k].split(',')[0] for k in best)}; {scores.shape[0]} x {scores.shape[1]} answers"
        )
        strongest_map = scores[..., best[0]]
        found[f"{what}: {names[best[0]].split(',')[0]}"] = (strongest_map - strongest_map.min()) / np.ptp(strongest_map)
    plotting.show(
        plotting.feature_maps({"a photograph (brightness)": cat.mean(axis=-1) / 255, **found}),
        alt="A cat, the heat map of the class that the classifier finds most likely in it, bright on the cat, and that of "
        "the likeliest class on a drawn street.",
    )

# %% [markdown]
# On the photograph the map is bright on the animal. The drawn street lies outside its world, and none of its 1,000 classes is
# *road* or *sky*: a classifier becomes a segmenter by training on label maps, not by sliding alone.
#
# **Self-test.** The classifier was trained on 224 x 224 pixels, and one place of its last map sees more than that. Why does
# the map have more than one answer on a larger photograph?
#
# <details><summary>Answer</summary>Convolutions work at any size: 448 x 672 pixels at stride 32 give 14 x 21 places,
# each with its own surroundings.</details>

# %% [markdown] tags=["core"]
# ## Atrous convolution: taps with holes between them
#
# Denser answers need smaller strides. But a layer after a smaller stride would see less, and its weights would not fit.
# DeepLab's way out: a convolution of **rate** $r$ takes its inputs $r$ apart, $y[i] = \sum_m k[m]\, x[i + r m]$. It is also
# called *dilated*; *à trous* is French for "with holes".

# %% tags=["core"]
plotting.show(
    plotting.atrous_taps([1, 2, 4, 6]),
    alt="Four grids with the nine taps of a 3 x 3 kernel: next to each other at rate 1, farther apart at rates 2, 4, 6.",
)

# %% [markdown] tags=["core"]
# ### Exercise 2: atrous convolution by hand (2 points)
#
# Return the "same" atrous convolution (the kernel is not reversed) of `x` `[height, width]` with `kernel`, of odd height and
# width, at `rate`. Outside the map are zeros; the middle tap lies on the output's own place. Use NumPy; loop over the taps,
# not over the pixels.


# %% nbgrader={"grade": false, "grade_id": "atrous", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def atrous_convolution(x, kernel, rate):
    """Same-size atrous convolution, [height, width]."""
    ### BEGIN SOLUTION
    height, width = x.shape
    down, across = (rate * (taps // 2) for taps in kernel.shape)
    padded = np.pad(x, ((down, down), (across, across)))
    result = np.zeros((height, width))
    for (row, column), weight in np.ndenumerate(kernel):
        result += weight * padded[row * rate : row * rate + height, column * rate : column * rate + width]
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "atrous_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def atrous_trial(seed_, down, across, rows, columns, rate):
    """What was found and what is right, as arrays of one shape; the inputs are unchanged."""
    rng = np.random.default_rng(seed_)
    x, kernel = rng.normal(size=(down, across)), rng.normal(size=(rows, columns))
    given = x.copy(), kernel.copy()
    found = np.asarray(atrous_convolution(*given, rate))
    assert_same(given[0], x, name="the input after the call")
    assert_same(given[1], kernel, name="the kernel after the call")
    expected = tf.nn.conv2d(x[None, ..., None], kernel[..., None, None], 1, "SAME", dilations=rate)[0, ..., 0].numpy()
    assert found.shape == x.shape, f"the result for a map of {x.shape} has the shape {found.shape}"
    return found, expected, f"{rows} x {columns} taps of rate {rate} on {down} x {across}"


### END HIDDEN TESTS
### PART 1 point: the border of the map
row_of_five, three_taps = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), np.array([[10.0, 1.0, 100.0]])
assert_same(atrous_convolution(row_of_five, three_taps, 2), [[301.0, 402.0, 513.0, 24.0, 35.0]], name="five numbers")
### BEGIN HIDDEN TESTS
for trial, case in enumerate(
    [(8, 8, 3, 3, 1), (9, 13, 3, 3, 2), (12, 7, 5, 3, 3), (6, 20, 1, 5, 4), (7, 9, 3, 3, 8), (5, 6, 1, 1, 3)]
):
    found, expected, named = atrous_trial(trial, *case)
    assert_same(found, expected, name=named, atol=1e-5)  # sums of up to 15 products, in single precision too
### PART 1 point: the middle of the map
for trial, (down, across, rows, columns, rate) in enumerate([(9, 12, 3, 3, 1), (11, 15, 3, 3, 2), (16, 20, 5, 3, 3)]):
    found, expected, named = atrous_trial(trial, down, across, rows, columns, rate)
    far = tuple(slice(rate * (taps // 2), n - rate * (taps // 2)) for n, taps in ((down, rows), (across, columns)))
    assert_same(found[far], expected[far], name=f"the middle of {named}", atol=1e-5)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>Each tap adds a shifted copy of the whole map. Pad so that no shift leaves it; at high
# rates the padding is wider than the map.</details>
# <details><summary>Hint 2</summary>Pad by <code>rate * (taps // 2)</code> on each side. The tap in row r and column c
# then sees the padded map from row <code>r * rate</code> and column <code>c * rate</code> on, as many rows and columns
# as the map has.</details>
#
# The nine weights stay nine, and along each side $k$ taps span $r (k - 1) + 1$ cells: *the same* as a larger kernel with
# zeros between the taps.


# %% tags=["core", "nbval-check-output"]
def convolve(x, kernel, rate=1, padding="SAME"):
    """Convolution of one map [height, width] by one kernel, by the framework."""
    x, kernel = np.asarray(x, "float32")[None, ..., None], np.asarray(kernel, "float32")[..., None, None]
    return tf.nn.conv2d(x, kernel, 1, padding, dilations=rate)[0, ..., 0].numpy()


kernel = np.arange(1, 10).reshape(3, 3)
with_zeros = np.array([[1, 0, 2, 0, 3], [0] * 5, [4, 0, 5, 0, 6], [0] * 5, [7, 0, 8, 0, 9]])
x = np.random.default_rng(1).normal(size=(20, 31)).astype("float32")
atrous = adopt("atrous_convolution", globals(), ours=convolve, trials=[(x[:6, :7], kernel, 2), (x[:3, :5], kernel, 4)])
np.testing.assert_allclose(atrous(x, kernel, 2), convolve(x, with_zeros), rtol=1e-4, atol=1e-4)
print("rate 2 with the 3 x 3 kernel equals rate 1 with 5 x 5 taps, of which 16 are zero")

# %% [markdown] tags=["core"]
# So leave out the last two strides of our classifier's encoder, and let every layer behind them take its taps two and four
# times as far apart. *Not one weight changes*: the denser map contains the coarse one.
#
# **Think first.** The map had 4 x 8 answers. How many has it now?

# %% tags=["core", "predict"]
options = {"encoder": encoder, "width": width} if steps else card(f"FCN8s/{dataset}").options
pictures, normalized = image_input((None, None, 3))
stages = encode(normalized, options["encoder"], options["width"], output_stride=8)
features_at_8 = keras.Model(pictures, deepest(stages))
models.copy_encoder(fcn, features_at_8)
dense_features = features_at_8(whole_image, training=False)[0].numpy().astype(float)
np.testing.assert_allclose(dense_features[::4, ::4], coarse_features, rtol=1e-3, atol=1e-3)
dense_heat = slid(dense_features, dense_weights, dense_biases)
print(f"{dense_heat.shape[0]} x {dense_heat.shape[1]} answers with the same weights")
plotting.show(
    plotting.feature_maps({f"stride 8: {table.names[k]}": dense_heat[..., k] for k in shown}),
    alt="The heat maps of road, sky and car once more, sixteen times as dense: bands in place of squares.",
)

# %% [markdown] tags=["core"]
# **Self-test.** A 3 x 3 kernel of rate 4: how many weights has it, and how many cells does it span?
#
# <details><summary>Answer</summary>Nine weights, and 4 x 2 + 1 = 9 cells along each side.</details>

# %% [markdown]
# ## More: It keeps the size, except for edge effects
#
# With `"same"` padding the output is as large as the input, at every rate; with `"valid"` it loses $r (k - 1)$ rows and
# columns. The two agree wherever no tap leaves the map. So the lecture's sentence is true of the *size*, thanks to the
# padding; the *values* of a 3 x 3 kernel are free of edge effects only from $r$ pixels inside the border on:

# %% tags=["nbval-check-output"]
for rate in (1, 2, 6):
    same, valid = convolve(x, kernel, rate), convolve(x, kernel, rate, "VALID")
    np.testing.assert_allclose(same[rate:-rate, rate:-rate], valid, rtol=1e-4, atol=1e-4)
    mirrored = convolve(np.pad(x, rate, mode="reflect"), kernel, rate, "VALID")  # another border rule
    touched = np.mean(~np.isclose(same, mirrored, atol=1e-3))
    print(f"rate {rate}: same {same.shape}, valid {valid.shape}; the border rule decides {touched:.0%} of the values")

# %% [markdown]
# How many of the nine taps meet the image, and how many meet zeros, on a feature map of 33 x 33 (an image of 513 pixels
# at output stride 16)?

# %% tags=["nbval-check-output"]
ones = np.ones((33, 33))
print("rate   places with all 9 taps   with only the middle   taps inside, mean")
for rate in (1, 6, 12, 18, 24, 32):
    inside = convolve(ones, np.ones((3, 3)), rate).round()
    print(f"{rate:4d}{np.mean(inside == 9):18.0%}{np.mean(inside == 1):24.0%}{inside.mean():20.1f}")
assert inside[16, 16] == 1, "at rate 32 even the middle place has a single tap inside"

# %% [markdown]
# **Think first:** what has a 3 x 3 convolution become when all taps but one meet zeros?
#
# <details><summary>Answer</summary>A 1 x 1 convolution: it sees *less* than at a moderate rate. The DeepLabV3 paper
# gives this as the reason for adding image pooling to the pyramid. Rates must suit the map, hence the parameter
# <code>rates</code>.</details>
#
# ## More: Another scale
#
# At rate $r$ a filter looks at the image as if it were $r$ times smaller. Enlarge an image by repeating pixels, and the
# filter of rate 2 finds what rate 1 found before. And the atrous output on every second row and column is the *plain*
# convolution of every second row and column:

# %% tags=["nbval-check-output"]
enlarged = x.repeat(2, axis=0).repeat(2, axis=1)
np.testing.assert_allclose(convolve(enlarged, kernel, rate=2)[::2, ::2], convolve(x, kernel), rtol=1e-4, atol=1e-4)
for row, column in np.ndindex(2, 2):
    quarter = x[row::2, column::2]
    holes = convolve(x, kernel, rate=2)[row::2, column::2]
    np.testing.assert_allclose(holes, convolve(quarter, kernel), rtol=1e-4, atol=1e-4)
print("enlarged by 2, rate 2: equal\nrate 2 = four plain convolutions of the four quarters, interleaved: equal")

# %% [markdown]
# So at rate $r$, $r^2$ separate images are filtered, independently of each other. An edge filter at three rates:

# %%
gray = image.mean(axis=-1)
difference = np.array([[-1, 0, 1]] * 3) / 6
plotting.show(
    plotting.feature_maps(
        {f"rate {rate}": np.abs(atrous(gray, difference, rate)) for rate in (1, 4, 12)}, limits=(0, 0.25)
    ),
    alt="Strength of vertical edges in a street scene at rates 1, 4 and 12, bright where strong: thin lines, then thick "
    "bands, then wide ones, with bright strips at the left and right border where taps meet zeros.",
)

# %% [markdown]
# **Self-test.** A convolution of rate 3: into how many independent sub-images does it split the map?
#
# <details><summary>Answer</summary>Into 3 x 3 = 9, one per remainder of row and column.</details>
#
# ## More: The receptive field, computed and measured
#
# Each layer adds $(k - 1)\, r$ steps, and a step is as long as the product of the strides before it:
#
# $$\text{field} = 1 + \sum_i (k_i - 1)\, r_i \prod_{j < i} s_j .$$
#
# To measure it: the gradient of one output with respect to the image is nonzero exactly at the pixels that this output
# depends on, provided that nothing cancels. Positive weights see to that.
#
# ### Exercise 3: the field and its holes (1 point)
#
# `layers` is a list of (kernel size, rate, stride) along one direction, first layer first. Return two integers: the
# width of the receptive field of one output far from the border, and how many input pixels in it contribute.


# %% nbgrader={"grade": false, "grade_id": "field", "locked": false, "schema_version": 3, "solution": true, "task": false}
def receptive_field(layers):
    """Width of the field, and number of contributing pixels."""
    ### BEGIN SOLUTION
    seen, step = {0}, 1
    for taps, rate, stride in layers:
        seen = {place + tap * rate * step for place in seen for tap in range(taps)}
        step *= stride
    return max(seen) + 1, len(seen)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "field_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["raises-exception"]
assert_same(receptive_field([(3, 2, 1), (3, 2, 1)]), [9, 5], name="two layers of rate 2")
### BEGIN HIDDEN TESTS
for layers in [[(3, 1, 1)], [(3, 2, 1), (3, 1, 1)], [(3, 3, 1), (3, 5, 1)], [(3, 1, 2), (3, 2, 2), (5, 1, 1)],
               [(1, 4, 1), (2, 3, 3), (4, 2, 1)], [(3, 9, 1)], [(7, 1, 2), (3, 1, 2), (3, 1, 1)]]:  # fmt: skip
    kernel, step = np.ones(1), 1
    for taps, rate, stride in layers:
        spread = np.zeros(step * rate * (taps - 1) + 1)
        spread[:: step * rate] = 1
        kernel, step = np.convolve(kernel, spread), step * stride
    expected = [len(kernel), int(np.count_nonzero(kernel > 0.5))]
    assert_same(receptive_field(list(layers)), expected, name=f"the field of {layers}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>Keep a set of the places that are seen. A layer adds to each of them every one of its
# taps, and a tap is rate x (product of the strides before) pixels from the next.</details>


# %%
def field_by_formula(layers):
    """Width of the field of a stack of (kernel size, rate, stride)."""
    field, step = 1, 1
    for kernel_size, rate, stride in layers:
        field, step = field + (kernel_size - 1) * rate * step, step * stride
    return field


def contributions(network, images):
    """How much each pixel of the images contributes to the output in the middle, [height, width]."""
    images = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        output = network(images, training=False)
        row, column = ((n - 1) // 2 for n in output.shape[1:3])
        total = tf.reduce_sum(output[:, row, column])
    return tf.reduce_sum(tf.abs(tape.gradient(total, images)), axis=(0, 3)).numpy()


# %%
def stack(layers):
    """A network of plain convolutions with positive weights, for images of one channel."""
    network = keras.Sequential([keras.Input((None, None, 1))])
    for size, rate, stride in layers:
        options = {"dilation_rate": rate} if stride == 1 else {"strides": stride}
        positive = keras.initializers.Constant(1 / size)
        network.add(keras.layers.Conv2D(1, size, padding="same", kernel_initializer=positive, **options))
    return network


plain, multi_grid = [(3, 1, 1)], [(3, 2, 1), (3, 4, 1), (3, 8, 1)]
stacks = {"three plain": plain * 3, "rates 2, 2, 2": [(3, 2, 1)] * 3, "rates 1, 2, 5": [*plain, (3, 2, 1), (3, 5, 1)]}
stacks |= {"rates 2, 4, 8 (multi-grid)": multi_grid, "rate 1 before 2, 4, 8": plain + multi_grid}
stacks |= {"stride 2, then rate 2": [(3, 1, 2), (5, 2, 1)]}


# %% tags=["nbval-check-output"]
def field_by_ways(layers):
    """The course's own: width of the field and number of pixels in it that contribute."""
    seen, step = {0}, 1
    for size, rate, stride in layers:
        seen, step = {place + tap * rate * step for place in seen for tap in range(size)}, step * stride
    return max(seen) + 1, len(seen)


field_of = adopt(
    "receptive_field", globals(), ours=field_by_ways, trials=[([(3, 2, 1), (3, 1, 1)],), ([(3, 1, 2), (5, 2, 1)],)]
)
maps = {name: contributions(stack(layers), np.ones((1, 41, 41, 1))) for name, layers in stacks.items()}
for name, seen in maps.items():
    rows = np.flatnonzero(seen.any(axis=1))
    measured, (width_by_hand, used) = rows[-1] - rows[0] + 1, field_of(stacks[name])
    print(f"{name:27} by hand {width_by_hand:2d}, measured {measured:2d} pixels; {used**2:3d} of {measured**2:3d} used")
    assert measured == width_by_hand == field_by_formula(stacks[name]) and used**2 == np.count_nonzero(seen)

# %% [markdown]
# Watch it grow, layer by layer: press *Play*, or go step by step. The rates double, as in the last stages of a network at
# output stride 8.

# %%
frames_shown, ways = {}, np.ones(1)
for number, rate in enumerate((1, 2, 4, 8), start=1):
    ways = np.convolve(ways, np.kron([1, 1, 1], np.eye(1, rate)[0])[: 2 * rate + 1])
    padded = np.pad(ways, (33 - len(ways)) // 2)
    said = f"After layer {number}, of rate {rate}, an output sees {len(ways)} x {len(ways)} pixels."
    frames_shown[said] = plotting.contribution_panel(
        np.multiply.outer(padded, padded), f"{number} layer{'s' * (number > 1)}"
    )
plotting.play(
    frames_shown, alt="The pixels that contribute to one output, after one to four layers whose rates double."
)

# %% [markdown]
# **Self-test.** Two 3 x 3 layers: the first has stride 2, the second rate 2. How wide is the field?
#
# <details><summary>Answer</summary>1 + 2 + 2 x 2 x 2 = 11 pixels: the second layer's steps are two pixels long, and it takes
# every second one.</details>
#
# ## More: Gridding
#
# The formula is silent about the holes. Three layers of rate 2 never leave one of the four quarters: the output sees 49
# of 169 pixels, and its neighbour sees *other* ones. Rates 1, 2, 5 leave no hole; Wang et al. (2018) call such a choice
# hybrid dilated convolution. And DeepLabV3's own multi-grid, rates 2 x (1, 2, 4) in the last stage?

# %%
plotting.show(
    plotting.contribution_maps({name: maps[name] for name in list(maps)[1:5]}),
    alt="Which pixels contribute to one output, brighter the more: rates 2, 2, 2 and 2, 4, 8 leave a regular grid of "
    "holes; rates 1, 2, 5 and a plain convolution before 2, 4, 8 fill their square.",
)

# %% [markdown]
# Multi-grid alone has holes, since all its rates are even. The plain convolutions in the stages *before* close them, so
# gridding is a property of the whole path, not of one block. Try other stacks:

# %%
CHOICES = [(1, 1, 1), (2, 2, 2), (1, 2, 3), (1, 2, 4), (1, 2, 5), (2, 4, 8), (3, 3, 3), (1, 3, 9), (1, 5, 9)]


def draw_stack(rates=(2, 2, 2)):
    ways = np.ones(1)
    for rate in rates:  # the kernels are separable: one direction is enough
        ways = np.convolve(ways, np.kron([1, 1, 1], np.eye(1, rate)[0]))
    span, used = np.ptp(np.flatnonzero(ways)) + 1, np.count_nonzero(ways)
    ways = np.pad(ways[:span], (37 - span) // 2)
    title = f"rates {', '.join(map(str, rates))}: field {span} x {span}, {used**2 / span**2:.0%} of it used"
    return plotting.contribution_panel(np.multiply.outer(ways, ways), title)


interactive_figure(
    draw_stack,
    alt=lambda rates: f"Pixels that contribute to one output of three 3 x 3 convolutions of rates {rates}.",
    rates={", ".join(map(str, rates)): rates for rates in CHOICES},
)

# %% [markdown]
# **Self-test.** Three layers of rate 3: how wide is the field, and how many of its pixels count?
#
# <details><summary>Answer</summary>1 + 3 x 2 x 3 = 19. Every third counts, 7 along a side: 49 of 361.</details>
#
# ## More: Theoretical and effective field
#
# Now the course's slim encoder at output stride 8, with atrous rates up to 4 in it, on a long strip. With positive
# weights the gradient reaches as far as the formula says:


# %%
def encoder_at(stride):
    keras.utils.set_random_seed(0)
    pictures = keras.Input((None, None, 3))
    return keras.Model(pictures, deepest(encode(pictures, "slim", 0.25, output_stride=stride)))


encoders = {stride: encoder_at(stride) for stride in (32, 16, 8)}

# %% tags=["nbval-check-output"]
LENGTH = 577
positive = encoder_at(8)
convolutions = [layer for layer in positive.layers if isinstance(layer, keras.layers.Conv2D)]
for layer in convolutions:
    layer.set_weights([np.full(layer.kernel.shape, 1 / np.prod(layer.kernel.shape[:3]), "float32")])
formula = field_by_formula([(layer.kernel_size[0], layer.dilation_rate[0], layer.strides[0]) for layer in convolutions])
gradients = {"positive weights": contributions(positive, np.ones((1, 64, LENGTH, 3)))}
columns = np.flatnonzero(gradients["positive weights"].any(axis=0))
measured = columns[-1] - columns[0] + 1
print(f"{len(convolutions)} convolutions: {formula} pixels by the formula, {measured} measured")
assert measured == formula

# %% [markdown]
# But most of the ways through the layers lead to the middle, so the ends hardly count. Luo et al. (2016) call what does
# count the *effective* receptive field. Here with random weights and with those of our PSPNet's encoder (if it is a
# slim one), on frames continued by mirror images:

# %%
pspnet = networks["PSPNet"]
features_of = keras.Model(pspnet.input, pspnet.get_layer("pyramid").input)
strips = np.stack([tf.image.resize(photo, (64, 128), antialias=True) for photo in images[:2]])
left = (LENGTH - 128) // 2
strips = np.pad(strips, [(0, 0), (0, 0), (left, LENGTH - 128 - left), (0, 0)], mode="symmetric")
gradients["random weights"] = contributions(encoders[8], strips)
if encoder == "slim":
    gradients["trained weights"] = contributions(features_of, strips)
profiles = {name: gradient.sum(axis=0) for name, gradient in gradients.items()}
smooth = {name: np.convolve(values, np.full(16, 1 / 16), mode="same") for name, values in profiles.items()}
plotting.show(
    plotting.field_profiles(smooth, formula),
    alt="The gradient along a line, averaged over 16 pixels, for positive, random and trained weights: bells around the "
    "middle inside the shaded theoretical width.",
)
for name, values in profiles.items():
    share = np.cumsum(values) / values.sum()
    middle = np.searchsorted(share, 0.95) - np.searchsorted(share, 0.05)
    print(f"{name:17} 90 % of the gradient within {middle} pixels; the formula says {formula}")

# %% [markdown]
# Did training widen the effective field? Compare the last two lines. Nothing in a loss asks for a wide field. After few
# steps on small images it may even shrink, as the central taps of the kernels often gain most; after long training on
# whole scenes Luo et al. found it wider. The formula's width does not change with training at all: it is an upper
# bound, not a measure of what a network uses.
#
# **Self-test.** Two layers of three equal taps in one dimension: how many ways lead from the output to the middle of its
# five pixels, and how many to an end?
#
# <details><summary>Answer</summary>Three and one. Every further layer makes the middle more likely still, as in a sum
# of dice.</details>
#
# ## More: Output stride: the same weights, denser
#
# A classifier strides five times: 32 image pixels between two features. DeepLab replaces the last strides by rates: what
# follows takes its taps twice as far apart, and *not one weight changes*. So the dense features must contain the strided
# ones:

# %% tags=["nbval-check-output"]
picture = np.random.default_rng(2).random((1, 64, 128, 3)).astype("float32")
for network in encoders.values():
    network.set_weights(encoders[32].get_weights())
outputs = {stride: network(picture, training=False).numpy() for stride, network in encoders.items()}
for stride, values in outputs.items():
    step = 32 // stride
    np.testing.assert_allclose(values[:, ::step, ::step], outputs[32], rtol=1e-3, atol=1e-4)
    print(
        f"output stride {stride:2d}: {values.shape[1:3]} features; at steps of {step} they equal the strided network's"
    )

# %% [markdown]
# **Think first:** what does it cost? (Count features per image at stride 8 against 32.)
#
# <details><summary>Answer</summary>Sixteen times as many features in the last stage, so sixteen times its multiply-adds
# and memory. The weights cost nothing. DeepLabV3 was therefore trained at stride 16 and evaluated at 8.</details>

# %% [markdown] tags=["core"]
# ## Pyramid pooling
#
# Rates reach further, but a position still does not see the whole street. PSPNet's pyramid module takes the encoder's feature
# map and, for each of four *levels*:
#
# 1. **pools**: averages the map over a grid of 1, 2 x 2, 3 x 3 or 6 x 6 *bins*;
# 2. takes it through a **1 x 1 convolution** to a quarter of the channels;
# 3. **resizes** it to the map's size and puts it beside the map.
#
# What if 6 does not divide the map? Along a side of length $n$, bin $i$ of $b$ covers the features from
# $\lfloor i n / b \rfloor$ up to, not including, $\lceil (i + 1) n / b \rceil$.

# %% tags=["core", "nbval-check-output"]
for n in (6, 9, 17):
    bins = [(i * n // 6, -(-(i + 1) * n // 6)) for i in range(6)]
    print(f"{n:2d} features, 6 bins:", "  ".join(f"{first}-{end - 1}" for first, end in bins))
    assert all(end > first for first, end in bins) and bins[0][0] == 0 and bins[-1][1] == n
    assert all(bins[i + 1][0] <= bins[i][1] for i in range(5))

# %% [markdown] tags=["core"]
# Neighbouring bins may share a feature; no bin is empty, and no feature is left out.
#
# ### Exercise 4: one level of the pyramid (2 points)
#
# Average `features` `[height, width]` over `bins` x `bins` such bins. Return `[bins, bins]`, floating-point numbers. The map
# may have fewer features than bins. Use NumPy.


# %% nbgrader={"grade": false, "grade_id": "level", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def pyramid_level(features, bins):
    """Averages over a grid of bins, [bins, bins]."""
    ### BEGIN SOLUTION
    height, width = features.shape
    result = np.zeros((bins, bins))
    for i, j in np.ndindex(bins, bins):
        top, bottom = i * height // bins, -(-(i + 1) * height // bins)
        left, right = j * width // bins, -(-(j + 1) * width // bins)
        result[i, j] = features[top:bottom, left:right].mean()
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "level_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
### BEGIN HIDDEN TESTS
def level_trial(seed_, down, across, bins):
    features = np.random.default_rng(seed_).normal(size=(down, across)).astype(np.float32)
    given = features.copy()
    found = pyramid_level(given, bins)
    assert_same(given, features, name="the input after the call")
    expected = AdaptiveAveragePooling2D(bins)(features[None, ..., None])[0, ..., 0].numpy()
    assert_same(found, expected, name=f"a {down} x {across} map, {bins} bins", rtol=1e-4, atol=1e-5)


### END HIDDEN TESTS
### PART 1 point: maps that the bins do not divide
assert_same(pyramid_level(np.arange(12.0).reshape(3, 4), 2), [[2.5, 4.5], [6.5, 8.5]], name="a 3 x 4 map, 2 x 2 bins")
### BEGIN HIDDEN TESTS
for trial, case in enumerate([(9, 17, 6), (5, 8, 3), (3, 11, 4), (2, 3, 6)]):
    level_trial(trial, *case)
### PART 1 point: maps that the bins divide
for trial, case in enumerate([(6, 18, 6), (9, 12, 3), (7, 4, 1)]):
    level_trial(trial, *case)
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary>In integers, floor is <code>//</code>, and ceil(a / b) is <code>-(-a // b)</code>.</details>
# <details><summary>Hint 2</summary>Bin (i, j) is the slice from <code>i * height // bins</code> to <code>-(-(i + 1) *
# height // bins)</code>, columns likewise. With fewer features than bins, bins share them.</details>
#
# **Think first.** What can a level of one bin tell a pixel, and what one of 6 x 6? Here are the levels, made from the
# image's colours.


# %% tags=["core", "predict"]
def level_by_layer(features, bins):
    """The course's own."""
    return AdaptiveAveragePooling2D(bins)(np.float32(features)[None, ..., None])[0, ..., 0].numpy()


level_of = adopt("pyramid_level", globals(), ours=level_by_layer, trials=[(x[:5, :8], 3), (x[:2, :3], 6)])
averages = {}
for bins in (1, 2, 3, 6):
    level = np.stack([level_of(image[..., channel], bins) for channel in range(3)], axis=-1)
    averages[bins] = tf.image.resize(level, image.shape[:2]).numpy()
plotting.show(
    plotting.bin_levels(image, averages),
    alt="A street scene with 1, 4, 9 and 36 bins drawn over it; below, the averages of the bins enlarged: from one "
    "colour to a blurred picture in which top, sides and road differ.",
)

# %% [markdown] tags=["core"]
# **Self-test.** How many pixels does the receptive field of any output have, once the level of one bin is in it?
#
# <details><summary>Answer</summary>All of them: the average of the whole map is the same at every place. The network knows
# <i>that</i> there is a truck, not where. The finer levels tell it where, roughly.</details>

# %% [markdown]
# ## More: The module by hand
#
# Step by step, beside the course's layer with the same weights:

# %% tags=["nbval-check-output"]
features = np.random.default_rng(0).normal(size=(2, 9, 17, 8)).astype("float32")
layer = PyramidPooling(bins=(1, 2, 3, 6))
expected = layer(features)

parts = [features]
for bins, block in zip(layer.bins, layer.blocks, strict=True):
    pooled = AdaptiveAveragePooling2D(bins)(features)
    mixed = tf.einsum("bijc,cd->bijd", pooled, block.convolution.kernel[0, 0])  # a 1 x 1 convolution is a matrix
    level = tf.nn.relu(block.normalization(mixed))
    parts.append(tf.image.resize(level, features.shape[1:3]))
    print(f"{bins} x {bins}: {pooled.shape[1:]} -> {level.shape[1:]} -> {parts[-1].shape[1:]}")
by_hand = tf.concat(parts, axis=-1)

np.testing.assert_allclose(by_hand, expected, rtol=1e-4, atol=1e-5)
print("by hand and by the layer: equal,", by_hand.shape[1:])

# %% [markdown]
# **Self-test.** A map of 9 x 17 features with 8 channels: how many channels come out of the module?
#
# <details><summary>Answer</summary>16: the map's 8 and four levels of 2 each.</details>
#
# ## More: The four stages of a trained PSPNet
#
# Of the features and of each level you see the channel that varies most over the map, bright where it is large; the
# level of one bin has one place only, so all its channels stand side by side. In the lecture the part up to the feature
# map is pre-trained for recognition (`encoder_weights="imagenet"`); here all is trained together, from scratch.


# %%
def strongest(maps):
    """The channel that varies most, [height, width]."""
    return maps[0].numpy()[:, :, np.argmax(np.std(maps[0], axis=(0, 1)))]


# %%
pyramid = pspnet.get_layer("pyramid")
feature_map = features_of(tf.image.resize(image, image_size, antialias=True)[None], training=False)
branches = [block(pool(feature_map)) for pool, block in zip(pyramid.poolings, pyramid.blocks, strict=True)]
levels = {1: np.reshape(branches[0], (1, -1))}
levels |= {bins: strongest(branch) for bins, branch in zip(pyramid.bins[1:], branches[1:], strict=True)}

prediction = np.argmax(predict_logits(predictors["PSPNet"], image, image_size), axis=-1)
plotting.show(
    plotting.pyramid_stages(image, strongest(feature_map), levels, prediction, truths[0], table),
    alt="From left to right: a street scene, its small feature map, four pooled maps (one bin, drawn as a row of its "
    "channels, then 2 x 2, 3 x 3 and 6 x 6), and the predicted label map above the true one.",
)

# %% [markdown]
# In training PSPNet also classifies the features of the last stage *but one*: a short way for the gradients. In the paper
# that loss counts 0.4. Prediction drops the branch:

# %% tags=["nbval-check-output"]
losses = training.objective("PSPNet")
print({name: weight for name, (_, weight) in losses.items()})
assert losses["auxiliary"][1] == 0.4 and set(pspnet.output) == {"logits", "auxiliary"}
dropped = pspnet.count_params() - predictors["PSPNet"].count_params()
print(f"parameters that only training needs: {dropped} of {pspnet.count_params()}")

# %% [markdown]
# **Self-test.** The auxiliary branch is dropped at prediction. What of it remains?
#
# <details><summary>Answer</summary>What its gradients did to the encoder. Its own weights are needed no
# longer.</details>
#
# ## More: ASPP: several rates side by side, and the whole image
#
# Atrous spatial pyramid pooling looks at each place in five ways: a 1 x 1 convolution, three 3 x 3 ones of different
# rates, and the average of the whole map. A 1 x 1 convolution joins them. Rates count *features*, so they double when the
# output stride halves:

# %% tags=["nbval-check-output"]
from course_utils.models.deeplab_v3 import pyramid_rates

for stride in (32, 16, 8):
    reach = [rate * stride for rate in pyramid_rates(stride)]
    print(f"output stride {stride:2d}: rates {pyramid_rates(stride)}, reach {reach} pixels")
    assert reach == [96, 192, 288]

# %% tags=["nbval-check-output"]
aspp = AtrousSpatialPyramidPooling(16, rates=(1, 2, 3))
values = np.random.default_rng(3).normal(size=(1, 9, 17, 12)).astype("float32")
expected = aspp(values)
parts = []
for branch, rate in zip(aspp.branches, (1, 1, 2, 3), strict=True):  # the first is a 1 x 1 convolution
    taken = tf.nn.conv2d(values, branch.convolution.kernel, 1, "SAME", dilations=rate)
    parts.append(tf.nn.relu(branch.normalization(taken)))
whole_image = aspp.image(values.mean(axis=(1, 2), keepdims=True))
parts.append(tf.broadcast_to(whole_image, parts[0].shape))
np.testing.assert_allclose(aspp.projection(tf.concat(parts, axis=-1)), expected, rtol=1e-4, atol=1e-5)
print(len(parts), "ways joined by hand and by the layer: equal,", expected.shape[1:])

# %% [markdown]
# The taps over a frame, around places of our DeepLabV3's feature map (red: the place itself; colours over the frame:
# predicted classes). Hollow taps lie in the padding and meet zeros. Move the sliders:

# %%
labels_of = np.argmax(predict_logits(predictors["DeepLabV3"], image, image_size), axis=-1)
painted = plotting.overlay(image, labels_of, table, 0.45)
scores_of = keras.Model(networks["DeepLabV3"].input, networks["DeepLabV3"].get_layer("logits_scores").output)
cells = scores_of.compute_output_shape((1, *image_size, 3))[1:3]
spacing = image.shape[0] / cells[0]  # of two features, in pixels of the full image


def draw_taps(row=cells[0] // 2, column=cells[1] // 2, branch=1):
    name = table.names[labels_of[int((row + 0.5) * spacing), int((column + 0.5) * spacing)]]
    title = f"Feature ({row}, {column}), predicted {name}: the branch of rate {rates[branch]}"
    return plotting.sampling_grid(painted, (row, column), spacing, [rates[branch]], title, reach=max(rates))


# %%
corner = (1, 2)
plotting.show(
    plotting.sampling_grid(painted, corner, spacing, rates, f"Feature {corner}: all branches"),
    alt="Three 3 x 3 grids of taps of growing rate around a feature near the corner, over a street scene with its "
    "predicted classes; several taps of the larger grids lie outside the image.",
)
interactive_figure(
    draw_taps,
    alt=lambda row, column, branch: f"Taps of the branch of rate {rates[branch]} around feature ({row}, {column}).",
    row=(0, cells[0] - 1),
    column=(0, cells[1] - 1),
    branch={f"rate {rate}": number for number, rate in enumerate(rates)},
)

# %% [markdown]
# **Self-test.** A feature map of 16 x 32 and a branch of rate 18: how many of its nine taps lie within the map?
#
# <details><summary>Answer</summary>At most two. No row lies 18 above or below, and of the columns 18 to the left and
# to the right one at most.</details>
#
# ## More: DeepLabV3, and what the + adds
#
# **DeepLabV3** is now complete: encoder at stride 16 or 8, ASPP, class scores by a 1 x 1 convolution, and *upscaling*:
# bilinear interpolation by the output stride, with no weights.
#
# **DeepLabV3+** replaces that last jump by a small decoder. It enlarges the pyramid's result to stride 4, puts
# low-level features beside it (brought down to 48 channels, so that they do not drown the rest), and convolves twice, 3
# x 3, before the scores are enlarged by 4. It is meant for boundaries. Here are both, with labels at full resolution:


# %%
def predictions(system, at_once=8):
    """Labels of every frame, made in two ways: from enlarged logits, and by enlarging the small map's classes."""
    model = predictors[system]
    both = keras.Model(model.input, [model.get_layer("logits_scores").output, model.output])
    smooth, blocks = [], []
    for first in range(0, len(images), at_once):
        photos = images[first : first + at_once]
        scores, logits = both(
            tf.stack([tf.image.resize(photo, image_size, antialias=True) for photo in photos]), training=False
        )
        classes = tf.argmax(scores, axis=-1)[..., None]
        for k, truth in enumerate(truths[first : first + at_once]):
            smooth.append(np.argmax(tf.image.resize(logits[k], truth.shape), axis=-1).astype(np.uint8))
            blocks.append(tf.image.resize(classes[k], truth.shape, "nearest")[..., 0].numpy())
    print(f"{system:14} scores {scores.shape[1:3]} -> {logits.shape[1:3]} for an image of {image_size}")
    return smooth, blocks


# %%
found = {system: predictions(system) for system in ("PSPNet", "DeepLabV3", "DeepLabV3Plus")}
decoder = [layer.count_params() for layer in networks["DeepLabV3Plus"].layers if layer.name.startswith("decoder")]
print(f"weights of the decoder: {sum(decoder)} of {networks['DeepLabV3Plus'].count_params()}")

# %%
rows = [[images[k], truths[k], found["DeepLabV3"][0][k], found["DeepLabV3Plus"][0][k]] for k in range(3)]
plotting.show(
    plotting.panels(rows, ["image", "ground truth", "DeepLabV3", "DeepLabV3+"], table, width=12),
    alt="Three street scenes with the ground truth, the prediction of DeepLabV3, whose scores were enlarged sixteenfold, "
    "and that of DeepLabV3+, enlarged fourfold after its decoder.",
)

# %% [markdown]
# **Self-test.** At how many positions of a 512 x 1024 image are scores predicted in DeepLabV3 at stride 16, and at how many in
# DeepLabV3+?
#
# <details><summary>Answer</summary>32 x 64 and, at stride 4, 128 x 256: sixteen times as many.</details>

# %% [markdown] tags=["core"]
# ## One network grows
#
# Five steps lead from the classifier to DeepLabV3+: **rates** instead of strides; **training on label maps**, with skips from
# finer stages (FCN-8s); **atrous pyramid** (ASPP: several rates side by side, DeepLabV3); **pyramid pooling** (PSPNet); and a
# **decoder** that mixes in fine features before the last enlargement (DeepLabV3+). What does each buy?
#
# **Think first.** Put the six in order of their mIoU.


# %% tags=["core"]
def by_sliding(extract):
    """A segmenter made of an encoder and the slid dense layer: the heat maps, enlarged."""

    def answer(picture):
        small = tf.image.resize(picture, image_size, antialias=True)[None]
        scores = slid(extract(small, training=False)[0].numpy().astype(float), dense_weights, dense_biases)
        return np.argmax(tf.image.resize(scores, picture.shape[:2]), axis=-1)

    return answer


def by_network(system):
    return lambda picture: np.argmax(predict_logits(predictors[system], picture, image_size), axis=-1)


# %% tags=["core"]
grown = {"classifier, slid": by_sliding(features_at_32), "with rates": by_sliding(features_at_8)}
grown |= {"FCN-8s": by_network("FCN8s"), "DeepLabV3 (ASPP)": by_network("DeepLabV3")}
grown |= {"PSPNet (pyramid)": by_network("PSPNet"), "DeepLabV3+ (decoder)": by_network("DeepLabV3Plus")}


def matrix_of(truth, prediction):
    confusion = ConfusionMatrix(table.num_classes)
    confusion.update(truth, prediction)
    return confusion


prior, legend = ImageBlindPrior.of(data).score(data, frames), plotting.legend_patches(table)

# %% tags=["core", "predict"]
print(
    f"{'without looking at images':26s} mIoU {prior.mean_iou():5.1%}, {prior.pixel_accuracy():.0%} of the pixels right"
)
steps_of_growth = {}
for name, answer in grown.items():
    answers = [answer(picture) for picture in images]
    total = matrix_of(np.stack(truths), np.stack(answers))
    said = f"{name}: mIoU {total.mean_iou():.1%}, {total.pixel_accuracy():.0%} of the pixels right"
    print(f"{name:26s} {said.split(': ')[1]}")
    pictures = {"image": image, name: table.to_colors(answers[0])}
    steps_of_growth[said] = plotting.pixel_for_pixel(pictures, width=9, legend=legend)
plotting.play(
    steps_of_growth,
    alt="A street beside the answers of six networks: from coarse blobs to the contours of cars and poles.",
)

# %% [markdown] tags=["core"]
# The slid classifier finds road and cars, and scores less than the guess that never looks: a network that has only
# learnt *what* draws no contours, and rates alone do not help. Training on label maps does. The order of the others is
# not a law: the skips of FCN-8s carry fine features that DeepLabV3, whose scores are enlarged sixteenfold, never sees;
# the decoder of DeepLabV3+ brings them back.
#
# **Self-test.** Which of the five steps adds the fewest weights?
#
# <details><summary>Answer</summary>Rates instead of strides: none at all.</details>

# %% [markdown]
# ## More: Mean IoU, done right
#
# The IoU of a class is overlap / union, and mIoU its mean over the classes. Four decisions hide in that sentence:
#
# - **one confusion matrix for the data set**, not the mean of the images' scores: a truck of five pixels must not count
#   as much as one of five thousand;
# - **void excluded**, whatever is predicted there;
# - **classes that neither occur nor are predicted left out** of the mean, and not counted as 0 or 1;
# - at the labels' own resolution: **logits resized, then arg max**. Enlarging the classes of the small map instead
#   gives square blocks, and another number.

# %%
matrices, totals = {}, {}
print(
    f"{'per cent':16}{'mIoU':>7}{'mean over images':>19}{'classes enlarged':>19}{'boundary F':>13}{'pixels right':>14}"
)
for system, (smooth, blocks) in found.items():
    matrices[system] = list(map(matrix_of, truths, smooth))
    totals[system] = sum(matrices[system][1:], matrices[system][0])
    over_images = np.mean([one.mean_iou() for one in matrices[system]])
    boundary = BoundaryF(table.num_classes, tolerance=0.0075)
    boundary.update(np.stack(truths), np.stack(smooth))
    enlarged = matrix_of(np.stack(truths), np.stack(blocks)).mean_iou()
    row = [totals[system].mean_iou(), over_images, enlarged, boundary.mean("skip"), totals[system].pixel_accuracy()]
    print(f"{system:16}" + "".join(f"{100 * v:{w}.1f}" for v, w in zip(row, (7, 19, 19, 13, 14), strict=True)))
prior = ImageBlindPrior.of(data).score(data, frames)
print(f"{'no look at all':16}{100 * prior.mean_iou():7.1f}{100 * prior.pixel_accuracy():65.1f}")

# %%
plotting.show(
    plotting.class_bars({system.replace("Plus", "+"): total.iou() for system, total in totals.items()}, table),
    alt="A bar of IoU per class and network, in per cent; below, the classes that none of them finds.",
)

# %% [markdown]
# **Self-test.** A class has 100 pixels in one image, 50 of them found, and 2 in another, none found; no false
# ones. What is its IoU for the data set, what the mean of the images' IoUs?
#
# <details><summary>Answer</summary>50 / 102, or 49 %, and 25 %.</details>
#
# ## More: What the comparison decides
#
# Three numbers invite a ranking. How far would the differences move with other frames? Draw them anew, with replacement,
# 1,000 times (the *bootstrap*), the same frames for both networks of a pair. (Frames of one drive resemble their neighbours;
# `paired_test` measures that and draws them in blocks where it must. Notebook 10 shows how.)

# %%
for first, second in [("DeepLabV3", "PSPNet"), ("DeepLabV3Plus", "PSPNet"), ("DeepLabV3Plus", "DeepLabV3")]:
    result = paired_test(matrices[first], matrices[second], resamples=1000, seed=seed)
    verdict = "zero lies inside: not decided" if result.low < 0 < result.high else "zero lies outside"
    ends = f"{100 * result.low:+5.1f} to {100 * result.high:+5.1f} points"
    print(f"{first:14} - {second:10} 95 % interval {ends}; {verdict}")

# %% [markdown]
# Even an interval that leaves zero out speaks only of *these* weights. To decide between architectures one needs
# several seeds, equal effort on each one's learning rate, real photographs, and training until nothing improves.
#
# **Self-test.** An interval reaches from +0.4 to +2.1 points. Does it follow that (a) these weights do better on
# frames like these, (b) the architecture is the better one?
#
# <details><summary>Answer</summary>(a), at the stated level. For (b) the interval would have to cover other seeds and
# other trainings, too.</details>
#
# ## More: The lecture's table
#
# The class IoUs (%) of Gated-SCNN's paper (ICCV 2019, table 1), and the printed mean, which we recompute.

# %% tags=["nbval-check-output"]
published = published_cityscapes()

print(f"{'system':12}{'split':>6}{'printed':>9}{'recomputed':>12}{'best class':>12}{'worst class':>13}")
for system, split, iou, mean in zip(published.systems, published.splits, published.iou, published.means, strict=True):
    best, worst = published.classes[np.argmax(iou)], published.classes[np.argmin(iou)]
    print(f"{system:12}{split:>6}{mean:9.1f}{iou.mean():12.2f}{best:>12}{worst:>13}")
    assert abs(iou.mean() - mean) < 0.051

# %% tags=["nbval-check-output"]
early, late = published.iou[:3], published.iou[3:]
for name, three in [("first three", early), ("last three", late), ("all six", np.vstack([early, late]))]:
    order = np.argsort(np.argsort(three, axis=1), axis=1)  # rank of each class
    print(f"{name}: rank correlation of any two at least {np.corrcoef(order).min():.2f}")
rise = late.mean(axis=0) - early.mean(axis=0)
print(
    "from the first three to the last:",
    ", ".join(f"{published.classes[k]} {rise[k]:+.0f}" for k in np.argsort(-rise)[:5]),
)

# %% [markdown]
# The paper heads all rows "val"; the column "split" is ours. The means of the first three rows are those that PSPNet's
# paper prints for the *test* set (table 6), where PSPNet has 78.4, not the 78.8 of this table. So the first three were
# most likely scored on other images than the last three, and the step from 71.6 to 78.8 is partly a step between
# splits. Within each group of three the classes come in nearly the same order: that part is about Cityscapes, not about
# networks.
#
# **Self-test.** Why should the six rows not be ranked in one list?
#
# <details><summary>Answer</summary>The first three were scored on other images than the last three, most likely. A
# difference between splits is no difference between systems.</details>
#
# ## More: keras-cv's DeepLabV3+ beside ours
#
# keras-cv's short names (`ResNet50V2Backbone()`) ask a server even when no weights are wanted; the explicit constructor does not.

# %%
import keras_cv

backbone = keras_cv.models.ResNetV2Backbone(
    stackwise_filters=[64, 128, 256, 512],
    stackwise_blocks=[3, 4, 6, 3],
    stackwise_strides=[1, 2, 2, 2],
    include_rescaling=False,
    input_shape=(None, None, 3),
)
theirs = keras_cv.models.DeepLabV3Plus(backbone=backbone, num_classes=19)
ours = models.DeepLabV3Plus(19, encoder="resnet50")

# %% [markdown]
# Where does it depart from the paper? The next table is read off the two models, both with a ResNet-50.


# %%
def accepts(model, size):
    try:
        model(tf.zeros([1, *size, 3]), training=False)
    except (ValueError, tf.errors.InvalidArgumentError):
        return "no"
    return "yes"


# %%
def facts(model, deep, fine, scores, head):
    """What can be read from a DeepLabV3+, from three of its tensors and the convolutions of its head."""
    taps = keras.Model(model.input, [deep, fine, scores])(keras.Input((64, 128, 3)))
    strides = [64 // tensor.shape[1] for tensor in taps]
    return {
        "parameters in all": f"{model.count_params() / 1e6:.2f} M",
        "output stride": strides[0],
        "low-level features at stride": strides[1],
        "convolutions of the head": ", ".join("{} x {}".format(*layer.kernel_size) for layer in head),
        "classifier works at stride": strides[2],
        "output": "probabilities" if head[-1].activation.__name__ == "softmax" else "logits",
        "takes 80 x 112": accepts(model, (80, 112)),
    }


# %% tags=["nbval-check-output"]
tensors = [theirs.layers[1].output[level] for level in ("P5", "P2")]
head = [layer for layer in theirs.segmentation_head.layers if isinstance(layer, keras.layers.Conv2D)]
first = facts(theirs, *tensors, theirs.output, head)
first["rates of the pyramid"] = tuple(theirs.spatial_pyramid_pooling.dilation_rates)
first["parameters of the encoder"] = f"{theirs.layers[1].count_params() / 1e6:.2f} M"

tensors = [ours.get_layer(name).input for name in ("pyramid", "decoder_fine")]
head = [ours.get_layer(name) for name in ("decoder_conv1", "decoder_conv2", "logits_scores")]
second = facts(ours, *tensors, head[-1].output, head)
second["rates of the pyramid"] = pyramid_rates(second["output stride"])
second["parameters of the encoder"] = (
    f"{sum(layer.count_params() for layer in models.encoder_layers(ours)) / 1e6:.2f} M"
)

print(f"{'':31}{'keras-cv':>14}{'ours':>22}")
for name, value in first.items():
    print(f"{name:31}{value!s:>14}{second[name]!s:>22}")

# %% [markdown]
# In the paper the output stride is 16 or 8, the head has two 3 x 3 convolutions, and the scores are made at stride 4
# and enlarged last. keras-cv's encoder keeps stride 32 with the rates of stride 16, so its pyramid reaches twice as
# far. Its head is one 1 x 1 convolution before the classifier, and it enlarges its channels to full size before it
# classifies: sixteen times the multiply-adds of a classifier at stride 4. As it enlarges by fixed factors, it fails on
# sizes that 32 does not divide. It may be a good network, but it is not the paper's.
#
# Its output is a softmax. Feed that to a loss that expects logits, and everything still runs:

# %% tags=["nbval-check-output"]
certain = np.array([[0.0, 1.0, 0.0]])
for told, from_logits in [("probabilities", False), ("logits", True)]:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)(np.array([1]), certain)
    print(f"a perfect prediction, the loss told that it sees {told}: {float(loss):.3f}")

# %% [markdown]
# The loss can then never reach 0, and no error tells you. Our networks give logits; the loss knows.
#
# **Self-test.** 19 classes, a perfect and perfectly sure softmax, fed to a loss that expects logits: what loss is left?
#
# <details><summary>Answer</summary>The largest of the "logits" is 1, the 18 others are 0: log(1 + 18 / e), about
# 2.03.</details>

# %% [markdown]
# ## More: Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %%
from course_utils.quizzes import quiz

quiz("06")

# %% [markdown]
# ## Exercises
#
# Write each answer in the function provided; the cell below checks it, also on inputs that you do not see.
#
# ### Exercise 5: good pictures, bad score (2 points)
#
# A colleague's network draws beautiful contours, in odd colours, and scores an mIoU of 3 %. The network is fine. It was
# trained with another *label table*: what it calls class 5 the truth calls class 2, and so on, each class of one table
# being one class of the other.
#
# `matrix` `[classes, classes]` is its confusion matrix: truth in rows, prediction in columns. Find the table. Return
# integers `[classes]`: for each number that the network *predicts*, the true class that it means. Every true class has
# exactly one number; of all such tables return the one by which the most pixels are right. Beware of taking the largest
# entry of each column: where a class is rare and badly recognised, most of the pixels with its number belong to another
# one.


# %% nbgrader={"grade": false, "grade_id": "table", "locked": false, "schema_version": 3, "solution": true, "task": false}
def label_table(matrix):
    """For each predicted number the true class that it means, [classes]."""
    ### BEGIN SOLUTION
    from scipy.optimize import linear_sum_assignment

    numbers, meanings = linear_sum_assignment(np.transpose(matrix), maximize=True)
    return meanings[np.argsort(numbers)]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "table_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
three_classes = np.array([[5, 80, 10], [60, 4, 30], [1, 2, 9]])  # number 2 means class 2, though class 1 is more of it
assert_same(label_table(three_classes.copy()), [1, 0, 2], name="the label table")
### BEGIN HIDDEN TESTS
from itertools import permutations

for trial, classes in enumerate([2, 4, 5, 6, 6, 3]):
    rng = np.random.default_rng(trial)
    sizes = (10 ** rng.uniform(2, 4, classes)).astype(int)
    skill = rng.uniform(0.35, 0.9, classes)
    shares = (1 - skill)[:, None] * rng.dirichlet(np.full(classes, 0.5), classes) + np.diag(skill)
    meaning = rng.permutation(classes)
    confusion = np.zeros((classes, classes), int)
    confusion[:, np.arange(classes)] = (sizes[:, None] * shares).astype(int)[:, meaning]
    if trial % 2:
        confusion = rng.integers(0, 10**4, (classes, classes))  # a poor network: only the sum of all can decide
    right = {table: confusion[list(table), range(classes)].sum() for table in permutations(range(classes))}
    given = confusion.copy()
    found = label_table(given)
    assert_same(given, confusion, name="the matrix after the call")
    assert_same(found, max(right, key=right.get), name=f"the label table of {classes} classes")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>With few classes you can try all tables: <code>itertools.permutations(range(classes))</code>.
# By a table, <code>matrix[table[n], n]</code> pixels of number n are right.</details>
# <details><summary>Hint 2</summary>This is the <i>assignment problem</i>; <code>scipy.optimize.linear_sum_assignment</code> solves
# it for any number of classes. Watch which axis is assigned to which: you are asked what each <i>column</i> means.</details>
#
# ### Exercise 6: in your own words (2 points)
#
# A colleague replaces the last two strides of a classifier by rates, adds an ASPP with rates (6, 12, 18), trains on
# images of 128 x 256 at output stride 8, and finds that the pyramid "does not help". Give a likely reason, with a number
# that supports it, and say what to change (1 point). Then say what the denser features cost, and what they do not
# (1 point).

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# At output stride 8 the map has 16 x 32 features. A tap of rate 18 lies 18 rows away, so above and below there is no
# feature at all: of nine taps at most two meet the map, the middle one and one beside it. At rate 12 no place has all
# nine, which would need 25 rows; at rate 6 only 4 of the 16 rows have. Such branches are nearly 1 x 1 convolutions.
# Smaller rates, such as 1, 2, 3 (or larger images), let the pyramid see the map. Two strides less mean sixteen times as
# many features in the last stage, and as many times its multiply-adds and the memory of its features; the number of
# weights stays.
#
# ### RUBRIC
#
# - 1 point: rates that reach beyond the map, with a number (half a point), and what to change (half a point).
# - 1 point: what the dense features cost (half a point), and that the number of weights stays (half a point).
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Pyramid pooling tells every pixel the averages of whole regions; atrous convolution spreads its taps.
# - A convolution of rate r is one by a kernel with zeros in it, and also r x r plain convolutions, interleaved. Padding
#   preserves the size; the border rule decides the values up to r pixels from the border.
# - The formula for the receptive field gives its width. The gradient also shows the holes, and how little the outer part
#   counts.
# - Rates instead of strides: denser features, the same weights; sixteen times the work in the last stage at stride 8.
# - mIoU: one matrix, no void, no absent classes, logits enlarged before the arg max.
# - Tables compare systems only where split, data and protocol agree; a library's network is the paper's only if you
#   checked.
#
# ## With photographs and a GPU
#
# | you have | parameters |
# |---|---|
# | CamVid, two cores | `dataset="camvid"`, `image_size=(144, 192)`, `width=0.5`, `rates=(3, 6, 9)`, `steps=2000` |
# | Cityscapes, one GPU | `dataset="cityscapes"`, `image_size=(512, 1024)`, `encoder="resnet101"`, `encoder_weights="imagenet"`, `width=1.0`, `rates=(12, 24, 36)`, `batch_size=8`, `steps=60000` |
#
# ## Further reading
#
# - H. Zhao, J. Shi, X. Qi, X. Wang, J. Jia: *Pyramid Scene Parsing Network*, CVPR 2017: pyramid pooling, the loss
#   half-way, table 6 (Cityscapes test).
# - L.-C. Chen, G. Papandreou, F. Schroff, H. Adam: *Rethinking Atrous Convolution for Semantic Image Segmentation*,
#   arXiv 1706.05587, 2017: rates, multi-grid, ASPP with image pooling, output strides.
# - L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam: *Encoder-Decoder with Atrous Separable Convolution for Semantic
#   Image Segmentation*, ECCV 2018: the decoder.
# - P. Wang et al.: *Understanding Convolution for Semantic Segmentation*, WACV 2018, arXiv 1702.08502: gridding and rates
#   that avoid it.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel: *Understanding the Effective Receptive Field in Deep Convolutional Neural
#   Networks*, NIPS 2016.
# - T. Takikawa, D. Acuna, V. Jampani, S. Fidler: *Gated-SCNN*, ICCV 2019, table 1: the class IoUs.
