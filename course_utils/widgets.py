"""Figures with controls: live in JupyterLab, a picture everywhere else.

`ipywidgets.interact` and the Output widget can hang a notebook that is executed without a browser, so neither is used:
a control that changes makes a new picture, and the picture is all that is sent.
"""

import base64
from collections.abc import Callable
from html import escape
from inspect import Parameter, signature

import ipywidgets
from IPython.display import display
from matplotlib import pyplot
from matplotlib.figure import Figure

from course_utils.plotting import to_png


class InteractiveFigure:
    """A figure drawn anew whenever one of its controls changes; see `interactive_figure`.

    Attributes:
        controls: name to control (`ipywidgets` value widgets).
        picture: the widget that shows the figure, or the error that drawing it raised.
        box: controls and picture, as displayed.
    """

    def __init__(self, draw: Callable[..., Figure], alt: str | Callable[..., str], **controls):
        self._draw, self._alt = draw, alt
        labels = max(map(len, controls), default=0)
        self.controls = {name: _control(draw, name, value, labels) for name, value in controls.items()}
        self.picture = ipywidgets.HTML()
        self.box = ipywidgets.VBox([*self.controls.values(), self.picture])
        # The first drawing may fail: that is the notebook's mistake, and must stop its execution.
        self._png, self._text = self._render()
        self._show(self._png, self._text)
        for control in self.controls.values():
            control.observe(self._update, names="value")

    def _render(self) -> tuple[bytes, str]:
        values = {name: control.value for name, control in self.controls.items()}
        figure = self._draw(**values)
        if not isinstance(figure, Figure):
            raise TypeError(f"the drawing function must return a matplotlib figure, not {figure!r}")
        # A figure that pyplot knows would be kept for ever, and shown a second time at the end of the cell.
        pyplot.close(figure)
        return to_png(figure), self._alt(**values) if callable(self._alt) else self._alt

    def _show(self, png: bytes, alt: str):
        source = "data:image/png;base64," + base64.b64encode(png).decode()
        self.picture.value = f'<img src="{source}" alt="{escape(alt, quote=True)}" style="max-width: 100%">'

    def _update(self, change):
        try:
            self._show(*self._render())
        except Exception as error:
            # Nobody sees what a callback raises: show it where the figure would be.
            pyplot.close("all")
            message = escape(f"{type(error).__name__}: {error}")
            self.picture.value = f'<p role="alert" style="color: #c00; line-height: 1.4">{message}</p>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The live widget, and beside it the picture with the controls' first values."""
        data = {"text/plain": self._text, "image/png": base64.b64encode(self._png).decode()}
        widget = self.box._repr_mimebundle_().get("application/vnd.jupyter.widget-view+json")
        data["application/vnd.jupyter.widget-view+json"] = widget
        return data, {"image/png": {"alt": self._text}}


def interactive_figure(draw: Callable[..., Figure], *, alt: str | Callable[..., str], **controls) -> None:
    """Display a figure with controls.

        def draw(stride=2, kernel="linear"):
            figure, axes = plt.subplots()
            ...
            return figure

        interactive_figure(draw, alt="Impulses and the kernel over them", stride=(1, 4), kernel=["linear", "cubic"])

    JupyterLab shows the controls above the figure; where there is no kernel (a stored notebook, a printed page) the
    same output is the picture with the first values.

    Args:
        draw: takes the controls' values by name and returns a matplotlib figure. Its defaults are the first values.
        alt: what the picture shows, for who cannot see it; or a function of the same values that says it.
        **controls: one for each argument of `draw`: (low, high) or (low, high, step) for a slider, a list or a
            dictionary of choices for a slider over them, True or False for a box to tick, or an `ipywidgets` value
            widget.

    Raises:
        TypeError: a control that is none of these.
    """
    display(InteractiveFigure(draw, alt, **controls))


def _control(draw: Callable, name: str, value, labels: int) -> ipywidgets.ValueWidget:
    """The widget for one argument, with the argument's default as its value and the argument's name as its label.

    `labels` is the number of letters in the longest of the labels that stand below each other.
    """
    if isinstance(value, ipywidgets.ValueWidget):
        return value
    argument = signature(draw).parameters.get(name)
    default = argument.default if argument else Parameter.empty
    if isinstance(value, bool):
        control = ipywidgets.Checkbox(value=value if default is Parameter.empty else default, indent=False)
    elif isinstance(value, list | dict) and value:
        # Not a drop-down: JupyterLab takes its arrow keys away, to go from cell to cell.
        first = next(iter(value if isinstance(value, list) else value.values()))
        chosen = first if default is Parameter.empty else default
        control = ipywidgets.SelectionSlider(options=value, value=chosen)
    elif isinstance(value, tuple):
        control = ipywidgets.interactive.widget_from_abbrev(value)
        if control is not None and default is not Parameter.empty:
            control.value = default
    else:
        control = None
    if control is None:
        raise TypeError(f"{name}={value!r} is no control: give (low, high), (low, high, step), choices or True/False")
    control.description = name.replace("_", " ")
    # Rails of one length, one below the other.
    control.style.description_width, control.layout.width = f"{labels + 1}ch", "460px"
    if hasattr(control, "continuous_update"):
        # One drawing when the handle is let go or an arrow key is pressed, not one for each place on the way.
        control.continuous_update = False
    return control
