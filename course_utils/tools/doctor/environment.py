"""Checks of the Python environment: the interpreter, the packages, their byte code."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from course_utils.tools.doctor.finding import REINSTALL, Finding

ROOT = Path(__file__).parents[3]


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
    requirements: Iterable[str] | None = None,
    lock: Path = ROOT / "requirements.lock",
    installed: dict | None = None,
) -> Finding:
    """Every package the course asks for is here, in a version it allows, and best in the version of the lock.

    Args:
        requirements: what is asked for, as in `pyproject.toml`; those of the installed `course_utils` when omitted.
        lock: the lock file; a missing one (outside a checkout) is not compared.
        installed: version by normalised name; read from this environment when omitted.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    if requirements is None:
        requirements = importlib.metadata.requires("course_utils") or []
    if installed is None:
        # The first of a name is what an import finds: setuptools, once imported, puts its old copies last in the path.
        found = reversed(list(importlib.metadata.distributions()))
        installed = {canonicalize_name(d.name): d.version for d in found}
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
    locked = locked_versions(lock) if lock.is_file() else {}
    drift = [f"{n} {installed.get(n, 'missing')} (lock: {v})" for n, v in locked.items() if installed.get(n) != v]
    if drift:
        return Finding("Packages", "warning", f"not as tested: {', '.join(drift)}", REINSTALL)
    return Finding("Packages", "ok", f"{len(asked)} asked for, all here in an allowed version")


def locked_versions(lock: Path) -> dict[str, str]:
    """The version of every package of a lock file that applies to this interpreter and platform, by normalised name."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (line.removesuffix("\\") for line in lock.read_text().splitlines() if line[:1].isalnum())
    entries = [Requirement(line.strip()) for line in lines]
    entries = [entry for entry in entries if entry.marker is None or entry.marker.evaluate()]
    return {canonicalize_name(entry.name): str(entry.specifier).removeprefix("==") for entry in entries}


def check_byte_code(package: str = "tensorflow") -> Finding:
    """TensorFlow is compiled to byte code, without which every start takes three times as long."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return Finding("Byte code", "problem", f"{package} is not installed", REINSTALL)
    if not Path(importlib.util.cache_from_source(spec.origin)).is_file():
        folder = Path(spec.origin).parents[1]
        cause = " and PYTHONDONTWRITEBYTECODE is set" if os.environ.get("PYTHONDONTWRITEBYTECODE") else ""
        detail = f"{package} has none{cause}: every start takes three times as long"
        return Finding("Byte code", "warning", detail, f'python -m compileall -q "{folder}"')
    return Finding("Byte code", "ok", f"{package} is compiled")
