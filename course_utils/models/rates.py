"""Atrous rates that suit the size of a map."""

from collections.abc import Sequence


def fitting_rates(rates: Sequence[int], image_size: tuple[int, int], output_stride: int) -> tuple[int, ...]:
    """Rates as published where the map of features is large enough for them, smaller ones where it is not.

    A tap as far from its centre as the map is wide sees nothing but padding, wherever the kernel lies: it costs time,
    and learns nothing. Then the largest rate becomes half the map's shorter side, as it about is in the papers, and the
    others keep their proportions.

    Args:
        rates: as published, increasing.
        image_size: height and width of the images.
        output_stride: image pixels between two features.

    Example:

        >>> fitting_rates((6, 12, 18), (180, 240), 16)
        (2, 4, 6)
    """
    side = -(-min(image_size) // output_stride)
    if rates[-1] < side:
        return tuple(rates)
    fitting = []
    for rate in rates:
        fitting.append(max(round(rate / rates[-1] * side / 2), fitting[-1] + 1 if fitting else 1))
    return tuple(fitting)
