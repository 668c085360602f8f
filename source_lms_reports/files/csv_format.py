"""CSV as a kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from source_lms_reports.errors import EmptyPayload, ErrorPayload, TruncatedPayload, UnendedPayload, UnknownFormat
from source_lms_reports.files.archive import HEAD, Source
from source_lms_reports.files.csv_head import CsvHead
from source_lms_reports.files.csv_rows import MOST_BEHIND, OddRows, Piece, Row, Tail
from source_lms_reports.files.csv_table import CsvTable, is_marker
from source_lms_reports.files.file_format import Beginning, Wanted, broken_off, excerpt
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.prose import is_breaking_off, is_document, is_message, is_table_with_markup
from source_lms_reports.files.table_warnings import TableWarnings

_FOOTER = re.compile(r"^[(*=-].*[)*=-]$|^#|\s.*[\d:()]|[\d:()].*\s|\s.*[.!…。]$")
"""What lines behind a table look like: `(5 rows)`, `Total rows: 5`, `Made on 2024-01-01`, `-- end --`; no name does."""
_LONGEST_NAME = 200
"""Characters of a column's name, if it stands alone: what is longer is a token, or data in Base64."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BASE64_LINES = {64, 76}
"""Characters of a line of Base64 that has several, by PEM (RFC 7468) and by MIME (RFC 2045)."""
_OTHER_ENDS = {
    "\x85": "the character NEL (U+0085)",
    "\u2028": "line separators (U+2028)",
    "\u2029": "paragraph separators (U+2029)",
    "\x0b": "vertical tabs (U+000B)",
    "\x0c": "form feeds (U+000C)",
    "\x1e": "record separators (U+001E)",
    "\\r\\n": "a backslash and letters, as in \\r\\n",
    "\\n": "a backslash and a letter, as in \\n",
    "<br>": "<br>",
}
"""What stands between rows in place of line ends."""
_BINARY = re.compile("[^\r\n]*[\x01-\x08\x0e-\x1a]")


class CsvFormat:
    """One table, as text with a delimiter."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`: any text."""
        return not _BINARY.match(beginning.text)

    def holds_markup_in_cells(self, source: Source, options: ReadOptions) -> bool:
        """Whether a text that begins with a tag is a table all the same."""
        head = CsvTable(source, None, options).head
        if any(is_document(line) for line in head.above):
            return False
        return is_table_with_markup([head.header, *head.rows])

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """See `FileFormat`: no row, and no quoted cell, ends early."""
        source = beginning.source
        table = CsvTable(source, source.name, options)
        if not table.columns:
            raise EmptyPayload(f"{source.label} is empty. The next sync asks for the report again.")
        if not is_headerless(table.head.header, options):
            _refuse_message(beginning, table, options)
            _refuse_other_ends(table.head, source.label, options)
        end = _End(table.head)
        for item in table.rows(TableWarnings()):
            end.look(item)
        source.findings.footer = end.judge(source.label, options)
        source.findings.is_by_the_rules = end.is_by_the_rules

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[CsvTable]:
        """One, or none where the file says so."""
        if wanted(source.name):
            table = CsvTable(source, source.name, options)
            if not is_headerless(table.head.header, options):
                yield table


def is_headerless(header: list[str], options: ReadOptions) -> bool:
    """Whether a file says in its only header cell that it holds no table."""
    filled = [cell for cell in header if cell.strip()]
    return len(filled) == 1 and any(re.search(pattern, filled[0]) for pattern in options.headerless_members)


def _refuse_message(beginning: Beginning, table: CsvTable, options: ReadOptions) -> None:
    """Refuse a text of a few sentences; with columns that are known, a single word as well.

    Raises:
        ErrorPayload: It is one.
    """
    header = table.head.header
    if options.columns.intersection(header):
        return
    lines = [line for line in beginning.text.splitlines() if line.strip()]
    is_lone = len(lines) == 1 == len(header)
    is_word = is_lone and (bool(options.columns) or len(header[0]) > _LONGEST_NAME)
    if (
        is_word
        or _is_base64(lines)
        or (len(beginning.data) < HEAD and is_message(lines, table.delimiter, options.delimiters))
    ):
        raise ErrorPayload(f"{beginning.source.label} is not a report but says: {excerpt(beginning.text)}")


def _refuse_other_ends(head: CsvHead, label: str, options: ReadOptions) -> None:
    r"""Refuse a table whose rows stand in one line: it would be a header without rows. `id,name\x851,a\x85`

    Raises:
        UnknownFormat: It is one. All its parts have as many cells, and more than one.
    """
    if head.rows:
        return
    line = head.delimiter.join(head.header)
    for end, name in _OTHER_ENDS.items():
        parts = [part for part in line.split(end) if part.strip()]
        if len(parts) > 1 and any(_has_one_width(parts, delimiter) for delimiter in options.delimiters):
            raise UnknownFormat(
                f"{label} has all its rows in one line, told apart by {name}. Ask the vendor for CSV with line ends."
            )


def _has_one_width(rows: list[str], delimiter: str) -> bool:
    widths = {row.count(delimiter) for row in rows}
    return len(widths) == 1 and widths != {0}


def _is_base64(lines: list[str]) -> bool:
    """Whether a text is Base64 in several lines, the last of which may be cut off: all before are of one length."""
    sizes = {*map(len, lines[:-1])}
    return len(sizes) == 1 and sizes <= _BASE64_LINES and all(map(_BASE64.fullmatch, lines))


class _End:
    """How a text ends."""

    def __init__(self, head: CsvHead) -> None:
        self._head = head
        self._tail = Tail()
        self.is_by_the_rules = True

    def look(self, item: Piece | OddRows) -> None:
        """See the next rows."""
        self._tail.push(item)
        self.is_by_the_rules = self.is_by_the_rules and isinstance(item, Piece)

    def judge(self, label: str, options: ReadOptions) -> tuple[str, ...]:
        """The last lines that are no rows.

        Raises:
            TruncatedPayload: The last row has no line end, and fewer cells than the header; or a message stands in its
                place.
            UnendedPayload: It has no line end, which the platform's always have.
        """
        rows, _, is_ended = self._tail.rows(self._head.delimiter, TableWarnings())
        self._refuse_message_behind(rows, label)
        if is_ended if self._tail.items else self._head.is_ended:
            return self._footer(rows, options)
        width = len(self._head.header)
        is_short = bool(rows) and len(rows[-1]) < width and not is_marker(rows[-1], options)
        if is_short:
            raise TruncatedPayload(
                f"{label} ends inside a row: the last one has {len(rows[-1])} of {width} cells and no line end. "
                "It is cut off; the next sync asks for it again."
            )
        if options.ends_with_line_end:
            raise UnendedPayload(
                f"{label} ends without a line end: it may be cut off. The next sync asks for it again."
            )
        return ()

    def _refuse_message_behind(self, rows: list[Row], label: str) -> None:
        """Refuse a table that its writer broke off with a message: the rows in whose place it stands are missing.

        Raises:
            TruncatedPayload: It is one. No row of the table looks so, and what follows are no rows.
        """
        width = len(self._head.header)
        at = next((at for at, row in enumerate(rows) if is_breaking_off(row, width)), len(rows))
        behind = rows[at:]
        if not behind or 2 * sum(len(row) == width for row in behind[1:]) > len(behind) - 1:
            return
        if any(is_breaking_off(row[:1], width) for row in [*self._head.rows[:-MOST_BEHIND], *rows[:at]]):
            return
        raise broken_off(label, self._head.delimiter.join(behind[0]))

    def _footer(self, rows: list[Row], options: ReadOptions) -> tuple[str, ...]:
        """Lone cells of words behind rows that have all their cells."""
        found: list[str] = []
        for row in reversed(rows[-MOST_BEHIND:]):
            if len(row) != 1 or is_marker(row, options) or not _FOOTER.search(row[0].strip()):
                break
            found.insert(0, row[0])
        others = [row for row in self._head.rows if len(row) == 1 and row[0] not in found]
        return () if len(self._head.header) < 2 or others else tuple(found)
