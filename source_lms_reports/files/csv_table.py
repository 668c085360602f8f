"""CSV of any shape, a chunk at a time.

Pieces whose quotes follow the rules are split into columns at once (`csv_split`); ragged ones, and what does not
follow the rules, go through `csv.reader`, with the same result. Until they are cells, pieces are bytes: what is text
takes up to four times their size.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import closing

from source_lms_reports.files.archive import Source
from source_lms_reports.files.csv_head import CsvHead, head_of
from source_lms_reports.files.csv_rows import QUOTES_NOTE, OddRows, Piece, Row, Tail, csv_lines, cut
from source_lms_reports.files.csv_split import Columns, Splitter, row_count
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import EXTRA, LONG_NOTE, CellChunk, Table, unique_names, without_marker
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.files.text import ByteStream, utf8_blocks, utf8_text

ROWS = 1000
"""Rows of a chunk where rows are read one by one."""

END_OF_FILE = b"\x1a"
"""What old systems put behind a text."""
_ENDS = END_OF_FILE + b"\r\n"
_MOST_ENDS = 1024 * 1024
"""Bytes that are held back because there may be nothing else behind them."""

_LETTERS = re.compile(r"[ !#-~]+")
_SHORT_NOTE = "Rows with fewer cells than the header: {count} (first: row {example}); the missing cells are null"
_REPEATED_NOTE = "Lines inside the file that repeat the header, left out: {count} (first: row {example})"
_REPEATED_NAME_NOTE = "Rows that repeat the header of the only column: {count} (first: row {example})"
_FOOTER_NOTE = "Lines behind the last row, left out: {count} ({example})"
_END_NOTE = "End-of-file characters (SUB) behind the last line, left out: {count}"


class CsvTable(Table):
    """One CSV text."""

    def __init__(self, source: Source, name: str | None, options: ReadOptions) -> None:
        self._source = source
        self._options = options
        notes = TableWarnings(name)
        with closing(source.open()) as stream:
            blocks = self._blocks(stream, TableWarnings())
            self.head: CsvHead = head_of(blocks, options.delimiters, may_widen=EXTRA not in options.columns)
        self.head.tell(notes)
        self._has_names = len([label for label in self.head.header if label.strip()]) > 1
        super().__init__(name, unique_names(self.head.header, notes), notes)

    @property
    def delimiter(self) -> str:
        """What stands between cells."""
        return self.head.delimiter

    def chunks(self) -> Iterator[CellChunk]:
        """The rows; see `Table.chunks`."""
        if self.columns:
            yield from without_marker(self._parsed(), self._is_marker)

    def count(self) -> int:
        """See `Table.count`."""
        rows = 0
        for item in self.rows(TableWarnings()) if self.columns else ():
            if isinstance(item, OddRows) or self._may_repeat_header(item.data):
                return super().count()
            rows += row_count(item)
        return rows if rows > 1 else super().count()  # one row may be an empty marker

    def rows(self, notes: TableWarnings) -> Iterator[Piece | OddRows]:
        """What follows the header, cut where rows end, without what the proof has found to be no rows.

        Raises:
            TruncatedPayload: The text ends inside a quoted cell.
        """
        footer = self._source.findings.footer
        if not footer:
            yield from self._cut(notes)
            return
        notes.add(_FOOTER_NOTE, len(footer), listed(list(footer)))
        tail = Tail()
        for item in self._cut(notes):
            yield from tail.push(item)
        last = tail.rows(self.delimiter, notes)
        kept = last.rows[: -len(footer)]
        yield OddRows(kept, [place for place in last.odd if place < len(kept)], True)

    def _cut(self, notes: TableWarnings) -> Iterator[Piece | OddRows]:
        with closing(self._source.open()) as stream:
            blocks = _behind(self._blocks(stream, notes), self.head.size, notes)
            is_proven = self._source.findings.is_by_the_rules
            yield from cut(blocks, self.delimiter, notes, self._source.label, is_proven=is_proven)

    def _may_repeat_header(self, data: bytes) -> bool:
        r"""Whether a line begins as the header does, by the plain letters of its first label.

        `id,name` over `1,a` `\n` `id,name` -> True, `1,a` `\n` `2,id` -> False
        """
        if not self._has_names:
            return False
        found = _LETTERS.match(self.head.header[0])
        name = found[0].encode() if found else b""
        starts = [start + quote + name for start in (b"\n", b"\r") for quote in (b"", b'"')]
        return name in data and (data.startswith((name, b'"' + name)) or any(start in data for start in starts))

    def _blocks(self, stream: ByteStream, notes: TableWarnings) -> Iterator[bytes]:
        encoding = self._source.encoding(self._options.encoding)
        return _without_end_mark(utf8_blocks(stream, encoding, notes, unchecked=True), notes)

    def _parsed(self) -> Iterator[CellChunk]:
        row = 1
        splitter = Splitter(self.delimiter, len(self.columns))
        for item in self.rows(self.notes):
            if isinstance(item, OddRows):
                for place in item.odd:
                    self.notes.add(QUOTES_NOTE, example=row + place)
            for part in _parts(item):
                chunk = self._of_piece(row, part, splitter) if isinstance(part, Piece) else self._from_rows(row, part)
                if chunk:
                    row += len(chunk)
                    yield chunk

    def _of_piece(self, row: int, piece: Piece, splitter: Splitter) -> CellChunk | None:
        piece, columns = self._split(piece, splitter)
        if columns is not None:
            return self._without_headers(CellChunk(row, columns))
        return self._from_rows(row, csv.reader(csv_lines(self._text(piece)), delimiter=self.delimiter))

    def _split(self, piece: Piece, splitter: Splitter) -> tuple[Piece, Columns | None]:
        try:
            return piece, splitter.split(piece)
        except UnicodeDecodeError:
            clean = Piece(self._text(piece).encode())
            return clean, splitter.split(clean)

    def _text(self, piece: Piece) -> str:
        return utf8_text(piece.data, self.notes)

    def _from_rows(self, first_row: int, rows: Iterable[Row]) -> CellChunk | None:
        width = len(self.columns)
        level: list[Row] = []
        extra: list[list[str | None] | None] = []
        for row in rows:
            if not row:
                continue
            beyond = [cell or None for cell in row[width:]]
            cells = row[:width] + [""] * (width - len(row))
            if cells == self.head.header and not any(beyond) and self._is_repeated(first_row + len(level)):
                continue
            if len(row) < width and not is_marker(row, self._options):
                self.notes.add(_SHORT_NOTE, example=first_row + len(level))
            if any(beyond):
                self.notes.add(LONG_NOTE, example=first_row + len(level))
            extra.append(beyond if any(beyond) else None)
            level.append(cells)
        if not level:
            return None
        columns = [list(column) for column in zip(*level, strict=True)]
        return CellChunk(first_row, columns, extra=extra if any(extra) else None)

    def _without_headers(self, chunk: CellChunk) -> CellChunk | None:
        """The chunk without rows that are the header once more, as where files were put together."""
        header = self.head.header
        if header[0] not in chunk.columns[0]:
            return chunk
        places: set[int] = set()
        for at, row in enumerate(zip(*chunk.columns, strict=True)):
            if list(row) == header and self._is_repeated(chunk.first_row + at - len(places)):
                places.add(at)
        return _without(chunk, places)

    def _is_repeated(self, row: int) -> bool:
        """Whether a row that is equal to the header is left out; if it is a name alone, it may be a value and stays."""
        self.notes.add(_REPEATED_NOTE if self._has_names else _REPEATED_NAME_NOTE, example=row)
        return self._has_names

    def _is_marker(self, chunk: CellChunk) -> bool:
        first, *others = (column[0] for column in chunk.columns)
        is_alone = len(chunk) == 1 and not any(others) and chunk.extra is None
        return is_alone and is_marker([first], self._options)


def is_marker(row: Row, options: ReadOptions) -> bool:
    """Whether a row says that there are no rows."""
    return len(row) == 1 and row[0].strip() in options.empty_markers


def _parts(item: Piece | OddRows) -> Iterator[Piece | list[Row]]:
    """As much as makes a chunk."""
    if isinstance(item, Piece):
        yield item
        return
    for start in range(0, len(item.rows), ROWS):
        yield item.rows[start : start + ROWS]


def _without(chunk: CellChunk, places: set[int]) -> CellChunk | None:
    """A chunk without the rows at these places; None if none is left."""
    if not places:
        return chunk
    keep = [at for at in range(len(chunk)) if at not in places]
    extra = [chunk.extra[at] for at in keep] if chunk.extra else None
    columns = [[column[at] for at in keep] for column in chunk.columns]
    return CellChunk(chunk.first_row, columns, extra=extra) if keep else None


def _behind(blocks: Iterator[bytes], size: int, notes: TableWarnings) -> Iterator[bytes]:
    """The text without its first `size` bytes, whose odd ones are counted."""
    passed = b""
    for block in blocks:
        passed += block
        if len(passed) >= size:
            utf8_text(passed[:size], notes)
            if rest := passed[size:]:
                yield rest
            break
    yield from blocks


def _without_end_mark(blocks: Iterator[bytes], notes: TableWarnings) -> Iterator[bytes]:
    r"""The text without SUB at its very end, or alone on its last line.

    `1,2` `\n` `1A` -> `1,2` `\n`
    """
    held = before = b""
    for block in blocks:
        if held and (block.strip(_ENDS) or len(held) > _MOST_ENDS):
            yield held
            held, before = b"", held[-1:]
        held += block
    bare = held.rstrip(b"\r\n")
    end = bare.rstrip(END_OF_FILE)
    is_alone = end[-1:] in (b"\n", b"\r") or (not end and before in (b"", b"\n", b"\r"))
    if len(end) < len(bare) and (bare == held or is_alone):
        notes.add(_END_NOTE, len(bare) - len(end))
        held = end
    if held:
        yield held
