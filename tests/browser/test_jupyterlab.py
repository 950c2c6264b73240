"""Every notebook in the real JupyterLab: runs to its end, its widgets move by keyboard and mouse, it reads in the dark.

Set COURSE_SCREENSHOTS to a folder to keep the screenshots.
"""

import os
import shutil
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("playwright", reason="Playwright is not installed: the notebooks are not tried in a browser")

from lab_server import ROOT, LabServer
from notebook_page import NotebookPage
from playwright.sync_api import expect, sync_playwright
from widget_controls import controls

from course_utils.tools.notebooks.convert import write_notebook
from course_utils.tools.students.released import for_students

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
PATIENCE = 120_000  # milliseconds for whatever the page is asked to do: the machine may be busy


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    """Of this module only: while Playwright is there, other tests could not run an event loop."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("No Chromium on the path: the notebooks are not tried in a browser")
    options = QUIET + (("--no-sandbox",) if os.geteuid() == 0 else ())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def jupyterlab(lab, browser):
    """JupyterLab in one page for all notebooks: loading it costs as much as running a small one."""
    folder = os.environ.get("COURSE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1300, "height": 1900})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = NotebookPage(context.new_page(), folder and Path(folder))
    page.start(f"{lab.url}lab?token={lab.token}&reset")
    yield page
    context.close()


@pytest.fixture
def notebook(lab, jupyterlab):
    """A function that opens a copy of a notebook, in its fast setting and without stored outputs."""

    def open_(path: Path) -> NotebookPage:
        source = nbformat.read(path, as_version=4)
        for cell in source.cells:
            if "parameters" in cell.metadata.get("tags", []):
                assert "\nfast = False" in "\n" + cell.source
                cell.source = cell.source.replace("fast = False", "fast = True", 1)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(source, lab.notebooks / path.name)
        jupyterlab.open(path.name)
        return jupyterlab

    yield open_
    jupyterlab.close()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook(path, notebook):
    page = notebook(path)
    page.theme("Light")
    page.command("notebook:run-all-cells")
    assert page.problems() == []
    widgets = page.widget_cells()
    assert len(widgets) == sum("interactive_figure(" in cell.source for cell in nbformat.read(path, 4).cells)
    for place in widgets:
        cell = page.go_to(place)
        page.screenshot(f"{path.stem}_{place:02d}_light", cell)
        for control in controls(cell):
            for move in (control.by_keyboard, control.by_mouse):
                before = control.picture()
                move()
                assert control.changed(before), f"cell {place + 1}: {control.name} does nothing {move.__name__}"
        assert page.faint_text(cell) == []
    page.theme("Dark")
    for place in widgets:
        cell = page.go_to(place)
        page.screenshot(f"{path.stem}_{place:02d}_dark", cell)
        assert page.faint_text(cell) == []
    assert page.complaints == []


_SAVE = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.sessionContext.session.kernel.info;
    await panel.context.save();
}"""

_MENUS = "() => Array.from(document.querySelectorAll('.lm-MenuBar-itemLabel, .jp-SideBar [title]'), e => e.textContent)"


@pytest.mark.timeout(1800)
def test_open_and_save_leaves_a_students_notebook_as_it_was(lab, jupyterlab):
    """Whatever Python runs the kernel, so that the next `git pull` or update finds nothing changed."""
    path = lab.notebooks / "04_unpooling.ipynb"
    write_notebook(for_students(ROOT / "notebooks" / path.name), path)
    before, then = path.read_bytes(), path.stat().st_mtime_ns
    jupyterlab.open(path.name)
    jupyterlab.page.evaluate(_SAVE)
    jupyterlab.page.evaluate(_SAVE)
    jupyterlab.close()
    assert path.stat().st_mtime_ns > then, "it was not saved"
    assert path.read_bytes() == before
    assert not any("Nbgrader" in text for text in jupyterlab.page.evaluate(_MENUS))
