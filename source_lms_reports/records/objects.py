"""JSON rows to batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import compress
from typing import Any

from msgspec import UNSET

from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.records.batch import Batch, FormBatch, ObjectBatch
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.records.envelope import Envelope
from source_lms_reports.records.forms import Form, form_of
from source_lms_reports.records.growing import GrowingSchema, as_cell


class ObjectShaper:
    """Makes batches of the rows of one JSON table.

    Args:
        envelope: The stream's.
        constants: Columns that every record gets; they win over a key of the same name.
        cursor_field: The key whose instants decide what is new.
        window: What is new.
        texts: Keys of columns of texts, where what is no text is written as its text of JSON.
    """

    def __init__(
        self,
        envelope: Envelope,
        constants: Mapping[str, str],
        cursor_field: str | None,
        window: CursorWindow,
        texts: Collection[str] = (),
    ) -> None:
        self._types: dict[str, set[type]] = {}
        self._envelope = envelope
        self._growing = envelope.schema
        self._left_out = envelope.left_out
        self._constants = constants
        self._cursor_field = cursor_field
        self._window = window
        self._texts = texts
        self._form: Form | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All keys so far."""
        return tuple(self._types)

    def batch(self, chunk: ObjectChunk) -> Batch:
        """The rows of a chunk that are new.

        Raises:
            UnknownFormat: An element is not a record.
        """
        found = self._form.rows(chunk) if self._form else None
        if found is None and (self._form or not self._types):  # without a form there will never be one: keys only grow
            self._learn(chunk)
            found = self._form.rows(chunk) if self._form else None
        if found is None or self._form is None:
            return self._plain(chunk.objects())
        form, has_cursor = self._form, self._cursor_field in self._form.names
        rows = self._new(found.rows, form.values(found.rows, str(self._cursor_field)) if has_cursor else None)
        copied = [(name, copy) for copy, name in self._envelope.copies.items() if name in form.names]
        for name, copy in copied:
            form.copy(rows, name, copy)
        lines = None if copied or rows is not found.rows else found.lines
        return FormBatch(self._envelope, rows, form.names, self._constants, lines)

    def _learn(self, chunk: ObjectChunk) -> None:
        """Make a form of all keys and types seen so far."""
        for name, types in chunk.types().items():
            self._types.setdefault(name, set()).update(types)
        if self._growing is not None:
            self._admit(self._growing, chunk.objects())
        fits = not self._constants.keys() & self._types.keys()
        known, copies = self._types, self._envelope.copies
        every = known | {copy: known[name] for copy, name in copies.items() if name in known}
        self._form = form_of(every, self._growing, self._left_out, self._texts) if fits else None

    def _admit(self, growing: GrowingSchema, objects: list[dict[str, Any]]) -> None:
        """Let the schema grow until these rows fit it."""
        for name in dict.fromkeys(name for row in objects for name in row):
            if name not in self._left_out and name not in self._constants:
                values = [row.get(name) for row in objects]
                growing.add(name, set(map(type, values)))
                growing.admit(name, values)

    def _plain(self, objects: list[dict[str, Any]]) -> Batch:
        for row in objects:
            for name in row:
                self._types.setdefault(name, set())
        field = self._cursor_field
        rows = self._new(objects, (row.get(field) for row in objects) if field else None)
        if self._growing is not None:
            self._admit(self._growing, rows)
            rows = [self._fitting(self._growing, row) for row in rows]
        elif self._texts:
            rows = [self._with_texts(row) for row in rows]
        return ObjectBatch(self._envelope, [{**row, **self._constants} for row in rows] if self._constants else rows)

    def _fitting(self, growing: GrowingSchema, row: dict[str, Any]) -> dict[str, Any]:
        """A row in the types of the schema, which has been made to fit: only texts need to be made of other things."""
        wanted = {name: value for name, value in row.items() if name not in self._left_out}
        wanted |= {copy: wanted[name] for copy, name in self._envelope.copies.items() if name in wanted}
        return {
            name: as_cell(value) if growing.is_plain_text(name) else (None if value == "" else value)
            for name, value in wanted.items()
        }

    def _with_texts(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: as_cell(value) if name in self._texts else value for name, value in row.items()}

    def _new(self, rows: list[Any], values: Iterable[Any] | None) -> list[Any]:
        field = self._cursor_field
        if field is not None and field in self._constants:
            keep = self._window.select([self._constants[field]])
            return rows if keep is None or keep[0] else []
        keep = None if values is None else self._window.select(_texts(values))
        return rows if keep is None else list(compress(rows, keep))


def _texts(values: Iterable[Any]) -> list[str]:
    """Values as texts; mostly they are texts already, which is seen in a fifth of the time."""
    found = list(values)
    return found if set(map(type, found)) <= {str} else list(map(_text, found))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or value is UNSET else str(value)
