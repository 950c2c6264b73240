"""Small data sets in the official layouts."""

import json

import numpy as np
from PIL import Image
from pycocotools import mask as masks


def picture(seed, size, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (*size, channels)).astype(np.uint8)


def save(array, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def write_cityscapes(root, counts, size=(16, 32)):
    """A tree in the Cityscapes layout: random pictures, random label ids of the whole table."""
    number = 0
    for split, count in counts.items():
        for i in range(count):
            number += 1
            name = f"{split}town_{i // 10:06d}_{i % 10:06d}"
            rng = np.random.default_rng(number)
            save(picture(number, size), root / "leftImg8bit" / split / f"{split}town" / f"{name}_leftImg8bit.png")
            truth = root / "gtFine" / split / f"{split}town"
            save(rng.integers(0, 34, size).astype(np.uint8), truth / f"{name}_gtFine_labelIds.png")
            instances = Image.fromarray(rng.integers(0, 33005, size).astype(np.uint16))
            instances.save(truth / f"{name}_gtFine_instanceIds.png")
    return root


def write_camvid(root, counts, size=(12, 16)):
    """A tree in the SegNet authors' form."""
    number = 100
    for split, count in counts.items():
        lines = []
        for i in range(count):
            number += 1
            save(picture(number, size), root / split / f"{split}_{i:03d}.png")
            label = np.random.default_rng(number).integers(0, 12, size).astype(np.uint8)
            save(label, root / f"{split}annot" / f"{split}_{i:03d}.png")
            lines.append(f"/SegNet/CamVid/{split}/{split}_{i:03d}.png /SegNet/CamVid/{split}annot/{split}_{i:03d}.png")
        (root / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return root


def run_lengths(mask):
    """A compressed run-length encoding, as in the official JSON files."""
    encoded = masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def write_coco(root):
    """Two images: one with polygons, a crowd, an overlap and stuff; one of another size with stuff alone."""
    (root / "annotations").mkdir(parents=True)
    images = [
        {"id": 7, "file_name": "000000000007.jpg", "height": 40, "width": 60},
        {"id": 9, "file_name": "000000000009.jpg", "height": 30, "width": 50},
    ]
    for image in images:
        save(picture(image["id"], (image["height"], image["width"])), root / "val2017" / image["file_name"])

    def rectangle(top, left, bottom, right):
        return [[left, top, right, top, right, bottom, left, bottom]]

    crowd = np.zeros((40, 60), bool)
    crowd[:10, 40:] = True
    counts = [len(list(run)) for run in _runs(crowd.ravel(order="F"))]
    things = [
        {"id": 1, "image_id": 7, "category_id": 3, "iscrowd": 0, "segmentation": rectangle(20, 10, 30, 40)},
        {"id": 2, "image_id": 7, "category_id": 1, "iscrowd": 0, "segmentation": rectangle(15, 20, 35, 30)},
        {"id": 3, "image_id": 7, "category_id": 1, "iscrowd": 1, "segmentation": {"size": [40, 60], "counts": counts}},
    ]
    road, sky, other = np.zeros((3, 40, 60), bool)
    road[25:], sky[:20], other[20:25] = True, True, True
    grass = np.zeros((30, 50), bool)
    grass[:, :25] = True
    stuff = [
        {"id": 11, "image_id": 7, "category_id": 149, "iscrowd": 0, "segmentation": run_lengths(road)},
        {"id": 12, "image_id": 7, "category_id": 157, "iscrowd": 0, "segmentation": run_lengths(sky)},
        {"id": 13, "image_id": 7, "category_id": 183, "iscrowd": 0, "segmentation": run_lengths(other)},
        {"id": 14, "image_id": 9, "category_id": 124, "iscrowd": 0, "segmentation": run_lengths(grass)},
    ]
    for kind, annotations in (("instances", things), ("stuff", stuff)):
        content = {"images": images, "annotations": annotations, "categories": []}
        (root / "annotations" / f"{kind}_val2017.json").write_text(json.dumps(content))
    return root


def _runs(flags):
    """Lengths of alternating runs, the first of zeros (perhaps none), as uncompressed run lengths have it."""
    edges = np.flatnonzero(np.diff(flags.astype(int))) + 1
    runs = np.split(flags, edges)
    return [[], *runs] if flags[0] else runs
