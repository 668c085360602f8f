from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.times import in_text_order, instant, shifted, written_like


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


NIGHT = _utc(2026, 11, 25, 21, 52, 46).replace(microsecond=512_345)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2026-11-25"),
        ("20240131", "20261125"),
        ("2024-01-31T12:00:00Z", "2026-11-25T21:52:46Z"),
        ("2024-01-31 12:00", "2026-11-25 21:52"),
        ("2024-01-31 12:00:00.123 UTC", "2026-11-25 21:52:46.512 UTC"),
        ("2024-01-31T12:00:00,123456789", "2026-11-25T21:52:46,512345000"),
        ("2024-01-31 12:00:00 +0530", "2026-11-26 03:22:46 +0530"),
        ("2024-01-31T12:00:00-22", "2026-11-24T23:52:46-22"),
        ("1706702400", "1795643566"),
        ("1706702400123", "1795643566512"),
        ("never", "2026-11-25T21:52:46Z"),
    ],
)
def test_a_time_is_written_in_the_form_of_another(text: str, expected: str) -> None:
    assert written_like(NIGHT, text) == expected


@given(
    at=st.datetimes(datetime(2002, 1, 1), datetime(2099, 12, 31), timezones=st.just(timezone.utc)),  # noqa: DTZ001
    zone=_ZONES,
    form=st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M %z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%SZ"]),
)
def test_what_is_written_like_another_time_is_never_later_than_it_is(at: datetime, zone: timezone, form: str) -> None:
    text = written_like(at, NIGHT.astimezone(zone).strftime(form))
    told = instant(text)
    assert told is not None
    assert timedelta() <= at - told < timedelta(days=1)
    assert written_like(told, text) == text


def test_the_end_of_time_is_written_too() -> None:
    assert written_like(shifted(NIGHT, 1e7), "2024-01-31T12:00:00+01:00") == "9999-12-31T23:59:59+01:00"
    assert written_like(shifted(NIGHT, -1e7), "2024-01-31T12:00:00-01:00") == "0001-01-01T00:00:00-01:00"


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
