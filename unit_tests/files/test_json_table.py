from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.errors import CorruptPayload, ErrorPayload, PayloadError, TruncatedPayload, UnknownFormat
from source_lms_reports.files import json_scanner, json_sections
from source_lms_reports.files.json_records import TWIN_NOTE
from source_lms_reports.files.opening import count_rows, open_tables, verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.text import HALF_NOTE
from unit_tests.files.reading import DEFAULT, Rows, blocks_of, gzipped, notes, payload, read, zipped

_RECORDS = [{"id": 1, "name": "Zoë", "more": {"tags": ["a", None], "x": {}}}, {"id": 2, "name": None}]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        _json(_RECORDS),
        json.dumps(_RECORDS, indent=2).encode("utf-16"),
        b"\xef\xbb\xbf\xef\xbb\xbf" + _json(_RECORDS),
        b"\xef\xbb\xbf\n " + json.dumps(_RECORDS, indent="\t").encode(),
        b"\n".join(map(_json, _RECORDS)),
        b"\r\n".join(map(_json, _RECORDS)) + b"\r\n\r\n",
        b"".join(map(_json, _RECORDS)),
        b" ".join(map(_json, _RECORDS)),
        b"\n".join(json.dumps(one, indent=2).encode() for one in _RECORDS) + b"\n",
        _json({"count": 2, "next": None, "results": _RECORDS, "meta": {"a": [{}]}, "ids": [1, 2]}),
        _json({"data": _RECORDS, "error": None, "errors": []}),
        _json({"reports": _RECORDS}),
        gzipped(_json(_RECORDS)),
    ],
)
def test_every_form_of_an_array(tmp_path: Path, text: bytes) -> None:
    for block in (1, 7, 64, 262144):
        with blocks_of(block):
            assert read(payload(tmp_path, text), ReadOptions(format="json")) == {None: _RECORDS}, block


@pytest.mark.parametrize("block", [1, 50, 262144])
def test_the_documented_wrapper_has_one_table_a_sheet(tmp_path: Path, block: int) -> None:
    report = {
        "reports": [
            {"report_name": "r", "sheet_name": "One", "data": _RECORDS, "total": 2},
            {"data": [], "sheet_name": "Two", "report_name": "r"},
            {"report_name": "r", "data": [{"data": [{"x": "}]"}]}], "columns": ["a"]},
            {"sheet_name": "Three", "data": None},
        ],
        "generated": {"at": "now"},
    }
    with blocks_of(block):
        assert read(payload(tmp_path, _json(report))) == {
            "One": _RECORDS,
            "Two": [],
            "r": [{"data": [{"x": "}]"}]}],
            "Three": [],
        }


def test_sheets_that_are_not_wanted_are_left_out(tmp_path: Path) -> None:
    report = {"reports": [{"sheet_name": "One", "data": _RECORDS}, {"sheet_name": "Two", "data": _RECORDS}]}
    tables = open_tables(payload(tmp_path, _json(report)), DEFAULT, lambda name: name == "Two")

    assert [table.name for table in tables] == ["Two"]


def test_a_wrapper_by_its_path(tmp_path: Path) -> None:
    options = ReadOptions(records_path=("result", "rows"))
    text = _json({"rows": [{"no": 1}], "result": {"other": [{"no": 2}], "rows": _RECORDS, "n": 1}, "z": []})

    assert read(payload(tmp_path, text), options) == {None: _RECORDS}
    with pytest.raises(ErrorPayload):
        verify(payload(tmp_path, _json({"rows": _RECORDS})), options)


def test_members_of_an_archive(tmp_path: Path) -> None:
    archive = zipped({"users.json": _json(_RECORDS), "a.json": _json({"reports": [{"sheet_name": "S", "data": []}]})})

    assert read(payload(tmp_path, archive)) == {"users": _RECORDS, "S": []}


def test_no_records(tmp_path: Path) -> None:
    for text in (b"[]", b" [ ] ", b'{"results": []}', b'{"reports": []}'):
        assert sum(map(len, read(payload(tmp_path, text)).values())) == 0


@pytest.mark.parametrize(
    "text",
    [
        b'{"error": "bad token"}',
        b'{"errors": [{"message": "bad token"}]}',
        b'{"rows": [{"a": 1}], "error": {"text": "bad token"}}',
        b'{"message": "bad token"}',
        b'{"detail": "bad token", "code": 401}',
        b'"bad token"',
    ],
)
def test_an_error_is_no_report_and_its_words_are_told(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ErrorPayload, match="bad token"):
        verify(payload(tmp_path, text), ReadOptions(format="json"))


def test_what_is_the_report_must_be_clear(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="users, courses"):
        verify(payload(tmp_path, b'{"users": [{"a": 1}], "courses": [{"a": 1}]}'), DEFAULT)
    with pytest.raises(UnknownFormat):
        verify(payload(tmp_path, b"[1, 2]"), DEFAULT)
    with pytest.raises(UnknownFormat):
        read(payload(tmp_path, b'[{"a": 1}, 2]'))


def test_a_record_of_lines_may_have_a_list_of_anything(tmp_path: Path) -> None:
    assert read(payload(tmp_path, b'{"a": [{}, null]}\n{"a": 1}'))[None] == [{"a": [{}, None]}, {"a": 1}]
    with pytest.raises(UnknownFormat, match="not all records"):
        read(payload(tmp_path, b'{"data": [{}, null]}'))


@pytest.mark.parametrize("rows", [[], [{"id": 1}], [{"id": 1}, {"id": 2}]], ids=len)
def test_a_list_of_warnings_beside_the_rows_is_none_of_them(tmp_path: Path, rows: list[Any]) -> None:
    for text in ({"data": rows, "warnings": [{"code": 7}, "x"]}, {"Messages": [{"code": 7}], "data": rows}):
        content = payload(tmp_path, json.dumps(text).encode())
        assert read(content)[None] == rows
        assert "are no rows by their names, left out" in " ".join(notes(content))
    assert read(payload(tmp_path, json.dumps({"warnings": rows}).encode()))[None] == rows


def test_lines_that_break_off_with_an_error_are_not_whole(tmp_path: Path) -> None:
    with pytest.raises(TruncatedPayload, match=r'breaks off with a message .* It says: "time-out"'):
        read(payload(tmp_path, b'{"id": 1}\n{"id": 2}\n{"error": "time-out"}\n'))
    for rows in (
        [{"id": 1, "error": "x"}, {"error": "y"}],
        [{"id": 1}, {"id": 2, "error": "y"}],
        [{"id": 1}, {"error": None}],
        [{"id": 1}, {"error": True}],
        [{}, {"error": "x"}],
    ):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        assert read(payload(tmp_path, text.encode()))[None] == rows


@pytest.mark.parametrize(
    "text", [b'[{"a": 1},]', b'[{"a": 1}] x', b'[{"a" 1}]', b'[{"a": 01}]', b"[{]", b"[" * 100_000, b'{"a":' * 5000]
)
def test_broken_json(tmp_path: Path, text: bytes) -> None:
    with pytest.raises((CorruptPayload, UnknownFormat)):
        verify(payload(tmp_path, text), DEFAULT)


def test_numbers_are_exact(tmp_path: Path) -> None:
    text = b"""[{"big": 123456789012345678901234567890, "small": -9223372036854775809, "third": 0.3333333333333333,
        "long": 0.12345678901234567890, "cents": 1.10, "e": 1E2, "id": "0123456789012345678"}]"""

    assert read(payload(tmp_path, text))[None] == [
        {
            "big": 123456789012345678901234567890,
            "small": -9223372036854775809,
            "third": 0.3333333333333333,
            "long": "0.12345678901234567890",
            "cents": 1.1,
            "e": 100.0,
            "id": "0123456789012345678",
        }
    ]


@pytest.mark.parametrize("digits", [4299, 4300])
def test_an_integer_is_one_whoever_stands_beside_it(tmp_path: Path, digits: int) -> None:
    number = "-" + "9" * digits

    for other in ("1", "1e400"):  # the second is read by Python's own parser
        (row,) = read(payload(tmp_path, f'[{{"a": {number}, "b": {other}}}]'.encode()))[None]
        assert row["a"] == int(number)


@pytest.mark.parametrize("number", ["1e-400", "-1.5E-400", "1e-0330", "0.1e-324", f"1e-{'9' * 20}"])
def test_numbers_smaller_than_any_float_are_text(tmp_path: Path, number: str) -> None:
    assert read(payload(tmp_path, f'[{{"a": {number}}}]'.encode()))[None] == [{"a": number}]


def test_numbers_beyond_any_float_are_text(tmp_path: Path) -> None:
    text = b'[{"huge": 1e400, "tiny": 1.5e-400, "plain": 0.5}]'

    assert read(payload(tmp_path, text))[None] == [{"huge": "1e400", "tiny": "1.5e-400", "plain": 0.5}]


def test_a_number_beyond_any_float_before_an_odd_byte(tmp_path: Path) -> None:
    """Decoders stop at the number and never see the byte."""
    text = b'[{"id": {"huge": 1e999, "name": "\x80"}}]'
    assert read(payload(tmp_path, text))[None] == [{"id": {"huge": "1e999", "name": "\u20ac"}}]


@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_number_may_stand_at_any_edge(tmp_path: Path, block: int) -> None:
    text = b'{"total": 123456, "pages": -12.5e3, "ids": [123, 456.75], "rows": [{"a": 1}], "last": 987}'

    with blocks_of(block):
        assert read(payload(tmp_path, text)) == {None: [{"a": 1}]}


def test_an_integer_of_thousands_of_digits_is_text(tmp_path: Path) -> None:
    digits = "9" * 5000

    assert read(payload(tmp_path, f'[{{"a": {digits}, "b": 1}}]'.encode()))[None] == [{"a": digits, "b": 1}]


@pytest.mark.parametrize("block", [1, 20, 262144])
def test_words_that_json_does_not_know_are_read_as_text(tmp_path: Path, block: int) -> None:
    text = b'{"rows": [{"a": NaN, "b": "NaN, \\"NaN"}, {"a": -Infinity, "c": [Infinity]}]}'

    with blocks_of(block):
        assert read(payload(tmp_path, text))[None] == [
            {"a": "NaN", "b": 'NaN, "NaN'},
            {"a": "-Infinity", "c": ["Infinity"]},
        ]


@pytest.mark.parametrize("tail", [b"", b"\n", b" " * 20])
def test_half_a_surrogate_pair_at_the_end_is_no_cut(tmp_path: Path, tail: bytes) -> None:
    assert read(payload(tmp_path, b'[{"a": "\\ud83d"}]' + tail))[None] == [{"a": "\ufffd"}]


def test_half_a_surrogate_pair_is_replaced_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, b'[{"a": ["\\ud83d", "\\ud83d\\ude00"]}, {"\\udc00": "\\\\ud83d"}]')

    assert read(content)[None] == [{"a": ["\ufffd", "😀"]}, {"\ufffd": "\\ud83d"}]
    assert notes(content) == [HALF_NOTE.format(count=2)]


@pytest.mark.parametrize("block", [1, 7, 262144])
def test_lines_keep_what_stands_twice_odd_bytes_and_numbers_that_no_float_holds(tmp_path: Path, block: int) -> None:
    lines = b'{"a": 1}\n{"a": 1, "a": 2}\n{"a": "\x85\xfe"}\r\n\n{"a": 1e400} {"a": 0.12345678901234567890}\n'
    with blocks_of(block):
        content = payload(tmp_path, lines)

        assert [list(row.values()) for row in read(content)[None]] == [
            [1],
            [1, 2],
            ["\N{HORIZONTAL ELLIPSIS}\N{LATIN SMALL LETTER THORN}"],
            ["1e400"],
            ["0.12345678901234567890"],
        ]


@pytest.mark.parametrize("block", [1, 7, 262144])
def test_the_escape_of_a_nul_is_removed_and_counted(tmp_path: Path, block: int) -> None:
    with blocks_of(block):
        content = payload(tmp_path, b'[{"id": 1, "n": "a\\u0000b\\\\u0000"}, {"id": 2, "n": "\\u0000\\u00000"}]')

        assert read(content)[None] == [{"id": 1, "n": "ab\\u0000"}, {"id": 2, "n": "0"}]
        assert notes(content) == ["NUL characters removed: 3"]


def test_a_key_that_stands_twice_is_told_apart_by_its_place(tmp_path: Path) -> None:
    content = payload(
        tmp_path, b'[{"a": 1, "a": 2, "a_2": 3, "b": {"c": 1, "c": 2}}, {"a": 4, "b": null}, {"a": 5, "a": 6}]'
    )

    assert read(content)[None] == [
        {"a": 1, "a_3": 2, "a_2": 3, "b": {"c": 1, "c_2": 2}},
        {"a": 4, "b": None},
        {"a": 5, "a_2": 6},
    ]
    assert notes(content) == [TWIN_NOTE.format(count=3, example="c_2")]


@pytest.mark.parametrize(
    ("name", "text", "has"),
    [
        ("at", b'[{"id": 1}, {"id": 2, "at": null}]', True),
        ("at", b'{"id": 1}\n{"id": 2, "\\u0061t" : 1}', True),
        ("at", b'[{"id": 1, "more": {"at": 1}, "x": "\\"at\\":"}, {"id": "at"}]', False),
        ("a/t", b'[{"a\\/t": 1}]', True),
        ('a "t"\n', b'[{"a \\"t\\"\\n": 1}]', True),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}t", b'[{"\xe9t": 1}]', True),
        ("a_2", b'[{"a": 1, "a": 1}]', False),
        ("at", b"[]", False),
    ],
)
def test_whether_any_row_has_a_column(tmp_path: Path, name: str, text: bytes, has: bool) -> None:
    (table,) = open_tables(payload(tmp_path, text), ReadOptions(format="json"))

    assert table.has_column(name) is has


@pytest.mark.parametrize(
    "text",
    [
        b'{"data": [{"id": 1}], "data": [{"id": 2}]}',
        b'{"data": [], "x": 1, "data": [{"id": 2}]}',
        b'{"reports": [{"data": []}], "reports": [{"data": []}]}',
        b'{"reports": [{"data": [{"id": 1}], "data": []}]}',
        b'{"reports": [{"data": [{"id": 1}], "data": null}]}',
    ],
)
def test_a_list_that_comes_twice_is_no_report(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(UnknownFormat, match=r"two lists called '(data|reports)'"):
        verify(payload(tmp_path, text), DEFAULT)


def test_a_list_on_the_path_that_comes_twice_is_no_report(tmp_path: Path) -> None:
    options = ReadOptions(records_path=("result", "rows"))
    for text in (b'{"result": {"rows": [], "rows": []}}', b'{"result": {"rows": []}, "result": {"rows": []}}'):
        with pytest.raises(UnknownFormat, match="two lists called"):
            verify(payload(tmp_path, text), options)


@pytest.mark.parametrize(
    ("beside", "member"),
    [
        ({"has_more": True}, "has_more"),
        ({"isTruncated": True}, "isTruncated"),
        ({"next": "https://lms.example.com/2"}, "next"),
        ({"@odata.nextLink": "https://lms.example.com/2"}, "@odata.nextLink"),
        ({"next_page": 2}, "next_page"),
        ({"_links": {"self": {"href": "/1"}, "next": {"href": "/2"}}}, "_links.next"),
        ({"meta": {"pagination": {}, "next_token": "abc"}}, "meta.next_token"),
        ({"has_more": False, "next": None, "links": {"next": ""}, "nextCursor": None, "truncated": "no"}, ""),
        ({"next_run": "2026-12-01", "links": "none", "total": 999, "more": "soon"}, ""),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_report_that_says_that_it_goes_on_is_not_all_of_it(
    tmp_path: Path, beside: dict[str, Any], member: str, is_first: bool
) -> None:
    data = {"data": [{"a": 1}, {"a": 2}]}
    content = payload(tmp_path, _json({**beside, **data} if is_first else {**data, **beside}))
    verify(content, DEFAULT)
    (table,) = open_tables(content, DEFAULT)

    assert _rows(table) == data["data"]
    assert table.is_whole == (not member)
    told = [text for text in table.notes.messages() if "goes on elsewhere" in text]
    assert [f"By its member {member} the report" in text for text in told] == ([True] if member else [])


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_one_line_of_ndjson_is_a_record(tmp_path: Path, tail: bytes) -> None:
    record, text = (
        {"id": 1, "tags": [{"x": 1}], "message": "m"},
        b'{"id": 1, "tags": [{"x": 1}], "message": "m"}' + tail,
    )

    assert read(payload(tmp_path, text, names=("a.jsonl",)))[None] == [record]
    assert read(payload(tmp_path, text), ReadOptions(columns=frozenset({"id", "tags"})))[None] == [record]
    assert read(payload(tmp_path, zipped({"a.ndjson": text})))["a"] == [record]
    assert read(payload(tmp_path, text))[None] == [{"x": 1}]


def test_a_lone_object_that_is_no_record_of_the_stream_is_no_report(tmp_path: Path) -> None:
    columns = ReadOptions(columns=frozenset({"id", "message"}))
    for text, options in (
        (b'{"message": "bad token"}', DEFAULT),
        (b'{"detail": "no"}', columns),
        (b'{"id": 1, "error": "no"}', columns),
    ):
        with pytest.raises(ErrorPayload):
            verify(payload(tmp_path, text), options)


def test_windows_1252_is_read_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, '[{"a": "Zoë €"}]'.encode("cp1252"))

    assert read(content)[None] == [{"a": "Zoë €"}]
    assert notes(content) == ["Bytes that are not valid UTF-8, read as Windows-1252: 2"]


@pytest.mark.parametrize("text", [b'[{"a": "%b', b'{"a": "%b', b'{"a": 1}\n{"a": "%b', b'[[1, "%b'])
def test_a_text_that_does_not_end_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(json_scanner, "MOST_IN_A_VALUE", 2**20)
    content = payload(tmp_path, text % (b"x" * 2**22))
    with pytest.raises(UnknownFormat):
        verify(content, ReadOptions(format="json"))


def test_an_object_of_records_by_their_ids_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_sections, "_MOST_KEYS", 2)
    with pytest.raises(ErrorPayload, match="its members are 1, 2"):
        verify(payload(tmp_path, b'{"1": {}, "2": {}, "3": {}}'), ReadOptions(format="json"))
    with pytest.raises(ErrorPayload, match="answered with an error instead of a report"):
        verify(payload(tmp_path, b'{"1": 1, "2": 2, "error": "no"}'), ReadOptions(format="json"))


def test_records_full_of_objects_and_a_record_of_megabytes(tmp_path: Path) -> None:
    records: Rows = [{"n": number, "many": [{"x": {"y": number}} for _ in range(200)]} for number in range(100)]
    records.append({"n": -1, "long": "}," * 1_000_000})

    assert read(payload(tmp_path, _json({"reports": [{"data": records, "more": records[:3]}]})))[None] == records


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_GENERATED = st.lists(st.dictionaries(_TEXTS, _VALUES, max_size=5), min_size=1, max_size=8)


@given(
    records=_GENERATED,
    form=st.sampled_from(["array", "lines", "wrapper", "sheets"]),
    indent=st.sampled_from([None, 1]),
    ascii_=st.booleans(),
    block=st.integers(1, 300),
)
def test_generated_records_come_back(records: Rows, form: str, indent: int | None, ascii_: bool, block: int) -> None:
    def dumps(value: Any) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=ascii_)

    text = {
        "array": lambda: dumps(records),
        "lines": lambda: "\n".join(map(dumps, [{"first": 1}, *records])),
        "wrapper": lambda: dumps({"a": 1, "rows": records, "b": [1]}),
        "sheets": lambda: dumps({"reports": [{"sheet_name": "x", "data": records}]}),
    }[form]()
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        (rows,) = read(payload(Path(folder), text.encode()), ReadOptions(format="json")).values()

    expected = [{"first": 1}, *records] if form == "lines" else records
    assert rows == expected
    assert json.dumps(rows) == json.dumps(expected)  # 1 is not True, and not 1.0


@given(
    text=st.text(st.sampled_from('[]{},:"\\ anull1.e-0\n'), max_size=60), prefix=st.sampled_from(["", "[", '{"a":[{'])
)
def test_wild_text_is_refused_or_read_as_the_standard_library_reads_it(text: str, prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder, blocks_of(5):
        content = payload(Path(folder), (prefix + text).encode())
        try:
            verify(content, ReadOptions(format="json"))
            rows = [row for table in open_tables(content, ReadOptions(format="json")) for row in _rows(table)]
        except PayloadError:
            return
        assert count_rows(content, ReadOptions(format="json")) == len(rows)
        try:
            whole = json.loads(prefix + text)
        except ValueError:
            return  # objects that follow one another
    assert rows in (whole, [], *(whole.values() if isinstance(whole, dict) else ()))


def _rows(table: Any) -> Rows:
    return [row for chunk in table.chunks() for row in chunk.objects()]
