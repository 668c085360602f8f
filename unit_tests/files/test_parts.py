"""The parts of a payload have the same names in discovery and in reading."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.parts import PartNames, open_parts
from source_lms_reports.files.payload import Payload
from unit_tests.files.reading import payload


def weeks(folder: Path) -> Payload:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, name in enumerate(("Week 1", "week-1", "other", "WEEK_1")):
            archive.writestr(f"{name}.csv", f"id\n{number}\n")
    return payload(folder, target.getvalue())


def test_parts_of_one_name_are_numbered_in_their_order() -> None:
    names = PartNames()
    assert [names.of(one) for one in ("Week 1", "week-1", "week_1_2", "Week 2", "WEEK.1")] == [
        "week_1", "week_1_2", "week_1_2_2", "week_2", "week_1_3",
    ]  # fmt: skip


def test_a_part_has_its_name_whichever_others_are_wanted(tmp_path: Path) -> None:
    names = [part for part, _ in open_parts(weeks(tmp_path), ReadOptions())]
    assert names == ["week_1", "week_1_2", "other", "week_1_3"]
    for name in names:
        assert [part for part, _ in open_parts(weeks(tmp_path), ReadOptions(), name.__eq__)] == [name]


def test_a_lone_table_has_no_name(tmp_path: Path) -> None:
    assert [part for part, _ in open_parts(payload(tmp_path, b"id\n1\n"), ReadOptions(), lambda _: False)] == [None]
