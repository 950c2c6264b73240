"""What others need in order to use the course again: licences, a citation, an edition that is told alike everywhere."""

import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from course_utils.tools.edition import edition

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


LICENCES = {
    "LICENSE": ("MIT License", "7c9b48b52decb9837c70f608678129e1ac79e056829c8d1e82e8cdd8aed562f8"),
    "LICENSE-CC-BY-4.0": (
        "Attribution 4.0 International",
        "25a40a30d753162c4026b87a389b9534c72436327abcd083f90da00ead6d6869",
    ),
}
"""By file, how the licence begins, and the SHA-256 of its words without the line of copyright, as SPDX publishes it."""


@pytest.mark.parametrize("file", LICENCES)
def test_licence_is_the_unchanged_text(file):
    beginning, digest = LICENCES[file]
    text = (ROOT / file).read_text()
    words = " ".join(re.sub(r"Copyright \(c\) .*", "", text).split())
    assert text.startswith(beginning) and hashlib.sha256(words.encode()).hexdigest() == digest


def test_metadata_name_the_licences_and_the_files_are_there():
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    assert all((ROOT / name).is_file() for name in PROJECT["license-files"])
    assert {path.name for path in ROOT.glob("LICENSE*")} == set(PROJECT["license-files"])


def test_metadata_are_complete():
    assert PROJECT["authors"] == [{"name": "The course's authors"}]
    assert PROJECT["keywords"] and {"Repository", "Documentation", "Changelog"} <= set(PROJECT["urls"])
    # A `License ::` classifier beside a licence expression is refused by package indexes.
    assert not [text for text in PROJECT["classifiers"] if text.startswith("License ::")]
    minors = {text.rpartition("3.")[2] for text in PROJECT["classifiers"] if text.startswith("Programming Language")}
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert {str(minor) for minor in range(int(low), int(high))} <= minors


PLACEHOLDER = "https://example.org/semantic-segmentation"
ADDRESS = PROJECT["urls"]["Repository"]
PAGE = (ROOT / "docs" / "editions.md").read_text("utf-8")
ENTER = re.search(r"^perl .*$", PAGE, re.M)[0]
"""The page's command that enters an address in place of the placeholder."""


def published_files():
    """What somebody who publishes the course shows to others: pages, settings, examples, the book's scripts."""
    found = [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml", ".cff", ".yml", ".yaml", ".txt", "")]
    for folder in ("docs", "docker", ".devcontainer", "book", "course_utils", "notebooks/source"):
        found += (ROOT / folder).rglob("*")
    generated = {"_build", "__pycache__"}
    return [path for path in found if path.is_file() and path.stat().st_size < 10**6 and not generated & {*path.parts}]


def test_the_address_is_the_same_wherever_the_course_names_its_own():
    assert all(url.startswith(ADDRESS) for url in PROJECT["urls"].values())
    assert CITATION["repository-code"] == ADDRESS
    assert f"git-pull?repo={ADDRESS}&" in (ROOT / "docs" / "jupyterhub.md").read_text("utf-8")


def test_the_command_of_the_page_finds_every_placeholder(tmp_path):
    """No file but those that it names has an address that leads nowhere, and these have one kind of it."""
    files, mine = ENTER.rsplit("#' ", 1)[1].split(), "https://github.com/some-one/her-course"
    for path in published_files():
        nowhere = set(re.findall(rb"https?://[\w.-]*example\.(?:org|com|net)[^\s\"'`#)&]*", path.read_bytes()))
        if path.relative_to(ROOT).as_posix() in files:
            assert {text.decode().removesuffix("/blob/HEAD/CHANGELOG.md") for text in nowhere} <= {PLACEHOLDER}
        else:
            assert not nowhere, path
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8").replace(ADDRESS, PLACEHOLDER), "utf-8")
    command = ENTER.replace("https://github.com/OWNER/NAME", mine)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert all("example.org" not in (tmp_path / name).read_text("utf-8") for name in files)
    urls = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    citation = yaml.safe_load((tmp_path / "CITATION.cff").read_text("utf-8"))
    assert urls["Repository"] == citation["repository-code"] == mine


def test_a_wheel_carries_licences_and_metadata(tmp_path):
    """What the project's own build tool makes of pyproject.toml; nothing is installed or fetched."""
    for name in ["pyproject.toml", "README.md", *PROJECT["license-files"]]:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "__init__.py").touch()
    code = "from setuptools.build_meta import prepare_metadata_for_build_wheel as build; print(build('.'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / done.stdout.split()[-1]
    metadata = importlib.metadata.PathDistribution(folder).metadata
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    assert sorted(metadata.get_all("License-File")) == sorted(PROJECT["license-files"])
    assert metadata["Author"] == "The course's authors" and len(metadata.get_all("Project-URL")) == 3


def test_citation_has_what_its_format_requires():
    """The fields that the schema of the Citation File Format 1.2.0 requires, in the types that it asks for."""
    assert CITATION["cff-version"] == "1.2.0"
    assert all(isinstance(CITATION[field], str) and CITATION[field] for field in ("message", "title", "abstract"))
    assert CITATION["type"] in ("software", "dataset")
    assert all(author.keys() & {"name", "family-names"} for author in CITATION["authors"])
    assert set(CITATION["license"]) == set(PROJECT["license"].split(" AND "))
    known = {"cff-version", "message", "title", "abstract", "type", "authors", "version", "license", "keywords"}
    assert set(CITATION) <= known | {"date-released", "url", "repository-code", "doi"}
    assert isinstance(CITATION.get("date-released", date.today()), date)


def test_the_edition_is_the_same_everywhere():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1]
    assert str(CITATION["version"]) == newest == PROJECT["version"] == edition()
    done = subprocess.run([sys.executable, "-m", "course_utils", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"course {edition()}\n")


def test_what_follows_from_camvid_is_told_apart():
    overview = (ROOT / "LICENSE-OVERVIEW.md").read_text()
    assert "teaching and\nresearch only" in overview
    for text in (overview, (ROOT / "data" / "README.md").read_text()):
        assert "CC BY 4.0" in text and "CamVid" in text
