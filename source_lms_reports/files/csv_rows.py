"""CSV text, cut where rows end: pieces whose quotes follow the rules, and rows that were read one by one.

What is cut here is the same whoever asks: the proof of a file and its reading cannot come to different ends.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import accumulate, islice
from operator import itemgetter
from typing import NamedTuple

from source_lms_reports.errors import TruncatedPayload, UnknownFormat
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import utf8_text

MOST_IN_A_ROW = 16 * 1024 * 1024
"""Bytes of the longest row. What is longer is no row but text behind a quote that is not closed."""

QUOTES_NOTE = (
    "Rows whose quotes do not follow the rules of CSV (a quote in a quoted cell that is not doubled, or one that opens "
    "a cell and does not close it): {count} (first: row {example}); read as they stand, behind a backslash as a quote"
)

MOST_BEHIND = 20
"""Lines that may stand behind a table."""
_SHORT = 4096
"""Bytes of a piece that may have fewer rows than that."""

_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_MOST_LINES = 50
"""Lines of a row whose quotes are escaped by backslashes."""

_MANY_QUOTES = 1 / 16
"""Of all bytes: where as many are quotes, almost all cells are quoted."""

_MARK = codecs.BOM_UTF8
_MARK_TEXT = _MARK.decode()
_MARKS = re.compile(rb"(?:^|(?<=[\r\n]))(?:\xef\xbb\xbf)+")
_MARKS_BEHIND = re.compile(_MARKS.pattern + rb"\Z")
_MARK_NOTE = "Byte order marks inside the file, removed: {count}"
_FIRST, _LAST = itemgetter(0), itemgetter(-1)

Row = list[str]


class Piece:
    """Whole rows whose quotes follow the rules: each opens a cell, closes one, or is doubled in one.

    Args:
        data: UTF-8, which may have other bytes in it.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def parts(self) -> list[bytes]:
        """The data cut at quotes: at odd places stands what is inside of them."""
        return self.data.split(b'"')

    @cached_property
    def quotes(self) -> int:
        """How many quotes there are.

        To cut at them tells as well. That is faster where there are few, and takes three times as long where there are
        many.
        """
        is_cut = "parts" in self.__dict__ or self.data.count(b'"', 0, _SHORT) < _MANY_QUOTES * _SHORT
        return len(self.parts) - 1 if is_cut else self.data.count(b'"')


class OddRows(NamedTuple):
    """Whole rows that are read one by one.

    Args:
        rows: As `csv.reader` reads them; blank lines are none.
        odd: The places among them of those that it would not have read by the rules.
        is_ended: Whether a line end stands behind the last one.
    """

    rows: list[Row]
    odd: list[int]
    is_ended: bool


class Tail:
    """Holds the last rows of a text back, for what stands behind a table is known only at the end."""

    def __init__(self) -> None:
        self.items: list[Piece | OddRows] = []

    def push(self, item: Piece | OddRows) -> list[Piece | OddRows]:
        """Hold the next rows back; those that come free are given back."""
        free, self.items = self.items, [item]
        if _is_short(item):
            free, self.items = free[:-MOST_BEHIND], [*free[-MOST_BEHIND:], item]
        return free

    def rows(self, delimiter: str, notes: TableWarnings) -> OddRows:
        """What is held back, row by row."""
        rows: list[Row] = []
        odd: list[int] = []
        for item in self.items:
            if isinstance(item, OddRows):
                odd += [len(rows) + place for place in item.odd]
                rows += item.rows
            else:
                rows += rows_of(utf8_text(item.data, notes), delimiter)
        return OddRows(rows, odd, not self.items or _is_ended(self.items[-1]))


def _is_short(item: Piece | OddRows) -> bool:
    return len(item.rows) < MOST_BEHIND if isinstance(item, OddRows) else len(item.data) < _SHORT


def _is_ended(item: Piece | OddRows) -> bool:
    return item.is_ended if isinstance(item, OddRows) else item.data.endswith((b"\n", b"\r"))


def cut(
    blocks: Iterable[bytes], delimiter: str, notes: TableWarnings, label: str, *, is_proven: bool = False
) -> Iterator[Piece | OddRows]:
    """All rows of a text, in order.

    Args:
        blocks: Text in UTF-8, cut anywhere, that begins where a row does.
        delimiter: Between cells, an ASCII character.
        notes: Where odd bytes are counted; those of pieces are counted where these are read.
        label: What messages call the file.
        is_proven: Whether all quotes of the text are known to follow the rules: they are not looked at again.

    Raises:
        TruncatedPayload: The text ends inside a quoted cell.
        UnknownFormat: A row has more than `MOST_IN_A_ROW` bytes.
    """
    held: list[bytes] = []
    size = wanted = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < wanted:
            continue
        data = b"".join(held)
        found, used = _whole_rows(data, delimiter, notes, is_proven)
        yield from found
        held = [data[used:]]
        size = len(held[0])
        wanted = 0 if used else 2 * size  # one row, longer than what is read at a time
        if size > MOST_IN_A_ROW:
            raise UnknownFormat(
                f"{label} has a row of more than {MOST_IN_A_ROW // 1024**2} MiB: a quote in it is not closed, or it is "
                "no table. Ask the vendor what it sent."
            )
    data, marks = _MARKS_BEHIND.subn(b"", b"".join(held))
    if marks:
        notes.add(_MARK_NOTE)
    if data:
        yield from _last_rows(data, delimiter, notes, label)


def _whole_rows(
    data: bytes, delimiter: str, notes: TableWarnings, is_proven: bool
) -> tuple[list[Piece | OddRows], int]:
    """The rows that end in sight, and their bytes."""
    piece = piece_in_sight(data, is_cut=not is_proven)
    if piece.data and (is_proven or _is_by_the_rules(piece, delimiter)):
        return [_without_marks(piece, notes)], len(piece.data)
    rows, used = odd_rows(data, delimiter, notes, is_last=False)
    return ([rows] if used else []), used


def _last_rows(data: bytes, delimiter: str, notes: TableWarnings, label: str) -> Iterator[Piece | OddRows]:
    piece = Piece(data)
    if not piece.quotes & 1 and _is_by_the_rules(piece, delimiter):
        yield _without_marks(piece, notes)
        return
    rows, used = odd_rows(data, delimiter, notes, is_last=True)
    yield rows
    if used < len(data):
        raise cut_in_quotes(label)


def cut_in_quotes(label: str) -> TruncatedPayload:
    """The error for a text that ends inside a quoted cell."""
    return TruncatedPayload(f"{label} ends inside a quoted cell: it is cut off. The next sync asks for it again.")


# -- by the rules


def piece_in_sight(data: bytes, *, is_cut: bool = True) -> Piece:
    r"""What ends with the last line end that an even number of quotes stands before.

    `1,"a` `\n` `b"` `\n` `2,"c` -> `1,"a` `\n` `b"` `\n`

    Args:
        data: Begins where a row does.
        is_cut: Whether the parts of the piece are needed in any case.
    """
    piece = Piece(data[: data.rfind(b"\n") + 1])
    quotes = len(piece.parts) - 1 if is_cut else piece.quotes
    if not piece.data or quotes & 1:
        end = _last_outside(data, b"\n", len(data)) or _last_outside(data, b"\r", len(data) - 1)
        piece = Piece(data[:end])
    return piece


def _last_outside(data: bytes, newline: bytes, high: int) -> int:
    """The place behind the last line end that an even number of quotes stands before; 0 if there is none."""
    at = data.rfind(newline, 0, high)
    inside = data.count(b'"') & 1
    behind = len(data)
    while at >= 0:
        inside ^= data.count(b'"', at, behind) & 1
        if not inside and data[at : at + 2] != b"\r\n":
            return at + 1
        behind = at
        at = data.rfind(newline, 0, at)
    return 0


def _is_by_the_rules(piece: Piece, delimiter: str) -> bool:
    r"""Whether all quotes of a piece stand at the edge of a cell, or doubled in a quoted one.

    What stands outside of quotes then begins and ends with a delimiter or a line end:

    `1,"a",2` `\n` `3,"b ""c"" d"` `\n` -> outside are `1,`, `,2\n3,`, nothing twice (doubled quotes), `\n`

    The parts are looked at by their first and last bytes, which takes a tenth of the time of reading the rows. Where
    almost all cells are quoted there are few different parts, and to tell these first takes half of the time.
    """
    parts = piece.parts
    if len(parts) == 1:
        return True
    between: Iterable[bytes] = parts[2:-1:2]
    if len(parts) > _MANY_QUOTES * len(piece.data):
        between = set(between)
    try:
        found = {*map(_FIRST, between), *map(_LAST, between)}
    except IndexError:  # a doubled quote
        between = list(filter(None, between))
        found = {*map(_FIRST, between), *map(_LAST, between)}
    return found | {*parts[0][-1:], *parts[-1][:1]} <= {ord(delimiter), *b"\r\n"}


def _without_marks(piece: Piece, notes: TableWarnings) -> Piece:
    r"""A piece without byte order marks where rows begin: files that were put together have them.

    `1,a` `\n` MARK `id,name` `\n` -> `1,a` `\n` `id,name` `\n`; behind a line end in a quoted cell a mark stays.
    """
    data = piece.data
    if _MARK[:1] not in data or _MARK not in data:  # the first of which is seen in no time
        return piece
    parts: list[bytes] = []
    at = quotes = 0
    for found in _MARKS.finditer(data):
        quotes += data.count(b'"', at, found.start())
        if not quotes & 1:
            parts.append(data[at : found.start()])
            at = found.end()
            notes.add(_MARK_NOTE)
    return Piece(b"".join([*parts, data[at:]])) if parts else piece


# -- one by one


class _Lines:
    """Lines for a reader, and whether it has asked for one too many."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines = islice(lines, start, None)
        self.are_over = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.are_over = True
            raise


def csv_lines(text: str) -> list[str]:
    r"""Lines as CSV knows them, with their ends: \n, \r or \r\n and nothing else."""
    return list(io.StringIO(text, newline=""))


def odd_rows(data: bytes, delimiter: str, notes: TableWarnings, *, is_last: bool) -> tuple[OddRows, int]:
    """The rows of bytes that begin where a row does, one by one, and how many bytes they take.

    `csv.reader` reads them; a row that it refuses by the rules is read by `_odd_row`.

    Args:
        data: UTF-8, which may have other bytes in it.
        delimiter: Between cells.
        notes: Where odd bytes are counted.
        is_last: Whether nothing follows: the last line then needs no end.
    """
    lines = _whole_lines(data, is_last)
    texts = csv_lines(utf8_text(b"".join(lines), TableWarnings()))
    rows: list[Row] = []
    odd: list[int] = []
    used = 0
    marked: list[int] = []
    for row, used, is_odd in _read(texts, delimiter, is_last, marked):  # noqa: B007 - the last one counts
        if row:
            if is_odd:
                odd.append(len(rows))
            rows.append(row)
    size = sum(map(len, lines[:used]))
    utf8_text(data[:size], notes)
    if marks := sum(at < used for at in marked):
        notes.add(_MARK_NOTE, marks)
    return OddRows(rows, odd, data[:size].endswith((b"\n", b"\r"))), size


def _whole_lines(data: bytes, is_last: bool) -> list[bytes]:
    lines = data.splitlines(keepends=True)  # of bytes: at \n, \r and \r\n only
    if not is_last and lines and not lines[-1].endswith(b"\n"):  # behind \r there may come \n
        lines.pop()
    return lines


def _read(lines: list[str], delimiter: str, is_last: bool, marked: list[int]) -> Iterator[tuple[Row, int, bool]]:
    """Rows, the lines that are behind each of them, and whether it is odd.

    Args:
        lines: A row begins with the first of them.
        delimiter: Between cells.
        is_last: Whether nothing follows.
        marked: Is told the places of lines that were rid of a byte order mark.
    """
    csv.field_size_limit(sys.maxsize)
    at = 0
    while at < len(lines):
        _unmark(lines, at, marked)
        rest = _Lines(lines, at)
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        behind = at
        try:
            for row in reader:
                behind = at + reader.line_num
                _unmark(lines, behind, marked)
                yield row, behind, False
        except csv.Error:
            found = None if rest.are_over else _odd_row(lines, behind, delimiter, is_last)
        else:
            return
        if found is None:
            return  # inside a quoted cell
        row, count = found
        at = behind + count
        yield row, at, True


def _unmark(lines: list[str], at: int, marked: list[int]) -> None:
    """Take byte order marks from the line where a row begins, before it is read."""
    if at < len(lines) and lines[at].startswith(_MARK_TEXT):
        lines[at] = lines[at].lstrip(_MARK_TEXT)
        marked.append(at)


def _odd_row(lines: list[str], start: int, delimiter: str, is_last: bool) -> tuple[Row, int] | None:
    """A row with a quoted cell behind whose end there is more text, and its lines; None if it does not end in sight.

    Within a line the cell is what `csv.reader` makes of it: `"a "b" c"` -> `a b" c"`. Where it would go on to other
    lines, the quote that opens it is text: `1,"Ann` is a row of two cells, and the next line is not swallowed.
    Where a backslash before a quote makes it a quote of the cell, as some databases write, the row is that one.
    """
    if '\\"' in lines[start]:
        ahead = _Lines(lines[start : start + _MOST_LINES], 0)
        escaped = _escaped_row(ahead, delimiter)
        if escaped or (ahead.are_over and not is_last and start + _MOST_LINES > len(lines)):
            return escaped
    line = _Lines(lines[start : start + 1], 0)
    row = next(csv.reader(line, delimiter=delimiter))
    if not line.are_over:
        return row, 1
    text = "".join(lines[start:])
    found = _cells(text, delimiter, is_last)
    if found is None:
        return None
    row, end = found
    return row, len(csv_lines(text[:end]))


def _escaped_row(lines: _Lines, delimiter: str) -> tuple[Row, int] | None:
    r"""The first row, its quotes escaped by backslashes, and its lines; None if it is not so. Other backslashes stay.

    `1,"a \"b, c\" d",C:\x` -> `1` `a "b, c" d` `C:\x`
    """
    reader = csv.reader((_ESCAPED.sub(r'\1""', line) for line in lines), delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None


@lru_cache(maxsize=8)
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    r"""A quoted cell up to the quote that closes it; and the text up to the end of a cell without quotes."""
    return re.compile(r'"[^"]*(?:""[^"]*)*"(?!")'), re.compile(rf"[^\r\n{re.escape(delimiter)}]*")


def _cells(text: str, delimiter: str, is_last: bool) -> tuple[Row, int] | None:
    """The cells of the first row of a text, and where it ends."""
    quoted, plain = _patterns(delimiter)
    row: Row = []
    at = 0
    while True:
        cell, end = _plain(plain, text, at)
        if text.startswith('"', at):
            inside = quoted.match(text, at)
            if inside is None or (inside.end() == len(text) and not is_last):
                return None
            rest, behind = _plain(plain, text, inside.end())
            if not rest.strip() or not re.search("[\r\n]", inside[0]):
                cell, end = inside[0][1:-1].replace('""', '"') + rest, behind
        row.append(cell)
        if not text.startswith(delimiter, end):
            return row, end + len(re.match(r"\r\n|\r|\n|", text[end:])[0])  # type: ignore[index]
        at = end + len(delimiter)


def _plain(pattern: re.Pattern[str], text: str, at: int) -> tuple[str, int]:
    found = pattern.match(text, at)
    end = found.end() if found else at
    return text[at:end], end


def rows_of(text: str, delimiter: str) -> list[Row]:
    """All rows of a text that end in it; blank lines are none."""
    return [row for row, _, _ in _read(csv_lines(text), delimiter, is_last=True, marked=[]) if row]


def rows_with_ends(data: bytes, delimiter: str, most: int, *, is_last: bool) -> list[tuple[Row, int]]:
    """The first rows of bytes, blank lines as well, and behind which byte each of them ends.

    Args:
        data: UTF-8, which may have other bytes in it.
        delimiter: Between cells.
        most: How many rows.
        is_last: Whether nothing follows: the last line then needs no end.
    """
    lines = _whole_lines(data, is_last)
    texts = csv_lines(utf8_text(b"".join(lines), TableWarnings()))
    ends = list(accumulate(map(len, lines), initial=0))
    return [(row, ends[used]) for row, used, _ in islice(_read(texts, delimiter, is_last, []), most)]
