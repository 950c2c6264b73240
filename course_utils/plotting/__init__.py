"""Every figure the notebooks draw, in one style: readable in print, colour-blind-safe, with a text for each."""

from course_utils.plotting.style import new_figure, show, to_png

__all__ = ["new_figure", "show", "to_png"]
