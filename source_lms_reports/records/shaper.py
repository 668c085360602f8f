"""Tables to batches: typed by the schema, filtered by the cursor, and every oddity counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, repeat
from typing import Any

from source_lms_reports.files.table import EXTRA, CellChunk, Table, listed
from source_lms_reports.records.batch import Batch, CellBatch, Envelope
from source_lms_reports.records.cast import CASTERS, Kind, kind_of, natives
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.records.objects import ObjectShaper


@dataclass
class _Uncast:
    kind: Kind
    count: int
    row: int
    value: str


class Shaper:
    """Makes the records of one stream from its tables.

    Args:
        stream: The stream's name.
        schema: Its JSON schema; `properties` decides the types.
        constants: Columns that every record gets; they win over a column of the same name.
        cursor_field: The column (or constant) whose instants decide what is new.
        keep_from: Rows with an earlier cursor value are dropped.
        keep_before: Rows with this or a later cursor value are dropped.
        cursor_limit: `cursor_max` is not after it.
    """

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        constants: Mapping[str, str] | None = None,
        cursor_field: str | None = None,
        keep_from: datetime | None = None,
        keep_before: datetime | None = None,
        cursor_limit: datetime | None = None,
    ) -> None:
        self._envelope = Envelope(stream)
        self._constants = dict(constants or {})
        self._kinds = {name: kind_of(column) for name, column in schema.get("properties", {}).items()}
        self._typed_names = {name for name, kind in self._kinds.items() if kind != "text"} - set(self._constants)
        self._cursor_field = cursor_field
        self._window = CursorWindow(keep_from, keep_before, cursor_limit)
        self._uncast: dict[str, _Uncast] = {}
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
        objects = ObjectShaper(self._envelope, self._constants, self._cursor_field, self._window)
        for chunk in table.chunks():
            batch = self._cells(table, chunk) if isinstance(chunk, CellChunk) else objects.batch(chunk)
            if batch is not None and batch.count:
                yield batch
        if objects.names:
            self._compare(tuple(objects.names))
        self._table_notes += table.notes.messages()

    def warnings(self) -> list[str]:
        """What a user should know about the data, complete once all tables are shaped."""
        told = list(self._table_notes)
        for name, uncast in self._uncast.items():
            told.append(
                f"Values of column {name} that are not of type {uncast.kind} and stay text: {uncast.count:,} "
                f"(first: row {uncast.row}, {uncast.value!r})"
            )
        if self._window.unreadable:
            told.append(
                f"Values of the cursor column {self._cursor_field} that are no time: {self._window.unreadable:,} "
                f"(first: {_short(self._window.example)!r}). They cannot be proven old, so these rows come in each "
                "sync."
            )
        if self._unknown:
            told.append(f"Columns that the schema does not know, emitted all the same: {listed(list(self._unknown))}")
        if self._missing:
            told.append(f"Columns that the schema knows are missing from the report: {listed(list(self._missing))}")
        return told

    def _compare(self, columns: tuple[str, ...]) -> None:
        if not self._kinds:
            return
        have = {*columns, *self._constants, EXTRA}
        self._unknown |= dict.fromkeys(name for name in columns if name not in self._kinds)
        self._missing |= dict.fromkeys(name for name in self._kinds if name not in have)

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
        typed: dict[str, list[Any]] = {}
        kinds: Iterable[set[type] | None] = chunk.kinds or repeat(None, len(columns))
        for name, cells, have in zip(table.columns, columns, kinds, strict=True):
            if name not in self._constants:
                typed[name] = self._typed(name, cells, rows, have)
        for name, constant in self._constants.items():
            typed[name] = [constant] * count
        if extra:
            typed[EXTRA] = extra
        texts = tuple(name not in self._typed_names and name != EXTRA for name in typed)
        return CellBatch(self._envelope, typed, texts, count)

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
        return self._window.select(cells if are_texts else [str(cell) for cell in cells])

    def _typed(self, name: str, cells: list[Any], rows: list[int] | range, have: set[type] | None) -> list[Any]:
        kind = self._kinds.get(name, "text")
        if have is not None:
            values, uncast = natives(cells, kind, have)
        elif kind == "text":
            return cells
        else:
            values, uncast = CASTERS[kind](cells)
        if uncast:
            self._count_uncast(name, kind, values, rows)
        return values

    def _count_uncast(self, name: str, kind: Kind, values: list[Any], rows: list[int] | range) -> None:
        for at, value in enumerate(values):
            if isinstance(value, str):
                uncast = self._uncast.setdefault(name, _Uncast(kind, 0, rows[at], _short(value)))
                uncast.count += 1


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:37]}..."
