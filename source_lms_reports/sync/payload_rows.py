"""The rows of one payload for one stream: picks its tables, shapes their rows, tells the cursor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from source_lms_reports.errors import TransientError
from source_lms_reports.files.parts import open_parts, snake_case
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table import Table
from source_lms_reports.plan.columns import keep_before, keep_from, vendor_schema, window_columns
from source_lms_reports.plan.stream import Selected, Slice
from source_lms_reports.records.envelope import Envelope
from source_lms_reports.records.shaper import Shaper
from source_lms_reports.sync.bundles import Backpressure, Lines, bundled
from source_lms_reports.sync.identity import marks_of, owner, require_marks
from source_lms_reports.sync.state import OrderRead, later_of
from source_lms_reports.sync.sync import Sync

Row = dict[str, Any]


@dataclass
class _Found:
    """What the reading of one payload has come to so far.

    Attributes:
        limit: How far its rows may move the cursor.
        shaper: Makes the records; of members that name themselves, each has one.
        any_table: Whether it has a table of the stream.
        is_complete: Whether all rows that there may be were read.
        greatest: The greatest cursor value.
    """

    limit: datetime
    shaper: Shaper
    any_table: bool = False
    is_complete: bool = True
    greatest: str | None = None


class PayloadRows:
    """Reads the payloads of one stream.

    Args:
        sync: What all streams share.
        selected: The stream.
        gate: Bounds the batches under way; None where plain records are wanted.
        envelope: How records are written; by default as Airbyte's.
        warn: Tells what is odd about the data.
    """

    def __init__(
        self,
        sync: Sync,
        selected: Selected,
        gate: Backpressure | None,
        envelope: Envelope | None,
        warn: Callable[[list[str]], None],
    ) -> None:
        self._sync = sync
        self._selected = selected
        self._stream = selected.stream
        self._marks = marks_of(selected)
        self._gate = gate
        self._envelope = envelope
        self._warn = warn

    def read(self, slice_: Slice, payload: Payload, limit: datetime) -> Generator[Row | Lines, None, OrderRead]:
        """The rows, as batches or as plain records.

        Args:
            slice_: The order that the payload is the answer to.
            payload: The report.
            limit: How far its rows may move the cursor.

        Returns:
            How far it was read.

        Raises:
            ReportError: It is not this stream's report, or turns out not to be whole.
        """
        found = _Found(limit, self._shaper(slice_, limit), is_complete=payload.is_complete)
        for piece in payload.pieces():
            with self._sync.turns.opening():
                yield from self._of_piece(slice_, piece, found)
        if not self._stream.part.member_column:
            self._warn(found.shaper.warnings())
            found.greatest = found.shaper.cursor_max
        self._require_part(found)
        if self._stream.cursor_kind == "told" and self._selected.incremental and payload.reached is None:
            self._warn(
                ["The job does not say how far it reaches, so the state stays and the next sync reads it again."]
            )
        return OrderRead(
            slice_.order.identity,
            payload.ordered_at,
            slice_.window,
            found.greatest,
            found.is_complete,
            payload.reached,
        )

    def _of_piece(self, slice_: Slice, payload: Payload, found: _Found) -> Iterator[Row | Lines]:
        part = self._stream.part
        require_marks(self._tables(payload), self._marks)
        for table in self._tables(payload):
            found.any_table = True
            found.is_complete = found.is_complete and table.is_whole
            if part.member_column:
                found.shaper = self._shaper(slice_, found.limit, {part.member_column: table.name or ""})
            with self._sync.turns.shaping():
                yield from self._batches(found.shaper, table)
            self._warn(table.notes.messages())
            if part.member_column:
                self._warn(found.shaper.warnings())
                found.greatest = later_of(found.greatest, found.shaper.cursor_max)

    def _require_part(self, found: _Found) -> None:
        output = self._stream.part.output
        if output and not found.any_table:
            raise TransientError(
                f"The report has no part called '{output}'. Refresh the stream list (discover); if the part is still "
                "offered, ask the vendor why it is missing."
            )

    def _tables(self, payload: Payload) -> Iterator[Table]:
        """Those of a payload that are this stream's."""
        for name, table in open_parts(payload, self._sync.options(self._stream.report), self._is_ours):
            if name is not None or self._is_owner(table):
                yield table

    def _shaper(self, slice_: Slice, limit: datetime, constants: Mapping[str, str] | None = None) -> Shaper:
        stream, settings = self._stream, self._sync.settings
        bounds = keep_from(self._selected, settings), keep_before(self._selected, settings)
        matters = stream.cursor_kind == "rows" and (self._selected.incremental or any(bounds))
        return Shaper(
            stream.name,
            vendor_schema(stream),
            constants={**window_columns(self._selected, slice_.window), **(constants or {})},
            key=stream.part.primary_key,
            cursor_field=stream.cursor if matters else None,
            keep_from=bounds[0],
            keep_before=bounds[1],
            cursor_limit=limit,
            tells_missing=not self._sync.platform.files.leaves_out_empty,
            envelope=self._envelope,
        )

    def _batches(self, shaper: Shaper, table: Table) -> Iterator[Row | Lines]:
        if self._gate is None:
            for batch in shaper.shape(table):
                self._sync.progress.rows(self._stream.name, batch.count)
                yield from batch.rows()
            return
        for lines in bundled(shaper.shape(table)):
            self._sync.progress.rows(self._stream.name, lines.count)
            self._gate.enter()
            yield lines

    def _is_ours(self, part: str) -> bool:
        """Whether a part of the payload feeds this stream."""
        output = self._stream.part.output
        return not output or part in {snake_case(output), snake_case(f"{self._stream.report}_{output}")}

    def _is_owner(self, table: Table) -> bool:
        """Whether a lone table is this stream's and not that of another part of the report, by its columns."""
        marks = {one.stream.name: marks_of(one) for one in self._sync.sharing(self._stream.report)}
        return not self._stream.part.output or len(marks) == 1 or owner(table.names() or (), marks) == self._stream.name
