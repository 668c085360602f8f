"""The same sync by other ways: the CDK's stock entrypoint, and the process that forks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStateMessage, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.test.entrypoint_wrapper import EntrypointOutput, read

from integration_tests.connector import Connector, Json, Run, catalog_of, forked, present, quick, script
from integration_tests.sandbox import Sandbox
from source_lms_reports.source import SourceLmsReports

# HapYak's quota is four reports a minute; not every report of Second Nature knows a time range.
PLATFORMS: dict[str, Json] = {
    "canvas": {},
    "second_nature": {"reports": ["admin-xls-report", "course-completion-report", "conversation-transcripts"]},
    "sana": {},
    "tinqwise": {},
    "percipio": {},
    "adobe_learning_manager": {"reports": ["users", "learner_transcripts", "feedback", "gamification"]},
    "brightspace": {"data_sets": ["Users", "Final Grades", "Learner Usage"]},
    "hapyak": {"reports": ["user_stream_raw", "signin_widget_detail"]},
}
# Windows end with the sync unless they are bounded, and two syncs are to be compared.
BOUNDS = {"start_date": "2025-12-20T00:00:00Z", "end_date": "2026-01-10T00:00:00Z"}


@pytest.fixture(scope="module", params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(scope="module")
def catalog(sandbox: Sandbox, platform: str, tmp_path_factory: pytest.TempPathFactory) -> Json:
    config = quick(sandbox, platform, **PLATFORMS[platform])
    found = Connector(tmp_path_factory.mktemp("discover")).discover(config).catalog
    return catalog_of(found.values())


def bounded(sandbox: Sandbox, platform: str) -> Json:
    return {**quick(sandbox, platform, **PLATFORMS[platform]), **BOUNDS}


@pytest.fixture(scope="module")
def by_script(sandbox: Sandbox, platform: str, catalog: Json, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The sync as platforms start it."""
    sandbox.reset()
    run = Connector(tmp_path_factory.mktemp("script"), script).read(bounded(sandbox, platform), catalog)
    assert run.code == 0, run.errors
    assert run.stderr == ""
    return run


def by_stock(sandbox: Sandbox, platform: str, catalog: Json) -> EntrypointOutput:
    """The sync as the CDK's own entrypoint runs it, in this process."""
    sandbox.reset()
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog)
    return read(SourceLmsReports(), bounded(sandbox, platform), configured, None)


def stream_of(state: AirbyteStateMessage) -> str:
    assert state.stream is not None
    return str(state.stream.stream_descriptor.name)


def without_orders(state: Json) -> Json:
    """A state without the moments at which reports were ordered, which no two syncs have in common."""
    return {name: value for name, value in state.items() if name != "_report_orders"}


def test_the_stock_entrypoint_gives_the_same_records_states_and_counts(
    sandbox: Sandbox, platform: str, catalog: Json, by_script: Run
) -> None:
    ours, stock = by_script, by_stock(sandbox, platform, catalog)

    records: defaultdict[str, list[Json]] = defaultdict(list)
    for message in stock.records:
        assert message.record is not None
        records[message.record.stream].append(present(message.record.data))
    assert ours.records == dict(records)
    states: dict[str, Any] = {}
    counts: defaultdict[str, float] = defaultdict(float)
    for message in stock.state_messages:
        assert message.state is not None
        assert message.state.stream is not None
        assert message.state.stream.stream_state is not None
        assert message.state.sourceStats is not None
        states[stream_of(message.state)] = dict(message.state.stream.stream_state.__dict__)
        counts[stream_of(message.state)] += message.state.sourceStats.recordCount or 0.0
    assert set(states) == set(ours.states)
    for stream, state in ours.states.items():
        assert without_orders(states[stream]) == without_orders(state), stream
    assert ours.counts == dict(counts)
    for stream, statuses in ours.statuses.items():
        assert [status.value for status in stock.get_stream_statuses(stream)] == statuses


def test_a_forked_process_prints_what_the_script_prints(
    sandbox: Sandbox, platform: str, catalog: Json, by_script: Run, tmp_path: Path
) -> None:
    sandbox.reset()
    by_fork = Connector(tmp_path / "forked", forked).read(bounded(sandbox, platform), catalog)

    assert by_script.records == by_fork.records
    assert by_script.counts == by_fork.counts
    assert by_script.final == by_fork.final
    assert by_script.code == by_fork.code == 0


def test_records_are_flat_json_with_their_stream_and_time(by_script: Run) -> None:
    for record in by_script.of("RECORD"):
        assert set(record) == {"stream", "data", "emitted_at"}
        assert isinstance(record["emitted_at"], int)
        assert abs(record["emitted_at"] / 1000 - time.time()) < 3600
        assert None not in record["data"].values()
