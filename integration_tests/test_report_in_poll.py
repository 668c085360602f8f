"""Percipio: a report is looked at until the answer is the report itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, merged_state, numbers_alike, quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.data import DAY

SHORT = {"start_date": "2025-12-20T00:00:00Z", "end_date": "2026-01-10T00:00:00Z"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()
    sandbox.vendors["percipio"].apply_settings(
        {
            "id_name": "reportId",
            "completed_first": 0,
            "bare_failures": False,
            "bare_words": False,
            "form": "",
            "one_job": False,
            "nothing_first": 0,
        }
    )


@pytest.fixture(scope="module")
def streams(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return Connector(tmp_path_factory.mktemp("discover")).discover(quick(sandbox, "percipio")).catalog


Reader = Callable[..., Run]


@pytest.fixture
def read(sandbox: Sandbox, connector: Connector, streams: dict[str, Json]) -> Reader:
    """Reads streams by their names."""

    def reader(*names: str, state: Any = None, shared: Json = SHORT, **settings: Any) -> Run:
        config = {**quick(sandbox, "percipio", **settings), **shared}
        return connector.read(config, catalog_of(streams[name] for name in names), state)

    return reader


def as_epochs(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def bodies(sandbox: Sandbox) -> list[Json]:
    return [entry.body for entry in sandbox.requests("percipio", "order")]


def test_a_first_sync_reads_all_that_is_kept_and_the_next_goes_on_from_there(sandbox: Sandbox, read: Reader) -> None:
    first = read("learning_activity", shared={})
    windows = [(body["start"], body["end"]) for body in bodies(sandbox)]

    assert first.code == 0, first.errors
    assert len([text for text in first.logs if "without a start date" in text]) == 1
    assert as_set(map(numbers_alike, first.records["learning_activity"])) == as_set(
        map(numbers_alike, sandbox.truth("percipio", "learning_activity"))
    )
    assert all(body["isFileRequiredInSftp"] is False and body["formatType"] == "JSON" for body in bodies(sandbox))
    windows.sort()
    assert all(end == start for (_, end), (start, _) in pairwise(windows))
    assert all(as_epochs(end) - as_epochs(start) <= 90 * DAY for start, end in windows)
    assert as_epochs(windows[-1][1]) - as_epochs(windows[0][0]) in (730 * DAY, 731 * DAY)

    sandbox.reset()
    second = read("learning_activity", state=merged_state(first), shared={"lookback_days": 2})

    (again,) = bodies(sandbox)
    assert second.code == 0, second.errors
    assert as_epochs(windows[-1][1]) - as_epochs(again["start"]) == 2 * DAY
    assert second.states["learning_activity"] == {"_report_end": again["end"]}


@pytest.mark.parametrize(
    ("switches", "polls"),
    [
        ({}, 2),
        ({"id_name": "id"}, 2),
        ({"completed_first": 1}, 3),
        ({"completed_first": 2}, 4),
        ({"nothing_first": 1}, 2),
        ({"bare_words": True}, 2),
        ({"bare_words": True, "completed_first": 1}, 3),
    ],
)
def test_an_object_is_word_of_the_job_and_anything_else_the_report(
    sandbox: Sandbox, read: Reader, switches: Json, polls: int
) -> None:
    sandbox.vendors["percipio"].apply_settings(switches)
    run = read("entitlements")

    assert run.code == 0, run.errors
    assert as_set(run.records["entitlements"]) == as_set(sandbox.truth("percipio", "entitlements"))
    assert len(bodies(sandbox)) == 1
    assert len(sandbox.requests("percipio", "poll")) == polls
    assert run.logged("WARN") == []


def test_an_answer_that_only_informs_gives_no_report_the_rows_of_another(sandbox: Sandbox, read: Reader) -> None:
    streams = ("entitlements", "content_access", "collections_content")
    sandbox.fault("any_informed@percipio:count=always")
    run = read(*streams)

    assert run.code == 0, run.errors
    for stream in streams:
        assert as_set(run.records[stream]) == as_set(sandbox.truth("percipio", stream))


def test_the_job_of_one_window_is_not_read_for_another(sandbox: Sandbox, read: Reader) -> None:
    wide = {"start_date": "2025-08-01T00:00:00Z", "end_date": "2026-01-10T00:00:00Z"}
    sandbox.vendors["percipio"].apply_settings({"one_job": True})
    first = read("learning_activity", shared=wide)
    sandbox.vendors["percipio"].apply_settings({"one_job": False})
    second = read("learning_activity", state=merged_state(first), shared=wide)

    (error,) = first.errors_of("learning_activity")
    assert "which it has given for an order with other parameters" in error["message"]
    assert (first.final, second.final) == ({"learning_activity": "INCOMPLETE"}, {"learning_activity": "COMPLETE"})
    came = [numbers_alike(row) for run in (first, second) for row in run.records.get("learning_activity", [])]
    assert as_set(came) == as_set(map(numbers_alike, sandbox.truth("percipio", "learning_activity")))
    assert len(came) == len(as_set(came))


def test_a_csv_that_comes_where_json_was_ordered_is_read(sandbox: Sandbox, read: Reader) -> None:
    sandbox.vendors["percipio"].apply_settings({"form": "CSV"})
    run = read("learning_activity")

    assert run.code == 0, run.errors
    assert as_set(map(numbers_alike, run.records["learning_activity"])) == as_set(
        map(numbers_alike, sandbox.truth("percipio", "learning_activity"))
    )


@pytest.mark.parametrize("bare", [False, True])
def test_a_failure_is_told_in_the_vendors_words(sandbox: Sandbox, read: Reader, bare: bool) -> None:
    sandbox.vendors["percipio"].apply_settings({"bare_failures": bare})
    sandbox.fault("job_fails@percipio:count=always,words=Shard is down")
    run = read("entitlements")

    (error,) = run.errors_of("entitlements")
    assert len(bodies(sandbox)) == 3
    assert "was ended as failed by the vendor; it was ordered 3 times" in error["message"]
    assert "Shard is down" in error["message"]


def test_collections_are_named_in_the_orders_that_know_them(sandbox: Sandbox, read: Reader) -> None:
    chosen = ["Compliance", "Data & AI"]
    names = ("content_access", "entitlements", "collections_content")
    run = read(*names, collection_names=chosen)

    assert run.code == 0, run.errors
    for name in names:
        assert as_set(run.records[name]) == as_set(sandbox.truth("percipio", name, collections=",".join(chosen))), name
    by_report = {entry.report: entry.body for entry in sandbox.requests("percipio", "order")}
    assert by_report["entitlements"]["collection"] == "Compliance,Data & AI"
    assert by_report["collections_content"]["collectionName"] == "Compliance,Data & AI"
    assert "start" not in by_report["collections_content"]


def test_a_report_without_rows_is_read(sandbox: Sandbox, read: Reader) -> None:
    sandbox.fault("report_empty@percipio")
    run = read("learning_activity", "entitlements")

    assert (run.code, run.records) == (0, {})
    assert run.states["learning_activity"] == {"_report_end": SHORT["end_date"]}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"access_token": "wrong-token-0000"}, "refuses the access token (401)"),
        ({"access_token": "token-noperm"}, "it may not read reports of the organization"),
    ],
)
def test_a_check_asks_for_what_is_not_there(sandbox: Sandbox, connector: Connector, settings: Json, words: str) -> None:
    run = connector.check(quick(sandbox, "percipio", **settings))

    assert run.connection["status"] == ("FAILED" if words else "SUCCEEDED")
    assert words in run.connection.get("message", "")
    assert [entry.kind for entry in sandbox.requests("percipio")] == ["list"]


def test_another_organization_is_told_by_the_first_order(read: Reader) -> None:
    run = read("collections_content", organization_id="11111111-2222-4333-8444-555555555555")

    (error,) = run.errors_of("collections_content")
    assert error["failure_type"] == "config_error"
    assert "Percipio knows no organization 11111111-2222-4333-8444-555555555555 (404)." in error["message"]
