"""The page's table has every word that a platform file can say, with the platforms that say it."""

from __future__ import annotations

from unit_tests.project.docs import pages
from unit_tests.project.docs.words import PAGE, used, with_table, words


def test_the_page_has_the_table_as_the_files_make_it() -> None:
    text = pages.read(PAGE)
    assert text == with_table(text), "run: python -m unit_tests.project.docs.words"


def test_a_word_that_nobody_says_is_gone() -> None:
    said = used()
    assert [word for word in words() if word not in said] == []
