"""The JupyterLab that `course lab` starts, on a folder of its own."""

import json
import os
import shutil
import time
from pathlib import Path

from course_utils.tools.notebooks.execution.processes import Family
from course_utils.tools.students import jupyter

ROOT = Path(__file__).parents[2]


class LabServer:
    """JupyterLab as `course lab` starts it, on a port that the system chooses, with the token that it makes.

    It knows nothing of the user's own settings and leaves none behind. With its kernels it ends with the `with` block.

    Args:
        folder: an empty folder; what is served lies in its `notebooks`.

    Attributes:
        notebooks: the folder with the notebooks.
        url: the address of the server, without its token.
        token: the token.
    """

    def __init__(self, folder: Path):
        self.notebooks = folder / "notebooks"
        self._folder, self._runtime = folder, folder / "runtime"
        self.url = self.token = ""

    def __enter__(self):
        self.notebooks.mkdir(parents=True)
        for picture in (ROOT / "notebooks").glob("*.jpg"):
            shutil.copy(picture, self.notebooks)
        # JupyterLab asks once whether to fetch news from the web: answered.
        answer = self._folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        answer.parent.mkdir(parents=True)
        answer.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        settings = self._folder / "course"
        jupyter.write_settings(settings, instructor=False)
        # `course lab` on a desktop opens the address with the token in the user's browser; here Playwright does.
        options = ["--no-browser", "--ServerApp.port=0", "--expose-app-in-browser"]
        options += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        variables = {
            "JUPYTER_RUNTIME_DIR": self._runtime,
            "JUPYTER_CONFIG_PATH": settings,
            "JUPYTER_CONFIG_DIR": self._folder / "config",
            "JUPYTERLAB_SETTINGS_DIR": self._folder / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self._folder / "workspaces",
            "IPYTHONDIR": self._folder / "ipython",
            "PYTEST_CURRENT_TEST": None,  # a kernel under pytest behaves differently
        }
        variables = {name: None if value is None else str(value) for name, value in variables.items()}
        self._log = (self._folder / "jupyterlab.log").open("w+")
        command = jupyter.command(self.notebooks, options)
        self._family = Family(command, variables, cwd=self._folder, stdout=self._log, stderr=self._log)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self, seconds: float = 300):
        """Until the server has written where it listens."""
        limit = time.monotonic() + seconds
        while not (found := list(self._runtime.glob("jpserver-*.json"))):
            assert self._family.process.poll() is None and time.monotonic() < limit, self.log()
            time.sleep(0.2)
        server = json.loads(found[0].read_text())
        self.url, self.token = server["url"], server["token"]
        assert self.token, "JupyterLab asks for no token"

    def log(self) -> str:
        """What the server has written."""
        self._log.flush()
        return Path(self._log.name).read_text()

    def __exit__(self, *exception):
        self._family.kill()
        self._log.close()
