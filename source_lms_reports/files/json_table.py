"""JSON reports as tables."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import closing

from source_lms_reports.files.archive import Source
from source_lms_reports.files.findings import Section
from source_lms_reports.files.flatten import Flattener, MemberChunk
from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.json_scanner import Scanner
from source_lms_reports.files.json_sections import scanner
from source_lms_reports.files.options import Flatten
from source_lms_reports.files.table import Table
from source_lms_reports.files.table_warnings import TableWarnings

_MORE_NOTE = (
    "By its member {example} the report goes on elsewhere, and where is not known here. What came is emitted, and the "
    "state stays where it is"
)

_ASIDE_NOTE = "Beside the rows stand lists that are no rows by their names, left out: {example}"


class JsonTable(Table):
    """One array of records."""

    def __init__(self, source: Source, section: Section, name: str | None, flatten: Flatten | None = None) -> None:
        super().__init__(name, (), TableWarnings(name))
        self._source = source
        self._section = section
        if section.more:
            self.is_whole = False
            self.notes.add(_MORE_NOTE, example=section.more)
        if section.aside:
            self.notes.add(_ASIDE_NOTE, example=section.aside)
        self._flattener = Flattener(flatten, source.label) if flatten else None

    def chunks(self) -> Iterator[ObjectChunk]:
        """The rows; see `Table.chunks`."""
        return self._chunks(self.notes)

    def names(self) -> Collection[str] | None:
        """See `Table.names`."""
        with closing(self._chunks(TableWarnings())) as chunks:
            first = next(chunks, None)
            return None if first is None else first.types()

    def has_column(self, name: str) -> bool:
        """See `Table.has_column`."""
        with closing(self._chunks(TableWarnings())) as chunks:
            return any(chunk.has_key(name) for chunk in chunks)

    def _chunks(self, notes: TableWarnings) -> Generator[ObjectChunk, None, None]:
        section = self._section
        if section.start < 0:
            return
        with closing(self._source.open()) as stream:
            text = scanner(stream, self._source, notes, section.manner)
            for piece in self._pieces(text):
                if self._flattener:
                    yield MemberChunk(piece, self._source.label, self._flattener, notes)
                else:
                    yield ObjectChunk(piece, self._source.label, notes)

    def _pieces(self, text: Scanner) -> Iterator[bytes]:
        section = self._section
        if section.pieces and not section.lines:
            return text.known(section.pieces)
        text.advance_to(section.start)
        if section.pieces:
            return text.known_lines(section.pieces)
        return text.lines() if section.lines else text.elements()
