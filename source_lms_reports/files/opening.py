"""From a payload to its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from source_lms_reports.errors import ErrorPayload, HtmlPayload, UnknownFormat
from source_lms_reports.files.archive import Source, sources
from source_lms_reports.files.csv_table import CsvTable
from source_lms_reports.files.json_sections import sections
from source_lms_reports.files.json_table import JsonTable
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table import Table
from source_lms_reports.files.text import encoding_of
from source_lms_reports.files.xlsx_table import sheets

Kind = Literal["blank", "markup", "json", "workbook", "csv"]
Wanted = Callable[[str | None], bool]

_MARKUP = re.compile(
    r"(?i)<(?:!doctype|!--|\?xml|/?(?:html|head|body|title|script|meta|error|div|h[1-6]|p|pre|center)\b)"
)
_JSON = re.compile(r'\{\s*(?:["}]|$)|\[\s*(?:[\[{"\]]|-?\d|true|false|null|$)')
_FOREIGN = (b"%PDF-", b"\x89PNG", b"GIF8", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", b"{\\rtf")
_BINARY = re.compile("[^\r\n]*[\x01-\x08\x0e-\x1a]")


def open_tables(payload: Payload, options: ReadOptions, wanted: Wanted | None = None) -> Iterator[Table]:
    """The tables of a payload, one at a time; each must be read before the next is asked for.

    Args:
        payload: A payload that `verify` has let pass.
        options: The platform's word on its files.
        wanted: By a table's name; the others are skipped unread.

    Raises:
        PayloadError: The payload turns out not to be a whole report.
    """
    for source in sources(payload, options.limits):
        head = b"" if source.workbook else source.head()
        kind = kind_of(source, head, options)
        if kind == "workbook":
            yield from sheets(source, options, wanted)
        elif kind == "json":
            yield from _json_tables(source, options, wanted)
        elif kind == "csv" and (wanted is None or wanted(source.name)):
            table = CsvTable(source, source.name, options)
            if not is_headerless(table.header, options):
                yield table


def _json_tables(source: Source, options: ReadOptions, wanted: Wanted | None) -> Iterator[Table]:
    for section in sections(source, options):
        name = source.name if section.name is None else section.name
        if wanted is None or wanted(name):
            yield JsonTable(source, section, name)


def is_headerless(header: list[str], options: ReadOptions) -> bool:
    """Whether a file says in its only header cell that it holds no table."""
    filled = [cell for cell in header if cell.strip()]
    return len(filled) == 1 and any(re.search(pattern, filled[0]) for pattern in options.headerless_members)


def kind_of(source: Source, head: bytes, options: ReadOptions) -> Kind:
    """What a file is by its first bytes; the expected format decides only between texts.

    Raises:
        HtmlPayload: It is a web page.
        ErrorPayload: It is JSON where the platform sends tables.
        UnknownFormat: It is no text at all.
    """
    if source.workbook:
        return "workbook"
    name, mark = encoding_of(head, source.charset, options.encoding)
    text = head[mark:].decode(name, "replace").lstrip("\ufeff\0 \t\r\n")
    if not text:
        return "blank"
    if _MARKUP.match(text):
        raise HtmlPayload(
            f"{source.label} is a web page and not a report. It says: {_sentence(re.sub('<[^>]*>', ' ', text))}"
        )
    looks_json = _JSON.match(text) is not None
    if looks_json and options.format in ("csv", "xlsx"):
        raise ErrorPayload(
            f"The vendor answered with JSON instead of a {options.format.upper()} report: {_sentence(text)}"
        )
    if looks_json or options.format == "json":
        return "json"
    if head.startswith(_FOREIGN) or _BINARY.match(text):
        raise UnknownFormat(
            f"{source.label} is neither CSV, XLSX, JSON nor an archive of them.", detail=repr(head[:60])
        )
    return "csv"


def _sentence(text: str, most: int = 200) -> str:
    shown = " ".join(text[: 8 * most].split())
    return shown if len(shown) <= most else f"{shown[:most]}..."
