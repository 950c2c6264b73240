"""Every figure the notebooks draw, in one style: readable in print, colour-blind-safe, with a text for each."""

from course_utils.plotting.architecture import segnet
from course_utils.plotting.segmentation import errors, overlay, panels
from course_utils.plotting.style import new_figure, show, to_png
from course_utils.plotting.training import class_bars, class_frequencies, learning_curves

__all__ = [
    "class_bars",
    "class_frequencies",
    "errors",
    "learning_curves",
    "new_figure",
    "overlay",
    "panels",
    "segnet",
    "show",
    "to_png",
]
