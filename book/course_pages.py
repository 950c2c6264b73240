"""A Sphinx extension: figures keep the texts that notebooks give them, and docstrings and signatures read well."""

import hashlib
import inspect
import re
from base64 import b64decode
from pathlib import Path

import nbformat
from docstrings import to_rst
from docutils import nodes


def setup(app) -> dict:
    """Called by Sphinx."""
    app.connect("doctree-read", describe_figures)
    app.connect("autodoc-process-docstring", convert_docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", shorten_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def describe_figures(app, doctree) -> None:
    """Give a notebook's pictures their alternative texts, which MyST-NB drops."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    texts = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/png"):
                text = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                texts[hashlib.sha256(b64decode(picture)).hexdigest()] = text
    for image in doctree.findall(nodes.image):
        if text := texts.get(Path(image["uri"]).stem):
            image["alt"] = text


def convert_docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Hand a docstring to napoleon as it expects it."""
    lines[:] = to_rst("\n".join(lines)).splitlines()


def shorten_signature(app, what, name, obj, options, signature, annotation):
    """Show types without their modules, and for Keras layers the constructor in place of the `__new__` Keras adds."""
    if what == "class" and signature == "(*args, **kwargs)":
        parameters = list(inspect.signature(obj.__init__).parameters.values())[1:]
        signature = str(inspect.Signature(parameters)) if "__init__" in vars(obj) else "(**kwargs)"
    return tuple(text and re.sub(r"~[\w.]*?(\w+)(?![\w.])", r"\1", text) for text in (signature, annotation))
