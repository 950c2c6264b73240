"""The options of `course predict` and `course evaluate` that make a network look several times."""

from course_utils.tools.commands.train import size


def scale_factors(text: str) -> tuple[float, ...]:
    """Parse `S,S,...`."""
    return tuple(float(scale) for scale in text.split(","))


def configure(parser):
    group = parser.add_argument_group("several views", "their probabilities are averaged; each costs a prediction")
    group.add_argument("--scales", type=scale_factors, metavar="S,S,...", help="such as 0.75,1,1.25")
    group.add_argument("--flip", action="store_true", help="also the mirror image")
    group.add_argument("--window", type=size, metavar="HxW", help="overlapping windows of the image as it is resized")


def predictor(run_folder, arguments):
    """The predictor of a trained run, by as many views as the arguments ask for.

    Args:
        run_folder: of type `course_utils.training.Run`.
        arguments: what was parsed.
    """
    from course_utils.inference import Predictor, Views

    model = run_folder.load_model()
    if arguments.scales or arguments.flip or arguments.window:
        model = Views(model, scales=arguments.scales or (1.0,), flip=arguments.flip, window=arguments.window)
    return Predictor(model, run_folder.config["image_size"])
