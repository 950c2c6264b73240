"""A frame and its label maps as image files, for a web page."""

import io

import numpy as np
from PIL import Image

from course_utils.labels import LabelTable
from course_utils.plotting.pictures.segmentation import errors


def frame_pictures(image, truth, prediction, labels: LabelTable, width: int = 720) -> dict[str, bytes]:
    """A frame as four image files, small enough for a web page.

    Args:
        image: [height, width, 3], uint8 or float in 0..1.
        truth, prediction: train ids [height, width].
        labels: class colours.
        width: largest width in pixels; wider pictures are shrunk, label maps by nearest neighbour.

    Returns:
        "image" as a JPEG file, and "truth", "prediction" and "errors" as PNG files.
    """
    image = np.asarray(image)
    photo = Image.fromarray(image if image.dtype == np.uint8 else np.round(255 * image).astype(np.uint8))
    height, full = np.shape(truth)
    size = (min(width, full), max(1, round(height * min(1, width / full))))
    pictures = {"image": _encoded(photo.resize(size, Image.Resampling.BOX), "JPEG", quality=85)}
    maps = {
        "truth": labels.to_colors(truth),
        "prediction": labels.to_colors(prediction),
        "errors": errors(truth, prediction),
    }
    for name, colors in maps.items():
        pictures[name] = _encoded(Image.fromarray(colors).resize(size, Image.Resampling.NEAREST), "PNG", optimize=True)
    return pictures


def _encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
