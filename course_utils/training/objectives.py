"""What each output of a system is trained for.

Every system has logits, and some have further outputs that only training looks at (`auxiliary=True`). `OBJECTIVES`
says how these are trained; to add a system, enter its function here.
"""

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.losses import (
    HardExampleCrossEntropy,
    LovaszSoftmax,
    SegmentationCrossEntropy,
    SoftDice,
    TotalLoss,
)
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy
from course_utils.losses.piecewise import NodeCrossEntropy, PairCrossEntropy
from course_utils.models.piecewise import ABOVE, SURROUNDING

LOSSES = {
    "cross-entropy": SegmentationCrossEntropy,
    "hard-examples": HardExampleCrossEntropy,
    "lovasz": lambda class_weights: TotalLoss([SegmentationCrossEntropy(class_weights), LovaszSoftmax()]),
    "dice": lambda class_weights: TotalLoss([SegmentationCrossEntropy(class_weights), SoftDice()]),
}
"""Losses of the logits, as functions of the class weights (None for equal ones).

A loss of overlap comes on top of cross-entropy: alone it hardly starts from random weights, when everything overlaps
with everything.
"""


def _gscnn(class_weights):
    """Takikawa et al. 2019, sections 3.2 and 3.3: 20 for the boundaries, 1 for each other term."""
    return {"edges": (EdgeCrossEntropy(), 20.0), "dual_task": (DualTaskLoss(), 1.0)}


def _lrr(class_weights):
    """Ghiasi and Fowlkes 2016, section 4: a loss at each level, all of one weight in the authors' code."""
    return {level: (SegmentationCrossEntropy(class_weights), 1.0) for level in ("x32", "x16", "x8")}


def _piecewise(class_weights):
    """Lin et al. 2016, section 6: a loss for each network of potentials; that of the logits is our own."""
    pairs = {"surrounding": SURROUNDING, "above": ABOVE}
    losses = {"unary": (NodeCrossEntropy(class_weights), 1.0)}
    return losses | {relation: (PairCrossEntropy(shifts), 1.0) for relation, shifts in pairs.items()}


def _pspnet(class_weights):
    """Zhao et al. 2017, section 4: the auxiliary loss counts 0.4."""
    return {"auxiliary": (SegmentationCrossEntropy(class_weights), 0.4)}


OBJECTIVES = {
    "GSCNN": _gscnn,
    "LRR": _lrr,
    "PSPNet": _pspnet,
    "Piecewise": _piecewise,
}
"""By system: class weights -> the loss and its weight for each further output.

An entry for "logits" comes on top of the loss that is chosen for them.
"""


def objective(system: str, class_weights=None, loss: str = "cross-entropy") -> dict:
    """The losses that a system is trained by.

    Args:
        system: a name of `course_utils.models`.
        class_weights: one weight for each class, or None for equal weights.
        loss: a key of `LOSSES`, for the logits.

    Returns:
        loss and weight by the name of the output, `{"logits": (loss, 1.0), ...}`; each loss takes train ids
        `[batch, height, width]` and the output.

    Raises:
        CourseError: there is no loss of that name.
    """
    if loss not in LOSSES:
        raise CourseError(f"There is no loss {loss!r}: choose one of {', '.join(LOSSES)}.")
    outputs = {"logits": (LOSSES[loss](class_weights), 1.0)}
    for name, (term, weight) in OBJECTIVES.get(system, lambda class_weights: {})(class_weights).items():
        outputs[name] = (TotalLoss([outputs[name][0], term], [1.0, weight]), 1.0) if name in outputs else (term, weight)
    return outputs


def prediction_network(model):
    """The part of a network that predicts: from images to logits alone.

    Its layers and weights are those of the model. A model without further outputs is returned as it is.
    """
    if not isinstance(model.output, dict):
        return model
    return keras.Model(model.input, model.output["logits"], name=model.name)
