"""A network with its preprocessing: from the bytes of photographs to logits and classes."""

from course_utils.backend import keras, tf


class Photographs(keras.layers.Layer):
    """Bytes 0..255 as numbers 0..1."""

    def call(self, inputs):
        return tf.cast(inputs, "float32") * (1 / 255)


class BestClass(keras.layers.Layer):
    """The train id of the largest logit, int32 `[batch, height, width]`; of equal ones the first."""

    def call(self, inputs):
        return tf.argmax(inputs, axis=-1, output_type=tf.int32)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape[:-1], "int32")


def serving_network(network):
    """A network as it is exported.

    Args:
        network: from images `[batch, height, width, 3]` in 0..1 to logits.

    Returns:
        `keras.Model` from "image", uint8 `[batch, height, width, 3]`, to "logits", float32
        `[batch, height, width, classes]`, and "train_ids", int32 `[batch, height, width]`.
    """
    images = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    logits = network(Photographs(name="photographs", dtype="float32")(images), training=False)
    return keras.Model(images, {"logits": logits, "train_ids": BestClass(name="train_ids", dtype="float32")(logits)})
