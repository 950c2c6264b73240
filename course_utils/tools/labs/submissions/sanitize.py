"""What a student wrote, made safe to show: Markdown as HTML of a few harmless tags, and text of limited length."""

import re
from html import escape

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML

MAX_SOURCE = 20_000
"""Characters of a cell."""
MAX_OUTPUT = 4_000
"""Characters of an output, or of a comment."""

_TAGS = "a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i kbd li ol p pre strong sub summary"
_TAGS += " sup table tbody td th thead tr ul"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def rendered(markdown: str) -> str:
    """A Markdown text as one line of HTML with harmless tags only: no scripts, styles, pictures, classes or ids."""
    text = cut(markdown, MAX_SOURCE)
    try:
        html = cleaned(MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(text))
    except (RecursionError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        # Nested too deeply for the parser.
        html = f"<pre>{escape(text, quote=False)}</pre>"
    # A line that begins with <div> is HTML to Markdown, too, so rendering it again leaves it as it is.
    return "<div>" + html.strip().replace("\n", "&#10;") + "</div>"


class _Renderer(IPythonRenderer):
    """Replaces pictures by their names, so that nothing is fetched; leaves code uncoloured, as colours need classes."""

    def image(self, text, url, title=None):
        return f"[picture: {escape(text, quote=False)}]"

    def block_code(self, code, info=None):
        return f"<pre><code>{escape(code, quote=False)}</code></pre>"


def cleaned(html: str) -> str:
    """HTML with a few harmless tags; any other tag becomes text."""
    return SanitizeHTML(tags=_TAGS.split(), attributes={"a": ["href", "title"]}, styles=[]).sanitize_html_tags(html)


def cut(text: str, most: int) -> str:
    """Text of about `most` characters at most, its middle left out, without control characters and lone surrogates."""
    if len(text) > most:
        tail = most // 4
        left_out = f"\n[... {len(text) - most:,} characters left out ...]\n"
        text = text[: most - tail] + left_out + text[-tail:]
    return _CONTROL.sub("", text)
