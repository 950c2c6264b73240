"""Signals before and after upsampling: samples, kernels, their spectra, and the grids that samples lie on."""

import numpy as np
from matplotlib.patches import Rectangle

from course_utils.plotting.style import COLORS, new_figure


def _stems(axis, positions, values, color: str = "blue", size: float = 4.0) -> None:
    """Draws samples as stems with dots: one collection and one line, which is fast.

    Args:
        axis: the axes to draw on.
        positions, values: [samples].
        color: a name from `COLORS`.
        size: size of the dots in points.
    """
    axis.vlines(positions, 0, values, color=COLORS[color], linewidth=1)
    axis.plot(positions, values, "o", color=COLORS[color], markersize=size)
    axis.axhline(0, color="0.6", linewidth=0.8)


def upsampling_steps(spread, factor: int, kernels: dict, results: dict):
    """Zeros inserted, the kernel, and the result: one row per kernel.

    Args:
        spread: the samples with zeros behind each [factor * length].
        factor: enlargement factor; odd, so that the samples stay on output positions.
        kernels: name to taps [odd number].
        results: name to the filtered signal [factor * length], samples at every `factor`-th position.

    Returns:
        the figure.
    """
    signal = spread[::factor]
    reach = max(len(taps) for taps in kernels.values()) // 2 + 1
    figure, axes = new_figure(
        len(kernels), 3, (10, 1.7 * len(kernels) + 0.3), sharex="col", squeeze=False, width_ratios=[3, 2, 3]
    )
    for (name, taps), row in zip(kernels.items(), axes, strict=True):
        _stems(row[0], np.arange(len(spread)), spread, size=3)
        _stems(row[0], np.arange(0, len(spread), factor), signal, "red")
        _stems(row[1], np.arange(len(taps)) - len(taps) // 2, taps, "green", size=3)
        row[1].set_xlim(-reach, reach)
        _stems(row[2], np.arange(len(spread)), results[name], size=3)
        _stems(row[2], np.arange(0, len(spread), factor), signal, "red")
        row[0].set_ylabel(name)
    for axis, title in zip(axes[0], ["signal (orange) and zeros", "kernel", "result"], strict=True):
        axis.set_title(title)
    for axis, label in zip(axes[-1], ["output position", "tap", "output position"], strict=True):
        axis.set_xlabel(label)
    return figure


def number_maps(maps: dict):
    """Small arrays as grids of numbers, side by side; cells that are not zero are shaded.

    Args:
        maps: title to array [rows, columns].

    Returns:
        the figure.
    """
    columns = [np.shape(values)[1] for values in maps.values()]
    rows = max(np.shape(values)[0] for values in maps.values())
    cell = 10 / (sum(columns) + len(columns))
    figure, axes = new_figure(1, len(maps), (10, cell * rows + 0.5), squeeze=False, width_ratios=columns)
    for axis, (title, values) in zip(axes[0], maps.items(), strict=True):
        values = np.asarray(values)
        axis.imshow(np.where(values != 0, 0.25, 0.0), cmap="Blues", vmin=0, vmax=1)
        for i, j in np.ndindex(values.shape):
            axis.text(
                j, i, f"{values[i, j]:g}", ha="center", va="center", fontsize=8, color="k" if values[i, j] else "0.6"
            )
        axis.set_xticks(np.arange(-0.5, values.shape[1]), [])
        axis.set_yticks(np.arange(-0.5, values.shape[0]), [])
        axis.tick_params(length=0)
        axis.grid(color="0.7", linewidth=0.6)
        axis.set_title(title)
        axis.set_anchor("N")
    return figure


def sample_grids(size: int, factor: int):
    """Where samples and output pixels lie on the two kinds of grid, along one axis.

    Args:
        size: number of samples.
        factor: enlargement factor.

    Returns:
        the figure.
    """
    figure, axes = new_figure(2, 1, (9, 2.9), sharex=True)
    outputs = np.arange(factor * size)
    grids = {
        f"aligned grid: sample n stands on output pixel {factor} n": 0,
        f"half-pixel centres: sample n stands in the middle of its {factor} output pixels": (factor - 1) / 2,
    }
    for axis, (title, offset) in zip(axes, grids.items(), strict=True):
        samples = factor * np.arange(size) + offset
        for i in outputs:
            axis.add_patch(Rectangle((i - 0.5, -0.5), 1, 1, facecolor="white", edgecolor="0.7"))
        axis.plot(outputs, np.zeros(len(outputs)), "|", color="0.5", markersize=8)
        axis.plot(samples, np.zeros(size), "o", color=COLORS["red"], markersize=9)
        for n, position in enumerate(samples):
            axis.annotate(f"n = {n}", (position, 0.55), ha="center", va="bottom", fontsize=8, color=COLORS["red"])
        axis.set(xlim=(-0.7, len(outputs) - 0.3), ylim=(-0.6, 1.1), yticks=[], title=title)
        axis.spines[["left", "bottom"]].set_visible(False)
    axes[1].set_xlabel("output pixel")
    axes[1].set_xticks(outputs)
    return figure


def kernel_surface(taps, factor: int):
    """A separable kernel in two dimensions, as a surface over the distance to the sample.

    Args:
        taps: taps along one dimension [length].
        factor: taps per distance between samples.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(6, 4), subplot_kw={"projection": "3d"})
    distance = (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor
    axis.plot_surface(
        *np.meshgrid(distance, distance), np.outer(taps, taps), cmap="cividis", vmax=0.2, rcount=80, ccount=80
    )
    ticks = np.arange(-int(distance[-1]) - 1, int(distance[-1]) + 2)
    axis.set(xlabel="columns (samples)", ylabel="rows (samples)", xticks=ticks, yticks=ticks, zticks=[0, 0.5, 1])
    axis.view_init(28, -60)
    return figure


def kernel_gallery(kernels: dict, measured: dict, curves: dict, spectra: dict, factor: int):
    """Each kernel with its measured impulse response, beside its frequency response.

    Args:
        kernels: method to taps [length].
        measured: method to the framework's impulse response at the same positions [length].
        curves: method to the continuous kernel `(distances, values)`, distances in samples.
        spectra: method to `(frequencies, gains)`: cycles per output pixel; the gain is 1 where a wave passes unchanged.
        factor: enlargement factor.

    Returns:
        the figure.
    """
    figure, axes = new_figure(4, 4, (10, 8.6))
    pairs = axes.reshape(-1, 2)
    for (method, taps), (left, right) in zip(kernels.items(), pairs, strict=True):
        distance = (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor
        left.plot(*curves[method], color=COLORS["sky"], linewidth=1)
        _stems(left, distance, taps, "green", size=3.5)
        left.plot(distance, measured[method], "x", color=COLORS["black"], markersize=4)
        left.set(xlim=(-5.2, 5.2), ylim=(-0.3, 1.15), title=method)
        frequency, gain = spectra[method]
        _response(right, frequency, gain, factor)
    for axis in axes[-1, ::2]:
        axis.set_xlabel("distance (samples)")
    for axis in axes[-1, 1::2]:
        axis.set_xlabel("cycles per output pixel")
    for axis in axes[:, 1::2].flat:
        axis.set_ylabel("gain (dB)")
    return figure


def _bands(axis, factor):
    """Shades the band of the signal and marks the centres of its images."""
    axis.axvspan(0, 0.5 / factor, color=COLORS["yellow"], alpha=0.4, linewidth=0)
    for image in range(1, factor // 2 + 1):
        axis.axvline(image / factor, color=COLORS["red"], linewidth=1, linestyle=":")


def _response(axis, frequency, gain, factor):
    """Gain in decibels over the bands."""
    _bands(axis, factor)
    axis.plot(frequency, 20 * np.log10(np.maximum(np.abs(gain), 1e-4)), color=COLORS["blue"], linewidth=1)
    axis.set(xlim=(0, 0.5), ylim=(-62, 5))


def spectrum_steps(frequency, before, after, gain, factor: int):
    """The spectrum of a signal with zeros inserted, what the kernel passes, and what remains.

    Args:
        frequency: cycles per output pixel [points], from 0 to 0.5.
        before: magnitude of the spectrum after zero insertion [points].
        after: magnitude of the spectrum after the kernel [points].
        gain: gain of the kernel [points], 1 where a wave passes unchanged.
        factor: enlargement factor.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, 2, (10, 2.8), sharey=True)
    for axis, values, title in zip(axes, (before, after), ("zeros inserted", "after the kernel"), strict=True):
        level = 20 * np.log10(np.maximum(values / before.max(), 1e-4))
        _bands(axis, factor)
        axis.fill_between(frequency, level, -80, color=COLORS["blue"], alpha=0.3, linewidth=0)
        axis.plot(frequency, level, color=COLORS["blue"], linewidth=0.6)
        axis.plot(frequency, 20 * np.log10(np.maximum(np.abs(gain), 1e-4)), color=COLORS["green"], linewidth=1.5)
        axis.set(xlabel="cycles per output pixel", title=title, xlim=(0, 0.5), ylim=(-62, 3))
    axes[1].annotate("gain of the kernel", (0.345, -10), color=COLORS["green"], fontsize=9)
    axes[0].set_ylabel("level (dB)")
    return figure


def interpolation_panel(signal, result, taps, frequency, gain, factor: int):
    """The interpolated signal, the kernel and its frequency response; fast enough for a control.

    Args:
        signal: samples [length].
        result: the interpolated signal [factor * length], half-pixel centres.
        taps: the kernel's taps [taps].
        frequency, gain: cycles per output pixel and the kernel's gain [points].
        factor: enlargement factor.

    Returns:
        the figure.
    """
    figure, (wide, left, right) = new_figure(1, 3, (10, 2.6), width_ratios=[2.2, 1, 1])
    # Few ticks, and axes placed by hand: tick labels and the constrained layout take longer than everything else.
    figure.set_layout_engine(None)
    figure.subplots_adjust(left=0.05, right=0.97, top=0.88, bottom=0.2, wspace=0.28)
    wide.plot(np.arange(len(result)), result, "-o", color=COLORS["blue"], markersize=2, linewidth=0.8)
    _stems(wide, np.arange(len(signal)) * factor + (factor - 1) / 2, signal, "red", size=5)
    wide.set(
        xlabel="output pixel", title="samples (orange) and interpolated signal", ylim=(-1.6, 1.6), yticks=[-1, 0, 1]
    )
    _stems(left, (np.arange(len(taps)) - (len(taps) - 1) / 2) / factor, taps, "green", size=3)
    left.set(xlabel="distance (samples)", title="kernel", xlim=(-5.2, 5.2), xticks=[-4, 0, 4])
    left.set(ylim=(-0.3, 1.15), yticks=[0, 1])
    _response(right, frequency, gain, factor)
    right.set(xlabel="cycles per output pixel", title="gain (dB)", xticks=[0, 0.25, 0.5], yticks=[-60, -30, 0])
    return figure


def interpolated_signals(signal, results: dict, factor: int, truth):
    """One signal interpolated by several methods, with the wave it was sampled from.

    Args:
        signal: samples [length].
        results: method to the interpolated signal [factor * length], half-pixel centres.
        factor: enlargement factor.
        truth: the wave at the output pixels [factor * length].

    Returns:
        the figure.
    """
    figure, axes = new_figure(-(-len(results) // 2), 2, (10, 3.6), sharex=True, sharey=True, squeeze=False)
    for axis, (name, result) in zip(axes.flat, results.items(), strict=False):
        axis.plot(truth, color=COLORS["orange"], linewidth=1)
        axis.plot(result, "-o", color=COLORS["blue"], markersize=2, linewidth=0.8)
        positions = np.arange(len(signal)) * factor + (factor - 1) / 2
        axis.plot(positions, signal, "o", color=COLORS["red"], markersize=4)
        axis.set_title(name)
    for axis in axes[-1]:
        axis.set_xlabel("output pixel")
    return figure


def subsampling_curve(curves: dict):
    """IoU of label maps that were subsampled and enlarged again, over the factor.

    Args:
        curves: name to `(factors, mean IoU in per cent)`.

    Returns:
        the figure.
    """
    figure, axis = new_figure(size=(8, 3.2))
    for number, (name, (factors, values)) in enumerate(curves.items()):
        axis.plot(factors, values, linestyle=["-", "--", "-.", ":"][number % 4], marker="os^D"[number % 4], label=name)
    ticks = sorted({factor for factors, _ in curves.values() for factor in factors})
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [str(factor) for factor in ticks])
    axis.set(xlabel="subsampled by", ylabel="mean IoU (%)", ylim=(0, 102))
    axis.legend()
    return figure
