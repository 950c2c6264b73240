"""Docstrings of the library, Google's sections with Markdown in them, become what Sphinx reads."""

import re

_SECTION = re.compile(r"(Args|Attributes|Call arguments|Examples?|Raises|Returns|Yields):$")
_FENCE = re.compile(r" *```(\w*)$")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)(\w?)")
_COLUMNS = re.compile(r"\S {2,}\S")
_SEVERAL = re.compile(r"(Returns|Yields):\n(    \w+: .*(\n     +.*)*\n){2,}")
_NAMED = re.compile(r"^    (\w+): (.*(?:\n     +.*)*)", re.M)


def to_rst(docstring: str) -> str:
    """Convert one docstring.

    Fenced code, indented lines after a paragraph and lines in columns become code; so does what stands in backticks.
    Several named results become a list.

    Args:
        docstring: with its first line and the others at the same indentation.
    """
    converted, before = [], ""
    for block in _blocks(docstring):
        converted.append(_convert(block, before))
        before = block[-1]
    return "\n\n".join(converted) + "\n"


def _blocks(text: str) -> list[list[str]]:
    """The lines between empty ones; fenced code is one block, whatever it holds."""
    blocks, fenced = [[]], False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            blocks += [[line]] if fenced else []
            if not fenced:
                blocks[-1].append(line)
                blocks.append([])
        elif fenced or line.strip():
            blocks[-1].append(line)
        else:
            blocks.append([])
    return [block for block in blocks if block]


def _convert(lines: list[str], before: str) -> str:
    """One block; `before` is the line before it."""
    if _FENCE.match(lines[0]) and _FENCE.match(lines[-1]):
        indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
        return f"{indent}.. code-block:: python\n\n" + _indented(lines[1:-1])
    after_prose = before and not before.startswith(" ") and not _SECTION.match(before)
    if (lines[0].startswith("    ") and after_prose) or sum(bool(_COLUMNS.search(line)) for line in lines) > 1:
        return "::\n\n" + _indented(lines)
    text = "\n".join(lines)
    if _SEVERAL.match(text + "\n"):
        rest = "\n".join(lines[1:])
        text = f"{lines[0]}\n" + _NAMED.sub(
            lambda item: f"    * `{item[1]}` -- " + item[2].replace("\n    ", "\n  "), rest
        )
    return _inline(text)


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _inline(text: str) -> str:
    """Code between backticks; elsewhere no character has a meaning of its own."""
    pieces, start = [], 0
    for code in _CODE.finditer(text):
        words = " ".join(code[1].split())
        pieces += [_plain(text[start : code.start()]), f"``{words}``", f"\\ {code[2]}" if code[2] else ""]
        start = code.end()
    return "".join([*pieces, _plain(text[start:])])


def _plain(text: str) -> str:
    return re.sub(r"(?<=\w)_(?=\W|$)|\||\*(?! )", r"\\\g<0>", text)
