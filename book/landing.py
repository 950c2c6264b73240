"""The book's first page: what the course is, and a card for each notebook."""

import io
import re
import textwrap
from base64 import b64decode
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image

CARD = (480, 270)
"""Width and height of a card's picture, in pixels."""

_PAGE = """\
# Semantic segmentation, a course that runs

A network looks at a photograph and says, for each pixel, what it shows. The notebooks take that apart and put it
together again: how maps become small and large, how a pixel sees its surroundings, which system is best, and how sure
we are. Everything runs on a laptop; each claim has a check.

![Street scenes from Toy Streets with their label maps](notebooks/toy_streets.jpg)

`````{{grid}} 1 3 3 3
:gutter: 3

````{{grid-item-card}} Students
:link: docs/students
:link-type: doc

Open the notebooks, answer, check, hand in.
````

````{{grid-item-card}} Instructors
:link: docs/instructors
:link-type: doc

A term with graded labs, from release to the marks in your learning platform.
````

````{{grid-item-card}} Contributors
:link: CONTRIBUTING
:link-type: doc

Add a system, a data set, a layer, an exercise.
````
`````

## The notebooks

`````{{grid}} 1 2 2 3
:gutter: 3

{cards}
`````

[What you should know before](docs/prerequisites.md) says whether you can begin at 00. For one, two, five or ten
sessions there is a [syllabus](docs/syllabus.md).
"""

_CARD = """\
````{{grid-item-card}} {title}
:img-top: cards/{name}.jpg
:img-alt: {alt}
:link: notebooks/{name}
:link-type: doc

{sentence}
```{{card-footer}}
{minutes} minutes. Before it: {before}
```
````
"""


def write_landing(source: Path) -> None:
    """Write `index.md` and the cards' pictures.

    Args:
        source: the book's folder, with README and the chapters in place.
    """
    table = (source / "README.md").read_text("utf-8")
    sentences = dict(re.findall(r"^\| \[.*?\]\(notebooks/(\w+)\.ipynb\) \| (.*?) \|$", table, re.M))
    (source / "cards").mkdir(exist_ok=True)
    cards = []
    for path in sorted((source / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        picture, alt = card_picture(notebook)
        picture.save(source / "cards" / f"{path.stem}.jpg", quality=85)
        text = notebook.cells[0].source
        before = re.search(r"\*\*Before it:\*\*\s*(.*?)\s*(?:\*\*|\n\n|$)", text, re.S)
        sentence = sentences.get(path.stem, "")
        cards.append(
            _CARD.format(
                title=re.match(r"# (.*)", text)[1].partition(":")[0],
                name=path.stem,
                alt=textwrap.shorten(alt, 120, placeholder=" ..."),
                sentence=sentence[:1].upper() + sentence[1:] + ("." if sentence else ""),
                minutes=notebook.metadata.course["minutes"],
                before=" ".join(before[1].split()) if before else "nothing.",
            )
        )
    (source / "index.md").write_text(_PAGE.format(cards="\n".join(cards)), "utf-8")


def card_picture(notebook: NotebookNode) -> tuple[Image.Image, str]:
    """A notebook's picture that fits a card best, and its alternative text."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if encoded := output.get("data", {}).get("image/png"):
                picture = Image.open(io.BytesIO(b64decode(encoded)))
                found.append((picture, output.get("metadata", {}).get("image/png", {}).get("alt", "")))
    wanted = CARD[0] / CARD[1]
    picture, alt = min(found, key=lambda item: abs(item[0].width / item[0].height - wanted))
    picture = picture.convert("RGBA")
    picture.thumbnail(CARD)
    card = Image.new("RGB", CARD, "white")
    card.paste(picture, ((CARD[0] - picture.width) // 2, (CARD[1] - picture.height) // 2), picture)
    return card, alt
