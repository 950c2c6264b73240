"""What each output of a network is trained for, and the part of the network that predicts."""

from course_utils import models
from course_utils.backend import keras
from course_utils.losses import LOSSES
from course_utils.names import look_up


def objective(system, class_weights=None, loss="cross-entropy") -> dict:
    """The losses that a system is trained by.

    Args:
        system: a card, a key of `course_utils.models.SYSTEMS`, or `module:NAME` for a system of your own.
        class_weights: one weight per class, or None for equal weights.
        loss: of the logits: a key of `course_utils.losses.LOSSES`, `module:NAME`, or a function from class weights to a
            Keras loss.

    Returns:
        loss and weight by the name of the output, `{"logits": (loss, 1.0), ...}`; each loss takes train ids
        `[batch, height, width]` and the output.

    Raises:
        CourseError: there is no such system or loss.
    """
    card = models.system(system)
    build = look_up(loss, LOSSES, "loss") if isinstance(loss, str) else loss
    further = card.auxiliary(class_weights) if card.auxiliary else {}
    return {"logits": (build(class_weights), 1.0), **further}


def prediction_network(model):
    """The part of a network that predicts: from images to logits alone.

    Its layers and weights are those of the model. A model without further outputs is returned as it is.
    """
    if not isinstance(model.output, dict):
        return model
    return keras.Model(model.input, model.output["logits"], name=model.name)
