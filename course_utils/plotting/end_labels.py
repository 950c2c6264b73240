"""Names at the ends of curves, kept from overprinting each other."""

from itertools import pairwise

import numpy as np


def apart(places, least: float) -> np.ndarray:
    """Ascending places for labels, moved as little as possible to keep `least` between neighbours.

    Args:
        places: where the labels would stand, ascending [labels].
        least: distance between neighbours.
    """
    groups = [[place] for place in places]
    centres = list(map(float, places))
    while True:
        clash = next(
            (
                k
                for k, (a, b) in enumerate(pairwise(range(len(groups))))
                if centres[b] - centres[a] < least * (len(groups[a]) + len(groups[b])) / 2
            ),
            None,
        )
        if clash is None:
            break
        groups[clash : clash + 2] = [groups[clash] + groups[clash + 1]]
        centres[clash : clash + 2] = [float(np.mean(groups[clash]))]
    return np.concatenate(
        [
            centre + least * (np.arange(len(group)) - (len(group) - 1) / 2)
            for group, centre in zip(groups, centres, strict=True)
        ]
    )
