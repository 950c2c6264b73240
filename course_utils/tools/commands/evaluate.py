"""`course evaluate`: the scores of a trained run or of a folder of predictions, or of two against each other."""

import argparse

from course_utils.tools.commands import _systems, _views

HELP = "score a run, or a folder of predictions, on a data set: per-class IoU, mIoU, iIoU, accuracies, boundary F"

FEWEST_RESAMPLES = 100


def _resamples(text: str) -> int:
    if (number := int(text)) < FEWEST_RESAMPLES:
        raise argparse.ArgumentTypeError(f"at least {FEWEST_RESAMPLES}, got {number}")
    return number


def configure(parser):
    parser.add_argument(
        "system", metavar="RUN", nargs="?", help="folder that `course train --output` made, or a folder of predictions"
    )
    parser.add_argument("--predictions", metavar="DIR", help="score label-id PNGs found below DIR instead of a run")
    parser.add_argument("--against", metavar="OTHER", help="compare with another run or folder of predictions")
    parser.add_argument(
        "--seeds",
        metavar="RUN",
        nargs="+",
        default=[],
        help="further runs of the same system, trained with other seeds: tells what the seed does to the scores apart "
        "from what the images do",
    )
    parser.add_argument("--dataset", metavar="NAME", help="data set to score on (default: the one the run learnt from)")
    parser.add_argument("--data-dir", metavar="DIR", help="where the data set is, when not at its usual place")
    parser.add_argument("--split", default="val", metavar="S", help="train, val or test (default: val)")
    parser.add_argument("--output", metavar="DIR", help="also save the run's predictions as label-id PNGs")
    parser.add_argument(
        "--boundary",
        action=argparse.BooleanOptionalAction,
        help="boundary F at 0.75 %% of the diagonal and at 3, 5, 9 and 12 pixels (default: for runs, since for "
        "predictions it takes longer than all other scores)",
    )
    parser.add_argument(
        "--distance",
        action=argparse.BooleanOptionalAction,
        help="IoU in crops that shrink towards the vanishing point, at crop factors 0, 100, 200, 300 and 400 (default: "
        "for runs on frames twice as wide as high, as those of Cityscapes are)",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="score what there is: leave out predictions that are missing or unusable, and files of no frame",
    )
    parser.add_argument("--html", metavar="FILE", help="also write a page with figures, and the best and worst frames")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    group = parser.add_argument_group("intervals and tests", "how the scores would vary with other images")
    group.add_argument(
        "--resample",
        choices=("images", "cities"),
        help="images: other images of these cities; cities: other cities (default: both in the table of one system, "
        "images in comparisons)",
    )
    group.add_argument("--resamples", type=_resamples, default=10_000, metavar="N", help="how many (default: 10000)")
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of the resamples (default: 0)")
    _views.configure(parser)


def run(arguments) -> int:
    from course_utils import datasets
    from course_utils.evaluation.statistics.resampling import refuse_without_cities

    systems, trainings = _find_systems(arguments)
    everything = [*systems, *trainings]
    dataset = arguments.dataset or next(system.dataset for system in everything if system.dataset)
    table = datasets.label_table(dataset)
    for system in everything:
        system.check(table)
    frames = _labelled_frames(dataset, arguments.split, _data_dir(arguments, dataset, everything))
    _check_page(arguments.html)
    if arguments.resample == "cities":
        refuse_without_cities([frame.city for frame in frames])
    scores = [_score(system, frames, table, arguments, output=system is systems[0]) for system in systems]
    others = [_score(system, frames, table, arguments, plain=True) for system in trainings]
    findings = _findings(scores, others, arguments)
    about = {"dataset": dataset, "split": arguments.split}
    if arguments.html:
        _write_page(arguments.html, systems, scores, findings, frames, table, about)
    print((_json if arguments.json else _text)(systems, scores, findings, about))
    return 0


def _find_systems(arguments) -> tuple[list, list]:
    """One system, or two to be compared, and trainings with other seeds, once the arguments go together."""
    from course_utils.errors import CourseError

    if (arguments.system is None) == (arguments.predictions is None):
        raise CourseError("Say what to score: either a run folder or --predictions DIR.")
    if arguments.seeds and arguments.against is not None:
        raise CourseError("--seeds is about one system, --against about two: leave one of them out.")
    if arguments.predictions is not None:
        systems = [_systems.Folder(arguments.predictions)]
    else:
        systems = [_systems.find_system(arguments.system, arguments)]
    if arguments.against is not None:
        systems.append(_systems.find_system(arguments.against, arguments))
    trainings = [_systems.find_system(path, arguments) for path in arguments.seeds]
    runs = [system for system in [*systems, *trainings] if isinstance(system, _systems.TrainedRun)]
    if not runs and arguments.dataset is None:
        wrong = "" if arguments.predictions else f"{arguments.system} is not a run folder (no config.json). "
        raise CourseError(f"{wrong}Say what the predictions belong to: add --dataset NAME.")
    if arguments.output is not None and systems[0] not in runs:
        raise CourseError("--output saves the predictions of a run; these are saved already: leave it out.")
    if not runs and (arguments.scales or arguments.flip or arguments.window):
        raise CourseError("--scales, --flip and --window are for a run, which predicts anew: leave them out.")
    if arguments.partial and len(runs) == len(systems) + len(trainings):
        raise CourseError("--partial is for folders of predictions; a run predicts every frame: leave it out.")
    return systems, trainings


def _data_dir(arguments, dataset, systems):
    """Where the data set is: as the arguments say, or as the run that was trained on it remembers."""
    remembered = [system.data_dir for system in systems if system.dataset == dataset]
    return arguments.data_dir or next(filter(None, remembered), None)


def _labelled_frames(dataset: str, split: str, data_dir):
    from course_utils import datasets
    from course_utils.errors import CourseError

    frames = datasets.frames(dataset, split, data_dir)
    unlabelled = [frame.name for frame in frames if not frame.has_label]
    if unlabelled:
        raise CourseError(f"{dataset} has no labels for {split} (such as {unlabelled[0]}): choose another --split.")
    return frames


def _score(system, frames, table, arguments, output=False, plain=False):
    """The scores of one system; `plain` ones without what is not in the table of seeds."""
    from dataclasses import replace

    from course_utils.evaluation import Resampling
    from course_utils.evaluation.measures.distance import FACTORS

    thorough = system.thorough and not plain
    boundary = thorough if arguments.boundary is None else arguments.boundary and not plain
    distance = thorough and _is_wide(frames[0]) if arguments.distance is None else arguments.distance and not plain
    scores = system.score(
        frames,
        table,
        partial=arguments.partial,
        tolerances=_systems.TOLERANCES if boundary else (),
        factors=FACTORS if distance else (),
        output=arguments.output if output else None,
    )
    return replace(scores, resampling=Resampling(arguments.resample, arguments.resamples, arguments.seed))


def _is_wide(frame) -> bool:
    """Whether a frame has the shape of Cityscapes', for which the vanishing point was chosen."""
    from course_utils.datasets.frames import image_size

    height, width = image_size(frame.image)
    return width == 2 * height


def _findings(scores, others, arguments) -> dict:
    """The comparison of two systems, and the spread of one over seeds: None for what was not asked for."""
    from course_utils.evaluation import compare, spread_of_trainings

    _, resamples, seed = scores[0].resampling
    comparison = spread = None
    if len(scores) > 1:
        comparison = compare(*scores, resamples=resamples, seed=seed, over=arguments.resample or "images")
    if others:
        spread = spread_of_trainings([*scores, *others], resamples=resamples, seed=seed)
    return {"comparison": comparison, "spread": spread}


def _names(systems) -> list[str]:
    """What the systems are called: their folders' names, or the whole paths where those are the same."""
    short = [system.path.resolve().name for system in systems]
    return short if len(set(short)) == len(short) else [str(system.path) for system in systems]


def _text(systems, scores, findings, about) -> str:
    from course_utils.evaluation import comparison_table, seed_table, summary_table

    title = f"{about['dataset']} {about['split']}"
    comparison, spread = findings["comparison"], findings["spread"]
    if comparison is None:
        parts = [f"{title}, {scores[0].frames} frames, in per cent", scores[0].table(intervals=True)]
        return "\n\n".join([*parts, *([seed_table(spread)] if spread else [])])
    names = _names(systems)
    notes = [f"{name}: {note}" for name, found in zip(names, scores, strict=True) for note in found.notes]
    parts = [
        f"{title}, {comparison.frames} frames, in per cent",
        comparison_table(comparison, names),
        summary_table(scores, names),
        *notes,
    ]
    return "\n\n".join(parts)


def _json(systems, scores, findings, about) -> str:
    more = {}
    if findings["comparison"] is not None:
        more["against"] = {"source": str(systems[1].path), **scores[1].to_dict()}
        more["comparison"] = findings["comparison"].to_dict()
    if findings["spread"] is not None:
        more["seeds"] = findings["spread"].to_dict()
    return scores[0].to_json(source=str(systems[0].path), **about, **more)


def _check_page(path) -> None:
    """Refuse a file that cannot be written before an hour of scoring, not after it."""
    from course_utils.errors import CourseError

    if path is None:
        return
    file = _systems.Path(path)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise CourseError(f"--html {path}: name a file in a folder that exists.")


def _write_page(path, systems, scores, findings, frames, table, about) -> None:
    from course_utils.tools.reports import Shown, evaluation_page, frame_examples

    shown = [
        Shown(name, found, *frame_examples(found, frames, table, lambda some, s=system: s.predictions(some, table)))
        for name, system, found in zip(_names(systems), systems, scores, strict=True)
    ]
    page = evaluation_page(shown, findings["comparison"], table, spread=findings["spread"], **about)
    _systems.Path(path).write_text(page, encoding="utf-8")
