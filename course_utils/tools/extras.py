"""The extras of the installation: packages that only some need, as `pyproject.toml` declares them."""

import importlib.metadata
import sys

COURSE = "course_utils"


def installed_extras() -> dict[str, bool]:
    """Whether everything that an extra asks for is installed, by the extra's name."""
    from packaging.requirements import Requirement

    declared = importlib.metadata.metadata(COURSE).get_all("Provides-Extra") or []
    return {extra: _is_satisfied(Requirement(f"{COURSE}[{extra}]")) for extra in declared}


def advice_on(module: str | None) -> str | None:
    """What to do about a module that cannot be imported; None when no extra brings it.

    Args:
        module: the name that `ModuleNotFoundError` gives, such as "nbgrader.api".
    """
    package = (module or "").partition(".")[0].replace("_", "-")
    for extra in importlib.metadata.metadata(COURSE).get_all("Provides-Extra") or []:
        if package in {requirement.name for requirement in _additions(COURSE, extra)}:
            return f"{package} is not installed; it comes with the extra {extra}: {command_for(extra)}"
    return None


def command_for(extra: str) -> str:
    """The command that adds an extra to this environment."""
    from course_utils.machine import checkout

    root = checkout()
    if root is None:
        return f"python -m pip install '{COURSE}[{extra}]'"
    if sys.prefix == str(root / ".venv"):
        return f"make install EXTRAS={extra}"
    return f"python -m pip install -c constraints.txt -e '.[{extra}]'"


def _additions(package: str, extra: str) -> list:
    """What an extra of an installed package asks for on this machine, beyond what the package itself needs."""
    from packaging.requirements import Requirement

    requirements = [r for r in map(Requirement, importlib.metadata.requires(package) or []) if r.marker]
    return [r for r in requirements if r.marker.evaluate({"extra": extra}) and not r.marker.evaluate({"extra": ""})]


def _is_satisfied(requirement) -> bool:
    """Whether a package is installed in an allowed version, with everything that the extras in brackets ask for."""
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    asked = [further for extra in requirement.extras for further in _additions(requirement.name, extra)]
    return version in requirement.specifier and all(map(_is_satisfied, asked))
