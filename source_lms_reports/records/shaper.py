"""Tables to batches: typed by the schema, filtered by the cursor, and every oddity counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress, repeat
from typing import Any

from source_lms_reports.files.table import EXTRA, CellChunk, Table
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.records.batch import Batch, CellBatch
from source_lms_reports.records.cast import cell_text, kind_of
from source_lms_reports.records.columns import ColumnCaster
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.records.envelope import AirbyteEnvelope, Envelope
from source_lms_reports.records.growing import as_cell, shortened
from source_lms_reports.records.objects import ObjectShaper

_WITHOUT_KEY_NOTE = (
    "Rows without a value in {name}, of the primary key: {count} (first: row {example}); a destination that "
    "deduplicates keeps one of them"
)


class Shaper:
    """Makes the records of one stream from its tables.

    Args:
        stream: The stream's name.
        schema: Its JSON schema; `properties` decides the types.
        constants: Columns that every record gets; they win over a column of the same name.
        key: The columns of its primary key. Of tables of cells, rows without a value there are counted.
        cursor_field: The column (or constant) whose instants decide what is new.
        keep_from: Rows with an earlier cursor value are dropped.
        keep_before: Rows with this or a later cursor value are dropped.
        cursor_limit: `cursor_max` is not after it.
        tells_missing: Whether a column that the schema knows and no row has is news.
        envelope: How records are written; by default as Airbyte's.
    """

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        constants: Mapping[str, str] | None = None,
        key: Sequence[str] = (),
        cursor_field: str | None = None,
        keep_from: datetime | None = None,
        keep_before: datetime | None = None,
        cursor_limit: datetime | None = None,
        tells_missing: bool = True,
        envelope: Envelope | None = None,
    ) -> None:
        self._envelope = envelope or AirbyteEnvelope(stream)
        self._growing = self._envelope.schema
        self._left_out = self._envelope.left_out
        self._constants = {n: one for n, one in (constants or {}).items() if n not in self._left_out}
        self._known = schema.get("properties", {}).keys()
        self._texts = {name for name, one in schema.get("properties", {}).items() if kind_of(one) == "text"}
        self._columns = ColumnCaster(schema.get("properties", {}), self._growing)
        self._tells_missing = tells_missing
        self._key = key
        self._without_key = TableWarnings()
        self._cursor_field = cursor_field
        self._window = CursorWindow(keep_from, keep_before, cursor_limit)
        self._unknown: dict[str, None] = {}
        self._missing: dict[str, None] = {}
        self._table_notes: list[str] = []

    @property
    def cursor_max(self) -> str | None:
        """The greatest cursor value of the emitted rows that is not after the limit, as the vendor wrote it."""
        return self._window.greatest

    def shape(self, table: Table) -> Iterator[Batch]:
        """The records of a table that are new.

        Raises:
            PayloadError: The table turns out not to be whole.
        """
        if table.columns:
            self._compare(table.columns)
        self._announce(table.columns)
        objects = ObjectShaper(self._envelope, self._constants, self._cursor_field, self._window, self._texts)
        for chunk in table.chunks():
            batch = self._cells(table, chunk) if isinstance(chunk, CellChunk) else objects.batch(chunk)
            if batch is not None and batch.count:
                yield batch
        if objects.names:
            self._compare(tuple(objects.names))
        self._table_notes += table.notes.messages()

    def warnings(self) -> list[str]:
        """What a user should know about the data, complete once all tables are shaped."""
        told = [*self._table_notes, *self._columns.warnings(), *self._without_key.messages()]
        if self._growing is not None:
            told += self._growing.take_warnings()
        if self._window.unreadable:
            told.append(
                f"Values of the cursor column {self._cursor_field} that are no time: {self._window.unreadable:,} "
                f"(first: {shortened(self._window.example)}). They cannot be proven old, so these rows come in each "
                "sync."
            )
        if self._unknown:
            told.append(f"Columns that the schema does not know, emitted all the same: {listed(list(self._unknown))}")
        if self._missing and self._tells_missing:
            told.append(f"Columns that the schema knows are missing from the report: {listed(list(self._missing))}")
        return told

    def _announce(self, columns: tuple[str, ...]) -> None:
        """Tell the schema that records must fit which columns they will have."""
        if self._growing is not None:
            for name in (*columns, *self._constants):
                if name not in self._left_out:
                    self._growing.add(name)

    def _compare(self, columns: tuple[str, ...]) -> None:
        if not self._known:
            return
        have = {*columns, *self._constants, EXTRA}
        self._unknown |= dict.fromkeys(name for name in columns if name not in self._known)
        self._missing |= dict.fromkeys(name for name in self._known if name not in have)

    def _cells(self, table: Table, chunk: CellChunk) -> Batch | None:
        columns, extra, count = chunk.columns, chunk.extra, len(chunk)
        rows: list[int] | range = range(chunk.first_row, chunk.first_row + count)
        keep = self._kept(table, chunk)
        if keep is not None:
            columns = [list(compress(column, keep)) for column in columns]
            extra = list(compress(extra, keep)) if extra else None
            rows = list(compress(rows, keep))
            count = len(rows)
        if not count:
            return None
        self._look_at_key(table.columns, columns, rows)
        typed: dict[str, list[Any]] = {}
        kinds: Iterable[set[type] | None] = chunk.kinds or repeat(None, len(columns))
        for name, cells, have in zip(table.columns, columns, kinds, strict=True):
            if name not in self._constants and name not in self._left_out:
                typed[name] = self._columns.values(name, cells, rows, have)
        for name, constant in self._constants.items():
            typed[name] = [constant] * count
        if extra and EXTRA not in self._left_out:
            typed[EXTRA] = self._listed(extra)
        typed |= {copy: typed[name] for copy, name in self._envelope.copies.items() if name in typed}
        texts = tuple(name in self._constants or (name != EXTRA and self._columns.is_text(name)) for name in typed)
        return CellBatch(self._envelope, typed, texts, count)

    def _look_at_key(self, names: Sequence[str], columns: Sequence[list[Any]], rows: Sequence[int]) -> None:
        for name in self._key:
            cells = columns[names.index(name)] if name in names else []
            if count := cells.count("") + cells.count(None):
                first = rows[next(at for at, cell in enumerate(cells) if cell is None or cell == "")]
                self._without_key.add(_WITHOUT_KEY_NOTE.replace("{name}", name), count, first)

    def _kept(self, table: Table, chunk: CellChunk) -> list[bool] | None:
        field = self._cursor_field
        if field is None:
            return None
        if field in self._constants:
            return self._window.select([self._constants[field]] * len(chunk))
        if field not in table.columns:
            return None
        at = table.columns.index(field)
        cells = chunk.columns[at]
        are_texts = chunk.kinds is None or chunk.kinds[at] <= {str}
        return self._window.select(cells if are_texts else list(map(cell_text, cells)))

    def _listed(self, extra: list[list[Any] | None]) -> list[Any]:
        if self._growing is None:
            return extra
        self._growing.add(EXTRA, (list,))
        return extra if list in self._growing.types(EXTRA) else [as_cell(one) for one in extra]
