"""Speed of boundary F beside the loop over classes that is published, measured in turns in one run.

    python benchmarks/boundary.py              # 2048x1024, 19 classes, five tolerances, some minutes
    python benchmarks/boundary.py --rounds 1 --tolerances 3 12

The loop does what the code of DAVIS and Gated-SCNN does: for each class two masks, their borders, a binary dilation of
each by a disk (scikit-image's, on booleans, as there), and the four counts. Both must give the same scores. Times are
of the processor, since each works in one thread.
"""

import argparse
import platform
import time

import numpy as np
from skimage.morphology import dilation, disk

from course_utils.datasets import toy_streets
from course_utils.evaluation import boundary_f_score
from course_utils.evaluation.measures.boundary import TOLERANCES, pixels_of
from course_utils.labels import CITYSCAPES
from course_utils.machine import processors


def border(mask):
    """Pixels of a mask that differ from the right, lower or lower right neighbour."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask != padded[:-1, 1:]) | (mask != padded[1:, :-1]) | (mask != padded[1:, 1:])


def loop_over_classes(truth, prediction, num_classes, radius):
    """F of each class, one class after the other."""
    scores, known, footprint = [], truth != 255, disk(radius)
    for k in range(num_classes):
        true, predicted = border((truth == k) & known), border((prediction == k) & known)
        recalled = true & dilation(predicted, footprint)
        precise = predicted & dilation(true, footprint)
        if not true.any() or not predicted.any():
            scores.append(float(true.any() == predicted.any()))
            continue
        recall, precision = recalled.sum() / true.sum(), precise.sum() / predicted.sum()
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return np.array(scores)


def main():
    """Compare, check equality, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tolerances", type=float, nargs="+", default=TOLERANCES, help="as BoundaryF takes them")
    parser.add_argument("--size", type=int, nargs=2, default=[1024, 2048], help="height and width")
    options = parser.parse_args()

    scene = toy_streets.render(0, 0, options.size)
    truth = CITYSCAPES.to_train_ids(scene.label_ids)
    # A plausible prediction: the truth at a quarter of the size and back, moved by two pixels, no void.
    coarse = np.roll(truth[::4, ::4].repeat(4, axis=0).repeat(4, axis=1), 2, axis=1)[: truth.shape[0], : truth.shape[1]]
    prediction = np.where(coarse == 255, 0, coarse).astype(np.uint8)

    size = f"{truth.shape[1]}x{truth.shape[0]}"
    present = len(np.setdiff1d(truth, [255]))
    machine = f"{platform.machine()}, {processors()} processors"
    print(f"{machine}, {size}, {present} of {CITYSCAPES.num_classes} classes present")
    print(f"{'tolerance':>10}{'loop s':>10}{'ours s':>10}{'ratio':>8}   (median of {options.rounds})")
    for tolerance in options.tolerances:
        times = {"loop": [], "ours": []}
        for _ in range(options.rounds):
            start = time.process_time()
            theirs = loop_over_classes(truth, prediction, CITYSCAPES.num_classes, pixels_of(tolerance, truth.shape))
            middle = time.process_time()
            ours, _ = boundary_f_score(truth, prediction, CITYSCAPES.num_classes, tolerance)
            times["loop"].append(middle - start)
            times["ours"].append(time.process_time() - middle)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        loop, mine = (float(np.median(values)) for values in times.values())
        pixels = pixels_of(tolerance, truth.shape)
        print(f"{pixels:7d} px{loop:10.2f}{mine:10.3f}{loop / mine:8.1f}", flush=True)


if __name__ == "__main__":
    main()
