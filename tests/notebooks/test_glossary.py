"""The glossary: in order, each term in one place, and introduced where it says."""

import re

from course_utils.machine import checkout

TERM = re.compile(r"^(\S.*)\n((?:  .+\n)+)", re.M)


def test_terms_stand_in_order_and_in_the_notebooks_that_they_name():
    text = (checkout() / "docs" / "glossary.md").read_text("utf-8")
    found = TERM.findall(text.partition("```{glossary}\n")[2].partition("```")[0] + "\n")
    terms = [term for term, _ in found]
    assert len(terms) > 40 and terms == sorted(terms, key=str.lower) and len(set(terms)) == len(terms)
    folder = checkout() / "notebooks" / "source"
    for term, sentence in found:
        for number in re.findall(r"notebooks? (\d\d)", sentence):
            (source,) = folder.glob(f"{number}_*.py")
            lesson = " ".join(re.sub(r"^# ?", "", source.read_text("utf-8"), flags=re.M).lower().split())
            assert any(word in lesson for word in term.lower().split(", ")), f"{term} is not in notebook {number}"
