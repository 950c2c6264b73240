"""Questions with answers that answer back, one quiz per notebook.

    quiz("02")

shows the questions of notebook 02. An option that is opened says whether it is right, and why. `question` makes the
page; the other files hold the questions. Those of a new notebook are a file here and a line in `QUIZZES`.
"""

from IPython.display import display

from course_utils.names import look_up
from course_utils.quizzes import (
    attention,
    checkerboards,
    context,
    leaderboard,
    random_fields,
    reconstruction,
    segmentation,
    segnet,
    shapes_and_distance,
    transposed_convolution,
    unpooling,
    upsampling,
)
from course_utils.quizzes.question import Option, Question, to_html, to_text

QUIZZES: dict[str, tuple[Question, ...]] = {
    "00": segmentation.QUESTIONS,
    "01": upsampling.QUESTIONS,
    "02": transposed_convolution.QUESTIONS,
    "03": checkerboards.QUESTIONS,
    "04": unpooling.QUESTIONS,
    "05": segnet.QUESTIONS,
    "06": context.QUESTIONS,
    "07": reconstruction.QUESTIONS,
    "08": random_fields.QUESTIONS,
    "09": shapes_and_distance.QUESTIONS,
    "10": leaderboard.QUESTIONS,
    "11": attention.QUESTIONS,
}
"""The questions of each notebook, by its number.

:meta hide-value:
"""


def quiz(notebook: str) -> None:
    """Show a notebook's quiz.

    Args:
        notebook: its number, such as "02".

    Raises:
        CourseError: there is no quiz for it.
    """
    questions = look_up(notebook, QUIZZES, "quiz")
    display({"text/html": to_html(notebook, questions), "text/plain": to_text(questions)}, raw=True)


__all__ = ["QUIZZES", "Option", "Question", "quiz"]
