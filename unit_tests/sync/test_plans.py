"""What a report is ordered for, where that is an item of a list of the vendor's."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast

import pytest

from source_lms_reports.api.client import Client
from source_lms_reports.errors import ConfigError
from source_lms_reports.plan.stream import Selected
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.sync.plans import Plans
from unit_tests.connections import connection

REPORT = "mgp_grade_export_csv"
NOW = datetime(2026, 3, 2, tzinfo=timezone.utc)


class Terms:
    """A vendor with two terms, which counts how often it is asked for them."""

    platform = load_platform("canvas")

    def __init__(self) -> None:
        self.asked = 0

    def items(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        self.asked += 1
        return [{"id": 1, "sis_term_id": None}, {"id": 12, "sis_term_id": "0025F"}]


def ordered(vendor: Terms, term: str = "", **platform: Any) -> list[Any]:
    """The terms that the report is ordered for."""
    declared, settings = connection("canvas", {**({"enrollment_term_id": term} if term else {}), **platform})
    selected = [Selected(stream) for stream in declared[REPORT]]
    plan = Plans(settings, cast("Client", vendor), {REPORT: selected}, NOW).of(declared[REPORT][0])
    return [slice_.order.parameters["enrollment_term_id"] for slice_ in plan.slices()]


def test_without_a_term_there_is_an_order_for_each() -> None:
    assert ordered(Terms()) == ["1", "12"]


@pytest.mark.parametrize("term", ["7", "1~23"])
def test_a_plain_id_is_taken_as_it_is(term: str) -> None:
    vendor = Terms()
    assert ordered(vendor, term) == [term]
    assert vendor.asked == 0


def test_another_name_of_a_term_is_looked_up() -> None:
    assert ordered(Terms(), "sis_term_id:0025F") == ["12"]


@pytest.mark.parametrize("term", ["sis_term_id:0099X", "sis_term_id:None", "sis_term_id:"])
def test_a_name_that_no_term_has_is_told(term: str) -> None:
    with pytest.raises(ConfigError, match=f"None of the vendor's terms is known as '{term}'"):
        ordered(Terms(), term)


@pytest.mark.parametrize("term", ["active_terms", "1,12", "Fall 2025"])
def test_what_is_no_name_of_one_term_is_told(term: str) -> None:
    with pytest.raises(ConfigError, match=f"'{term}' is none. Enter the number itself, or sis_term_id:<ID>"):
        ordered(Terms(), term)


def test_the_users_own_parameter_of_the_report_counts_more() -> None:
    given = [{"report": REPORT, "name": "enrollment_term_id", "value": "sis_term_id:0025F"}]
    assert ordered(Terms(), report_parameters=given) == ["12"]
    assert ordered(Terms(), "1", report_parameters=given) == ["12"]
