"""The generated report: the same for everyone, and with everything that makes a CSV hard to read."""

from __future__ import annotations

import csv
import json
from itertools import islice
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from benchmarks.columns import COLUMNS, CURSOR, CURSOR_VALUE
from benchmarks.report import SHEETS, WRITERS, rows


def test_the_same_seed_gives_the_same_rows() -> None:
    assert list(rows(50)) == list(rows(50))
    assert list(rows(50)) != list(rows(50, seed=1))


def test_a_small_report_is_the_beginning_of_a_large_one() -> None:
    assert list(rows(20)) == list(islice(rows(100), 20))


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_same_report_has_the_same_bytes(kind: str, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    WRITERS[kind](one, 30)
    WRITERS[kind](other, 30)

    assert one.read_bytes() == other.read_bytes()


def test_a_csv_holds_what_is_hard_to_read(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    WRITERS["csv"](path, 1_000)
    text = path.read_text(encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))

    assert len(found) == 1_000
    assert list(found[0]) == list(COLUMNS)
    assert '""' in text
    assert any("\n" in row["comment"] for row in found)
    assert any("," in row["course_name"] for row in found)
    assert not text.isascii()
    assert all("" in {row[name] for row in found} for name in ("score", "attempts", "is_passed", "country", "comment"))
    assert min(row[CURSOR] for row in found) > CURSOR_VALUE


def test_all_formats_hold_the_same_rows(tmp_path: Path) -> None:
    wanted = list(rows(40))
    for kind, write in WRITERS.items():
        write(tmp_path / kind, 40)
    objects = json.loads((tmp_path / "json").read_bytes())
    book = CalamineWorkbook.from_path(str(tmp_path / "xlsx"))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]

    assert objects == [dict(zip(COLUMNS, row, strict=True)) for row in wanted]
    assert [len(sheet) for sheet in sheets] == [40 // SHEETS + 1] * SHEETS
    assert [row for sheet in sheets for row in sheet[1:]] == [
        ["" if cell is None else cell for cell in row] for row in wanted
    ]
