"""The rows of an XLSX sheet, cut out of its XML as it is unpacked."""

from __future__ import annotations

from collections.abc import Iterator

from source_lms_reports.files import row_blocks
from source_lms_reports.files.row_blocks import Block
from source_lms_reports.files.sheet_cells import SheetCells
from source_lms_reports.files.xlsx_cells import CellKinds, Row, RowHandler
from source_lms_reports.files.xlsx_pattern import RowLearner, RowPattern
from source_lms_reports.files.xml_items import ItemCutter
from source_lms_reports.files.xml_text import XmlParser, mended

_SMALL = 16 * 1024
"""Bytes of XML that are parsed before a pattern would pay."""
_TOLERATED = 20
"""One of so many bytes may be in rows that the pattern does not take before it learns anew."""
_LESSONS = 40
"""Times that a sheet's pattern is made."""


def read_sheet(blocks: Iterator[bytes], kinds: CellKinds, cells: SheetCells) -> None:
    """Read all rows of a sheet.

    Args:
        blocks: The bytes of its part.
        kinds: Tells kinds of cells.
        cells: Takes them.

    Raises:
        DamagedXml: The part is no XML, ends early, or refers to texts that are not there.
        UnicodeDecodeError: It is not in the encoding that it claims.
    """
    _SheetReader(kinds, cells).read(blocks)


class _SheetReader:
    def __init__(self, kinds: CellKinds, cells: SheetCells) -> None:
        self._kinds = kinds
        self._cells = cells
        self._handler = RowHandler(kinds)
        self._parser = XmlParser(self._handler)
        self._learner: RowLearner | None = None
        self._pattern: RowPattern | None = None
        self._lessons = 0
        self._held: Block | None = None

    def read(self, blocks: Iterator[bytes]) -> None:
        ItemCutter(b"row", b"sheetData", self._parser, self._take).cut(blocks)
        self._add(self._held)
        self._cells.merged = self._handler.merged
        self._cells.uncalculated = self._handler.uncalculated

    def _take(self, data: bytes, prefix: bytes) -> None:
        """Rows of the sheet; none where the parser has been fed with what came."""
        pattern, pieces = self._split(data, prefix) if data else (None, [])
        if pattern is None:
            matched = Block({}, [])
            parsed = [(0, self._parsed(data))]
        else:
            matched = row_blocks.matched(pattern, pieces)
            gaps = enumerate(pieces[:: pattern.stride])
            parsed = [(at, self._parsed(gap)) for at, gap in gaps if gap]
        block = row_blocks.with_parsed(matched, parsed) if parsed else matched
        if block.rows:
            self._hold(block)

    def _hold(self, block: Block) -> None:
        """Hold a block back until it is known whether its last row goes on in the next."""
        if self._held and row_blocks.continues(block, self._held):
            self._held, last = row_blocks.without_last(self._held)
            block = row_blocks.joined(last, block)
        self._add(self._held)
        self._held = row_blocks.whole_rows(block)

    def _add(self, block: Block | None) -> None:
        if block and block.rows:
            self._cells.add(block.columns, block.rows, block.numbers)

    def _parsed(self, data: bytes) -> list[Row]:
        """The rows that the parser finds. What stands between two rows may be no row."""
        if data:
            self._parser.feed(mended(data))
        rows, self._handler.rows = self._handler.rows, []
        return rows

    def _split(self, data: bytes, prefix: bytes) -> tuple[RowPattern | None, list[bytes]]:
        """Rows split by the pattern, which is learned anew where it does not take most of them."""
        if self._pattern is not None:
            pieces = self._pattern.pattern.split(data)
            left = pieces[:: self._pattern.stride]
            if sum(map(len, left)) * _TOLERATED <= len(data):
                return self._pattern, pieces
        else:
            pieces = left = [data]
        if len(data) < _SMALL or self._lessons >= _LESSONS or not self._learned(b"".join(left), prefix):
            return self._pattern, pieces
        return self._pattern, self._pattern.pattern.split(data) if self._pattern else pieces

    def _learned(self, rows: bytes, prefix: bytes) -> bool:
        self._lessons += 1
        self._learner = self._learner or RowLearner(self._kinds, prefix)
        if not self._learner.learn(rows):
            return False
        self._pattern = self._learner.pattern()
        return True
