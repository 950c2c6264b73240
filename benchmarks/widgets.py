"""How long the notebooks' figures with controls take to follow them.

    python benchmarks/widgets.py            # every notebook
    python benchmarks/widgets.py 02 03 --output benchmarks/results/widgets.md

Runs the cells of each notebook, in its fast setting, in this process. Whenever one shows a figure with controls, these
are moved to values drawn by chance, one at a time, and processor time is taken of both drawings: the light one that
comes at once, and the sharp one that follows when the control rests. It counts the notebook's own function, the figure
and its PNG file, not the browser. Processor time hardly depends on what else runs on the machine.

`--pictures DIR` keeps the sharp drawings, to compare them before and after a change by eye.
"""

import argparse
import asyncio
import base64
import contextlib
import datetime
import io
import os
import re
import sys
import time
from pathlib import Path
from statistics import median

import ipywidgets
import matplotlib
import numpy as np
from PIL import Image

from course_utils import widgets
from course_utils.tools.notebooks.convert import read_source
from course_utils.tools.notebooks.folder import notebook_folder, select
from notebooks import machine

BUDGET = 150
"""Milliseconds after which a figure seems to lag behind its control."""


def another_value(control: ipywidgets.ValueWidget, random: np.random.Generator):
    """A value that a control could take and does not have."""
    if isinstance(control, ipywidgets.Checkbox):
        return not control.value
    if isinstance(control, ipywidgets.FileUpload):
        content = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize((1024, 768)).save(content, "JPEG")
        about = {"name": "photo.jpg", "type": "image/jpeg", "size": content.tell()}
        return ({**about, "content": memoryview(content.getvalue()), "last_modified": datetime.datetime.now()},)
    if hasattr(control, "options"):
        values = [value for _, value in control._options_full]
    else:
        values = np.arange(control.min, control.max + control.step / 2, control.step).tolist()
    return random.choice(np.array([value for value in values if value != control.value], object))


async def redraw(figure: widgets.InteractiveFigure, control: ipywidgets.ValueWidget, value) -> tuple[float, float, str]:
    """Milliseconds of the light and of the sharp drawing after a control took a value, and the sharp one's HTML."""
    start = time.process_time()
    control.value = value
    light = time.process_time()
    await asyncio.sleep(2 * widgets.REST)  # the sharp drawing blocks the loop, so it is finished then
    return 1e3 * (light - start), 1e3 * (time.process_time() - light), figure.picture.value


def measure(figure: widgets.InteractiveFigure, rounds: int, keep) -> tuple[float, float]:
    """Medians over the rounds of `redraw`; `keep(number, html)` gets every sharp drawing."""
    random, controls = np.random.default_rng(0), list(figure.controls.values())

    async def move():
        times = []
        for number in range(rounds + 1):  # the first one warms up
            control = controls[number % len(controls)]
            *pair, html = await redraw(figure, control, another_value(control, random))
            if 'role="alert"' in html:
                raise SystemExit(f"The drawing failed: {html}")
            keep(number, html)
            times.append(pair)
        return times[1:]

    light, sharp = zip(*asyncio.run(move()), strict=True)
    return median(light), median(sharp)


def of_notebook(source: Path, rounds: int, pictures: Path | None) -> list[tuple[str, float, float]]:
    """A row for each figure with controls: the notebook and its controls, milliseconds light and sharp."""
    rows = []

    def measured(draw, *, alt, **controls):
        figure = widgets.InteractiveFigure(draw, alt, **controls)
        place = f"{source.stem[:2]}_{len(rows)}"

        def keep(number: int, html: str):
            if pictures:
                content = re.search(r'base64,([^"]+)"', html)[1]
                (pictures / f"{place}_{number:02d}.png").write_bytes(base64.b64decode(content))

        rows.append((f"{source.stem[:2]}: {', '.join(figure.controls)}", *measure(figure, rounds, keep)))
        print(f"{rows[-1][0]:60}{rows[-1][1]:8.0f} ms{rows[-1][2]:8.0f} ms", file=sys.__stdout__, flush=True)

    widgets.interactive_figure = measured
    names = {"__name__": "__main__"}
    cells = [cell for cell in read_source(source).cells if cell.cell_type == "code"]
    last = max((number for number, cell in enumerate(cells) if "interactive_figure(" in cell.source), default=-1)
    for cell in cells[: last + 1]:
        code = cell.source
        if "parameters" in cell.metadata.get("tags", []):
            code = code.replace("fast = False", "fast = True", 1)
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # without IPython, displays are printed
                exec(compile(code, source.name, "exec"), names)
        except Exception:
            if "raises-exception" not in cell.metadata.get("tags", []):
                raise
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", help="numbers; default: all")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    parser.add_argument("--pictures", type=Path, help="a folder for the drawings")
    options = parser.parse_args()
    if options.pictures:
        options.pictures = options.pictures.absolute()
        options.pictures.mkdir(parents=True, exist_ok=True)
    if options.output:
        options.output = options.output.absolute()
    matplotlib.use("agg")
    widgets.REST = 0.01
    rows = []
    available = sorted(notebook_folder().glob("*.ipynb"))
    for notebook in select(available, options.notebooks):
        os.chdir(notebook.parent)  # where a kernel would run
        rows += of_notebook(notebook.parent / "source" / f"{notebook.stem}.py", options.rounds, options.pictures)
    table = ["| figure with controls | light, ms | sharp, ms |", "|---|---:|---:|"]
    table += [f"| {name} | {light:.0f} | {sharp:.0f} |" for name, light, sharp in rows]
    page = (
        "# How fast figures follow their controls\n\n"
        f"`{' '.join(['python benchmarks/widgets.py', *options.notebooks])}`, {datetime.date.today()}; {machine()}.\n\n"
        f"Processor time, medians of {options.rounds}. The light drawing comes at once, the sharp one when the control "
        f"rests; each should take at most {BUDGET} ms.\n\n" + "\n".join(table) + "\n"
    )
    if options.output:
        options.output.write_text(page, "utf-8")
    over = [name for name, *times in rows if max(times) > BUDGET]
    print(f"over {BUDGET} ms: {'; '.join(over) or 'none'}")


if __name__ == "__main__":
    main()
