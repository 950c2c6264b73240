"""Predictions as files."""

from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.files import write_whole


def save_label_ids(label_ids: np.ndarray, folder, name: str) -> Path:
    """Write a label-id PNG under the name that the official Cityscapes script looks for: `<name>_labelIds.png`.

    Args:
        label_ids: uint8 [height, width].
        folder: made where there is none.
        name: of the frame or image.

    Returns:
        the file.
    """
    path = Path(folder) / f"{name}_labelIds.png"
    write_whole(path, Image.fromarray(label_ids).save)
    return path
