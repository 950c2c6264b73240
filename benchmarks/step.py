"""Training steps and predictions of the systems beside the same networks in PyTorch.

    python benchmarks/step.py --peer PYTHON [--rounds 12] [--systems SegNet ...]

PYTHON is the interpreter of an environment with PyTorch (`pip install torch numpy`). The networks are those of `course
train` for laptops; `torch_network.py` builds the same layers from their description, with the same weights, and the
first thing that is printed is how far the two predictions differ. A step is the network, its gradient and AdamW, one
loss for both (features channels-last, float32 or bfloat16 with float32 weights). Each side has a process and one thread
of its own, and they take turns; figures are medians of processor seconds, so that other load on the machine matters
little. The course's own step has more in it than AdamW: that is told apart.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "step.md"
SYSTEMS = ("SegNet", "SegNetBasic", "PSPNet", "DeepLabV3Plus", "GSCNN")
SIZE, BATCH = (96, 192), 4


class Side:
    """A process that answers requests."""

    def __init__(self, *command):
        one = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
        environment = os.environ | one | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, text=True, env=environment, **pipes)

    def ask(self, request) -> dict:
        """What the other process answers."""
        print(request, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended (status {self._process.wait()}): run it by hand to see why.")
        return json.loads(line)

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def measure(options):
    """One table row per system and precision."""
    lines = [
        "# Training steps and predictions beside PyTorch",
        "",
        f"`python benchmarks/step.py --peer PYTHON --rounds {options.rounds}`. {machine(options.peer)}. One thread "
        f"each; {BATCH} images of {SIZE[0]}x{SIZE[1]}; processor milliseconds, medians of turns. *ratio*: ours to "
        "PyTorch's, below 1 is faster. *recipe*: a step of `course train` (Muon, class weights, an average). "
        "*difference*: largest between the two predictions (logits), relative to their largest value. Peaks are of "
        "whole processes, libraries included.",
        "",
        "| system | precision | step | PyTorch | ratio | recipe | prediction | PyTorch | ratio | peak MiB | PyTorch | "
        "difference |",
        "|---|---|" + "---:|" * 10,
    ]
    for system in options.systems:
        for precision in ("float32", "bfloat16"):
            with tempfile.TemporaryDirectory() as folder:
                lines.append(row(system, precision, folder, options))
            print(lines[-1], flush=True)
            RESULTS.write_text("\n".join(lines) + "\n")


def row(system, precision, folder, options) -> str:
    """Measure one network."""
    ours = Side(sys.executable, __file__, "--worker", system, precision, folder)
    ours.ask("describe")
    peer = Side(options.peer, str(Path(__file__).with_name("torch_network.py")), folder, precision)
    sides, times = {"ours": ours, "peer": peer}, {}
    for side in sides.values():
        side.ask("outputs")
    mine, theirs = (np.load(Path(folder) / f"{name}.npy") for name in ("keras", "torch"))
    difference = np.abs(mine - theirs).max() / np.abs(mine).max()
    peaks = {}
    for number in range(options.rounds + 2):  # the first two are for compiling
        for kind in ("train", "predict"):
            for name, side in sides.items():
                answer = side.ask(kind)
                peaks[name] = answer["peak"]
                if number > 1:
                    times.setdefault((kind, name), []).append(1000 * answer["seconds"])
    recipe = [1000 * ours.ask("recipe")["seconds"] for _ in range(options.rounds + 2)][2:]
    for side in sides.values():
        side.close()
    found = {key: statistics.median(values) for key, values in times.items()}
    cells = [system, precision]
    for kind in ("train", "predict"):
        own, other = found[kind, "ours"], found[kind, "peer"]
        cells += [f"{own:.0f}", f"{other:.0f}", f"{own / other:.2f}"]
        cells += [f"{statistics.median(recipe):.0f}"] if kind == "train" else []
    cells += [f"{peaks['ours']:.0f}", f"{peaks['peer']:.0f}", f"{difference:.1e}"]
    return "| " + " | ".join(cells) + " |"


def worker(system, precision, folder):
    """Our side: answers requests on standard input."""
    import resource

    from course_utils import training
    from course_utils.backend import keras, tf
    from course_utils.losses.cross_entropy import cross_entropy
    from course_utils.training.network import new_network
    from course_utils.training.optimization.precision import building

    policy = "mixed_bfloat16" if precision == "bfloat16" else None
    recipe = training.Recipe.for_machine(
        system, "toy_streets", None, gpu=False, epochs=1, image_size=SIZE, mixed_precision=policy
    )
    with building(policy):
        model = new_network(recipe)
    outputs = model.output if isinstance(model.output, dict) else {"logits": model.output}
    random = np.random.default_rng(0)
    images = random.uniform(size=(BATCH, *SIZE, 3)).astype("float32")
    labels = random.integers(0, 19, size=(BATCH, *SIZE)).astype("int32")
    targets = dict.fromkeys(outputs, labels) if isinstance(model.output, dict) else labels
    optimizer = keras.optimizers.AdamW(1e-4, weight_decay=0.01)
    bare = keras.Model(model.input, outputs)
    optimizer.build(bare.trainable_variables)
    prediction = tf.function(training.prediction_network(model), autograph=False)

    @tf.function(autograph=False)
    def step(images, labels):
        with tf.GradientTape() as tape:
            parts = [
                tf.reduce_mean(cross_entropy(labels, tf.cast(x, "float32")))
                if x.shape[-1] > 18
                else tf.reduce_mean(tf.square(tf.cast(x, "float32")))
                for x in bare(images, training=True).values()
            ]
            total = tf.add_n(parts)
        optimizer.apply(tape.gradient(total, bare.trainable_variables), bare.trainable_variables)
        return total

    inputs = tf.constant(images), tf.constant(labels)
    for request in map(str.strip, sys.stdin):
        began = time.process_time()
        if request == "describe":
            describe(bare, images, labels, Path(folder))
        elif request == "train":
            step(*inputs).numpy()
        elif request == "recipe":
            model.train_on_batch(images, targets)
        else:
            found = prediction(inputs[0]).numpy()
            if request == "outputs":
                np.save(Path(folder) / "keras.npy", found)
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak": peak}), flush=True)


def describe(model, images, labels, folder):
    """Write the network's graph and weights for `torch_network.py`."""
    layers, weights = [], {"images": images, "labels": labels}
    for layer in model.layers:
        inputs = [] if not layer._inbound_nodes[0].input_tensors else layer.input
        sources = [x._keras_history for x in (inputs if isinstance(inputs, list) else [inputs])]
        config = {name: value for name, value in layer.get_config().items() if not isinstance(value, dict)}
        layers.append(
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "config": config,
                "inputs": [(source.operation.name, source.tensor_index) for source in sources],
            }
        )
        for variable in layer.weights:
            weights[f"{layer.name}/{variable.path.removeprefix(layer.name + '/')}"] = np.array(variable)
    ends = {name: x._keras_history for name, x in model.output.items()}
    outputs = {name: (end.operation.name, end.tensor_index) for name, end in ends.items()}
    facts = {"image": model.inputs[0].name, "outputs": outputs, "layers": layers}
    (folder / "network.json").write_text(json.dumps(facts))
    np.savez(folder / "network.npz", **weights)


def machine(peer) -> str:
    """Processor and versions."""
    from importlib.metadata import version

    code = "import torch; print(torch.__version__.split('+')[0])"
    torch = subprocess.run([peer, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    processor = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in processor if line.startswith("model name")]
    return f"{names[0]}, TensorFlow {version('tensorflow')}, Keras {version('keras')}, PyTorch {torch}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a Python that has PyTorch")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--systems", nargs="*", default=SYSTEMS, choices=SYSTEMS)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(*options.worker)
    elif options.peer:
        measure(options)
    else:
        parser.error("--peer is needed")


if __name__ == "__main__":
    main()
