"""How many images per second the input alone gives, from files and from packs, and where the time goes.

    taskset -c 1 python benchmarks/data_pipeline.py [--folder DIR] [--frames 16]

Toy Streets of 2048x1024 are drawn into DIR once (data/pipeline otherwise) and packed, as they are and as JPEG. Each way
of reading is measured alone, then with what training adds. Nothing is kept in memory between images: that is for data
sets that do not fit. The table goes to benchmarks/results/data_pipeline.md.
"""

import argparse
import platform
import time
from pathlib import Path

import numpy as np

from course_utils import datasets
from course_utils.backend import tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.packing.packer import pack
from course_utils.datasets.pipeline import training_batches
from course_utils.files import write_whole
from course_utils.machine import processors

RESULTS = Path(__file__).parent / "results" / "data_pipeline.md"
SIZE = (1024, 2048)
BATCH = 4
ROUNDS = 3

SETTINGS = {
    "crops 512x1024, scale 0.5 to 2, flip": Augmentation((512, 1024), (0.5, 2.0), True),
    "the same with colour": Augmentation((512, 1024), (0.5, 2.0), True, 0.3),
    "whole 1024x2048, flip": Augmentation(SIZE, (1.0, 1.0), True),
}


def timed(work, images):
    """Processor milliseconds per image, of the quickest of a few rounds: what else runs on the core does not count."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return 1000 * min(found) / images


def peer(data):
    """The same files through `tf.io`, without any check."""

    def decode(image, label):
        image = tf.io.decode_png(tf.io.read_file(image), 3)
        return image, tf.io.decode_png(tf.io.read_file(label), 1)[..., 0]

    frames = data.frames("train")
    paths = [str(frame.image) for frame in frames], [str(frame.label) for frame in frames]
    return tf.data.Dataset.from_tensor_slices(paths).map(decode, num_parallel_calls=tf.data.AUTOTUNE)


def forgetful(data):
    """The training split, of which nothing is kept in memory."""
    loaded = data.load("train")
    loaded.reader.remember = lambda: None
    return loaded


class Remembered:
    """One image in memory in place of a reader: what the other steps cost without reading."""

    def __init__(self, reader):
        self.frames, self.dtype, self.size, self._pair = reader.frames, reader.dtype, reader.size, reader(0)

    def __len__(self):
        return len(self.frames)

    def remember(self):
        """It does."""

    def __call__(self, index):
        return self._pair


def run_through(batches, number):
    for _ in zip(range(number), batches, strict=False):
        pass


def in_batches(source, batch, augmentation):
    """Processor milliseconds per image of endless batches, once they have begun."""
    batches = iter(training_batches(source, batch, seed=0, augmentation=augmentation))
    run_through(batches, 2)
    count = len(source) // batch
    return timed(lambda: run_through(batches, count), count * batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=datasets.data_root() / "pipeline")
    parser.add_argument("--frames", type=int, default=16)
    options = parser.parse_args()
    files = options.folder / f"streets{options.frames}"
    datasets.card("toy_streets").generate(files, size=SIZE, counts={"train": options.frames, "val": 1, "test": 0})
    streets = datasets.open("toy_streets", files)
    forms = {"files (PNG)": streets}
    for name, jpeg in (("pack", None), ("pack, JPEG 95", 95)):
        folder = options.folder / f"pack{options.frames}{'-jpeg' if jpeg else ''}"
        pack(streets, folder, splits=["train"], jpeg=jpeg)
        forms[name] = datasets.open("toy_streets", folder)

    lines = ["# Images per second of the input alone, per core", ""]
    cores = "one core; more were not measured" if processors() == 1 else f"{processors()} cores"
    lines += [
        f"`taskset -c 1 python benchmarks/data_pipeline.py --frames {options.frames}`: {platform.machine()} "
        f"({cpu_name()}), {cores}. TensorFlow {tf.__version__}, NumPy {np.__version__}. Toy Streets of 2048x1024, "
        "files in the system's cache, nothing kept decoded. Images per second of processor time, since other work ran "
        "beside it.",
        "",
        "To be fed: mmsegmentation trains PSPNet with ResNet-101 on crops of 512x1024 at 2.4 images/s per V100 (its "
        "published time per iteration).",
        "",
        "| read and decoded | MB per frame | images/s | ms | ratio |",
        "|---|---|---|---|---|",
    ]
    count, base = len(streets.frames("train")), None
    readers = {name: forgetful(data).reader for name, data in forms.items()}
    works = {name: lambda reader=reader: [reader(index) for index in range(count)] for name, reader in readers.items()}
    works["files, `tf.io.decode_png`"] = lambda: run_through(peer(streets), count)
    sizes = {name: stored(data) / count / 1e6 for name, data in forms.items()}
    for name, work in works.items():
        cost = timed(work, count)
        base = base or cost
        size = f"{sizes[name]:.1f}" if name in sizes else ""
        lines.append(f"| {name} | {size} | {1000 / cost:.1f} | {cost:.1f} | {base / cost:.1f} |")
    lines += ["", f"Batches of {BATCH} as training takes them, and what of the time each part takes.", ""]
    lines += [
        "| batches | from | images/s | ratio | read, decode | cast, augment | batch |",
        "|---|---|---|---|---|---|---|",
    ]
    for setting, augmentation in SETTINGS.items():
        base, remembered = None, forgetful(streets)
        remembered.reader = Remembered(remembered.reader)
        single, together = (in_batches(remembered, batch, augmentation) for batch in (1, BATCH))
        for name, data in forms.items():
            cost = in_batches(forgetful(data), BATCH, augmentation)
            base = base or cost
            parts = max(0.0, cost - together), single, max(0.0, together - single)
            shares = " | ".join(f"{part / sum(parts):.0%}" for part in parts)
            lines.append(f"| {setting} | {name} | {1000 / cost:.1f} | {base / cost:.1f} | {shares} |")
    text = "\n".join(lines) + "\n"
    print(text)
    write_whole(RESULTS, text)


def stored(data):
    """Bytes on disk of the photographs and labels of the training split."""
    frames = data.frames("train")
    pictures = [picture for frame in frames for picture in (frame.image, frame.label)]
    return sum(getattr(picture, "length", None) or Path(picture).stat().st_size for picture in pictures)


def cpu_name():
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "an unknown processor"


if __name__ == "__main__":
    main()
