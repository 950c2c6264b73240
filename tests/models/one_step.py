"""What a backend of Keras computes with the course's networks; `test_on_jax.py` compares two.

KERAS_BACKEND=jax python tests/models/one_step.py GIVEN.npz RESULTS.npz
"""

import numpy as np

from course_utils import losses, models
from course_utils.backend import keras
from course_utils.training import objective
from course_utils.weights import shipped


def narrow(name):
    """A network of an eighth of the width, without dropout: random numbers differ from backend to backend."""
    card = models.SYSTEMS[name]
    width = {"width": 1 / 8} if "width" in card.options else {}
    network = card.network(4, training=True, **{**card.laptop, **width})
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    return network


def trained(name, weights, images, labels, **options):
    """The loss of a step of gradient descent by `fit`, and the weights after it.

    The rate is 1: what has changed is the gradient, and the statistics of batch normalisation.

    Args:
        name: of a system.
        weights: to begin with, a list.
        images: [batch, height, width, 3].
        labels: [batch, height, width].
        options: of `compile`.

    Returns:
        "loss", and each weight by its number.
    """
    network, terms = narrow(name), objective(name)
    network.set_weights(weights)
    outputs = list(network.output) if isinstance(network.output, dict) else []
    network.compile(
        keras.optimizers.SGD(1.0),
        {output: terms[output][0] for output in outputs} or terms["logits"][0],
        loss_weights={output: terms[output][1] for output in outputs} or None,
        **options,
    )
    targets = dict.fromkeys(outputs, labels) if outputs else labels
    history = network.fit(images, targets, batch_size=len(images), verbose=0)
    after = {str(index): weight for index, weight in enumerate(network.get_weights())}
    return {"loss": history.history["loss"][0], **after}


def main(given, results):
    """Predict by every shipped network, take every loss, train every system for a step.

    Args:
        given: the file of images, labels, logits, and weights of each system.
        results: the file to write.
    """
    given, found = dict(np.load(given)), {}
    for address in shipped():
        found[address] = models.pretrained(*address.split("/")).predict_on_batch(given["images"])
    for name, loss in losses.LOSSES.items():
        found[f"loss {name}"] = loss()(given["labels"], given["logits"])
    for name in models.SYSTEMS:
        weights = [given[f"{name} {index}"] for index in range(int(given[name]))]
        step = trained(name, weights, given["images"], given["labels"])
        found |= {f"{name} {part}": value for part, value in step.items()}
    np.savez(results, **found)
