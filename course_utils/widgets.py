"""Figures with controls: live in JupyterLab, a picture everywhere else.

`ipywidgets.interact` and the Output widget can hang a notebook that runs without a browser, so neither is used: when a
control changes, a new picture is drawn, and only that picture is sent.
"""

import asyncio
import base64
import tempfile
from collections.abc import Callable
from html import escape
from inspect import Parameter, signature
from pathlib import Path

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from course_utils.images import read_photo
from course_utils.plotting import to_png
from course_utils.plotting.style import SCREEN_DPI, for_the_page

REST = 0.3
"""Seconds without a change after which a figure is drawn again with all its pixels."""

FEW = 3
"""Up to so many choices are buttons beside each other; more are a slider."""


class InteractiveFigure:
    """A figure redrawn whenever one of its controls changes; see `interactive_figure`.

    Attributes:
        controls: the controls by name (`ipywidgets` value widgets).
        picture: the widget that shows the figure, or the error raised while drawing it.
        box: the controls and the picture, as displayed.
    """

    def __init__(self, draw: Callable[..., Figure], alt: str | Callable[..., str], **controls):
        self._draw, self._alt = draw, alt
        labels = max(map(len, controls), default=0)
        self.controls = {name: _control(draw, name, value, labels) for name, value in controls.items()}
        self.picture = ipywidgets.HTML()
        # As many controls beside each other as fit, so that the figure stays in sight below them.
        row = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.VBox([ipywidgets.Box([*self.controls.values()], layout=row), self.picture])
        self._later: asyncio.TimerHandle | None = None
        # If the first drawing fails, the notebook has a bug, and its execution must stop here.
        figure, self._text = self._render()
        self._png, self._width = for_the_page(figure), _width(figure)
        self._show(self._png, self._width, self._text)
        for control in self.controls.values():
            control.observe(self._update, names="value")

    def _render(self) -> tuple[Figure, str]:
        values = {name: control.value for name, control in self.controls.items()}
        figure = self._draw(**values)
        if not isinstance(figure, Figure):
            raise TypeError(f"the drawing function must return a matplotlib figure, not {figure!r}")
        # pyplot would keep the figure for ever, and show it a second time at the end of the cell.
        pyplot.close(figure)
        return figure, self._alt(**values) if callable(self._alt) else self._alt

    def _show(self, png: bytes, width: int, alt: str):
        source = "data:image/png;base64," + base64.b64encode(png).decode()
        fits = "max-width: 100%; max-height: 66vh; object-fit: contain; object-position: left"
        text = escape(alt, quote=True)
        self.picture.value = f'<img src="{source}" alt="{text}" width="{width}" style="{fits}">'

    def _update(self, change):
        """Draw at once with few pixels, and with all of them as soon as the control rests.

        A control that is dragged sends its next value when the last has been drawn, so drawings do not queue up.
        """
        if self._later:
            self._later.cancel()
        try:
            figure, text = self._render()
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # nobody is waiting for a quick answer
                self._finish(figure, text)
            else:
                self._show(to_png(figure, SCREEN_DPI), _width(figure), text)
                figure.set_layout_engine("none")  # it has been laid out: nothing moves when it becomes sharp
                self._later = loop.call_later(REST, self._finish, figure, text)
        except Exception as error:
            # Nobody sees an exception raised in a callback: show it in place of the figure.
            pyplot.close("all")
            message = escape(f"{type(error).__name__}: {error}")
            self.picture.value = f'<p role="alert" style="color: #c00; line-height: 1.4">{message}</p>'

    def _finish(self, figure: Figure, text: str):
        self._show(to_png(figure, 2 * SCREEN_DPI), _width(figure), text)

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The live widget, together with the picture for the controls' first values."""
        data = {"text/plain": self._text, "image/png": base64.b64encode(self._png).decode()}
        widget = self.box._repr_mimebundle_().get("application/vnd.jupyter.widget-view+json")
        data["application/vnd.jupyter.widget-view+json"] = widget
        return data, {"image/png": {"alt": self._text, "width": self._width}}


def interactive_figure(draw: Callable[..., Figure], *, alt: str | Callable[..., str], **controls) -> None:
    """Display a figure with controls.

        def draw(stride=2, kernel="linear"):
            figure, axes = plt.subplots()
            ...
            return figure

        interactive_figure(draw, alt="Impulses and the kernel over them", stride=(1, 4), kernel=["linear", "cubic"])

    JupyterLab shows the controls above the figure, which follows them while they move; without a kernel (in a stored
    notebook or on a printed page) the same output shows the picture for the first values.

    Args:
        draw: takes the controls' values by name and returns a matplotlib figure. Its defaults are the first values.
        alt: what the picture shows, for readers who cannot see it; or a function that takes the controls' values and
            returns that text.
        **controls: one per argument of `draw`: (low, high) or (low, high, step) for a slider, a list or dictionary of
            choices for buttons (up to three) or a slider over them, True or False for a checkbox, or an `ipywidgets`
            value widget.

    Raises:
        TypeError: a control is none of these.
    """
    display(InteractiveFigure(draw, alt, **controls))


def photograph_button(label: str = "Your photograph") -> ipywidgets.FileUpload:
    """A control of `interactive_figure` that opens a photograph on the reader's machine; see `uploaded_photograph`."""
    wide = ipywidgets.Layout(width="auto")  # its usual width cuts the label off
    return ipywidgets.FileUpload(accept="image/*", multiple=False, description=label, layout=wide)


def uploaded_photograph(upload, longest: int = 768) -> np.ndarray | None:
    """What the button holds.

    Args:
        upload: the value of a `photograph_button`.
        longest: larger photographs are made smaller, to this many pixels along their longer side.

    Returns:
        uint8 [height, width, 3], the way the camera was held; None while nothing has been chosen.

    Raises:
        CourseError: the file is no picture.
    """
    if not upload:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(upload[0]["name"]).name
        file.write_bytes(upload[0]["content"])
        photograph = Image.fromarray(read_photo(file))
    photograph.thumbnail((longest, longest))
    return np.asarray(photograph)


def _control(draw: Callable, name: str, value, labels: int) -> ipywidgets.ValueWidget:
    """The widget for one argument of `draw`: the default is its value, the name its label.

    `labels` is the length of the longest label, so that all sliders start at the same place.
    """
    if isinstance(value, ipywidgets.ValueWidget):
        return value
    argument = signature(draw).parameters.get(name)
    default = argument.default if argument else Parameter.empty
    if isinstance(value, bool):
        control = ipywidgets.Checkbox(value=value if default is Parameter.empty else default, indent=False)
    elif isinstance(value, list | dict) and value:
        # Not a drop-down: JupyterLab takes its arrow keys to move from cell to cell.
        first = next(iter(value if isinstance(value, list) else value.values()))
        chosen = first if default is Parameter.empty else default
        kind = ipywidgets.ToggleButtons if len(value) <= FEW else ipywidgets.SelectionSlider
        control = kind(options=value, value=chosen)
    elif isinstance(value, tuple):
        control = ipywidgets.interactive.widget_from_abbrev(value)
        if control is not None and default is not Parameter.empty:
            control.value = default
    else:
        control = None
    if control is None:
        raise TypeError(
            f"{name}={value!r} is not a control: pass (low, high), (low, high, step), a list or dictionary of choices, "
            "True or False, or an ipywidgets value widget"
        )
    control.description = name.replace("_", " ")
    # Sliders of one length, aligned below each other.
    control.style.description_width, control.layout.width = f"{labels + 1}ch", "460px"
    if isinstance(control, ipywidgets.ToggleButtons):
        control.style.button_width = "auto"
    return control


def _width(figure: Figure) -> int:
    """Pixels that a figure is wide on the page."""
    return round(SCREEN_DPI * figure.get_size_inches()[0])
