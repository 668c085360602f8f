"""ZIP and gzip, one in another, with fields that lie and bytes that are missing; and files of any kind inside."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zipfile

from hypothesis import strategies as st

from source_lms_reports.files.options import ReadOptions
from unit_tests.files.books import book_of
from unit_tests.files.reading import gzipped
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.reports import LIMITS, MARKER, READING, read_both_ways

_CSV = b'id,name,"a ""b"""\r\n1,"Zo\xc3\xab,\n",2024-01-01T00:00:00Z\r\n007,NA,\r\n'
_REPORT = b'{"reports": [{"sheet_name": "S", "data": [{"id": 1, "x": [null, 1e-7]}, {"id": 12345678901234567890}]}]}'
_FILES = (
    *(_CSV, _REPORT, b'[{"id": 1}]', b"id\n", b"", b"\r\n", b"a\tb\n1\t2", b'{"id": 1}\n{"id": 2}\n', b"\0" * 50),
    *(b"<html><body>no</body></html>", b'{"error": "no"}', b"%PDF-1.4", b"not found", b"0\n" * 8000, b"no periods\n"),
    *(
        "id,n\n1,é\n".encode("utf-16"),
        "id;n\n1;é\n".encode("latin-1"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    ),
)
_NAMES = st.sampled_from(
    (
        "users.csv",
        "users.csv.gz",
        "a/b.json",
        "x.xlsx",
        "..\\..\\e.csv",
        "/abs.csv",
        "",
        "__MACOSX/a",
        "d/",
        ".DS_Store",
        "xl/workbook.xml",
        "xl/workbook.bin",
        "é.csv",
        "a" * 300,
        "users.csv",
        ".csv",
        "con",
        "a\nb.csv",
    )
)
_FILE = (
    st.sampled_from(_FILES)
    | st.binary(max_size=200)
    | st.builds(lambda book: book, st.just(book_of({"S": "<row r='1'/>"})))
)
_METHODS = st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
_NUMBERS = st.sampled_from(
    (0, 1, 2, 8, 9, 12, 14, 95, 99, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, 0x800, 0x808)
)
# Of the central directory's entry, of a member's own header, and of the end: where each field is and how long.
_CENTRAL = (
    (4, 2),
    (6, 2),
    (8, 2),
    (10, 2),
    (12, 4),
    (16, 4),
    (20, 4),
    (24, 4),
    (28, 2),
    (30, 2),
    (32, 2),
    (34, 2),
    (42, 4),
)
_LOCAL = ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
_END = ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
_HEADERS = {b"PK\1\2": _CENTRAL, b"PK\3\4": _LOCAL, b"PK\5\6": _END}
_FIELDS = [(mark, *field) for mark, fields in _HEADERS.items() for field in fields]
_GZIP_FIELDS = (2, 3, 4, 8, 9, 10, -8, -4)

_EDIT = st.one_of(
    st.tuples(st.just("field"), st.sampled_from(_FIELDS), st.integers(0, 2), _NUMBERS),
    st.tuples(st.just("gzip"), st.sampled_from(_GZIP_FIELDS), st.integers(0, 255)),
    st.tuples(st.just("bytes"), st.integers(0, 2000), st.integers(0, 6), st.binary(max_size=6)),
    st.tuples(st.just("cut"), st.integers(0, 60)),
    st.tuples(
        st.just("more"), st.sampled_from((b"\0" * 40, b"junk", b"\x1f\x8b\x08\0", gzipped(b"2,b\n"), b"PK\3\4", b"\n"))
    ),
)
_LAYER = st.one_of(
    st.tuples(st.just("zip"), st.lists(st.tuples(_NAMES, _FILE), max_size=3), _NAMES, _METHODS),
    st.tuples(st.just("gzip"), st.integers(1, 3), st.sampled_from((0, 1, 9))),
)


def _packed(content: bytes, layer: tuple) -> bytes:  # type: ignore[type-arg]
    if layer[0] == "gzip":
        members, level = layer[1:]
        size = len(content) // members + 1
        pieces = [content[at * size : (at + 1) * size] for at in range(members)]
        return b"".join(gzip.compress(piece, level, mtime=0) for piece in pieces)
    others, name, method = layer[1:]
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # names may come twice
        for other, file in [*others, (name, content)]:
            archive.writestr(zipfile.ZipInfo(other or "_", (2024, 1, 1, 0, 0, 0)), file, method)
    return buffer.getvalue()


def _edited(content: bytes, edit: tuple) -> bytes:  # type: ignore[type-arg]
    data = bytearray(content)
    if edit[0] == "field":
        _set_field(data, edit[1], edit[2], edit[3])
    elif edit[0] == "gzip" and len(data) > 20:
        data[edit[1]] = edit[2]
    elif edit[0] == "bytes":
        start = edit[1] % (len(data) + 1)
        data[start : start + edit[2]] = edit[3]
    elif edit[0] == "cut":
        del data[max(len(data) - edit[1], 0) :]
    elif edit[0] == "more":
        data += edit[1]
    return bytes(data)


def _set_field(data: bytearray, field: tuple[bytes, int, int], which: int, number: int) -> None:
    mark, place, size = field
    at = -1
    for _ in range(which + 1):
        found = data.find(mark, at + 1)
        at = found if found >= 0 else at
    if at >= 0 and at + place + size <= len(data):
        data[at + place : at + place + size] = struct.pack("<I", number)[:size]


def _check(case: Case) -> bool:
    content = case["content"]
    for layer, edits in case["layers"]:
        content = _packed(content, layer)
        for edit in edits:
            content = _edited(content, edit)
    options = ReadOptions(
        format=case["format"],
        delimiters=",;\t",
        empty_markers=(MARKER,),
        headerless_members=("(?i)no periods",),
        limits=LIMITS,
    )
    return read_both_ways(content, {**case["how"], "block": max(case["how"]["block"], 17)}, options) is not None


_EDITS = st.lists(_EDIT, max_size=3)
PARSER = Parser(
    "packed",
    cases(
        content=_FILE,
        layers=st.lists(st.tuples(_LAYER, _EDITS), max_size=3),
        format=st.sampled_from(("auto", "csv", "json", "xlsx")),
        how=READING,
    ),
    _check,
)
