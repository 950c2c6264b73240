"""All systems, one recipe: what each costs and what it learns in the same time.

    python benchmarks/systems.py cost  --dataset camvid --data-dir DIR
    python benchmarks/systems.py train --dataset camvid --data-dir DIR --minutes 10
    python benchmarks/systems.py score --dataset camvid --data-dir DIR

`cost` counts parameters and multiply-adds and times training and prediction, the systems in turns. `train` gives each
as many epochs as fit into the minutes on two cores by the processor time that `cost` found, with the command that it
prints (`course train`, all else left to its defaults); what is trained stays, and an interrupted run goes on. `score`
writes the tables into benchmarks/results. Epochs, unlike minutes, are the same again on another machine or a busy one.
"""

import argparse
import json
import platform
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from course_utils import datasets, models, training
from course_utils.backend import keras, tf
from course_utils.evaluation import ConfusionMatrix, ImageBlindPrior, Records, frame_scores, records_file
from course_utils.evaluation.tables import PRIOR_ROW
from course_utils.inference import Predictor, predict_frames

BATCH = 4
CORES = 2
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
    card = datasets.card(options.dataset)
    num_classes, size = card.labels.num_classes, card.laptop_size
    random = np.random.default_rng(0)
    images = random.uniform(size=(BATCH, *size, 3)).astype("float32")
    labels = random.integers(0, num_classes, size=(BATCH, *size)).astype("uint8")
    steps, facts = {}, {}
    for name, system in models.SYSTEMS.items():
        model = system.network(num_classes, training=True, **system.laptop)
        training.compile_model(model, objective=training.objective(system))
        network = training.prediction_network(model)
        facts[name] = {"parameters": network.count_params(), "multiply_adds": multiply_adds(network, size)}
        targets = dict.fromkeys(model.output, labels) if isinstance(model.output, dict) else labels
        predict = tf.function(network, autograph=False)
        steps[name] = (
            lambda model=model, targets=targets: model.train_on_batch(images, targets),
            lambda predict=predict: predict(tf.constant(images)).numpy(),
        )
        for step in steps[name]:
            step()
        print(name, facts[name], flush=True)
    times = {name: ([], []) for name in models.SYSTEMS}
    for _ in range(options.rounds):
        for name, pair in steps.items():
            for step, record in zip(pair, times[name], strict=True):
                wall, processor = time.perf_counter(), time.process_time()
                step()
                record.append((time.perf_counter() - wall, time.process_time() - processor))
    for name, records in times.items():
        (train, train_processor), (predict, _) = (
            map(statistics.median, zip(*record, strict=True)) for record in records
        )
        facts[name] |= {
            "training_processor_seconds": round(train_processor / BATCH, 4),
            "training_images_a_second": round(BATCH / train, 2),
            "images_a_second": round(BATCH / predict, 2),
        }
        print(f"{name:15}{facts[name]}", flush=True)
    file = folder(options) / "cost.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": machine(), "systems": facts}, indent=1))


def train(options):
    """One `course train` per system."""
    paces = json.loads((folder(options) / "cost.json").read_text())["systems"]
    frames = len(datasets.open(options.dataset, options.data_dir).frames("train"))
    for name in options.systems or models.SYSTEMS:
        epochs = max(1, round(CORES * 60 * options.minutes / paces[name]["training_processor_seconds"] / frames))
        run = folder(options) / name
        command = ["course", "train", name, "--dataset", options.dataset, "--epochs", str(epochs)]
        print(f"\n{shlex.join(command)}", flush=True)
        command += ["--output", str(run)] + (["--data-dir", options.data_dir] if options.data_dir else [])
        command += ["--resume"] if (run / "config.json").exists() else []
        subprocess.run([sys.executable, "-m", "course_utils", *command[1:]], check=True)


def score(options):
    """Tables of the trained systems on the validation split, and the counts of every frame for later statistics.

    The predictions are kept, too, where the data set is the course's own.
    """
    own = options.dataset == "toy_streets"
    data = datasets.open(options.dataset, options.data_dir)
    frames = data.frames("val")
    facts = json.loads((folder(options) / "cost.json").read_text())
    results = {}
    for name in options.systems or models.SYSTEMS:
        run = training.Run(folder(options) / name)
        network, size = run.load_model(), run.config["image_size"]
        epochs = {"epochs": run.config["epochs"]}
        results[name] = score_network(network, size, frames, data) | epochs
        for refinement, refine in models.SYSTEMS[name].refinements.items():
            results[f"{name} + {refinement}"] = score_network(refine(network), size, frames, data) | epochs
        print(f"{name:15}{results[name]['confusion'].mean_iou():.1%}", flush=True)
    prior = score_prior(frames, data)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"systems_{options.dataset}.md").write_text(report(options, data, facts, {**results, PRIOR_ROW: prior}))
    records = Records(
        dataset=options.dataset,
        command=command(options),
        systems=tuple(results),
        parameters=np.array([facts["systems"][name.split(" + ")[0]]["parameters"] for name in results]),
        epochs=np.array([result["epochs"] for result in results.values()]),
        frames=tuple(frame.name for frame in frames),
        counts=np.stack([result["counts"] for result in results.values()]),
        boundary=np.stack([result["boundary"].scores for result in results.values()]).astype("float32"),
        present=next(iter(results.values()))["boundary"].present,
        predictions=np.stack([result["predictions"] for result in results.values()]) if own else None,
        prior=prior["counts"],
    )
    records.save(records_file(options.dataset, RESULTS))


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


def report(options, data, facts, results) -> str:
    """The tables in Markdown."""
    size = "{}x{}".format(*data.card.laptop_size)
    frames = len(next(iter(results.values()))["counts"])
    lines = [
        f"# The systems on {options.dataset}: {options.minutes:g} minutes of two cores each",
        "",
        f"`{command(options)}` with `cost`, then `train`, then `score`; {facts['machine']}.",
        f"Each by `course train NAME --dataset {options.dataset} --epochs E`, images of {size}, one seed; scored on "
        f"the validation split ({frames} frames) at the labels' own size, in percent.",
        "Boundary F by SegNet's rules (0.75 % of the diagonal, classes present). Multiply-adds are of one image; "
        f"images per second are of prediction in batches of {BATCH}, medians of turns.",
        "One run each: which differences a second seed would keep is not known from this.",
        "",
        "| system | parameters | multiply-adds (M) | images/s | epochs | mIoU | boundary F | pixel accuracy |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in results.items():
        fact = facts["systems"].get(name)
        cost = (
            [f"{fact['parameters']:,}", f"{fact['multiply_adds'] / 1e6:,.0f}", f"{fact['images_a_second']:.0f}"]
            if fact
            else ["", "", ""]
        )
        scores = [
            result["confusion"].mean_iou(),
            result["boundary"].mean("skip"),
            result["confusion"].pixel_accuracy(),
        ]
        lines.append(
            "| " + " | ".join([name, *cost, str(result["epochs"]), *(f"{100 * s:.1f}" for s in scores)]) + " |"
        )
    lines += ["", "| IoU | " + " | ".join(results) + " |", "|---|" + "---:|" * len(results)]
    ious = np.array([result["confusion"].iou() for result in results.values()])
    rows = [*zip(data.labels.names, ious.T, strict=True), ("**mean**", np.nanmean(ious, axis=1))]
    lines += [f"| {name} | " + " | ".join(f"{100 * value:.1f}" for value in row) + " |" for name, row in rows]
    return "\n".join(lines) + "\n"


def command(options) -> str:
    return f"python benchmarks/systems.py TASK --dataset {options.dataset} --minutes {options.minutes:g}"


def folder(options) -> Path:
    return Path(options.runs) / options.dataset


def machine() -> str:
    return f"{platform.processor() or platform.machine()}, TensorFlow {tf.__version__}, Keras {keras.__version__}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["cost", "train", "score"])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--runs", default="runs/systems", help="where the trained networks are kept")
    parser.add_argument("--minutes", type=float, default=10, help="of training for each system")
    parser.add_argument("--rounds", type=int, default=15, help="timed steps of each system")
    parser.add_argument("--systems", nargs="*", help="some of the systems only")
    options = parser.parse_args()
    globals()[options.task](options)


if __name__ == "__main__":
    main()
