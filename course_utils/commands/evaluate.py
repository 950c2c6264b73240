"""`course evaluate`: the table of scores of a trained run or of a folder of predictions."""

from course_utils.commands import _views

HELP = "score a run, or a folder of predictions, on a data set: per-class IoU, mIoU, iIoU, accuracies"


def configure(parser):
    parser.add_argument("run_folder", metavar="RUN", nargs="?", help="folder that `course train --output` made")
    parser.add_argument("--predictions", metavar="DIR", help="score label-id PNGs found below DIR instead of a run")
    parser.add_argument("--dataset", metavar="NAME", help="data set to score on (default: the one the run learnt from)")
    parser.add_argument("--data-dir", metavar="DIR", help="where the data set is, when not at its usual place")
    parser.add_argument("--split", default="val", metavar="S", help="train, val or test (default: val)")
    parser.add_argument("--output", metavar="DIR", help="also save the run's predictions as label-id PNGs")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    _views.configure(parser)


def run(arguments) -> int:
    from course_utils.errors import CourseError

    if (arguments.run_folder is None) == (arguments.predictions is None):
        raise CourseError("Say what to score: either a run folder or --predictions DIR.")
    if arguments.predictions is None:
        dataset, scores = _score_run(arguments)
    else:
        dataset, scores = _score_predictions(arguments)
    if arguments.json:
        source = arguments.run_folder or arguments.predictions
        print(scores.to_json(source=source, dataset=dataset, split=arguments.split))
    else:
        print(f"{dataset} {arguments.split}, {scores.frames} frames, in per cent\n\n{scores.table()}")
    return 0


def _labelled_frames(dataset: str, split: str, data_dir):
    from course_utils import datasets
    from course_utils.errors import CourseError

    frames = datasets.frames(dataset, split, data_dir)
    unlabelled = [frame.name for frame in frames if not frame.has_label]
    if unlabelled:
        raise CourseError(f"{dataset} has no labels for {split} (such as {unlabelled[0]}): choose another --split.")
    return frames


def _score_predictions(arguments):
    from course_utils import datasets
    from course_utils.errors import CourseError
    from course_utils.evaluation import score_folder

    if arguments.dataset is None:
        raise CourseError("Say what the predictions belong to: add --dataset NAME.")
    if arguments.output is not None:
        raise CourseError("--output saves the predictions of a run; these are saved already: leave it out.")
    if arguments.scales or arguments.flip or arguments.window:
        raise CourseError("--scales, --flip and --window are for a run, which predicts anew: leave them out.")
    table = datasets.label_table(arguments.dataset)
    frames = _labelled_frames(arguments.dataset, arguments.split, arguments.data_dir)
    return arguments.dataset, score_folder(arguments.predictions, frames, table)


def _score_run(arguments):
    from course_utils import datasets
    from course_utils.errors import CourseError
    from course_utils.inference import save_label_ids, score_frames
    from course_utils.training import Run

    trained = Run(arguments.run_folder)
    dataset = arguments.dataset or trained.config["dataset"]
    data_dir = arguments.data_dir or (trained.config.get("data_dir") if dataset == trained.config["dataset"] else None)
    table = datasets.label_table(dataset)
    if table.num_classes != trained.config["num_classes"]:
        raise CourseError(
            f"{trained.path} predicts {trained.config['num_classes']} classes, {dataset} has {table.num_classes}: "
            f"score it on {trained.config['dataset']}, which it was trained on."
        )
    frames = _labelled_frames(dataset, arguments.split, data_dir)
    predictor = _views.predictor(trained, arguments)

    def save(label_ids, frame):
        save_label_ids(label_ids, arguments.output, frame.name)

    title = f"Scoring {trained.path.name} on {dataset} {arguments.split}"
    return dataset, score_frames(predictor, frames, table, title=title, save=save if arguments.output else None)
