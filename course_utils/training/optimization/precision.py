"""Mixed precision: 16 bits for the features where the machine is faster with them, 32 for weights and losses."""

import contextlib
from collections.abc import Iterator

from course_utils import machine
from course_utils.backend import keras, tf
from course_utils.layers.backend_operations import has_gpu, on_tensorflow

FASTER = "mixed_bfloat16"
"""Keras's policy for machines that multiply 16-bit floats."""


def machine_precision(gpu: bool) -> str | None:
    """The policy that trains fastest on this machine, None for 32 bits.

    Args:
        gpu: whether it trains on a GPU; one from compute capability 8.0 on has the units. Only TensorFlow is asked for
            that: with another backend a GPU is taken for one that has them.
    """
    if not gpu:
        return FASTER if machine.fast_bfloat16() else None
    if not on_tensorflow():
        return FASTER
    found = [tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")]
    return FASTER if found and all(facts.get("compute_capability", (0, 0)) >= (8, 0) for facts in found) else None


@contextlib.contextmanager
def building(policy: str | None) -> Iterator[None]:
    """Networks built in here compute by a Keras policy, None for the usual one; others do not."""
    usual = keras.mixed_precision.dtype_policy()
    try:
        if policy is not None:
            keras.mixed_precision.set_global_policy(policy)
        yield
    finally:
        keras.mixed_precision.set_global_policy(usual)


def for_this_machine(network):
    """A network as it is, or the same in 32 bits where 16 would be slower.

    Args:
        network: a functional network, trained on any machine.
    """
    sixteen_bits = any(layer.dtype_policy.name == FASTER for layer in network.layers)
    return network if has_gpu() or machine.fast_bfloat16() or not sixteen_bits else in_32_bits(network)


def in_32_bits(network):
    """The same network with the same weights, computing in float32."""

    def again(layer):
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    twin = keras.models.clone_model(network, clone_function=again)
    twin.set_weights(network.get_weights())
    return twin
