from __future__ import annotations

from source_lms_reports.files.table import unique_names
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.twin_names import TwinNames


def test_a_free_name_is_none_of_those_that_stand_there() -> None:
    twins = TwinNames({"a", "a_3"})

    assert [twins.free("a"), twins.free("a"), twins.free("b"), twins.free("a_2")] == ["a_2", "a_4", "b_2", "a_2_2"]


def test_a_header_of_one_name_takes_no_time_that_grows_with_its_square() -> None:
    names = unique_names(["a"] * 200_000, TableWarnings())  # minutes, if each name were looked for from 2 on

    assert (len(set(names)), names[-1]) == (200_000, "a_200000")
