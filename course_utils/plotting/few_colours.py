"""Pictures in few colours, which are small files, in which flat areas keep the colour that a legend names."""

import numpy as np
from PIL import Image

_REACH = 6
"""A pixel is in a flat area if those as far to its left and above it have its colour: a patch of a legend is larger."""


def in_few_colours(picture: Image.Image, number: int) -> Image.Image:
    """The picture in a palette of at most so many colours, half of them kept for flat areas.

    Median cut alone merges the colours of two classes when a photograph beside them has many shades: a legend then
    shows one colour twice. So the colours of flat areas stay as they are, those of the largest first, and median cut
    chooses the rest for all other pixels.

    Args:
        picture: mode RGB.
        number: colours, 2 to 256.

    Returns:
        a picture of mode P.
    """
    pixels = np.asarray(picture)
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    here, d = codes[_REACH:, _REACH:], _REACH
    flat = (here == codes[:-d, d:]) & (here == codes[d:, :-d]) & (here == codes[:-d, :-d])
    found, areas = np.unique(here[flat], return_counts=True)
    kept = np.sort(found[np.argsort(-areas, kind="stable")[: number // 2]])
    palette = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=-1).ravel().tolist()

    indices = np.searchsorted(kept, codes).clip(0, max(len(kept) - 1, 0))
    others = ~np.isin(codes, kept) if len(kept) else np.ones(codes.shape, bool)
    if others.any():
        strip = Image.fromarray(pixels[others][None])
        chosen = strip.quantize(number - len(kept), Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        indices[others] = len(kept) + np.asarray(chosen)[0]
        palette += chosen.getpalette()
    result = Image.frombytes("P", picture.size, indices.astype(np.uint8).tobytes())
    result.putpalette(palette)
    return result
