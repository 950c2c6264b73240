"""The IPython shell in a student's process: cells run as in JupyterLab, without a display or other programs."""

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config


class Shell(InteractiveShell):
    """IPython without what the sandbox has not: windows, programs, history on disk. Its messages are not read."""

    def run_line_magic(self, magic_name, line, _stack_depth=1):
        """A magic that is unknown here, or that needs another program, does nothing: it is never the answer."""
        try:
            return super().run_line_magic(magic_name, line, _stack_depth=_stack_depth + 1)
        except (UsageError, OSError, ImportError):
            return None

    def run_cell_magic(self, magic_name, line, cell):
        """The same for a whole cell."""
        try:
            return super().run_cell_magic(magic_name, line, cell)
        except (UsageError, OSError, ImportError):
            return None

    def system(self, cmd):
        """`!command` does nothing."""

    system_raw = system_piped = system

    def getoutput(self, cmd, split=True, depth=0):
        """`lines = !command` gives no lines."""
        return SList()

    def enable_gui(self, gui=None):
        """There are no windows."""

    def enable_matplotlib(self, gui=None):
        """Figures are drawn and not shown."""
        return gui, "agg"

    def showtraceback(self, *arguments, **options):
        """Nobody reads it; the exception is in the cell's result."""

    showsyntaxerror = showtraceback


def start() -> Shell:
    """The shell of this process; starting it takes a third of a second, and no threads."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    return Shell.instance(config=config)
