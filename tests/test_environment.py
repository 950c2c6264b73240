"""The environment is what its files say: project, locks, conda files and the packages installed here agree."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
INCLUDED = f"{PROJECT['name']}[cluster,postgres]"
EXTRAS["test"] = [line for line in EXTRAS["test"] if line != INCLUDED] + EXTRAS["cluster"] + EXTRAS["postgres"]
LOCKS = {False: ROOT / "requirements.lock", True: ROOT / "requirements-gpu.lock"}


def read_lock(path: Path) -> dict[str, list[str]]:
    """The entries of a lock, `name==version ; marker`, each with its hashes; any other line is an error."""
    entries = {}
    for line in path.read_text().splitlines():
        if match := re.fullmatch(r"    --hash=sha256:([0-9a-f]{64})( \\)?", line):
            entries[next(reversed(entries))].append(match[1])
        elif match := re.fullmatch(r"([a-z0-9-]+==[0-9][0-9a-z.+]*(?: ; [^\\]+?)?) \\", line):
            assert match[1] not in entries, f"{path.name} lists {match[1]} twice"
            entries[match[1]] = []
        else:
            raise AssertionError(f"{path.name}: cannot read the line {line!r}")
    return entries


def versions(path: Path) -> dict[str, set[str]]:
    """Every version a lock names, by package."""
    found = {}
    for entry in map(Requirement, read_lock(path)):
        found.setdefault(canonicalize_name(entry.name), set()).add(str(entry.specifier).removeprefix("=="))
    return found


def check_conda_file(text: str, gpu: bool) -> None:
    """Read every line of a conda environment file and fail where it would not install what the lock says."""
    content = yaml.safe_load(text)
    assert set(content) == {"name", "channels", "dependencies"}
    assert re.fullmatch(r"[a-z-]+", content["name"])
    assert content["channels"] == ["conda-forge", "nodefaults"]
    *conda, last = content["dependencies"]
    assert set(last) == {"pip"}, "the pip section comes last"
    assert [re.split("=", spec)[0] for spec in conda] == ["python", "pip"]
    version = re.fullmatch(r"python=(3\.\d+)", conda[0])[1]  # the form that repo2docker reads, too
    assert f"{version}.0" in SpecifierSet(PROJECT["requires-python"])
    assert conda[1] == "pip"
    seen = []
    for line in last["pip"]:
        if match := re.fullmatch(r"-c (\S+)", line):
            seen.append("constraints")
            assert set((ROOT / match[1]).read_text().splitlines()) == set(read_lock(LOCKS[True]))
        elif match := re.fullmatch(r"\./(\S+)", line):
            seen.append(tomllib.loads((ROOT / match[1] / "pyproject.toml").read_text())["project"]["name"])
        elif match := re.fullmatch(r"-e \.\[([a-z,]+)\]", line):
            seen.append(match[1])
            assert set(match[1].split(",")) <= set(EXTRAS)
        else:
            raise AssertionError(f"the line {line!r} installs what no lock names")
    assert seen == ["constraints", "typing", "gpu,test" if gpu else "test"]


@pytest.mark.parametrize(("name", "gpu"), [("environment.yml", False), ("environment-gpu.yml", True)])
def test_conda_file_installs_the_locked_versions(name, gpu):
    check_conda_file((ROOT / name).read_text(), gpu)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("python=3.11", "python=3.10"),
        ("python=3.11", "python"),
        ("  - pip\n", "  - pip\n  - numpy=2.4\n"),
        ("      - -c constraints.txt\n", ""),
        ("      - ./environment/typing\n", ""),
        ("-e .[test]", "-e .[test]\n      - torch"),
        ("-e .[test]", "-e .[tests]"),
        ("conda-forge", "defaults"),
        ("  - pip:\n", "  - pip :\n   - x\n"),
    ],
)
def test_drift_of_a_conda_file_is_seen(old, new):
    text = (ROOT / "environment.yml").read_text()
    assert old in text
    with pytest.raises((AssertionError, TypeError, yaml.YAMLError)):
        check_conda_file(text.replace(old, new), gpu=False)


@pytest.mark.parametrize("lock", LOCKS.values(), ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_no_address(lock):
    assert all(read_lock(lock).values())
    assert not re.search(r"://| @ |--index|--extra-index|--find-links|--trusted", lock.read_text())


def test_gpu_lock_adds_only_the_libraries_of_nvidia():
    plain, gpu = read_lock(LOCKS[False]), read_lock(LOCKS[True])
    assert {entry: gpu[entry] for entry in plain} == plain
    added = {Requirement(entry).name for entry in set(gpu) - set(plain)}
    asked = {Requirement(line).name for line in importlib.metadata.requires("tensorflow") if "and-cuda" in line}
    assert asked and added == asked


@pytest.mark.parametrize(("gpu", "extras"), [(False, ["test"]), (True, ["test", "gpu"])])
def test_lock_has_every_direct_dependency_in_an_allowed_version(gpu, extras):
    locked = versions(LOCKS[gpu])
    for line in [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]:
        requirement = Requirement(line)
        assert requirement.specifier, f"{line} has no range"
        found = locked[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in found), f"{line}: locked {found}"


def test_locked_packages_agree_with_one_another():
    """`pip check` reads the metadata of everything installed."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_installed_versions_are_the_locked_ones():
    entries = [Requirement(entry) for entry in read_lock(LOCKS[False])]
    entries = [entry for entry in entries if entry.marker is None or entry.marker.evaluate()]
    found = reversed(list(importlib.metadata.distributions()))  # the first of a name is the one that is imported
    installed = {canonicalize_name(d.name): d.version for d in found}
    differ = {str(e): installed.get(e.name) for e in entries if not e.specifier.contains(installed.get(e.name) or "0")}
    assert not differ


def test_supported_pythons_are_stated_once():
    """`make` refuses the same interpreters as pip."""
    low, high = re.search(
        r"\((\d+, \d+)\) <= sys.version_info < \((\d+, \d+)\)", (ROOT / "Makefile").read_text()
    ).groups()
    assert PROJECT["requires-python"] == f">={low},<{high}".replace(", ", ".")
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(PROJECT["requires-python"])


def test_numpy_still_has_what_cityscapesscripts_calls():
    assert all(tuple(map(int, version.split(".")[:2])) < (2, 4) for version in versions(LOCKS[True])["numpy"])


def test_torch_is_not_needed():
    assert not {name for name in versions(LOCKS[True]) if name.startswith("torch")}


def test_typing_stays_the_standard_library():
    """The stand-in that satisfies cityscapesScripts installs no module."""
    assert not [file for file in importlib.metadata.files("typing") if file.suffix == ".py"]


WITHOUT_IMPORT = {
    "codespell": (".pre-commit-config.yaml", "-m codespell_lib"),
    "ipykernel": ("course_utils/tools/doctor/jupyter.py", "python -m ipykernel install"),
    "jupyter-book": ("book/*.py", "from jupyter_book"),
    "jupyterlab": ("Makefile", "-m jupyterlab"),
    "nbval": ("tests/notebooks/*.py", "--nbval"),
    "psycopg": ("tests/labs/*.py", "postgresql://"),
    "pre-commit": ("Makefile", "-m pre_commit"),
    "pre-commit-hooks": (".pre-commit-config.yaml", "-m pre_commit_hooks"),
    "pytest-timeout": ("pyproject.toml", "\ntimeout ="),
    "pytest-xdist": ("Makefile", "--numprocesses"),
    "ruff": (".pre-commit-config.yaml", "-m ruff"),
    "setuptools": ("pyproject.toml", 'build-backend = "setuptools'),
    "sphinx-mathjax-offline": ("book/*.py", '"sphinx-mathjax-offline"'),
    "tensorboard": ("course_utils/training/*.py", "tf.summary.create_file_writer("),
}
"""Where a package is used that no file needs to import: in which files, with which words."""


def imported_packages() -> set[str]:
    """The distributions whose modules the project imports, in the notebooks' sources and in the doctor's probe, too."""
    from course_utils.tools.doctor.computing import PROBE

    files = [
        p
        for folder in ("course_utils", "notebooks/source", "tests", "benchmarks")
        for p in (ROOT / folder).rglob("*.py")
    ]
    modules = set()
    for source in [PROBE, *(file.read_text() for file in files)]:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module.split(".")[0])
    owners = importlib.metadata.packages_distributions()
    return {canonicalize_name(owner) for module in modules for owner in owners.get(module, [])}


def test_every_direct_dependency_is_used():
    imported = imported_packages()
    unused = []
    for line in [*PROJECT["dependencies"], *EXTRAS["test"]]:
        name = Requirement(line).name
        pattern, words = WITHOUT_IMPORT.get(name, ("", ""))
        if name not in imported and not any(words in file.read_text() for file in ROOT.glob(pattern or "-")):
            unused.append(name)
    assert not unused


@pytest.mark.parametrize(
    "name", ["jupyterlab", "tensorflow", "keras-cv", "matplotlib", "ipywidgets", "nbval", "papermill"]
)
def test_promised_package_is_a_direct_dependency(name):
    assert name in {Requirement(line).name for line in [*PROJECT["dependencies"], *EXTRAS["test"]]}
