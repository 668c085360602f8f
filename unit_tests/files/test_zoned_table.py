"""Columns whose header tells a zone: the header goes without, the times with that zone's offset."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.opening import last_value, open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.zoned_table import in_zone
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.times import instant
from unit_tests.files.reading import payload, read

OPTIONS = ReadOptions(format="csv", zoned_headers=load_platform("adobe_learning_manager").files.zoned_headers)


@pytest.mark.parametrize(
    ("header", "column", "cell", "value"),
    [
        ("Enrolled (Asia/Calcutta TimeZone)", "Enrolled", "2026-05-05 18:30:00", "2026-05-05T18:30:00+05:30"),
        ("Enrolled (Asia/Calcutta TimeZone)", "Enrolled", "2026-05-05T18:30:00", "2026-05-05T18:30:00+05:30"),
        ("Enrolled(utc timezone)", "Enrolled", "2026-05-05 18:30:00.123", "2026-05-05T18:30:00.123+00:00"),
        ("When (America/New_York TIMEZONE)", "When", "2026-07-01 00:00:00", "2026-07-01T00:00:00-04:00"),
        ("When (America/New_York TimeZone)", "When", "2026-01-01 00:00:00", "2026-01-01T00:00:00-05:00"),
        ("Price (net) (UTC TimeZone)", "Price (net)", "2026-01-01 00:00:00", "2026-01-01T00:00:00+00:00"),
        ("When (UTC TimeZone)", "When", "", None),
        ("When (UTC)", "When (UTC)", "2026-01-01 00:00:00", "2026-01-01 00:00:00"),
        ("(UTC TimeZone) When", "(UTC TimeZone) When", "2026-01-01 00:00:00", "2026-01-01 00:00:00"),
    ],
)
def test_a_time_gets_the_offset_of_its_zone(
    tmp_path: Path, header: str, column: str, cell: str, value: str | None
) -> None:
    (rows,) = read(payload(tmp_path, f"a,{header}\n1,{cell}\n".encode()), OPTIONS).values()
    assert rows == [{"a": "1", column: value}]


@pytest.mark.parametrize(
    ("zone", "cell"),
    [
        ("UTC", "05/05/2026 18:30"),
        ("UTC", "2026-05-05"),
        ("UTC", "2026-13-05 18:30:00"),
        ("UTC", "2026-05-05 18:30:00Z"),
        ("Atlantis/Capital", "2026-05-05 18:30:00"),
        ("../UTC", "2026-05-05 18:30:00"),
        ("/etc/localtime", "2026-05-05 18:30:00"),
    ],
)
def test_what_is_no_time_of_a_known_zone_stays_and_is_counted(tmp_path: Path, zone: str, cell: str) -> None:
    content = payload(tmp_path, f"a,When ({zone} TimeZone)\n1,{cell}\n2,{cell}\n".encode())
    (table,) = open_tables(content, OPTIONS)
    assert table.columns == ("a", "When")
    assert [chunk.columns[1] for chunk in table.chunks()] == [[cell, cell]]  # type: ignore[union-attr]
    (told,) = [text for text in table.notes.messages() if "no times" in text]
    assert told == (
        f"Values of the column When that are no times of the zone {zone} and stay as they are: 2 (first: {cell!r})"
    )


@pytest.mark.parametrize(
    ("cell", "value", "is_told"),
    [
        ("2026-11-01 01:30:00", "2026-11-01T01:30:00-04:00", True),
        ("2026-11-01 02:00:00", "2026-11-01T02:00:00-05:00", False),
        ("2026-03-08 02:30:00", "2026-03-08T02:30:00-05:00", False),
    ],
)
def test_a_time_in_an_hour_that_comes_twice_is_told(tmp_path: Path, cell: str, value: str, is_told: bool) -> None:
    content = payload(tmp_path, f"a,When (America/New_York TimeZone)\n1,{cell}\n2,{cell}\n".encode())
    (table,) = open_tables(content, OPTIONS)

    assert [chunk.columns[1] for chunk in table.chunks()] == [[value, value]]  # type: ignore[union-attr]
    told = [text for text in table.notes.messages() if "comes twice in America/New_York" in text]
    assert [text.endswith(f"taken for the first one's: 2 (such as {cell})") for text in told] == [True] * is_told


def test_columns_that_come_to_one_name_are_told_apart(tmp_path: Path) -> None:
    header = b"When,When (UTC TimeZone),When (Asia/Tokyo TimeZone)\n"
    (rows,) = read(payload(tmp_path, header + b"x,2026-01-01 00:00:00,2026-01-01 00:00:00\n"), OPTIONS).values()
    assert rows == [{"When": "x", "When_2": "2026-01-01T00:00:00+00:00", "When_3": "2026-01-01T00:00:00+09:00"}]


@given(st.datetimes(), st.sampled_from(["UTC", "Asia/Calcutta", "America/St_Johns", "Europe/Oslo", "Pacific/Apia"]))
def test_an_instant_is_the_one_that_the_zone_has(moment: object, name: str) -> None:
    text = str(moment).partition(".")[0]
    made = in_zone(text, ZoneInfo(name))
    assert made is not None
    assert made.startswith(text.replace(" ", "T"))
    offset = ZoneInfo(name).utcoffset(moment)  # type: ignore[arg-type]
    assert offset is not None
    read_back = instant(made)
    if read_back is not None and offset.total_seconds() % 60 == 0:
        assert read_back.replace(tzinfo=None) == moment.replace(microsecond=0) - offset  # type: ignore[attr-defined]


def test_the_last_value_of_a_column_is_that_of_the_last_row_of_all_files(tmp_path: Path) -> None:
    content = payload(tmp_path, b"id,b\n1,x\n2,y\n", b"id,b\n3,z\n", names=("a.csv", "b.csv"))
    assert last_value(content, OPTIONS, "id") == "3"
    assert last_value(content, OPTIONS, "none") == ""
    assert last_value(payload(tmp_path, b"id,b\n"), OPTIONS, "id") == ""
