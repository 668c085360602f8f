"""The page's table has every word that a platform file can say, with the platforms that say it."""

from __future__ import annotations

from unit_tests.project.docs import pages
from unit_tests.project.docs.words import PAGE, used, with_table, words

#: The words of files in parts, of flat rows, and of a cursor that the vendor tells: their platform comes next.
COMING = {
    ("RequestSpec", "one_a_part"),
    ("JobSpec", "parts"),
    ("JobSpec", "part_links"),
    ("JobSpec", "cursor"),
    ("PolicySpec", "throttled"),
    ("StreamSpec", "cursor_is_told"),
    ("SchemaSpec", "request"),
    ("SchemaSpec", "at"),
    ("ListingSpec", "schema"),
    ("DeletesSpec", "member"),
    ("DeletesSpec", "column"),
    ("DeletesSpec", "value"),
    ("DeletesSpec", "at"),
    ("FlattenSpec", "members"),
    ("FlattenSpec", "key"),
    ("FlattenSpec", "reserved"),
    ("FlattenSpec", "deletes"),
    ("FilesSpec", "flatten"),
    ("FilesSpec", "leaves_out_empty"),
}


def test_the_page_has_the_table_as_the_files_make_it() -> None:
    text = pages.read(PAGE)
    assert text == with_table(text), "run: python -m unit_tests.project.docs.words"


def test_a_word_that_nobody_says_is_gone() -> None:
    said = used()
    unsaid = [(part, name) for part, name in words() if (part, name) not in said]
    assert [one for one in unsaid if one not in COMING] == []
