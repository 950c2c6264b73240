"""Networks that the course has trained itself, each with its card.

DATASET/SYSTEM.npz    the weights, 16 bits each
DATASET/SYSTEM.json   the card: what was trained, how, and what it scores

`course_utils.models.pretrained` builds the networks. `make weights` trains them anew.
"""

from course_utils.weights.card import WeightsCard, card, shipped
from course_utils.weights.file import pack, unpack

__all__ = ["WeightsCard", "card", "pack", "shipped", "unpack"]
