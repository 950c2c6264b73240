"""Label maps written in the format of COCO, for any label table.

    val2017/NAME.png
    annotations/instances_val2017.json     things: polygons; groups of things ("crowds"): run lengths
    annotations/stuff_val2017.json         stuff: run lengths

The format is Lin et al., Microsoft COCO (ECCV 2014) as documented at cocodataset.org, "Data format"; it lists its own
categories, so any classes will do. `course_utils.datasets.coco` and pycocotools read what is written here.
"""

import json
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as run_length_masks
from scipy import ndimage
from skimage import measure

from course_utils.datasets.objects import FIRST_OBJECT
from course_utils.labels import Label, LabelTable


def polygons(mask, tolerance: float = 0.0) -> list[list[float]]:
    """The outlines of a mask, one for each connected part, as COCO writes them.

    Holes are filled: a polygon of COCO cannot have any.

    Args:
        mask: true or false, [height, width].
        tolerance: how far, in pixels, the outline may run from the true one (Douglas and Peucker); 0 keeps every
            corner, and rasterising gives back the mask with its holes filled.

    Returns:
        flat lists x, y, x, y, ... in pixels, the picture's left upper corner at (0, 0); at least three corners each.

    Raises:
        ValueError: the tolerance is negative.
    """
    if tolerance < 0:
        raise ValueError(f"the tolerance is a distance in pixels, 0 or more, not {tolerance}.")
    # A rim of background closes the outlines of what touches the frame.
    filled = np.pad(ndimage.binary_fill_holes(np.asarray(mask, bool)), 1)
    outlines = []
    for ring in measure.find_contours(filled.astype(np.float32), 0.5):
        corners, allowed = [], tolerance
        while len(corners) < 3:  # what is thinner than the tolerance would become a line
            corners, allowed = measure.approximate_polygon(ring, allowed)[:-1], allowed / 2
        # Contours run through pixel centres of the padded mask: off by the rim (1), and by half a pixel.
        outlines.append((corners[:, ::-1] - 0.5).ravel().tolist())
    return outlines


def run_lengths(mask) -> dict:
    """A mask as compressed run lengths, as COCO's files hold them.

    Args:
        mask: true or false, [height, width].

    Returns:
        `{"size": [height, width], "counts": text}`; the text packs the lengths of the runs of 0, 1, 0, ... down the
        columns.
    """
    code = run_length_masks.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(code["size"]), "counts": code["counts"].decode("ascii")}


def annotations(instance_ids, table: LabelTable, tolerance: float | None = None) -> tuple[list[dict], list[dict]]:
    """The annotations of one image, without the ids that tie them to it.

    Args:
        instance_ids: integers [height, width], as Cityscapes writes them.
        table: what the label ids mean. The ids of its category "void" are not annotated.
        tolerance: of the polygons of things, in pixels (see `polygons`); None writes run lengths instead, exact ones.

    Returns:
        (things, stuff). Pixels of a class with objects that belong to none of them are a crowd among the things.
    """
    rows = {label.id: label for label in table.labels}
    things, stuff = [], []
    for value in np.unique(instance_ids).tolist():
        single = value >= FIRST_OBJECT
        label = rows[value // FIRST_OBJECT if single else value]
        if label.category == "void":
            continue
        mask = np.asarray(instance_ids) == value
        outlined = single and tolerance is not None
        columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        annotation = {
            "category_id": label.id,
            "iscrowd": int(label.has_instances and not single),
            "area": int(mask.sum()),
            "bbox": [int(v) for v in (columns[0], lines[0], np.ptp(columns) + 1, np.ptp(lines) + 1)],
            "segmentation": polygons(mask, tolerance) if outlined else run_lengths(mask),
        }
        (things if label.has_instances else stuff).append(annotation)
    return things, stuff


def write(root, scenes, table: LabelTable, *, split: str = "val", tolerance: float | None = None) -> Path:
    """Write a small data set in the layout of COCO 2017.

    Args:
        root: the folder; made if it is not there.
        scenes: name to (image uint8 [height, width, 3], instance ids [height, width]).
        table: what the label ids mean; its rows become the categories.
        split: "train" or "val".
        tolerance: as in `annotations`.

    Returns:
        The root.
    """
    root = Path(root)
    pictures = root / f"{split}2017"
    for folder in (pictures, root / "annotations"):
        folder.mkdir(parents=True, exist_ok=True)
    images, things, stuff = [], [], []
    number = count(1)
    for image_id, (name, (image, instance_ids)) in enumerate(scenes.items(), 1):
        Image.fromarray(image).save(pictures / f"{name}.png")
        images.append({"id": image_id, "file_name": f"{name}.png", "height": image.shape[0], "width": image.shape[1]})
        for target, found in zip((things, stuff), annotations(instance_ids, table, tolerance), strict=True):
            target += [{"id": next(number), "image_id": image_id, **annotation} for annotation in found]
    for kind, found, is_thing in (("instances", things, True), ("stuff", stuff, False)):
        categories = [_category(label) for label in table.labels if _is_annotated(label, is_thing)]
        content = {"images": images, "annotations": found, "categories": categories}
        (root / "annotations" / f"{kind}_{split}2017.json").write_text(json.dumps(content), "utf-8")
    return root


def _is_annotated(label: Label, is_thing: bool) -> bool:
    return label.id >= 0 and label.category != "void" and label.has_instances == is_thing


def _category(label: Label) -> dict:
    return {"id": label.id, "name": label.name, "supercategory": label.category}
