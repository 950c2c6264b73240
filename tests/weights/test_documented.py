"""The page on the shipped networks says what their cards say."""

from pathlib import Path

from course_utils.tools.shipping.table import table


def test_the_page_holds_the_table_of_the_cards():
    page = Path(__file__).parents[2] / "docs" / "shipped-networks.md"
    assert table() in page.read_text("utf-8"), "put in what `python -m course_utils.tools.shipping.table` prints"
