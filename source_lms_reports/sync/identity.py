"""Whether a table is what its stream takes it for, told by its columns before the first record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from source_lms_reports.errors import ForeignReport
from source_lms_reports.files.table import Chunk, Table
from source_lms_reports.files.table_warnings import listed
from source_lms_reports.plan.columns import without_window_columns
from source_lms_reports.plan.stream import ReportStream, Selected


@dataclass(frozen=True)
class Marks:
    """The columns by which a stream's table is known.

    Args:
        declared: Those that the stream's schema names.
        key: Its primary key, which no row lacks.
        cursor: The column by which the stream is incremental in this sync; empty where it is not, or not by a column.
    """

    declared: frozenset[str]
    key: tuple[str, ...] = ()
    cursor: str = ""


def marks_of(one: Selected) -> Marks:
    """The marks of a stream, of what the vendor brings of it."""
    stream = one.stream
    by_column = one.incremental and not stream.cursor_is_window
    return Marks(_declared(stream), tuple(stream.part.primary_key), stream.cursor or "" if by_column else "")


def _declared(stream: ReportStream) -> frozenset[str]:
    schema: Mapping[str, Any] = without_window_columns(stream.schema)
    return frozenset(schema.get("properties", {})) - {stream.part.member_column}


class KnownTable(Table):
    """A table that must bear the marks of its stream.

    A table of cells has a header. Where rows bring their names (JSON), the first thousand tell: no row lacks the key,
    but the cursor may be left out where it is empty, so it is missing for certain only when the table has ended.

    Args:
        table: The table.
        marks: What it must have.
    """

    def __init__(self, table: Table, marks: Marks) -> None:
        super().__init__(table.name, table.columns, table.notes)
        self._marks = marks
        self._chunks = table.chunks()
        self._first = None if table.columns else next(self._chunks, None)

    @property
    def names(self) -> Collection[str]:
        """The columns, as far as the header or the first rows tell."""
        return self.columns or (_names(self._first) if self._first is not None else ())

    def chunks(self) -> Iterator[Chunk]:
        """The rows; see `Table.chunks`.

        Raises:
            ForeignReport: They are not of this stream.
        """
        names = dict.fromkeys(self.names)
        if names:
            _require(names, self._marks.declared, self._marks.key)
        if self.columns:
            _require_cursor(names, self._marks.cursor)
            yield from self._chunks
        elif self._first is not None:
            yield from self._objects(self._first, names)

    def _objects(self, first: Chunk, names: dict[str, None]) -> Iterator[Chunk]:
        """Rows that bring their names; those behind the first thousand are looked at until one has the cursor."""
        cursor, rest = self._marks.cursor, self._chunks
        if cursor not in ("", *names):
            second = next(rest, None)
            if second is None:
                _require_cursor(names, cursor)
            else:
                rest = chain((second,), rest)
        yield first
        for chunk in rest:
            if cursor not in ("", *names):
                names |= dict.fromkeys(_names(chunk))
            yield chunk
        _require_cursor(names, cursor)


def _names(chunk: Chunk) -> tuple[str, ...]:
    return tuple(chunk.types())  # type: ignore[union-attr] # only rows that bring their names get here


def _require(names: Collection[str], declared: Collection[str], key: Sequence[str]) -> None:
    lacking = [name for name in key if name not in names]
    if lacking:
        raise _foreign(f"the column '{lacking[0]}' of its key is missing", names)
    if declared and not any(name in names for name in declared):
        raise _foreign("it has none of the columns that the stream has", names)


def _require_cursor(names: Collection[str], cursor: str) -> None:
    if names and cursor and cursor not in names:
        raise _foreign(f"its cursor column '{cursor}' is missing", names)


def _foreign(what: str, names: Collection[str]) -> ForeignReport:
    return ForeignReport(
        f"What came is not this stream's report: {what}. The columns that came: {listed(list(names))}. Either another "
        "report was delivered, or the headers follow the language of the account: set the language of the credentials' "
        "user to English. If the report itself has changed, refresh the stream list (discover)."
    )


_NO_FIT = (0.0, 0.0, 0)


def owner(names: Collection[str], streams: Mapping[str, Marks]) -> str | None:
    """Which of several streams a lone table belongs to: the one whose key and own columns it has.

    Args:
        names: The table's columns.
        streams: The marks of the streams by their names.

    Returns:
        The stream's name; None where no stream fits, or two fit alike.
    """
    fits = {stream: _fit(names, stream, streams) for stream in streams}
    best = max(fits.values(), default=_NO_FIT)
    fitting = [stream for stream, fit in fits.items() if fit == best]
    return fitting[0] if best > _NO_FIT and len(fitting) == 1 else None


def _fit(names: Collection[str], stream: str, streams: Mapping[str, Marks]) -> tuple[float, float, int]:
    """The share of the columns that the stream alone has, and of all of its columns; how many columns it explains.

    Nothing without its key. The last one tells streams apart of which one has all columns of the other.
    """
    marks = streams[stream]
    others = frozenset(chain.from_iterable(one.declared for name, one in streams.items() if name != stream))
    if any(name not in names for name in marks.key):
        return _NO_FIT
    explained = sum(name in names for name in marks.declared)
    return _share(marks.declared - others, names), _share(marks.declared, names), explained


def _share(columns: Collection[str], names: Collection[str]) -> float:
    return sum(name in names for name in columns) / len(columns) if columns else 0.0
