"""The sandbox speaks as Sana's pages say."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook

from unit_tests.sandbox.clients import Sana

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox

PROGRESS = (
    'SELECT "user", "course", "start_date", "completion_date", "last_progress_date", "course_instance" '
    'FROM "analytics"."user_course_instance_progress"'
)


def rows(content: bytes) -> list[dict[str, Any]]:
    found = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [{key: value or None for key, value in row.items()} for row in found]


def test_the_token_endpoint_reads_a_form_and_commas(sana: Sana) -> None:
    data = sana.token("read,write").json()["data"]
    assert (data["tokenType"], data["expiresIn"]) == ("bearer", 3600)
    assert sana.token("read write").status_code == 400
    assert sana.token("read", secret="wrong").status_code == 401
    assert sana("POST", "/api/token", json={"grant_type": "client_credentials"}).status_code == 400


def test_a_job_goes_from_pending_to_successful(sana: Sana) -> None:
    created = sana.order(PROGRESS).json()
    assert set(created) == {"data", "links", "error"}
    assert (created["data"]["status"], created["data"]["startedAt"], created["data"]["link"]) == ("pending", None, None)
    path = f"/api/v1/reports/jobs/{created['data']['jobId']}"
    shown = [sana("GET", path).json()["data"] for _ in range(2)]
    assert [job["status"] for job in shown] == ["pending", "successful"]
    assert shown[0]["startedAt"]
    assert re.fullmatch(r".*\.\d{9}Z", shown[1]["link"]["expiresAt"])


@pytest.mark.parametrize("table", ["user_course_instance_progress", "users"])
def test_what_is_served_is_what_truth_says(sandbox: Sandbox, sana: Sana, table: str) -> None:
    served = rows(sana.report(f'SELECT * FROM "analytics"."{table}"').content)  # noqa: S608 - this API takes SQL
    assert served == list(sandbox.truth("sana", table))
    assert len(served) == 60


def test_where_and_sub_selects_run_for_real(sandbox: Sandbox, sana: Sana) -> None:
    query = f"SELECT * FROM ({PROGRESS}) AS q WHERE \"last_progress_date\" >= '2025-10-01T00:00:00Z' ORDER BY 5;"  # noqa: S608
    served = rows(sana.report(query).content)
    everything = list(sandbox.truth("sana", "user_course_instance_progress"))
    expected = [row for row in everything if (row["last_progress_date"] or "") >= "2025-10-01"]
    assert served == sorted(expected, key=lambda row: str(row["last_progress_date"]))
    assert served == list(sandbox.truth("sana", "mine", query=query))


def test_xlsx(sandbox: Sandbox, sana: Sana) -> None:
    content = sana.report('SELECT * FROM "analytics"."users"', "xlsx").content
    table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert table[1:] == [[v or "" for v in row.values()] for row in sandbox.truth("sana", "users")]


def test_wrong_sql_is_refused_or_fails_the_job(sana: Sana) -> None:
    refused = sana.order("SELEC 1")
    assert (refused.status_code, refused.json()["data"]) == (400, None)
    assert sana.order("DROP TABLE analytics.users").status_code == 400
    failed = sana.finished('SELECT "nope" FROM "analytics"."users"')
    assert failed["data"]["status"] == "failed"
    assert "nope" in failed["error"]["message"]
    assert sana.order(PROGRESS, "json").status_code == 400


def test_read_alone_does_not_order(sandbox: Sandbox) -> None:
    reader = Sana(sandbox, "read")
    with reader.session:
        assert reader.order(PROGRESS).status_code == 403


def test_tokens_end(sandbox: Sandbox, sana: Sana) -> None:
    sandbox.clock.advance(3601)
    refused = sana.order(PROGRESS)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    static = {"Authorization": "Bearer sana-static-token"}
    assert (
        sana("POST", "/api/v1/reports/query", json={"query": PROGRESS, "format": "csv"}, headers=static).status_code
        == 200
    )


def test_a_refused_token_is_dead_until_a_new_one_is_fetched(sandbox: Sandbox, sana: Sana) -> None:
    sandbox.fault("order_401@sana")
    assert [sana.order(PROGRESS).status_code for _ in range(2)] == [401, 401]


def test_an_expired_link_is_not_renewed_by_a_status_call(sandbox: Sandbox, sana: Sana) -> None:
    done = sana.finished(PROGRESS)
    path, url = f"/api/v1/reports/jobs/{done['data']['jobId']}", done["data"]["link"]["url"]
    sandbox.clock.advance(1081)
    assert sana.bare(url).status_code == 403
    assert sana("GET", path).json()["data"]["link"]["url"] == url
    sandbox.vendors["sana"].apply_settings({"link_renews": True})
    assert sana.bare(sana("GET", path).json()["data"]["link"]["url"]).status_code == 200


def test_rows_change(sandbox: Sandbox, sana: Sana) -> None:
    new = {"user": "new", "last_progress_date": "2026-02-01T00:00:00.000000Z"}
    sandbox.mutate("sana", "user_course_instance_progress", add=[new])
    assert rows(sana.report(PROGRESS).content)[-1]["user"] == "new"
