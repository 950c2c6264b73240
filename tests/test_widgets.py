"""Figures with controls: redrawn when a control moves, one output with a picture, no hang without a browser."""

import asyncio
import base64
import datetime
import io
import re

import ipywidgets
import nbformat
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

from course_utils import widgets
from course_utils.plotting import to_png
from course_utils.plotting.style import SCREEN_DPI, for_the_page
from course_utils.widgets import InteractiveFigure, photograph_button, uploaded_photograph

VIEW = "application/vnd.jupyter.widget-view+json"


def draw(count=3, kind="line", grid=False):
    if count == 9:
        raise ValueError("nine is <too> many")
    figure, axes = pyplot.subplots()
    axes.plot(range(count), "-" if kind == "line" else ".")
    axes.grid(grid)
    return figure


@pytest.fixture
def interactive():
    return InteractiveFigure(
        draw, alt=lambda count, kind, grid: f'{count} "{kind}"', count=(1, 9), kind=["line", "dots"], grid=False
    )


def shown(interactive) -> tuple[bytes, str]:
    """The PNG and the alternative text in the live widget."""
    actual = re.search(r'src="data:image/png;base64,([^"]+)" alt="([^"]*)"', interactive.picture.value)
    return base64.b64decode(actual[1]), actual[2]


def fresh(make=lambda figure: to_png(figure, 2 * SCREEN_DPI), **values) -> bytes:
    """The PNG of a drawing with the given values, with all its pixels."""
    figure = draw(**values)
    pyplot.close(figure)
    return make(figure)


def test_controls_by_kind(interactive):
    kinds = [type(control) for control in interactive.controls.values()]
    assert kinds == [ipywidgets.IntSlider, ipywidgets.ToggleButtons, ipywidgets.Checkbox]
    assert [control.value for control in interactive.controls.values()] == [3, "line", False]
    assert [control.description for control in interactive.controls.values()] == ["count", "kind", "grid"]
    assert interactive.controls["count"].continuous_update is True, "the figure follows a handle that is dragged"


def test_more_controls():
    slider = ipywidgets.FloatSlider(value=0.25, min=0, max=1, description="share of it")
    figure = InteractiveFigure(
        lambda share, step_size, choice: Figure(),
        "x",
        share=slider,
        step_size=(0.0, 1.0, 0.1),
        choice={"one": 1, "two": 2, "three": 3, "four": 4},
    )
    assert figure.controls["share"] is slider and slider.description == "share of it"
    assert isinstance(figure.controls["step_size"], ipywidgets.FloatSlider)
    assert figure.controls["step_size"].description == "step size"
    assert isinstance(figure.controls["choice"], ipywidgets.SelectionSlider)
    assert figure.controls["choice"].value == 1
    with pytest.raises(TypeError, match="kind='line' is not a control"):
        InteractiveFigure(draw, "x", kind="line")


def test_a_control_redraws_the_figure(interactive):
    for name, value in (("count", 5), ("kind", "dots"), ("grid", True)):
        before = shown(interactive)[0]
        interactive.controls[name].value = value
        values = {key: control.value for key, control in interactive.controls.items()}
        png, alt = shown(interactive)
        assert png != before and png == fresh(**values)
        assert alt == f"{values['count']} &quot;{values['kind']}&quot;"


def test_a_moving_control_draws_few_pixels_and_all_of_them_at_rest(interactive, monkeypatch):
    monkeypatch.setattr(widgets, "REST", 0.05)
    seen = []

    async def drag():
        for count in (4, 5, 6):
            interactive.controls["count"].value = count
            seen.append(shown(interactive)[0])
            await asyncio.sleep(0)
        while shown(interactive)[0] == seen[-1]:
            await asyncio.sleep(0.01)

    asyncio.run(drag())
    assert seen == [fresh(to_png, count=count) for count in (4, 5, 6)]
    assert shown(interactive)[0] == fresh(count=6)


def test_figures_are_closed(interactive):
    before = pyplot.get_fignums()
    interactive.controls["count"].value = 4
    assert pyplot.get_fignums() == before


def test_an_error_is_shown_until_the_next_drawing(interactive):
    interactive.controls["count"].value = 9
    assert 'role="alert"' in interactive.picture.value
    assert "ValueError: nine is &lt;too&gt; many" in interactive.picture.value
    interactive.controls["count"].value = 8
    assert shown(interactive)[0] == fresh(count=8)


def test_a_first_drawing_that_fails_raises():
    with pytest.raises(ValueError, match="nine"):
        InteractiveFigure(lambda count=9: draw(count), "x", count=(1, 9))
    with pytest.raises(TypeError, match="must return a matplotlib figure, not None"):
        InteractiveFigure(lambda count=1: None, "x", count=(1, 9))


def test_one_output_for_all_readers(interactive):
    interactive.controls["count"].value = 5
    data, metadata = interactive._repr_mimebundle_()
    assert data[VIEW]["model_id"] == interactive.box.model_id
    assert base64.b64decode(data["image/png"]) == fresh(for_the_page), "the stored picture has the first values"
    assert data["text/plain"] == metadata["image/png"]["alt"] == '3 "line"'


def test_headless_execution_does_not_hang():
    """Three in a notebook: `interact` hangs about one run in five of these."""
    code = "from matplotlib.figure import Figure\nfrom course_utils.widgets import interactive_figure\n"
    code += "def draw(a=1, b=False):\n    figure = Figure()\n    figure.subplots().plot([0, a])\n    return figure\n"
    cells = [nbformat.v4.new_code_cell(code)]
    cells += [nbformat.v4.new_code_cell("interactive_figure(draw, alt='A line', a=(0, 5), b=False)") for _ in range(3)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    for cell in notebook.cells[1:]:
        (output,) = cell.outputs
        assert {VIEW, "image/png", "text/plain"} == set(output.data)
        assert output.metadata["image/png"]["alt"] == "A line"


def test_a_photograph_is_uploaded_upright_and_not_larger_than_asked():
    drawn = []

    def draw_photograph(photograph=()):
        drawn.append(uploaded_photograph(photograph, longest=40))
        return Figure()

    figure = InteractiveFigure(draw_photograph, "x", photograph=photograph_button())
    assert figure.controls["photograph"].layout.width == "auto", "the usual width cuts the label off"
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # held upright: turned by 90 degrees when shown
    Image.new("RGB", (160, 80), (255, 0, 0)).save(content, "JPEG", exif=exif)
    about = {"type": "image/jpeg", "size": 1, "last_modified": datetime.datetime.now(datetime.UTC)}
    figure.controls["photograph"].value = ({**about, "name": "street.jpg", "content": memoryview(content.getvalue())},)
    assert drawn[0] is None and drawn[1].shape == (40, 20, 3) and drawn[1].dtype == np.uint8
    assert drawn[1][..., 0].min() > 200
    figure.controls["photograph"].value = ({**about, "name": "notes.txt", "content": memoryview(b"no picture")},)
    assert "notes.txt" in figure.picture.value and "alert" in figure.picture.value
