"""The sandbox speaks as HapYak's page says."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.sandbox.sandbox import ANCHOR
from integration_tests.sandbox.vendors.hapyak import COLUMNS, six_months_after

if TYPE_CHECKING:
    import requests

    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import Client

STREAM = "user_stream_raw"
AT_ANCHOR = {"clock": lambda: ANCHOR, "rows": 360}
pytestmark = pytest.mark.parametrize("sandbox", [AT_ANCHOR], indirect=True)


def ask(client: Client, report: str = STREAM, **query: str) -> requests.Response:
    asked = {"send_status": "true", "start": "2025-12-01", "end": "2025-12-31", "format": "csv", **query}
    return client("GET", f"/api/reports/v2/{report}", params=asked)


def finished(client: Client, report: str = STREAM, **query: str) -> requests.Response:
    for _ in range(5):
        answer = ask(client, report, **query)
        if answer.status_code != 202:
            return answer
    raise AssertionError("never finished")


def rows(answer: requests.Response) -> list[dict[str, Any]]:
    found = csv.DictReader(io.StringIO(answer.content.decode(), newline=""))
    return [{key: value or None for key, value in row.items()} for row in found]


def test_the_same_request_until_it_answers_200(sandbox: Sandbox, hapyak: Client) -> None:
    assert [ask(hapyak).status_code for _ in range(4)] == [202, 202, 200, 200]
    assert [entry.kind for entry in sandbox.requests("hapyak")] == ["order", "poll", "poll", "poll"]


@pytest.mark.parametrize("report", list(COLUMNS))
def test_what_is_served_is_what_truth_says(sandbox: Sandbox, hapyak: Client, report: str) -> None:
    served = rows(finished(hapyak, report))
    window = {"_report_start": "2025-12-01", "_report_end": "2025-12-31"}
    assert [row | window for row in served] == list(sandbox.truth("hapyak", report))
    assert served
    as_json = finished(hapyak, report, format="json").json()
    expected = list(sandbox.truth("hapyak", report, format="json", windows=[("2025-12-01", "2025-12-31")]))
    assert [row | window for row in as_json] == expected


def test_without_send_status_a_200_is_no_report(hapyak: Client) -> None:
    answer = ask(hapyak, send_status="false")
    assert (answer.status_code, answer.json()) == (200, {"status": "processing"})


def test_end_is_inclusive_and_days_add_up(hapyak: Client) -> None:
    whole = rows(finished(hapyak, start="2025-12-01", end="2025-12-02"))
    parts = [rows(finished(hapyak, start=day, end=day)) for day in ("2025-12-01", "2025-12-02")]
    assert whole == [row for part in parts for row in part]


def test_a_finished_report_is_served_stale_for_a_day(sandbox: Sandbox, hapyak: Client) -> None:
    before = finished(hapyak).content
    sandbox.mutate("hapyak", STREAM, add=[{"event_time": "2025-12-05T00:00:00Z", "user_id": "new"}])
    sandbox.clock.advance(86_300)
    assert finished(hapyak).content == before
    sandbox.clock.advance(200)
    assert len(finished(hapyak).content) > len(before)


def test_quotas_count_unique_reports(sandbox: Sandbox, hapyak: Client) -> None:
    days = [f"2025-12-{day:02d}" for day in range(1, 31)]
    assert [finished(hapyak, start=day, end=day).status_code for day in days[:5]] == [200] * 4 + [429]
    assert finished(hapyak, start=days[0], end=days[0]).status_code == 200
    for start in range(4, 20, 4):
        sandbox.clock.advance(61)
        assert [finished(hapyak, start=day, end=day).status_code for day in days[start : start + 4]] == [200] * 4
    sandbox.clock.advance(61)
    limited = ask(hapyak, start=days[25], end=days[25])
    assert (limited.status_code, limited.headers.get("Retry-After")) == (429, None)
    assert len(sandbox.journal.marked("quota-exceeded:per_hour")) == 1


def test_six_months_at_most(hapyak: Client) -> None:
    assert six_months_after(date(2025, 8, 31)) == date(2026, 2, 28)
    assert ask(hapyak, start="2025-01-01", end="2025-06-30").status_code == 202
    assert ask(hapyak, start="2025-01-01", end="2025-07-01").status_code == 400


def test_rows_beyond_the_cap_are_left_out(sandbox: Sandbox, hapyak: Client) -> None:
    sandbox.vendors["hapyak"].apply_settings({"row_cap": 7})
    assert len(rows(finished(hapyak))) == 7
    assert list(sandbox.truth("hapyak", STREAM)) == []


def test_refusals(hapyak: Client) -> None:
    assert hapyak.bare(f"{hapyak.base}/api/reports/v2/{STREAM}").status_code == 401
    for key, status in (("other", 401), ("x-noperm", 403)):
        path = f"/api/reports/v2/{STREAM}"
        assert hapyak("GET", path, headers={"X-Hapyak-API-Key": key}).status_code == status
    assert ask(hapyak, "no_such_report").status_code == 404
    assert ask(hapyak, format="xlsx").status_code == 400
    assert ask(hapyak, start="01/12/2025").status_code == 400


def test_brightcove_tokens_live_five_minutes(sandbox: Sandbox, hapyak: Client) -> None:
    form = {"grant_type": "client_credentials"}
    answer = hapyak("POST", "/v4/access_token", data=form, auth=("bc-client", "bc-client-secret"))
    assert answer.json()["expires_in"] == 300
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    url = f"{hapyak.base}/api/reports/v2/{STREAM}?send_status=true"
    assert hapyak.bare(url, headers=headers).status_code == 403
    url += "&account_id=57838016001"
    assert hapyak.bare(url, headers=headers).status_code == 202
    sandbox.clock.advance(301)
    assert hapyak.bare(url, headers=headers).status_code == 401
    wrong = hapyak("POST", "/v4/access_token", data=form, auth=("bc-client", "wrong"))
    assert wrong.status_code == 401


def test_a_failed_report_is_ordered_anew(sandbox: Sandbox, hapyak: Client) -> None:
    sandbox.fault("job_fails@hapyak")
    assert [ask(hapyak).status_code for _ in range(4)] == [202, 202, 500, 202]
    assert len(sandbox.requests("hapyak", "order")) == 2


def test_the_answer_itself_can_be_cut(sandbox: Sandbox, hapyak: Client) -> None:
    whole = finished(hapyak).content
    sandbox.fault("link_cut_row@hapyak")
    assert 0 < len(ask(hapyak).content) < len(whole)
