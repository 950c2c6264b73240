"""JupyterHub for a class, to try on one machine: `jupyterhub -f jupyterhub_config.py` (docs/jupyterhub.md).

The variables HUB_COURSE (the course's folder), HUB_HOMES (where students' folders are) and HUB_PORT may be set. Anybody
gets in, as any of the students: this is for trying. The page says what a real hub has in place of the lines marked TRY.
"""

import os
import subprocess
import sys
from pathlib import Path

c = get_config()  # noqa: F821

COURSE = Path(os.environ.get("HUB_COURSE", Path.cwd())).resolve()
HOMES = Path(os.environ.get("HUB_HOMES", COURSE.parent / "homes")).resolve()
PORT = int(os.environ.get("HUB_PORT", "8000"))
PROGRAMS = COURSE / ".venv" / "bin"


def prepare(spawner):
    """Make or bring up to date a student's workspace, before their server starts."""
    home = HOMES / spawner.user.name
    home.mkdir(parents=True, exist_ok=True)
    command = [PROGRAMS / "course", "lab", "--prepare", "--workspace", home / "course"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300)
    spawner.log.info("%s: %s%s", spawner.user.name, done.stdout, done.stderr)
    done.check_returncode()


c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.JupyterHub.db_url = f"sqlite:///{HOMES.parent / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(HOMES.parent / "jupyterhub_cookie_secret")

c.JupyterHub.authenticator_class = "dummy"  # TRY: no password is asked for
c.Authenticator.allowed_users = {"ada", "bob"}  # TRY: the ids of labs/class.csv

c.JupyterHub.spawner_class = "simple"  # TRY: all servers run as one user
c.SimpleLocalProcessSpawner.home_dir_template = str(HOMES / "{username}")  # TRY
c.Spawner.cmd = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]  # TRY: in the image, its own
c.Spawner.pre_spawn_hook = prepare
c.Spawner.notebook_dir = str(HOMES / "{username}" / "course")
c.Spawner.default_url = "/lab"
# A terminal's login shell would set PATH anew, and not find the command `course`.
c.Spawner.args = ["--ServerApp.terminado_settings={'shell_command': ['/bin/bash']}"]
c.Spawner.environment = {"PATH": f"{PROGRAMS}:{os.environ.get('PATH', '')}"}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # a busy machine needs more than the usual 60 and 30
c.Spawner.mem_limit = "4G"
