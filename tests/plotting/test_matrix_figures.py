"""Pictures of matrices: cells of one size, and no more room than a matrix needs."""

import numpy as np

from course_utils import plotting


def test_cells_have_one_size_and_a_column_the_width_of_its_matrices():
    figure = plotting.matrix_pictures({"kernel": np.eye(3), "matrix": np.eye(12)})
    plotting.to_png(figure)
    cells = [np.diff(axis.transData.transform([(0, 0), (1, 0)]), axis=0)[0, 0] for axis in figure.axes]
    small, large = (axis.get_window_extent().width for axis in figure.axes)
    np.testing.assert_allclose(cells[0], cells[1], rtol=0.1)
    assert large > 2 * small
