from __future__ import annotations

import time

import pytest
from requests.structures import CaseInsensitiveDict

from source_lms_reports.api.answer import Answer, header_text, http_date, wait_asked_for

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def answer(body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, CaseInsensitiveDict(named), body, "https://lms.example.com/")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("30, 30", 30.0),
        ("30 seconds", 30.0),
        ("+3", 3.0),
        ("0.493", 0.493),
        ("5 minutes", None),
        ("1700000030", 30.0),
        ("1699999999", 0.0),
        ("nan", None),
        ("inf", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str | None, seconds: float | None) -> None:
    assert wait_asked_for({} if value is None else {"retry-after": value}, NOW) == seconds


def test_a_date_in_retry_after_is_measured_by_the_answers_own_date() -> None:
    dates = {"retry-after": "Tue, 14 Nov 2023 23:13:23 GMT", "date": "Tue, 14 Nov 2023 23:13:20 GMT"}
    assert wait_asked_for(dates, NOW) == 3.0


@pytest.mark.parametrize(
    "text", ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 -0000", "14 Nov 2023 22:13:20"]
)
def test_a_date_without_a_zone_is_utc(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert http_date(text) == NOW
    finally:
        monkeypatch.undo()
        time.tzset()


def test_headers_are_found_whatever_their_case() -> None:
    assert answer(retry_after="7", CONTENT_TYPE="Text/HTML; charset=x").retry_after(NOW) == 7.0
    assert answer(CONTENT_TYPE="Text/HTML; charset=x").content_type == "text/html"


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><p>", b"\n <html lang='en'>", b"<?xml version='1.0'?><Error/>"])
def test_a_page_is_told_by_its_beginning(body: bytes) -> None:
    assert answer(body).is_html
    assert not answer(body).is_json


@pytest.mark.parametrize(
    ("body", "is_json"),
    [(b"{}", True), (b"[1]", True), (b"1", False), (b"{", False), (b"", False), (b"[" * 100_000, False)],
)
def test_json_is_an_object_or_a_list(body: bytes, is_json: bool) -> None:
    assert answer(body).is_json is is_json


def test_words_are_one_line_and_not_too_many() -> None:
    assert answer(b"two\n  lines").words == "two lines"
    assert len(answer(b"x" * 5000).words) < 400
    assert answer(b"caf\xe9").words == "caf\ufffd"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (rb'{"a": "\ud83d!"}', {"a": "\ufffd!"}),
        (rb'{"\uDE00": ["\ud83d\ude00"]}', {"\ufffd": ["\U0001f600"]}),
        (rb'["\\ud83d"]', ["\\ud83d"]),
    ],
)
def test_half_a_surrogate_becomes_the_replacement_character(body: bytes, found: object) -> None:
    assert answer(body).json() == found


@pytest.mark.parametrize(
    ("value", "meant"),
    [("/\u00c3\u00a4", "/\u00e4"), ("/\u00e4", "/\u00e4"), ("/a", "/a"), ("/\u20ac", "/\u20ac")],
)
def test_a_header_is_utf8_where_it_is_that(value: str, meant: str) -> None:
    assert header_text(value) == meant
