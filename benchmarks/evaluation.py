"""How fast predictions are scored, beside the official Cityscapes script, and whether the results are equal.

    python benchmarks/evaluation.py [--frames 50] [--height 1024]

Toy Streets is generated into a temporary folder; the predictions are its label maps with blunted borders, wrong
patches and noise. Both score the same files in this process, one after the other, instance scores included.
"""

import argparse
import copy
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

        scores, own_times = timed(lambda: score_folder(predictions, frames, CITYSCAPES))
        files = [str(predictions / f"{frame.name}_labelIds.png") for frame in frames]
        labels = [str(frame.label) for frame in frames]
        settings = copy.copy(script.args)
        settings.quiet, settings.JSONOutput = True, False
        official, official_times = timed(lambda: script.evaluateImgLists(files, labels, settings))

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
    for kind, own, theirs in zip(("wall", "processor"), own_times, official_times, strict=True):
        print(f"{kind:9} time: own {own:.1f} s, official {theirs:.1f} s, {theirs / own:.1f} times as much")


if __name__ == "__main__":
    main()
