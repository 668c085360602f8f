"""CSV as a kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from source_lms_reports.errors import ErrorPayload, TruncatedPayload, UnendedPayload
from source_lms_reports.files.archive import Source
from source_lms_reports.files.csv_table import CsvTable, rows_of
from source_lms_reports.files.file_format import Beginning, Wanted
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import encoding_of, text_blocks

_READ = 1024 * 1024
_FOREIGN = (b"%PDF-", b"\x89PNG", b"GIF8", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", b"{\\rtf")
_BINARY = re.compile("[^\r\n]*[\x01-\x08\x0e-\x1a]")


class CsvFormat:
    """One table, as text with a delimiter."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`: any text."""
        return not beginning.data.startswith(_FOREIGN) and not _BINARY.match(beginning.text)

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """See `FileFormat`: no row, and no quoted cell, ends early."""
        source = beginning.source
        table = CsvTable(source, source.name, options)
        quotes, lines, tail = 0, False, ""
        for text in _texts(beginning, options):
            quotes += text.count('"')
            lines = lines or "\n" in text or "\r" in text
            tail = text if len(text) >= _READ else tail[-_READ:] + text
        if quotes & 1:
            for _ in table.chunks():  # tells a stray quote from a cell that was never closed
                pass
            return
        if not lines:
            _refuse_sentence(table, source.label)
        if tail.rstrip("\0").endswith(("\n", "\r")):
            return
        if lines:
            _verify_last_row(tail, table, source.label, options)
        if options.ends_with_line_end:
            raise UnendedPayload(
                f"{source.label} ends without a line end: it may be cut off. The next sync asks for it again."
            )

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[CsvTable]:
        """One, or none where the file says so."""
        if wanted(source.name):
            table = CsvTable(source, source.name, options)
            if not is_headerless(table.header, options):
                yield table


def is_headerless(header: list[str], options: ReadOptions) -> bool:
    """Whether a file says in its only header cell that it holds no table."""
    filled = [cell for cell in header if cell.strip()]
    return len(filled) == 1 and any(re.search(pattern, filled[0]) for pattern in options.headerless_members)


def _texts(beginning: Beginning, options: ReadOptions) -> Iterator[str]:
    """The text for counting: exact in its quotes, delimiters and line ends, not in its letters."""
    source = beginning.source
    name, _ = encoding_of(beginning.data, source.charset, options.encoding)
    with closing(source.open()) as stream:
        if name.startswith(("utf-16", "utf-32")):
            yield from text_blocks(stream, source.charset, options.encoding, TableWarnings())
        else:
            while data := stream.read(_READ):
                yield data.decode("latin-1")


def _refuse_sentence(table: CsvTable, label: str) -> None:
    """A single line without line end, of one cell with several words, is no header but a message."""
    if len(table.header) == 1 and len(table.header[0].split()) > 1:
        raise ErrorPayload(f"{label} is not a report but says: {table.header[0][:200]}")


def _verify_last_row(tail: str, table: CsvTable, label: str, options: ReadOptions) -> None:
    last = _last_row(tail.replace("\r", "\n").replace("\0", ""))
    cells = next(rows_of([last], table.delimiter), [])
    marker = len(cells) == 1 and cells[0].strip() in options.empty_markers
    if len(cells) < len(table.columns) and not marker and len(last) < _READ:
        raise TruncatedPayload(
            f"{label} ends inside a row: the last one has {len(cells)} of {len(table.columns)} cells and no line end. "
            "It is cut off; the next sync asks for it again."
        )


def _last_row(tail: str) -> str:
    """The text behind the last line end that is not inside quotes, given that the text ends outside of them."""
    at = len(tail)
    while (at := tail.rfind("\n", 0, at)) >= 0:
        if not tail.count('"', at) & 1:
            return tail[at + 1 :]
    return tail
