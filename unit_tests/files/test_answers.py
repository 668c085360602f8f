"""An answer about a report is told from the report itself by its beginning."""

from __future__ import annotations

from pathlib import Path

import pytest

from source_lms_reports.files.answers import answer_in
from source_lms_reports.files.archive import HEAD, Source
from unit_tests.files.reading import gzipped, payload

STATUS = b'{"id": "7", "status": "PENDING"}'


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (STATUS, STATUS),
        (b"\xef\xbb\xbf \r\n" + STATUS, b"\xef\xbb\xbf \r\n" + STATUS),
        (gzipped(STATUS), STATUS),
        (b"<!DOCTYPE html><html></html>", b"<!DOCTYPE html><html></html>"),
        (b"", None),
        (b"[]", None),
        (b'\n [{"a": 1}]', None),
        (b"a,b\n1,2\n", None),
        (b'"a","b"\n', None),
        (gzipped(b"[]"), None),
        (gzipped(STATUS)[:-9], None),
        (b"PK\x03\x04 no archive", None),
        (b"{" + b" " * 100, None),
    ],
)
def test_an_object_or_a_web_page_is_an_answer(tmp_path: Path, content: bytes, answer: bytes | None) -> None:
    assert answer_in(payload(tmp_path, content).parts[0], most=100) == answer


@pytest.mark.parametrize("content", [b"PENDING", b'"pending"\n', b" Pending "])
def test_a_known_word_alone_is_an_answer(tmp_path: Path, content: bytes) -> None:
    part = payload(tmp_path, content).parts[0]
    assert answer_in(part, most=100, words={"pending"}) == content
    assert answer_in(part, most=100, words={"running"}) is None
    assert answer_in(payload(tmp_path, content + b"\na,b\n").parts[0], most=100, words={"pending"}) is None


def test_of_a_report_the_beginning_is_read_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = payload(tmp_path, b"[" + b'{"a": 1},' * HEAD).parts[0]
    monkeypatch.delattr(Source, "open")
    monkeypatch.setattr(Source, "head", lambda self: self.file.read_bytes()[:HEAD])
    monkeypatch.setattr(Source, "encoding", lambda *_: type("Utf8", (), {"mark": 0, "name": "utf-8"}))
    assert answer_in(part, most=10 * HEAD) is None
