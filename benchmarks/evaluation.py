"""How fast predictions are scored, beside the official Cityscapes script, and whether the results are equal.

    python benchmarks/evaluation.py                 # 50 frames, five rounds, some minutes
    python benchmarks/evaluation.py --frames 500

Toy Streets is generated into a temporary folder; the predictions are its label maps with wavering borders and mistaken
regions. Both score the same files in this process, in turns, instance scores included. Two more turns only decode the
files, by the same threads: as the course does, and through Pillow as the official script does. On a machine that does
other work as well, processor time says more than wall time.
"""

import argparse
import copy
import os
import platform
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as script
from PIL import Image
from scipy import ndimage

from course_utils import datasets
from course_utils.datasets import toy_streets
from course_utils.evaluation import score_folder
from course_utils.evaluation.files.in_order import in_order
from course_utils.images import read_ids
from course_utils.labels import CITYSCAPES
from course_utils.machine import processors


def as_predicted(label_ids: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """A prediction as a network might make it: borders that waver, thin things lost, regions mistaken.

    Args:
        label_ids: the truth, uint8 [height, width], both multiples of 64.
        rng: what varies.
        noise: share of lone wrong pixels, which a network's map does not have: they make PNGs larger.
    """
    height, width = label_ids.shape

    def field(scale):
        coarse = rng.normal(size=(height // scale, width // scale)).astype(np.float32)
        return ndimage.zoom(coarse, scale, order=1)

    rows = np.clip(np.arange(height)[:, None] + np.rint(3 * field(16)), 0, height - 1).astype(int)
    columns = np.clip(np.arange(width) + np.rint(3 * field(16)), 0, width - 1).astype(int)
    prediction = label_ids[rows, columns]
    mistaken = field(64) > 2.2
    prediction[mistaken] = np.roll(label_ids, 200, axis=1)[mistaken]
    prediction = ndimage.median_filter(prediction, size=5)
    alone = rng.random(label_ids.shape) < noise
    prediction[alone] = rng.choice([label.id for label in CITYSCAPES.labels if label.id >= 0], alone.sum())
    return prediction


def timed(work):
    """The result of `work()`, and the seconds of wall and of processor time that it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - processor)


def compare(iou: dict, iiou: dict, official_iou: dict, official_iiou: dict) -> None:
    """Print a row per name, and stop at the first that differs in any bit."""
    for name in iou:
        own = [iou[name], iiou.get(name, np.nan)]
        official = [official_iou[name], official_iiou[name]]
        print(
            f"{name:16}" + "".join(f"{ours:9.5f}{theirs:10.5f}  " for ours, theirs in zip(own, official, strict=True))
        )
        assert np.array_equal(own, official, equal_nan=True), f"{name}: the scores differ"


def main() -> None:
    """Generate, score twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--height", type=int, default=1024, help="of the frames, which are twice as wide")
    parser.add_argument("--noise", type=float, default=0.0, help="share of lone wrong pixels (default: none)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are reported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = (arguments.height, 2 * arguments.height)
        root = toy_streets.generate(Path(folder) / "toy_streets", size=size, counts={"val": arguments.frames})
        frames = datasets.open("toy_streets", root).frames("val")
        predictions = Path(folder) / "predictions"
        predictions.mkdir()
        for number, frame in enumerate(frames):
            truth = np.array(Image.open(frame.label))
            prediction = as_predicted(truth, np.random.default_rng(number), arguments.noise)
            Image.fromarray(prediction).save(predictions / f"{frame.name}_labelIds.png")

        files = [str(predictions / f"{frame.name}_labelIds.png") for frame in frames]
        labels = [str(frame.label) for frame in frames]
        settings = copy.copy(script.args)
        settings.quiet, settings.JSONOutput = True, False
        scale = size[0] * size[1] / (2048 * 1024)  # the script's average sizes are those of frames of 2048x1024
        settings.avgClassSize = {name: average * scale for name, average in script.args.avgClassSize.items()}

        def decode(read):
            def read_all(frame):
                for file in (frame.label, frame.instances, predictions / f"{frame.name}_labelIds.png"):
                    read(file)

            for _ in in_order(read_all, frames):
                pass

        def through_pillow(file):
            with Image.open(file) as image:
                return np.asarray(image)

        times = {"own": [], "official": [], "decoding": [], "decoding through Pillow": []}
        for _ in range(arguments.rounds):
            scores, taken = timed(lambda: score_folder(predictions, frames, CITYSCAPES))
            times["own"].append(taken)
            official, taken = timed(lambda: script.evaluateImgLists(files, labels, settings))
            times["official"].append(taken)
            times["decoding"].append(timed(lambda: decode(partial(read_ids, sixteen_bit=True)))[1])
            times["decoding through Pillow"].append(timed(lambda: decode(through_pillow))[1])
        taken = {name: np.median(values, axis=0) / len(frames) * 1000 for name, values in times.items()}

    print(f"\n{'':16}{'IoU':^21}{'iIoU':^21}\n{'':16}" + 2 * f"{'own':>9}{'official':>10}  ")
    compare(scores.class_iou, scores.class_iiou, official["classScores"], official["classInstScores"])
    compare(scores.category_iou, scores.category_iiou, official["categoryScores"], official["categoryInstScores"])
    for name, own_mean, official_mean in [
        ("mean IoU", scores.mean_iou, "averageScoreClasses"),
        ("mean iIoU", scores.mean_iiou, "averageScoreInstClasses"),
        ("category IoU", scores.mean_category_iou, "averageScoreCategories"),
        ("category iIoU", scores.mean_category_iiou, "averageScoreInstCategories"),
    ]:
        print(f"{name:16}{own_mean:9.5f}{official[official_mean]:10.5f}")
        assert np.isclose(own_mean, official[official_mean], rtol=1e-14, atol=0), f"{name}: the means differ"
    print(
        f"\n{len(frames)} frames of {size[1]}x{size[0]}: all scores equal. "
        f"The official script ran {'with' if script.CSUPPORT else 'without'} its Cython part."
    )
    print(
        f"{platform.machine()}, {processors()} processors, load {os.getloadavg()[0]:.1f}, "
        f"medians of {arguments.rounds} rounds, ms per frame:"
    )
    print(f"{'':25}{'wall':>8}{'processor':>12}")
    for name, (wall, processor) in taken.items():
        print(f"{name:25}{wall:8.1f}{processor:12.1f}")
    for name, share in [
        ("official / own", taken["official"] / taken["own"]),
        ("official / decoding", taken["official"] / taken["decoding"]),
        ("decoding / own", taken["decoding"] / taken["own"]),
    ]:
        print(f"{name:25}{share[0]:8.2f}{share[1]:12.2f}")


if __name__ == "__main__":
    main()
