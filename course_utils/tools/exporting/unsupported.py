"""Which layers a format cannot express."""

import re

from course_utils.backend import tf
from course_utils.errors import CourseError

_SHOWN = 5
"""Layers that a message names."""


def unsupported(format_name: str, layers: dict[str, set[str]], error: Exception) -> CourseError:
    """What to say when a network cannot be converted.

    Args:
        format_name: as people write it.
        layers: as `layers_of` gives them.
        error: the converter's.
    """
    if not layers:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        return CourseError(f"{format_name} cannot express this network ({lines[0][:300]}): choose another --format.")
    names = [f"{layer} ({', '.join(sorted(operations))})" for layer, operations in sorted(layers.items())]
    further = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return CourseError(
        f"{format_name} has no form for what these layers compute: {', '.join(names[:_SHOWN])}{further}. Choose "
        "another --format, or build the network without them. Nothing was written."
    )


def layers_of(network, message: str, signature) -> dict[str, set[str]]:
    """The layers whose operations a converter complains about.

    Args:
        network: a serving network, whose layers, and those of the networks in it, are looked for.
        message: the converter's, in which the types of operations stand as words, such as "Svd" or "tf.Svd".
        signature: of the network's input.

    Returns:
        types of operations by the name of a layer; empty where the message names none.
    """
    words = set(re.findall(r"(?:tf\.|Flex|\b)([A-Z]\w+)", message))
    names = {layer.name for layer in network._flatten_layers(include_self=False, recursive=True)}
    inside = {layer.name for layer in network.layers if hasattr(layer, "layers")}
    function = tf.function(lambda images: network(images, training=False), input_signature=signature, autograph=False)
    found: dict[str, set[str]] = {}
    for operation in function.get_concrete_function().graph.get_operations():
        if operation.type in words - _EVERYWHERE:
            parts = [part if part in names else re.sub(r"_\d+$", "", part) for part in operation.name.split("/")]
            layer = next((part for part in parts if part in names - inside), None)
            if layer is not None:
                found.setdefault(layer, set()).add(operation.type)
    return found


_EVERYWHERE = {"Const", "Identity", "Placeholder", "Cast", "Details", "Error"}
"""Words of messages that are no complaint about an operation of that type."""
