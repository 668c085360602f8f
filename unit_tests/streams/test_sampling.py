"""The columns of reports, found by ordering each of them once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.connect import connect
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.streams import sampling
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.streams.discovery import sample_listed
from source_lms_reports.streams.sampling import Sampled, Sampler

API = "https://app.secondnature.ai/api"
FILE = "https://files.example.com/report?signature=x"
CONFIG = {"platform": {"name": "second_nature", "api_key": "k"}, "poll_interval_seconds": 0.1}
TWO = {"reports": [{"sheet_name": "Week 1", "data": [{"id": 1}]}, {"sheet_name": "week-1", "data": [{"name": "x"}]}]}


@pytest.fixture
def spool() -> Iterator[Spool]:
    with Spool() as made:
        yield made


def sampled(spool: Spool, answer: dict[str, Any], *reports: str) -> dict[str, list[Sampled]]:
    settings, client = connect(CONFIG, Transport())
    listing = client.platform.listing
    assert listing is not None
    with Mocker() as mock:
        mock.post(f"{API}/reports/", json={"ticket_id": "7"})
        mock.get(f"{API}/reports/7/", json={"status": "complete", "report_url": FILE})
        mock.get(FILE, **answer)
        return sample_listed(client, Reports(client.platform, settings), listing, reports, spool)


def test_each_sheet_is_a_part_with_its_columns_and_types(spool: Spool) -> None:
    (tables,) = sampled(spool, {"json": TWO}, "weeks").values()
    assert [(one.part, one.properties) for one in tables] == [
        ("week_1", {"id": {"type": ["null", "integer"]}}),
        ("week_1_2", {"name": {"type": ["null", "string"]}}),
    ]


def test_a_lone_table_has_no_part(spool: Spool) -> None:
    (tables,) = sampled(spool, {"json": [{"id": 1}]}, "plain").values()
    assert [one.part for one in tables] == [None]


def test_the_files_of_samples_are_gone(spool: Spool) -> None:
    sampled(spool, {"json": TWO}, "weeks")
    assert not spool.new_file().with_name("report-1").exists()


def test_a_sample_that_is_no_report_is_told_and_the_others_are_not_lost(
    spool: Spool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_: Any, __: Any, report: str, ___: Any) -> list[Sampled] | None:
        return None if report == "bad" else [Sampled(None, {})]

    monkeypatch.setattr(Sampler, "_tables", wait)
    assert sampled(spool, {"json": []}, "good", "bad") == {"good": [Sampled(None, {})], "bad": []}
    assert caplog.text == ""


def test_nothing_is_ordered_for_nothing(spool: Spool) -> None:
    settings, client = connect(CONFIG, Transport())
    with Mocker() as mock:
        assert Sampler(client, settings, spool).sample([]) == {}
    assert mock.call_count == 0


def sampled_at_once(spool: Spool, text: str) -> tuple[list[Sampled], set[str]]:
    """The tables of a report that is the answer itself, and what was asked for."""
    config = {"platform": {"name": "hapyak", "credentials": {"auth_type": "api_key", "api_key": "k"}}}
    settings, client = connect(config, Transport())
    declared = by_name(Reports(client.platform, settings).declared().values())
    stream: ReportStream = declared["user_stream_raw"]
    address = "https://www.hapyak.com/api/reports/v2/user_stream_raw"
    with Mocker() as mock:
        mock.get(address, text=text, headers={"Date": "Thu, 15 Jan 2026 12:00:00 GMT"})
        found = Sampler(client, settings, spool).sample([stream])
    assert mock.last_request is not None
    return found["user_stream_raw"], set(mock.last_request.qs)


def test_the_sample_of_a_window_is_the_last_one_that_a_first_sync_reads(spool: Spool) -> None:
    _, asked = sampled_at_once(spool, "id\n1\n")
    assert asked == {"send_status", "format", "start", "end"}


def test_of_a_long_answer_only_the_beginning_is_read(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sampling, "_ENOUGH", 1024 * 1024)
    (table,), _ = sampled_at_once(spool, "id,name\n" + '1,"a\nb"\n' * 200_000 + '"cut off')
    assert list(table.properties) == ["id", "name"]
    assert "Sampled report user_stream_raw: 1 table(s), 2 column(s), by its first 1 MiB." in caplog.messages


def test_of_a_long_list_only_the_beginning_is_read_and_that_is_told(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sampling, "_ENOUGH", 1024 * 1024)
    rows = [{"id": 1, "name": "x" * 200}] * 10_000 + [{"id": "late"}]
    (tables,) = sampled(spool, {"json": rows}, "long").values()
    assert tables[0].properties["id"] == {"type": ["null", "integer"]}
    assert "Sampled report long: 1 table(s), 2 column(s), by its first 1 MiB." in caplog.messages
