"""Which streams an account has: the columns of custom reports come from the file of their last run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.connect import connect
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.spool import Spool
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


def found(spool: Spool, *listed: dict[str, Any], **platform: Any) -> dict[str, ReportStream]:
    with Mocker() as mock:
        mock.get(LIST, json=list(listed))
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
    streams = found(spool, {"report": "ours", "last_run": run})
    assert streams["ours"].schema["properties"] == {}
    assert "Report ours has no finished run" in caplog.text


def test_a_header_may_come_in_many_pieces(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces(response: requests.Response, *_: Any, **__: Any) -> Iterator[bytes]:
        yield from iter(lambda: response.raw.read(1), b"")

    monkeypatch.setattr(requests.Response, "iter_content", pieces)
    assert list(found(spool, {"report": "ours", "last_run": RUN})["ours"].schema["properties"]) == COLUMNS
