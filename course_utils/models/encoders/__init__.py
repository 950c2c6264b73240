"""Encoders: one file each, which ends in the encoder's card.

To add an encoder, write its file, name its layers `encoder_<name>_...`, end it in an `Encoder` card, and enter that in
`ENCODERS` (encode.py).
"""

from course_utils.models.encoders.base import PREFIX, Encoder, Stage, deepest, features_at
from course_utils.models.encoders.encode import ENCODERS, encode, look_up_encoder

__all__ = ["ENCODERS", "PREFIX", "Encoder", "Stage", "deepest", "encode", "features_at", "look_up_encoder"]
