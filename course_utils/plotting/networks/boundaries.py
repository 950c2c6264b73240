"""Gates and boundaries in pictures: two streams side by side, edge maps against the truth, scores of moved borders."""

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from course_utils.plotting.style import COLORS, new_figure

_FOUND, _FALSE, _MISSED = (0.0, 0.45, 0.70), (0.90, 0.62, 0.0), (0.80, 0.47, 0.65)


def two_streams(regular: dict, shape: dict):
    """Two rows of pictures joined by arrows: the regular stream above, the shape stream below.

    Arrows lead from picture to picture, from each inner picture of the upper row down to the one below it (the regular
    stream sets the gates), and from the last picture of the lower row up (the fusion). The legend says so, and what the
    colours of maps mean.

    Args:
        regular, shape: title to picture, equally many in both: [height, width, 3], float in 0..1 or uint8, or a map
            [height, width] in 0..1.

    Returns:
        the figure.
    """
    columns = len(regular)
    height, width = np.shape(next(iter(regular.values())))[:2]
    each, gap, lift = 10 / (columns + 0.22 * (columns - 1)), 0.22, 0.55
    tall = each * height / width
    legend = 0.38
    size = (10, 2 * tall + lift + 0.5 + legend)
    figure, axes = new_figure(2, columns, size)
    figure.set_layout_engine(None)
    box = each / size[0], tall / size[1]
    for row, pictures in enumerate((regular, shape)):
        bottom = (0.1 + legend + (1 - row) * (tall + lift)) / size[1]
        for column, (title, picture) in enumerate(pictures.items()):
            axis = axes[row, column]
            axis.set_position([column * (1 + gap) * box[0], bottom, *box])
            _draw(axis, picture)
            axis.set_title(title, fontsize=9, pad=3)
            if column:
                _arrow(axis, (-gap + 0.02, 0.5), (-0.02, 0.5), "0.35")
            if row and 0 < column < columns - 1:
                _arrow(axis, (0.93, 1 + (lift - 0.03) / tall), (0.93, 1.0), COLORS["red"])
    _arrow(axes[1, -1], (0.93, 1.0), (0.93, 1 + (lift - 0.03) / tall), COLORS["blue"])
    meanings = {"the regular stream sets a gate": "red", "the boundaries join the segmentation": "blue"}
    handles = [Line2D([], [], color=COLORS[color], label=label) for label, color in meanings.items()]
    scale = matplotlib.colormaps["cividis"]
    handles += [Patch(color=scale(value), label=f"maps: {value:g}") for value in (0.0, 0.5, 1.0)]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=8.5, handlelength=1.4)
    return figure


def _arrow(axis, start, end, color) -> None:
    way = {"arrowstyle": "-|>", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", end, start, xycoords="axes fraction", arrowprops=way, annotation_clip=False)


def _draw(axis, picture, **options) -> None:
    """A picture, or a map in 0..1, without ticks."""
    axis.imshow(picture, **{"cmap": "cividis", "vmin": 0, "vmax": 1, "aspect": "auto", **options})
    axis.axis("off")


def gate_panel(image, gate, edges, title: str):
    """An image beside its gate, with the true borders as a line; fast enough for a control.

    Args:
        image: float [height, width, 3] in 0..1.
        gate: [height, width] in 0..1.
        edges: where the true borders are, bool or 0 and 1 [height, width].
        title: title of the gate.

    Returns:
        the figure.
    """
    height, width = np.shape(gate)
    size = (9.6, 0.46 * 9.6 * height / width / 0.85)
    figure, (left, right, scale) = new_figure(1, 3, size, gridspec_kw={"width_ratios": [1, 1, 0.03]})
    figure.set_layout_engine(None)
    for axis, place in [(left, 0.005), (right, 0.48)]:
        axis.set_position([place, 0.03, 0.46, 0.85])
    _draw(left, image)
    left.set_title("image")
    _draw(right, gate)
    right.contour(np.asarray(edges, float), levels=[0.5], colors="white", linewidths=0.6)
    right.set_title(title)
    scale.set_position([0.95, 0.03, 0.012, 0.85])
    scale.imshow(np.linspace(1, 0, 64)[:, None], cmap="cividis", aspect="auto", extent=(0, 1, 0, 1))
    scale.set(xticks=[], yticks=[0, 0.5, 1])
    scale.yaxis.tick_right()
    return figure


def edge_errors(probabilities, truth, threshold: float) -> np.ndarray:
    """A boundary map cut at a threshold, against the truth: blue found, orange false, pink missed, grey void.

    Args:
        probabilities: boundary probability [height, width] in 0..1.
        truth: [height, width]: 1 for boundary, 0 for none, anything else for void.
        threshold: a pixel counts as boundary from this probability on.

    Returns:
        float [height, width, 3] in 0..1.
    """
    truth, predicted = np.asarray(truth), np.asarray(probabilities) >= threshold
    picture = np.ones((*truth.shape, 3))
    picture[predicted & (truth == 1)] = _FOUND
    picture[predicted & (truth == 0)] = _FALSE
    picture[~predicted & (truth == 1)] = _MISSED
    picture[(truth != 0) & (truth != 1)] = 0.8
    return picture


def edge_maps(probabilities, truth, thresholds):
    """A boundary map cut at several thresholds, against the truth, side by side.

    Args:
        probabilities, truth: see `edge_errors`.
        thresholds: one per picture.

    Returns:
        the figure.
    """
    height, width = np.shape(probabilities)
    size = (10, 10 / len(thresholds) * height / width + 0.6)
    figure, axes = new_figure(1, len(thresholds), size, squeeze=False)
    for axis, threshold in zip(axes[0], thresholds, strict=True):
        _draw(axis, edge_errors(probabilities, truth, threshold))
        axis.set_title(f"threshold {threshold:g}", fontsize=10)
    figure.legend(handles=_edge_patches(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _edge_patches() -> list[Patch]:
    names = {"found": _FOUND, "false": _FALSE, "missed": _MISSED, "void": (0.8,) * 3}
    return [Patch(facecolor=color, label=name) for name, color in names.items()]


def edge_panel(image, probabilities, truth, threshold: float, curve):
    """Image, boundaries above a threshold against the truth, and the threshold's point on the precision-recall curve.

    Fast enough for a control.

    Args:
        image: float [height, width, 3] in 0..1.
        probabilities, truth, threshold: see `edge_errors`.
        curve: thresholds, precision and recall over all data, [3, points].

    Returns:
        the figure.
    """
    height, width = np.shape(probabilities)
    figure, (left, middle, right) = new_figure(1, 3, (10, 3.45 * height / width / 0.72))
    figure.set_layout_engine(None)
    for axis, place in [(left, [0.005, 0.15, 0.345, 0.72]), (middle, [0.36, 0.15, 0.345, 0.72])]:
        axis.set_position(place)
    right.set_position([0.775, 0.22, 0.215, 0.65])
    _draw(left, image)
    left.set_title("image")
    _draw(middle, edge_errors(probabilities, truth, threshold))
    middle.set_title(f"boundary probability of at least {threshold:.2f}")
    middle.legend(handles=_edge_patches(), loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4, fontsize=8)
    thresholds, precision, recall = np.asarray(curve)
    place = np.abs(thresholds - threshold).argmin()
    right.plot(100 * recall, 100 * precision, color="0.6")
    right.plot(100 * recall[place], 100 * precision[place], "o", color=COLORS["red"])
    right.set(xlim=(0, 102), ylim=(0, 102), xlabel="recall (%)", ylabel="precision (%)", xticks=[0, 50, 100])
    return figure


def gate_limits(features, gates: dict):
    """What a gate does to a row of features: the features in front of features * (1 + gate).

    Args:
        features: [positions].
        gates: title to gate [positions] in 0..1, one panel each.

    Returns:
        the figure.
    """
    features = np.asarray(features, float)
    figure, axes = new_figure(2, len(gates), (10, 3.2), sharex=True, sharey="row", height_ratios=[1, 2])
    places = np.arange(len(features))
    for column, (title, gate) in enumerate(gates.items()):
        upper, lower = axes[:, column]
        upper.step(places, gate, where="mid", color=COLORS["red"])
        upper.set(title=title, ylim=(-0.1, 1.1), yticks=[0, 1])
        lower.bar(places, features * (1 + np.asarray(gate)), width=0.8, color=COLORS["sky"], label="after the gate")
        lower.bar(places, features, width=0.8, color=COLORS["blue"], label="features")
        lower.set(xlabel="position (pixels)")
    axes[0, 0].set_ylabel("gate")
    axes[1, 0].set_ylabel("features")
    axes[1, -1].legend(fontsize=8, loc="upper right")
    return figure


def shift_curves(shifts, scores: dict, titles):
    """How scores fall when borders move: one panel per score, one line per object.

    Args:
        shifts: how far the prediction is moved, in pixels, [shifts].
        scores: object name to scores in 0..1, [panels, shifts].
        titles: one per panel.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(titles), (10, 2.9), sharey=True, squeeze=False)
    for number, (axis, title) in enumerate(zip(axes[0], titles, strict=True)):
        for (name, values), line in zip(scores.items(), ("-", "--", ":"), strict=False):
            axis.plot(shifts, 100 * np.asarray(values)[number], line, marker="o", markersize=4, label=name)
        axis.set(xlabel="moved by (pixels)", title=title, ylim=(-3, 103))
        axis.grid(color="0.92")
    axes[0, 0].set_ylabel("score (%)")
    axes[0, 0].legend(fontsize=8, loc="center right")
    return figure
