from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from source_lms_reports.errors import (
    CorruptPayload,
    EmptyPayload,
    ErrorPayload,
    HtmlPayload,
    PayloadError,
    TruncatedPayload,
    UnknownFormat,
)
from source_lms_reports.files.opening import verify
from source_lms_reports.files.options import Format, ReadOptions
from unit_tests.files.reading import blocks_of, payload, read


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe\n\0", b"\0\0\0"])
def test_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(EmptyPayload):
        verify(payload(tmp_path, content), ReadOptions())


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>Log in</body></html>",
        b"\xef\xbb\xbf\r\n <html lang='en'>Log in",
        b"<HTML><HEAD><TITLE>Log in</TITLE>",
        b"<?xml version='1.0'?><Error><Code>AccessDenied</Code> Log in</Error>",
        b"<!-- cached --> Log in",
        "<!doctype html> Log in".encode("utf-16"),
    ],
)
@pytest.mark.parametrize("format_", ["auto", "csv", "xlsx", "json"])
def test_a_web_page(tmp_path: Path, content: bytes, format_: Format) -> None:
    with pytest.raises(HtmlPayload, match=r"(?s)web page.*(Log in|AccessDenied)"):
        verify(payload(tmp_path, content), ReadOptions(format=format_))


def test_a_header_that_looks_like_a_tag_is_a_header(tmp_path: Path) -> None:
    assert read(payload(tmp_path, b"<name>,b\n1,2\n"))[None] == [{"<name>": "1", "b": "2"}]


@pytest.mark.parametrize("content", [b'{"error": "no"}', b'{"detail": "no"}', b"[]", b'[{"a": 1}]', b" {}"])
@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_json_where_a_table_is_expected(tmp_path: Path, content: bytes, format_: Format) -> None:
    with pytest.raises(ErrorPayload, match="JSON instead"):
        verify(payload(tmp_path, content), ReadOptions(format=format_))


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n%abc", b"\x89PNG\r\n\x1a\n", b"BZh91AY&SY", b"(\xb5/\xfd\x04", b"\1\2\3,x\n1,2\n"]
)
def test_bytes_of_another_kind(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnknownFormat):
        verify(payload(tmp_path, content), ReadOptions())


def test_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ErrorPayload, match="upstream connect error"):
        verify(payload(tmp_path, b"upstream connect error"), ReadOptions(format="csv"))


def test_csv_cut_inside_a_quoted_cell(tmp_path: Path) -> None:
    with pytest.raises(TruncatedPayload, match="quoted cell"):
        verify(payload(tmp_path, b'a,b\n1,"x\ny"\n2,"z\n'), ReadOptions())


def test_an_odd_number_of_quotes_is_no_cut_where_one_is_text(tmp_path: Path) -> None:
    assert read(payload(tmp_path, b'a,b\n5",x\n6,"y"\n'))[None][0] == {"a": '5"', "b": "x"}


@pytest.mark.parametrize("tail", ["3", "3,", "3,4", '"3\n", 4', "3\r4"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_csv_cut_inside_its_last_row(tmp_path: Path, tail: str, encoding: str) -> None:
    text = "a,b,c\n" + '1,"é, ""x""\n",2\n' * 3
    options = ReadOptions(encoding=encoding)
    verify(payload(tmp_path, text.encode(encoding)), options)
    verify(payload(tmp_path, f"{text}3,4,".encode(encoding)), options)
    verify(payload(tmp_path, f"{text}3,4,5".encode(encoding)), options)
    verify(payload(tmp_path, f"{text}{tail}\n".encode(encoding)), options)  # short, but whole

    with pytest.raises(TruncatedPayload, match="inside a row"):
        verify(payload(tmp_path, f"{text}{tail}".encode(encoding)), options)


def test_a_last_row_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    with blocks_of(16):
        verify(payload(tmp_path, b"a,b\n" + b"x" * 100 + b",y"), ReadOptions())
        verify(payload(tmp_path, b'a,b\n1,2\n"' + b"x\n" * 100 + b'",y'), ReadOptions())


def test_no_cut_of_a_json_report_passes(tmp_path: Path) -> None:
    whole = b'{"reports": [{"report_name": "r", "data": [{"a": "\\u00e9"}, {"a": -1.5}]}]}'

    for size in range(1, len(whole)):
        with pytest.raises(PayloadError):
            verify(payload(tmp_path, whole[:size]), ReadOptions(format="json"))


def test_text_where_json_is_expected(tmp_path: Path) -> None:
    for content in (b"id,name\n1,2\n", b"Service Unavailable", b'"ok"', b"null", b"17"):
        with pytest.raises(PayloadError):
            verify(payload(tmp_path, content), ReadOptions(format="json"))


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3,4", b"a,b\r\n1,2\r\n3,", b"a,b"])
def test_where_every_file_ends_with_a_line_end_one_that_does_not_is_cut(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TruncatedPayload, match="without a line end"):
        verify(payload(tmp_path, content), ReadOptions(ends_with_line_end=True))


@pytest.mark.parametrize("content", [b"a,b\n1,2\n3,4\n", b"a,b\r\n1,2\r\n", b"a,b\n", b'a,b\n1,"2\n"\n'])
def test_where_every_file_ends_with_a_line_end_one_that_does_is_whole(tmp_path: Path, content: bytes) -> None:
    verify(payload(tmp_path, content), ReadOptions(ends_with_line_end=True))


@pytest.mark.parametrize("broken", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_workbook_whose_xml_ends_early_is_refused_before_a_row_is_read(tmp_path: Path, broken: str) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for row in range(50):
            sheet.write_row(row, 0, ["id", "name"] if not row else [row, f"name {row}"])
    damaged = io.BytesIO()
    with zipfile.ZipFile(book) as whole, zipfile.ZipFile(damaged, "w") as target:
        for name in whole.namelist():
            data = whole.read(name)
            target.writestr(name, data[: len(data) * 2 // 3] if name == broken else data)

    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, damaged.getvalue()), ReadOptions())
