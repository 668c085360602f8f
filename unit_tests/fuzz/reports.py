"""Reads a report in both ways and compares: what all payload parsers are held to."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from source_lms_reports.errors import PayloadError
from source_lms_reports.files.opening import count_rows, open_tables, verify
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.records.infer import infer_schema
from source_lms_reports.records.shaper import Shaper
from source_lms_reports.times import instant
from unit_tests.fuzz.parser import Case, cases
from unit_tests.fuzz.paths import plain_paths, small_pieces

LIMITS = ArchiveLimits(members=4, unpacked=256 * 1024, ratio=100, ratio_from=8 * 1024)
MARKER = "none"
SIZES = (1, 2, 3, 4, 7, 17, 64, 262144)
"""Of blocks, in bytes."""

_KINDS = ("integer", "number", "boolean", "string", "array")
_KEEP_FROM = datetime(2024, 1, 2, tzinfo=timezone.utc)

READING = cases(
    block=st.sampled_from(SIZES),
    window=st.sampled_from((1, 20, 262144)),
    rows=st.sampled_from((1, 2, 1000)),
    kinds=st.dictionaries(st.sampled_from(("id", "name", "at", "x")), st.sampled_from(_KINDS), max_size=4),
    cursor=st.sampled_from((None, "id", "at", "_end")),
    constants=st.sampled_from(({}, {"_end": "2024-01-01"}, {"id": 'a"b'})),
)
"""How a report is read: the sizes of pieces, the schema, the cursor."""


@dataclass(frozen=True)
class Shaped:
    """What came out of a report: by table its rows, and what was said about them."""

    tables: list[tuple[str | None, list[dict[str, Any]]]]
    count: int
    cursor: datetime | None
    warnings: list[str]


def read_both_ways(content: bytes, how: Case, options: ReadOptions, charset: str | None = None) -> Shaped | None:
    """What a payload holds, or None where it is refused; both paths agree on that."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / "part"
        path.write_bytes(content)
        with small_pieces(how["block"], how["window"], how["rows"]):
            fast = _attempt(path, how, options, charset)
            with plain_paths():
                plain = _attempt(path, how, options, charset)
    if isinstance(fast, PayloadError) or isinstance(plain, PayloadError):
        assert type(fast) is type(plain), (fast, plain)
        return None
    assert _shown(fast.tables) == _shown(plain.tables)
    assert (fast.count, fast.cursor) == (plain.count, plain.cursor)
    assert sorted(fast.warnings) == sorted(plain.warnings)
    return fast


def _attempt(path: Path, how: Case, options: ReadOptions, charset: str | None) -> Shaped | PayloadError:
    payload = Payload((Part(path, charset=charset),))
    try:
        verify(payload, options)
        return _shaped(payload, how, options)
    except PayloadError as error:
        return error


def _shaped(payload: Payload, how: Case, options: ReadOptions) -> Shaped:
    kinds = {name: kind for name, kind in how["kinds"].items() if name != how["cursor"]}  # it is compared as a text
    schema = {"properties": {name: {"type": ["null", kind]} for name, kind in kinds.items()}}
    whole = Shaper("s", schema, constants=how["constants"])
    tables = [(table.name, _rows(whole, table)) for table in open_tables(payload, options)]
    count = sum(len(rows) for _, rows in tables)
    assert count == count_rows(payload, options)
    new = Shaper("s", schema, constants=how["constants"], cursor_field=how["cursor"], keep_from=_KEEP_FROM)
    some = [(table.name, _rows(new, table)) for table in open_tables(payload, options)]
    assert _shown(some) == _shown([(name, _new(rows, how["cursor"])) for name, rows in tables])
    for table in open_tables(payload, options):
        infer_schema(table, most_rows=2)
    reached = instant(new.cursor_max) if new.cursor_max else None
    return Shaped(tables, count, reached, whole.warnings())


def _rows(shaper: Shaper, table: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in shaper.shape(table):
        own = list(batch.rows())
        lines = batch.lines(7).split(b"\n")
        assert lines.pop() == b""
        assert len(lines) == len(own) == batch.count
        for line, row in zip(lines, own, strict=True):
            _assert_line(line, row)
        rows += own
    return rows


def _assert_line(line: bytes, row: Mapping[str, Any]) -> None:
    """A line is JSON by the letter, and holds all values of the row that are not null."""
    message = json.loads(line.decode("utf-8"), parse_constant=_refuse)
    assert list(message) == ["type", "record"]
    assert {**message["record"], "data": None} == {"stream": "s", "data": None, "emitted_at": 7}
    assert repr(sorted(message["record"]["data"].items())) == repr(sorted(_filled(row).items()))


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def _new(rows: list[dict[str, Any]], field: str | None) -> list[dict[str, Any]]:
    """The rows that a cursor keeps, told one by one."""
    return [row for row in rows if field is None or _is_new(row.get(field))]


def _is_new(value: Any) -> bool:
    at = instant(str(value)) if value is not None else None
    return at is None or at >= _KEEP_FROM


def _shown(tables: list[tuple[str | None, list[dict[str, Any]]]]) -> str:
    """The tables with their rows, as a text that tells 1 from 1.0 and from True."""
    return repr([(name, [sorted(_filled(row).items()) for row in rows]) for name, rows in tables])
