"""The network that is exported: in 32 bits, and of operations that every format has."""

from course_utils.backend import keras, tf
from course_utils.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.layers.shapes import missing, shape_of


class PlainMaxPoolingWithIndices2D(MaxPoolingWithIndices2D):
    """The same with 32-bit indices and maps of four axes: LiteRT does not multiply bytes.

    Slower than the layer that it stands for, and without its gradient.
    """

    def call(self, inputs):
        _, height, width, _ = shape_of(inputs)
        edges = [[0, missing(height, self.pool_size)], [0, missing(width, self.pool_size)]]
        lowest = tf.constant(inputs.dtype.min, inputs.dtype)
        whole = tf.pad(inputs, [[0, 0], *edges, [0, 0]], constant_values=lowest)
        values = tf.nn.max_pool2d(whole, self.pool_size, self.pool_size, "VALID")
        steps = range(self.pool_size)
        places = [whole[:, row :: self.pool_size, column :: self.pool_size] for row in steps for column in steps]
        indices = tf.zeros_like(values, tf.int32)
        for place in reversed(places[:-1]):  # as in `pooling_operations.max_pool`
            indices = tf.cast(place < values, tf.int32) * (indices + 1)
        return values, indices

    def compute_output_spec(self, inputs):
        values, indices = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(values, self.compute_dtype), keras.KerasTensor(indices, "int32")


class PlainMaxUnpooling2D(MaxUnpooling2D):
    """The same by one map for each place of a window, which `depth_to_space` puts side by side."""

    def call(self, inputs):
        values, indices, reference = inputs
        _, height, width, _ = shape_of(reference)
        zeros = tf.zeros_like(values)
        places = [tf.where(tf.equal(indices, place), values, zeros) for place in range(self.pool_size**2)]
        spread = places[0] if self.pool_size == 1 else tf.nn.depth_to_space(tf.concat(places, -1), self.pool_size)
        return spread[:, :height, :width]


class PlainGelu(keras.layers.Layer):
    """The activation by the error function, where TensorFlow takes its complement, which ONNX lacks."""

    def call(self, inputs):
        return 0.5 * inputs * (1.0 + tf.math.erf(inputs * 0.5**0.5))

    def compute_output_shape(self, input_shape):
        return input_shape


PLAIN = {MaxPoolingWithIndices2D: PlainMaxPoolingWithIndices2D, MaxUnpooling2D: PlainMaxUnpooling2D}
"""What stands for a pooling layer in an exported network."""


def has_indices(network) -> bool:
    """Whether a network pools with indices."""
    return any(type(layer) in PLAIN for layer in network.layers)


def plain_form(network):
    """A network that computes the same as another, in float32 and of operations that every format has.

    Args:
        network: a functional or sequential Keras network.

    Returns:
        the network itself where it is plain already.
    """
    gelus = [layer for layer in network.layers if _is_gelu(layer)]
    if not gelus and not has_indices(network) and all(layer.compute_dtype == "float32" for layer in network.layers):
        return network

    def again(layer):
        if _is_gelu(layer):
            return PlainGelu(name=layer.name, dtype="float32")
        kind = PLAIN.get(type(layer), type(layer))
        return kind.from_config({**layer.get_config(), "dtype": "float32"})

    twin = keras.models.clone_model(network, clone_function=again)
    twin.set_weights(network.get_weights())
    return twin


def _is_gelu(layer) -> bool:
    return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu
