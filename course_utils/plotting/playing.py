"""Frames that a reader plays, stops and steps through: in JupyterLab with or without a kernel, in the book, on paper.

The page holds every frame once, as a picture with its sentence, all of them in sight: that is what paper shows, and
what JupyterLab shows of a notebook that it does not trust. A few lines of script make a player of it. Nothing is loaded
from elsewhere and nothing moves by itself. (matplotlib's own player fetches its icons from the web, and its buttons
have no names.)
"""

import base64
import io
from collections.abc import Mapping
from html import escape

from matplotlib.figure import Figure
from PIL import Image

from course_utils.plotting.descriptions import described
from course_utils.plotting.few_colours import in_few_colours
from course_utils.plotting.style import SCREEN_DPI, to_png

_COLOURS = 64
"""Enough for cells, numbers and their soft edges, or for a label map beside a photograph, at a moderate size."""

_STYLE = """
<style>
.course-steps { line-height: 1.5; margin: 0.5rem 0; max-width: 900px; }
.course-steps .course-frames { display: flex; flex-wrap: wrap; gap: 0.8rem; }
.course-steps .course-frame { width: 310px; }
.course-steps img { background: #fff; border-radius: 0.3rem; height: auto; max-width: 100%; }
.course-steps .course-said { margin: 0.2rem 0; }
.course-steps[data-ready] .course-frames { display: block; }
.course-steps[data-ready] .course-frame { width: auto; }
.course-steps[data-ready] .course-frame:not([data-shown]) { display: none; }
.course-steps .course-bar { align-items: center; display: flex; flex-wrap: wrap; gap: 0.5rem; margin-bottom: 0.4rem; }
.course-steps button { background: transparent; border: 1px solid; border-radius: 0.3rem; color: inherit;
  cursor: pointer; font: inherit; min-height: 2rem; min-width: 2.4rem; padding: 0 0.6rem; }
.course-steps .course-bar :focus-visible { outline: 3px solid; outline-offset: 2px; }
.course-steps input { flex: 1 1 8rem; min-height: 2rem; }
@media (prefers-reduced-motion: reduce) { .course-steps .course-play { display: none; } }
@media print {
  .course-steps { max-width: none; }
  .course-steps .course-bar { display: none; }
  .course-steps[data-ready] .course-frames { display: flex; }
  .course-steps[data-ready] .course-frame, .course-steps[data-ready] .course-frame:not([data-shown]) {
    break-inside: avoid; display: block; width: 310px; }
}
</style>
"""

_SCRIPT = """
<script>
(() => {
  const own = document.currentScript && document.currentScript.closest(".course-steps");
  const boxes = own ? [own] : document.querySelectorAll(".course-steps");
  for (const box of boxes) {
    if ("ready" in box.dataset) continue;
    box.dataset.ready = "";
    const frames = [...box.querySelectorAll(".course-frame")];
    const bar = document.createElement("div");
    bar.className = "course-bar";
    bar.innerHTML = '<button class="course-play" type="button">▶ Play</button>'
      + '<button type="button" aria-label="One step back">◀</button>'
      + '<button type="button" aria-label="One step on">▶</button>'
      + '<input type="range" min="1" value="1" aria-label="Step"><span></span>';
    const [play, back, on] = bar.querySelectorAll("button");
    const slider = bar.querySelector("input"), count = bar.querySelector("span");
    slider.max = frames.length;
    // JupyterLab would take the arrow keys for itself.
    for (const control of [play, back, on, slider]) control.dataset.lmSuppressShortcuts = "true";
    let timer = null;
    const show = (number) => {
      slider.value = number;
      frames.forEach((frame, place) => frame.toggleAttribute("data-shown", place + 1 === Number(slider.value)));
      const said = frames[slider.value - 1].querySelector(".course-said").textContent;
      slider.setAttribute("aria-valuetext", `${slider.value} of ${frames.length}: ${said}`);
      count.textContent = `${slider.value} / ${frames.length}`;
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      play.textContent = "▶ Play";
    };
    const next = () => {
      if (!box.isConnected || Number(slider.value) === frames.length) stop();
      else show(Number(slider.value) + 1);
    };
    play.onclick = () => {
      if (timer !== null) return stop();
      if (Number(slider.value) === frames.length) show(1);
      play.textContent = "❚❚ Pause";
      timer = setInterval(next, 1100);
    };
    back.onclick = () => { stop(); show(Number(slider.value) - 1); };
    on.onclick = () => { stop(); show(Number(slider.value) + 1); };
    slider.oninput = () => { stop(); show(slider.value); };
    box.querySelector(".course-frames").before(bar);
    show(1);
  }
})();
</script>
"""


def play(frames: Mapping[str, Figure], alt: str) -> None:
    """Display frames as an animation that the reader starts, stops and steps through.

    Args:
        frames: what happens in each frame, a sentence, to its figure; all figures of one size.
        alt: what the animation shows, or the name of such a text in `descriptions`, as for `show`.

    Raises:
        CourseError: `descriptions` has no text of that name.
    """
    from IPython.display import display

    alt = described(alt)
    display({"text/html": to_html(frames, alt), "text/plain": alt}, raw=True)


def to_html(frames: Mapping[str, Figure], alt: str) -> str:
    """The player as a piece of a page that needs nothing else.

    Args:
        frames: what happens in each frame, to its figure.
        alt: what the animation shows.
    """
    parts = [f'<div class="course-steps" role="group" aria-label="{escape(alt)}">']
    parts += [_STYLE, '<div class="course-frames">']
    for said, figure in frames.items():
        width = round(SCREEN_DPI * figure.get_size_inches()[0])
        source = "data:image/png;base64," + base64.b64encode(_small_png(figure)).decode()
        parts.append(f'<div class="course-frame"><img src="{source}" width="{width}" alt="">')
        parts.append(f'<p class="course-said">{escape(said)}</p></div>')
    return "\n".join([*parts, "</div>", _SCRIPT, "</div>"])


def _small_png(figure: Figure) -> bytes:
    """The figure with twice the pixels of its place on the page, in few colours."""
    picture = Image.open(io.BytesIO(to_png(figure, 2 * SCREEN_DPI))).convert("RGB")
    buffer = io.BytesIO()
    in_few_colours(picture, _COLOURS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
