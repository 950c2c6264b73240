"""Predictions as files."""

from pathlib import Path

import numpy as np
from PIL import Image


def save_label_ids(label_ids: np.ndarray, folder, name: str) -> Path:
    """Write a label-id PNG named as the official Cityscapes script looks for it: `<name>_labelIds.png`."""
    path = Path(folder) / f"{name}_labelIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(label_ids).save(path)
    return path
