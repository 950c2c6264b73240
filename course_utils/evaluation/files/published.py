"""The lecture's table: class IoUs on Cityscapes as papers print them."""

import csv
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from course_utils.errors import CourseError


class PublishedTable(NamedTuple):
    """A printed table, in per cent as printed.

    Attributes:
        systems: names of the rows.
        splits: the images that each row was scored on, "val" or "test".
        sources: of each row: papers and tables.
        classes: names of the columns.
        iou: float64 [systems, classes].
        means: as printed, float64 [systems].
    """

    systems: tuple[str, ...]
    splits: tuple[str, ...]
    sources: tuple[str, ...]
    classes: tuple[str, ...]
    iou: np.ndarray
    means: np.ndarray

    def row(self, system: str) -> dict[str, float]:
        """The IoU of each class by name, for one system.

        Raises:
            CourseError: the table has no such system.
        """
        if system not in self.systems:
            raise CourseError(f"The table has no row {system!r}: choose one of {', '.join(self.systems)}.")
        return dict(zip(self.classes, self.iou[self.systems.index(system)].tolist(), strict=True))


def published_cityscapes() -> PublishedTable:
    """The six systems of Takikawa et al., "Gated-SCNN", ICCV 2019, table 1, with a column for the split.

    The paper heads all rows "val". The means of its first three are those that Zhao et al. ("Pyramid scene parsing
    network", CVPR 2017, table 6) print for the *test* set, where PSPNet has 78.4; so these are marked "test".

    Example:

        >>> table = published_cityscapes()
        >>> table.systems[-1], table.splits[-1], table.means[-1].item()
        ('GSCNN', 'val', 80.8)
    """
    text = files("course_utils.evaluation.files").joinpath("published_cityscapes.csv").read_text("utf-8")
    head, *rows = csv.reader(text.splitlines())
    systems, splits, sources, *columns = zip(*rows, strict=True)
    values = np.array(columns, float).T
    return PublishedTable(systems, splits, sources, tuple(head[3:-1]), values[:, :-1], values[:, -1])
