"""All systems, one recipe: what each costs and what it learns in the same time.

    python benchmarks/systems.py cost  --dataset toy_streets --image-size 96x192
    python benchmarks/systems.py train --dataset toy_streets --image-size 96x192 --minutes 1.5 --seeds 3
    python benchmarks/systems.py score --dataset toy_streets --image-size 96x192 --minutes 1.5 --seeds 3 --split test

    python benchmarks/systems.py TASK --dataset toy_streets --image-size 96x192 --multiply-adds 150 --epochs 8 --seeds 3

`cost` counts parameters and multiply-adds and times training and prediction, the systems in turns, as `course train`
does it on this machine. `train` gives each as many epochs as fit into the minutes on two cores by the processor time
that `cost` found, with the command that it prints (`course train`, all else left to its defaults), seed after seed;
what is trained stays, and an interrupted run goes on. `score` writes the tables into benchmarks/results. Epochs, unlike
minutes, are the same again on another machine or a busy one.

With `--multiply-adds` the same three tasks compare equal capacity instead of equal time: `cost` finds the width at
which a prediction of each system takes so many million multiply-adds, and all are trained for the same epochs.
Then `rates` trains seed 0 of each at half and at twice the rate, too, and scores all three on the split val.
`shipped` makes the tables of the networks that come with the course instead.
"""

import argparse
import json
import platform
import shlex
import statistics
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np

from course_utils import datasets, models, training, weights
from course_utils.backend import keras, tf
from course_utils.evaluation import ConfusionMatrix, ImageBlindPrior, Records, frame_scores, records_file
from course_utils.evaluation.tables import PRIOR_ROW
from course_utils.files import write_whole
from course_utils.inference import Predictor, predict_frames
from course_utils.training.growing import stages
from course_utils.training.network import new_network

BATCH = 4
CORES = 2
RATES = (0.5, 1, 2)
"""Factors of the recipe's rate."""
RESULTS = Path(__file__).parent / "results"
MULTIPLICATIONS = {"BatchMatMulV2", "Conv2D", "Conv2DBackpropInput", "DepthwiseConv2dNative", "MatMul"}
"""TensorFlow's operations whose multiply-adds are counted: the rest of a network adds little."""


def multiply_adds(model, size) -> int:
    """Multiply-adds of one prediction at `size`, as TensorFlow's profiler counts them (two operations each)."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    predict = tf.function(lambda images: model(images, training=False), autograph=False)
    concrete = predict.get_concrete_function(tf.TensorSpec([1, *size, 3]))
    graph = convert_variables_to_constants_v2(concrete).graph
    counts = [
        tf.compat.v1.profiler.profile(
            graph,
            options={
                **tf.compat.v1.profiler.ProfileOptionBuilder.float_operation(),
                "account_type_regexes": [kind],
                "output": "none",
            },
        ).total_float_ops
        for kind in sorted(MULTIPLICATIONS)
    ]
    return sum(counts) // 2


def cost(options):
    """Parameters, multiply-adds, and times: medians over rounds in which the systems take turns."""
    if options.multiply_adds:
        save_cost(options, {name: fitted_width(name, options) for name in options.systems or models.SYSTEMS})
        return
    random = np.random.default_rng(0)
    steps, facts = {}, {}
    for name, system in models.SYSTEMS.items():
        recipe = training.Recipe.for_machine(
            name, options.dataset, options.data_dir, gpu=False, epochs=1, **image_size(options)
        )
        model, size = new_network(recipe), recipe.image_size
        network = training.prediction_network(model)
        fresh = system.network(recipe.data.labels.num_classes, **recipe.model_options)
        facts[name] = {"parameters": network.count_params(), "multiply_adds": multiply_adds(fresh, size)}
        steps[name] = {
            f"train {stage.share:g}": training_step(model, recipe, size, stage.share, random)
            for stage in stages(recipe)
        }
        images = tf.constant(random.uniform(size=(BATCH, *size, 3)), tf.float32)
        predict = tf.function(network, autograph=False)
        steps[name]["predict"] = lambda predict=predict, images=images: predict(images).numpy()
        for step in steps[name].values():
            step()
        print(name, facts[name], flush=True)
    times = {(name, kind): [] for name, kinds in steps.items() for kind in kinds}
    for _ in range(options.rounds):
        for name, kinds in steps.items():
            for kind, step in kinds.items():
                wall, processor = time.perf_counter(), time.process_time()
                step()
                times[name, kind].append((time.perf_counter() - wall, time.process_time() - processor))
    for name, kinds in steps.items():
        medians = {kind: [statistics.median(t) for t in zip(*times[name, kind], strict=True)] for kind in kinds}
        trained = [medians[kind] for kind in kinds if kind != "predict"]  # each stage has half of the steps
        facts[name] |= {
            "training_processor_seconds": round(np.mean([processor for _, processor in trained]) / BATCH, 4),
            "training_images_a_second": round(BATCH / np.mean([wall for wall, _ in trained]), 2),
            "images_a_second": round(BATCH / medians["predict"][0], 2),
        }
        print(f"{name:15}{facts[name]}", flush=True)
    save_cost(options, facts)


def fitted_width(name, options) -> dict:
    """The width at which a system's multiply-adds come closest to those asked for, in 64ths, and what it has then."""
    recipe = training.Recipe.for_machine(
        name, options.dataset, options.data_dir, gpu=False, epochs=1, **image_size(options)
    )
    tried = {}
    width = recipe.model_options.get("width", 1.0)
    while (share := round(64 * width)) not in tried:
        given = recipe.model_options | {"width": share / 64}
        network = models.SYSTEMS[name].network(recipe.data.labels.num_classes, **given)
        count = multiply_adds(network, recipe.image_size)
        tried[share] = {"width": share / 64, "parameters": network.count_params(), "multiply_adds": count}
        width = share / 64 * (1e6 * options.multiply_adds / count) ** 0.5  # the cost of a convolution: width squared
    found = min(tried.values(), key=lambda fact: abs(fact["multiply_adds"] - 1e6 * options.multiply_adds))
    print(f"{name:15}{found}", flush=True)
    return found


def save_cost(options, facts):
    """What `train` and `score` read."""
    file = folder(options) / "cost.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"machine": machine(), "systems": facts}, indent=1))


def training_step(model, recipe, size, share, random):
    """A function that trains one step on images of a size."""
    height, width = (round(side * share) for side in size)
    images = random.uniform(size=(BATCH, height, width, 3)).astype("float32")
    labels = random.integers(0, recipe.data.labels.num_classes, size=(BATCH, height, width)).astype("uint8")
    targets = dict.fromkeys(model.output, labels) if isinstance(model.output, dict) else labels
    return lambda: model.train_on_batch(images, targets)


def train(options):
    """One `course train` per system and seed."""
    paces = json.loads((folder(options) / "cost.json").read_text())["systems"]
    frames = len(datasets.open(options.dataset, options.data_dir).frames("train"))
    for seed, name in product(range(options.seeds), options.systems or models.SYSTEMS):
        epochs = options.epochs if options.multiply_adds else epochs_in(options.minutes, paces[name], frames)
        width = ["--option", f"width={paces[name]['width']:g}"] if options.multiply_adds else []
        train_once(options, name, f"{name}-{seed}", ["--epochs", str(epochs), "--seed", str(seed), *width])


def train_once(options, name, run, given):
    """`course train` with some options given, unless this run is done; one that was interrupted goes on."""
    run = folder(options) / run
    if (run / "done").exists():
        return
    command = ["course", "train", name, "--dataset", options.dataset, *given]
    command += ["--image-size", options.image_size] if options.image_size else []
    print(f"\n{shlex.join(command)}", flush=True)
    command += ["--output", str(run)] + (["--data-dir", options.data_dir] if options.data_dir else [])
    command += ["--resume"] if (run / "config.json").exists() else []
    subprocess.run([sys.executable, "-m", "course_utils", *command[1:]], check=True)
    (run / "done").touch()


def epochs_in(minutes, pace, frames) -> int:
    """As many epochs as fit into minutes of two cores."""
    return max(1, round(CORES * 60 * minutes / pace["training_processor_seconds"] / frames))


def score(options):
    """Tables of the trained systems on a split, and the counts of every frame for later statistics."""
    facts = json.loads((folder(options) / "cost.json").read_text())
    results = [{} for _ in range(options.seeds)]
    for name, (seed, found) in product(options.systems or models.SYSTEMS, enumerate(results)):
        run = training.Run(folder(options) / f"{name}-{seed}")
        found |= scored(options, name, run.load_model(), run.config["image_size"], run.config["epochs"])
    record(options, facts, results)


def rates(options):
    """Would another rate serve a system better? Seed 0 at each rate, scored on val."""
    if not options.multiply_adds:
        raise SystemExit("rates goes with --multiply-adds")
    data = datasets.open(options.dataset, options.data_dir)
    rows = {}
    for name in options.systems or models.SYSTEMS:
        config = training.Run(folder(options) / f"{name}-0").config
        given = [
            "--epochs",
            str(options.epochs),
            "--seed",
            "0",
            "--option",
            f"width={config['model_options']['width']}",
        ]
        rows[name] = {}
        for factor in RATES:
            run = f"{name}-0" + f"-rate{factor:g}" * (factor != 1)
            train_once(options, name, run, [*given, "--learning-rate", f"{factor * config['learning_rate']:g}"])
            network = training.Run(folder(options) / run).load_model()
            result = score_network(network, config["image_size"], data.frames("val"), data)
            rows[name][factor] = 100 * result["confusion"].mean_iou()
        print(f"{name:15}", *(f"{score:6.1f}" for score in rows[name].values()), flush=True)
    gain = max(max(row.values()) - row[1] for row in rows.values())
    lines = [
        f"# One rate for all systems? {options.dataset}, {options.multiply_adds:g} million multiply-adds, "
        f"{options.epochs} epochs",
        "",
        f"`{command(options)}` with `rates`; {machine()}. The networks of seed 0 of the table at equal multiply-adds, "
        "and the same trained at half and at twice the recipe's rate; mIoU in percent on the split val "
        f"({len(data.frames('val'))} frames), which no table of scores reads. The best of three rates gains at most "
        f"{gain:.1f} points over the recipe's.",
        "",
        "| system | " + " | ".join(f"{factor:g} x the rate" for factor in RATES) + " |",
        "|---|" + "---:|" * len(RATES),
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{row[factor]:.1f}" for factor in RATES) + " |" for name, row in rows.items()
    ]
    write_whole(RESULTS / f"rates_{options.dataset}.md", "\n".join(lines) + "\n")


def shipped(options):
    """The same for the networks that come with the course, whose cards say how they were trained."""
    facts, found = {"machine": machine(), "systems": {}}, {}
    for card in map(weights.card, weights.shipped()):
        if card.dataset != options.dataset or card.system not in (options.systems or models.SYSTEMS):
            continue
        network = models.pretrained(card.system, card.dataset)
        counted = {"parameters": network.count_params(), "multiply_adds": multiply_adds(network, card.image_size)}
        facts["systems"][card.system] = counted
        found |= scored(options, card.system, network, card.image_size, card.epochs)
    record(options, facts, [found])


def scored(options, name, network, size, epochs) -> dict:
    """A network's results on the split, and those of its refinements."""
    data = datasets.open(options.dataset, options.data_dir)
    refined = {f"{name} + {way}": refine(network) for way, refine in models.SYSTEMS[name].refinements.items()}
    results = {}
    for title, scoring in {name: network, **refined}.items():
        results[title] = score_network(scoring, size, data.frames(options.split), data) | {"epochs": epochs}
        print(f"{title:18} {results[title]['confusion'].mean_iou():.1%}", flush=True)
    return results


def record(options, facts, results):
    """Write the tables and the records; of the networks that ship, on the course's own data, the predictions, too."""
    study = "equal_multiply_adds" if options.multiply_adds else "equal_time"
    if options.task == "shipped" or (study == "equal_time" and options.dataset == "camvid"):  # few for CamVid ship
        study = "systems"
    own = options.dataset == "toy_streets" and options.task == "shipped"
    data = datasets.open(options.dataset, options.data_dir)
    frames = data.frames(options.split)
    prior = score_prior(frames, data)
    RESULTS.mkdir(exist_ok=True)
    file = records_file(options.dataset, RESULTS, study)
    write_whole(file.with_suffix(".md"), report(options, data, facts, results, prior))
    first, *others = results
    of_systems = [facts["systems"][name.split(" + ")[0]] for name in first]
    records = Records(
        dataset=options.dataset,
        command=command(options),
        systems=tuple(first),
        parameters=np.array([fact["parameters"] for fact in of_systems]),
        epochs=np.array([result["epochs"] for result in first.values()]),
        frames=tuple(frame.name for frame in frames),
        counts=np.stack([result["counts"] for result in first.values()]),
        boundary=np.stack([result["boundary"].scores for result in first.values()]).astype("float32"),
        present=next(iter(first.values()))["boundary"].present,
        predictions=np.stack([result["predictions"] for result in first.values()]) if own else None,
        prior=prior["counts"],
        split=options.split,
        others=np.stack([[result["counts"] for result in found.values()] for found in others]) if others else None,
        multiply_adds=np.array([fact["multiply_adds"] for fact in of_systems]),
    )
    records.save(file)


def score_network(network, size, frames, data) -> dict:
    """Prediction and counts `[frames, classes, classes]` of each frame, their sum, and boundary F by SegNet's rules."""
    predictions = [prediction.astype("uint8") for _, prediction in predict_frames(Predictor(network, size), frames)]
    return {"predictions": predictions, **count(predictions, frames, data)}


def score_prior(frames, data) -> dict:
    """The same for what a guess scores that never looks at the image."""
    prior = ImageBlindPrior.of(data)
    answers = (prior.predict(data.label_map(frame).shape) for frame in frames)
    return {**count(answers, frames, data), "epochs": ""}


def count(predictions, frames, data) -> dict:
    """Counts of each frame, their sum, and boundary F."""
    truths = (data.label_map(frame) for frame in frames)
    counts, boundary = frame_scores(predictions, truths, data.labels.num_classes)
    total = ConfusionMatrix(data.labels.num_classes)
    total.matrix += counts.sum(axis=0)
    return {"counts": counts, "confusion": total, "boundary": boundary}


def report(options, data, facts, results, prior) -> str:
    """The tables in Markdown."""
    first, seeds = results[0], len(results)
    timed = options.task == "score" and not options.multiply_adds
    if options.task == "score":
        title = f"{options.minutes:g} minute{'s' * (options.minutes != 1)} of two cores each"
        if options.multiply_adds:
            title = f"{options.multiply_adds:g} million multiply-adds and {options.epochs} epochs each"
        trained = (
            f"`{command(options)}` with `cost`, then `train`, then `score`; {facts['machine']}. Each by `course train "
            f"NAME --dataset {options.dataset} --epochs E --seed S{' --option width=W' * (not timed)}`, images of "
            f"{options.image_size or '{}x{}'.format(*data.card.laptop_size)}; {seeds} seed{'s' * (seeds > 1)}."
        )
    else:
        title = "the networks that ship"
        trained = (
            f"`{command(options)}`; {facts['machine']}. One training each: the cards in `course_utils/weights` hold "
            "the commands, which differ in epochs and width."
        )
    lines = [
        f"# The systems on {options.dataset}: {title}",
        "",
        trained,
        f"Scored on the split {options.split} ({len(prior['counts'])} frames) at the labels' own size, in percent"
        + (": mean over seeds and their range." if seeds > 1 else "."),
        "Boundary F by SegNet's rules (0.75 % of the diagonal, classes present). Multiply-adds are of one image"
        + (f"; images per second are of prediction in batches of {BATCH}, medians of turns." if timed else "."),
        "",
        f"| system | parameters | multiply-adds (M) | {'width' if options.multiply_adds else 'images/s'} | epochs "
        "| mIoU | boundary F | pixel accuracy |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    measures = (
        lambda result: result["confusion"].mean_iou(),
        lambda result: result["boundary"].mean("skip"),
        lambda result: result["confusion"].pixel_accuracy(),
    )
    for name in [*first, PRIOR_ROW]:
        found = [prior] if name == PRIOR_ROW else [result[name] for result in results]
        fact, cells = facts["systems"].get(name), ["", "", ""]
        if fact:
            rate = f"{fact['images_a_second']:.0f}" if timed else f"{fact.get('width', '')}"
            cells = [f"{fact['parameters']:,}", f"{fact['multiply_adds'] / 1e6:,.0f}", rate]
        scores = [spread([100 * measure(result) for result in found]) for measure in measures]
        lines.append("| " + " | ".join([name, *cells, str(found[0]["epochs"]), *scores]) + " |")
    lines += ["", "| IoU | " + " | ".join([*first, PRIOR_ROW]) + " |", "|---|" + "---:|" * (len(first) + 1)]
    columns = [[result[name]["confusion"].iou() for result in results] for name in first]
    ious = np.array([np.mean(column, axis=0) for column in columns] + [prior["confusion"].iou()])
    rows = [*zip(data.labels.names, ious.T, strict=True), ("**mean**", np.nanmean(ious, axis=1))]
    lines += [f"| {name} | " + " | ".join(f"{100 * value:.1f}" for value in row) + " |" for name, row in rows]
    return "\n".join(lines) + "\n"


def spread(values) -> str:
    """Mean and range."""
    mean = f"{np.mean(values):.1f}"
    return mean if len(values) < 2 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


def image_size(options) -> dict:
    """The option as a recipe takes it."""
    return {"image_size": tuple(map(int, options.image_size.split("x")))} if options.image_size else {}


def command(options) -> str:
    """What made the records."""
    if options.task == "shipped":
        return f"python benchmarks/systems.py shipped --dataset {options.dataset} --split {options.split}"
    size = f" --image-size {options.image_size}" if options.image_size else ""
    some = f" --systems {' '.join(options.systems)}" if options.systems else ""
    equal = f"--minutes {options.minutes:g}"
    if options.multiply_adds:
        equal = f"--multiply-adds {options.multiply_adds:g} --epochs {options.epochs}"
    return (
        f"python benchmarks/systems.py TASK --dataset {options.dataset}{size} {equal} "
        f"--seeds {options.seeds} --split {options.split}{some}"
    )


def folder(options) -> Path:
    equal = f"-{options.multiply_adds:g}M-{options.epochs}" if options.multiply_adds else ""
    return Path(options.runs) / f"{options.dataset}{equal}"


def machine() -> str:
    return f"{platform.processor() or platform.machine()}, TensorFlow {tf.__version__}, Keras {keras.__version__}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["cost", "train", "score", "rates", "shipped"])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--runs", default="runs/systems", help="where the trained networks are kept")
    parser.add_argument("--minutes", type=float, default=10, help="of training for each system")
    parser.add_argument("--multiply-adds", type=float, metavar="MILLIONS", help="equal capacity instead of equal time")
    parser.add_argument("--epochs", type=int, default=8, help="of each system, with --multiply-adds")
    parser.add_argument("--image-size", metavar="HxW", help="default: the data set's size for laptops")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each system")
    parser.add_argument("--split", default="val", help="that is scored")
    parser.add_argument("--rounds", type=int, default=15, help="timed steps of each system")
    parser.add_argument("--systems", nargs="*", help="some of the systems only")
    options = parser.parse_args()
    globals()[options.task](options)


if __name__ == "__main__":
    main()
