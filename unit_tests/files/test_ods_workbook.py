"""Workbooks of OpenDocument, as LibreOffice, Google, Excel and scripts write them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from source_lms_reports.errors import ArchiveLimitExceeded, CorruptPayload
from source_lms_reports.files.opening import verify
from unit_tests.files.books import ods_of, packed
from unit_tests.files.reading import DEFAULT, Rows, notes, payload, read


def _row(*cells: str, repeated: int = 1, between: str = "") -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{between.join(cells)}{between}</table:table-row>'


def _text(value: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{value}</text:p></table:table-cell>'


def _cell(kind: str, value: str, shown: str = "", name: str = "") -> str:
    name = name or {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}.get(kind, "value")
    attributes = f'office:value-type="{kind}" office:{name}="{value}"'
    return f"<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>"


def _read(folder: Path, *rows: str) -> Rows:
    return read(payload(folder, ods_of({"S": "".join(rows)})))["S"]


_HEADER = _row(_text("id"), _text("v"))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (_cell("float", "1.5", "1,50"), 1.5),
        (_cell("percentage", "0.42", "42%"), 0.42),
        (_cell("currency", "1234567890123456789", "1,23"), "1234567890123456789"),
        (_cell("boolean", "true", "WAHR"), True),
        (_cell("date", "2024-02-29", "29.02.24"), "2024-02-29"),
        (_cell("date", "2024-02-29T10:00:00.5", "29.02.24 10:00"), "2024-02-29T10:00:00.500000"),
        (_cell("date", "1850-01-01", "01.01.1850"), "1850-01-01"),
        (_cell("date", "2024-02-30", "?"), "2024-02-30"),
        (_cell("date", "2024-02-29T10:00:00+01:00", "?"), "2024-02-29T10:00:00+01:00"),
        (_cell("time", "PT42H00M01S", "42:00:01"), "42:00:01"),
        (_cell("time", "-PT0H30M", "-0:30"), "-0:30:00"),
        (_cell("string", "kept", "shown", "string-value"), "kept"),
        (_cell("string", "", "#DIV/0!", "string-value"), "#DIV/0!"),
        (_cell("own", "1", "shown"), "shown"),
        ("<table:table-cell><text:p>no type</text:p></table:table-cell>", "no type"),
        ("<table:covered-table-cell><text:p>merged</text:p></table:covered-table-cell>", "merged"),
        (_text('a<text:s/>b<text:s text:c="3"/>c<text:tab/>d<text:line-break/>e'), "a b   c\td\ne"),
        (_text("a</text:p><text:p>b"), "a\nb"),
        (_text("<text:span>a</text:span><text:a>b</text:a>"), "ab"),
        (_text("a<office:annotation><text:p>comment</text:p></office:annotation>"), "a"),
        (
            "<table:table-cell><office:annotation><text:p>x</text:p></office:annotation><text:p>y</text:p></table:table-cell>",
            "y",
        ),
        (_text("a", ' table:number-columns-repeated="1"'), "a"),
        (_text(""), None),
    ],
)
def test_a_cell_is_what_it_says(tmp_path: Path, cell: str, value: object) -> None:
    assert _read(tmp_path, _HEADER, _row(_cell("float", "1"), cell)) == [{"id": 1, "v": value}]


def test_errors_are_their_text(tmp_path: Path) -> None:
    error = _cell("string", "", "#N/A", "string-value").replace(" office:s", ' calcext:value-type="error" office:s')
    members = _members({"S": _HEADER + _row(_cell("float", "1"), error)})
    members["content.xml"] = members["content.xml"].replace(b"xmlns:office", b'xmlns:calcext="urn:c" xmlns:office', 1)
    content = payload(tmp_path, packed(members))

    assert read(content) == {"S": [{"id": 1, "v": "#N/A"}]}
    assert notes(content) == ["S: Errors of Excel such as #N/A, emitted as their text: 1"]


def _members(sheets: dict[str, str]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(ods_of(sheets))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_cells_and_rows_that_are_repeated(tmp_path: Path) -> None:
    rows = (
        _row(_text("a"), _text("b"), _text("c")),
        _row(_text("x", ' table:number-columns-repeated="2"'), _cell("float", "1"), repeated=3),
        _row('<table:table-cell table:number-columns-repeated="16384"/>', repeated=1_048_000),
        _row('<table:table-cell table:number-columns-repeated="2"/>', _text("z")),
    )

    assert _read(tmp_path, *rows) == [*[{"a": "x", "b": "x", "c": 1}] * 3, {"a": None, "b": None, "c": "z"}]


def test_indented_xml(tmp_path: Path) -> None:
    rows = [_row(_text("id"), _text("v"), between="\n    "), _row(_cell("float", "1"), _text("x"), between="\n    ")]

    assert _read(tmp_path, "\n  ", "\n  ".join(rows), "\n  ") == [{"id": 1, "v": "x"}]


def test_groups_and_headers_of_rows(tmp_path: Path) -> None:
    header = f"<table:table-header-rows>{_HEADER}</table:table-header-rows>"
    group = f"<table:table-row-group>{_row(_cell('float', '1'), _text('x'))}</table:table-row-group>"

    assert _read(tmp_path, header, group) == [{"id": 1, "v": "x"}]


def test_tables_that_are_no_sheets(tmp_path: Path) -> None:
    inner = f'<table:table table:name="inner">{_row(_text("no"), _text("row"))}</table:table>'
    cell = f"<table:table-cell>{inner}<text:p>x</text:p></table:table-cell>"

    assert read(payload(tmp_path, ods_of({"S": _HEADER + _row(_cell("float", "1"), cell)}))) == {
        "S": [{"id": 1, "v": "x"}]
    }


def test_a_hidden_sheet_is_told(tmp_path: Path) -> None:
    members = _members({"S": _HEADER + _row(_cell("float", "1"), _text("x")), "H": _HEADER})
    style = b'<s:style xmlns:s="urn:s" s:name="ta2"><s:table-properties table:display="false"/></s:style><office:body>'
    xml = members["content.xml"].replace(b"<office:body>", style)
    xml = xml.replace(b'table:name="H"', b'table:name="H" table:style-name="ta2"')
    content = payload(tmp_path, packed({**members, "content.xml": xml}))

    assert list(read(content)) == ["S"]
    assert notes(content) == ["S: Hidden sheets are not read: H"]


def test_without_its_first_member(tmp_path: Path) -> None:
    members = _members({"S": _HEADER + _row(_cell("float", "1"), _text("x"))})
    del members["mimetype"]

    assert read(payload(tmp_path, packed(members))) == {"S": [{"id": 1, "v": "x"}]}


@pytest.mark.parametrize(
    ("xml", "error", "words"),
    [
        (_HEADER + _row(_text("x", ' table:number-columns-repeated="99999"')), ArchiveLimitExceeded, "16,384 columns"),
        (_HEADER + _row(_text("x"), repeated=999_999_999), ArchiveLimitExceeded, "100,000,000"),
        (_HEADER + "<table:table-row>", CorruptPayload, "damaged"),
    ],
)
def test_what_is_refused(tmp_path: Path, xml: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        verify(payload(tmp_path, ods_of({"S": xml})), DEFAULT)


@pytest.mark.parametrize(
    ("member", "text", "words"),
    [
        ("META-INF/manifest.xml", "<manifest><encryption-data/></manifest>", "under a password"),
        (
            "content.xml",
            '<office:document-content xmlns:office="urn:o"><office:text/></office:document-content>',
            "damaged",
        ),
    ],
)
def test_other_documents(tmp_path: Path, member: str, text: str, words: str) -> None:
    members = _members({"S": _HEADER})

    with pytest.raises(CorruptPayload, match=words):
        verify(payload(tmp_path, packed({**members, member: text.encode()})), DEFAULT)
