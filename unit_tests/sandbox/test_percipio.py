"""The sandbox speaks as Percipio's clients and its description say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import Percipio

WINDOW = {"start": "2025-06-01T00:00:00Z", "end": "2026-01-01T00:00:00.000Z"}


def test_a_poll_answers_with_the_report_itself(sandbox: Sandbox, percipio: Percipio) -> None:
    ordered = percipio.order("learning-activity", **WINDOW)
    assert ordered.status_code == 202
    assert set(ordered.json()) == {"id", "status"}
    shown = [percipio.show(ordered.json()["id"]).json() for _ in range(3)]
    assert shown[0] == {"reportId": ordered.json()["id"], "status": "IN_PROGRESS"}
    assert isinstance(shown[1], list)
    assert shown[1] == shown[2]
    constants = {"_report_start": WINDOW["start"], "_report_end": WINDOW["end"]}
    assert [{**row, **constants} for row in shown[1]] == list(sandbox.truth("percipio", "learning_activity"))


def test_fields_without_a_value_are_absent_and_attributes_come_beside(percipio: Percipio) -> None:
    rows = percipio.report("learning-activity").json()
    assert not [row for row in rows if None in row.values()]
    assert 0 < sum("%OfVideoOrBook" in row for row in rows) < len(rows)
    assert 0 < sum("Cost Centre" in row for row in rows) < len(rows)


@pytest.mark.parametrize("report", ["content-access", "entitlements", "collections-content"])
def test_collections_restrict_a_report(sandbox: Sandbox, percipio: Percipio, report: str) -> None:
    name = "collection" if report == "entitlements" else "collectionName"
    rows = percipio.report(report, **{name: "Leadership"}).json()
    assert {row["collection"] for row in rows} == {"Leadership"}
    assert rows == list(sandbox.truth("percipio", report.replace("-", "_"), collections="Leadership"))


@pytest.mark.parametrize(
    ("report", "asked"),
    [
        ("learning-activity", {**WINDOW, "timeFrame": "DAY"}),
        ("learning-activity", {"start": WINDOW["start"]}),
        ("learning-activity", {"start": WINDOW["end"], "end": WINDOW["start"]}),
        ("learning-activity", {"start": "yesterday", "end": "today"}),
        ("learning-activity", {"isFileRequiredInSftp": True}),
        ("learning-activity", {"formatType": "PDF"}),
        ("collections-content", {}),
        ("collections-content", {"collectionName": "ALL", **WINDOW}),
        ("entitlements", {"collection": "Unknown"}),
    ],
)
def test_bodies_that_do_not_fit_are_refused(percipio: Percipio, report: str, asked: dict[str, Any]) -> None:
    answer = percipio.order(report, **asked)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_file_for_sftp_is_what_an_order_asks_for_unless_it_says_otherwise(percipio: Percipio) -> None:
    answer = percipio("POST", f"{percipio.path}learning-activity", json={})
    assert answer.json() == {"error": "no SFTP is configured for the organization"}


@pytest.mark.parametrize(
    ("header", "status"),
    [({}, 404), ({"Authorization": "Bearer x"}, 401), ({"Authorization": "Bearer x-noperm"}, 403)],
)
def test_what_is_not_there_is_told_to_those_who_may_ask(
    percipio: Percipio, header: dict[str, str], status: int
) -> None:
    assert percipio("GET", f"{percipio.path}no-report", headers=header).status_code == status


def test_csv_comes_where_it_is_ordered(percipio: Percipio) -> None:
    assert percipio.report("entitlements", formatType="CSV").text.startswith("collection,userId,firstName")
