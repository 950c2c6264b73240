# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   course:
#     minutes: 75
#     claims: [L17, L18, L19]
# ---

# %% [markdown] tags=["core"]
# # 10 · The leaderboard: intervals instead of bold font
#
# **After this notebook you can** read a table of scores critically, give a score its interval, test whether two systems
# differ, correct for many comparisons, say how many images would decide the rest, and answer a reviewer.
#
# **Time:** 75 minutes, or 30 for the core path (`course run --core` runs it alone; sections called "More" are for
# later). The cells themselves take under two minutes on two processor cores.
#
# **Lecture claims:** *L17*, the per-class table, its means recomputed, and one of the same form for our own systems. *L18*,
# mIoU over the crop factor, for every trained system. *L19*, papers decide by bold font: which differences of our own table
# survive a test?
#
# **Before it:** mIoU (06), boundary F and crops (09). **Exercises:** two on the way and three at the end to compute (9
# points), and one to write (1 point).
#
# Training takes long, so this notebook *reads recorded results*, made by `benchmarks/systems.py`; `train_minutes`
# trains systems here instead.

# %% tags=["core", "parameters"]
fast = False  # True: fewer resamples
seed = 0
dataset = "toy_streets"  # or "camvid", where its records are there
results_dir = None  # folder with the records; None: benchmarks/results of the course
data_dir = None  # where the data set is; None: its usual place
train_minutes = None  # minutes of training for each system, here and now; None: read the records
systems = ["SegNet", "PSPNet", "DeepLabV3Plus"]  # which to train then; names of course_utils.models
output_dir = "../runs"  # where they are kept
resamples = 10_000  # of every bootstrap and permutation test

# %% tags=["core"]
from itertools import combinations, pairwise, product

import numpy as np

from course_utils import datasets, plotting
from course_utils.checks import adopt, assert_same
from course_utils.evaluation import Records, block_length, bootstrap_interval, published_cityscapes, records_file
from course_utils.evaluation.measures.score_functions import mean_iou, pixel_accuracy
from course_utils.evaluation.statistics.image_counts import counts_of
from course_utils.evaluation.statistics.intervals import draw_weights

if fast:
    resamples = 2000

# %% [markdown] tags=["core"]
# ## The question
#
# This is the lecture's table: class IoU (%) on Cityscapes as the paper of Gated-SCNN prints it (ICCV 2019, table 1).
# The best of each column is bold. The word after each name is ours: the split on which the row was most likely scored.

# %% tags=["core"]
published = published_cityscapes()
plotting.show(
    plotting.score_grid(
        published.systems,
        [*published.classes, "mean"],
        np.column_stack([published.iou, published.means]),
        notes=published.splits,
    ),
    alt="Six systems and nineteen classes with their mean; the best figure of each column is bold, most often GSCNN's.",
)

# %% [markdown] tags=["core"]
# Recompute the means first. A printed table has been copied many times.

# %% tags=["core", "nbval-check-output"]
print(f"{'':12}{'split':>5}{'printed':>9}{'recomputed':>12}{'difference':>12}{'bold classes':>14}")
bold = (published.iou == published.iou.max(axis=0)).sum(axis=1)
for row in zip(published.systems, published.splits, published.means, published.iou.mean(axis=1), bold, strict=True):
    name, split, printed, mean, count = row
    print(f"{name:12}{split:>5}{printed:9.1f}{mean:12.2f}{printed - mean:+12.2f}{count:14}")
    assert abs(printed - mean) < 0.05

# %% [markdown] tags=["core"]
# All means agree to the last digit printed. But bold type hides three things:
#
# - **The rows are not of one kind.** The first three means are those that PSPNet's paper prints for the *test* set
#   (CVPR 2017, table 6), where PSPNet itself has 78.4. The last three are *val*. Compare only within a split.
# - **A bold figure says which is largest, not by how much.** PSPNet and DeepLabV3+ print the same mean; recomputed,
#   they differ by less than a twentieth of a point.
# - **Nothing says how far a figure would move** with other images, or if the network were trained again.
#
# **Think first:** what else would you need to tell whether 80.8 against 78.8 is more than chance?
#
# <details><summary>Answer</summary>What each system did on each image. The sums over all images, and even the complete
# confusion matrices, do not show how much images differ. Papers print neither.</details>
#
# ## Our own table, frame by frame
#
# So we keep that: the confusion matrix of every system on every frame, and those of a guess that never looks at the
# image. The systems did *not* have equal chances: widths and epochs differ.

# %% tags=["core"]
if train_minutes is None:
    records = Records.read(records_file(dataset, results_dir))
else:
    from course_utils.training.leaderboard import train_systems

    records = train_systems(
        systems, dataset, f"{output_dir}/10_{dataset}", data_dir=data_dir, minutes=train_minutes, seed=seed
    )
names, number = records.systems, len(records.frames)
table = datasets.card(records.dataset).labels
pixels = np.stack([counts_of(counts) for counts in records.counts], axis=1)  # right, true, predicted
print(f"made by: {records.command}")
print(f"{number} frames of the split {records.split}; right, true, predicted pixels", pixels.shape)

# %% [markdown] tags=["core"]
# Everything that follows comes from these numbers. A score of the whole data set sums over the frames first:

# %% tags=["core"]
scores = mean_iou(*pixels.sum(axis=2))
ranked = np.argsort(-scores)
print(f"{'system':18}{'parameters':>12}{'epochs':>8}{'mIoU':>8}{'boundary F':>12}{'pixels right':>14}")
for k in ranked:
    facts = f"{names[k]:18}{records.parameters[k]:12,}{records.epochs[k]:8}{100 * scores[k]:8.1f}"
    f, right = records.boundary_of(names[k]).mean("skip"), pixel_accuracy(*pixels.sum(axis=2)[:, k])
    print(f"{facts}{100 * f:12.1f}{100 * right:14.1f}")
if records.prior is not None:  # what a guess scores that never looks at the image
    blind = [part.sum(axis=0) for part in counts_of(records.prior)]
    print(f"{'no look at all':38}{100 * mean_iou(*blind):8.1f}{'':12}{100 * pixel_accuracy(*blind):14.1f}")
    if not fast and train_minutes is None:
        assert scores.min() > 1.5 * mean_iou(*blind), "a system that has learnt nothing does not belong here"

# %% [markdown] tags=["core"]
# **Self-test.** Which networks do unequal epochs favour, and which do unequal widths?
#
# <details><summary>Answer</summary>More epochs favour those that got them, above all slow learners. At
# a quarter of the width a network has a sixteenth of the weights: wider ones have more to learn with, and cost more per
# step.</details>

# %% [markdown]
# ## More: Never trust a record
#
# The records hold the predictions, too. Score them again with different code: the frame, the true class and the predicted
# class of each pixel make one number, and counting equal numbers gives all matrices at once.

# %%
from scipy.stats import binom, binomtest, norm, t

from course_utils.evaluation import CropFactorIoU, crop_windows, frame_scores, images_needed
from course_utils.evaluation.measures.score_functions import class_iou
from course_utils.evaluation.statistics.dependence import autocorrelation, influences
from course_utils.labels import VOID
from course_utils.widgets import interactive_figure


# %%
def count_frames(predictions, truths):
    """Pixels [frames, classes, classes] of label maps [frames, height, width], truth in rows."""
    frames, classes = len(truths), table.num_classes
    codes = (np.arange(frames)[:, None, None] * classes + truths) * classes + predictions
    return np.bincount(codes[truths != VOID], minlength=frames * classes**2).reshape(frames, classes, classes)


kept = records.predictions is not None
if kept:
    truths = np.stack(
        [datasets.label_map(frame, table) for frame in datasets.open(dataset, data_dir).frames(records.split)]
    )
    for k, name in enumerate(names):
        assert np.array_equal(count_frames(records.predictions[k], truths), records.counts[k]), name
        _, boundary = frame_scores(records.predictions[k, :5], truths[:5], table.num_classes)
        assert np.allclose(boundary.scores, records.boundary[k, :5], atol=1e-6), name
    print(f"{len(names)} systems x {len(truths)} frames: counted again, equal to the records")

# %% [markdown]
# A hard, a middling and an easy frame, as the best, a middle and the last system see them:

# %%
if kept:
    of_frames = mean_iou(*pixels).mean(axis=0)
    shown = [int(np.argsort(of_frames)[round(share * (number - 1))]) for share in (0.1, 0.5, 0.9)]
    chosen = [ranked[0], ranked[len(names) // 2], ranked[-1]]
    plotting.show(
        plotting.panels(
            [[truths[f], *(records.predictions[k, f] for k in chosen)] for f in shown],
            ["truth", *(names[k] for k in chosen)],
            table,
            width=12,
        ),
        alt="A hard, a middling and an easy frame: truth and the predictions of the best, a middle and the last system.",
    )

# %% [markdown]
# **Self-test.** Two programs count the same matrices from the same predictions. Which mistakes could they still share?
#
# <details><summary>Answer</summary>All that were made before counting: wrong frames, labels read wrongly, predictions
# resized or shifted.</details>
#
# ## More: The mIoU of a data set is not the mean of its images' mIoUs
#
# The smallest example, two classes and two images: one all road, one with a person whom the network half finds.

# %% tags=["nbval-check-output"]
two_images = np.array([[[100, 0], [0, 0]], [[90, 0], [5, 5]]])  # truth in rows: road, person
hits, true, predicted = counts_of(two_images)
print(
    "of each image:", mean_iou(hits, true, predicted).round(3), " their mean:", mean_iou(hits, true, predicted).mean()
)
print("of both together:", mean_iou(hits.sum(axis=0), true.sum(axis=0), predicted.sum(axis=0)).round(3))

# %% [markdown]
# The image without a person scores 1 by its road alone and lifts the mean over images. In the data set's score it
# hardly counts, for there the person is half of the mIoU. Both rules are in use, under one name (torchmetrics'
# segmentation `MeanIoU` takes the mean of images). For our systems:

# %%
of_images = np.nanmean(mean_iou(*pixels), axis=1)
for k in ranked:
    print(f"{names[k]:18} of the data set {100 * scores[k]:5.1f}   mean of the images {100 * of_images[k]:5.1f}")
turned = [(i, j) for i, j in combinations(ranked, 2) if of_images[i] < of_images[j]]
print(f"pairs that the other rule puts in another order: {len(turned)} of {len(names) * (len(names) - 1) // 2}")

# %% [markdown]
# **Self-test.** In the example, compute the IoU of road and person for the data set, and both rules' means.
#
# <details><summary>Answer</summary>Road 190 / 195, or 97 %, and person 5 / 10, or 50 %: 74 %. The images have 100 %
# and (95 + 50) / 2, about 72 %: their mean is 86 %.</details>

# %% [markdown] tags=["core"]
# ## How far would a score move with other images?
#
# The frames are a sample of all possible frames. We cannot draw new ones, but we can draw *from ours*, with
# replacement, as many as there are: some come twice, some not at all. Each such resample is one more data set that we
# might have had. This is the **bootstrap** (Efron, 1979), and the middle 95 % of its scores are an interval.
#
# ### Exercise 1: a bootstrap (2 points)
#
# `counts` `[images, classes, classes]` and `picks` `[resamples, images]`: for each resample the images that it draws,
# with repetitions. Return two numbers, the ends of the interval: the 2.5 % and 97.5 % quantiles (`np.quantile`) of the
# data set's mIoU over the resamples. In a resample without a class, that class does not count.


# %% nbgrader={"grade": false, "grade_id": "bootstrap", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def interval(counts, picks):
    """Lower and upper end of the 95 % interval of the mIoU."""
    ### BEGIN SOLUTION
    values = []
    for pick in picks:
        total = counts[pick].sum(axis=0)
        union = total.sum(axis=0) + total.sum(axis=1) - np.diag(total)
        values.append(np.mean(np.diag(total)[union > 0] / union[union > 0]))
    return np.quantile(values, [0.025, 0.975])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "bootstrap_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
example = np.array([[[8, 2], [0, 0]], [[5, 5], [0, 10]]])
assert_same(interval(example, np.array([[0, 0], [0, 0]])), [0.4, 0.4], name="an interval of the first image alone")
### BEGIN HIDDEN TESTS
for trial, (images, classes, draws) in enumerate([(5, 3, 40), (12, 2, 101), (3, 6, 7), (30, 4, 200)]):
    rng = np.random.default_rng(trial)
    counts = rng.integers(0, 40, (images, classes, classes)) * rng.integers(0, 2, (images, classes, 1))
    counts[:, 0, 0] += 20
    counts[1:, -1], counts[1:, :, -1] = 0, 0  # one image only has the last class
    picks = rng.integers(0, images, (draws, images))
    given, drawn = counts.copy(), picks.copy()
    answer = interval(given, drawn)
    assert_same(given, counts, name="the counts after the call")
    assert_same(drawn, picks, name="the picks after the call")
    times = (picks[..., None] == np.arange(images)).sum(axis=1).astype(float)
    expected = np.quantile(mean_iou(*(times @ part for part in counts_of(counts))), [0.025, 0.975])
    assert_same(answer, expected, name=f"the interval over {images} images")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary><code>counts[pick]</code> are the matrices of one resample, repetitions included. Sum them first,
# then compute one mIoU.</details>
# <details><summary>Hint 2</summary>One number for each row of <code>picks</code>; leave out classes whose union is 0
# in that resample. Then <code>np.quantile</code> of all of them.</details>


# %% tags=["core"]
def interval_of_scores(counts, picks):
    """The course's own."""
    parts = counts_of(counts)
    return np.quantile([mean_iou(*(part[pick].sum(axis=0) for part in parts)) for pick in picks], [0.025, 0.975])


trials = [(two_frames := np.array([[[8, 2], [0, 0]], [[5, 5], [0, 10]]]), np.array([[0, 1], [1, 1], [0, 0]]))]
interval_by = adopt("interval", globals(), ours=interval_of_scores, trials=trials)
picks = np.random.default_rng(seed).integers(0, number, size=(200 if fast else 1000, number))
for k in ranked:
    low, high = interval_by(records.counts[k], picks)
    print(f"{names[k]:18}{100 * scores[k]:6.1f}   from {100 * low:5.1f} to {100 * high:5.1f}")

# %% [markdown] tags=["core"]
# The course's `bootstrap_interval` does two things more, explained below under "More": it widens the interval where a
# handful of frames carries the score, and it draws neighbouring frames in blocks where they depend on each other. From
# here on we use these intervals, and keep every resample's score: one row of `weights` makes the same resample of every
# system.

# %% tags=["core"]
block = max(block_length(counts) for counts in records.counts)
weights = draw_weights(np.random.default_rng(seed), number, resamples, block)  # how often each frame is drawn
replicates = mean_iou(*(weights @ pixels))  # [systems, resamples]
options = {"resamples": resamples, "seed": seed, "block": block}
intervals = np.array([bootstrap_interval(counts, **options) for counts in records.counts])
print(f"blocks of {block}; intervals of {100 * np.diff(intervals).mean():.1f} points on average")
plotting.show(
    plotting.ranking(names, scores, *intervals.T, xlabel="mIoU (%), 95 % interval over frames"),
    alt="The systems in order of mIoU, each with an interval of a few points; many overlap.",
)

# %% [markdown] tags=["core"]
# **Self-test.** Somebody copies each of 100 independent frames five times and bootstraps 500 frames. By how much does the
# interval shrink?
#
# <details><summary>Answer</summary>By about the root of five, without any new information. If copies are next to each
# other, blocks much longer than five frames restore the old width.</details>

# %% [markdown]
# ## More: A few frames may carry the score
#
# The *influence* of a frame is what the score loses when the frame is left out. If all influences are alike, n frames
# show how much frames vary. If a handful of frames with a rare class have most of the influence, only those count. How
# many count? The *kurtosis* k of the influences is 3 for a normal distribution, and larger if a few values stand out.
# They fix their variance only as well as m = 2n / (k - 1) normal draws. For so few, take Student's t distribution
# with m - 1 degrees of freedom in place of the normal one: its 97.5 % point is further out. Widening the percentiles by
# as much is the *expanded percentile interval* (Hesterberg, 2015):

# %%
own = np.array([influences(mean_iou, pixels[:, k]) for k in range(len(names))]).T  # [frames, systems]
kurtosis = (own**4).mean(axis=0) / (own**2).mean(axis=0) ** 2
carrying = np.clip(2 * number / (kurtosis - 1), 2, number)  # how many frames carry a score
inside = norm.cdf(t.ppf(0.975, carrying - 1) * np.sqrt(carrying / (carrying - 1)))
single = draw_weights(np.random.default_rng([seed, 0]), number, resamples)  # frames one by one
single_scores = mean_iou(*(single @ pixels))
plain = np.quantile(single_scores, [0.025, 0.975], axis=1).T
widened = np.array(
    [np.quantile(values, [1 - share, share]) for values, share in zip(single_scores, inside, strict=True)]
)
for k in ranked:
    ends = "   ".join(f"{100 * low:5.1f} to {100 * high:5.1f}" for low, high in (plain[k], widened[k]))
    print(
        f"{names[k]:18}{100 * scores[k]:6.1f}   plain {ends}   widened; {carrying[k]:3.0f} of {number} frames carry it"
    )

# %% [markdown]
# `bootstrap_interval` does the same, from the same random numbers:

# %%
by_library = [bootstrap_interval(counts, resamples=resamples, seed=seed, block=1) for counts in records.counts]
assert np.allclose(by_library, widened, rtol=1e-9)
print("by hand and by the library: equal")

# %% [markdown]
# **Self-test.** One frame shows the only train of the split. What does leaving it out do to the mIoU, and what to the
# kurtosis?
#
# <details><summary>Answer</summary>Train leaves the mean, or scores 0 if it is still predicted: the mIoU jumps, up or
# down. The kurtosis is large: few frames carry the score.</details>
#
# ## More: Frames may depend on each other
#
# The frames of a drive are not independent draws: if a tree hides the pavement in one, it hides it in the next. Measure
# it. The *autocorrelation* at lag 1 compares the influence of each frame with that of the next one, at lag 5 with that
# of the fifth after it. For independent frames it is 0 but for chance, which stays within $2 \sqrt{\log_{10} n / n}$.
# CamVid's validation split is one drive, so look at its records, too:

# %%
with_records = [records]
if records.dataset == "toy_streets" and records_file("camvid", results_dir).is_file():
    with_records.append(Records.read(records_file("camvid", results_dir)))
LAGS = min(30, min(len(found.frames) for found in with_records) - 1)
correlations = {}
for found in with_records:
    series = [influences(mean_iou, counts_of(counts)) for counts in found.counts]
    mean = np.mean([autocorrelation(values, LAGS) for values in series], axis=0)
    correlations[found.dataset] = dict(enumerate(mean))
    chance = 2 * np.sqrt(np.log10(len(found.frames)) / len(found.frames))
    later = min(10, LAGS)
    print(f"{found.dataset:12} correlation at lag 1: {mean[1]:+.2f}, at lag {later}: {mean[later]:+.2f}; ", end="")
    print(f"up to {chance:.2f} may be chance")
plotting.show(
    plotting.labelled_curves(correlations, xlabel="lag (frames)", ylabel="correlation of influences"),
    alt="The mean correlation of a frame's influence with that of a later frame, over the lag, one curve per data set.",
)

# %% [markdown]
# What does dependence cost? If frames are correlated by $r_1, r_2, \ldots$, the variance of a mean of n frames is not
# $\sigma^2 / n$ but about $\sigma^2 / n \cdot (1 + 2 r_1 + 2 r_2 + \ldots)$: with 0.9, 0.81, 0.73 and so on that factor
# is 19, and a hundred frames tell no more than five independent ones. Drawing single frames shuffles the drive and
# loses those ties. Drawing **blocks** of consecutive frames keeps them (Künsch, 1989): as many as fill the split, each
# starting at a random frame. The split is laid in a circle, so that every frame is drawn equally often.
#
# How long should a block be? Short blocks still cut many ties. Long ones are few, and few draws tell little.
# Politis and White (2004) balance the two errors from the correlations measured; `block_length` does that. The
# interval's width over the length of the blocks shows why: it grows as the blocks hold more ties.


# %%
def block_weights(random, frames, draws, block):
    """How often each frame is drawn, [draws, frames], in blocks on a circle."""
    first = random.integers(0, frames, size=(draws, -(-frames // block)))
    drawn = (first[..., None] + np.arange(block)) % frames
    return np.array([np.bincount(row.ravel()[:frames], minlength=frames) for row in drawn], float)


for found in with_records:
    frames, best = len(found.frames), np.argmax(mean_iou(*np.stack([counts_of(c) for c in found.counts], 1).sum(2)))
    parts, chosen = counts_of(found.counts[best]), block_length(found.counts[best])
    widths = {}
    for block in sorted({1, 5, 10, 20, 30, chosen}):
        drawn = mean_iou(*(block_weights(np.random.default_rng(seed), frames, 1000, block) @ part for part in parts))
        widths[block] = 100 * np.diff(np.quantile(drawn, [0.025, 0.975]))[0]
    told = ", ".join(f"{block}: {width:.1f}" for block, width in widths.items())
    print(f"{found.dataset}, {found.systems[best]}: width of the plain interval in points by block length: {told}")
    print(f"{'':4}from the measured correlation: blocks of {chosen}")
    low, high = bootstrap_interval(found.counts[best], resamples=resamples, seed=seed)
    single = np.diff(bootstrap_interval(found.counts[best], resamples=resamples, seed=seed, block=1))[0]
    print(f"{'':4}bootstrap_interval, widened: {100 * (high - low):.1f} points; single frames {100 * single:.1f}")

# %% [markdown]
# Toy Streets is drawn scene by scene: no ties, and blocks of one frame. The library measures this and draws, or exchanges,
# blocks where it must (one length for all pairs: the longest that any needs). From a few blocks no method makes a
# sharp interval: in simulations over eight blocks, nominal 95 % intervals held the truth in 78 of 100 cases, and those
# over single frames in 33.
#
# **Self-test.** Why are blocks of five too short for the copied frames of the last self-test?
#
# <details><summary>Answer</summary>They start at random frames: most straddle the copies of two.</details>
#
# ## More: Does an interval keep its promise?
#
# We do not know the truth about all streets. But if our frames *were* all streets, we would know it: it is the scores
# above. Draw samples from them, make an interval from each sample alone, and count how often it holds the truth. If the
# promise of 95 % is kept, that count lies in the range in the last column, in 99 of 100 cases.

# %%
trials = 40 if fast else 200
expected = [int(end) for end in binom.ppf([0.005, 0.995], trials, 0.95)]
samples = np.random.default_rng(seed + 1).integers(0, number, size=(trials, number))
for title, score in [("pixel accuracy", pixel_accuracy), ("mIoU", mean_iou)]:
    truth = score(*pixels[:, ranked[0]].sum(axis=1))
    ends = [bootstrap_interval(records.counts[ranked[0]][sample], score, resamples=400, block=1) for sample in samples]
    held = sum(low <= truth <= high for low, high in ends)
    kept_promise = "as promised" if expected[0] <= held else "FEWER than promised"
    print(f"{title:15} {held} of {trials} hold the truth: {kept_promise} ({expected[0]} to {expected[1]})")
rarest = records.present.sum(axis=0).argmin()
print(f"rarest class: {table.names[rarest]}, in {records.present[:, rarest].sum()} of {number} frames")

# %% [markdown]
# Pixel accuracy depends on all frames about equally. In the mIoU the rarest class weighs as much as the road: where a
# handful of frames decide a class, no method knows what other frames would have shown, and a nominal 95 % interval may
# hold the truth less often. Where the line above says FEWER, read "95 %" as an upper bound.
#
# **Self-test.** Of 200 intervals, 180 hold the truth. Is that too few for a promise of 95 %?
#
# <details><summary>Answer</summary>Yes: 190 are expected, and by chance alone fewer than 182 happen in one of 200
# experiments. A figure of 90 % is a promise not kept.</details>
#
# ## More: The lecture's table, with intervals in place of bold

# %%
by_class = class_iou(*pixels.sum(axis=2))
class_replicates = class_iou(*(weights[:2000].astype(float) @ pixels))  # [systems, resamples, classes]
low, high = np.nanquantile(class_replicates, [0.025, 0.975], axis=1)
plotting.show(
    plotting.score_grid(
        [names[k] for k in ranked],
        [*table.names, "mean"],
        100 * np.column_stack([by_class, scores])[ranked],
        100 * np.column_stack([low, intervals[:, 0]])[ranked],
        100 * np.column_stack([high, intervals[:, 1]])[ranked],
    ),
    alt="Our systems and classes: in each cell the IoU and below it its interval.",
)

# %% [markdown]
# **Think first:** which columns have the widest intervals, and why those?
#
# <details><summary>Answer</summary>Classes that few frames show, or that one frame shows in a large piece: what is
# drawn twice or not at all then decides.</details>
#
# And the bold figures? Some system is best in each resample. **Think first:** for how many of the classes is it nearly
# always the one that we would have printed bold?

# %% tags=["predict"]
all_scores = np.column_stack([by_class, scores])
drawn = np.concatenate([class_replicates, replicates[:, : len(class_replicates[0]), None]], axis=2)
drawn, columns = np.nan_to_num(drawn), np.array([*table.names, "mean"])
found = np.nanmax(all_scores, axis=0) > 0  # a class that nobody finds has no best
best = np.nan_to_num(all_scores).argmax(axis=0)
stays = (drawn.argmax(axis=0) == best).mean(axis=0)
plotting.show(
    plotting.winner_shares(columns[found], [names[k] for k in best[found]], stays[found]),
    alt="A bar for each class and the mean: the share of resamples in which the best system stays the best.",
)
print(f"classes with a bold figure: {found[:-1].sum()}; it stays in 95 % of the resamples: ", end="")
print((stays[:-1] >= 0.95)[found[:-1]].sum())

# %% [markdown]
# How many frames make an interval narrow? Choose, from 25 to 6,400; beyond what we have, ours are drawn more often:

# %%
sizes = [25, 50, 100, 200, 400, 800, 1600, 3200, 6400]
draws = np.random.default_rng(seed)
spreads = {
    size: np.nanquantile(
        mean_iou(*(draws.multinomial(size, np.full(number, 1 / number), size=500).astype(float) @ pixels)),
        [0.025, 0.975],
        axis=1,
    )
    for size in sizes
}
limits = (
    100 * min(low.min() for low, _ in spreads.values()) - 0.5,
    100 * max(h.max() for _, h in spreads.values()) + 0.5,
)


def draw(frames=100):
    return plotting.ranking(names, scores, *spreads[frames], xlabel=f"mIoU (%) with {frames:,} frames", limits=limits)


interactive_figure(
    draw, alt=lambda frames: f"The systems by mIoU with intervals for {frames} frames like ours.", frames=sizes
)
for size, ends in spreads.items():
    print(f"{size:6,} frames: intervals of {100 * np.diff(ends, axis=0).mean():.1f} points on average")

# %% [markdown]
# Four times as many frames halve an interval, roughly.

# %% [markdown] tags=["core"]
# ## Two systems: the same images
#
# Many intervals overlap. That does **not** mean that those systems cannot be told apart: what makes a frame hard makes
# it hard for both. In a resample both get the same frames, so take the *difference* in each resample:

# %% tags=["core"]
paired = {pair: replicates[pair[0]] - replicates[pair[1]] for pair in combinations(ranked, 2)}
overlap = [(i, j) for i, j in paired if intervals[i][0] < intervals[j][1]]
clear = [pair for pair in overlap if np.quantile(paired[pair], 0.025) > 0]
print(f"pairs whose intervals overlap: {len(overlap)} of {len(paired)}")
print(f"of these, the interval of the difference leaves zero out: {len(clear)}")
i, j = max(paired, key=lambda pair: np.corrcoef(replicates[list(pair)])[0, 1])
apart = np.hypot(replicates[i].std(), replicates[j].std())
print(
    f"most alike: {names[i]} and {names[j]}; standard error of their difference {100 * paired[i, j].std():.2f} points,"
)
print(f"{100 * apart:.2f} if each had been scored on images of its own")

# %% [markdown] tags=["core"]
# How unlikely is a difference, if two systems are really equal? Then each image's two results might as well have been
# exchanged. A **permutation test** exchanges them at random, and the p-value is the share of exchanges whose difference
# is at least as large as the one observed. Three images with differences 2, 1 and 3 have eight exchanges:

# %% tags=["core", "nbval-check-output"]
observed = np.array([2, 1, 3])
sums = [int((observed * signs).sum()) for signs in product([1, -1], repeat=3)]
print(sums, "-> p =", np.mean(np.abs(sums) >= observed.sum()))
print({images: 2 / 2**images for images in (3, 5, 10)}, "is the least p of so many images")

# %% [markdown] tags=["core"]
# Three images that all agree prove nothing. With many images we try a random sample of the exchanges.
#
# ### Exercise 2: a paired test (2 points)
#
# `first` and `second` `[images, classes, classes]` are two systems' counts on the same images; all classes occur in both.
# `exchange` `[resamples, images]` says which images' results each resample exchanges. Return two numbers: the difference
# of the data set's mIoUs, first minus second, and the p-value (1 + k) / (1 + resamples), where k counts the resamples
# whose difference, whatever its sign, is at least as large as the observed one. Allow 1e-9 for rounding.


# %% nbgrader={"grade": false, "grade_id": "paired", "locked": false, "schema_version": 3, "solution": true, "task": false} tags=["core"]
def permutation_test(first, second, exchange):
    """Difference of the mIoUs and two-sided p-value."""

    ### BEGIN SOLUTION
    def miou(matrices):
        total = matrices.sum(axis=0)
        hits = np.diag(total)
        return np.mean(hits / (total.sum(axis=0) + total.sum(axis=1) - hits))

    observed, extreme = miou(first) - miou(second), 0
    for swap in exchange:
        swap = np.asarray(swap, bool)[:, None, None]
        difference = miou(np.where(swap, second, first)) - miou(np.where(swap, first, second))
        extreme += abs(difference) >= abs(observed) - 1e-9
    return [observed, (1 + extreme) / (1 + len(exchange))]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "paired_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false} tags=["core", "raises-exception"]
better, worse = np.array([[[9, 1], [0, 10]]] * 2), np.array([[[6, 4], [2, 8]]] * 2)
answer = permutation_test(better, worse, np.array([[True, True], [True, False], [False, False]]))
assert_same(answer, [(0.9 + 10 / 11) / 2 - (0.5 + 4 / 7) / 2, 3 / 4], name="difference and p-value")
### BEGIN HIDDEN TESTS
for trial, (images, classes, draws) in enumerate([(4, 3, 60), (9, 2, 99), (6, 5, 30), (15, 4, 200)]):
    rng = np.random.default_rng(trial)
    first, second = rng.integers(1, 50, (2, images, classes, classes))
    second[:, range(classes), range(classes)] += (
        rng.integers(0, 30 * (trial % 3), (images, classes)) if trial % 3 else 0
    )
    exchange = rng.random((draws, images)) < 0.5
    given = [first.copy(), second.copy(), exchange.copy()]
    answer = permutation_test(*given)
    for now, before in zip(given, (first, second, exchange), strict=True):
        assert_same(now, before, name="an argument after the call")
    mine, theirs = counts_of(first), counts_of(second)
    observed = mean_iou(*(m.sum(axis=0) for m in mine)) - mean_iou(*(t.sum(axis=0) for t in theirs))
    moved = [
        [(1 - exchange) @ a + exchange @ b for a, b in zip(*systems, strict=True)]
        for systems in ((mine, theirs), (theirs, mine))
    ]
    k = (np.abs(mean_iou(*moved[0]) - mean_iou(*moved[1])) >= abs(observed) - 1e-9).sum()
    assert_same(answer, [observed, (1 + k) / (1 + draws)], name=f"difference and p-value of {images} images")
### END HIDDEN TESTS

# %% [markdown] tags=["core"]
# <details><summary>Hint 1</summary><code>np.where(swap[:, None, None], second, first)</code> are the results that the first system
# would have had.</details>
# <details><summary>Hint 2</summary>What one system gets, the other gives up: exchange in both. Compare absolute
# values, and count those of at least the observed one less 1e-9.</details>


# %% tags=["core"]
def test_by_counts(first, second, exchange):
    """The course's own."""
    mine, theirs, swap = counts_of(first), counts_of(second), np.asarray(exchange, float)
    a, b = (
        mean_iou(*((1 - swap) @ x + swap @ y for x, y in zip(*both, strict=True)))
        for both in ((mine, theirs), (theirs, mine))
    )
    observed = mean_iou(*(x.sum(axis=0) for x in mine)) - mean_iou(*(y.sum(axis=0) for y in theirs))
    return [observed, (1 + (np.abs(a - b) >= abs(observed) - 1e-9).sum()) / (1 + len(exchange))]


trials = [(two_frames + 1, two_frames[::-1] + 3, np.array([[True, False], [False, False], [True, True]]))]
test_by = adopt("permutation_test", globals(), ours=test_by_counts, trials=trials)
exchange = np.random.default_rng(seed).random((200, number)) < 0.5
for i, j in pairwise(ranked[:4]):
    difference, p = test_by(records.counts[i], records.counts[j], exchange)
    print(f"{names[i]} against {names[j]}: {100 * difference:+.1f} points, p = {p:.3f}")

# %% [markdown] tags=["core"]
# **Self-test.** Five images, and all five differences have the same sign. What is the smallest two-sided p-value that a
# permutation test can give?
#
# <details><summary>Answer</summary>Two of 2<sup>5</sup> exchanges are as extreme: 1/16, about 0.06.</details>

# %% [markdown]
# Choose two systems, and see how their difference varies:

# %%
order = [names[k] for k in ranked]
position = {name: k for k, name in enumerate(names)}
some, next_best = order[len(order) // 4], order[len(order) // 4 + 1]


def draw(first=some, second=next_best):
    i, j = position[first], position[second]
    found = replicates[i] - replicates[j]
    ends = np.quantile(found, [0.025, 0.975])
    share = f"{first} is better in {(found > 0).mean():.1%} of the resamples"
    return plotting.difference_histogram(found, scores[i] - scores[j], ends, (first, second), share)


interactive_figure(
    draw,
    alt=lambda first, second: f"How the mIoU of {first} minus that of {second} varies over the resamples.",
    first=order,
    second=order,
)

# %% [markdown] tags=["core"]
# ## Many questions at once
#
# Ten systems make 45 pairs. Suppose *no* two differ. Each p-value then lies below 0.05 by chance in one of twenty
# cases. **Think first:** what share of such tables has at least one? Draw 2,000, the p-values independently:

# %% tags=["core", "nbval-check-output", "predict"]
from course_utils.evaluation import compare_all, holm, paired_test, seed_spread

by_chance = np.random.default_rng(0).random((2000, 45))
print(f"at least one of 45 below 0.05: {(by_chance < 0.05).any(axis=1).mean():.0%} of the tables")
corrected = np.array([holm(row) for row in by_chance])
print(f"after Holm's correction:       {(corrected < 0.05).any(axis=1).mean():.0%}")
assert (corrected < 0.05).any(axis=1).mean() < 0.065

# %% [markdown] tags=["core"]
# Holm's correction (1979) multiplies the smallest of m p-values by m, the next by m - 1, and so on; none may fall below
# the one before it. By hand:

# %% tags=["core", "nbval-check-output"]
p_values = np.array([0.04, 0.001, 0.03])
stepped = np.maximum.accumulate(np.sort(p_values) * [3, 2, 1])
print("sorted", np.sort(p_values), "-> corrected", stepped)
assert np.allclose(np.sort(holm(p_values)), stepped)

# %% [markdown] tags=["core"]
# All three were below 0.05; two no longer are. Now all pairs of our table:

# %% tags=["core"]
pairs = compare_all({name: records.of_system(name) for name in names}, resamples=resamples, seed=seed)
one = paired_test(records.counts[0], records.counts[1], resamples=resamples, seed=seed, block=pairs.block)
assert np.isclose(one.p_value, pairs.p_value[0, 1], atol=0.001) and np.isclose(one.difference, pairs.difference[0, 1])
print(f"exchanged in blocks of {pairs.block}")

upper = np.triu_indices(len(names), 1)
print(f"pairs: {len(upper[0])}; p < 0.05: {(pairs.p_value[upper] < 0.05).sum()}; ", end="")
print(f"after Holm's correction: {pairs.decided[upper].sum()}")
plotting.show(
    plotting.ranking(names, scores, *intervals.T, pairs.groups(), xlabel="mIoU (%), 95 % interval over frames"),
    alt="The systems in order of mIoU with intervals; lines at the right join neighbours that cannot be told apart.",
)

# %% [markdown] tags=["core"]
# No two systems on one line at the right can be told apart: their order may be chance. Others may be undecided, too.
# That is our leaderboard: groups, not places.
#
# **Self-test.** Three p-values, 0.01, 0.02 and 0.04: which are below 0.05 after Holm's correction?
#
# <details><summary>Answer</summary>All: 3 x 0.01 = 0.03, 2 x 0.02 = 0.04, 1 x 0.04 = 0.04.</details>

# %% [markdown]
# ## More: Power: what would decide the rest?
#
# Every pair; above the diagonal, how many frames would decide the open ones:

# %%
needed = pairs.images_needed()
order, square = [names[k] for k in ranked], np.ix_(ranked, ranked)
plotting.show(
    plotting.pair_matrix(order, pairs.difference[square], pairs.decided[square], needed[square]),
    alt="A triangle of differences in points, coloured where decided; above the diagonal a tick or the number of images "
    "that would decide the pair.",
)

# %% [markdown]
# The standard error falls as one over the square root of the number of images. So the interval's width tells how many
# images *like these* would reveal a difference of the observed size in four of five cases, at the corrected level.

# %%
open_pairs = needed[upper][~pairs.decided[upper]]
for size in (number, 500, 2000, 5000, 50_000):
    print(f"{size:7,} frames: {pairs.decided[upper].sum() + (open_pairs <= size).sum():3} of {len(upper[0])} pairs")

# %% [markdown]
# (Cityscapes val has 500, COCO val 5,000. A true difference may be smaller than the one observed: these are guesses for
# planning, not promises.) Check the rule on one pair: draw that many frames, run the paired test on them, and look for
# p < 0.05. If our frames were all streets, the difference would be real, and four of five tests should find it.

# %%
alone = {
    (i, j): images_needed(pairs.difference[i, j], pairs.low[i, j], pairs.high[i, j], number)
    for i, j in zip(*upper, strict=True)
}
i, j = min(alone, key=lambda pair: abs(np.log(alone[pair] / 1000)))  # a pair that needs about a thousand
enough, studies = round(alone[i, j]), 20 if fast else 60
found = 0
for sample in np.random.default_rng(seed).integers(0, number, size=(studies, min(enough, 3000))):
    test = paired_test(records.counts[i][sample], records.counts[j][sample], resamples=199, block=1)
    found += test.p_value < 0.05
print(f"{names[i]} and {names[j]}: with {enough} frames {found} of {studies} tests find the difference; promised: 80 %")
if enough <= 3000:
    print("consistent with 80 %:", binomtest(int(found), studies, 0.8).pvalue > 0.01)

# %% [markdown]
# **Self-test.** A difference would be found with 800 images. How many for one half as large?
#
# <details><summary>Answer</summary>Four times as many, 3,200: the standard error has to be halved.</details>

# %% [markdown] tags=["core"]
# ## What these intervals leave out: the seed
#
# Everything above resamples *images*. Trained again from another seed, a network is another network, with another score
# on the same images. "Decided" means: *these networks* differ on frames like these. It does not mean that one
# architecture beats the other. Given the counts of several trainings on the same images, `seed_spread` tells the two
# kinds of chance apart. Here the counts are made up, with spreads that we chose: 1 point from seed to seed; 5 from
# image to image, so 0.5 for the mean of 100.

# %% tags=["core", "nbval-check-output"]
made_up = np.random.default_rng(3)
image, seeds = made_up.normal(0, 0.05, size=100), made_up.normal(0, 0.01, size=5)
trainings = []
for shift in seeds:
    right = (10_000 * np.clip(0.6 + image + shift, 0, 1)).astype(int)
    trainings.append(np.stack([np.stack([right, 10_000 - right], -1), np.zeros((100, 2), int)], axis=1))
spread = seed_spread(trainings, pixel_accuracy)
print(f"seeds {100 * spread.seeds:.1f} points (of one training); images {100 * spread.images:.1f} points (of the mean)")
print(
    f"mean {100 * spread.mean:.1f}, 95 % for other seeds and images: {100 * spread.low:.1f} to {100 * spread.high:.1f}"
)

# %% [markdown] tags=["core"]
# **Self-test.** Scores move by 1 point from seed to seed, and each of two equal systems is trained once. How large is
# their difference, typically, from the seeds alone?
#
# <details><summary>Answer</summary>Its standard deviation is the root of 2, about 1.4 points.</details>

# %% [markdown]
# ## More: Systems, not networks
#
# So train every system three times. `benchmarks/systems.py` gave them all the same minutes on two cores, by what an
# epoch was measured to cost, and one recipe; only the seeds differ. That is far less time than the networks above had.
#
# **Think first:** what moves such a score more, another seed or another hundred images?

# %% tags=["predict"]
file = records_file(dataset, results_dir, "equal_time")
equal = Records.read(file) if file.is_file() else None
by_seeds = {name: seed_spread(equal.trainings_of(name)) for name in equal.systems} if equal else {}
by_mean = sorted(by_seeds, key=lambda name: -by_seeds[name].mean)
if equal:
    print(f"made by: {equal.command}\n{'system':18}{'epochs':>7}{'mean':>7}{'seeds':>7}{'images':>8}   95 % for others")
for name in by_mean:
    spread, k = by_seeds[name], equal.systems.index(name)
    print(f"{name:18}{equal.epochs[k]:7}{100 * spread.mean:7.1f}{100 * spread.seeds:7.1f}", end="")
    print(f"{100 * spread.images:8.1f}   {100 * spread.low:5.1f} to {100 * spread.high:4.1f}")
if equal:
    blind_score = mean_iou(*(part.sum(axis=0) for part in counts_of(equal.prior)))
    print(f"{'no look at all':25}{100 * blind_score:7.1f}")
    spread_of_seeds = np.sqrt(np.mean([spread.seeds**2 for spread in by_seeds.values()]))
    print(f"from seed to seed, over all systems: {100 * spread_of_seeds:.1f} points")

# %% [markdown]
# *seeds* is the standard deviation from one training to the next, *images* that of the mean from one sample of images
# to the next. The first table's networks trained longer, some at other widths. Here both count
# about alike.
#
# Now to the reader's question: would one *system* beat the other with other seeds, on other images? The images are
# shared, so they are resampled together; the seeds are not. The variances add up, and Welch's test takes care of the
# degrees of freedom:

# %%
from course_utils.evaluation import seed_difference

if equal:
    duels = list(combinations(by_mean, 2))
    found = [seed_difference(*(equal.trainings_of(name) for name in pair), resamples=500) for pair in duels]
    by_systems = holm(np.array([one.p_value for one in found])) < 0.05
    alone = compare_all({name: equal.of_system(name) for name in by_seeds}, resamples=resamples, seed=seed)
    place = {name: k for k, name in enumerate(by_seeds)}
    by_networks = np.array([alone.decided[place[a], place[b]] for a, b in duels])
    reversed_order = np.array([alone.difference[place[a], place[b]] < 0 for a, b in duels])
    print(f"pairs: {len(duels)}; decided between networks (one training each): {by_networks.sum()}")
    print(f"decided between systems (all trainings): {by_systems.sum()}; of those decided between networks:", end=" ")
    print(f"{(by_networks & by_systems).sum()}, the wrong way round: {(by_networks & reversed_order).sum()}")

# %% [markdown]
# In a pair decided "the wrong way round" the first training of one system beat that of the other beyond chance,
# while the mean over all trainings says the opposite.
#
# What would decide more: seeds or images? The variance of a difference is that of the images, which falls with their
# number, plus 2 s² / n for n trainings each. The table counts the pairs found (roughly, by normal quantiles) in four of
# five cases at the corrected level, if the measured differences are true:

# %%
if equal:
    z = norm.ppf(1 - 0.025 / len(duels)) + norm.ppf(0.8)
    size = np.abs([one.difference for one in found])
    images_variance, have = np.array([one.images**2 for one in found]), len(equal.frames)
    print("trainings" + "".join(f"{frames:7,} frames" for frames in (have, 500, 5000)))
    for runs in (3, 10, 30):
        error = [np.sqrt(images_variance * have / n + 2 * spread_of_seeds**2 / runs) for n in (have, 500, 5000)]
        print(f"{runs:9}" + "".join(f"{(size > z * e).sum():14}" for e in error))

# %% [markdown]
# **Self-test.** Seeds move a score by 2 points; the images leave their difference a standard error of 0.5. Each system is
# trained once. Which helps more, ten times the images or ten trainings each?
#
# <details><summary>Answer</summary>The variance is 0.25 + 2 x 4 = 8.25. Ten times the images leave 8.03, ten trainings
# 1.05.</details>
#
# ## More: Equal time, or equal capacity?
#
# Equal time favours what is cheap to train, and widths are choices. Another rule: each prediction costs about 150
# million multiply-adds, and all are trained for the same epochs, three times.
#
# **Think first:** which systems climb now, and which fall?

# %% tags=["predict"]
file = records_file(dataset, results_dir, "equal_multiply_adds")
capacity = Records.read(file) if file.is_file() else None
by_capacity = {name: seed_spread(capacity.trainings_of(name)) for name in capacity.systems} if capacity else {}
if capacity:
    print(f"made by: {capacity.command}\n{'system':18}{'parameters':>11}{'mean':>7}{'seeds':>7}   95 % for others")
for name in sorted(by_capacity, key=lambda name: -by_capacity[name].mean):
    spread, k = by_capacity[name], capacity.systems.index(name)
    print(f"{name:18}{capacity.parameters[k]:11,}{100 * spread.mean:7.1f}{100 * spread.seeds:7.1f}", end="")
    print(f"   {100 * spread.low:5.1f} to {100 * spread.high:4.1f}")

# %%
common = [name for name in by_capacity if name in by_seeds and name in names]
columns = {
    "trained for long": {name: scores[position[name]] for name in common},
    "equal time": {name: by_seeds[name].mean for name in common},
    "equal multiply-adds": {name: by_capacity[name].mean for name in common},
}
if common:
    plotting.show(
        plotting.rank_lines(columns),
        alt="Ranks of the systems in three tables, joined by lines that cross where the order changes.",
    )
    again = [seed_difference(*(capacity.trainings_of(name) for name in pair), resamples=500) for pair in duels]
    clear = holm(np.array([one.p_value for one in again])) < 0.05
    same = np.array([one.difference * other.difference > 0 for one, other in zip(found, again, strict=True)])
    print(f"pairs decided at equal multiply-adds: {clear.sum()} of {len(duels)}; in both tables: ", end="")
    print(f"{(clear & by_systems).sum()}, of these in the same order: {(clear & by_systems & same).sum()}")

# %% [markdown]
# A pair that both tables decide in the same order is as near as such small studies come to "this architecture is better
# here".
#
# **Self-test.** A system is eighth in equal time and second at equal multiply-adds. What does that say about it?
#
# <details><summary>Answer</summary>Its epochs took long for their multiply-adds, so equal time gave it few; or its width
# changed.</details>
#
# ## More: Other scores, other orders?
#
# mIoU is one way to look. Notebook 09 had two more: boundary F, and crops towards the vanishing point. The curve over
# the crop factor, for every system:

# %%
factors = (0, 100, 200, 300, 400)
if kept:
    windows = crop_windows(truths.shape[1:], factors)
    crop_counts = {
        factor: [count_frames(maps[:, *window], truths[:, *window]) for maps in records.predictions]
        for factor, window in windows.items()
    }
    crops = {factor: np.stack([counts_of(c) for c in counts], axis=1) for factor, counts in crop_counts.items()}
    crop_scores = {factor: mean_iou(*crop.sum(axis=2)) for factor, crop in crops.items()}
    check = CropFactorIoU(table.num_classes, factors)
    check.update(truths, records.predictions[0])
    assert np.allclose([crop_scores[factor][0] for factor in factors], list(check.mean_iou().values()))

# %%
if kept:
    plotting.show(
        plotting.labelled_curves(
            {name: {factor: 100 * crop_scores[factor][k] for factor in factors} for k, name in enumerate(names)},
            xlabel="crop factor",
            ylabel="mIoU in the crop (%)",
        ),
        alt="A curve for each system: mIoU over the crop factor, from the whole frame to its far end.",
    )

# %% [markdown]
# Does the order change? One line per system, the best at the top of each column:

# %%
columns = {
    "pixel accuracy": pixel_accuracy(*pixels.sum(axis=2)),
    "mIoU": scores,
    "mean of the\nimages' mIoU": of_images,
    "boundary F": np.array([records.boundary_of(name).mean("skip") for name in names]),
}
if kept:
    columns |= {f"mIoU,\ncrop {factor}": crop_scores[factor] for factor in (200, 400)}
plotting.show(
    plotting.rank_lines({title: dict(zip(names, values, strict=True)) for title, values in columns.items()}),
    alt="Ranks of the systems by several scores, joined by lines that cross where the order changes.",
)

# %% [markdown]
# Crossings mean little where the order may be chance anyway. So name the pairs that *both* scores decide, in opposite
# order. Call a pair decided if the interval of its difference leaves zero out after
# Bonferroni's correction (the level divided by the number of pairs; simpler than Holm's, and stricter).


# %%
def verdicts(replicates):
    """Of each pair: 1 or -1 where it is decided for the first or the second, 0 where it is not."""
    level = 0.05 / len(upper[0])
    differences = replicates[upper[0]] - replicates[upper[1]]
    low, high = np.nanquantile(differences, [level / 2, 1 - level / 2], axis=1)
    return (low > 0).astype(int) - (high < 0)


f_of_frames = np.where(records.present, records.boundary, 0).sum(axis=2) / records.present.sum(axis=1)
other_scores = {
    "boundary F": f_of_frames @ weights.T / number,
    "pixel accuracy": pixel_accuracy(*(weights.astype(float) @ pixels)),
}
if kept:
    other_scores["mIoU, crop 400"] = mean_iou(*(weights.astype(float) @ crops[400]))
by_miou = verdicts(replicates)
for title, values in other_scores.items():
    other = verdicts(values)
    against = [f"{names[upper[0][p]]} and {names[upper[1][p]]}" for p in np.flatnonzero(other * by_miou < 0)]
    print(f"{title:16} decides {np.abs(other).sum():3} pairs, against mIoU: {', '.join(against) or 'none'}")

# %% [markdown]
# On Toy Streets, DeepLabV2's random field gains mIoU and loses boundary F: it removes thin things (notebook 08).
#
# **Self-test.** Two lines cross between two columns. When may you say that the two scores disagree about this pair?
#
# <details><summary>Answer</summary>When both differences are decided, in opposite directions. Otherwise one of the
# orders may be chance.</details>
#
# ## More: Another data set
#
# Would the order hold on images of another kind? Where records of a second data set exist, compare.

# %%
others = [name for name in ("toy_streets", "camvid", "cityscapes") if name != records.dataset]
others = [name for name in others if records_file(name, results_dir).is_file()]
print("records of other data sets:", ", ".join(others) or "none here")
for other in others:
    second = Records.read(records_file(other, results_dir))
    common = [name for name in names if name in second.systems]
    theirs = compare_all({name: second.of_system(name) for name in common}, resamples=resamples, seed=seed)
    spread = np.array([bootstrap_interval(second.of_system(name), resamples=2000) for name in common])
    single = compare_all({name: second.of_system(name) for name in common}, resamples=2000, seed=seed, block=1)
    print(f"{other}: resampled in blocks of {theirs.block} frames, as their correlation asks for;", end=" ")
    print(
        f"{theirs.decided.sum() // 2} pairs decided, where single frames would have decided {single.decided.sum() // 2}"
    )
    plotting.show(
        plotting.ranking(common, theirs.scores, *spread.T, theirs.groups(), xlabel=f"{other}: mIoU (%)"),
        alt=f"The systems on {other} in order of mIoU, with intervals and groups.",
    )
    mine = [position[name] for name in common]
    both = pairs.decided[np.ix_(mine, mine)] & theirs.decided
    agree = both & (np.sign(pairs.difference[np.ix_(mine, mine)]) == np.sign(theirs.difference))
    print(f"{other}: pairs decided on both data sets {both.sum() // 2}, in the same order {agree.sum() // 2}")

# %% [markdown]
# On this drive no pair can be decided, whatever the scores: a permutation test of six blocks has 64 exchanges,
# so no p-value below 1/32, and Holm multiplies it by the number of pairs. "Not decided on CamVid" says more about CamVid's
# validation split than about the networks.
#
# **Self-test.** A pair is decided on both data sets, in opposite order. Which of the two is the better network?
#
# <details><summary>Answer</summary>Neither as such: which one is better depends on the images, and the question has to
# name them.</details>

# %% [markdown]
# ## More: What a reviewer would object
#
# **Think first:** you submit our table to a journal. Name the five weakest points before you read on.
#
# <details><summary>Answer</summary>They follow, with our answers.</details>
#
# 1. *"One training each."* True of the first table: it ranks networks, not architectures. The others have three
#    trainings of each system; most of their differences survive that.
# 2. *"You tuned on what you report."* The epoch of each network was chosen on val. Toy Streets' test frames were read for
#    tables alone; CamVid's table is on val, so its scores are a little too high.
# 3. *"The systems had unequal chances."* Yes, in the first table; the networks' cards (`course_utils/weights`) have the
#    recipes. The second table has equal time, the third equal multiply-adds: there, half or twice the
#    rate gains at most 1.0 point on val.
# 4. *"Your frames are not independent."* Measured: where neighbours resemble each other, whole blocks are drawn, and
#    CamVid's single drive decides nothing.
# 5. *"Drawn streets are not streets."* Nothing here is about the papers, whose networks have many times the weights, start
#    from ImageNet and train for days; and a pair that is not decided need not be equal.
#
# What remains: which of *these networks* are better on frames like these, and by how much.

# %% [markdown] tags=["core"]
# ## Quiz
#
# Commit to an answer, then open it. It says whether it is right, and why.

# %% tags=["core"]
from course_utils.quizzes import quiz

quiz("10")

# %% [markdown]
# ## Exercises
#
# Write each answer in the function provided; the cell below checks it, also on inputs that you do not see.
#
# ### Exercise 3: too good to be true (2 points)
#
# A system scores 78 % on the test split and 61 % on new photographs from the same streets. You suspect a **leak**: test
# frames that were training frames, too. Names and check sums say no. But whoever made the split may have stored copies a
# little brighter or darker, with some compression noise, or mirrored.
#
# `train` `[n, height, width]` and `test` `[m, height, width]` are grey images, uint8. A test frame has leaked if it, or its
# mirror image (left and right exchanged), is a training frame up to brightness: after the mean of each image has been
# subtracted from it, no pixel of the two differs by more than 3. Return the numbers of the leaked test frames, ascending
# integers. At least one has leaked.


# %% nbgrader={"grade": false, "grade_id": "leak", "locked": false, "schema_version": 3, "solution": true, "task": false}
def leaked(train, test):
    """Numbers of the test frames that are among the training frames."""

    ### BEGIN SOLUTION
    def centred(frames):
        return frames - frames.mean(axis=(1, 2), keepdims=True)

    known, found = centred(train), []
    for number, frame in enumerate(centred(test)):
        distances = [np.abs(known - view).max(axis=(1, 2)).min() for view in (frame, frame[:, ::-1])]
        if min(distances) <= 3:
            found.append(number)
    return found
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "leak_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
seen = np.random.default_rng(0).integers(60, 200, (3, 4, 6)).astype(np.uint8)
new = np.random.default_rng(1).integers(60, 200, (2, 4, 6)).astype(np.uint8)
split = np.stack([new[0], seen[1] + np.uint8(20), new[1], seen[0][:, ::-1]])
assert_same(leaked(seen.copy(), split.copy()), [1, 3], name="the leaked frames")
### BEGIN HIDDEN TESTS
for trial in range(6):
    rng = np.random.default_rng(trial)
    height, width = rng.integers(4, 9, 2)
    seen = rng.integers(60, 180, (9, height, width)).astype(np.uint8)
    split, wanted = [], []
    for number in range(8):
        frame = seen[rng.integers(9)].astype(int) if rng.random() < 0.7 else rng.integers(60, 180, (height, width))
        copied = (seen.astype(int) == frame).all(axis=(1, 2)).any()
        if rng.random() < 0.5:
            frame = frame[:, ::-1]
        frame = frame + rng.integers(-40, 41)
        change = rng.choice([-2, 0, 2, 30])
        frame[rng.integers(height), rng.integers(width)] += change
        split.append(frame)
        wanted += [number] * bool(copied and change < 30)
    split[0], wanted = seen[trial].astype(int) - 20, sorted({0, *wanted})
    # Upside down is another street, and so are one of which a single row is alike, and one of less contrast.
    split += [seen[0][::-1].astype(int), np.concatenate([seen[1][:1], 255 - seen[1][1:]]).astype(int)]
    split.append(128 + (seen[2].astype(int) - 128) // 2)
    given = seen.copy(), np.array(split).astype(np.uint8)
    found = leaked(*given)
    assert_same(given[0], seen, name="the training frames after the call")
    assert_same(given[1], np.array(split).astype(np.uint8), name="the test frames after the call")
    assert_same(found, wanted, name="the leaked frames")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>uint8 cannot hold negative numbers: <code>np.uint8(5) - np.uint8(9)</code> is 252. An array
# minus its mean is a floating-point array, and safe.</details>
# <details><summary>Hint 2</summary>Compare each test frame with all training frames at once:
# <code>np.abs(known - frame).max(axis=(1, 2))</code> holds one largest difference per training frame. Do it again with
# <code>frame[:, ::-1]</code>.</details>
#
# ### Exercise 4: the stranger in the table (1 point)
#
# In a table of several systems, one has 4 % mIoU, though its pictures look fine. `counts` `[systems, frames, classes,
# classes]` are its records, truth in rows, of three systems or more. Supposedly all were scored on the same frames. But
# then the *true* pixels of each class must be the same for all systems, in every frame, whatever they predicted. One
# system was scored with a wrong label table, or with its frames in another order. Return its number, an integer.


# %% nbgrader={"grade": false, "grade_id": "stranger", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stranger(counts):
    """The number of the system whose truth differs from that of all others."""
    ### BEGIN SOLUTION
    truth = counts.sum(axis=3)
    usual = np.median(truth, axis=0)
    return int((truth != usual).any(axis=(1, 2)).argmax())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "stranger_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
three = np.array([[[[5, 1], [0, 4]]], [[[2, 4], [3, 1]]], [[[4, 0], [1, 5]]]])
assert_same(stranger(three.copy()), 2, name="the number of the stranger")
### BEGIN HIDDEN TESTS
for trial in range(8):
    rng = np.random.default_rng(trial)
    many, frames, classes = rng.integers(3, 7), rng.integers(3, 9), rng.integers(3, 6)
    truth = rng.integers(20, 400, (frames, classes))
    made = [[[rng.multinomial(n, rng.dirichlet(np.ones(classes))) for n in row] for row in truth] for _ in range(many)]
    counts, wanted = np.array(made), int(rng.integers(many))
    if trial % 2:
        counts[wanted] = np.roll(counts[wanted], 1, axis=0)  # frames in another order: all sums over frames agree
    else:
        counts[wanted] = counts[wanted][:, np.roll(np.arange(classes), 1)]  # another label table
    given = counts.copy()
    found = stranger(given)
    assert_same(given, counts, name="the counts after the call")
    assert_same(found, wanted, name=f"the number of the stranger among {many}")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary><code>counts.sum(axis=3)</code> are the true pixels, [systems, frames, classes]. Compare frame
# by frame: sums over all frames would agree even if the frames had been exchanged. Which system differs from most?</details>
#
# ### Exercise 5: make them disagree (2 points)
#
# Two systems, scored on the same images of two classes. Construct counts such that the first has the higher mIoU *of the
# data set* and the second the higher *mean of the images' mIoUs*. Return integers `[2, images, 2, 2]`: system, image,
# truth, prediction. Both systems see the same truth: in each image their row sums agree, and each image has pixels.


# %% nbgrader={"grade": false, "grade_id": "disagree", "locked": false, "schema_version": 3, "solution": true, "task": false}
def disagreement(images):
    """Counts of two systems that the two rules put in opposite order, [2, images, 2, 2]; `images` is 2 or more."""
    ### BEGIN SOLUTION
    counts = np.zeros((2, images, 2, 2), int)
    counts[0, :, 0] = [5, 5]  # the first is bad on small images
    counts[1, :, 0] = [10, 0]
    counts[:, 0] = 0
    counts[0, 0] = [[10_000 * images, 0], [0, 10_000 * images]]  # and perfect on a large one
    counts[1, 0] = [[9000 * images, 1000 * images], [1000 * images, 9000 * images]]
    return counts
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "disagree_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
made = np.asarray(disagreement(2))
assert_same(np.array(made.shape), [2, 2, 2, 2], name="the shape")
assert_same(made.sum(axis=3)[0], made.sum(axis=3)[1], name="the truth that the second system sees")
### BEGIN HIDDEN TESTS
for images in (2, 3, 7, 20):
    made = np.asarray(disagreement(images))
    assert_same(np.array(made.shape), [2, images, 2, 2], name=f"the shape for {images} images")
    assert_same(made.dtype.kind in "iu", True, name="whether the counts are integers")
    assert_same((made >= 0).all(), True, name="whether no count is negative")
    assert_same(made.sum(axis=3)[0], made.sum(axis=3)[1], name="the truth that the second system sees")
    assert_same((made.sum(axis=(2, 3)) > 0).all(), True, name="whether every image has pixels")
    totals, means = [], []
    for counts in made.astype(np.int64):
        parts = counts_of(counts)
        means.append(mean_iou(*parts).mean())
        totals.append(mean_iou(*(part.sum(axis=0) for part in parts)))
    assert_same(bool(totals[0] > totals[1]), True, name=f"whether the first wins on the data set, {images} images,")
    assert_same(bool(means[1] > means[0]), True, name=f"whether the second wins by the mean of {images} images")
### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint 1</summary>The data set's score listens to images with many pixels; in the mean every image has
# one vote.</details>
# <details><summary>Hint 2</summary>One image with very many pixels and many with few. Let the first system be perfect
# on the large image and poor on the small ones, the second the other way round.</details>
#
# ### Exercise 6: in your own words (1 point)
#
# A paper's new network has 80.8 mIoU on the 500 frames of Cityscapes val, the best before it 80.1. "Our method is superior,
# p < 0.05, paired test over images." Name two things that could make this sentence mislead although the test was
# computed correctly, and for each what you would ask the authors for.

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 1, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
#
# Any two with a fitting request. (1) One training each: the seed moves a score by perhaps as much; ask for several
# seeds of both and their spread. (2) Many variants were tried on the same frames and the best is shown: the test does
# not know of the others; ask how many, for a corrected level, or for a split that was not used to choose. (3) Unequal
# effort: resolution, crops, schedule, pretraining; ask for one recipe or equal tuning. (4) Frames of one city resemble
# each other; ask for an interval over cities. (5) More than chance is not large; ask for the interval of the
# difference.
#
# ### RUBRIC
#
# - Half a point for each of two things, with a request that fits; nothing for one without a request.
#
# ### END SOLUTION

# %% [markdown]
# ## Summary
#
# - Recompute printed means; ask which split a row is from. A bold figure says which is largest, nothing more.
# - Keep what each system did on each image. Then the bootstrap gives every score an interval, and a permutation test
#   tells whether two systems differ: on the *same* images, which is far sharper than comparing intervals.
# - Correct for the number of comparisons. Report groups that cannot be told apart, and what would tell them apart.
# - Intervals over images leave out the seed, the tuning, and the kind of images.
#
# ## With other data and a GPU
#
# | you have | parameters |
# |---|---|
# | CamVid's records | `dataset="camvid"` (no predictions are kept: no crops) |
# | an hour, two cores | `train_minutes=10`, `systems` as you like |
# | Cityscapes, one GPU | `dataset="cityscapes"`, `train_minutes=240`: full width and large images are chosen where there is a GPU |
#
# `course evaluate RUN --against RUN` compares two runs of your own in the same way.
#
# ## Further reading
#
# - B. Efron, R. Tibshirani: *An Introduction to the Bootstrap*, 1993.
# - T. Hesterberg: *What Teachers Should Know About the Bootstrap*, The American Statistician 69(4), 2015: why to widen.
# - S. Holm: *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6, 1979.
# - J. Demšar: *Statistical Comparisons of Classifiers over Multiple Data Sets*, JMLR 7, 2006: the lines beside a ranking.
# - T. Takikawa, D. Acuna, V. Jampani, S. Fidler: *Gated-SCNN*, ICCV 2019; H. Zhao et al.: *Pyramid Scene Parsing
#   Network*, CVPR 2017: the printed numbers.
