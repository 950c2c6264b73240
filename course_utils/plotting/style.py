"""One style for every figure, and how a figure gets onto the page."""

import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from course_utils.plotting.descriptions import described
from course_utils.plotting.few_colours import in_few_colours

# Okabe and Ito's palette, distinguishable with every common type of colour vision; in this order neighbours differ in
# print, too.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}

STYLE = {
    "axes.prop_cycle": cycler(color=[c for name, c in COLORS.items() if name != "yellow"]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10,
    "image.interpolation": "nearest",
    "legend.frameon": False,
}


def new_figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (8, 3), **options):
    """A figure in the course's style, unknown to pyplot, so that no figure leaks or is shown twice.

    Args:
        rows, columns: shape of the grid of axes.
        size: width and height in inches.
        **options: passed on to `matplotlib.figure.Figure.subplots`.

    Returns:
        the figure and its axes, as from `matplotlib.pyplot.subplots`.
    """
    with plt.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=size)
        axes = figure.subplots(rows, columns, **options)
    return figure, axes


SCREEN_DPI = 100
"""Pixels per inch at which a figure is laid out on the page."""


def to_png(figure, dpi: int = SCREEN_DPI) -> bytes:
    """The figure as PNG bytes, without the metadata that would change from run to run.

    It is drawn once. `Figure.savefig` draws it twice where there is a layout, and gives one to a figure that has none.
    """
    canvas, own = figure.canvas, figure.dpi
    try:
        figure.dpi = dpi
        drawn = FigureCanvasAgg(figure)
        drawn.draw()
    finally:
        figure.dpi = own
        figure.set_canvas(canvas)
    buffer = io.BytesIO()
    # Strong compression would take as long as the drawing.
    Image.fromarray(np.asarray(drawn.buffer_rgba())).convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def for_the_page(figure) -> bytes:
    """The figure as a PNG file with twice the pixels of its place on the page, so that it is sharp on fine screens.

    256 colours (`in_few_colours`) keep notebooks small. Where they would show, as rings in a smooth photograph, the
    figure keeps its own colours, unless that makes a file of more than `LARGEST_FILE` bytes.
    """
    picture = Image.open(io.BytesIO(to_png(figure, 2 * SCREEN_DPI))).convert("RGB")
    few = in_few_colours(picture, 256)
    missed = np.abs(np.subtract(picture, few.convert("RGB"), dtype=np.int16)).max(axis=-1) > 8
    if missed.mean() > 0.01:
        own = _encoded(picture)
        if len(own) <= LARGEST_FILE:
            return own
    return _encoded(few)


LARGEST_FILE = 500_000
"""Bytes of a figure in its own colours; a photograph of a street with all its texture has more."""


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def show(figure, alt: str) -> None:
    """Display a figure in a notebook, with a text for readers who cannot see it.

    Args:
        figure: a matplotlib figure.
        alt: what the figure shows, in a sentence or two; or the name of such a text in `descriptions`, a notebook's
            number and a word ("02 stamps"), where the text would give an answer away.

    Raises:
        CourseError: `descriptions` has no text of that name.
    """
    from IPython.display import display

    alt = described(alt)
    bundle = {"image/png": for_the_page(figure), "text/plain": alt}
    width = round(SCREEN_DPI * figure.get_size_inches()[0])
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width}})
