"""From a payload to its tables."""

from __future__ import annotations

from collections.abc import Iterator

from source_lms_reports.errors import EmptyPayload
from source_lms_reports.files.archive import sources
from source_lms_reports.files.file_format import Wanted
from source_lms_reports.files.formats import BLANK, format_of
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table import Table


def verify(payload: Payload, options: ReadOptions) -> None:
    """Prove, before the first row is emitted, that what arrived is a whole report.

    The files are read once, a block at a time.

    Raises:
        PayloadError: One of its subclasses says what is wrong.
    """
    if not any(part.path.stat().st_size for part in payload.parts):
        raise EmptyPayload("The report came without content. The next sync asks for it again.")
    filled = False
    for source in sources(payload, options.limits):
        kind, beginning = format_of(source, options)
        kind.prove(beginning, options)
        filled = filled or kind is not BLANK
    if not filled:
        raise EmptyPayload("All files of the report are empty. The next sync asks for it again.")


def open_tables(payload: Payload, options: ReadOptions, wanted: Wanted = lambda _: True) -> Iterator[Table]:
    """The tables of a payload, one at a time; each must be read before the next is asked for.

    Args:
        payload: A payload that `verify` has let pass.
        options: The platform's word on its files.
        wanted: By a table's name; the others are skipped unread.

    Raises:
        PayloadError: The payload turns out not to be a whole report.
    """
    for source in sources(payload, options.limits):
        kind, _ = format_of(source, options)
        yield from kind.tables(source, options, wanted)


def count_rows(payload: Payload, options: ReadOptions) -> int:
    """The data rows of all tables."""
    return sum(table.count() for table in open_tables(payload, options))
