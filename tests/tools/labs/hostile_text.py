"""Text with which a student may try to run something in a browser, and a parser that tells whether it would run."""

from html.parser import HTMLParser

CALL = "document.title='hacked'"
EVIL = (
    f'<script>{CALL}</script><img src=x onerror="{CALL}"> <a href="javascript:{CALL}">one</a> '
    f"[two](javascript:{CALL}) [three](JaVaScRiPt:{CALL}) [four](data:text/html,x) "
    f"![five](http://example.org/seen.png) "
    f"<svg onload={CALL}><iframe srcdoc='<script>{CALL}</script>'></iframe><input class=score id=words value=2>"
    f"<style>*{{display:none}}</style><math><mtext></form><form><mglyph><style></math><img src onerror={CALL}>"
    f"</div></pre></td></section></main></body><script>{CALL}</script><b onclick={CALL} style='position:fixed'>b</b>"
    "<meta http-equiv=refresh content='0;url=http://example.org'><base href=http://example.org><link href=x>"
)
TAMPERED = [
    {"output_type": "display_data", "data": {"text/html": EVIL, "application/javascript": CALL, "text/plain": EVIL}},
    {
        "output_type": "display_data",
        "data": {"image/svg+xml": f"<svg onload={CALL}/>", "image/jpeg": f'"><script>{CALL}'},
    },
    {
        "output_type": "display_data",
        "data": {"image/png": f'"><script>{CALL}'},
        "metadata": {"image/png": {"width": EVIL}},
    },
    {"output_type": "stream", "name": EVIL, "text": ["\x1b[31m", EVIL, 7, "\ud800"]},
    {"output_type": "error", "ename": EVIL, "evalue": EVIL, "traceback": [EVIL]},
    {"output_type": EVIL, "data": 7},
    7,
]


class Page(HTMLParser):
    """The tags and text of a page.

    Attributes:
        tags: names and attributes, in order.
        text: the text between the tags.
    """

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        self.text += text

    def dangers(self) -> list:
        """Tags and attributes by which a page runs, loads or sends something."""
        active = {"script", "iframe", "svg", "math", "object", "embed", "form", "input", "base", "link", "frame"}
        found = [tag for tag, _ in self.tags if tag in active]
        for tag, attributes in self.tags:
            found += [(tag, name) for name in attributes if name.startswith("on")]
            for name in ("href", "src"):
                address = (attributes.get(name) or "").strip().lower()
                if address and not address.startswith(("http:", "https:", "mailto:", "#", "data:image/png;base64,")):
                    found.append((tag, name, address[:60]))
            if tag == "img" and not (attributes.get("src") or "").startswith("data:image/png;base64,"):
                found.append((tag, attributes))
        return found
