"""Tensors drawn as stacks of pictures, and what softmax and the loss do with their numbers."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Rectangle

from course_utils.labels import LabelTable
from course_utils.plotting.style import COLORS, new_figure

_STEP = 0.15
"""How far each card of a stack sticks out behind the one in front of it; a card is 1 high."""


def network_tensors(image, features, logits, prediction, classes, labels: LabelTable):
    """From picture to label map: 3 x H x W, D x H x W, C x H x W, and the arg max H x W.

    Args:
        image: float [height, width, 3] in 0..1.
        features: the last activations [height, width, D]; the five that vary most are drawn.
        logits: [height, width, C].
        prediction: the arg max, train ids [height, width].
        classes: train ids of the logits to draw, front to back.
        labels: class names and colours.

    Returns:
        the figure.
    """
    height, width = prediction.shape
    light = [np.where(np.arange(3) == c, np.asarray(image)[..., c : c + 1], 0.0) for c in range(3)]
    strongest = np.argsort(-np.std(features, axis=(0, 1)))[:5]
    shown = [_shade(features[..., d], *np.percentile(features[..., d], (1, 99)), "cividis") for d in strongest]
    low, high = np.percentile(logits, (1, 99))
    scores = [_shade(logits[..., c], low, high, "viridis") for c in classes]
    names, depth, count = [labels.names[c] for c in classes], np.shape(features)[-1], np.shape(logits)[-1]
    stacks = [
        (light, ["red", "green", "blue"], f"image\n3 × {height} × {width}", "convolutions"),
        (shown, None, f"features\nD = {depth}:  {depth} × {height} × {width}", "1 × 1\nconvolution"),
        (scores, names, f"scores\nC = {count}:  {count} × {height} × {width}", "arg max\nover C"),
        ([labels.to_colors(prediction) / 255], None, f"label map\n{height} × {width}", None),
    ]  # fmt: skip
    figure, axis = new_figure(size=(10, 2.3))
    left = 0.0
    for cards, captions, text, arrow in stacks:
        right = _draw_stack(axis, cards, left, captions)
        axis.text((left + right) / 2, -0.12, text, ha="center", va="top", fontsize=9)
        if arrow:
            _arrow(axis, right + 0.1, right + 1.15, arrow)
        left = right + 1.25
    _finish(axis, left - 1.25, 5)
    return figure


def masks_and_probabilities(masks, probabilities, loss, classes, labels: LabelTable):
    """The ground truth as a stack of masks, the network's answer as a stack of probabilities, the loss between them.

    Args:
        masks: true or false [height, width, C].
        probabilities: [height, width, C] in 0..1.
        loss: [height, width], not negative; NaN where void.
        classes: train ids to draw, front to back.
        labels: class names and colours.

    Returns:
        the figure.
    """
    names = [labels.names[c] for c in classes]
    truth = [np.where(masks[..., c, None], labels.colors[c] / 255, 0.93) for c in classes]
    answer = [_shade(probabilities[..., c], 0, 1, "viridis") for c in classes]
    top = float(np.nanpercentile(loss, 98))
    middle = np.where(np.isnan(loss)[..., None], 0.0, _shade(np.nan_to_num(loss), 0, top, "inferno"))
    figure, axis = new_figure(size=(10, 2.9))
    one = _draw_stack(axis, truth, 0.0, names)
    two = _draw_stack(axis, [middle], one + 0.85, None)
    three = _draw_stack(axis, answer, two + 0.85, names)
    _arrow(axis, one + 0.08, one + 0.77, "which\nclass?")
    _arrow(axis, two + 0.77, two + 0.08, "how\nprobable?")
    texts = (
        "ground truth: one mask per class",
        "loss: −log of the true class's\nprobability",
        "softmax over the classes",
    )
    for left, right, text in zip((0, one + 0.85, two + 0.85), (one, two, three), texts, strict=True):
        axis.text((left + right) / 2, -0.1, text, ha="center", va="top", fontsize=9)
    for limits, cmap, text in (((0, top), "inferno", "loss per pixel (nats)"), ((0, 1), "viridis", "probability")):
        scale = ScalarMappable(matplotlib.colors.Normalize(*limits), cmap)
        figure.colorbar(scale, ax=axis, fraction=0.012, pad=0.01, label=text)
    _finish(axis, three, len(classes))
    return figure


def softmax_and_loss(logits, moved: int, truth: int | None, names):
    """The logits of one pixel, their softmax, and the loss as one of the logits moves.

    Args:
        logits: one number per class.
        moved: the class whose logit varies from -6 to 6 in the loss curve.
        truth: the true class, None for a void pixel.
        names: class names.

    Returns:
        the figure.
    """
    logits = np.asarray(logits, float)
    margins = {"left": 0.125, "right": 0.985, "bottom": 0.17, "top": 0.9, "wspace": 0.16}
    figure, (left, middle, right) = new_figure(1, 3, (9.5, 2.9), gridspec_kw=margins)
    figure.set_layout_engine(None)
    rows = np.arange(len(names))
    colors = [COLORS["orange"] if i == moved else "0.65" for i in rows]
    left.barh(rows, logits, color=colors)
    left.axvline(0, color="0.3", linewidth=0.8)
    left.set(title="logits", xlim=(-6.3, 6.3), xlabel="any real number", xticks=(-5, 0, 5))
    left.set_yticks(rows, [f"{name} (true)" if i == truth else name for i, name in enumerate(names)])
    probabilities = _softmax(logits)
    middle.barh(rows, probabilities, color=colors)
    middle.bar_label(middle.containers[0], [f"{p:.3f}" for p in probabilities], padding=3, fontsize=8)
    middle.set(title="softmax", xlim=(0, 1.2), xlabel="probability; they add up to 1", xticks=(0, 0.5, 1))
    middle.set_yticks([])
    for axis in (left, middle):
        axis.invert_yaxis()
    grid = np.linspace(-6, 6, 121)
    varied = np.repeat(logits[None], len(grid), axis=0)
    varied[:, moved] = grid
    loss = 0.0 if truth is None else abs(np.log(probabilities[truth]))  # not -0.00
    right.plot(grid, 0 * grid if truth is None else -np.log(_softmax(varied)[:, truth]), color=COLORS["blue"])
    right.plot(logits[moved], loss, "o", color=COLORS["orange"], markersize=8)
    title = "void: does not count" if truth is None else f"loss of this pixel: {loss:.2f}"
    right.set(title=title, xlabel=f"logit of {names[moved]}", ylim=(-0.3, 8.5), xlim=(-6.3, 6.3))
    right.set(xticks=(-5, 0, 5), yticks=(0, 4, 8))
    return figure


def softmax_cases(cases: dict, truth: int, names):
    """The probabilities of one pixel in several cases, with the true class marked and the loss in each title.

    Args:
        cases: title to logits, one number per class.
        truth: the true class.
        names: class names.

    Returns:
        the figure.
    """
    figure, axes = new_figure(1, len(cases), (10, 2.3), sharey=True, squeeze=False)
    rows = np.arange(len(names))
    for axis, (title, logits) in zip(axes[0], cases.items(), strict=True):
        probabilities = _softmax(np.asarray(logits, float))
        axis.barh(rows, probabilities, color=[COLORS["blue"] if i == truth else "0.7" for i in rows])
        axis.bar_label(axis.containers[0], [f"{p:.3f}" for p in probabilities], padding=3, fontsize=8)
        loss = abs(np.log(probabilities[truth]))  # not -0.00
        axis.set(title=f"{title}\nloss {loss:.2f}", xlim=(0, 1.25), xticks=(0, 0.5, 1))
        axis.set_xlabel("probability")
    axes[0, 0].set_yticks(rows, [f"{name} (true)" if i == truth else name for i, name in enumerate(names)])
    axes[0, 0].invert_yaxis()
    return figure


def _softmax(logits) -> np.ndarray:
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _shade(values, low: float, high: float, cmap: str) -> np.ndarray:
    """Numbers [height, width] as colours [height, width, 3] in 0..1."""
    return matplotlib.colormaps[cmap]((np.asarray(values, float) - low) / max(high - low, 1e-9))[..., :3]


def _draw_stack(axis, cards, left: float, names) -> float:
    """Draws pictures [height, width, 3] as cards behind one another, the first in front; returns the right end."""
    wide = cards[0].shape[1] / cards[0].shape[0]
    for place, card in enumerate(cards):
        x, y, order = left + place * _STEP, place * _STEP, 2 * (len(cards) - place)
        axis.imshow(card, extent=(x, x + wide, y, y + 1), zorder=order, aspect="equal")
        axis.add_patch(Rectangle((x, y), wide, 1, fill=False, edgecolor="white", linewidth=2.0, zorder=order + 0.5))
        axis.add_patch(Rectangle((x, y), wide, 1, fill=False, edgecolor="0.35", linewidth=0.6, zorder=order + 0.6))
        if names:
            box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
            where = (x + 0.03, y + 0.985)
            axis.text(*where, names[place], fontsize=6.5, va="top", zorder=order + 1, bbox=box)
    return left + wide + (len(cards) - 1) * _STEP


def _arrow(axis, start: float, end: float, text: str) -> None:
    axis.annotate("", (end, 0.5), (start, 0.5), arrowprops={"arrowstyle": "-|>", "color": "0.3", "linewidth": 1.2})
    axis.text((start + end) / 2, 0.6, text, ha="center", va="bottom", fontsize=9, color="0.3")


def _finish(axis, right: float, cards: int) -> None:
    axis.set(xlim=(-0.05, right + 0.05), ylim=(-0.55, 1.05 + (cards - 1) * _STEP))
    axis.axis("off")
