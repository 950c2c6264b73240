"""Checks of the Python environment: the interpreter, the packages, the extras."""

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from course_utils.tools.doctor.finding import REINSTALL, Finding
from course_utils.tools.edition import edition
from course_utils.tools.extras import command_for, installed_extras


def check_edition(installed: str | None = None, root: Path | None = None) -> Finding:
    """The edition of the course, and whether the installed package is of the same edition as the files around it.

    Args:
        installed: the package's; read when omitted.
        root: of the clone or copy; found when omitted.
    """
    from course_utils.machine import checkout

    installed, root = installed or edition(), root or checkout()
    if root is None:
        return Finding("Course", "ok", f"edition {installed}, installed as a package")
    declared = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if declared != installed:
        detail = f"the files are of edition {declared}, the installed package of {installed}"
        return Finding("Course", "warning", detail, "make install, or python -m pip install --no-deps -e .")
    return Finding("Course", "ok", f"edition {installed} in {root}")


def check_python(version: tuple = sys.version_info[:3], supported: str | None = None) -> Finding:
    """The interpreter is one the course supports (`requires-python`), in an environment of its own."""
    from packaging.specifiers import SpecifierSet

    number = ".".join(map(str, version))
    supported = supported or importlib.metadata.metadata("course_utils")["Requires-Python"]
    detail = f"{number} (supported: {supported}), {sys.prefix}"
    if number not in SpecifierSet(supported):
        advice = "make install PYTHON=python3.11, or conda env create -f environment.yml"
        return Finding("Python", "problem", detail, advice)
    if sys.prefix == sys.base_prefix and not Path(sys.prefix, "conda-meta").is_dir():
        advice = "make install, or conda env create -f environment.yml"
        return Finding("Python", "warning", f"{detail}: shared with other projects", advice)
    return Finding("Python", "ok", detail)


def check_packages(
    requirements: Iterable[str] | None = None, locks: Iterable[Path] | None = None, installed: dict | None = None
) -> Finding:
    """Every package that the course requires is installed, in an allowed version and best in the version of the lock.

    Args:
        requirements: what is asked for, as in `pyproject.toml`; those of the installed `course_utils` when omitted.
        locks: lock files to compare with; those of what is installed when omitted, none outside a checkout.
        installed: version by normalised name; read from this environment when omitted.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    if requirements is None:
        requirements = importlib.metadata.requires("course_utils") or []
    installed = installed_versions() if installed is None else installed
    asked = [r for r in map(Requirement, requirements) if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong, missing = [], []
    for requirement in asked:
        version = installed.get(canonicalize_name(requirement.name))
        if version is None:
            missing.append(requirement.name)
        elif version not in requirement.specifier:
            wrong.append(f"{requirement.name} {version} (needs {requirement.specifier})")
    if missing or wrong:
        detail = "; ".join([f"missing: {', '.join(missing)}"] * bool(missing) + wrong)
        return Finding("Packages", "problem", detail, REINSTALL)
    for lock in locks_of_environment() if locks is None else locks:
        locked = locked_versions(lock)
        drift = [f"{n} {installed.get(n, 'missing')} (lock: {v})" for n, v in locked.items() if installed.get(n) != v]
        if drift:
            remedy = REINSTALL.replace("requirements.lock", lock.name)
            return Finding("Packages", "warning", f"not as tested: {', '.join(drift)}", remedy)
    return Finding("Packages", "ok", f"{len(asked)} required, all installed in an allowed version")


def check_extras() -> Finding:
    """Which extras are installed; none has to be."""
    extras = installed_extras()
    present = [name for name, installed in extras.items() if installed]
    absent = [name for name, installed in extras.items() if not installed]
    detail = f"installed: {', '.join(present) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    return Finding("Extras", "optional", detail, command_for("NAME")) if absent else Finding("Extras", "ok", detail)


def locks_of_environment() -> list[Path]:
    """The lock files of this checkout that name what is installed: the one for everybody, and one per extra."""
    from course_utils.machine import checkout

    root = checkout()
    extras = [f"-{name}" for name, installed in installed_extras().items() if installed]
    return [root / f"requirements{extra}.lock" for extra in ["", *extras]] if root else []


def installed_versions() -> dict[str, str]:
    """The version of every package of this environment, by normalised name."""
    from packaging.utils import canonicalize_name

    # The first of a name is what an import finds: setuptools, once imported, puts its old copies last in the path.
    return {canonicalize_name(d.name): d.version for d in reversed(list(importlib.metadata.distributions()))}


def locked_versions(lock: Path) -> dict[str, str]:
    """The version of every package that a lock file names for this interpreter and platform, by normalised name."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (line.removesuffix("\\") for line in lock.read_text().splitlines() if line[:1].isalnum())
    entries = [Requirement(line.strip()) for line in lines]
    entries = [entry for entry in entries if entry.marker is None or entry.marker.evaluate()]
    return {canonicalize_name(entry.name): str(entry.specifier).removeprefix("==") for entry in entries}
