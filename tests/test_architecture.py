"""The house: imports run down only, light modules stay light, and the sources keep the style of the project.

The floors are told once, in `course_utils.FLOORS`; imports inside functions count like all others.
"""

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils import FLOORS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "course_utils"
SOURCES = sorted(PACKAGE.rglob("*.py"))
# In halves, so that this file names no registry itself.
REGISTRIES = [("py", "pi"), ("python", "hosted"), ("ana", "conda"), ("npm", "js"), ("deb[.]deb", "ian")]

FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}
STRANGERS = {("models", "datasets"), ("datasets", "models"), ("plotting", "training"), ("plotting", "models")}
"""Parts of which the first must not know the second, although its floor would let it."""

LARGEST_ROOM = 14
"""Files that a folder of the package may hold, `__init__` included; toy streets and all."""


def module_name(root: Path, path: Path) -> str:
    """The dotted name of a file, a package's for its `__init__`."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str | None:
    """The part of the house that a module belongs to; None for the house itself and unknown rooms."""
    inner = module.partition(".")[2]
    fitting = [part for part in FLOOR if inner == part or inner.startswith(f"{part}.")]
    return max(fitting, key=len, default=None)


def imported_names(root: Path, path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, inside functions too."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def import_graph(root: Path) -> dict[str, dict[str, str]]:
    """For each module of the package the modules that it imports, each with the place of the import."""
    files = {module_name(root, path): path for path in sorted((root / "course_utils").rglob("*.py"))}
    graph = {}
    for module, path in files.items():
        imported = graph[module] = {}
        for line, name in imported_names(root, path):
            # Of `from package import name` the module is the package, unless the name is a module itself.
            target = name if name in files else name.rpartition(".")[0]
            if target in files and target != module:
                imported.setdefault(target, f"{path.relative_to(root)}:{line} imports {name}")
    return graph


def violations(root: Path) -> set[str]:
    """Everything that the imports of a house break, as `kind: where`."""
    graph, broken = import_graph(root), set()
    pairs: dict[tuple[str, str], str] = {}
    for module, imported in graph.items():
        part = part_of(module)
        if part is None and "." in module and module != "course_utils.tools":
            broken.add(f"no floor: {module}")
        for target, where in imported.items():
            other = part_of(target)
            if part is None or other is None or part == other:
                continue
            pairs.setdefault((part, other), where)
            if FLOOR[other] > FLOOR[part]:
                broken.add(f"up: {where}")
            if (part, other) in STRANGERS:
                broken.add(f"strangers: {where}")
    broken |= {f"both ways: {where}" for pair, where in pairs.items() if pair[::-1] in pairs}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        broken.add(f"circle: {' <- '.join(error.args[1])}")
    for path in sorted((root / "notebooks" / "source").glob("*.py")):
        names = [(line, name) for line, name in imported_names(root, path) if name.startswith("course_utils.tools")]
        broken |= {f"notebook: {path.name}:{line} imports {name}" for line, name in names}
    folders = {path.parent for path in (root / "course_utils").rglob("*.py")}
    counts = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    broken |= {f"crowded: {folder.relative_to(root)}, {n} files" for folder, n in counts.items() if n > LARGEST_ROOM}
    return broken


def test_imports_run_down_only_and_in_no_circle():
    assert violations(ROOT) == set()


LAYER_B = {"layers/b.py": "from course_utils import checks"}


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("no floor", {"cellar.py": ""}),
        ("up", {"layers/thing.py": "from course_utils.plotting import draw", "plotting/__init__.py": ""}),
        ("up", {"labels.py": "def f():\n    from course_utils.tools.labs import lab", "tools/labs/__init__.py": ""}),
        ("up", {"models/thing.py": "def f():\n    from ..training import fit", "training/__init__.py": ""}),
        ("up", {"tools/labs/lab.py": "import course_utils.tools.cli", "tools/cli.py": ""}),
        ("strangers", {"models/net.py": "from course_utils import datasets", "datasets/__init__.py": ""}),
        ("strangers", {"plotting/loss.py": "from course_utils.training import fit", "training/__init__.py": ""}),
        ("both ways", {"checks.py": "import course_utils.layers.a", "layers/a.py": "", **LAYER_B}),
        ("circle", {"layers/a.py": "from . import b", "layers/b.py": "from course_utils.layers import a"}),
        ("circle", {"layers/a.py": "from . import b", "layers/b.py": "def f():\n    import course_utils.layers.a"}),
        ("circle", {"layers/__init__.py": "from .a import A", "layers/a.py": "from course_utils.layers import B"}),
        ("notebook", {"../notebooks/source/00_a.py": "import course_utils.tools.cli", "tools/cli.py": ""}),
        ("crowded", {f"layers/layer_{number}.py": "" for number in range(LARGEST_ROOM + 1)}),
    ],
)  # fmt: skip
def test_a_planted_violation_is_seen(kind, files, tmp_path):
    package = tmp_path / "course_utils"
    for name, text in {"__init__.py": "", **files}.items():
        path = (package / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in (path.parent, *path.parent.parents):
            if package in folder.parents:
                (folder / "__init__.py").touch()
        path.write_text(text + "\n")
    assert {violation.partition(":")[0] for violation in violations(tmp_path)} == {kind}


def test_an_honest_house_has_none(tmp_path):
    package = tmp_path / "course_utils"
    (package / "layers").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "layers" / "__init__.py").write_text("from course_utils.layers.a import A\n")
    (package / "layers" / "a.py").write_text("from course_utils.errors import CourseError\nA = 1\n")
    (package / "errors.py").write_text("class CourseError(Exception): ...\n")
    assert violations(tmp_path) == set()


def component(path: Path) -> str:
    """The part of the house that a file belongs to, the package's own name for the house itself."""
    return part_of(module_name(ROOT, path)) or path.stem


def test_light_modules_start_without_tensorflow():
    """Labels, evaluation, data sets and every command answer at once; TensorFlow comes when it is needed."""
    light = [
        "errors",
        "labels",
        "progress",
        "evaluation",
        "datasets",
        "datasets.toy_streets",
        "tools.doctor",
        "tools.cli",
    ]
    commands = (PACKAGE / "tools" / "commands").rglob("[!_]*.py")
    light += [module_name(PACKAGE, path) for path in commands]
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
        for line, name in imported_names(ROOT, path)
        if name.split(".")[0] in ("tensorflow", "keras", "torch", "jax")
    ]
    assert not direct


def public_definitions() -> Iterator[tuple[Path, ast.AST, str]]:
    """Public functions and classes, without the two functions that every command has; modules of more than one."""
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        public = [node for node in definitions if not node.name.startswith("_")]
        if component(path) == "tools.commands":
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
