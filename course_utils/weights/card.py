"""The cards of the networks that the course ships."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils.errors import CourseError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class WeightsCard:
    """What a shipped network is.

    Attributes:
        system: a key of `course_utils.models.SYSTEMS`.
        dataset: what it was trained on, a key of `course_utils.datasets.DATASETS`.
        options: of the system.
        image_size: height and width that it sees a whole frame at, in pixels.
        classes: names by train id.
        licence: of the weights, and of the data where they ask for one.
        encoder_weights: what its encoder started from, None for random numbers.
        command: what trained it, as it is typed.
        epochs: passes through the training split.
        minutes: wall time on the machine that trained it, other work beside it included.
        seed: of all random numbers.
        parameters: number of trained weights.
        scores: by split, each with `mean_iou`, `pixel_accuracy`, `prior_mean_iou` (an image-blind guess) and
            `class_iou`, shares in 0..1, as `course evaluate --weights` prints them.
        sha256: of the file of the weights.
    """

    system: str
    dataset: str
    options: dict
    image_size: tuple[int, int]
    classes: tuple[str, ...]
    licence: str
    encoder_weights: str | None
    command: str
    epochs: int
    minutes: float
    seed: int
    parameters: int
    scores: dict
    sha256: str

    @property
    def address(self) -> str:
        """SYSTEM/DATASET."""
        return f"{self.system}/{self.dataset}"

    def read_weights(self) -> bytes:
        """The content of the file of its weights.

        Raises:
            CourseError: the file is not there, or not the one that the card is about.
        """
        file = place(self.address).with_suffix(".npz")
        remedy = "install the course again, or get the file back with git."
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CourseError(f"{file} cannot be read ({error.strerror}): {remedy}") from None
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise CourseError(f"{file} is not the file that its card describes (SHA-256 differs): {remedy}")
        return content

    def to_json(self) -> str:
        """The content of the card's file."""
        return json.dumps(asdict(self), indent=1) + "\n"


def place(address: str) -> Path:
    """The files of a shipped network, without ending.

    Args:
        address: SYSTEM/DATASET.
    """
    system, _, dataset = address.partition("/")
    return FOLDER / dataset / system


def shipped() -> list[str]:
    """The addresses, SYSTEM/DATASET, of all shipped networks, in alphabetical order."""
    return sorted(f"{file.stem}/{file.parent.name}" for file in FOLDER.glob("*/*.json"))


def card(address: str) -> WeightsCard:
    """The card of a shipped network.

    Args:
        address: SYSTEM/DATASET.

    Raises:
        CourseError: none of this address is shipped.
    """
    if address not in shipped():
        raise CourseError(f"The course ships no weights {address!r}: choose one of {', '.join(shipped())}.")
    content = json.loads(place(address).with_suffix(".json").read_text("utf-8"))
    return WeightsCard(**{**content, "image_size": tuple(content["image_size"]), "classes": tuple(content["classes"])})
