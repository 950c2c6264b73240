"""Trained networks for use without the course: SavedModel, LiteRT, ONNX.

plain.py         the network in 32 bits and of operations that other formats have
serving.py       with its preprocessing, from the bytes of photographs to logits and classes
formats.py       how each format is written and run
unsupported.py   which layers a format cannot express
exporting.py     written, compared with the Keras network, described
"""

from course_utils.tools.exporting.exporting import Exported, export
from course_utils.tools.exporting.formats import FORMATS

__all__ = ["FORMATS", "Exported", "export"]
