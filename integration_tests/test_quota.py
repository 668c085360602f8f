"""A first sync that needs more reports than HapYak allows in an hour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration_tests.connector import Connector, Json, as_set, catalog_of, quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.core import Request

STREAMS = ("user_stream_raw", "signin_widget_detail", "poll_widget_detail")
HOUR = 3_600


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One that says when to go on, and in which the reports of an hour were ordered nearly an hour ago."""

    def watch(request: Request) -> None:
        if request.kind == "order" and not answers(started):
            started.act("hapyak", "have_ordered", ages=[HOUR - 1] * started.vendors["hapyak"].switches.per_hour)

    with Sandbox(rows=12, settings={"hapyak": {"retry_after": True}}, watch=watch) as started:
        yield started


@pytest.fixture
def catalog() -> Json:
    modes = {"supported_sync_modes": ["full_refresh", "incremental"], "default_cursor_field": ["_report_end"]}
    return catalog_of([{"name": name, "json_schema": {}, **modes} for name in STREAMS])


def config_of(sandbox: Sandbox) -> Json:
    """One report a stream."""
    config = quick(sandbox, "hapyak", reports=list(STREAMS))
    return {**config, "start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z"}


def answers(sandbox: Sandbox) -> list[int | None]:
    """What orders were answered."""
    return [entry.status for entry in sandbox.requests("hapyak", "order")]


def test_an_hour_that_comes_back_is_waited_for(sandbox: Sandbox, connector: Connector, catalog: Json) -> None:
    sandbox.vendors["hapyak"].apply_settings({"per_hour": 3})

    run = connector.read(config_of(sandbox), catalog)

    assert run.code == 0, run.errors
    assert run.final == dict.fromkeys(STREAMS, "COMPLETE")
    for stream in STREAMS:
        assert as_set(run.records[stream]) == as_set(sandbox.truth("hapyak", stream))
    assert set(answers(sandbox)) == {202, 429}
    assert len(sandbox.jobs("hapyak")) == len(STREAMS)


def test_an_hour_that_comes_back_too_late_ends_the_rest_with_the_time(
    sandbox: Sandbox, connector: Connector, catalog: Json
) -> None:
    sandbox.vendors["hapyak"].apply_settings({"per_hour": 2})

    first = connector.read({**config_of(sandbox), "report_timeout_minutes": 1}, catalog)
    sandbox.clock.advance(HOUR)
    second = connector.read(config_of(sandbox), catalog, first.state_file)

    (error,) = [one for one in first.errors if one.get("stream_descriptor")]
    assert error["failure_type"] == "transient_error"
    assert "Run the sync again after that time; what was read until now is kept." in error["message"]
    assert sorted(first.final.values()) == ["COMPLETE", "COMPLETE", "INCOMPLETE"]
    assert second.code == 0, second.errors
    assert len(sandbox.jobs("hapyak")) == len(STREAMS)
    for stream in STREAMS:
        seen = as_set(first.records.get(stream, [])) | as_set(second.records.get(stream, []))
        assert seen == as_set(sandbox.truth("hapyak", stream))
