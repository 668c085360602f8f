"""Batches of finished records, as rows and as lines of output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from source_lms_reports.files.json_records import exact_value
from source_lms_reports.records.envelope import Envelope

_ENCODER = msgspec.json.Encoder()


class Batch:
    """About a thousand records of one stream.

    Both forms come from the same columns: `rows` for the stock entrypoint of the CDK, `lines` for ours.
    """

    count: int

    def rows(self) -> Iterator[dict[str, Any]]:
        """The records; empty cells are None."""
        raise NotImplementedError

    def lines(self, emitted_at: int) -> bytes:
        """Complete RECORD messages, one a line; fields of the top level that are null are left out.

        Args:
            emitted_at: Milliseconds since 1970.
        """
        raise NotImplementedError


class CellBatch(Batch):
    """Records as columns.

    Args:
        envelope: The stream's.
        columns: The values by the columns' names.
        texts: For each column whether it is one of texts, where an empty cell is `""`; elsewhere it is None.
        count: How many records there are.
    """

    def __init__(
        self, envelope: Envelope, columns: Mapping[str, list[Any]], texts: tuple[bool, ...], count: int
    ) -> None:
        self.count = count
        self._envelope = envelope
        self._columns = columns
        self._texts = texts

    def rows(self) -> Iterator[dict[str, Any]]:
        """See `Batch.rows`."""
        if not self._columns:  # none of them is selected
            yield from ({} for _ in range(self.count))
        for row in zip(*self._columns.values(), strict=True):
            yield {name: None if value == "" else value for name, value in zip(self._columns, row, strict=True)}

    def lines(self, emitted_at: int) -> bytes:
        """See `Batch.lines`."""
        form = _form(tuple(self._columns), self._texts)
        if form is None:
            return ObjectBatch(self._envelope, list(self.rows())).lines(emitted_at)
        # A list and not its iterator: the encoder of msgspec 0.22 never lets go of what an iterator gives it.
        return self._envelope.wrap(_ENCODER.encode_lines(list(map(form, *self._columns.values()))), emitted_at)


class ObjectBatch(Batch):
    """Records that are JSON objects."""

    def __init__(self, envelope: Envelope, objects: list[dict[str, Any]]) -> None:
        self.count = len(objects)
        self._envelope = envelope
        self._objects = objects

    def rows(self) -> Iterator[dict[str, Any]]:
        """See `Batch.rows`."""
        return iter(self._objects)

    def lines(self, emitted_at: int) -> bytes:
        """See `Batch.lines`."""
        filled = [{name: value for name, value in row.items() if value is not None} for row in self._objects]
        return self._envelope.wrap(_ENCODER.encode_lines(filled), emitted_at)


class FormBatch(Batch):
    """Records that are JSON objects, as objects of a class.

    Args:
        envelope: The stream's.
        rows: Objects of a class whose fields have these names; texts of JSON are written as they are.
        names: The records' keys, in the order of the fields.
        constants: What every record has besides.
        lines: The rows as lines of JSON, if they have been written already.
    """

    def __init__(
        self,
        envelope: Envelope,
        rows: list[msgspec.Struct],
        names: tuple[str, ...],
        constants: Mapping[str, str],
        lines: bytes | None = None,
    ) -> None:
        self.count = len(rows)
        self._lines = lines
        self._envelope = envelope
        self._rows = rows
        self._names = names
        self._constants = constants

    def rows(self) -> Iterator[dict[str, Any]]:
        """See `Batch.rows`."""
        for row in self._rows:
            cells = (None if cell is msgspec.UNSET else exact_value(cell) for cell in msgspec.structs.astuple(row))
            yield {**self._constants, **dict(zip(self._names, cells, strict=True))}

    def lines(self, emitted_at: int) -> bytes:
        """See `Batch.lines`."""
        lines = _ENCODER.encode_lines(self._rows) if self._lines is None else self._lines
        if not self._constants:
            return self._envelope.wrap(lines, emitted_at)
        if b"{}\n" in lines:  # a record of nothing, perhaps, which leaves no place for a comma
            return ObjectBatch(self._envelope, list(self.rows())).lines(emitted_at)
        return self._envelope.wrap(lines, emitted_at, _ENCODER.encode(self._constants)[1:-1])


def plain_names(names: Iterable[str]) -> bool:
    """Whether no name needs escaping in JSON, which the classes of msgspec cannot have."""
    return not any(char in '"\\' or char < " " for name in names for char in name)


@lru_cache(maxsize=256)
def _form(names: tuple[str, ...], texts: tuple[bool, ...]) -> Any:
    """A class with one field a column, whose encoder leaves out empty ones; None if a name needs escaping."""
    if not names or not plain_names(names):
        return None
    fields = [
        (f"f{at}", Any, msgspec.field(default="" if text else None, name=name))
        for at, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    return msgspec.defstruct("Row", fields, omit_defaults=True, gc=False)
