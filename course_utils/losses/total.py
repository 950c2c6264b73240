"""Several losses of one output as one."""

from course_utils.backend import keras


@keras.saving.register_keras_serializable(package="course_utils")
class TotalLoss(keras.losses.Loss):
    """The weighted sum of losses of the same truth and prediction.

    Args:
        losses: Keras losses that give scalars.
        weights: one factor for each; 1 for all when omitted.
    """

    def __init__(self, losses, weights=None, name="total", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.losses = [keras.saving.deserialize_keras_object(x) if isinstance(x, dict) else x for x in losses]
        self.weights = [1.0] * len(losses) if weights is None else [float(weight) for weight in weights]

    def call(self, y_true, y_pred):
        return sum(w * loss(y_true, y_pred) for w, loss in zip(self.weights, self.losses, strict=True))

    def get_config(self):
        losses = [keras.saving.serialize_keras_object(loss) for loss in self.losses]
        return {"losses": losses, "weights": self.weights, "name": self.name}
