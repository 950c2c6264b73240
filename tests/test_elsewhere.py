"""Containers and CI, as far as they can be read where nothing of it runs: forms, commands, rights, ignored files."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from course_utils.tools import cli

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
KNOWN = ["FROM", "RUN", "USER", "WORKDIR", "COPY", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_dockerfile_can_be_parsed_and_its_shell_too():
    assert {word for word, _ in instructions()} == set(KNOWN) and instructions()[0][0] == "FROM"
    for word, rest in instructions():
        if word == "RUN":
            assert subprocess.run(["bash", "-n", "-c", rest]).returncode == 0, rest
        if word in ("CMD", "HEALTHCHECK"):
            json.loads(rest[rest.index("[") :])


def test_container_has_no_rights_and_a_health_check():
    words = [word for word, _ in instructions()]
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["student"] and "HEALTHCHECK" in words
    # Whatever is installed or copied after the system's packages belongs to that user.
    assert words.index("USER") < words.index("COPY")
    assert all("--chown=student" in rest for word, rest in instructions() if word == "COPY")


def test_container_starts_a_command_that_the_course_has():
    command = json.loads(next(rest for word, rest in instructions() if word == "CMD"))
    assert command[0] == "course"
    arguments = cli.build_parser().parse_args(command[1:])
    assert (arguments.ip, arguments.port, arguments.no_browser) == ("0.0.0.0", 8888, True)


def test_what_git_ignores_does_not_go_into_the_image():
    ignored = {line.strip("/").removeprefix("**/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    lines = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored <= {line.strip("/").removeprefix("**/") for line in lines} | {"!/data/README.md"}


def test_compose_and_devcontainer_build_this_file_for_this_machine_only():
    (service,) = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"].values()
    assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).samefile(ROOT / "docker" / "Dockerfile")
    assert container["remoteUser"] == "student"
    for command in container["postCreateCommand"].split("&&"):
        check_command(command)


def check_command(line: str) -> None:
    """A task of the Makefile, or a command line that `course` takes."""
    program, *arguments = shlex.split(line)
    if program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.M), line
    else:
        assert program.endswith("course")
        cli.build_parser().parse_args(arguments)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_example_calls_the_two_commands(name):
    example = yaml.safe_load((ROOT / "docs" / "examples" / name).read_text())
    if name.startswith("github"):
        jobs = example["jobs"].values()
        assert all(job["runs-on"] and job["timeout-minutes"] for job in jobs) and example["permissions"]
        lines = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
        # YAML reads a bare `on` as true.
        assert set(example[True]) == {"push", "pull_request"}
    else:
        jobs = [job for key, job in example.items() if key not in ("default", "stages")]
        assert all(job["stage"] in example["stages"] for job in jobs)
        lines = [line for job in jobs for line in job["script"]]
    assert [line for line in lines if line.startswith("make")] == ["make run OPTIONS=--fast", "make test"]
    for line in lines:
        assert subprocess.run(["bash", "-n", "-c", line]).returncode == 0
        if line.startswith("make"):
            check_command(line)
