"""The sandbox speaks as Second Nature's help centre and the contract say."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from integration_tests.sandbox.data import DAY
from integration_tests.sandbox.sandbox import ANCHOR

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import SecondNature

ADMIN = "admin-xls-report"
ADMIN_STREAMS = ("admin_xls_report_users", "admin_xls_report_course_progress", "admin_xls_report_simulations_2")
SINGLE = "course-completion-report"


def test_a_ticket_goes_from_pending_to_complete(second_nature: SecondNature) -> None:
    created = second_nature.order(SINGLE, format="json")
    assert created.status_code == 201
    path = f"/api/reports/{created.json()['ticket_id']}/"
    assert [second_nature("GET", path).json()["status"] for _ in range(3)] == ["in_progress", "complete", "complete"]


def test_json_of_several_sheets_has_a_reports_array(sandbox: Sandbox, second_nature: SecondNature) -> None:
    found = second_nature.report(ADMIN, format="json").json()["reports"]
    assert [sheet["sheet_name"] for sheet in found] == ["Users", "Course Progress", "Simulations 2"]
    assert {sheet["report_name"] for sheet in found} == {ADMIN}
    for stream, sheet in zip(ADMIN_STREAMS, found, strict=True):
        assert sheet["data"] == list(sandbox.truth("second_nature", stream))


def test_xlsx_is_the_default_and_has_all_sheets(sandbox: Sandbox, second_nature: SecondNature) -> None:
    answer = second_nature.report(ADMIN)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    for stream, sheet in zip(ADMIN_STREAMS, book.sheet_names, strict=True):
        rows = book.get_sheet_by_name(sheet).to_python()
        expected = list(sandbox.truth("second_nature", stream, format="xlsx"))
        assert rows[1:] == [["" if v is None else v for v in record.values()] for record in expected]


def test_csv_of_several_sheets_is_a_zip(sandbox: Sandbox, second_nature: SecondNature) -> None:
    content = second_nature.report(ADMIN, format="csv").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["Users.csv", "Course Progress.csv", "Simulations 2.csv"]
        text = archive.read("Users.csv").decode()
    expected = list(sandbox.truth("second_nature", ADMIN_STREAMS[0], format="csv"))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1:] == [["" if v is None else v for v in record.values()] for record in expected]


@pytest.mark.parametrize(
    "sandbox", [{"settings": {"second_nature": {"csv_packaging": "urls", "odd_headers": True}}}], indirect=True
)
def test_or_a_list_of_urls(sandbox: Sandbox, second_nature: SecondNature) -> None:
    urls = second_nature.finished(ADMIN, format="csv")["report_url"]
    heads = [second_nature.bare(url).text.splitlines()[0] for url in urls]
    assert heads[2] == "simulation_id,name,score,,score"
    assert {"score_2", "_column_4"} <= set(next(sandbox.truth("second_nature", ADMIN_STREAMS[2], format="csv")))


def test_one_sheet_in_the_reports_array(second_nature: SecondNature) -> None:
    assert len(second_nature.report("conversation-transcripts", format="json").json()["reports"]) == 1


@pytest.mark.parametrize(
    ("shape", "start"),
    [("array", "["), ("ndjson", '{"course_id"'), ("object", '{"report_name"'), ("wrapper", '{"reports"')],
)
def test_shapes_of_one_sheet(sandbox: Sandbox, second_nature: SecondNature, shape: str, start: str) -> None:
    sandbox.vendors["second_nature"].apply_settings({"single_shape": shape})
    assert second_nature.report(SINGLE, format="json").text.startswith(start)


def test_time_ranges_are_unix_seconds_and_leave_out_rows_without_a_time(second_nature: SecondNature) -> None:
    whole = second_nature.report(SINGLE, format="json").json()
    low = int(ANCHOR - 100 * DAY)
    part = second_nature.report(SINGLE, format="json", start_time=low, end_time=int(ANCHOR)).json()
    assert 0 < len(part) < len(whole)
    assert all(row["completed_at"] >= "2025-10-07" for row in part)
    assert second_nature.order(SINGLE, start_time="2025-01-01").status_code == 400
    assert second_nature.order("license-usage", start_time=low).status_code == 400


def test_the_cache_is_skipped_with_force_update(sandbox: Sandbox, second_nature: SecondNature) -> None:
    before = second_nature.report(SINGLE, format="json").json()
    sandbox.mutate("second_nature", "course_completion_report", remove=[0])
    assert second_nature.report(SINGLE, format="json").json() == before
    assert second_nature.report(SINGLE, format="json", force_update=True).json() == before[1:]


def test_links_end(sandbox: Sandbox, second_nature: SecondNature) -> None:
    done = second_nature.finished(SINGLE)
    sandbox.clock.advance(601)
    assert second_nature.bare(done["report_url"]).status_code == 403


def test_refusals(sandbox: Sandbox, second_nature: SecondNature) -> None:
    assert second_nature.bare(second_nature.base + "/api/reports/").status_code == 401
    for key, status in (("Bearer sn-key-0123456789", 401), ("Token other", 401), ("Token x-noperm", 403)):
        assert second_nature("GET", "/api/reports/", headers={"Authorization": key}).status_code == status
    assert second_nature.order("no-such-report").status_code == 404
    assert second_nature.order(SINGLE, course_id="nope").status_code == 404
    assert second_nature.order(SINGLE, format="pdf").status_code == 400
    assert second_nature("GET", "/api/reports/nope/").status_code == 404
    sandbox.vendors["second_nature"].apply_settings({"per_minute": 1})
    second_nature("GET", "/api/reports/")
    limited = second_nature("GET", "/api/reports/")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")


def test_a_failed_report(sandbox: Sandbox, second_nature: SecondNature) -> None:
    sandbox.fault(f"job_fails@second_nature:report={SINGLE}")
    assert second_nature.finished(SINGLE)["status"] == "failed"
    assert second_nature.finished(SINGLE)["status"] == "complete"


def test_course_status(sandbox: Sandbox, second_nature: SecondNature) -> None:
    course = second_nature("GET", "/api/course-status/").json()[0]["course_id"]
    path = f"/api/course-status/{course}/"
    everybody = second_nature("GET", path).json()
    assert any(row["completed_at"] is None for row in everybody)
    assert everybody == [
        row for row in sandbox.truth("second_nature", "course_user_state") if row["course_id"] == course
    ]
    some = second_nature(
        "GET", path, params={"completed_from": int(ANCHOR - 90 * DAY), "include_external_user_id": "true"}
    )
    assert all(row["completed_at"] and row["external_user_id"] for row in some.json())
