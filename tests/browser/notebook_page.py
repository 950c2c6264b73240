"""A notebook in JupyterLab, as its reader handles it: through a page that Playwright drives."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page

HARMLESS = {
    # pattern of the whole message: why it is no fault of the course
}

_OPEN = """async name => {
    const app = window.jupyterapp;
    const panel = await app.commands.execute('docmanager:open', {path: name, factory: 'Notebook'});
    await panel.context.ready;
    await panel.sessionContext.ready;
    app.shell.activateById(panel.id);
}"""

_CLOSE = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.sessionContext.shutdown();
    panel.dispose();
}"""

_PROBLEMS = """() => {
    const found = [];
    const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
    for (let i = 0; i < cells.length; i++) {
        if (cells.get(i).type !== 'code') continue;
        const cell = cells.get(i), source = cell.sharedModel.source.trim();
        if (source && cell.executionCount === null) found.push(`cell ${i + 1} was not executed`);
        const expected = (cell.getMetadata('tags') || []).includes('raises-exception');
        for (const output of cell.outputs.toJSON()) {
            if (output.output_type === 'error' && !expected)
                found.push(`cell ${i + 1}: ${output.ename}: ${output.evalue}`);
            if (output.output_type === 'stream' && output.name === 'stderr')
                found.push(`cell ${i + 1} writes to standard error: ${output.text}`);
        }
    }
    return found;
}"""

_WIDGET_CELLS = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.model.cells, found = [];
    for (let i = 0; i < cells.length; i++)
        if (cells.get(i).type === 'code' && cells.get(i).outputs.toJSON().some(
            output => output.data && 'application/vnd.jupyter.widget-view+json' in output.data)) found.push(i);
    return found;
}"""

_GO_TO = """async index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'center');
}"""

# Text of less contrast than WCAG 2 asks for (4.5, and 3 for large text), against the nearest background below it.
_FAINT_TEXT = """root => {
    const parse = text => { const v = text.match(/[\\d.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
    const luminance = color => {
        const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = color.slice(0, 3).map(c => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const element of root.querySelectorAll('*')) {
        const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent).join('').trim();
        if (!text || !element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) continue;
        if (element.closest('.katex-mathml, mjx-assistive-mml, .jp-OutputPrompt, .jp-InputPrompt')) continue;
        const style = getComputedStyle(element);
        let below = element, ground = [255, 255, 255, 1];
        for (; below; below = below.parentElement) {
            const color = parse(getComputedStyle(below).backgroundColor);
            if (color[3] === 1) { ground = color; break; }
        }
        const [low, high] = [luminance(parse(style.color)), luminance(ground)].sort((a, b) => a - b);
        const contrast = (high + 0.05) / (low + 0.05);
        const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700;
        if (contrast < (large ? 3 : 4.5)) found.push(`${contrast.toFixed(1)}: ${text.slice(0, 60)}`);
    }
    return found;
}"""


class NotebookPage:
    """JupyterLab with one notebook open at a time.

    Args:
        page: a page of the browser.
        screenshots: where they go; None for none.

    Attributes:
        complaints: console errors, exceptions, failed and refused requests since the notebook was opened, but for the
            `HARMLESS`.
    """

    def __init__(self, page: Page, screenshots: Path | None):
        self.page, self._screenshots = page, screenshots
        self.complaints: list[str] = []
        page.on("console", lambda message: self._complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("requestfailed", lambda request: self._complain(f"{request.method} {request.url}: {request.failure}"))
        page.on("response", self._check_status)

    def _check_status(self, answer) -> None:
        """Complain of a refusal. 304 is none: the browser asked whether its copy is still good, and it is."""
        if not answer.ok and answer.status != 304:
            self._complain(f"{answer.status} {answer.url}")

    def _complain(self, text: str):
        if not any(re.fullmatch(pattern, text, re.S) for pattern in HARMLESS):
            self.complaints.append(text)

    def start(self, url: str):
        """Go to JupyterLab's address and wait until it is there."""
        self.page.goto(url)
        self.page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell")
        self.page.evaluate("() => window.jupyterapp.restored")

    def open(self, name: str):
        """Open a notebook, by its path below the server's folder, and wait until its kernel answers."""
        self.complaints.clear()
        self.page.evaluate(_OPEN, name)
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")

    def close(self):
        """Close the notebook, unsaved, and end its kernel."""
        self.page.evaluate(_CLOSE)

    def command(self, name: str, **arguments):
        """Run a command of JupyterLab to its end."""
        self.page.evaluate("([name, given]) => window.jupyterapp.commands.execute(name, given)", [name, arguments])

    def theme(self, name: str):
        """Switch to the theme "Light" or "Dark", which JupyterLab keeps for the next notebook, too."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.wait_for_selector(f'body[data-jp-theme-name="JupyterLab {name}"]', state="attached")

    def problems(self) -> list[str]:
        """Cells that failed, wrote to standard error or were not executed."""
        return self.page.evaluate(_PROBLEMS)

    def widget_cells(self) -> list[int]:
        """Places, from 0, of the cells that show a widget."""
        return self.page.evaluate(_WIDGET_CELLS)

    def go_to(self, index: int) -> Locator:
        """The cell at a place, made visible: JupyterLab keeps only cells near the window in the page."""
        self.page.evaluate(_GO_TO, index)
        cell = self.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
        cell.wait_for()
        return cell

    def faint_text(self, cell: Locator) -> list[str]:
        """Contrast and beginning of each text in the outputs that is hard to read before its background."""
        return cell.locator(".jp-Cell-outputWrapper").evaluate(_FAINT_TEXT)

    def screenshot(self, name: str, of: Locator | None = None):
        """Of the window or of a cell, as NAME.png, where screenshots are wanted."""
        if self._screenshots:
            (of or self.page).screenshot(path=self._screenshots / f"{name}.png")
