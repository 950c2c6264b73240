"""Containers and CI, as far as they can be read where nothing of it runs: forms, commands, rights, ignored files."""

import json
import logging
import os
import re
import shlex
import subprocess
import types
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config

from course_utils.tools import cli
from course_utils.tools.labs.submissions.files import find_submissions

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


HUB = ROOT / "docs" / "examples" / "jupyterhub_config.py"


def test_hub_listens_to_this_machine_only_and_its_command_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_HOMES", str(tmp_path / "homes"))
    monkeypatch.setenv("HUB_COURSE", str(ROOT))
    called, config = [], Config()
    ran = types.SimpleNamespace(stdout="", stderr="", check_returncode=lambda: None)
    exec(compile(HUB.read_text("utf-8"), HUB.name, "exec"), {"get_config": lambda: config})
    addresses = [config.JupyterHub.bind_url, config.JupyterHub.hub_bind_url, config.ConfigurableHTTPProxy.api_url]
    assert len(set(addresses)) == 3 and all(re.fullmatch(r"http://127\.0\.0\.1:\d+", one) for one in addresses)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: called.append(list(map(str, command))) or ran)
    user = types.SimpleNamespace(name="ada")
    config.Spawner.pre_spawn_hook(types.SimpleNamespace(user=user, log=logging.getLogger()))
    arguments = cli.build_parser().parse_args(called[0][1:])
    assert arguments.prepare and str(arguments.workspace) == config.Spawner.notebook_dir.format(username="ada")
    assert (tmp_path / "homes" / "ada").is_dir()


def test_what_is_collected_from_the_hub_is_of_the_folder_s_owner(tmp_path):
    """Whatever it is called, and no link."""
    page = (ROOT / "docs" / "jupyterhub.md").read_text("utf-8").split("\n## Collecting\n")[1]
    script = re.search(r"^```\n(.*?)^```", page, re.S | re.M)[1]
    for who, name in (("ada", "ada"), ("eve", "ada"), ("o'neil x", "$(touch y)")):
        folder = tmp_path / "homes" / who / "course" / "hand-in" / "04_unpooling"
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(who)
        os.utime(folder / f"{name}.ipynb", (10**9, 10**9))
    (folder / "link.ipynb").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.ipynb")
    (tmp_path / "homes" / "bob").mkdir()
    subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, timeout=30)
    found = {one.student: (one.data, one.time) for one in find_submissions(tmp_path / "handed-in")}
    assert found == {
        name: (who.encode(), 10**9) for name, who in (("ada", "ada"), ("eve", "eve"), ("o_neil_x", "o'neil x"))
    }
