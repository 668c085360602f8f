"""Small files as they are found in the wild, each named after what made it, with what must come of it.

What a user reports goes here: the smallest file of that shape, made in code, and its rows.
"""

from __future__ import annotations

import base64
import io
import re
import tarfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.errors import (
    CorruptPayload,
    EmptyPayload,
    ErrorPayload,
    HtmlPayload,
    PayloadError,
    TruncatedPayload,
    UnknownFormat,
)
from source_lms_reports.files.options import ReadOptions
from unit_tests.files.reading import gzipped, zipped

CSV = ReadOptions(format="csv", delimiters=",;\t")
JSON = ReadOptions(format="json")
KNOWN = ReadOptions(format="csv", delimiters=",;\t", columns=frozenset({"id", "name"}))
SPARE = ReadOptions(format="csv", empty_markers=("No outcomes found",), may_be_blank=True)

Row = dict[str, Any]
_TWO = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("report.csv")
        member.size = len(b"id,name\n1,a\n")
        archive.addfile(member, io.BytesIO(b"id,name\n1,a\n"))
    return buffer.getvalue()


_TAR = _tar()
_LONG = b"id,name\n" + b"1,a\n" * 40_000


@dataclass(frozen=True)
class Shape:
    """One file.

    Args:
        name: What made it.
        content: Its bytes.
        tables: Its rows by table; a lone table has no name. None where it is refused.
        error: What refuses it, and words of the message.
        told: Words of each warning, in their order.
        options: What the platform says of its files.
        charset: As announced.
    """

    name: str
    content: bytes
    tables: Mapping[str | None, list[Row]] | None = None
    error: tuple[type[PayloadError], str] | None = None
    told: tuple[str, ...] = ()
    options: ReadOptions = CSV
    charset: str | None = None
    file_name: str | None = field(default=None)


def _read(name: str, content: bytes, rows: list[Row], *told: str, **more: Any) -> Shape:
    return Shape(name, content, {None: rows}, told=told, **more)


def _refused(name: str, content: bytes, error: type[PayloadError], words: str, **more: Any) -> Shape:
    return Shape(name, content, error=(error, words), **more)


DELIMITERS = (
    _read(
        "semicolons_and_commas_in_names",
        b"id;name\n1;Doe, J\n2;Roe, K\n",
        [{"id": "1", "name": "Doe, J"}, {"id": "2", "name": "Roe, K"}],
    ),
    _read("commas_in_a_label", b"id;name (a, b)\n1;x\n", [{"id": "1", "name (a, b)": "x"}]),
    _read("decimal_commas", b"x;y\n1,5;2,5\n3,5;4,5\n", [{"x": "1,5", "y": "2,5"}, {"x": "3,5", "y": "4,5"}]),
    _read("line_end_in_a_label", b'"Full\nname";Score\nann;5\n', [{"Full\nname": "ann", "Score": "5"}]),
    _read("tabs", b"id\tname\n1\ta, b; c\n", [{"id": "1", "name": "a, b; c"}]),
    _read("one_column_with_commas", b"comment\nhello, world\nfoo\n", [{"comment": "hello, world"}, {"comment": "foo"}]),
    _read(
        "ragged_rows",
        b"a,b,c\n1,2\n3\n4,5,6,7\n",
        [
            {"a": "1", "b": "2", "c": None},
            {"a": "3", "b": None, "c": None},
            {"a": "4", "b": "5", "c": "6", "_extra": ["7"]},
        ],
        "fewer cells",
        "more cells",
    ),
    _read("two_that_would_do", b"a;b,c;d\n1;2,3;4\n", [{"a": "1", "b,c": "2,3", "d": "4"}], "';', not ','"),
    _read("excel_hint", b"sep=;\r\na,b;c\r\n1;2\r\n", [{"a,b": "1", "c": "2"}]),
    _read("excel_hint_in_capitals", b"SEP=\t\r\na,b\tc\r\n1\t2\r\n", [{"a,b": "1", "c": "2"}]),
    _read("excel_hint_in_quotes", b'"sep=;"\r\nid;name\r\n1;a\r\n', [{"id": "1", "name": "a"}]),
    _read("excel_hint_behind_a_mark", b"\xef\xbb\xbfsep=|\nid|name\n1|a\n", [{"id": "1", "name": "a"}]),
)
HEADERS = (
    _read(
        "blank_lines_first", b"\n\r\n,,\n ,\nid,name\n1,a\n2,b\n", _TWO, "without text above the header, passed over: 4"
    ),
    _read(
        "title_above",
        b"Report of all learners\n\nid,name,at\n1,a,x\n",
        [{"id": "1", "name": "a", "at": "x"}],
        "without text",
        "Report of all learners",
    ),
    _read(
        "titles_above",
        b"Acme\nMade on 2024-01-01\nid,name,at\n1,a,x\n",
        [{"id": "1", "name": "a", "at": "x"}],
        "Acme, Made on 2024-01-01",
    ),
    _read(
        "parameters_above_a_blank_line",
        b"Report,Users\nDate,2024-01-01\n\nid,name,at\n1,a,x\n2,b,y\n",
        [{"id": "1", "name": "a", "at": "x"}, {"id": "2", "name": "b", "at": "y"}],
        "Lines without text above the header, passed over: 1",
        "Report,Users, Date,2024-01-01",
    ),
    _read("word_above_a_blank_line", b"Users\n\nid,name\n1,a\n2,b\n", _TWO, "without text", "(Users)"),
    _read("comment_above", b"# made by export 2.1\nid,name\n1,a\n2,b\n", _TWO, "# made by export"),
    _read(
        "php_notice_above",
        b"<br />\n<b>Deprecated</b>: f() is deprecated in <b>e.php</b> on line <b>3</b><br />\nid,name\n1,a\n2,b\n",
        _TWO,
        "Deprecated",
    ),
    _read(
        "php_notice_as_text",
        b"\nNotice: Undefined index: x in /var/www/e.php on line 3\nid,name\n1,a\n2,b\n",
        _TWO,
        "without text",
        "Undefined index",
    ),
    _read(
        "fewer_labels",
        b"name,score\nann,1,x,y\nbob,2,z,w\n",
        [
            {"name": "ann", "score": "1", "_column_3": "x", "_column_4": "y"},
            {"name": "bob", "score": "2", "_column_3": "z", "_column_4": "w"},
        ],
        "fewer labels",
        "not unique",
    ),
    _read(
        "one_label_for_two",
        b"name\nann,1\nbob,2\n",
        [{"name": "ann", "_column_2": "1"}, {"name": "bob", "_column_2": "2"}],
        "fewer labels",
        "not unique",
    ),
    _read(
        "one_long_row",
        b"id,name\n1,a\n2,b,c,d\n3,e\n",
        [_TWO[0], {"id": "2", "name": "b", "_extra": ["c", "d"]}, {"id": "3", "name": "e"}],
        "more cells",
    ),
    _read("delimiter_behind_each_row", b"id,name\n1,a,\n2,b,\n", _TWO),
    _read(
        "index_column",
        b",user\n0,ann\n1,bob\n",
        [{"_column_1": "0", "user": "ann"}, {"_column_1": "1", "user": "bob"}],
        "not unique",
    ),
    _read("years_as_labels", b"name,2023,2024\na,1,2\n", [{"name": "a", "2023": "1", "2024": "2"}]),
    _read("brackets_in_labels", b"[1] Name,[2] Score\nann,5\n", [{"[1] Name": "ann", "[2] Score": "5"}]),
    _read("lists_in_labels", b"[a],{b}\n1,2\n", [{"[a]": "1", "{b}": "2"}]),
    _read("html_in_labels", b"<p>Question 1</p>,Score\nyes,5\n", [{"<p>Question 1</p>": "yes", "Score": "5"}]),
    _read("html_in_labels_and_no_rows", b"<p>Question 1</p>,<b>Q</b> 2\n", []),
    _read(
        "html_in_cells",
        b"id,body\n1,<table><tr><td>a</td></tr></table>\n2,<html>x</html>\n",
        [{"id": "1", "body": "<table><tr><td>a</td></tr></table>"}, {"id": "2", "body": "<html>x</html>"}],
    ),
    _read("header_only", b"learner,course name,hours spent\n", []),
    _read(
        "header_of_a_sentence",
        b"id,Sorry, but the course was good.\n1,a,b\n",
        [{"id": "1", "Sorry": "a", " but the course was good.": "b"}],
    ),
    _read(
        "comments_in_one_column",
        b"Comment\nThe course was good.\nInternal Server Error\n",
        [{"Comment": "The course was good."}, {"Comment": "Internal Server Error"}],
    ),
    _read("names_in_one_column", b"Full name\nAnn\nBob Smith\n", [{"Full name": "Ann"}, {"Full name": "Bob Smith"}]),
    _read("one_value_with_a_semicolon", b"c0\nv0\na;b\n", [{"c0": "v0"}, {"c0": "a;b"}]),
    _read("line_of_dashes", b"id,name\n--,----\n1,a\n2,b\n", _TWO, "A line of dashes"),
    _read("line_of_dashes_and_no_rows", b"id,name\n--,----\n", [], "A line of dashes"),
    _read("values_of_dashes", b"id,name\n-,-\n", [{"id": "-", "name": "-"}]),
    _read(
        "mark_in_the_first_cell", b'"\xef\xbb\xbfid","name"\n"1","a"\n"2","b"\n', _TWO, "A byte order mark in the name"
    ),
    _read("unknown_delimiter", b"id|full name\n1|Ann Lee\n", [{"id|full name": "1|Ann Lee"}]),
)
LINES = (
    _read("header_repeated", b"id,name\n1,a\nid,name\n2,b\n", _TWO, "repeat the header, left out: 1 (first: row 2)"),
    _read("header_repeated_in_quotes", b'id,name\n1,a\n"id","name"\n2,b\n', _TWO, "repeat the header, left out: 1"),
    _read(
        "files_put_together",
        b"\xef\xbb\xbfid,name\n1,a\n\xef\xbb\xbfid,name\n2,b\n",
        _TWO,
        "Byte order marks inside the file, removed: 1",
        "repeat the header",
    ),
    _read("mark_behind_the_last_line", b"id,name\n1,a\n2,b\n\xef\xbb\xbf", _TWO, "removed: 1"),
    _read("marks_twice_inside", b"id,name\n1,a\n\xef\xbb\xbf\xef\xbb\xbf2,b\n", _TWO, "removed: 1"),
    _read(
        "mark_behind_a_stray_quote",
        b'id,name\n1,5" disk\n\xef\xbb\xbf2,b\n',
        [{"id": "1", "name": '5" disk'}, _TWO[1]],
        "removed: 1",
    ),
    _read("mark_in_a_quoted_cell", b'id,name\n1,"a\n\xef\xbb\xbfb"\n', [{"id": "1", "name": "a\n\ufeffb"}]),
    _read(
        "stray_quotes_and_a_line_behind",
        b'id,name\n1,"a "b" c"\n2,b\n(2 rows)\n',
        [{"id": "1", "name": 'a b" c"'}, _TWO[1]],
        "(2 rows)",
        "do not follow the rules of CSV",
    ),
    _read(
        "name_of_the_only_column",
        b"name\nann\nname\n",
        [{"name": "ann"}, {"name": "name"}],
        "repeat the header of the only column: 1",
    ),
    _read("end_of_file_of_dos", b"id,name\r\n1,a\r\n2,b\r\n\x1a", _TWO, "(SUB)"),
    _read("end_of_file_behind_the_last_cell", b"id,name\n1,a\n2,b\x1a", _TWO, "(SUB)"),
    _read("end_of_file_and_a_line_end", b"id,name\n1,a\n2,b\n\x1a\r\n", _TWO, "(SUB)"),
    _read("count_of_rows_behind", b"id,name\n1,a\n2,b\n(2 rows)\n", _TWO, "(2 rows)"),
    _read("total_behind", b"id,name\n1,a\n2,b\n\nTotal rows: 2\n", _TWO, "Total rows: 2"),
    _read("comments_behind", b"id,name\n1,a\n2,b\n# made by x\n#\n# the end\n", _TWO, "left out: 3"),
    *(
        _refused(
            f"broken_off_by_{name}", b"id,name\n1,a\n2,b\n" + behind, TruncatedPayload, "breaks off with a message"
        )
        for name, behind in {
            "database": b"ERROR:  canceling statement due to statement timeout\n",
            "java": b"java.sql.SQLException: Connection reset\n\tat a.b.C.d(C.java:7)\n",
            "python": b'Traceback (most recent call last):\n  File "x.py", line 3, in f\nMemoryError',
            "php": b"<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>e.php</b><br />\n",
            "proxy": b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body></body>\n</html>\n",
            "status": b"503 Service Unavailable\n",
            "json": b'{"error":"timeout","code":504}\n',
            "json_of_lines": b'{\n  "message": "Task timed out after 30.03 seconds"\n}',
        }.items()
    ),
    _read("errors_counted_behind", b"id,name\n1,a\n2,b\nError rows: 0\n", _TWO, "Error rows: 0"),
    _read(
        "cells_of_json_and_html",
        b'data,note\n{"a":1},x\n<p>y</p>,z\n<p>short</p>\n',
        [{"data": '{"a":1}', "note": "x"}, {"data": "<p>y</p>", "note": "z"}, {"data": "<p>short</p>", "note": None}],
        "fewer cells",
    ),
    _read("nothing_to_show", b"id,name\nNo data available.\n", [], "No data available."),
    _read(
        "a_name_in_a_short_last_row",
        b"name,score\nann,1\nBob Smith\n",
        [{"name": "ann", "score": "1"}, {"name": "Bob Smith", "score": None}],
        "fewer cells",
    ),
    _read(
        "short_rows_all_over",
        b"name,score\nroom 5\nann,1\nroom 6\n",
        [{"name": "room 5", "score": None}, {"name": "ann", "score": "1"}, {"name": "room 6", "score": None}],
        "fewer cells",
    ),
    _read("marker", b"id,name\nNo outcomes found\n", [], options=SPARE),
    _read("line_ends_written_twice", b"id,name\r\r\n1,a\r\r\n2,b\r\r\n", _TWO),
    _read(
        "line_ends_of_other_alphabets",
        "id,name\n1,a\u2028b\u2029c\u0085d\x0be\x0cf\n".encode(),
        [{"id": "1", "name": "a\u2028b\u2029c\u0085d\x0be\x0cf"}],
    ),
    _read("nuls", b"i\0d,name\n1,a\0\n2,b\n", _TWO, "NUL characters removed: 2"),
    _read("line_of_nuls_behind", b"id,name\n1,a\n2,b\n" + b"\0" * 9 + b"\n\n", _TWO, "NUL characters removed: 9"),
    Shape("lone_line_end_where_it_may_be", b"\r\n", {}, options=SPARE),
    _refused("lone_line_end", b"\n", EmptyPayload, "empty"),
)
QUOTES = (
    _read("quote_in_a_cell", b'id,name\n1,5" disk\n2,b\n', [{"id": "1", "name": '5" disk'}, _TWO[1]]),
    _read(
        "quotes_not_doubled",
        b'id,name\n1,"a "b" c"\n2,b\n',
        [{"id": "1", "name": 'a b" c"'}, _TWO[1]],
        "do not follow the rules of CSV",
    ),
    _read(
        "quote_without_an_end",
        b'id,name\n1,"a\n2,"b"\n3,c\n',
        [{"id": "1", "name": '"a'}, _TWO[1], {"id": "3", "name": "c"}],
        "do not follow the rules of CSV",
    ),
    _read(
        "quote_without_an_end_among_quotes",
        b'"id","name"\n"1","a\n"2","b"\n',
        [{"id": "1", "name": '"a'}, _TWO[1]],
        "do not follow the rules of CSV",
    ),
    _read(
        "blank_behind_a_quote",
        b'id,name\n"1" ,"a\nb" \n2,b\n',
        [{"id": "1 ", "name": "a\nb "}, _TWO[1]],
        "do not follow the rules of CSV",
    ),
    _read("blank_before_a_quote", b'id,name\n1, "a"\n2,b\n', [{"id": "1", "name": ' "a"'}, _TWO[1]]),
    _read(
        "quotes_behind_backslashes",
        b'id,name,x\n1,"a \\"b, c\\" d\\n",y\n2,"C:\\x",z\n',
        [{"id": "1", "name": 'a "b, c" d\\n', "x": "y"}, {"id": "2", "name": "C:\\x", "x": "z"}],
        "behind a backslash as a quote",
    ),
    _read(
        "quotes_behind_backslashes_over_lines",
        b'id,name,x\n1,"a \\"b\nc\\" d",y\n2,"e",z\n',
        [{"id": "1", "name": 'a "b\nc" d', "x": "y"}, {"id": "2", "name": "e", "x": "z"}],
        "behind a backslash as a quote",
    ),
    _read(
        "backslash_at_the_end_of_a_cell",
        b'id,name\n1,"C:\\"\n2,b\n',
        [{"id": "1", "name": "C:\\"}, _TWO[1]],
    ),
    _read("quotes_alone", b'id\n""""""\n"test"\n', [{"id": '""'}, {"id": "test"}]),
    _read("empty_and_doubled", b'id,name\n"","""a"""\n', [{"id": None, "name": '"a"'}]),
    _refused("quote_without_any_end", b'id,name\n1,"a\n2,b\n', TruncatedPayload, "quoted cell"),
    _refused("cut_behind_a_stray_quote", b'id,name\n5",1\n2,"cut', TruncatedPayload, "quoted cell"),
)
NO_REPORTS = (
    *(
        _refused(name, text + end, ErrorPayload, re.escape(text.split(b"\n")[0].decode()[:30]), options=options)
        for name, text, options in (
            ("a_sentence", b"Internal Server Error", CSV),
            ("two_sentences", b"Service Unavailable\nPlease try again later", CSV),
            ("a_sentence_with_commas", b"Sorry, the report could not be made, try again.", CSV),
            (
                "a_sentence_of_a_proxy",
                b"upstream connect error or disconnect/reset before headers. reset reason: timeout",
                CSV,
            ),
            ("a_sentence_in_japanese", "レポートを作成できませんでした。".encode(), CSV),
            ("a_status", b"404 page not found", CSV),
            ("a_word", b"Forbidden", KNOWN),
            ("a_stack", b'Traceback (most recent call last):\n  File "x.py", line 3, in <module>\nKeyError', CSV),
        )
        for end in (b"", b"\n", b"\r\n\r\n")
    ),
    *(
        _refused(name, text, HtmlPayload, "web page", options=options)
        for name, text in (
            (
                "html_table",
                b'<table border="1"><tr><th>id</th><th>name</th></tr>\n<tr><td>1</td><td>a</td></tr></table>',
            ),
            ("html_of_excel", b'<style>td{mso-number-format:"\\@"}</style>\n<table><tr><td>id</td></tr>\n</table>'),
            (
                "php_error",
                b"<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>r.php</b> on line <b>12</b><br />\n",
            ),
            (
                "xml_without_prolog",
                b"<ErrorResponse>\n  <Code>ServiceUnavailable</Code>\n  <Message>A, b</Message>\n</ErrorResponse>\n",
            ),
            (
                "soap",
                b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault/></soap:Body></soap:Envelope>\n',
            ),
            ("centred", b"<center><h1>502 Bad Gateway</h1></center>"),
            ("closing_tag", b"</div>, sorry\na,b\n"),
            ("comment", b"<!-- x,y -->\na,b\n1,2\n"),
            ("doctype", b"<!DOCTYPE html>\n<html><body>a,b</body></html>\n"),
            ("one_element", b"<h1>Error</h1>\n"),
            ("elements_with_commas", b"<p>Sorry, try later</p>\n<p>Sorry, try later</p>\n"),
        )
        for options in (CSV, JSON)
    ),
    *(
        _refused(
            f"rows_in_one_line_{at}", f"id,name{end}1,a{end}2,b{end}".encode(), UnknownFormat, "all its rows in one"
        )
        for at, end in enumerate(("\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1e", "\\n", "\\r\\n", "<br>"))
    ),
    _refused("rows_in_one_line_by_semicolons", "id;name\x851;a\x852;b\n".encode(), UnknownFormat, "NEL"),
    _read("other_line_ends_in_a_name", "x\x85y,z\n1,2\n".encode(), [{"x\x85y": "1", "z": "2"}]),
    _read("other_line_ends_in_a_name_without_rows", "x\x85y,z\n".encode(), []),
    _refused("base_64", b"aWQsbmFtZQox" * 20 + b"\n", ErrorPayload, "is not a report but says: aWQs"),
    _refused("base_64_by_mime", base64.encodebytes(_LONG), ErrorPayload, "is not a report but says: aWQs"),
    _refused(
        "base_64_by_pem",
        "\r\n".join(textwrap.wrap(base64.b64encode(_LONG).decode(), 64)).encode(),
        ErrorPayload,
        "is not a report but says: aWQs",
    ),
    _refused("workbook_in_base_64", base64.encodebytes(zipped({"a": bytes(256)})), ErrorPayload, "says: UEsD"),
    _read(
        "one_column_of_digests",
        b"digest\n" + b"".join(b"%064x\n" % n for n in range(2)),
        [{"digest": f"{n:064x}"} for n in range(2)],
    ),
    _refused("json_error", b'{"error": "no"}', ErrorPayload, "JSON instead"),
    _refused("json_list_that_is_cut", b'["a", "b', ErrorPayload, "JSON instead"),
    _refused("picture", b"\x89PNG\r\n\x1a\n", UnknownFormat, "neither CSV.* but a picture"),
    *(
        _refused(f"tar_for_{options.format}", _TAR, UnknownFormat, "a tar archive", options=options)
        for options in (CSV, JSON)
    ),
    _refused("tar_under_gzip", gzipped(_TAR), UnknownFormat, "a tar archive"),
    _refused("parquet", b"PAR1\x15\x04\x15\x10", UnknownFormat, "a Parquet file"),
    _refused("page_of_excel", b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", UnknownFormat, "MIME"),
    _refused("sylk", b'ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K"id"\r\nE\r\n', UnknownFormat, "a SYLK file"),
    _read("names_that_sylk_has", b"ID;Phone\n1;2\n", [{"ID": "1", "Phone": "2"}]),
    _refused("excel_4", b"\x09\x04\x06\0\0\0\x10\0", UnknownFormat, "as Excel 4 and older"),
    _refused("excel_5_without_a_container", b"\x09\x08\x08\0\0\0\x10\0\0\0\0\0", UnknownFormat, "as Excel 4"),
    _refused(
        "letter_of_word",
        zipped({"[Content_Types].xml": b'<?xml version="1.0"?><Types/>', "word/document.xml": b"<w:document/>"}),
        UnknownFormat,
        "document of Office, and no workbook",
    ),
    _refused(
        "body_of_several_parts",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nid,name\r\n1,a\r\n--x--\r\n',
        UnknownFormat,
        "MIME",
    ),
)
ENCODINGS = (
    _read("windows_1252", "id,name\n1,“Zoë” €\n".encode("cp1252"), [{"id": "1", "name": "“Zoë” €"}], "Windows-1252: 4"),
    _read(
        "utf_8_announced_as_latin_1",
        "id,name\n1,Zoë 王\n".encode(),
        [{"id": "1", "name": "Zoë 王"}],
        charset="iso-8859-1",
    ),
    _read(
        "utf_8_announced_as_utf_16", "id,name\n1,Zoë 王\n".encode(), [{"id": "1", "name": "Zoë 王"}], charset="utf-16"
    ),
    _read(
        "latin_1_as_announced", "id,name\n1,Zoë\n".encode("latin-1"), [{"id": "1", "name": "Zoë"}], charset="ISO-8859-1"
    ),
    _read(
        "cyrillic_as_announced",
        "id,name\n1,Зоя\n".encode("cp1251"),
        [{"id": "1", "name": "Зоя"}],
        charset="windows-1251",
    ),
    _read("mark_of_utf_16_above_utf_8", b"\xff\xfeid,name\n1,a\n2,b\n", _TWO, "mark of UTF-16"),
    _read("utf_16_without_a_mark", ("id,name\n" + "1,Zoë\n" * 9).encode("utf-16-le"), [{"id": "1", "name": "Zoë"}] * 9),
    _read("utf_8_of_mysql", b"id,name\n1,\xed\xa0\xbd\xed\xb8\x80\n", [{"id": "1", "name": "😀"}]),
    _read("half_a_pair", b"id,name\n1,\xed\xa0\xbd\n", [{"id": "1", "name": "\ufffd"}], "U+FFFD: 1"),
    _read("mark_encoded_twice", "\u00ef\u00bb\u00bfid,name\n1,a\n2,b\n".encode(), _TWO, "mark that was encoded twice"),
    _read(
        "mark_before_one_that_was_encoded_twice",
        "\ufeff\u00ef\u00bb\u00bfid,name\n1,a\n2,b\n".encode(),
        _TWO,
        "mark that was encoded twice",
    ),
    _read("two_marks", b"\xef\xbb\xbf\xef\xbb\xbfid,name\n1,a\n2,b\n", _TWO),
)
_PART = b"id,name\n1,a\n2,b\n"
ARCHIVES = (
    Shape(
        "zip_of_a_mac",
        zipped({"out/report.csv": _PART, "out/__MACOSX/._report.csv": b"\0\5\x16\7", "__MACOSX/x": b"y"}),
        {"out/report": _TWO},
        told=("__MACOSX",),
    ),
    Shape(
        "dot_underscore",
        zipped({"report.csv": _PART, "._report.csv": b"\0\5\x16\7", ".DS_Store": b"x"}),
        {"report": _TWO},
        told=(r"\._report\.csv, \.DS_Store",),
    ),
    Shape(
        "readme",
        zipped({"README.txt": b"This was made by a service.\nContact support.\n", "report.csv": _PART}),
        {"report": _TWO},
        told=("README.txt",),
    ),
    Shape(
        "manifest",
        zipped({"manifest.json": b'{"files": 1}', "report.csv": _PART}),
        {"report": _TWO},
        told=("manifest.json",),
    ),
    Shape(
        "manifest_of_names",
        zipped({"MANIFEST": b"report.csv,16\n", "report.csv": _PART}),
        {"report": _TWO},
        told=("MANIFEST",),
    ),
    Shape(
        "notes_and_pictures",
        zipped({"about.html": b"<html>x</html>", "logo.png": b"\x89PNG", "report.csv": _PART, "_SUCCESS": b""}),
        {"report": _TWO},
        told=("about.html, logo.png, _SUCCESS",),
    ),
    Shape("manifest_alone", zipped({"manifest.csv": _PART}), {"manifest": _TWO}),
    Shape(
        "slash_in_a_name",
        zipped({"Fall 2026/27.csv": _PART, "Fall 2026/28.csv": _PART}),
        {"Fall 2026/27": _TWO, "Fall 2026/28": _TWO},
    ),
    Shape("backslash_in_a_name", zipped({"a\\b.csv": _PART}), {"a/b": _TWO}),
    _refused("page_as_a_member", zipped({"a.csv": _PART, "b.csv": b"<html>log in</html>"}), HtmlPayload, r"b\.csv"),
    _refused(
        "sentence_as_a_member", zipped({"a.csv": _PART, "b.csv": b"Something went wrong"}), ErrorPayload, r"b\.csv"
    ),
    _refused("only_a_readme", zipped({"README.txt": b"There is nothing here."}), ErrorPayload, "README"),
    _refused("member_without_bytes", zipped({"a.csv": _PART, "b.csv": b""}), EmptyPayload, r"b\.csv"),
    _refused(
        "cut_member_behind_an_unended_one",
        zipped({"a.csv": b"id,name\n1,a", "b.csv": b"id,x,y,z\n1,2,3,4\n5,6"}),
        TruncatedPayload,
        r"b\.csv.*2 of 4",
        options=ReadOptions(format="csv", ends_with_line_end=True),
    ),
    Shape("zip_in_a_zip", zipped({"all.zip": zipped({"report.csv": _PART})}), {"report": _TWO}),
    Shape("gzip_in_a_zip", zipped({"report.csv.gz": gzipped(_PART)}), {"report": _TWO}),
    _read("gzip_twice", gzipped(gzipped(_PART)), _TWO),
    _refused("line_end_before_a_zip", b"\n" + zipped({"report.csv": _PART}), UnknownFormat, "neither"),
    _refused(
        "zip_behind_a_zip", zipped({"a.csv": _PART}) + zipped({"b.csv": _PART}), CorruptPayload, "one behind the other"
    ),
    _read("gzip_and_a_line_end", gzipped(_PART) + b"\r\n", _TWO, "2 bytes behind the end of its gzip data"),
    _read("gzip_and_padding", gzipped(_PART) + b"\0" * 30, _TWO),
    _read("gzip_in_members", gzipped(_PART[:9]) + b"\0\0" + gzipped(_PART[9:]), _TWO),
    _refused("gzip_and_half_a_member", gzipped(_PART) + gzipped(_PART)[:12], TruncatedPayload, "ends early"),
    _refused("gzip_and_a_broken_member", gzipped(_PART) + b"\x1f\x8b\x09" + bytes(20), CorruptPayload, "damaged"),
)
DOCUMENTS = (
    _read("nul_escape", b'[{"id": 1, "n": "a\\u0000b"}]', [{"id": 1, "n": "ab"}], "NUL", options=JSON),
    _read(
        "twice_a_key",
        b'[{"id": 1, "score": 5, "score": 7}, {"id": 2}]',
        [{"id": 1, "score": 5, "score_2": 7}, {"id": 2}],
        "score_2",
        options=JSON,
    ),
    _read(
        "twice_a_key_and_once_another_less",
        b'[{"id": 1, "score": 5, "score": 7}, {"score": 2}]',
        [{"id": 1, "score": 5, "score_2": 7}, {"score": 2}],
        "score_2",
        options=JSON,
    ),
    _read("twice_a_key_by_jackson", b'[ {\n  "id" : 1,\n  "id" : 2\n} ]', [{"id": 1, "id_2": 2}], "id_2", options=JSON),
    _read("blank_before_colons", b'[ {\n  "id" : 1,\n  "x" : "\\":"\n} ]', [{"id": 1, "x": '":'}], options=JSON),
    _refused(
        "twice_a_list",
        b'{"data": [{"id": 1}], "data": [{"id": 2}]}',
        UnknownFormat,
        "two lists called 'data'",
        options=JSON,
    ),
    _read("one_line", b'{"id": 1, "name": "a"}\n', [{"id": 1, "name": "a"}], options=JSON, file_name="report.jsonl"),
    _read(
        "marks_between_lines", b'\xef\xbb\xbf{"id": 1}\n\xef\xbb\xbf{"id": 2}\n', [{"id": 1}, {"id": 2}], options=JSON
    ),
    _read("half_a_pair_in_json", b'[{"id": 1, "n": "\\ud83d"}]', [{"id": 1, "n": "\ufffd"}], "U+FFFD", options=JSON),
    _read("windows_1252_in_json", '[{"n": "Zoë"}]'.encode("cp1252"), [{"n": "Zoë"}], "Windows-1252: 1", options=JSON),
    _refused("error_of_an_api", b'{"message": "bad token"}', ErrorPayload, "bad token", options=JSON),
    _refused("records_by_id", b'{"1": {"id": 1}, "2": {"id": 2}}', ErrorPayload, "its members are 1, 2", options=JSON),
    _refused("columns_and_rows", b'{"columns": ["id"], "data": [[1]]}', ErrorPayload, "columns, data", options=JSON),
    _refused("commas_between_lines", b'{"id": 1},\n{"id": 2}\n', CorruptPayload, "damaged", options=JSON),
    *(
        _refused(name, text, UnknownFormat, "not all records", options=JSON)
        for name, text in (
            ("null_among_records", b'[{"id": 1}, null]'),
            ("null_far_behind", b"[" + b'{"id": 1},' * 20_000 + b" null]"),
            ("list_among_lines", b'{"id": 1}\n{"id": 2}\n[3]\n'),
            ("text_among_the_records_of_a_member", b'{"data": [{"id": 1}, "x"], "ids": [1, "x"]}'),
        )
    ),
    _read("utf_16_in_json", '[{"id": 1, "n": "Zoë"}]'.encode("utf-16-be"), [{"id": 1, "n": "Zoë"}], options=JSON),
    _refused("list_behind_a_list", b'[{"id": 1}] [{"id": 2}]', CorruptPayload, "damaged", options=JSON),
)
SHAPES = (*DELIMITERS, *HEADERS, *LINES, *QUOTES, *NO_REPORTS, *ENCODINGS, *ARCHIVES, *DOCUMENTS)
