"""The early training method (lecture claim L4) against its alternatives: same time, few and many labels, several seeds.

    python benchmarks/early_training.py train [--minutes 1] [--seeds 5] [--datasets toy_streets camvid]
    python benchmarks/early_training.py table

DeepLabV3+ on EfficientNet-Lite0 (the extra `weights`). The method: take the encoder of an ImageNet classifier, freeze
it, train the decoder on features that are computed once, unfreeze, go on at a lower rate. It meets training everything
from ImageNet weights at once, training everything from scratch, the same method on an encoder of random weights, and a
decoder on an encoder that stays frozen.

All get the same time on two cores. What a step costs is measured first, in turns, by processor time, compiling left
out; each competitor then gets the steps that fit, so that a busy machine gives what a quiet one does. `train` does what
is not done yet, seed after seed, and can be stopped at any time; `table` writes the two files
benchmarks/results/early_training.md and .json.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from recipe import machine
from scipy import stats

from course_utils.files import write_whole

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "early_training.md"
CORES, BATCH = 2, 4
SIZES = {"toy_streets": (96, 192), "camvid": (120, 160)}
LABELS = (24, 96, None)
"""Training frames that have labels; None: all."""

FROZEN_SHARE = 0.5
"""Of the time, until the encoder is unfrozen."""

RATE, LOWER_RATE = 0.03, 0.015
"""Muon's peak rate; the encoder's own is smaller where it starts from ImageNet (`muon-gentle`)."""

COMPETITORS = {
    "from scratch": ("random", "all"),
    "ImageNet, all at once": ("imagenet", "all"),
    "ImageNet, frozen first": ("imagenet", "frozen first"),
    "random, frozen first": ("random", "frozen first"),
    "ImageNet, always frozen": ("imagenet", "frozen"),
}
"""The encoder's first weights, and the phases."""


class Study:
    """One data set: a network, compiled for three ways to train it, and the costs of each.

    Attributes:
        costs: seconds of two cores for a step of everything, a step of the decoder, and the features of an image.
    """

    def __init__(self, dataset: str, minutes: float):
        from course_utils import datasets, models, training
        from course_utils.backend import keras
        from course_utils.models.encoders.base import encoder_name
        from course_utils.training.optimization.optimizers import OPTIMIZERS
        from course_utils.training.optimization.precision import building, machine_precision

        self.size, self.minutes = SIZES[dataset], minutes
        self.data = datasets.open(dataset)
        classes = self.data.labels.num_classes
        with building(machine_precision(gpu=False)):
            options = models.SYSTEMS["DeepLabV3Plus"].fit(self.size)
            self.model = models.DeepLabV3Plus(
                classes, encoder="efficientnet_lite0", width=0.5, encoder_width=1.0, **options
            )
        self.imagenet = None
        inside = {layer.name for layer in self.model.layers if encoder_name(layer)} | {self.model.layers[0].name}
        joints = {}
        for layer in self.model.layers:
            if layer.name in inside:
                continue
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            joints |= {id(x): x for x in inputs if x._keras_history.operation.name in inside}
        self.encoder = keras.Model(self.model.input, list(joints.values()))
        self.decoder = keras.Model(list(joints.values()), self.model.output)
        weights = training.median_frequency_weights(*self.data.pixel_counts("train"), power=0.5)
        self.trained = {
            "decoder": self.decoder,
            "muon": keras.Model(self.model.input, self.model.output),
            "muon-gentle": keras.Model(self.model.input, self.model.output),
        }
        for name, network in self.trained.items():
            self._set_frozen(name == "decoder")
            optimizer = OPTIMIZERS["muon" if name == "decoder" else name]
            training.compile_model(network, class_weights=weights, optimizer=optimizer, weight_decay=0.05)
        self.costs = None

    def _set_frozen(self, frozen: bool):
        from course_utils.training.phases import freeze_encoder, unfreeze_encoder

        (freeze_encoder if frozen else unfreeze_encoder)(self.model)

    def start(self, encoder: str, seed: int):
        """Give the network its first weights: the same decoder for all competitors of a seed."""
        from course_utils import models
        from course_utils.backend import keras

        keras.utils.set_random_seed(seed)
        fresh = keras.models.clone_model(self.model)
        self.model.set_weights(fresh.get_weights())
        if encoder == "imagenet":
            models.load_imagenet_weights(self.model, "imagenet")

    def settle(self, images):
        """Give an encoder of random weights the statistics of its own activations, which an unused one lacks."""
        norms = [layer for layer in self.encoder.layers if hasattr(layer, "moving_mean")]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 0.0
        self.encoder(images, training=True)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def kept_features(self, images, labels):
        """Batches without end of the frozen encoder's features, of each image and its mirror."""
        from course_utils.backend import tf

        both = np.concatenate([images, images[:, :, ::-1]]), np.concatenate([labels, labels[:, :, ::-1]])
        parts = [self.encoder.predict_on_batch(both[0][k : k + 16]) for k in range(0, len(both[0]), 16)]
        features = tuple(np.concatenate(part) for part in zip(*parts, strict=True))
        pairs = tf.data.Dataset.from_tensor_slices((features, both[1]))
        return pairs.shuffle(len(both[0]), seed=0).repeat().batch(BATCH, drop_remainder=True).prefetch(2)

    def fit(self, name, batches, steps, rate, title):
        """Train with a fresh optimiser."""
        from course_utils import training

        self._set_frozen(name == "decoder")
        network = self.trained[name]
        for variable in network.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        training.fit(network, batches, training.Budget(steps=steps), learning_rate=rate, title=title)

    def frames(self, count, seed):
        """The frames that have labels: a random choice, the same for all competitors; as arrays and as a data set."""
        from course_utils.datasets.pipeline import from_frames

        frames = self.data.frames("train")
        chosen = np.random.default_rng(seed).permutation(len(frames))[: count or len(frames)]
        chosen = [frames[k] for k in sorted(chosen)]
        small = from_frames(chosen, self.data.labels, self.size)
        pairs = [np.stack(part) for part in zip(*small.as_numpy_iterator(), strict=True)]
        return *pairs, from_frames(chosen, self.data.labels)

    def batches(self, pairs, seed):
        """Augmented batches without end, as `course train` makes them."""
        from course_utils.datasets.augmentation import Augmentation
        from course_utils.datasets.pipeline import training_batches

        augmentation = Augmentation(self.size, (0.8, 1.6), True, 0.3, self.size)
        return training_batches(pairs, BATCH, seed=seed, augmentation=augmentation)

    def measure_costs(self):
        """Medians over rounds in which the three take turns."""
        images, labels, pairs = self.frames(24, 0)
        self.start("random", 0)
        kept, augmented = self.kept_features(images, labels), self.batches(pairs, 0)
        found = {"decoder": [], "muon": [], "image": []}
        for _ in range(6):
            for name, batches, steps in (("decoder", kept, 40), ("muon", augmented, 10)):
                began = time.process_time()
                self.fit(name, batches, steps, 1e-4, "costs")
                found[name].append((time.process_time() - began) / steps)
            began = time.process_time()
            self.encoder.predict_on_batch(images)
            found["image"].append((time.process_time() - began) / len(images))
        self.fit("muon-gentle", augmented, 5, 1e-4, "compiling")
        self.costs = {name: float(np.median(values[1:])) / CORES for name, values in found.items()}

    def steps(self, phases, images):
        """Steps of the decoder alone, and of everything, that fit."""
        time_left, costs = 60 * self.minutes, self.costs
        if phases == "all":
            return 0, int(time_left / costs["muon"])
        time_left -= 2 * images * costs["image"]
        share = FROZEN_SHARE if phases == "frozen first" else 1.0
        return int(share * time_left / costs["decoder"]), int((1 - share) * time_left / costs["muon"])

    def run(self, competitor, count, seed):
        """Train one competitor; returns its score and what it was given."""
        from course_utils.inference import Predictor
        from course_utils.training.validation import confusion_of_frames

        encoder, phases = COMPETITORS[competitor]
        images, labels, pairs = self.frames(count, seed)
        self.start(encoder, seed)
        decoder_steps, all_steps = self.steps(phases, len(images))
        title = f"{competitor}, {len(images)} labels, seed {seed}"
        if decoder_steps:
            if encoder == "random":
                self.settle(images[:24])
            self.fit("decoder", self.kept_features(images, labels), decoder_steps, RATE, title)
        if all_steps:
            optimizer = "muon" if phases == "all" and encoder == "random" else "muon-gentle"
            rate = LOWER_RATE if decoder_steps else RATE
            self.fit(optimizer, self.batches(pairs, seed), all_steps, rate, title)
        predictor = Predictor(self.model, self.size)
        score = confusion_of_frames(predictor, self.data, self.data.frames("val")).mean_iou()
        return {"mean_iou": score, "labels": len(images), "decoder_steps": decoder_steps, "all_steps": all_steps}


def prior(data):
    """The score of the guess that never looks at the image, from all labels."""
    from course_utils.evaluation import ConfusionMatrix, ImageBlindPrior

    size = data.label_map(data.frames("val")[0]).shape
    guess = ImageBlindPrior((data.label_map(frame) for frame in data.frames("train")), data.labels.num_classes)
    blind, confusion = guess.predict(size), ConfusionMatrix(data.labels.num_classes)
    for frame in data.frames("val"):
        confusion.update(data.label_map(frame), blind)
    return confusion.mean_iou()


def train(options):
    """Every training that is not done yet."""
    options.runs.mkdir(parents=True, exist_ok=True)
    studies = {}
    for seed in range(options.seeds):
        for dataset in options.datasets:
            for count in LABELS:
                for competitor in COMPETITORS:
                    name = f"{dataset}-{count or 'all'}-{competitor.replace(', ', '-').replace(' ', '_')}-{seed}.json"
                    if (options.runs / name).exists():
                        continue
                    if dataset not in studies:
                        studies[dataset] = study = Study(dataset, options.minutes)
                        costs = options.runs / f"costs-{dataset}.json"
                        if not costs.exists():
                            study.measure_costs()
                            write_whole(costs, json.dumps({**study.costs, "prior": prior(study.data)}))
                        study.costs = json.loads(costs.read_text())
                    study = studies[dataset]
                    found = study.run(competitor, count, seed)
                    facts = {"dataset": dataset, "competitor": competitor, "seed": seed, "minutes": options.minutes}
                    facts["all"] = count is None
                    write_whole(options.runs / name, json.dumps({**facts, **found}))
                    print(json.dumps({**facts, **found}), flush=True)
        table(options)


def table(options):
    """The results as Markdown for people and as JSON for notebook 05."""
    runs = [json.loads(path.read_text()) for path in sorted(options.runs.glob("*-*-*-*.json"))]
    lines = [
        "# Freeze, train, unfreeze against its alternatives",
        "",
        f"`python benchmarks/early_training.py train` on {machine()}; its `--minutes` and `--seeds` are said below.",
        "DeepLabV3+ on EfficientNet-Lite0, width 0.5 behind it. Mean IoU in percent on val, at the labels' size: mean "
        "and 95 % interval over seeds by Student's t; a seed decides first weights of the decoder, labelled frames and "
        "order. In brackets the difference to the method of the lecture with the same seeds. All have the same time on "
        "two cores, counted in steps by measured cost, without compiling; the frozen phase sees each image and its "
        "mirror, the others crops of other sizes and colours, too. Costs are those of the day when a data set was "
        "trained: depthwise convolutions have become cheaper since Toy Streets was. CamVid's val comes from a training "
        "drive: read differences, not levels.",
    ]
    record = {}
    for dataset in dict.fromkeys(run["dataset"] for run in runs):
        mine = [run for run in runs if run["dataset"] == dataset]
        counts = sorted({run["labels"] for run in mine})
        costs = json.loads((options.runs / f"costs-{dataset}.json").read_text())
        lines += [
            "",
            f"## {dataset}, images of {SIZES[dataset][0]}x{SIZES[dataset][1]}, {mine[0]['minutes']:g} minutes",
            "",
            f"A step of {BATCH} images costs {1000 * costs['muon']:.0f} ms for everything, "
            f"{1000 * costs['decoder']:.0f} ms for the decoder on kept features; the features of an image "
            f"{1000 * costs['image']:.0f} ms. A guess that never looks at the image "
            f"scores {100 * costs['prior']:.1f} %.",
            "",
            "| competitor | " + " | ".join(f"{count} labels" for count in counts) + " |",
            "|---|" + "---:|" * len(counts),
        ]
        record[dataset] = {"prior": 100 * costs["prior"], "minutes": mine[0]["minutes"], "scores": {}}
        for competitor in COMPETITORS:
            cells, below = [], []
            for count in counts:
                by = {name: {} for name in COMPETITORS}
                for run in mine:
                    if run["labels"] == count:
                        by[run["competitor"]][run["seed"]] = 100 * run["mean_iou"]
                own, method = by[competitor], by["ImageNet, frozen first"]
                record[dataset]["scores"].setdefault(competitor, {})[str(count)] = [own[seed] for seed in sorted(own)]
                cells.append(_interval(list(own.values()), ".1f"))
                same = sorted(set(own) & set(method))
                below.append("" if own is method else f"({_interval([own[s] - method[s] for s in same], '+.1f')})")
            joined = [f"{cell} {difference}".strip() for cell, difference in zip(cells, below, strict=True)]
            lines.append(f"| {competitor} | " + " | ".join(joined) + " |")
        lines += ["", f"Seeds: {len({run['seed'] for run in mine})}."]
    write_whole(RESULTS, "\n".join(lines) + "\n")
    write_whole(RESULTS.with_suffix(".json"), json.dumps(record, indent=1) + "\n")


def _interval(values, style) -> str:
    """Mean and half width of the interval over seeds."""
    if not values:
        return "–"
    mean = format(np.mean(values), style).replace("-", "−")
    if len(values) < 2:
        return mean
    return f"{mean} ± {stats.t.ppf(0.975, len(values) - 1) * stats.sem(values):.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["train", "table"])
    parser.add_argument("--runs", type=Path, default=Path("runs/early_training"), help="where the results are kept")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--datasets", nargs="*", default=list(SIZES), choices=list(SIZES))
    options = parser.parse_args()
    train(options) if options.task == "train" else table(options)


if __name__ == "__main__":
    sys.path[:0] = [os.path.dirname(__file__)]
    main()
