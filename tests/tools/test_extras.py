"""Extras: what is installed, and one line on how to get the rest."""

import importlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

from course_utils.tools import cli, extras

COURSE = """Metadata-Version: 2.1
Name: course_utils
Version: 0.1
Provides-Extra: labs
Provides-Extra: cluster
Provides-Extra: gpu
Requires-Dist: numpy>=1
Requires-Dist: alpha>=2; extra == "labs"
Requires-Dist: course_utils[labs]; extra == "cluster"
Requires-Dist: beta-plus; extra == "cluster"
Requires-Dist: delta[fast]; extra == "gpu"
"""
DELTA = (
    'Metadata-Version: 2.1\nName: delta\nVersion: 1\nProvides-Extra: fast\nRequires-Dist: epsilon; extra == "fast"\n'
)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that puts a distribution where it is found first; the course, with its extras, is there."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(name: str, version: str, metadata: str | None = None):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        text = metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(text)
        importlib.invalidate_caches()

    put("course_utils", "0.1", COURSE)
    return put


def test_an_extra_is_installed_when_all_that_it_asks_for_is(install):
    assert extras.installed_extras() == {"labs": False, "cluster": False, "gpu": False}
    install("beta_plus", "1")
    assert not extras.installed_extras()["cluster"]  # for lack of labs, which it includes
    install("alpha", "2.1")
    assert extras.installed_extras() == {"labs": True, "cluster": True, "gpu": False}


def test_a_version_that_is_too_old_does_not_count(install):
    install("alpha", "1.9")
    assert not extras.installed_extras()["labs"]


def test_extras_of_packages_are_looked_into(install):
    install("delta", "1", DELTA)
    assert not extras.installed_extras()["gpu"]
    install("epsilon", "3")
    assert extras.installed_extras()["gpu"]


@pytest.mark.parametrize(("module", "extra"), [("alpha.api", "labs"), ("beta_plus", "cluster"), ("delta", "gpu")])
def test_advice_names_the_extra(install, module, extra):
    advice = extras.advice_on(module)
    assert f"the extra {extra}: " in advice and extras.command_for(extra) in advice


@pytest.mark.parametrize("module", ["numpy", "course_utils.nothing", "no_such_module", "", None])
def test_no_advice_on_what_no_extra_brings(install, module):
    assert extras.advice_on(module) is None


def test_command_fits_the_environment(monkeypatch, tmp_path):
    monkeypatch.setattr("course_utils.machine.checkout", lambda: tmp_path)
    assert extras.command_for("labs") == "python -m pip install -c constraints.txt -e '.[labs]'"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert extras.command_for("labs") == "make install EXTRAS=labs"
    monkeypatch.setattr("course_utils.machine.checkout", lambda: None)
    assert extras.command_for("labs") == "python -m pip install 'course_utils[labs]'"


def without(monkeypatch, package: str) -> None:
    """As if a package were not installed: it and all that the course imported after it are forgotten."""
    for name in [name for name in sys.modules if name.split(".")[0] == package or ".labs." in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize(("package", "extra"), [("sqlalchemy", "labs"), ("distributed", "cluster")])
def test_a_command_says_which_extra_it_needs(package, extra, monkeypatch, capsys, tmp_path):
    without(monkeypatch, package)
    options = ["--scheduler", "127.0.0.1:9"] if extra == "cluster" else []
    assert cli.main(["grade", str(tmp_path), "--output", str(tmp_path), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"course: {package} is not installed; it comes with the extra {extra}: {extras.command_for(extra)}"


def test_a_module_that_no_extra_brings_is_an_error_as_before(monkeypatch):
    def broken(arguments):
        raise ModuleNotFoundError("No module named 'nowhere'", name="nowhere")

    monkeypatch.setattr("course_utils.tools.commands.doctor.run", broken)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["doctor"])


def test_the_installed_course_declares_what_its_project_declares():
    declared = importlib.metadata.metadata(extras.COURSE).get_all("Provides-Extra")
    assert set(declared) == {
        path.stem.partition("-")[2] for path in Path(__file__).parents[2].glob("requirements-*.lock")
    }
