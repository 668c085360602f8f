"""CSV of any shape, a chunk at a time.

A piece of text is split by one `str.split` over all its rows, which is several times faster than a parser that looks
at each character. That needs proof that each row has as many cells as the header and that quotes stand only where
they belong; a piece that cannot prove it goes through `csv.reader`, with the same result. Until they are cells, pieces
are bytes: what is text takes up to four times their size.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from typing import NamedTuple

from source_lms_reports.errors import TruncatedPayload
from source_lms_reports.files.archive import Source
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import LONG_NOTE, CellChunk, Table, unique_names
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import ByteStream, utf8_blocks, utf8_text

ROWS = 1000
"""Rows of a chunk where rows are parsed one by one."""

_QUOTED = "\x1a"
"""Stands for a quoted cell."""

_MARK = _QUOTED.encode()

_SHORT_NOTE = "Rows with fewer cells than the header: {count} (first: row {example}); the missing cells are null"

_SAMPLE = 16
"""Rows of a piece that tell in which columns quoted cells stand."""

_END = "\x1a end of text \x1a"
"""A line behind the last one: a cell that swallows it was never closed."""

_BLANK = re.compile(rb"(?<=\n)\n")

Columns = list[list[str]]


class Piece(NamedTuple):
    """Whole rows, if quotes follow the rules.

    Args:
        data: UTF-8, which may have other bytes in it.
        parts: The same, cut at quotes.
    """

    data: bytes
    parts: list[bytes]


def piece_of(data: bytes) -> Piece:
    """A piece of these bytes."""
    return Piece(data, data.split(b'"'))


class CsvTable(Table):
    """One CSV text."""

    def __init__(self, source: Source, name: str | None, options: ReadOptions) -> None:
        self._source = source
        self._options = options
        notes = TableWarnings(name)
        with closing(self._source.open()) as stream:
            header, _, self.delimiter = _head(
                self._pieces(stream, TableWarnings()), options.delimiters, TableWarnings()
            )
        super().__init__(name, unique_names(header, notes), notes)
        self.header = header

    def chunks(self) -> Iterator[CellChunk]:
        """The rows; see `Table.chunks`."""
        if not self.columns:
            return
        chunks = self._parsed()
        first = next(chunks, None)
        if first is None:
            return
        second = next(chunks, None)
        if second is None and self._is_marker(first):
            return
        yield first
        if second is not None:
            yield second
            yield from chunks

    def count(self) -> int:
        """See `Table.count`."""
        rows = 0
        for piece in self._rows_in_pieces() if self.columns else ():
            in_piece = _row_count(piece, self.delimiter)
            if in_piece is None:
                return super().count()
            rows += in_piece
        return rows if rows > 1 else super().count()  # one row may be an empty marker

    def _rows_in_pieces(self) -> Iterator[Piece]:
        """What follows the header, cut where rows end."""
        with closing(self._source.open()) as stream:
            pieces = self._pieces(stream, self.notes)
            _, rest, _ = _head(pieces, self._options.delimiters, self.notes)
            yield from chain([piece_of(rest.encode())], pieces) if rest else pieces

    def _pieces(self, stream: ByteStream, notes: TableWarnings) -> Iterator[Piece]:
        blocks = utf8_blocks(stream, self._source.charset, self._options.encoding, notes, unchecked=True)
        return _cut_at_row_ends(blocks)

    def _parsed(self) -> Iterator[CellChunk]:
        row = 1
        pieces = self._rows_in_pieces()
        for raw in pieces:
            piece, columns = self._split(raw)
            if columns is not None:
                chunk: CellChunk | None = CellChunk(row, columns)
            elif _outside_quotes(piece, self.delimiter) is not None:
                chunk = self._from_rows(row, rows_of([self._text(piece)], self.delimiter))
            else:
                yield from self._by_rows(row, map(self._text, chain([piece], pieces)))
                return
            if chunk is not None:
                row += len(chunk)
                yield chunk

    def _split(self, piece: Piece) -> tuple[Piece, Columns | None]:
        try:
            return piece, split(piece, self.delimiter, len(self.columns))
        except UnicodeDecodeError:
            clean = piece_of(self._text(piece).encode())
            return clean, split(clean, self.delimiter, len(self.columns))

    def _text(self, piece: Piece) -> str:
        return utf8_text(piece.data, self.notes)

    def _by_rows(self, row: int, pieces: Iterator[str]) -> Iterator[CellChunk]:
        """The rest of a file whose quotes do not follow the rules, as `csv.reader` understands it."""
        rows = rows_of(pieces, self.delimiter, self._source.label)
        while batch := list(islice(rows, ROWS)):
            chunk = self._from_rows(row, iter(batch))
            if chunk is not None:
                row += len(chunk)
                yield chunk

    def _from_rows(self, first_row: int, rows: Iterator[list[str]]) -> CellChunk | None:
        width = len(self.columns)
        level: list[list[str]] = []
        extra: list[list[str | None] | None] = []
        for row in rows:
            beyond = [cell or None for cell in row[width:]]
            if len(row) < width:
                self.notes.add(_SHORT_NOTE, example=first_row + len(level))
            if any(beyond):
                self.notes.add(LONG_NOTE, example=first_row + len(level))
            extra.append(beyond if any(beyond) else None)
            level.append(row[:width] + [""] * (width - len(row)))
        if not level:
            return None
        columns = [list(column) for column in zip(*level, strict=True)]
        return CellChunk(first_row, columns, extra=extra if any(extra) else None)

    def _is_marker(self, chunk: CellChunk) -> bool:
        first, *others = (column[0] for column in chunk.columns)
        is_alone = len(chunk) == 1 and not any(others) and chunk.extra is None
        return is_alone and first.strip() in self._options.empty_markers


def _head(pieces: Iterator[Piece], delimiters: str, notes: TableWarnings) -> tuple[list[str], str, str]:
    """The header's cells, the text that follows it in the first piece, and the delimiter."""
    for piece in pieces:
        text = utf8_text(piece.data, notes).lstrip("\r\n\ufeff")
        hint = re.match(r"sep=(.)\r?\n", text)  # Excel's own hint line
        if hint:
            delimiters, text = hint[1], text[hint.end() :].lstrip("\r\n")
        if not text:
            continue
        lines = io.StringIO(text, newline="")
        delimiter = _delimiter(next(csv_lines(text)), delimiters)
        header = next(_reader(iter(lines.readline, ""), delimiter))
        return header, text[lines.tell() :], delimiter
    return [], "", delimiters[:1]


def csv_lines(text: str) -> Iterator[str]:
    r"""Lines as CSV knows them: they end with \n, \r or \r\n and nothing else."""
    return io.StringIO(text, newline="")


def _delimiter(line: str, candidates: str) -> str:
    """The candidate that stands most often in the header line, outside of quotes; the first one if none does."""
    bare = re.sub('"[^"]*"', "", line)
    return max(candidates, key=bare.count)


def _reader(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    return csv.reader(lines, delimiter=delimiter)


def rows_of(pieces: Iterator[str] | list[str], delimiter: str, label: str | None = None) -> Iterator[list[str]]:
    """The rows of a text in pieces that end at line ends, as `csv.reader` understands them; blank lines are none.

    Raises:
        TruncatedPayload: `label` is given and the text ends inside a quoted cell.
    """
    lines = chain.from_iterable(csv_lines(piece) for piece in pieces)
    last: list[str] = []
    for row in _reader(chain(_terminated(lines), [_END]), delimiter):
        last = row
        if row and row != [_END]:
            if row[-1].endswith(_END):
                break
            yield row
    if label is not None and last != [_END]:
        raise cut_in_quotes(label)


def _terminated(lines: Iterator[str]) -> Iterator[str]:
    """The lines, the last one with a line end too."""
    for line in lines:
        yield line if line.endswith(("\n", "\r")) else f"{line}\n"


def cut_in_quotes(label: str) -> TruncatedPayload:
    """The error for a text that ends inside a quoted cell."""
    return TruncatedPayload(f"{label} ends inside a quoted cell: it is cut off. The next sync asks for it again.")


def _cut_at_row_ends(blocks: Iterator[bytes]) -> Iterator[Piece]:
    """The text in pieces, each of which but the last ends with a line end."""
    held: list[bytes] = []
    size = wanted = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < wanted:
            continue
        data = b"".join(held)
        piece = _whole_rows(data)
        if piece is not None:
            yield piece
            rest = data[len(piece.data) :]
            held, size, wanted = [rest], len(rest), 0
        else:
            held, wanted = [data], 2 * size  # one row, longer than what is read at a time
    data = b"".join(held)
    if data:
        yield piece_of(data)


def _whole_rows(data: bytes) -> Piece | None:
    """What ends with the last line end outside of quotes; None if there is none."""
    piece = piece_of(data[: data.rfind(b"\n") + 1])
    if piece.data and len(piece.parts) & 1:
        return piece
    end = _last_outside(data, b"\n", len(data)) or _last_outside(data, b"\r", len(data) - 1)
    return piece_of(data[:end]) if end else None


def _last_outside(data: bytes, newline: bytes, high: int) -> int:
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


def split(piece: Piece, delimiter: str, width: int) -> Columns | None:
    """The columns of a piece that starts at a row's start and ends at a row's end.

    Returns:
        None if the piece has ragged rows, blank lines, or quotes inside of unquoted cells.

    Raises:
        UnicodeDecodeError: It is no UTF-8.
    """
    if not len(piece.parts) & 1 or (len(piece.parts) > 1 and _MARK in piece.data):
        return None
    skeleton, quoted = _set_aside(piece.parts)
    if not skeleton.endswith(b"\n"):
        skeleton += b"\n"
    edge = delimiter.encode()
    separate = skeleton.replace(b"\n", b"%b\n%b" % (edge, edge))
    rows = (len(separate) - len(skeleton)) // (2 * len(edge))  # to count them takes as long as to split them
    insides = _MARK.join(quoted).decode().split(_QUOTED)
    if len(quoted) == rows * width and skeleton == (edge.join([_MARK] * width) + b"\n") * rows:
        return [insides[column::width] for column in range(width)]
    stride = width + 1
    cells = separate.decode().split(delimiter)
    if len(cells) != rows * stride + 1 or cells[width::stride].count("\n") != rows:
        return None
    if quoted and not _put_back(cells, insides, stride):
        return None
    if width == 1 and "" in cells[0:-1:stride]:
        return None  # a blank line
    return [cells[column:-1:stride] for column in range(width)]


def _set_aside(parts: list[bytes]) -> tuple[bytes, list[bytes]]:
    r"""The text outside of quotes, with a mark for each quoted cell and \n for each line end, and the quoted cells.

    Args:
        parts: The text split at quotes: at odd places what stands inside of them. An empty part between two insides
            is an escaped quote.
    """
    outside, inside = parts[0::2], parts[1::2]
    between = outside[1:-1]
    if b"" not in between:
        return _with_line_feeds(_MARK.join(outside)), inside
    quoted: list[bytes] = []
    start = 0
    for place, text in enumerate(between, start=1):
        if text:
            quoted.append(inside[start] if place - start == 1 else b'"'.join(inside[start:place]))
            start = place
    quoted.append(b'"'.join(inside[start:]))
    return _with_line_feeds(_MARK.join([outside[0], *filter(None, between), outside[-1]])), quoted


def _with_line_feeds(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _put_back(cells: list[str], quoted: list[str], stride: int) -> bool:
    """Fill the marked cells; False if a mark is not a cell of its own.

    Quoted cells mostly stand in the same few columns, and to look at these is much faster than to look at all.

    Args:
        cells: All cells, a row behind the other.
        quoted: What belongs into those that are marked.
        stride: From a cell to the one below.
    """
    places = sorted({at % stride for at, cell in enumerate(cells[: _SAMPLE * stride]) if cell == _QUOTED})
    end = len(cells) // stride * stride
    marked = [""] * (end // stride * len(places))
    for number, place in enumerate(places):
        marked[number :: len(places)] = cells[place:end:stride]
    if marked.count(_QUOTED) != len(quoted):
        return _put_back_anywhere(cells, quoted)
    texts = iter(quoted)
    filled = [next(texts) if cell == _QUOTED else cell for cell in marked]
    for number, place in enumerate(places):
        cells[place:end:stride] = filled[number :: len(places)]
    return True


def _put_back_anywhere(cells: list[str], quoted: list[str]) -> bool:
    at = -1
    try:
        for text in quoted:
            at = cells.index(_QUOTED, at + 1)
            cells[at] = text
    except ValueError:
        return False
    return True


def _outside_quotes(piece: Piece, delimiter: str) -> bytes | None:
    r"""The text with a mark for each quoted cell and \n for each line end.

    Returns:
        None if a quote does not open, close or stand escaped in a quoted cell.
    """
    parts = [part.replace(_MARK, b"x") for part in piece.parts] if _MARK in piece.data else piece.parts
    if not len(parts) & 1:
        return None
    skeleton, quoted = _set_aside(parts)
    edges = (b"\n", delimiter.encode())
    opened = skeleton.startswith(_MARK) + sum(skeleton.count(edge + _MARK) for edge in edges)
    closed = skeleton.endswith(_MARK) + sum(skeleton.count(_MARK + edge) for edge in edges)
    return skeleton if opened == closed == len(quoted) else None


def _row_count(piece: Piece, delimiter: str) -> int | None:
    """The rows of a piece; None if its quotes do not follow the rules."""
    skeleton = _outside_quotes(piece, delimiter)
    if skeleton is None:
        return None
    blank = skeleton.startswith(b"\n") + (b"\n\n" in skeleton and len(_BLANK.findall(skeleton)))
    return skeleton.count(b"\n") + (not skeleton.endswith(b"\n")) - blank
