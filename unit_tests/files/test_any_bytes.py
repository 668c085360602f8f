"""Arbitrary and mutated bytes through every parser; `make fuzz` runs this with many more examples.

Whatever the bytes are, they are read or refused with a `PayloadError`; and what was read has as many rows as were
counted, as rows and as lines.
"""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_lms_reports.errors import PayloadError
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.tables import open_tables
from source_lms_reports.files.verify import count_rows, verify
from source_lms_reports.records.shaper import Shaper
from unit_tests.files.reading import blocks_of, gzipped, payload, zipped

_LIMITS = ArchiveLimits(members=20, unpacked=8 * 1024 * 1024, ratio_from=1024 * 1024)
_CSV = 'id,name,"a ""b"""\r\n1,"Zoë,\n",2024-01-01T00:00:00Z\r\n007,NA,\r\n'
_REPORTS = {"reports": [{"sheet_name": "S", "data": [{"id": 1, "x": [None, 1e-7]}, {"id": 12345678901234567890}]}]}
_SCHEMA = {"properties": {"id": {"type": ["null", "integer"]}, "name": {"type": ["null", "number"]}}}


def _workbook() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["id", "name"])
        sheet.write_row(1, 0, [1, "x"])
        sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    return buffer.getvalue()


_SEEDS = [
    _CSV.encode(),
    _CSV.encode("utf-16"),
    _CSV.replace(",", ";").encode("latin-1"),
    json.dumps(_REPORTS).encode(),
    json.dumps(_REPORTS["reports"][0]["data"], indent=1).encode(),
    b'{"id": 1}\n{"id": 2}\n',
    gzipped(_CSV.encode()),
    zipped({"users.csv": _CSV.encode(), "more.csv.gz": gzipped(_CSV.encode())}),
    _workbook(),
    gzipped(_workbook()),
]
_PIECES = st.binary(max_size=6) | st.sampled_from(
    [b'"', b",", b"\n", b"\r", b"\0", b"\x1a", b"[", b"}", b"NaN", b"\\ud800"]
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(_SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 8))] = draw(_PIECES)
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


_PACKED = st.sampled_from([bytes, gzipped, lambda content: zipped({"a.csv": content, "b/c.json": content})])
_CONTENTS = st.tuples(_mutated() | st.binary(max_size=300), _PACKED).map(lambda pair: pair[1](pair[0]))
_OPTIONS = st.builds(
    ReadOptions,
    format=st.sampled_from(["auto", "csv", "xlsx", "json"]),
    delimiters=st.sampled_from([",", ",;\t"]),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
    records_path=st.sampled_from([(), ("reports",)]),
    empty_markers=st.just(("none",)),
    limits=st.just(_LIMITS),
)


def _read(content: Payload, options: ReadOptions) -> None:
    verify(content, options)
    shaper = Shaper("s", _SCHEMA, cursor_field="name")
    lines = rows = 0
    for table in open_tables(content, options):
        for batch in shaper.shape(table):
            lines += len(batch.lines(0).splitlines())
            rows += len(list(batch.rows()))
    assert lines == rows == shaper.emitted == count_rows(content, options)
    shaper.warnings()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(content=_CONTENTS, options=_OPTIONS, block=st.sampled_from([4, 17, 262144]))
def test_any_bytes_are_read_or_refused(content: bytes, options: ReadOptions, block: int) -> None:
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        try:
            _read(payload(Path(folder), content), options)
        except PayloadError:
            return
