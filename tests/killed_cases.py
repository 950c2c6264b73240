"""The commands that `kill_commands.py` kills, each with the folder that it is started in."""

import contextlib
import csv
import io
import json
import re
import zipfile
from pathlib import Path

from kill_commands import Case

SYSTEMS = {"train SegNet": "SegNet", "train PSPNet": "PSPNet", "train SegFormer": "SegFormer"}
"""Cases of training: with pooling indices, with dropout, and with attention."""

_KERAS = ("course_utils.backend", "course_utils.training", "course_utils.inference", "course_utils.tools.exporting")
_KERAS += (
    "course_utils.tools.reports.evaluation",
    "course_utils.datasets.toy_streets",
    "scipy.stats",
    "matplotlib.pyplot",
)
_LABS = ("nbgrader.api", "course_utils.tools.labs.marking.grading", "course_utils.tools.labs.returning.people")
_LABS += ("course_utils.tools.reports.feedback", "course_utils.tools.labs.returning.feedback", "small_lab")
_PACKER = "course_utils.datasets.packing.packer"
_RUNNER = ("nbformat", "course_utils.tools.notebooks.report", "course_utils.tools.notebooks.execution.several")
_STREETS = ("data", "toy_streets", "--dest", "toy", "--size", "64x128", "--workers", "1")
_COUNTS = "train=6,val=3,test=1"


def _course(folder: Path, *command: str) -> None:
    """Run a command that nobody kills."""
    from course_utils.tools import cli

    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = cli.main([*command])
    assert status == 0, f"{command}: {status}"


def _streets(counts: str = _COUNTS):
    return lambda folder: _course(folder, *_STREETS, "--counts", counts)


def _run(folder: Path) -> None:
    """A run folder whose network reads the class from the grey value, and pictures."""
    import numpy as np
    from PIL import Image

    from course_utils.backend import keras

    _streets()(folder)
    steps = np.arange(19, dtype=np.float32)
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(19, 1)])
    model.set_weights([np.full((1, 1, 3, 1), 1 / 3) * 2 * steps * 25.5, -(steps**2)])
    (folder / "run").mkdir()
    model.save(folder / "run" / "best.keras")
    config = {"model": "GreyReader", "dataset": "toy_streets", "data_dir": str(folder / "toy"), "image_size": [64, 128]}
    (folder / "run" / "config.json").write_text(json.dumps({**config, "num_classes": 19}))
    (folder / "pictures").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (200, 300, 3), np.uint8)
        Image.fromarray(noise).save(folder / "pictures" / f"{number}.png")


def _earlier(folder: Path) -> None:
    """The same with results of earlier."""
    _run(folder)
    (folder / "out").mkdir()
    (folder / "out" / "0_labelIds.png").write_bytes(b"earlier")
    (folder / "page.html").write_bytes(b"earlier")


def _class(folder: Path) -> None:
    """A class that has handed in."""
    from classroom import write_class
    from small_lab import small_lab

    write_class(folder, small_lab())


_GRADED: list[Path] = []


def _graded(folder: Path) -> None:
    """A class that is marked, with feedback and a roster."""
    _class(folder)
    (folder / "labs" / "class.csv").write_text(
        "id,name,email,group,extension,canvas,also\nada,Ada Lovelace,ada@example.org,,,,\nbob,Bob,,,,,\ncy,Cy,,,,,\n"
        "dan,Dan,,,,,\neve,Eve,,,,,\nfay,Fay,,,,12,\n"
    )
    (folder / "labs" / "times").mkdir()
    (folder / "labs" / "times" / "small.csv").write_text(
        "id,time,participant\nada,2027-01-31 22:10:00,4711\nfay,,12\ndan,2027-01-30 22:10:00,13\n"
    )
    _course(folder, "grade", "in", "--no-sandbox", "--jobs", "1", "--older")
    _course(folder, "feedback", "small")


def _graded_by_files(folder: Path) -> None:
    """The same where nothing but the names of files says who is in the class."""
    _graded(folder)
    (folder / "labs" / "class.csv").unlink()


def _canvas(folder: Path) -> None:
    _graded(folder)
    (folder / "list.csv").write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section,04 (12)\nPoints Possible,,,,,10\n"New, Nina",7,a7,nina,A,9.5\n'
    )


def _lab_source(folder: Path) -> None:
    from small_lab import SOURCE

    (folder / "small.py").write_text(SOURCE)


def _no_checkout() -> None:
    """A course that is installed: its notebooks are in the current folder."""
    from course_utils import machine

    machine.checkout = lambda: None


def _published(folder: Path) -> None:
    import nbformat
    from small_lab import small_lab

    (folder / "notebooks").mkdir()
    nbformat.write(small_lab().notebook, folder / "notebooks" / "05_small.ipynb")


def _workspace(folder: Path) -> None:
    """A student who has answered, and for whom a new edition comes."""
    import nbformat

    _no_checkout()
    _published(folder)
    _course(folder, "lab", "--prepare")
    mine = folder / "workspace" / "05_small.ipynb"
    notebook = nbformat.read(mine, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
            cell.source = "def double(values):\n    return values + values"
    nbformat.write(notebook, mine)
    theirs = folder / "notebooks" / "05_small.ipynb"
    notebook = nbformat.read(theirs, as_version=4)
    notebook.cells[0].source += "\n\nNew in this edition."
    notebook.metadata.course = {"source_sha256": "0" * 64}
    nbformat.write(notebook, theirs)


def _notebook(folder: Path) -> None:
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"print({number})", id=f"c{number}") for number in range(3)],
        metadata={"kernelspec": {"name": "python3", "display_name": "x"}},
    )
    nbformat.write(notebook, folder / "note.ipynb")


def _network_of(content: bytes) -> dict:
    """The weights in a `.keras` file, whose archive has times."""
    import h5py
    import numpy as np

    found = {}
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(
            lambda name, item: (
                found.update({name: np.asarray(item[()]).tobytes()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def _without_minutes(content: bytes) -> object:
    text = content.decode()
    if text.startswith("{"):
        state = json.loads(text)
        return [state["epoch"], state["best"], state["seeds"], _rows(state["log"])]
    return _rows(csv.DictReader(io.StringIO(text)))


def _rows(rows) -> list:
    return [{name: value for name, value in row.items() if name != "minutes"} for row in rows]


def _training(system: str) -> Case:
    size = ("--option", "width=0.1") if system != "SegFormer" else ()
    return Case(
        ("train", system, "--dataset", "toy_streets", "--data-dir", "toy", "--output", "run", "--epochs", "3",
         "--batch-size", "6", "--image-size", "64x128", "--averaging", "0.9", *size),
        _streets(),
        passes=("run/",),
        changed={".keras": _network_of, "state.json": _without_minutes, "log.csv": _without_minutes,
                 "config.json": lambda content: re.sub(rb"/(whole|trial \d+)/", b"/", content), ".npz": _arrays},
        again=("run/config.json", "--resume"),
        modules=_KERAS,
    )  # fmt: skip


def _arrays(content: bytes) -> dict:
    import numpy as np

    with np.load(io.BytesIO(content)) as file:
        return {name: file[name].tobytes() for name in file}


def _cells(content: bytes) -> list:
    """Sources and outputs of a notebook, which also holds when each cell ran."""
    return [(cell["source"], cell.get("outputs")) for cell in json.loads(content)["cells"]]


def _without_times(content: bytes) -> bytes:
    return re.sub(rb"[0-9.:]+ ?(s|min|h|MB|GB|MiB|GiB|seconds?)\b|\d\d:\d\d(:\d\d)?", b"", content)


def _class_command(*words: str, prepare=_graded) -> Case:
    return Case(("class", *words), prepare, modules=_LABS)


CASES = {
    "data": Case((*_STREETS, "--counts", "train=3,val=2"), lambda folder: None, modules=_KERAS[-3:-2]),
    "data, workers": Case(
        (*_STREETS[:-1], "2", "--counts", "train=8,val=2"), lambda folder: None, modules=_KERAS[-3:-2]
    ),
    "pack": Case(
        ("data", "toy_streets", "--dest", "toy", "--pack", "pack"), _streets(), modules=(*_KERAS[-3:-2], _PACKER)
    ),
    **{name: _training(system) for name, system in SYSTEMS.items()},
    "predict": Case(("predict", "run", "pictures", "--output", "out"), _earlier, modules=_KERAS),
    "evaluate": Case(
        ("evaluate", "run", "--output", "out", "--html", "page.html", "--resamples", "100", "--no-distance"),
        _earlier, passes=("out/0_",), modules=_KERAS, changed={".html": _without_times},
    ),
    "savedmodel": Case(
        ("export-model", "run", "--format", "savedmodel", "--output", "saved"), _run, modules=_KERAS,
        changed={"fingerprint.pb": lambda content: None, ".pb": len, "variables.index": len},
    ),
    "litert": Case(("export-model", "run", "--format", "litert", "--output", "net.tflite"), _run, modules=_KERAS),
    "onnx": Case(
        ("export-model", "run", "--format", "onnx", "--output", "net.onnx"), _run, modules=(*_KERAS, "tf2onnx")
    ),
    "doctor": Case(("doctor",), lambda folder: None, modules=_KERAS),
    "run": Case(("run", "note.ipynb", "--output", "reports"), _notebook, modules=_RUNNER,
                changed={".html": _without_times, ".ipynb": _cells}),
    "release": Case(("release", "small.py"), _lab_source, modules=_LABS),
    "grade": Case(("grade", "in", "--jobs", "2"), _class, modules=_LABS),
    "grade again": Case(("grade", "in", "--no-sandbox", "--jobs", "1"), _graded, modules=_LABS),
    "feedback": Case(("feedback", "small", "--format", "moodle"), _graded, modules=_LABS),
    "export": Case(("export", "small"), _graded, modules=_LABS),
    "export all": Case(("export", "--all"), _graded, modules=_LABS),
    "report": Case(("report", "small"), _graded, modules=_LABS),
    "class import": _class_command("import", "list.csv", prepare=_canvas),
    "class rename": _class_command("rename", "ada", "countess"),
    "class rename, files": _class_command("rename", "ada", "countess", prepare=_graded_by_files),
    "class merge": _class_command("merge", "fay", "ada"),
    "class merge, files": _class_command("merge", "fay", "ada", prepare=_graded_by_files),
    "class remove": _class_command("remove", "ada"),
    "class remove, files": _class_command("remove", "ada", prepare=_graded_by_files),
    "lab": Case(("lab", "--prepare"), _published, modules=_LABS, begin=_no_checkout),
    "lab anew": Case(("lab", "--prepare"), _workspace, modules=_LABS, begin=_no_checkout),
    "check": Case(("check", "05"), _workspace, modules=_LABS, begin=_no_checkout, status=0),
    "submit": Case(("submit", "05", "--student", "ada"), _workspace, modules=_LABS, begin=_no_checkout),
}  # fmt: skip
"""By the name that the campaign calls them."""
