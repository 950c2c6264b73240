"""The official evaluation, run in this process, and random data sets to run it on."""

import copy

import numpy as np
from PIL import Image

from course_utils.datasets.frames import Frame
from course_utils.labels import CITYSCAPES, VOID


def official_scores(predictions, labels, pixels: int = 2048 * 1024) -> dict:
    """What cityscapesScripts finds, as the dictionary that it writes to its JSON file.

    Args:
        predictions, labels: files.
        pixels: of a frame. The script's average object sizes are for frames of 2048x1024 and set by hand for others.
    """
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as script

    args = copy.copy(script.args)
    args.quiet, args.JSONOutput, args.evalInstLevelScore = True, False, True
    scale = pixels / (2048 * 1024)
    args.avgClassSize = {name: size * scale for name, size in script.args.avgClassSize.items()}
    return script.evaluateImgLists([str(path) for path in predictions], [str(path) for path in labels], args)


def write_random_set(root, seed: int, count: int = 3) -> tuple[list[Frame], list]:
    """Random label maps of one size with objects in them, and predictions of any quality; some classes absent.

    Returns:
        the frames and the files of their predictions.
    """
    rng = np.random.default_rng(seed)
    ids = [label.id for label in CITYSCAPES.labels if label.id >= 0]
    in_truth = rng.choice(ids, rng.integers(1, len(ids)), replace=False)
    predictable = rng.choice(ids, rng.integers(1, len(ids)), replace=False)
    noise = rng.choice([0.0, 0.1, 0.5, 1.0])
    height, width = rng.integers(1, 40, 2)
    frames, predictions = [], []
    for number in range(count):
        name = f"zurich_{number:06d}_000019"
        label = np.full((height, width), rng.choice(in_truth), np.uint8)
        instances = label.astype(np.uint16)
        for k in range(rng.integers(0, 12)):
            top, left = rng.integers(0, height), rng.integers(0, width)
            window = np.s_[top : top + rng.integers(1, 20), left : left + rng.integers(1, 20)]
            label[window] = label_id = rng.choice(in_truth)
            alone = label_id in range(24, 34) and rng.random() < 0.8
            instances[window] = label_id * 1000 + k if alone else label_id
        prediction = label.copy()
        wrong = rng.random(label.shape) < noise
        prediction[wrong] = rng.choice(predictable, wrong.sum())
        folder = root / "gtFine" / "zurich"
        folder.mkdir(parents=True, exist_ok=True)
        # A bicycle somewhere: 33 is no train id, so nothing takes these predictions for train ids.
        valid = np.flatnonzero(CITYSCAPES.to_train_ids(label) != VOID)
        prediction.flat[valid[:1]] = 33
        files = {
            folder / f"{name}_gtFine_labelIds.png": label,
            folder / f"{name}_gtFine_instanceIds.png": instances,
            root / "predictions" / f"part{number % 2}" / f"{name}_pred.png": prediction,
        }
        for path, ids_map in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(ids_map).save(path)
        frames.append(Frame(name, "zurich", root / f"{name}_leftImg8bit.png", *list(files)[:2]))
        predictions.append(list(files)[2])
    return frames, predictions
