"""How far what `course export-model` writes is from the Keras network: every shipped network, format, two sizes each.

    python benchmarks/exports.py [--weights SegNet/camvid ...]

The differences are those that the command reports and checks. LiteRT has one size for each file and gets a file of a
second size. The table goes to benchmarks/results/exports.md.
"""

import argparse
import contextlib
import io
import json
import tempfile
from pathlib import Path

from course_utils import weights
from course_utils.files import write_whole
from course_utils.tools.cli import main as course

RESULTS = Path(__file__).parent / "results" / "exports.md"
SECOND_SIZE = "96x160"
RUNS = {"savedmodel": [[]], "litert": [[], ["--image-size", SECOND_SIZE]], "onnx": [[]]}
"""By format, the options of each file."""


def exported(name: str, format_name: str, options: list[str]) -> dict | str:
    """What the command reports of one file, or its complaint."""
    out, complaint = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        command = ["export-model", "--weights", name, "--format", format_name, "--output", f"{folder}/net", *options]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
            status = course([*command, "--json"])
    return json.loads(out.getvalue()) if status == 0 else complaint.getvalue().strip().splitlines()[-1]


def row(name: str, format_name: str, reports: list[dict | str]) -> str:
    """A row of the table: the files of a network in a format."""
    if complaint := next((report for report in reports if isinstance(report, str)), None):
        return f"| {name} | {format_name} | {complaint} | | |"
    sizes = [(size, report) for report in reports for size in report["differences"]]
    worst = max(report["differences"][size] / max(1.0, report["largest_logit"][size]) for size, report in sizes)
    same = min(report["same_class"][size] for size, report in sizes)
    return f"| {name} | {format_name} | {', '.join(size for size, _ in sizes)} | {worst:.1e} | {100 * same:.2f} % |"


def page(rows: list[str]) -> str:
    """The results as a page."""
    head = (
        "# Exported networks beside the Keras networks\n\n"
        "`python benchmarks/exports.py`, on the processor: random images, in the size that a network was trained for, "
        "and another. The largest difference of two logits, as a share of the largest logit; the command refuses to "
        "write from 1e-4 on. SegNet and SegNetBasic: of 99 % of the logits, in the median of five images.\n\n"
        "| network | format | sizes | largest difference | pixels with the same class |\n|---|---|---|---:|---:|\n"
    )
    return head + "\n".join(rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", nargs="*", default=weights.shipped(), choices=weights.shipped())
    asked = parser.parse_args().weights
    rows = []
    for name in asked:
        for format_name, files in RUNS.items():
            rows.append(row(name, format_name, [exported(name, format_name, options) for options in files]))
            print(rows[-1], flush=True)
    if asked == weights.shipped():
        write_whole(RESULTS, page(rows))


if __name__ == "__main__":
    main()
