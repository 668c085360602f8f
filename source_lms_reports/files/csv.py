"""CSV of any shape, a chunk at a time.

A chunk of text is split by one `str.split` over all its rows, which is several times faster than a parser that looks
at each character. That needs proof that each row has as many cells as the header and that quotes stand only where
they belong; a chunk that cannot prove it goes through `csv.reader`, with the same result.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice

from source_lms_reports.errors import TruncatedPayload
from source_lms_reports.files.archive import Source
from source_lms_reports.files.notes import Notes
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import LONG_NOTE, CellChunk, Table, unique_names
from source_lms_reports.files.text import text_blocks

ROWS = 1000
"""Rows of a chunk where rows are parsed one by one."""

_QUOTED = "\x1a"
"""Stands for a quoted cell. Not NUL: every other byte of a wide string is one, which makes the search for it slow."""

_SHORT_NOTE = "Rows with fewer cells than the header: {count} (first: row {example}); the missing cells are null"

_SAMPLE = 16
"""Rows of a piece that tell in which columns quoted cells stand."""

_END = "\x1a end of text \x1a"
"""A line behind the last one: a cell that swallows it was never closed."""

_BLANK = re.compile(r"(?<=\n)\n")

Columns = list[list[str]]


class CsvTable(Table):
    """One CSV text."""

    def __init__(self, source: Source, name: str | None, options: ReadOptions) -> None:
        self._source = source
        self._options = options
        notes = Notes(name)
        with closing(self._source.open()) as stream:
            blocks = text_blocks(stream, source.charset, options.encoding, Notes())
            header, _, self.delimiter = _head(_pieces(blocks), options.delimiters)
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

    def _rows_in_pieces(self) -> Iterator[str]:
        """The text behind the header, cut where rows end."""
        with closing(self._source.open()) as stream:
            blocks = text_blocks(stream, self._source.charset, self._options.encoding, self.notes)
            pieces = _pieces(blocks)
            _, rest, _ = _head(pieces, self._options.delimiters)
            yield from chain([rest], pieces) if rest else pieces

    def _parsed(self) -> Iterator[CellChunk]:
        width = len(self.columns)
        row = 1
        pieces = self._rows_in_pieces()
        for piece in pieces:
            columns = split(piece, self.delimiter, width)
            if columns is not None:
                chunk: CellChunk | None = CellChunk(row, columns)
            elif _outside_quotes(piece, self.delimiter) is not None:
                chunk = self._from_rows(row, rows_of([piece], self.delimiter))
            else:
                yield from self._by_rows(row, chain([piece], pieces))
                return
            if chunk is not None:
                row += len(chunk)
                yield chunk

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


def _head(pieces: Iterator[str], delimiters: str) -> tuple[list[str], str, str]:
    """The header's cells, the text that follows it in the first piece, and the delimiter."""
    for piece in pieces:
        text = piece.lstrip("\r\n\ufeff")
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


def _pieces(blocks: Iterator[str]) -> Iterator[str]:
    """The text cut where rows end (if quotes follow the rules); every piece but the last ends with a line end."""
    held: list[str] = []
    size = wanted = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < wanted:
            continue
        text = "".join(held)
        cut = _last_row_end(text)
        if cut:
            yield text[:cut]
            rest = text[cut:]
            held, size, wanted = [rest] if rest else [], len(rest), 0  # to join with nothing would copy the block
        else:
            held, wanted = [text], 2 * size  # one row, longer than what is read at a time
    text = "".join(held)
    if text:
        yield text


def _last_row_end(text: str) -> int:
    """The place behind the last line end outside of quotes; 0 if there is none."""
    return _last_outside(text, "\n", len(text)) or _last_outside(text, "\r", len(text) - 1)


def _last_outside(text: str, newline: str, high: int) -> int:
    at = text.rfind(newline, 0, high)
    inside = text.count('"') & 1
    behind = len(text)
    while at >= 0:
        inside ^= text.count('"', at, behind) & 1
        if not inside and text[at : at + 2] != "\r\n":
            return at + 1
        behind = at
        at = text.rfind(newline, 0, at)
    return 0


def split(piece: str, delimiter: str, width: int) -> Columns | None:
    """The columns of a piece that starts at a row's start and ends at a row's end.

    Returns:
        None if the piece has ragged rows, blank lines, or quotes inside of unquoted cells.
    """
    quoted: list[str] = []
    if '"' in piece:
        if _QUOTED in piece:
            return None
        parts = piece.split('"')
        if not len(parts) & 1:
            return None
        piece, quoted = _set_aside(parts)
    if "\r" in piece:
        piece = piece.replace("\r\n", "\n").replace("\r", "\n")
    if not piece.endswith("\n"):
        piece += "\n"
    separate = piece.replace("\n", f"{delimiter}\n{delimiter}")
    rows = (len(separate) - len(piece)) // 2  # to count them takes as long as to split them
    if len(quoted) == rows * width and piece == (delimiter.join(_QUOTED * width) + "\n") * rows:
        return [quoted[column::width] for column in range(width)]
    stride = width + 1
    cells = separate.split(delimiter)
    if len(cells) != rows * stride + 1 or cells[width::stride].count("\n") != rows:
        return None
    if quoted and not _put_back(cells, quoted, stride):
        return None
    if width == 1 and "" in cells[0:-1:stride]:
        return None  # a blank line
    return [cells[column:-1:stride] for column in range(width)]


def _set_aside(parts: list[str]) -> tuple[str, list[str]]:
    """The text between quotes replaced by one mark a cell, and these cells.

    Args:
        parts: The text split at quotes: at odd places what stands inside of them. An empty part between two insides
            is an escaped quote.
    """
    outside, inside = parts[0::2], parts[1::2]
    between = outside[1:-1]
    if "" not in between:
        return _QUOTED.join(outside), inside
    quoted: list[str] = []
    start = 0
    for place, text in enumerate(between, start=1):
        if text:
            quoted.append(inside[start] if place - start == 1 else '"'.join(inside[start:place]))
            start = place
    quoted.append('"'.join(inside[start:]))
    return _QUOTED.join([outside[0], *filter(None, between), outside[-1]]), quoted


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


def _outside_quotes(piece: str, delimiter: str) -> str | None:
    r"""The text with a mark for each quoted cell and \n for each line end.

    Returns:
        None if a quote does not open, close or stand escaped in a quoted cell.
    """
    parts = piece.replace(_QUOTED, "x").split('"')
    if not len(parts) & 1:
        return None
    skeleton, quoted = _set_aside(parts) if len(parts) > 1 else (parts[0], [])
    if "\r" in skeleton:
        skeleton = skeleton.replace("\r\n", "\n").replace("\r", "\n")
    opened = skeleton.startswith(_QUOTED) + sum(skeleton.count(edge + _QUOTED) for edge in ("\n", delimiter))
    closed = skeleton.endswith(_QUOTED) + sum(skeleton.count(_QUOTED + edge) for edge in ("\n", delimiter))
    return skeleton if opened == closed == len(quoted) else None


def _row_count(piece: str, delimiter: str) -> int | None:
    """The rows of a piece; None if its quotes do not follow the rules."""
    skeleton = _outside_quotes(piece, delimiter)
    if skeleton is None:
        return None
    blank = skeleton.startswith("\n") + ("\n\n" in skeleton and len(_BLANK.findall(skeleton)))
    return skeleton.count("\n") + (not skeleton.endswith("\n")) - blank
