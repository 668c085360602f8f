"""From a payload to its tables."""

from __future__ import annotations

from collections.abc import Iterator

from source_lms_reports.errors import (
    EmptyPayload,
    ErrorPayload,
    HtmlPayload,
    PayloadError,
    UnendedPayload,
    UnknownFormat,
)
from source_lms_reports.files.archive import Source, sources, tell_left_out
from source_lms_reports.files.file_format import Wanted
from source_lms_reports.files.formats import format_of
from source_lms_reports.files.member_names import claims_to_be_a_table
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table import CellChunk, Table
from source_lms_reports.files.xlsx_package import CONTENT_TYPES
from source_lms_reports.files.zoned_table import ZonedTable

_NO_REPORT = (EmptyPayload, ErrorPayload, HtmlPayload, UnknownFormat)


def verify(payload: Payload, options: ReadOptions) -> None:
    """Prove, before the first row is emitted, that what arrived is a whole report: each part of it.

    The files are read once, a block at a time. In an archive, a file that is no report of any kind is left out, and
    noted, if its name is not a report's either and another one is a report.

    Raises:
        PayloadError: One of its subclasses says what is wrong. A doubt about the last line of one file is raised when
            all others are proven.
    """
    if not any(part.path.stat().st_size for part in payload.parts):
        raise EmptyPayload("The report came without content. The next sync asks for it again.")
    doubts: list[UnendedPayload] = []
    strangers: dict[str, PayloadError] = {}
    reports = 0
    for source in sources(payload, options.limits):
        try:
            kind, beginning = format_of(source, options)
            kind.prove(beginning, options)
        except UnendedPayload as error:
            doubts.append(error)
        except _NO_REPORT as error:
            name = source.file_name or ""
            if not source.is_member or claims_to_be_a_table(name, options.format):
                raise
            strangers[name] = error
            source.findings.is_no_table = True
            continue
        reports += 1
    if strangers and not reports:
        raise _no_report_among(strangers)
    if strangers:
        tell_left_out(payload.parts[0].findings, list(strangers))
    if doubts:
        raise doubts[0]


def _no_report_among(strangers: dict[str, PayloadError]) -> PayloadError:
    """The error for an archive without a report, by the errors of its files."""
    if CONTENT_TYPES in strangers:
        return UnknownFormat("The archive is a document of Office, and no workbook. Ask the vendor what it sent.")
    return next(iter(strangers.values()))


def open_tables(payload: Payload, options: ReadOptions, wanted: Wanted = lambda _: True) -> Iterator[Table]:
    """The tables of a payload, one at a time; each must be read before the next is asked for.

    Args:
        payload: A payload that `verify` has let pass.
        options: The platform's word on its files.
        wanted: By a table's name, a member of an archive also without its folders; the others are skipped unread.

    Raises:
        PayloadError: The payload turns out not to be a whole report.
    """
    told = [note for part in payload.parts for note in part.findings.told()]
    for source in sources(payload, options.limits):
        if source.findings.is_no_table:
            continue
        kind, _ = format_of(source, options)
        for table in kind.tables(source, options, _by_either_name(wanted, source)):
            while told:
                table.notes.add(told.pop(0))
            yield ZonedTable(table, options.zoned_headers) if options.zoned_headers and table.columns else table


def _by_either_name(wanted: Wanted, source: Source) -> Wanted:
    """`export/users` is also asked for as `users`."""
    base = source.name.rsplit("/", 1)[-1] if source.is_member and source.name else source.name
    return lambda name: wanted(name) or (name == source.name and wanted(base))


def last_value(payload: Payload, options: ReadOptions, column: str) -> str:
    """What the last row of a payload has in a column; empty where there is no row, or no such column."""
    found = ""
    for table in open_tables(payload, options):
        if column not in table.columns:
            continue
        at = table.columns.index(column)
        for chunk in table.chunks():
            if isinstance(chunk, CellChunk) and len(chunk):
                found = str(chunk.columns[at][-1] or "")
    return found


def count_rows(payload: Payload, options: ReadOptions) -> int:
    """The data rows of all tables."""
    return sum(table.count() for table in open_tables(payload, options))
