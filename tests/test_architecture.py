"""The house: imports run down only, light modules stay light, and the sources keep the style of the project."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "course_utils"
SOURCES = sorted(PACKAGE.rglob("*.py"))
# In halves, so that this file names no registry itself.
REGISTRIES = [("py", "pi"), ("python", "hosted"), ("ana", "conda"), ("npm", "js"), ("deb[.]deb", "ian")]

FLOORS = (
    ("errors", "backend", "progress"),
    ("labels", "matrices", "layers"),
    ("datasets", "models", "evaluation"),
    ("training", "inference", "plotting"),
    ("widgets", "notebooks", "labs", "doctor", "reports"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

STRANGERS = {("models", "datasets"), ("datasets", "models"), ("plotting", "training")}
"""Neighbours on a floor of which the first must not know the second."""


def component(path: Path) -> str:
    """The part of the house that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, inside functions too."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def edges() -> Iterator[tuple[str, str, str]]:
    """Every import of one part of the house by another: where, the importer, the imported."""
    for path in SOURCES:
        for line, name in imports(path):
            parts = name.split(".")
            if parts[0] == "course_utils" and len(parts) > 1 and parts[1] in FLOOR and parts[1] != component(path):
                yield f"{path.relative_to(ROOT)}:{line} imports {name}", component(path), parts[1]


def test_every_part_has_a_floor():
    unknown = {component(path) for path in SOURCES} - {*FLOOR, "__init__"}
    assert not unknown


def test_imports_run_down_only():
    up = [where for where, importer, imported in edges() if FLOOR.get(importer, -1) < FLOOR[imported]]
    assert not up


def test_strangers_stay_strangers():
    known = [where for where, importer, imported in edges() if (importer, imported) in STRANGERS]
    assert not known


def test_neighbours_import_one_way():
    pairs = {(importer, imported) for _, importer, imported in edges()}
    assert not {pair for pair in pairs if pair[::-1] in pairs}


def test_relative_and_local_imports_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "course_utils" / "layers" / "thing.py"
    path.parent.mkdir(parents=True)
    path.write_text("from ..plotting import draw\ndef f():\n    from . import other\n    import course_utils.models\n")
    names = {name for _, name in imports(path)}
    assert names == {"course_utils.plotting.draw", "course_utils.layers.other", "course_utils.models"}


def test_light_modules_start_without_tensorflow():
    """Labels, evaluation, data sets and every command answer at once; TensorFlow comes when it is needed."""
    light = ["errors", "labels", "progress", "evaluation", "datasets", "datasets.toy_streets", "doctor", "cli"]
    light += [f"commands.{path.stem}" for path in (PACKAGE / "commands").glob("[!_]*.py")]
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module('course_utils.' + name)\n"
    code += "    heavy = {'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules)\n"
    code += "    assert not heavy, f'course_utils.{name} imports {heavy}'\n"
    done = subprocess.run([sys.executable, "-c", code, *light], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr.splitlines()[-1]


def test_tensorflow_and_keras_come_through_the_backend():
    """Whoever imports them directly gets the log lines that the backend keeps out of the notebooks."""
    direct = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in SOURCES
        if component(path) != "backend"
        for line, name in imports(path)
        if name.split(".")[0] in ("tensorflow", "keras", "torch", "jax")
    ]
    assert not direct


def public_definitions() -> Iterator[tuple[Path, ast.AST, str]]:
    """Public functions and classes, without the two functions that every command has; modules of more than one."""
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        public = [node for node in definitions if not node.name.startswith("_")]
        if component(path) == "commands":
            public = [node for node in public if node.name not in ("configure", "run")]
        yield from ((path, node, node.name) for node in public)
        if len(public) != 1:
            yield path, tree, "the module"


def test_everything_public_has_a_docstring():
    bare = [
        f"{path.relative_to(ROOT)}: {name}" for path, node, name in public_definitions() if not ast.get_docstring(node)
    ]
    assert not bare


def test_files_can_be_read_in_ten_minutes():
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 350}
    assert not long


def committed() -> list[Path]:
    """Every file under version control."""
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("|".join(f"{a}{b}[.]" for a, b in REGISTRIES), id="registry"),
        pytest.param(r"(?<![\w.])/(roo[t]|hom[e]/\w+|User[s]/\w+|wor[k])/", id="machine-path"),
        pytest.param(r"\b(TOD[O]|FIXM[E]|XX[X])\b", id="unfinished"),
    ],
)
def test_committed_text_has_none_of(pattern):
    found = []
    for path in committed():
        if path.suffix in (".png", ".gz", ".zip", ".npz", ".keras"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            # Pictures in notebooks hold every short word by chance.
            if '"image/png": "' not in line and (match := re.search(pattern, line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    assert not found


def test_no_data_or_weights_are_committed():
    data = [path for path in committed() if path.relative_to(ROOT).parts[0] == "data" and path.name != "README.md"]
    weights = [path for path in committed() if path.suffix in (".keras", ".h5", ".ckpt", ".pt", ".onnx")]
    assert not data + weights
