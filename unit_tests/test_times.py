from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.times import in_text_order, instant


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29T12:30:15Z", _utc(2024, 2, 29, 12, 30, 15)),
        ("2024-02-29t12:30:15z", _utc(2024, 2, 29, 12, 30, 15)),
        ("2024-02-29T12:30:15", _utc(2024, 2, 29, 12, 30, 15)),
        ("2024-02-29 12:30:15", _utc(2024, 2, 29, 12, 30, 15)),
        ("2024-02-29 12:30:15 UTC", _utc(2024, 2, 29, 12, 30, 15)),
        ("2024-02-29 12:30:15 +0100", _utc(2024, 2, 29, 11, 30, 15)),
        ("2024-02-29T12:30:15+01:00", _utc(2024, 2, 29, 11, 30, 15)),
        ("2024-02-29T12:30:15-05", _utc(2024, 2, 29, 17, 30, 15)),
        ("2024-02-29T12:30", _utc(2024, 2, 29, 12, 30)),
        ("2024-02-29T12:30:15.5Z", _utc(2024, 2, 29, 12, 30, 15, 500_000)),
        ("2024-02-29T12:30:15,123456789+00:00", _utc(2024, 2, 29, 12, 30, 15, 123_456)),
        ("2016-12-31T23:59:60Z", _utc(2017, 1, 1)),
        ("2024-02-29", _utc(2024, 2, 29)),
        ("20240229", _utc(2024, 2, 29)),
        (" 2024-02-29 ", _utc(2024, 2, 29)),
        ("1709209815", _utc(2024, 2, 29, 12, 30, 15)),
        ("1709209815250", _utc(2024, 2, 29, 12, 30, 15, 250_000)),
        ("999999999", _utc(2001, 9, 9, 1, 46, 39)),
    ],
)
def test_what_vendors_write(text: str, expected: datetime) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "2024-02-30",
        "2024-13-01T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "0000-00-00",
        "20241399",
        "12",
        "-1709209815",
        "٢٠٢٤-02-29",
        "2024-02-29T12:30:15 CET",
        "9999-12-31T23:59:59-23:00",
        "2024-02-29T12:30:15.1234567890Z",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert instant(text) is None


_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(at=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=_ZONES))  # noqa: DTZ001
def test_iso_times_come_back(at: datetime) -> None:
    assert instant(at.isoformat()) == at
    assert instant(at.strftime("%Y-%m-%d %H:%M:%S.%f %z")) == at


def test_order_of_texts_is_trusted_only_where_all_have_one_form() -> None:
    assert in_text_order(["2024-01-01T00:00:00Z", "2023-01-01T00:00:00Z"])
    assert in_text_order(["2024-01-01 00:00:00.123 UTC"])
    assert in_text_order(["2024-01-01", "2025-01-01"])
    assert not in_text_order(["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"])
    assert not in_text_order(["2024-01-01T00:00:00Z", "2024-01-01 00:00:00Z"])
    assert not in_text_order(["2024-01-01T00:00:00+01:00"])
    assert not in_text_order(["2024-01-01", "2024-1-001"])
    assert not in_text_order(["1709209815"])
    assert not in_text_order(["é"])
