"""Every figure the notebooks draw, in one style: readable in print, colour-blind-safe, with a text for each."""

from course_utils.plotting.architecture import segnet
from course_utils.plotting.matrices import matrix_pictures, matrix_product, matrix_row, singular_values
from course_utils.plotting.overlap import (
    gray_images,
    kernel_windows,
    map_and_spectrum,
    overlap_maps,
    overlap_panel,
    pair_tables,
    phase_tables,
    seed_dots,
)
from course_utils.plotting.segmentation import errors, overlay, panels
from course_utils.plotting.signals import (
    interpolation_panel,
    kernel_gallery,
    kernel_surface,
    number_maps,
    sample_grids,
    spectrum_steps,
    subsampling_curve,
    upsampling_steps,
)
from course_utils.plotting.style import new_figure, show, to_png
from course_utils.plotting.training import class_bars, class_frequencies, learning_curves

__all__ = [
    "class_bars",
    "class_frequencies",
    "errors",
    "gray_images",
    "interpolation_panel",
    "kernel_gallery",
    "kernel_surface",
    "kernel_windows",
    "learning_curves",
    "map_and_spectrum",
    "matrix_pictures",
    "matrix_product",
    "matrix_row",
    "new_figure",
    "number_maps",
    "overlap_maps",
    "overlap_panel",
    "overlay",
    "pair_tables",
    "panels",
    "phase_tables",
    "sample_grids",
    "seed_dots",
    "segnet",
    "show",
    "singular_values",
    "spectrum_steps",
    "subsampling_curve",
    "to_png",
    "upsampling_steps",
]
