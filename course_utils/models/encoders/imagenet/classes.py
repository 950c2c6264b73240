"""What an ImageNet classifier tells apart."""

from functools import cache
from importlib.resources import files


@cache
def imagenet_classes() -> tuple[str, ...]:
    """The 1000 classes of ILSVRC 2012, in the order of the scores.

    Returns:
        for each class the words that WordNet has for it, the most usual first, such as "tabby, tabby cat". Two classes
        share the word "crane", one being the bird.
    """
    text = files("course_utils.models.encoders.imagenet").joinpath("classes.txt").read_text("utf-8")
    return tuple(line.split(" ", 1)[1] for line in text.splitlines() if not line.startswith("#"))
