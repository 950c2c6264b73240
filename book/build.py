"""`make book`: the course as a static site in book/_build/html, from the committed outputs and without solutions.

Settings of the environment, for the launch buttons:

    COURSE_REPOSITORY   owner/name on GitHub; that of pyproject.toml when omitted, and without any no buttons
    COURSE_BRANCH       its branch that holds what `make students` writes; students when omitted

The pages are laid out in book/_build/source as in the repository, so that links between them hold.
"""

import argparse
import importlib.util
import os
import shutil
import sys
from pathlib import Path

import yaml
from address import on_github
from chapters import write_chapters
from jupyter_book.sphinx import build_sphinx
from landing import write_landing
from reference import write_reference

from course_utils.tools.edition import edition

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE*", "CITATION.cff", "docker/Dockerfile"]
PAGES += ["data/README.md", "course_utils/tools/labs/README.md", "docs/*.md"]


def main(arguments: list[str] | None = None) -> int:
    """Build the book; 0 when there was nothing to warn of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "_build", help="where to build (book/_build)")
    output = parser.parse_args(arguments).output.resolve()
    source, html = output / "source", output / "html"
    for folder in (source, html, output / ".doctrees", output / "jupyter_execute"):
        shutil.rmtree(folder, ignore_errors=True)
    assemble(source)
    status = build_sphinx(
        str(source),
        str(html),
        noconfig=True,
        path_config=source / "_config.yml",
        confoverrides={"external_toc_path": "_toc.yml", "latex_individualpages": False},
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    if status:
        return 1
    copy_mathjax(html / "_static" / "mathjax")
    print(f"The book: {html / 'index.html'}")
    return 0


def assemble(source: Path) -> None:
    """Lay out everything that the book is made of."""
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    for page in [page for pattern in PAGES for page in ROOT.glob(pattern)]:
        copy = source / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, copy)
    write_chapters(ROOT / "notebooks", source / "notebooks")
    for picture in (ROOT / "notebooks").glob("*.jpg"):
        shutil.copy(picture, source / "notebooks")
    write_landing(source)
    write_reference(source / "reference")
    config = source / "_config.yml"
    config.write_text(yaml.safe_dump(with_repository(yaml.safe_load(config.read_text("utf-8")))), "utf-8")


def with_repository(config: dict) -> dict:
    """The configuration with the edition, and with launch buttons when it is known where the course is."""
    foot = f"Edition {edition()}, by the course's authors. Code: MIT. Text and figures: CC BY 4.0."
    config["html"]["extra_footer"] = f"<p>{foot}</p>"
    if name := on_github():
        branch = os.environ.get("COURSE_BRANCH", "students")
        config["repository"] = {"url": f"https://github.com/{name}", "branch": branch, "path_to_book": ""}
        config["launch_buttons"] |= {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
    return config


def copy_mathjax(target: Path) -> None:
    """Take MathJax from the package that carries it: the script for TeX, and its fonts."""
    mathjax = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    target.mkdir(parents=True)
    shutil.copy(mathjax / "tex-chtml.js", target)
    shutil.copytree(mathjax / "output" / "chtml" / "fonts" / "woff-v2", target / "output/chtml/fonts/woff-v2")


if __name__ == "__main__":
    sys.exit(main())
