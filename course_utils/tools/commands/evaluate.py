"""`course evaluate`: the scores of a trained run or of a folder of predictions, or of two against each other."""

import argparse
from dataclasses import replace
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import check_writable, write_whole
from course_utils.tools.commands import _systems, _views
from course_utils.tools.types import whole_number

HELP = "score a run, or a folder of predictions, on a data set: per-class IoU, mIoU, iIoU, accuracies, boundary F"

RESAMPLES = (100, 100_000)
"""The fewest that tell anything, and the most that end within minutes; more would not change the second digit."""


def configure(parser):
    parser.add_argument(
        "system", metavar="RUN", nargs="?", help="folder that `course train --output` made, or a folder of predictions"
    )
    _systems.add_weights(parser)
    parser.add_argument("--predictions", metavar="DIR", help="score label-id PNGs found below DIR instead of a run")
    parser.add_argument("--against", metavar="OTHER", help="compare with another run or folder of predictions")
    parser.add_argument(
        "--seeds",
        metavar="RUN",
        nargs="+",
        default=[],
        help="further runs of the same system, trained with other seeds: separates the spread of the scores due to the "
        "seed from that due to the images",
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="data set to score on: a name, or module:NAME for your own (default: the one the run was trained on)",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the data set is, if not in its usual place")
    parser.add_argument("--split", default="val", metavar="S", help="of the data set (default: val)")
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
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a page with figures, and the best and worst frames"
    )
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    group = parser.add_argument_group("intervals and tests", "how the scores would vary with other images")
    group.add_argument(
        "--resample",
        choices=("images", "cities"),
        help="images: other images of these cities; cities: other cities (default: both in the table of one system, "
        "images in comparisons)",
    )
    group.add_argument(
        "--resamples", type=whole_number(*RESAMPLES), default=10_000, metavar="N", help="how many (default: 10000)"
    )
    group.add_argument("--seed", type=whole_number(0), default=0, metavar="N", help="of the resamples (default: 0)")
    _views.configure(parser)


def run(arguments) -> int:
    from course_utils import datasets
    from course_utils.evaluation import Findings, ImageBlindPrior, Resampling

    _check(arguments)
    systems, trainings = _find_systems(arguments)
    everything = [*systems, *trainings]
    name = arguments.dataset or next(system.dataset for system in everything if system.dataset)
    dataset = datasets.open(name, arguments.data_dir or _remembered_dir(name, everything), generate=False)
    for system in everything:
        system.check(dataset.labels)
    frames = _labelled_frames(dataset, arguments.split)
    resampling = Resampling(arguments.resample, arguments.resamples, arguments.seed)
    for unit in resampling.units(frames):
        unit.check(frames)

    extras = _extra_measures(frames[0], arguments.boundary, arguments.distance)
    prior = ImageBlindPrior.of(dataset)
    facts = {"resampling": resampling, "prior": prior and prior.score(dataset, frames)}
    scores = [replace(system.score(frames, dataset.labels, *extras(system)), **facts) for system in systems]
    if not scores[0].confusion.matrix.sum() + scores[0].confusion.missed.sum():
        raise CourseError(
            f"The labels of {dataset.address}/{arguments.split} are void all over, so there is nothing to score: check "
            f"that {dataset.root} holds label ids of {dataset.labels.dataset}, or choose another --split."
        )
    others = [training.score(frames, dataset.labels, (), ()) for training in trainings]
    findings = Findings.of(
        scores,
        others,
        resampling,
        dataset=dataset.address,
        split=arguments.split,
        names=tuple(_systems.short_names(systems)),
        sources=tuple(str(system.path) for system in systems),
    )
    if arguments.html is not None:
        write_whole(arguments.html, _page(findings, systems, frames, dataset.labels))
    print(findings.to_json() if arguments.json else findings.text())
    return 0


def _check(arguments) -> None:
    """Refuse options that do not go together, and a page that could not be written after an hour of scoring."""
    given = [arguments.system, arguments.weights, arguments.predictions]
    if sum(one is not None for one in given) != 1:
        raise CourseError("Say what to score: a run folder, --weights SYSTEM/DATASET or --predictions DIR.")
    if arguments.seeds and arguments.against is not None:
        raise CourseError("--seeds is about one system, --against about two: leave one of them out.")
    one, other = arguments.system or arguments.predictions, arguments.against
    known = {Path(one).expanduser().resolve()} if one is not None else set()
    if other is not None and Path(other).expanduser().resolve() in known:
        raise CourseError(f"--against {other} is the same folder: there is nothing to compare, so name another one.")
    for further in arguments.seeds:
        place = Path(further).expanduser().resolve()
        if place in known:
            raise CourseError(f"--seeds {further} is there twice: name each run once.")
        known.add(place)
    if arguments.output is not None:
        arguments.output = str(check_writable(Path(arguments.output), "--output"))
    if arguments.html is None:
        return
    page = arguments.html = arguments.html.expanduser()
    if page.is_dir() or not page.absolute().parent.is_dir():
        raise CourseError(f"--html {page}: name a file in a folder that exists.")
    check_writable(page.parent, "--html")


def _find_systems(arguments) -> tuple[list, list]:
    """One system, or two to be compared, and trainings with other seeds.

    Raises:
        CourseError: a folder is neither a run nor predictions, or an option is not for what was given.
    """
    views, partial = _views.chosen(arguments), arguments.partial
    if arguments.predictions is not None:
        systems = [_systems.PredictionFolder(arguments.predictions, partial)]
    elif arguments.weights is not None:
        network = _systems.ShippedNetwork(arguments.weights)
        systems = [_systems.TrainedNetwork(network, arguments.weights, views, arguments.output)]
    else:
        systems = [_systems.find_system(arguments.system, views, partial, arguments.output)]
    if arguments.against is not None:
        systems.append(_systems.find_system(arguments.against, views, partial))
    trainings = [_systems.find_system(path, views, partial) for path in arguments.seeds]
    runs = [system for system in [*systems, *trainings] if isinstance(system, _systems.TrainedNetwork)]
    if not runs and arguments.dataset is None:
        wrong = "" if arguments.predictions else f"{arguments.system} is not a run folder (no config.json). "
        raise CourseError(f"{wrong}Say what the predictions belong to: add --dataset NAME.")
    if arguments.output is not None and systems[0] not in runs:
        raise CourseError("--output saves the predictions of a run; these are saved already: leave it out.")
    if not runs and views:
        raise CourseError("--scales, --flip and --window are for a run, which predicts anew: leave them out.")
    if partial and len(runs) == len(systems) + len(trainings):
        raise CourseError("--partial is for folders of predictions; a run predicts every frame: leave it out.")
    return systems, trainings


def _remembered_dir(name: str, systems) -> str | None:
    """Where the run that was trained on this data set found it."""
    return next((system.data_dir for system in systems if system.dataset == name and system.data_dir), None)


def _labelled_frames(dataset, split: str) -> list:
    frames = dataset.frames(split)
    unlabelled = [frame.name for frame in frames if not frame.has_label]
    if unlabelled:
        raise CourseError(
            f"{dataset.address} has no labels for {split} (such as {unlabelled[0]}): choose another --split."
        )
    return frames


def _extra_measures(frame, boundary: bool | None, distance: bool | None):
    """Which tolerances of boundary F and which crop factors a system is scored at, as a function of the system.

    Args:
        frame: one of the split.
        boundary, distance: as the user wants it; None for what suits the system and the frames.
    """
    from course_utils.evaluation.measures.boundary import TOLERANCES
    from course_utils.evaluation.measures.distance import FACTORS
    from course_utils.images import image_size

    height, width = image_size(frame.image)
    wide = width == 2 * height  # as the frames of Cityscapes, for which the vanishing point was chosen

    def of(system):
        with_boundary = system.thorough if boundary is None else boundary
        with_distance = system.thorough and wide if distance is None else distance
        return TOLERANCES if with_boundary else (), FACTORS if with_distance else ()

    return of


def _page(findings, systems, frames, labels) -> str:
    from course_utils.tools.reports.evaluation import ShownSystem, evaluation_page, frame_examples

    shown = [
        ShownSystem(
            name, scores, *frame_examples(scores, frames, labels, lambda some, s=system: s.predictions(some, labels))
        )
        for name, scores, system in zip(findings.names, findings.scores, systems, strict=True)
    ]
    about = {"dataset": findings.dataset, "split": findings.split}
    return evaluation_page(shown, findings.comparison, labels, spread=findings.spread, **about)
