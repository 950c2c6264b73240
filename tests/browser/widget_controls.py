"""The controls of a figure on a page: moved by keyboard and by mouse."""

from playwright.sync_api import Locator, expect


class Control:
    """One slider, box to tick or row of buttons, and the picture that it changes.

    Args:
        root: the control with its label.
        image: the picture.

    Attributes:
        name: its label.
    """

    def __init__(self, root: Locator, image: Locator):
        self._root, self._image = root, image
        self._handle = root.locator(".noUi-handle, input[type=checkbox], button:not(.mod-active)").first
        self.name = root.inner_text().split("\n")[0].strip()

    def picture(self) -> str:
        """The address of the picture, which holds its data."""
        return self._image.get_attribute("src")

    def changed(self, before: str) -> bool:
        """Whether another picture comes up, whole."""
        expect(self._image).not_to_have_attribute("src", before)
        return self._image.evaluate("async image => { await image.decode(); return image.naturalWidth > 0; }")

    @property
    def _ticks(self) -> bool:
        return self._handle.evaluate("handle => handle.tagName !== 'DIV'")

    def by_keyboard(self):
        """One step, away from the end."""
        self._handle.focus()
        if self._ticks:
            self._handle.press("Space")
        else:
            value, high = (float(self._handle.get_attribute(f"aria-value{name}")) for name in ("now", "max"))
            self._handle.press("ArrowLeft" if value >= high else "ArrowRight")

    def by_mouse(self):
        """Click a box or another button; drag a handle to the farther end of its rail."""
        if self._ticks:
            self._handle.click()
            return
        self._handle.scroll_into_view_if_needed()
        rail, handle = self._root.locator(".noUi-target").bounding_box(), self._handle.bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        left = x > rail["x"] + rail["width"] / 2
        mouse = self._root.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(rail["x"] + rail["width"] / 2, y, steps=5)
        mouse.move(rail["x"] if left else rail["x"] + rail["width"], y, steps=5)
        mouse.up()


def controls(cell: Locator) -> list[Control]:
    """The controls in a cell's output."""
    image = cell.locator(".jp-OutputArea img").last
    image.wait_for()
    found = cell.locator(".widget-slider, .widget-checkbox, .widget-toggle-buttons").all()
    # A photograph is chosen in a window of the system's own, which is tried without JupyterLab (`test_widgets`).
    assert found or cell.locator(".widget-upload").count(), "a figure without controls"
    return [Control(root, image) for root in found]
