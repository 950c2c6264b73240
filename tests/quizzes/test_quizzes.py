"""The quizzes: every option answers, nothing gives the right one away, and the page works without scripts."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from course_utils.errors import CourseError
from course_utils.machine import checkout
from course_utils.quizzes import QUIZZES, Option, Question, quiz
from course_utils.quizzes.question import LETTERS, to_html, to_text

ALL = [question for questions in QUIZZES.values() for question in questions]


class Page(HTMLParser):
    """Which tags a page opens, whether all are closed, and what a reader sees while nothing is open."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.open, self.visible, self.attributes = Counter(), [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        folded = "details" in self.open and "summary" not in self.open
        if not folded and "style" not in self.open:
            self.visible.append(data)


def test_a_question_has_one_right_answer():
    with pytest.raises(ValueError, match="exactly one"):
        Question("?", (Option("a", "no"), Option("b", "no")))
    with pytest.raises(ValueError, match="exactly one"):
        Question("?", (Option("a", "yes", right=True), Option("b", "yes", right=True)))


@pytest.mark.parametrize("name", QUIZZES)
def test_three_to_five_questions_whose_options_all_reply(name):
    assert 3 <= len(QUIZZES[name]) <= 5
    for question in QUIZZES[name]:
        assert 3 <= len(question.options) <= len(LETTERS), question.text
        assert len({option.reply for option in question.options}) == len(question.options)
        assert all(len(option.reply.split()) >= 5 for option in question.options), question.text


def test_neither_place_nor_length_gives_the_answer_away():
    places, longest, shortest = Counter(), 0, 0
    for question in ALL:
        (right,) = (place for place, option in enumerate(question.options) if option.right)
        places[right] += 1
        lengths = [len(option.text) for option in question.options]
        longest += lengths[right] == max(lengths)
        shortest += lengths[right] == min(lengths)
    assert max(places.values()) <= len(ALL) / 2 and len(places) >= 3
    assert max(longest, shortest) <= len(ALL) / 2
    for questions in QUIZZES.values():
        assert len({[option.right for option in question.options].index(True) for question in questions}) > 1


@pytest.mark.parametrize("name", QUIZZES)
def test_the_page_stands_alone_and_shows_no_verdict(name):
    html = to_html(name, QUIZZES[name])
    page = Page(html)
    assert page.open == [] and page.tags["script"] == 0
    assert not re.search(r"https?:|src=|url\(", html)
    shown = " ".join(page.visible)
    assert "Right" not in shown and "✓" not in shown and "✗" not in shown
    for question in QUIZZES[name]:
        assert not any(option.reply[:30] in shown for option in question.options)
    assert page.tags["summary"] == page.tags["details"] == sum(len(q.options) for q in QUIZZES[name])
    labels = [value for key, value in page.attributes if key == "aria-labelledby"]
    assert labels == [value for key, value in page.attributes if key == "id"] and len(set(labels)) == len(labels)


def test_code_and_signs_are_safe_in_the_page():
    question = Question("Is `a < b` & c?", (Option("<b>", "x", right=True), Option("`d`", "y")))
    html = to_html("x", [question])
    assert "Is <code>a &lt; b</code> &amp; c?" in html and "&lt;b&gt;" in html and "<code>d</code>" in html
    assert to_text([question]) == "1. Is a < b & c?\n   A. <b>\n   B. d"


def test_an_unknown_quiz_is_named():
    with pytest.raises(CourseError, match="no quiz '99'"):
        quiz("99")


def test_every_notebook_shows_its_quiz():
    sources = {path.name[:2]: path.read_text() for path in (checkout() / "notebooks" / "source").glob("*.py")}
    shown = {number for number, text in sources.items() if re.search(rf'^quiz\("{number}"\)$', text, re.M)}
    assert shown == set(QUIZZES) == set(sources)
