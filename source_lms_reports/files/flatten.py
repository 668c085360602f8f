r"""Rows whose columns stand in members of theirs, as rows of columns.

    {"key":{"id":1},"value":{"a":2},"meta":{"ts":"t","action":"U"}}  ->  {"id":1,"a":2,"meta_ts":"t","meta_action":"U"}

It is done to the text of many rows at once: the members of each row are cut out as they are, and put together again
without their braces. What a value is, is looked at later and once, as in every other report, so that every digit stays.
That takes 2.5 µs a row of twenty columns; a row at a time, with all values read and written again, six times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from source_lms_reports.errors import UnknownFormat
from source_lms_reports.files.json_records import ObjectChunk, has_twins
from source_lms_reports.files.options import DELETED_AT, Deletes, Flatten
from source_lms_reports.files.table_warnings import TableWarnings

_ABSENT = msgspec.Raw(b"{}")
_CELL = b"\x1e"
"""Stands between objects of many rows: JSON has none, not even in a text."""


class Flattener:
    """Makes rows flat.

    Args:
        flatten: How.
        label: What messages call the report.
        notes: Where odd things are counted.
    """

    def __init__(self, flatten: Flatten, label: str, notes: TableWarnings) -> None:
        self._flatten = flatten
        self._label = label
        self._notes = notes
        self._names = tuple(flatten.members)
        self._takers = [attrgetter(f"m{at}") for at in range(len(self._names))]
        fields = [
            (
                f"m{at}",
                msgspec.Raw,
                msgspec.field(name=name, default=msgspec.NODEFAULT if name == flatten.key else _ABSENT),
            )
            for at, name in enumerate(self._names)
        ]
        row = msgspec.defstruct("Members", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
        self._decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._own = [b'"%b"' % name.encode() for name in flatten.own]

    def text(self, rows: bytes) -> bytes:
        """The same rows, flat: `[{"key":{"id":1}}]` -> `[{"id":1}]`.

        Raises:
            UnknownFormat: They are no such rows.
        """
        flat = None if any(name in rows for name in self._own) else self._quickly(rows)
        return self._slowly(rows) if flat is None else flat

    def require_rows(self, rows: bytes) -> None:
        """Pass rows that can be made flat.

        Raises:
            UnknownFormat: They are no such rows.
        """
        try:
            self._decoder.decode(rows)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            for row in ObjectChunk(rows, self._label, self._notes).objects():
                self._require(row)

    # -- many rows at once

    def _quickly(self, rows: bytes) -> bytes | None:
        """The rows, flat; None where one of them is not as they mostly are."""
        try:
            found = self._decoder.decode(rows)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        columns = [list(map(bytes, map(take, found))) for take in self._takers]
        if not all(map(_are_objects, columns)):
            return None
        is_compact = len(rows) == self._size(columns)
        if not is_compact and has_twins(rows):
            return None
        inner: list[Sequence[bytes]] = []
        for name, column in zip(self._names, columns, strict=True):
            part = self._renamed(name, column) if self._flatten.members[name] else column
            if part is None:
                return None
            inner.append([cell[1:-1] for cell in part] if is_compact else [cell[1:-1].strip() for cell in part])
        return _joined(inner) if b"" not in inner[self._names.index(self._flatten.key)] else None

    def _size(self, columns: list[list[bytes]]) -> int:
        """How long rows are that are made of these members and nothing else, not even blanks.

        A decoder keeps the last of two members of one name and does not tell; the text is longer then. Empty members
        count as such that are not there.
        """
        count = len(columns[0])
        size = len(b"[]") + count * len(b"{}") - len(b",")
        for name, column in zip(self._names, columns, strict=True):
            absent = column.count(b"{}")
            size += sum(map(len, column)) - absent * len(b"{}") + (count - absent) * len(b'"":,' + name.encode())
        return size

    def _renamed(self, name: str, column: list[bytes]) -> list[bytes] | None:
        """The objects of a member with the names of their columns; None where they hold more than plain values."""
        renamed = _prefixed(_CELL.join(column), self._flatten.members[name].encode(), len(column))
        if renamed is None:
            return None
        part = renamed.split(_CELL)
        deletes = self._flatten.deletes
        if deletes is not None and deletes.member == name and b'"%b"' % deletes.value.encode() in renamed:
            part = [self._with_deleted_at(one, deletes) for one in part]
        return part

    def _with_deleted_at(self, text: bytes, deletes: Deletes) -> bytes:
        column, at = (self._flatten.column(deletes.member, name) for name in (deletes.column, deletes.at))
        found = msgspec.json.decode(text)
        if found.get(column) != deletes.value:
            return text
        return b'%b,"%b":%b}' % (text[:-1], DELETED_AT.encode(), msgspec.json.encode(self._moment(found.get(at))))

    def _moment(self, value: Any) -> str:
        if not isinstance(value, str):
            raise UnknownFormat(f"{self._label} has a deleted row that does not say when it was deleted.")
        return value

    # -- a row at a time

    def _slowly(self, rows: bytes) -> bytes:
        objects = ObjectChunk(rows, self._label, self._notes).objects()
        return msgspec.json.encode([_told_apart(self._pairs(row)) for row in objects])

    def _pairs(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        self._require(row)
        for member, value in row.items():
            if member not in self._flatten.members:
                yield member, value
        for member in self._flatten.members:
            for name, value in (row.get(member) or {}).items():
                yield self._flatten.column(member, name), value
        deletes = self._flatten.deletes
        meta = row.get(deletes.member) if deletes else None
        if deletes and meta and meta.get(deletes.column) == deletes.value:
            yield DELETED_AT, self._moment(meta.get(deletes.at))

    def _require(self, row: Mapping[str, Any]) -> None:
        flatten = self._flatten
        odd = next((one for one in flatten.members if not isinstance(row.get(one) or {}, dict)), None)
        if odd is None and not row.get(flatten.key):
            odd = flatten.key
        if odd is not None:
            names = ", ".join(map(str, row))
            raise UnknownFormat(f"{self._label} has a row without an object '{odd}'. What the row has: {names[:200]}")


def _are_objects(cells: list[bytes]) -> bool:
    """Whether all texts of JSON begin with a brace: those that are least and greatest by their bytes do."""
    return min(cells).startswith(b"{") and max(cells).startswith(b"{")


def _prefixed(joined: bytes, prefix: bytes, count: int) -> bytes | None:
    r"""Objects with their keys renamed, none of which holds an object or a list: `{"ts":1}` -> `{"meta_ts":1}`.

    A quote inside of a text has a backslash before it, so `{"` and `,"` are where keys and nothing else begin.
    """
    if joined.count(b"{") != count or b"[" in joined:
        return None
    renamed = joined.replace(b'{"', b'{"' + prefix).replace(b',"', b',"' + prefix)
    colons = joined.count(b'":') - joined.count(b'\\":')
    return renamed if renamed.count(b'"' + prefix) == colons and b'" :' not in joined else None


def _joined(columns: list[Sequence[bytes]]) -> bytes:
    """The members of each row in one object: `"id":1`, `"a":2` -> `[{"id":1,"a":2}]`."""
    rows: Iterable[Iterable[bytes]] = zip(*columns, strict=True)
    if any(b"" in column for column in columns):
        rows = (filter(None, cells) for cells in rows)
    return b"".join((b"[{", b"},{".join(map(b",".join, rows)), b"}]"))


def _told_apart(pairs: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    """`a`, `b`, `a` -> `a`, `b`, `a_2`"""
    row: dict[str, Any] = {}
    for name, value in pairs:
        key, number = name, 2
        while key in row:
            key, number = f"{name}_{number}", number + 1
        row[key] = value
    return row
