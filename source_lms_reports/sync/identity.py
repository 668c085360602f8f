"""Whether a table is what its stream takes it for, told by its columns before the first record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from source_lms_reports.errors import ForeignReport
from source_lms_reports.files.table import Table
from source_lms_reports.files.table_warnings import listed
from source_lms_reports.plan.columns import vendor_schema
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
    by_column = one.incremental and stream.cursor_kind == "rows"
    return Marks(_declared(stream), tuple(stream.part.primary_key), stream.cursor or "" if by_column else "")


def _declared(stream: ReportStream) -> frozenset[str]:
    return frozenset(vendor_schema(stream).get("properties", {})) - {stream.part.member_column}


def require_marks(tables: Iterable[Table], marks: Marks) -> None:
    """Decide, before the first record, whether all tables of a delivery are what their stream takes them for.

    Each has the key and a declared column, and the cursor in its header. Rows that bring their names (JSON) may leave
    out a cursor that is empty, so one row of all has it; only where none of the first rows do are the others looked
    through.

    Args:
        tables: Those of the delivery that are the stream's.
        marks: What they must have.

    Raises:
        ForeignReport: They are not of this stream.
    """
    without_cursor: Collection[str] = ()
    has_cursor = False
    for table in tables:
        names = table.names()
        if names is None:
            continue
        _require(names, marks.declared, marks.key)
        if table.columns:
            _require_cursor(names, marks.cursor)
        elif marks.cursor and not has_cursor:
            has_cursor = marks.cursor in names or table.has_column(marks.cursor)
            without_cursor = names
    if not has_cursor:
        _require_cursor(without_cursor, marks.cursor)


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
