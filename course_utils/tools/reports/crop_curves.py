"""Distance-based evaluation on a page: the curves over the crop factor."""

from collections.abc import Mapping

import numpy as np

from course_utils import plotting
from course_utils.evaluation import Scores, tables

CURVES = 4
"""Classes whose IoU is drawn over the crop factor."""


def crop_figure(systems: Mapping[str, Scores]):
    """The IoU over the crop factor: its mean, and for one system alone also the classes that change most.

    Args:
        systems: name to scores, all with `distance`.

    Returns:
        `(figure, text)`, the latter for those who cannot see it.
    """
    means = {name: scores.distance.mean_iou() for name, scores in systems.items()}
    panels = {"mean over the classes": {name: _percent(curve) for name, curve in means.items()}}
    if len(systems) == 1 and (most := _changing_most(*systems.values())):
        panels[f"the {len(most)} classes that change most"] = most
    told = "; ".join(
        f"{name} " + ", ".join(f"{tables.cell(value)} at {factor:g}" for factor, value in curve.items())
        for name, curve in means.items()
    )
    text = f"Curves of the IoU over the crop factor, mean over the classes in per cent: {told}."
    return plotting.crop_curves(panels, "IoU (%)"), text


def _changing_most(scores: Scores) -> dict[str, dict[float, float]]:
    """Curves in per cent of the classes that occur in all crops and change most from the first to the last."""
    factors, values = list(scores.distance.confusions), np.stack(list(scores.distance.iou().values()))
    change = np.abs(values[-1] - values[0])
    known = np.flatnonzero(np.isfinite(values).all(axis=0) & (change > 0))
    most, names = known[np.argsort(-change[known], kind="stable")][:CURVES], list(scores.class_iou)
    return {names[k]: _percent(dict(zip(factors, values[:, k].tolist(), strict=True))) for k in most.tolist()}


def _percent(curve: dict[float, float]) -> dict[float, float]:
    return {factor: 100 * value for factor, value in curve.items()}
