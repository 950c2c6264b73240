"""Muon for convolutions: each update is as large in every direction."""

import math

from course_utils.backend import keras

ops = keras.ops

GENTLE = 0.15
"""Share of AdamW's rate for what was trained before: 3e-4 where it is 2e-3."""


@keras.saving.register_keras_serializable(package="course_utils")
class Muon(keras.optimizers.Muon):
    """Keras's Muon for convolution kernels.

    The gradient of a kernel is dominated by a few directions, and steps along it hardly move the others. Muon replaces
    the momentum by the nearest matrix whose singular values are all about one (Jordan et al., "Muon: an optimizer for
    hidden layers in neural networks", 2024), so that every direction learns. What is no hidden kernel (scales and
    shifts, biases, the first and the last convolution) goes by AdamW.

    Keras's Muon gives AdamW all that is no matrix, and so every convolution. Here a kernel
    `[height, width, channels, filters]` counts as a matrix of `filters` columns, and the iteration runs on the products
    of its shorter side alone: a third of the work for a 3x3 kernel, with the same result.

    Args:
        learning_rate: of the hidden kernels. A kernel of the usual first size changes by about 0.7 times the rate,
            whatever its shape. AdamW takes `adam_lr_ratio` times as much.
        hidden: indices of the hidden kernels among the variables that are trained, as `hidden_kernels` gives them.
        gentle: indices of variables that know something already, such as those of an encoder with ImageNet weights.
            AdamW takes them all, at `GENTLE` times its rate.
        options: others of `keras.optimizers.Muon`. Both weight decays count times `learning_rate`.
    """

    def __init__(self, learning_rate=0.03, hidden=(), gentle=(), **options):
        super().__init__(learning_rate, **{"rms_rate": None, **options})
        self.hidden, self.gentle = list(hidden), list(gentle)

    def _should_use_adamw(self, variable):
        index = self._get_variable_index(variable)
        return index not in self.hidden or index in self.gentle

    def update_step(self, gradient, variable, learning_rate):
        gentle = self._get_variable_index(variable) in self.gentle
        super().update_step(gradient, variable, learning_rate * GENTLE if gentle else learning_rate)

    def zeropower_via_newtonschulz5(self, x, steps):
        """The nearest matrix with singular values of about one, in the shape of `x`.

        With X the matrix, short side first, Keras iterates X <- (a + b A + c A A) X where A is X X^T. All factors are
        polynomials of the first A: they are multiplied among themselves, and with X once.
        """
        matrix = ops.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        tall = matrix.shape[0] > matrix.shape[1]
        matrix = ops.transpose(matrix) if tall else matrix
        matrix /= ops.sqrt(ops.sum(matrix * matrix)) + 1e-7
        products, identity = ops.matmul(matrix, ops.transpose(matrix)), ops.eye(matrix.shape[0])
        factors = identity
        for _ in range(steps):
            factor = self.muon_a * identity + self.muon_b * products + self.muon_c * products @ products
            factors, products = factor @ factors, factor @ products @ factor
        matrix = factors @ matrix
        return ops.reshape(ops.transpose(matrix) if tall else matrix, x.shape)

    def get_config(self):
        return {**super().get_config(), "hidden": self.hidden, "gentle": self.gentle}


def hidden_kernels(model) -> list[int]:
    """Which of a network's trained variables are hidden kernels.

    These are the kernels of convolutions and linear layers that give no output and see no image (which those are taken
    for that have as many input channels), and that mix channels: a depthwise kernel has no matrix to speak of.

    Args:
        model: a functional network from images `[batch, height, width, channels]`.

    Returns:
        indices in `model.trainable_variables`.
    """
    outer = {operation.name for output in keras.tree.flatten(model.output) for operation in _last_with_weights(output)}
    channels = model.inputs[0].shape[-1]
    hidden = {
        layer.kernel.path
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose | keras.layers.Dense)
        and layer.built
        and layer.name not in outer
        and layer.kernel.shape[-2] != channels
    }
    return [index for index, variable in enumerate(model.trainable_variables) if variable.path in hidden]


def _last_with_weights(tensor) -> list:
    """The operations with weights that a tensor comes from, going back to the first ones on each way."""
    operation = tensor._keras_history.operation
    if getattr(operation, "weights", None) or isinstance(operation, keras.layers.InputLayer):
        return [operation]
    parents = [tensor for node in operation._inbound_nodes for tensor in node.input_tensors]
    return [found for parent in parents for found in _last_with_weights(parent)]
