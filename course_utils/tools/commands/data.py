"""`course data`: generate or download, verify and prepare a data set."""

import argparse
import json
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import check_writable
from course_utils.tools.types import counts, size, whole_number

HELP = "generate or download a data set, verify or pack one"

MOST_WORKERS = 1024


def configure(parser):
    parser.add_argument("name", metavar="NAME", help="cityscapes, camvid, coco, toy_streets or your own as module:NAME")
    parser.add_argument(
        "--dest",
        type=Path,
        metavar="DIR",
        help="root folder of the data set (default: its environment variable or data/NAME)",
    )
    parser.add_argument("--verify", action="store_true", help="decode every file and list everything that is wrong")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--splits", nargs="+", metavar="SPLIT", help="which splits to unpack, pack or verify")
    parser.add_argument(
        "--size",
        type=size,
        metavar="HxW",
        help="height and width of the images: of toy_streets (default: 128x256), or in a pack (default: their own)",
    )
    packs = parser.add_argument_group("packs (every data set)")
    packs.add_argument(
        "--pack",
        type=Path,
        metavar="DIR",
        help="copy the data set, decoded, into a few large files that keep a GPU fed, or go on with that, or mend it; "
        "`course train` takes DIR as --data-dir",
    )
    packs.add_argument(
        "--jpeg",
        type=whole_number(1, 100),
        metavar="QUALITY",
        help="photographs as JPEG: a third of the disk, other pixels, more time to read (default: as they are)",
    )
    download = parser.add_argument_group("downloads (camvid, cityscapes, coco)")
    download.add_argument("--keep-archives", action="store_true", help="do not delete the downloaded archives")
    download.add_argument("--url", help=argparse.SUPPRESS)
    toy = parser.add_argument_group("toy_streets")
    toy.add_argument("--counts", type=counts, metavar="train=N,...", help="images per split (default: 400, 100, 100)")
    toy.add_argument("--seed", type=whole_number(0), metavar="N", help="another seed makes other streets (default: 0)")
    toy.add_argument(
        "--workers", type=whole_number(1, MOST_WORKERS), metavar="N", help="processes (default: one per processor)"
    )


def run(arguments) -> int:
    from course_utils import datasets

    card = datasets.card(arguments.name)
    for split in arguments.splits or ():
        if split not in card.splits:
            raise CourseError(f"{arguments.name} has no split {split!r}: choose from {', '.join(card.splits)}.")
    if arguments.verify:
        return _verify(arguments)
    if arguments.pack:
        return _pack(arguments)
    if arguments.jpeg:
        raise CourseError("--jpeg is for packs: give --pack DIR, too.")
    if arguments.url and card.archives is None:
        raise CourseError(f"{arguments.name} is not downloaded, so --url does nothing: leave it out.")
    root = (arguments.dest or datasets.default_dir(card.name)).expanduser()
    if card.archives or card.generate:
        check_writable(root, "--dest")
    notes = _prepare(card, arguments, root)
    dataset = datasets.open(arguments.name, root)
    frames = {}
    for split in dataset.available_splits:
        found = dataset.frames(split)
        dataset.check(found)  # nothing is ready that only looks so
        frames[split] = len(found)
    if arguments.json:
        print(json.dumps({"dataset": arguments.name, "root": str(root), "frames": frames, "notes": notes}, indent=2))
    else:
        for note in notes:
            print(note)
        print(f"{arguments.name} is ready at {root}: {_described(frames)}")
    return 0


def _prepare(card, arguments, root: Path) -> list[str]:
    """Generate or download the data set; return a line about each archive."""
    from course_utils.datasets.packing.pack import is_pack

    if is_pack(root):
        return []
    given = {name: getattr(arguments, name) for name in ("size", "counts", "seed", "workers")}
    options = {name: value for name, value in given.items() if value is not None}
    if card.generate is not None:
        if arguments.splits:
            raise CourseError(f"{arguments.name} is generated whole: choose images per split with --counts.")
        card.generate(root, **options)
        return []
    if options:
        raise CourseError(f"{arguments.name} is not generated, so --{next(iter(options))} does nothing: leave it out.")
    if card.archives is None:
        return []
    from course_utils.datasets.downloads.obtain import obtain

    return obtain(card, root, arguments.splits, arguments.url, arguments.keep_archives)


def _pack(arguments) -> int:
    """Pack what is there; what comes with downloading and generating is for that."""
    from course_utils import datasets
    from course_utils.datasets.packing.packer import pack

    for name in ("counts", "seed", "workers", "url", "keep_archives"):
        if getattr(arguments, name):
            raise CourseError(f"--{name.replace('_', '-')} does nothing for a pack: get {arguments.name} first.")
    dataset = datasets.open(arguments.name, arguments.dest)
    options = {"splits": arguments.splits, "size": arguments.size, "jpeg": arguments.jpeg}
    frames = pack(dataset, arguments.pack, **options)
    total = sum(file.stat().st_size for file in arguments.pack.expanduser().glob("*.zip"))
    if arguments.json:
        result = {"dataset": arguments.name, "root": str(arguments.pack), "frames": frames, "bytes": total}
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{arguments.name} is packed at {arguments.pack}: {_described(frames)}, {total / 1e9:.2f} GB. "
            f"Train from it with --data-dir {arguments.pack}."
        )
    return 0


def _verify(arguments) -> int:
    from course_utils import datasets
    from course_utils.datasets.verification import verify

    place = arguments.pack or arguments.dest
    result = verify(datasets.open(arguments.name, place, generate=False), arguments.splits)
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
        number = len(result.problems)
        verdict = f"{number} problem{'s' * (number > 1)}" if number else "no problem"
        print(f"{arguments.name} at {result.root}: {_described(result.frames)}; {verdict}")
    return 2 if result.problems else 0


def _described(frames: dict[str, int]) -> str:
    return ", ".join(f"{count} {split}" for split, count in frames.items()) + " frames"
