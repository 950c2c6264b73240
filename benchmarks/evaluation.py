"""How fast predictions are scored, beside the official Cityscapes script, and whether the results are equal.

    python benchmarks/evaluation.py [--frames 50] [--height 1024] [--rounds 3]

Toy Streets is generated into a temporary folder; the predictions are its label maps with blunted borders, wrong
patches and noise. Both score the same files in this process, in turns, instance scores included. A third turn only
decodes the files, by the same threads: no evaluation that reads them through Pillow can be faster.
"""

import argparse
import copy
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as script
from PIL import Image
from scipy import ndimage

from course_utils import datasets
from course_utils.datasets import toy_streets
from course_utils.evaluation import score_folder
from course_utils.evaluation.folders import in_order
from course_utils.evaluation.id_files import read_ids
from course_utils.labels import CITYSCAPES


def perturbed(label_ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A prediction as a network might make it: thin things lost, patches mistaken, single pixels wrong."""
    prediction = ndimage.median_filter(label_ids, size=5)
    ids = np.array([label.id for label in CITYSCAPES.labels if label.id >= 0])
    height, width = label_ids.shape
    for _ in range(30):
        top, left = rng.integers(0, height), rng.integers(0, width)
        prediction[top : top + height // 10, left : left + width // 10] = rng.choice(ids)
    wrong = rng.random(label_ids.shape) < 0.01
    prediction[wrong] = rng.choice(ids, wrong.sum())
    return prediction


def timed(work):
    """The result of `work()`, and the seconds of wall and of processor time that it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - processor)


def compare(iou: dict, iiou: dict, official_iou: dict, official_iiou: dict) -> None:
    """Print a row for each name, and stop at the first that differs in any bit."""
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
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are reported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = (arguments.height, 2 * arguments.height)
        root = toy_streets.generate(Path(folder) / "toy_streets", size=size, counts={"val": arguments.frames})
        frames = datasets.frames("toy_streets", "val", root)
        predictions = Path(folder) / "predictions"
        predictions.mkdir()
        for number, frame in enumerate(frames):
            prediction = perturbed(np.array(Image.open(frame.label)), np.random.default_rng(number))
            Image.fromarray(prediction).save(predictions / f"{frame.name}_labelIds.png")

        files = [str(predictions / f"{frame.name}_labelIds.png") for frame in frames]
        labels = [str(frame.label) for frame in frames]
        settings = copy.copy(script.args)
        settings.quiet, settings.JSONOutput = True, False

        def decode():
            def read(frame):
                read_ids(frame.label)
                read_ids(frame.instances, sixteen_bit=True)
                read_ids(predictions / f"{frame.name}_labelIds.png")

            for _ in in_order(read, frames):
                pass

        times = {"own": [], "official": [], "decoding": []}
        for _ in range(arguments.rounds):
            scores, taken = timed(lambda: score_folder(predictions, frames, CITYSCAPES))
            times["own"].append(taken)
            official, taken = timed(lambda: script.evaluateImgLists(files, labels, settings))
            times["official"].append(taken)
            times["decoding"].append(timed(decode)[1])
        own, theirs, decoding = (np.median(taken, axis=0) / len(frames) * 1000 for taken in times.values())

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
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, medians of {arguments.rounds} rounds, ms a frame:"
    )
    for k, kind in enumerate(("wall", "processor")):
        print(
            f"{kind:9} own {own[k]:6.1f}, official {theirs[k]:6.1f}: {theirs[k] / own[k]:.1f} times as much; "
            f"decoding alone {decoding[k]:6.1f}: {decoding[k] / own[k]:.0%} of our own"
        )


if __name__ == "__main__":
    main()
