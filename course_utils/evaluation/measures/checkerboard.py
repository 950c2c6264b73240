"""Checkerboards as numbers: what repeats in a map with the period of a stride.

A map of height H and width W that repeats every `stride` pixels has all its energy in `stride**2` places of its
discrete Fourier transform, the multiples of (H / stride, W / stride): the zero frequency, which is the mean and no
pattern, and the *stride frequencies*, which are the checkerboard. By Parseval's theorem the energy at the stride
frequencies is the variance of the *phase means*, the means over all pixels with the same row and column modulo the
stride.
"""

import numpy as np


def checkerboard_energy(maps, stride: int) -> float:
    """The share of the spectrum's energy at the stride frequencies.

    0: nothing repeats with the stride. A map that repeats exactly has 1 minus the share of its mean. Noise without
    pattern has about `(stride**2 - 1) / (H * W)`.

    Args:
        maps: `[..., H, W]`, H and W multiples of the stride; energies are added over the leading axes before dividing.
        stride: the period in pixels, 1 or more.

    Returns:
        a number in 0..1; 0 for maps of zeros.

    Raises:
        ValueError: height or width is no multiple of the stride.
    """
    maps = _whole_periods(maps, stride)
    height, width = maps.shape[-2:]
    energy = np.square(np.abs(np.fft.fft2(maps))).reshape(-1, height, width).sum(axis=0)
    total = energy.sum()
    pattern = energy[:: height // stride, :: width // stride].sum() - energy[0, 0]
    # Rounding may leave a pattern of -1e-17.
    return float(max(pattern, 0.0) / total) if total else 0.0


def phase_means(maps, stride: int) -> np.ndarray:
    """Means over the pixels with the same row and column modulo the stride.

    Args:
        maps: `[..., H, W]`, H and W multiples of the stride; leading axes are averaged, too.
        stride: the period in pixels, 1 or more.

    Returns:
        `[stride, stride]`, rows first.

    Raises:
        ValueError: height or width is no multiple of the stride.
    """
    maps = _whole_periods(maps, stride)
    height, width = maps.shape[-2:]
    return maps.reshape(-1, height // stride, stride, width // stride, stride).mean(axis=(0, 1, 3))


def _whole_periods(maps, stride):
    maps = np.asarray(maps, np.float64)
    if not (isinstance(stride, int | np.integer) and stride >= 1):
        raise ValueError(f"stride must be an integer of at least 1, not {stride!r}.")
    if maps.ndim < 2 or not maps.size or maps.shape[-2] % stride or maps.shape[-1] % stride:
        raise ValueError(
            f"a map of shape {maps.shape} does not hold whole periods of {stride} pixels: crop its last two axes to "
            "multiples of the stride."
        )
    return maps
