"""Every figure the notebooks draw, in one style: readable in print and with every colour vision, each with an alt text.

    style       the palette, `new_figure`, and `show`, which puts a figure with its alt text on the page
    few_colours pictures as small files that keep the colours of legends
    playing     `play`, which puts frames on the page that the reader plays and steps through
    pictures    photographs, label maps and annotations: legends, overlays, errors, the three problems, frames as files
    operations  operations on tensors: upsampling, convolution matrices, overlap, pooling, receptive fields, softmax
    networks    networks from the inside: architecture, context, random fields, reconstruction, boundaries, training
    scores      scores: per class, over seeds, by distance, of many systems, and how they vary

A function takes arrays and returns a matplotlib figure; nothing here trains, predicts or reads a data set.
"""

from course_utils.plotting.networks.architecture import segnet
from course_utils.plotting.networks.boundaries import (
    edge_errors,
    edge_maps,
    edge_panel,
    gate_limits,
    gate_panel,
    shift_curves,
    two_streams,
)
from course_utils.plotting.networks.context import bin_levels, context_curves, patches_in_images, pyramid_stages
from course_utils.plotting.networks.crf import affinities, before_and_after, class_pairs, mean_field_errors
from course_utils.plotting.networks.reconstruction import (
    basis_gallery,
    laplacian_levels,
    patch_reconstructions,
    reconstruction_errors,
    reconstruction_panel,
)
from course_utils.plotting.networks.training import class_frequencies, learning_curves, study_curves
from course_utils.plotting.operations.matrices import (
    descent,
    matrix_pictures,
    matrix_product,
    matrix_row,
    singular_values,
)
from course_utils.plotting.operations.overlap import (
    energy_curves,
    gray_images,
    kernel_windows,
    map_and_spectrum,
    overlap_maps,
    overlap_panel,
    pair_tables,
    phase_tables,
)
from course_utils.plotting.operations.pooling import feature_maps, pooling_arrows
from course_utils.plotting.operations.receptive_fields import (
    atrous_taps,
    contribution_maps,
    contribution_panel,
    field_profiles,
    sampling_grid,
)
from course_utils.plotting.operations.steps import pooling_frames, sliding_frames, stamping_frames
from course_utils.plotting.operations.tensors import (
    masks_and_probabilities,
    network_tensors,
    softmax_and_loss,
    softmax_cases,
)
from course_utils.plotting.operations.upsampling import (
    interpolated_signals,
    interpolation_panel,
    kernel_gallery,
    kernel_surface,
    number_maps,
    sample_grids,
    spectrum_steps,
    subsampling_curve,
    upsampling_steps,
)
from course_utils.plotting.pictures.frames import frame_pictures
from course_utils.plotting.pictures.segmentation import (
    category_maps,
    errors,
    legend_patches,
    overlay,
    panels,
    pixel_for_pixel,
)
from course_utils.plotting.pictures.tasks import class_shares, label_numbers, outlines, three_problems
from course_utils.plotting.playing import play
from course_utils.plotting.scores.classes import class_bars, confusion_matrix, score_bars, score_differences
from course_utils.plotting.scores.distance import crop_curves, crop_panel, nested_crops, size_bars
from course_utils.plotting.scores.leaderboard import pair_matrix, ranking, score_grid, winner_shares
from course_utils.plotting.scores.seeds import score_ranges, seed_dots
from course_utils.plotting.scores.variation import difference_histogram, labelled_curves, rank_lines
from course_utils.plotting.style import new_figure, show, to_png

__all__ = [
    "affinities",
    "atrous_taps",
    "basis_gallery",
    "before_and_after",
    "bin_levels",
    "category_maps",
    "class_bars",
    "class_frequencies",
    "class_pairs",
    "class_shares",
    "confusion_matrix",
    "context_curves",
    "contribution_maps",
    "contribution_panel",
    "crop_curves",
    "crop_panel",
    "descent",
    "difference_histogram",
    "edge_errors",
    "edge_maps",
    "edge_panel",
    "energy_curves",
    "errors",
    "feature_maps",
    "field_profiles",
    "frame_pictures",
    "gate_limits",
    "gate_panel",
    "gray_images",
    "interpolated_signals",
    "interpolation_panel",
    "kernel_gallery",
    "kernel_surface",
    "kernel_windows",
    "label_numbers",
    "labelled_curves",
    "laplacian_levels",
    "learning_curves",
    "legend_patches",
    "map_and_spectrum",
    "masks_and_probabilities",
    "matrix_pictures",
    "matrix_product",
    "matrix_row",
    "mean_field_errors",
    "nested_crops",
    "network_tensors",
    "new_figure",
    "number_maps",
    "outlines",
    "overlap_maps",
    "overlap_panel",
    "overlay",
    "pair_matrix",
    "pair_tables",
    "panels",
    "patch_reconstructions",
    "patches_in_images",
    "phase_tables",
    "pixel_for_pixel",
    "play",
    "pooling_arrows",
    "pooling_frames",
    "pyramid_stages",
    "rank_lines",
    "ranking",
    "reconstruction_errors",
    "reconstruction_panel",
    "sample_grids",
    "sampling_grid",
    "score_bars",
    "score_differences",
    "score_grid",
    "score_ranges",
    "seed_dots",
    "segnet",
    "shift_curves",
    "show",
    "singular_values",
    "size_bars",
    "sliding_frames",
    "softmax_and_loss",
    "softmax_cases",
    "spectrum_steps",
    "stamping_frames",
    "study_curves",
    "subsampling_curve",
    "three_problems",
    "to_png",
    "two_streams",
    "upsampling_steps",
    "winner_shares",
]
