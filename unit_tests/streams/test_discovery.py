"""Which streams an account has: the columns of custom reports come from the file of their last run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.connect import connect
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.discovery import discover

SCHOOL = "https://school.example.com"
LIST = f"{SCHOOL}/api/v1/accounts/self/reports"
FILE = "https://files.example.com/report.csv?verifier=x"


@pytest.fixture
def spool() -> Iterator[Spool]:
    made = Spool()
    yield made
    made.remove()


def connected(**platform: Any) -> tuple[Client, Reports]:
    config = {"platform": {"name": "canvas", "base_url": SCHOOL, "access_token": "t", **platform}}
    settings, client = connect(config, Transport())
    return client, Reports(client.platform, settings)


def found(
    spool: Spool, *listed: dict[str, Any], earlier: list[dict[str, Any]] | None = None, **platform: Any
) -> dict[str, ReportStream]:
    with Mocker() as mock:
        mock.get(LIST, json=list(listed))
        if earlier is not None:
            mock.get(f"{LIST}/ours", json=earlier)
        mock.get(FILE, content=f"{','.join(COLUMNS)}\n1,2,3\n".encode())
        client, reports = connected(**platform)
        return {stream.name: stream for stream in discover(client, reports, spool)}


COLUMNS = ["id", "a column", "another"]
RUN = {"status": "complete", "attachment": {"url": FILE}}


def test_declared_and_custom_reports_are_offered(spool: Spool) -> None:
    streams = found(spool, {"report": "grade_export_csv"}, {"report": "Our Own (2026)", "last_run": RUN})
    assert list(streams) == ["grade_export", "our_own_2026"]
    assert list(streams["our_own_2026"].schema["properties"]) == COLUMNS


@pytest.mark.parametrize("run", [None, {}, {"status": "running"}, {"status": "complete"}])
def test_without_a_finished_run_the_schema_is_open(
    spool: Spool, caplog: pytest.LogCaptureFixture, run: dict[str, Any] | None
) -> None:
    streams = found(spool, {"report": "ours", "last_run": run}, earlier=[run] if run else None)
    assert streams["ours"].schema["properties"] == {}
    assert "Report ours has no finished run" in caplog.text


def test_an_earlier_run_tells_the_columns_where_the_last_one_has_no_file(spool: Spool) -> None:
    last = {"status": "error"}
    streams = found(spool, {"report": "ours", "last_run": last}, earlier=[last, {"status": "complete"}, RUN])
    assert list(streams["ours"].schema["properties"]) == COLUMNS


def test_runs_that_cannot_be_looked_up_leave_the_schema_open(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    with Mocker() as mock:
        mock.get(LIST, json=[{"report": "ours", "last_run": {"status": "error"}}])
        mock.get(f"{LIST}/ours", status_code=404, json={"errors": []})
        client, reports = connected()
        (stream,) = discover(client, reports, spool)
    assert stream.schema["properties"] == {}
    assert "The earlier runs of report ours cannot be looked up" in caplog.text


def test_outputs_that_depend_on_the_account_are_offered_where_its_list_names_them(spool: Spool) -> None:
    for named, offered in (({"users": {}}, False), ({"users": {}, "institutional_tags": {}}, True), (None, False)):
        streams = found(spool, {"report": "provisioning_csv", "parameters": named})
        assert ("provisioning_institutional_tags" in streams) is offered
        assert "provisioning_institutional_tag_categories" not in streams
        assert "provisioning_users" in streams


def test_a_file_that_answers_badly_is_asked_for_again(spool: Spool) -> None:
    bad = {"status_code": 503}
    file = [bad, bad, bad, bad, {"content": f"{','.join(COLUMNS)}\n".encode()}]
    with Mocker() as mock:
        mock.get(LIST, json=[{"report": "ours", "last_run": RUN}])
        mock.get(FILE, file)
        client, reports = connected()
        client.patience = Patience(Policy(), 60.0, sleep=lambda _: None)
        (stream,) = discover(client, reports, spool)

    assert list(stream.schema["properties"]) == COLUMNS


def test_a_file_without_a_signature_is_opened_with_the_token_on_its_own_host(spool: Spool) -> None:
    own = f"{SCHOOL}/files/7/download?download_frd=1"
    with Mocker() as mock:
        mock.get(LIST, json=[{"report": "ours", "last_run": {"status": "complete", "attachment": {"url": own}}}])
        mock.get(own, status_code=302, headers={"Location": FILE})
        mock.get(FILE, content=f"{','.join(COLUMNS)}\n".encode())
        client, reports = connected()
        (stream,) = discover(client, reports, spool)

    assert list(stream.schema["properties"]) == COLUMNS
    assert ["Authorization" in request.headers for request in mock.request_history] == [True, True, False]
