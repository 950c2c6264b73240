"""`make notebooks`: converts and executes the notebooks whose source changed."""

import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.files import scratch_folder
from course_utils.progress import TaskProgress
from course_utils.tools.notebooks import checks, convert
from course_utils.tools.notebooks.execution.execute import execute
from course_utils.tools.notebooks.execution.running import RunningCell, following
from course_utils.tools.notebooks.folder import sources


def stale(source: Path, folder: Path) -> list[str]:
    """Why a source's notebook must be rebuilt, one line each; empty when it is up to date."""
    notebook = folder / f"{source.stem}.ipynb"
    if not notebook.is_file():
        return ["there is no notebook yet"]
    return convert.differences(nbformat.read(notebook, as_version=4), source)


def _executed_before(notebook: NotebookNode, path: Path) -> NotebookNode | None:
    """A notebook with the outputs of an earlier version of the source, if that executed the same code."""
    if not path.is_file():
        return None
    earlier = nbformat.read(path, as_version=4)
    old, new = ([cell for cell in made.cells if cell.cell_type == "code"] for made in (earlier, notebook))
    if [cell.source for cell in old] != [cell.source for cell in new] or not all(cell.execution_count for cell in old):
        return None
    outputs = iter(old)
    earlier.cells = [next(outputs) if cell.cell_type == "code" else cell for cell in notebook.cells]
    return earlier


def build(
    source: Path, folder: Path, on_progress: Callable[[RunningCell], None], *, keep_outputs: bool = True, **limits
) -> list[str]:
    """Convert and execute one source with its defaults; write the notebook only if nothing is wrong with it.

    If only text cells or tags have changed, the outputs are kept and nothing is executed.

    Args:
        source: the percent script.
        folder: where the notebook goes, and the kernel's working directory.
        on_progress: as for `execute`.
        keep_outputs: False executes even if no code has changed.
        **limits: `cell_timeout` and `timeout` of `execute`.

    Returns:
        The problems, one line each; empty when the notebook has been written.
    """
    notebook = convert.read_source(source)
    if problems := checks.structure_problems(notebook):
        return problems
    executed = _executed_before(notebook, folder / f"{source.stem}.ipynb") if keep_outputs else None
    if executed is None:
        with scratch_folder() as scratch:
            given, output = Path(scratch, source.stem + ".ipynb"), Path(scratch, "executed", source.stem + ".ipynb")
            convert.write_notebook(notebook, given)
            result = execute(given, output, cwd=folder, on_progress=on_progress, **limits)
            if result.status == "interrupted":
                raise KeyboardInterrupt
            if result.error:
                return [str(result.error), *filter(None, [result.error.source, result.error.traceback])]
            executed = nbformat.read(output, as_version=4)
    finished = convert.with_outputs(notebook, executed)
    problems = checks.output_problems(finished)
    if not problems:
        convert.write_notebook(finished, folder / f"{source.stem}.ipynb")
    return problems


def build_all(folder: Path, names: list[str], *, check: bool = False, force: bool = False, **limits) -> int:
    """Rebuild every stale notebook, or with `check` only say which ones are stale.

    Returns:
        0 when all is well, 1 when a notebook is stale (`check`) or could not be built; the others are built anyway.
    """
    failed = 0
    for source in sources(folder, names):
        reasons = stale(source, folder)
        if check:
            failed += bool(reasons)
            for reason in reasons:
                print(f"{source.stem}: {reason}: run `make notebooks`", file=sys.stderr)
            continue
        if not reasons and not force:
            print(f"{source.stem}: up to date")
            continue
        with TaskProgress(1) as tasks:
            problems = build(source, folder, following(tasks, source.stem), keep_outputs=not force, **limits)
        if problems:
            failed += 1
            print(f"{source.stem}: not written", *problems, sep="\n  ", file=sys.stderr)
        else:
            print(f"{source.stem}: written to {folder.name}/{source.stem}.ipynb")
    return 1 if failed else 0
