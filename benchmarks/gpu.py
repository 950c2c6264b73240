"""A GPU at work, in nine minutes: for a machine that has JAX or PyTorch, and neither TensorFlow nor a network.

    python benchmarks/gpu.py pack [--data-dir CAMVID] [--python 3.12]     # here: makes runs/gpu_pack, below 60 MB
    python benchmarks/gpu.py run --output DIR [--minutes 9] [--small]     # there, with the pack beside it

`pack` collects what the other machine lacks in zip files of a few megabytes: the course, Keras, and CamVid at 360x480
as JPEG (labels as PNG). That machine needs this folder `benchmarks`, the pack, NumPy, SciPy and Pillow, beside JAX or
PyTorch; what else Keras and the course import is in the pack, compiled for one version of Python (`--python`).

`run` does in order, each in a process of its own and within its own time:

steps       time, images per second, memory, and share of the card's bfloat16 rate of training steps at full width:
            SegNet (VGG16) at 360x480 and 512x1024, PSPNet and DeepLabV3+ (ResNet-50) at 512x1024
camvid      SegNet at full width on CamVid, with the table of the val split and a checkpoint
notebook    the loop of notebook 05 at full width: freeze the encoder, train the decoder, unfreeze, fine-tune

After each measurement DIR/gpu.json and the table DIR/gpu.md are written, so that a crash or the end of the time loses
nothing. `--small` tries everything on the processor.
"""

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gpu_pack
from gpu_results import record

PACK = Path(__file__).parents[1] / "runs" / "gpu_pack"
SHARES = {"steps": 0.28, "camvid": 0.53, "notebook": 0.19}
"""Of the time, for each part; what one leaves goes to the next."""

REFUSE = """
import sys


class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Refusing())
"""
"""`sitecustomize.py`: Python imports it first, and then finds none of the packages named."""


def pack(options):
    """Make the pack and list it."""
    sizes = gpu_pack.write(
        options.pack,
        None if options.no_data else options.data_dir or os.environ.get("CAMVID_DATASET", "data/camvid"),
        python=options.python,
        limit=int(options.limit * 1e6),
        frames=options.frames,
    )
    for name, size in sizes.items():
        print(f"{size / 1e6:7.2f} MB  {name}")
    print(f"{sum(sizes.values()) / 1e6:7.2f} MB  {options.pack}")


def run(options):
    """Run the parts in order, whatever becomes of each."""
    until = time.monotonic() + 60 * options.minutes - 5
    options.output.mkdir(parents=True, exist_ok=True)
    backend = options.backend or ("jax" if importlib.util.find_spec("jax") else "torch")
    with tempfile.TemporaryDirectory() as place:
        gpu_pack.unpack(options.pack, Path(place))
        if options.refuse:
            (Path(place) / "sitecustomize.py").write_text(REFUSE.format(names=options.refuse))
        environment = os.environ | {
            "KERAS_BACKEND": backend,
            "PYTHONPATH": os.pathsep.join(filter(None, [place, os.environ.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
        }
        record(options.output, "machine", **machine(backend, environment), command=" ".join(["python", *sys.argv]))
        waiting = {part: share for part, share in SHARES.items() if part in options.parts}
        for part in list(waiting):
            seconds = (until - time.monotonic()) * waiting[part] / sum(waiting.values())
            del waiting[part]
            print(f"{part}: {seconds:.0f} s", flush=True)
            ended = run_part(part, options, seconds, environment)
            record(options.output, part, ended=ended)
            print(f"{part} {ended}", flush=True)
    print((options.output / "gpu.md").read_text())


def run_part(part, options, seconds, environment) -> str:
    """Run one part; how it ended, in words."""
    began = time.monotonic()
    until = began + seconds - 5  # on the clock of the machine: what a part imports takes from its own time
    command = [sys.executable, str(Path(__file__).with_name("gpu_parts.py")), part, str(options.pack)]
    command += [str(options.output), str(until), *["--small"] * options.small]
    with open(options.output / "log.txt", "a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"was ended after its {seconds:.0f} seconds; the rows above were measured before"
    spent = f"after {time.monotonic() - began:.0f} seconds"
    return f"ended {spent}" if status == 0 else f"failed {spent} (status {status}, see log.txt)"


def machine(backend, environment) -> dict:
    """The card and the versions, asked in a process of its own: a library that has started keeps the card's memory."""
    ask = {
        "jax": "import jax; d = jax.devices()[0]; print(d.device_kind if d.platform != 'cpu' else '')",
        "torch": "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')",
    }
    versions = f"print('Keras', keras.__version__ + ', {backend}', {backend}.__version__)"
    code = f"{ask[backend]}\nimport keras, {backend}; {versions}"
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    card, versions = (answer.stdout.splitlines() if answer.returncode == 0 else ("", answer.stderr[-300:]))[-2:]
    return {
        "card": card or f"the processor ({processor()})",
        "versions": f"{versions}, Python {platform.python_version()}",
    }


def processor() -> str:
    """Its name."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["pack", "run"])
    parser.add_argument("--pack", type=Path, default=PACK, help="the folder of the pack")
    parser.add_argument("--data-dir", help="CamVid; CAMVID_DATASET or data/camvid when omitted")
    parser.add_argument("--no-data", action="store_true", help="a pack without CamVid, for the training steps alone")
    parser.add_argument("--frames", type=int, help="so many of each split, for a trial")
    parser.add_argument(
        "--python", default="3.12", help="the other machine's, for which wheels are fetched; '' for none"
    )
    parser.add_argument("--limit", type=float, default=60, help="megabytes of the pack")
    parser.add_argument("--output", type=Path, help="where results go")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--parts", nargs="+", choices=list(SHARES), default=list(SHARES))
    parser.add_argument("--backend", choices=["jax", "torch"], help="JAX where it is installed, when omitted")
    parser.add_argument("--small", action="store_true", help="an eighth of the width on small images")
    parser.add_argument("--refuse", nargs="+", metavar="PACKAGE", help="as if these packages were not installed")
    options = parser.parse_args()
    if options.task == "run" and options.output is None:
        parser.error("--output is needed")
    globals()[options.task](options)


if __name__ == "__main__":
    main()
