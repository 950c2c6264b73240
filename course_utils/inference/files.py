"""Pictures that come from anywhere, and label maps as files."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from course_utils.errors import CourseError


def read_photo(path) -> np.ndarray:
    """Read any picture as the networks want it.

    The orientation that a camera noted (EXIF) is applied, greyscale becomes three equal channels, transparency is
    dropped, and 16 bits a channel become 8.

    Returns:
        uint8 [height, width, 3].

    Raises:
        CourseError: the file is no picture, is damaged, or holds floating-point pixels.
    """
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):
                grey = np.clip(np.asarray(image, np.int64), 0, 65535) // 257
                return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1)
            if image.mode == "F":
                raise CourseError(f"{path} holds floating-point pixels: save it as an 8-bit PNG or JPEG.")
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise CourseError(f"There is no image {path}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CourseError(f"Cannot read {path} as an image: {error}.") from error


def save_label_ids(label_ids: np.ndarray, folder, name: str) -> Path:
    """Write a label-id PNG named as the official Cityscapes script looks for it: `<name>_labelIds.png`."""
    path = Path(folder) / f"{name}_labelIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(label_ids).save(path)
    return path
