"""The untrusted side: the process that runs a student's cells and calls their functions.

Started by `bubblewrap` as `python -m course_utils.tools.labs.sandbox.student DESCRIPTOR JOB`. It imports the libraries
once, then forks for each submission and never sees one itself. Each request on the descriptor brings two more: the
student's channel and a lifeline. When the lifeline is closed, the student's process is killed from outside, whatever it
does.
"""

import ast
import builtins
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys

from course_utils.tools.labs.sandbox import confine
from course_utils.tools.labs.sandbox.channel import Channel, Closed
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.sandbox.values import NotPlain, dumps

_POPULAR = ("scipy.ndimage", "scipy.signal", "scipy.sparse", "IPython.core.inputtransformer2")
"""Modules that answers import, or that running them needs, in any lab: importing each takes half a second."""

_MAX_MESSAGE = 2000
"""Characters of an exception's text that are kept."""


def main() -> None:
    """Import the libraries, then fork for each request until the other side hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    job = json.loads(sys.argv[2])
    limits = Limits(**job["limits"])
    import_only(job["modules"])
    control.send(b"ready")
    while True:
        request, descriptors, *_ = socket.recv_fds(control, 64, 2)
        if not request:
            return
        # Forked twice, so that this process need not wait for the supervisor.
        if os.fork() == 0:
            control.close()
            if os.fork() == 0:
                _supervise(*descriptors, int(request), limits, job["confined"])
            os._exit(0)
        os.wait()
        for descriptor in descriptors:
            os.close(descriptor)


def import_only(modules: list[str]) -> None:
    """Import modules in a process that will fork, and do nothing else with them.

    TensorFlow starts threads with its first operation, and threads do not survive a fork.
    """
    os.environ["COURSE_BACKEND"] = "cold"
    for name in [*modules, *_POPULAR]:
        # Some are names of functions; if a module is missing, the cell that imports it will say so.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that forks share the memory that they do not change


def _supervise(channel: int, lifeline: int, slot: int, limits: Limits, confined: bool) -> None:
    """Run a student's process, and kill it when the lifeline is closed or its time is up."""
    try:
        if confined:
            with _reporting(channel):
                confine.separate()
        student = os.fork()
        if student == 0:
            os.close(lifeline)
            _become_student(channel, slot, limits, confined)
        os.close(channel)
        handle = os.pidfd_open(student)
        waiting = select.poll()
        waiting.register(lifeline, 0)  # a hang-up is always reported
        waiting.register(handle, select.POLLIN)
        waiting.poll(limits.total * 1000)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os._exit(0)


def _become_student(channel: int, slot: int, limits: Limits, confined: bool) -> None:
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        with _reporting(channel):
            if confined:
                confine.lock_down(limits, slot)
            else:
                confine.limit_resources(limits)
        os.environ.pop("COURSE_BACKEND", None)
        connection = Channel(socket.socket(fileno=channel))
        connection.send("ready")
        with contextlib.suppress(Closed):
            Session().serve(connection)
    finally:
        os._exit(0)


@contextlib.contextmanager
def _reporting(channel: int):
    """Report to the marking process why the student's process cannot start."""
    try:
        yield
    except OSError as error:
        Channel(socket.socket(fileno=os.dup(channel))).send(str(error))
        raise


class Session:
    """A running notebook: its namespace, and the functions that answer each exercise."""

    def __init__(self):
        self._namespace = {"__name__": "__main__", "__builtins__": builtins, "get_ipython": _NoShell()}
        self._functions = {}

    def serve(self, channel: Channel) -> None:
        """Answer requests until the other side hangs up."""
        requests = {"run": self.run, "define": self.define, "call": self.call}
        while True:
            kind, *arguments = channel.receive()
            try:
                reply = dumps(requests[kind](*arguments))
            except NotPlain as problem:
                reply = dumps({"refused": str(problem)})
            channel.send_bytes(*reply)

    def run(self, source: str, grade_id: str | None = None, names: tuple = ()) -> dict:
        """Run a cell, and keep the functions that it defines for an exercise."""
        for name in names:
            # A function of this name from an earlier cell is not the answer.
            self._namespace.pop(name, None)
        try:
            from IPython.core.inputtransformer2 import TransformerManager

            code = compile(TransformerManager().transform_cell(source), f"<{grade_id or 'cell'}>", "exec")
            exec(code, self._namespace)
            reply = {}
        except BaseException as error:
            reply = {"error": _describe(error)}
        for name in names:
            if callable(self._namespace.get(name)):
                self._functions[grade_id, name] = self._namespace[name]
        return reply | {"defined": [name for name in names if (grade_id, name) in self._functions]}

    def define(self, source: str) -> dict:
        """Run only the imports and definitions of a lesson's cell, each on its own; skip its computations."""
        with contextlib.suppress(SyntaxError):
            for node in ast.parse(source).body:
                if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
                    with contextlib.suppress(Exception):
                        exec(compile(ast.Module([node], []), "<lesson>", "exec"), self._namespace)
        return {}

    def call(self, grade_id: str, name: str, arguments: tuple, options: dict) -> dict:
        """Call an answer; reply with its return value and its arguments after the call, or with the exception."""
        try:
            result = self._functions[grade_id, name](*arguments, **options)
        except BaseException as error:
            return {"error": _describe(error)}
        dumps(result)  # so that what is refused is named after the result alone
        return {"value": result, "arguments": arguments}


class _NoShell:
    """Returned by `get_ipython()`: IPython's magics and hooks do nothing here."""

    def __getattr__(self, name):
        return self

    def __call__(self, *arguments, **options):
        return self


def _describe(error: BaseException) -> list:
    """Type, text and line of an exception, even if its class raises when asked for them."""
    kind, text, line = "an exception", "", None
    with contextlib.suppress(BaseException):
        kind = str(type(error).__name__)[:100]
        traceback = error.__traceback__
        while traceback:
            if traceback.tb_frame.f_code.co_filename.startswith("<"):
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        text = str(error)[:_MAX_MESSAGE]
        if isinstance(error, SyntaxError) and line is None:
            text, line = str(error.msg)[:_MAX_MESSAGE], error.lineno  # the cell itself, not what it calls
    return [kind, text, line]


if __name__ == "__main__":
    main()
