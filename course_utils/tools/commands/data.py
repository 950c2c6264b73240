"""`course data`: generate or download, verify and prepare a data set."""

import argparse
import json
from pathlib import Path

from course_utils.errors import CourseError

HELP = "generate or download a data set, or verify one"


def configure(parser):
    parser.add_argument("name", metavar="NAME", help="cityscapes, camvid, coco or toy_streets")
    parser.add_argument(
        "--dest",
        type=Path,
        metavar="DIR",
        help="root folder of the data set (default: its environment variable or data/NAME)",
    )
    parser.add_argument("--verify", action="store_true", help="decode every file and list everything that is wrong")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    download = parser.add_argument_group("downloads (camvid, cityscapes, coco)")
    download.add_argument("--splits", nargs="+", metavar="SPLIT", help="which splits (default: coco val, others all)")
    download.add_argument("--keep-archives", action="store_true", help="do not delete the downloaded archives")
    download.add_argument("--url", help=argparse.SUPPRESS)
    toy = parser.add_argument_group("toy_streets")
    toy.add_argument("--size", type=_size, metavar="HxW", help="height and width of the images (default: 128x256)")
    toy.add_argument("--counts", type=_counts, metavar="train=N,...", help="images per split (default: 400, 100, 100)")
    toy.add_argument("--seed", type=int, help="another seed makes other streets (default: 0)")
    toy.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")


def run(arguments) -> int:
    from course_utils import datasets

    known_splits = datasets.splits(arguments.name)
    for split in arguments.splits or ():
        if split not in known_splits:
            raise CourseError(f"{arguments.name} has no split {split!r}: choose from {', '.join(known_splits)}.")
    if arguments.verify:
        return _verify(arguments)
    root = arguments.dest or datasets.default_dir(arguments.name)
    notes = _generate(arguments, root) if arguments.name == "toy_streets" else _download(arguments, root)
    counts = {
        split: len(datasets.frames(arguments.name, split, root))
        for split in datasets.available_splits(arguments.name, root)
    }
    if arguments.json:
        print(json.dumps({"dataset": arguments.name, "root": str(root), "frames": counts, "notes": notes}, indent=2))
    else:
        for note in notes:
            print(note)
        print(f"{arguments.name} is ready at {root}: {_described(counts)}")
    return 0


def _generate(arguments, root: Path) -> list[str]:
    from course_utils import datasets

    options = {
        name: getattr(arguments, name) for name in ("size", "counts", "seed") if getattr(arguments, name) is not None
    }
    datasets.card(arguments.name).generate(root, workers=arguments.workers, **options)
    return []


def _download(arguments, root: Path) -> list[str]:
    from course_utils.datasets.downloads import sources

    splits = tuple(arguments.splits or ("val",))
    return sources.obtain(arguments.name, root, splits, arguments.url, arguments.keep_archives)


def _verify(arguments) -> int:
    from course_utils import datasets
    from course_utils.datasets.verification import verify

    result = verify(datasets.open(arguments.name, arguments.dest), arguments.splits)
    if arguments.json:
        report = {
            "dataset": arguments.name,
            "root": str(result.root),
            "frames": result.frames,
            "ok": not result.problems,
            "problems": [{"file": str(problem.file), "problem": problem.message} for problem in result.problems],
        }
        print(json.dumps(report, indent=2))
    else:
        for problem in result.problems:
            print(problem)
        verdict = f"{len(result.problems)} problems" if result.problems else "no problem"
        print(f"{arguments.name} at {result.root}: {_described(result.frames)}; {verdict}")
    return 2 if result.problems else 0


def _described(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {split}" for split, count in counts.items()) + " frames"


def _size(text: str) -> tuple[int, int]:
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not HEIGHTxWIDTH, such as 128x256") from None
    return height, width


def _counts(text: str) -> dict[str, int]:
    try:
        counts = {split: int(number) for split, number in (pair.split("=") for pair in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form train=400,val=100,test=100") from None
    return counts
