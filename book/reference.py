"""Pages of the reference: one for each part of `course_utils`, written from docstrings, and one for the commands."""

import argparse
import ast
import importlib
import os
import pkgutil
from pathlib import Path

import course_utils
from course_utils.tools import cli

_HIDDEN = {"__main__", "commands", "cli", "backend"}


def write_reference(output: Path) -> None:
    """Write `index.rst`, `commands.md` and a page for each part of the package."""
    output.mkdir(parents=True, exist_ok=True)
    folder = Path(course_utils.__file__).parent
    for part in parts():
        (output / f"course_utils.{part}.rst").write_text(_page(folder, part), "utf-8")
    listed = "\n".join(f"   course_utils.{part}" for part in parts())
    index = (
        f"{_title('The library')}\nThe parts of `course_utils`:\n\n.. autosummary::\n   :nosignatures:\n\n{listed}\n"
    )
    (output / "index.rst").write_text(index, "utf-8")
    (output / "commands.md").write_text(_commands(), "utf-8")


def parts() -> list[str]:
    """Names of the parts of `course_utils` that have a page."""
    return sorted({module.name for module in pkgutil.iter_modules(course_utils.__path__)} - _HIDDEN)


def _page(folder: Path, part: str) -> str:
    """A package that lists public names shows those, another package its modules."""
    name, package = f"course_utils.{part}", folder / part / "__init__.py"
    page = _title(name)
    if not package.is_file():
        return page + _module(name, ":members:")
    if "__all__" in package.read_text("utf-8"):
        return page + _module(name, ":members:", ":imported-members:", *_borrowed(name))
    page += _module(name)
    for module in sorted(package.parent.rglob("[!_]*.py")):
        tree = ast.parse(module.read_text("utf-8"))
        inner = ".".join(module.relative_to(package.parent).with_suffix("").parts)
        if inner.split(".")[0] not in _HIDDEN and any(getattr(node, "name", "_")[0] != "_" for node in tree.body):
            page += "\n" + _title(inner, "-") + _module(f"{name}.{inner}", ":members:")
    return page


def _borrowed(name: str) -> list[str]:
    """The option that leaves out what a package hands on from another part, whose own page describes it."""
    package = importlib.import_module(name)
    origins = {public: getattr(getattr(package, public), "__module__", None) or name for public in package.__all__}
    others = [public for public, origin in origins.items() if not f"{origin}.".startswith(f"{name}.")]
    return [f":exclude-members: {', '.join(others)}"] if others else []


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _module(name: str, *options: str) -> str:
    return "\n".join([f".. automodule:: {name}", *(f"   {option}" for option in options), ""])


def _commands() -> str:
    """What `course --help` and `course COMMAND --help` say."""
    os.environ["COLUMNS"] = "80"
    parser = cli.build_parser()
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
    page = f"# The command line\n\n```text\n{parser.format_help()}```\n"
    for name, command in commands.items():
        page += f"\n## course {name}\n\n```text\n{command.format_help()}```\n"
    return page
