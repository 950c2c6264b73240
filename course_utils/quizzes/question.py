"""A question with options, and the page on which each option answers back.

Options are `<details>`: a browser opens them by mouse and keyboard without any script, JupyterLab shows them in
notebooks that it does not trust (where it drops scripts and styles), and on paper they stay closed. Questions are bold
without a style for the same reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LETTERS = "ABCDEF"

_STYLE = """
<style>
div.course-quiz { line-height: 1.5; max-width: 46rem; }
div.course-quiz .course-question { margin: 1.1rem 0; }
div.course-quiz .course-asked { margin: 0 0 0.4rem; }
div.course-quiz details.course-option { border: 1px solid; border-radius: 0.3rem; margin: 0.3rem 0; padding: 0; }
div.course-quiz details.course-option > summary { cursor: pointer; margin: 0; padding: 0.3rem 0.7rem; }
div.course-quiz details.course-option > summary:focus-visible { outline: 3px solid; outline-offset: 2px; }
div.course-quiz details.course-option > p { border-left: 0.4rem double; margin: 0.1rem 0.7rem 0.5rem; }
div.course-quiz details.course-option > p { padding-left: 0.7rem; }
div.course-quiz details.course-right > p { border-left-style: solid; }
</style>
"""


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from.

    Attributes:
        text: the answer.
        reply: why it is right or wrong, in a sentence or two.
        right: whether it is the right one.
    """

    text: str
    reply: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with one right answer; texts may hold `code`.

    Attributes:
        text: what is asked.
        options: in the order in which they are shown.
    """

    text: str
    options: tuple[Option, ...]

    def __post_init__(self):
        if sum(option.right for option in self.options) != 1:
            raise ValueError(f"exactly one option must be right: {self.text}")


def to_html(name: str, questions: Sequence[Question]) -> str:
    """The questions as a piece of a page that needs nothing else.

    Args:
        name: of the quiz, for the ids in the page.
        questions: in order.
    """
    parts = [f'<div class="course-quiz">{_STYLE}']
    for number, question in enumerate(questions, 1):
        label = f"quiz-{name}-{number}"
        parts.append(f'<div class="course-question" role="group" aria-labelledby="{label}">')
        asked = f"<strong>Question {number}. {_marked(question.text)}</strong>"
        parts.append(f'<p class="course-asked" id="{label}">{asked}</p>')
        for letter, option in zip(LETTERS, question.options, strict=False):
            kind = "course-right" if option.right else "course-wrong"
            verdict = "✓ Right." if option.right else "✗ No."
            parts.append(f'<details class="course-option {kind}"><summary>{letter}. {_marked(option.text)}</summary>')
            parts.append(f"<p><strong>{verdict}</strong> {_marked(option.reply)}</p></details>")
        parts.append("</div>")
    return "\n".join([*parts, "</div>"])


def to_text(questions: Sequence[Question]) -> str:
    """The questions and their options, without the replies, for where there is no page."""
    blocks = []
    for number, question in enumerate(questions, 1):
        options = [f"   {letter}. {option.text}" for letter, option in zip(LETTERS, question.options, strict=False)]
        blocks.append("\n".join([f"{number}. {question.text}", *options]))
    return "\n\n".join(blocks).replace("`", "")


def _marked(text: str) -> str:
    """HTML of a text in which `code` stands between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
