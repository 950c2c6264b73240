"""Random fields over a handful of nodes, every pair by its number: what the layers are checked against."""

import numpy as np


def labelling_energy(labels, logits, pairwise, compatibility):
    """The energy of a labelling: minus the chosen logits, plus what each pair of nodes costs, each pair once.

    Args:
        labels: integers `[nodes]`.
        logits: `[nodes, classes]`.
        pairwise: how strongly two nodes are bound, symmetric with a zero diagonal, `[nodes, nodes]`.
        compatibility: what two classes cost, symmetric, `[classes, classes]`.

    Returns:
        the energy, a number.
    """
    chosen = np.eye(np.shape(logits)[1])[labels]
    return float(np.sum(np.triu(pairwise) * (chosen @ compatibility @ chosen.T)) - np.sum(chosen * logits))


def mean_field(marginals, logits, pairwise, compatibility, in_turn=False):
    """One iteration of mean field, on all nodes at once or, `in_turn`, on one after the other.

    Args:
        marginals: the current ones, `[nodes, classes]`; they are not changed.
        logits, pairwise, compatibility: as for `labelling_energy`.
        in_turn: whether each node hears what the nodes before it have just decided.

    Returns:
        the new marginals, `[nodes, classes]`.
    """
    marginals = np.array(marginals, float)
    result = marginals.copy()
    for node in range(len(result)):
        heard = result if in_turn else marginals
        scores = logits[node] - np.sum(pairwise[node][:, np.newaxis] * (heard @ np.transpose(compatibility)), axis=0)
        scores = np.exp(scores - scores.max())
        result[node] = scores / scores.sum()
    return result


def free_energy(marginals, logits, pairwise, compatibility):
    """The expected energy of independent nodes minus their entropy: what mean field is to lower.

    Args:
        marginals: `[nodes, classes]`.
        logits, pairwise, compatibility: as for `labelling_energy`.

    Returns:
        a number.
    """
    costs = np.sum(marginals * (pairwise @ marginals @ compatibility)) / 2
    entropy = -np.sum(marginals * np.log(np.maximum(marginals, 1e-300)))
    return float(costs - np.sum(marginals * logits) - entropy)
