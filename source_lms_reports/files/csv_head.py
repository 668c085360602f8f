"""What the beginning of a CSV tells: the delimiter, where the header stands, how wide the table is.

All that is guessed about a CSV is guessed here, from the same sample, and told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from source_lms_reports.files.csv_rows import MOST_IN_A_ROW, Row, rows_with_ends
from source_lms_reports.files.prose import is_sentence
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.files.text import utf8_text

SAMPLE = 64 * 1024
"""Bytes that are looked at."""

_MOST_ROWS = 500
_MOST_ABOVE = 20
_HINT = re.compile(rb'(?i)"?sep=([!#-/:-@\[-^`{-~\t])"?[,;\t ]*(?:\r\n|\r|\n|$)')
_NUMBER = re.compile(r"[-+]?[\d.,:/ -]*\d[\d.,:/ %-]*$")
_BLANK_NOTE = "Lines without text above the header, passed over: {count}"
_RULE = re.compile("-+")
_RULE_NOTE = "A line of dashes below the header, passed over"
_ABOVE_NOTE = "Lines above the header, passed over: {count} ({example})"
_DELIMITER_NOTE = "Two delimiters give all rows one width; this one is taken: {example}"
_UNLABELLED_NOTE = (
    "The header has fewer labels than most rows have cells, so columns are named by their position: {example}"
)


@dataclass(frozen=True)
class CsvHead:
    """The beginning of a CSV.

    Args:
        delimiter: Between cells.
        header: A label a column, as it stands; empty ones where the header has too few. None at all of a blank file.
        rows: The rows of the sample below the header.
        size: Bytes up to the end of the header.
        above: Lines above the header that are no rows.
        blank: How many lines above the header have no text.
        unlabelled: Columns that the header does not reach.
        rival: Another delimiter that would do as well.
        is_ended: Whether a line end stands behind the header.
        is_ruled: Whether a line of dashes stands below the header.
    """

    delimiter: str
    header: Row = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    size: int = 0
    above: list[str] = field(default_factory=list)
    blank: int = 0
    unlabelled: int = 0
    rival: str = ""
    is_ended: bool = True
    is_ruled: bool = False

    def tell(self, notes: TableWarnings) -> None:
        """What was guessed."""
        if self.blank:
            notes.add(_BLANK_NOTE, self.blank)
        if self.above:
            notes.add(_ABOVE_NOTE, len(self.above), listed([" ".join(line.split()) for line in self.above]))
        if self.is_ruled:
            notes.add(_RULE_NOTE)
        if self.rival:
            notes.add(_DELIMITER_NOTE, example=f"{self.delimiter!r}, not {self.rival!r}")
        if self.unlabelled:
            first = len(self.header) - self.unlabelled + 1
            notes.add(_UNLABELLED_NOTE, example=f"_column_{first}" + (" and so on" if self.unlabelled > 1 else ""))


def head_of(blocks: Iterator[bytes], delimiters: str, *, may_widen: bool = True) -> CsvHead:
    """The head of a text in UTF-8; more than the sample is read where the header is longer.

    Args:
        blocks: The text from its beginning.
        delimiters: The candidates, the likeliest first.
        may_widen: Whether the table may be wider than its header.
    """
    data, wanted, is_whole = b"", SAMPLE, False
    while True:
        while len(data) < wanted and not is_whole:
            block = next(blocks, b"")
            data, is_whole = data + block, not block
        head = _head(data, delimiters, is_whole, may_widen)
        if head.header or is_whole or len(data) > MOST_IN_A_ROW:
            return head
        wanted = 2 * len(data)


def _head(data: bytes, delimiters: str, is_whole: bool, may_widen: bool) -> CsvHead:
    start = len(data) - len(data.lstrip(b"\r\n"))
    hint = _HINT.match(data, start)  # Excel's own line
    if hint:
        delimiters, start = hint[1].decode(), hint.end()
    found = {one: rows_with_ends(data[start:], one, _MOST_ROWS, is_last=is_whole) for one in delimiters}
    delimiter, rival = _delimiter({one: [row for row, _ in rows] for one, rows in found.items()})
    rows = found[delimiter]
    at, above = _header_row(rows, data[start:], delimiter)
    if at is None:
        return CsvHead(delimiter)
    header = rows[at][0]
    is_ruled = len(rows) > at + 1 and _is_rule(rows[at + 1][0], len(header))
    last = at + is_ruled
    below = [row for row, _ in rows[last + 1 :] if _filled(row)]
    missing = max(_most([len(header), *map(_filled, below)]) - len(header), 0) if may_widen else 0
    return CsvHead(
        delimiter,
        header + [""] * missing,
        below,
        start + rows[last][1],
        above,
        data[:start].replace(b"\r\n", b"\n").count(b"\n") - bool(hint) + at - len(above),
        missing,
        rival,
        data[: start + rows[last][1]].endswith((b"\n", b"\r")),
        is_ruled,
    )


def _is_rule(row: Row, width: int) -> bool:
    """Whether a row draws a line below the header, as the consoles of databases do: `--` `----` -> True"""
    return len(row) == width > 1 and any("--" in cell for cell in row) and all(map(_RULE.fullmatch, row))


def _filled(row: Row) -> int:
    """The cells up to the last one that is not blank."""
    return next((at for at in range(len(row), 0, -1) if row[at - 1].strip()), 0)


def _most(widths: Sequence[int]) -> int:
    """The width of most rows, the smaller where two are as frequent: a single longer row is no evidence."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], -width))


def _width(widths: Sequence[int], default: int) -> int:
    """The one that most have, the larger where two are as frequent."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=default)


def _delimiter(found: dict[str, list[Row]]) -> tuple[str, str]:
    """The delimiter that gives the rows one width, and another one that does so as well.

    A delimiter that cuts neither the first row nor most rows is chosen only if no other one cuts them.
    """
    fits = {one: _fit([row for row in rows if _filled(row)]) for one, rows in found.items()}
    best = max(fits, key=lambda one: fits[one])
    rivals = [one for one, fit in fits.items() if one != best and fit[:2] == fits[best][:2] == (True, 1.0)]
    return best, rivals[0] if rivals else ""


def _fit(rows: list[Row]) -> tuple[bool, float, int]:
    widths = [len(row) for row in rows]
    width = _width(widths, 1)
    cuts = width > 1 or (bool(rows) and widths[0] > 1)
    return cuts, widths.count(width) / max(len(rows), 1), width


def _header_row(rows: list[tuple[Row, int]], data: bytes, delimiter: str) -> tuple[int | None, list[str]]:
    """The place of the header among the rows, and the lines above it that are titles or notices.

    A line is above the header if it is text and the first row that is not looks like a header; for with a row of data
    there the line itself is the header, one with too few labels.
    """
    width = _width([len(row) for row, _ in rows if _filled(row)], 0)
    filled = [at for at, (row, _) in enumerate(rows) if _filled(row)]
    lines = {at: data[rows[at - 1][1] if at else 0 : rows[at][1]] for at in filled[: _MOST_ABOVE + 1]}
    apart = _block_above([row for row, _ in rows], filled[: _MOST_ABOVE + 1], width)
    if apart:
        return filled[apart], [utf8_text(lines[at], TableWarnings()).strip() for at in filled[:apart]]
    above: list[str] = []
    for at in filled[:_MOST_ABOVE]:
        line = utf8_text(lines[at], TableWarnings()).strip()
        if not _is_text(rows[at][0], line, width, delimiter):
            break
        above.append(line)
    if above and len(filled) > len(above) and _is_header(rows[filled[len(above)]][0], width):
        return filled[len(above)], above
    return (filled[0] if filled else None), []


def _block_above(rows: list[Row], filled: list[int], width: int) -> int:
    """How many rows stand above a blank line that parts them from the table: its name, what it was made of.

    They are all narrower than the table, and what follows the blank line looks like a header.

    `Report,Users` `Date,2024-01-01` `` `id,name,mail` `1,Ann,a@x` -> 2
    """
    for count, (at, following) in enumerate(pairwise(filled), start=1):
        if len(rows[at]) >= width:
            return 0
        if following > at + 1 and _is_header(rows[following], width):
            return count
    return 0


def _is_text(row: Row, line: str, width: int, delimiter: str) -> bool:
    """Whether a line is text above a table of this width, if a header follows."""
    if width < 2 or '"' in line:
        return False
    if len(row) == 1:
        return width > 2 or is_sentence(line, delimiter)
    return is_sentence(line, delimiter) and (len(row) != width or line.endswith((".", ":")))


def _is_header(row: Row, width: int) -> bool:
    return len(row) == width and len({*row}) == width and all(cell.strip() and not _NUMBER.match(cell) for cell in row)
