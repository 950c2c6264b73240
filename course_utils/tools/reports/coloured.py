"""Python code with colours for the pages, light and dark."""

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer


def coloured(source: str) -> Markup:
    """Code as HTML; Pygments escapes it."""
    return Markup(highlight(source, PythonLexer(), HtmlFormatter()))


def styles() -> dict[str, Markup]:
    """The rules for the colours, by scheme: "light" and "dark"."""
    names = {"light": "default", "dark": "github-dark"}
    return {scheme: Markup(HtmlFormatter(style=style).get_style_defs(".code")) for scheme, style in names.items()}
