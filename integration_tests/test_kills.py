"""A process that is killed in the middle of a sync, and a window that never comes: the next sync makes all whole."""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from integration_tests.connector import Connector, Json, Run, Started, as_set, catalog_of, merged_state, quick
from integration_tests.references import Reference, References, undisturbed
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.jobs import Job
from integration_tests.sandbox.server import wait_until

PATIENCE = 60.0
# 143: a platform that stops a connector in good order sees the exit code that shells give for SIGTERM.
SIGNALS = {signal.SIGTERM: (143, -signal.SIGTERM), signal.SIGKILL: (-signal.SIGKILL,)}


@dataclass(frozen=True)
class Victim:
    """A stream whose sync is killed.

    Args:
        rows: Enough to fill a pipe twice with its records.
        moments: When it is killed.
        since: Where its one window begins; earlier rows are generated in vain.
    """

    platform: str
    stream: str
    report: str
    rows: int = 800
    moments: tuple[str, ...] = ("order", "poll", "download", "emit")
    since: str = "2026-01-01T00:00:00Z"


AUTUMN = "2025-11-05T00:00:00Z"
ONE_A_PATTERN = ("canvas", "tinqwise", "hapyak")
VICTIMS = [
    Victim("canvas", "last_user_access", "last_user_access_csv"),
    Victim("second_nature", "course_completion_report", "course-completion-report"),
    Victim("sana", "user_course_instance_progress", "user_course_instance_progress"),
    Victim("tinqwise", "users", "users", rows=500, moments=("page", "emit")),
    Victim("instructure_dap", "users", "users", moments=("trade", "download", "emit")),
    Victim("hapyak", "user_stream_raw", "user_stream_raw", rows=5000, moments=("order", "poll", "emit")),
    Victim("adobe_learning_manager", "learner_transcripts", "generateLearnerTranscript", rows=1700, since=AUTUMN),
    Victim("brightspace", "all_grades", "All Grades"),
    Victim("percipio", "learning_activity", "learning_activity", 1800, ("order", "poll", "emit"), AUTUMN),
]
#: How a process ends on SIGTERM knows no vendor: `make test` tries it once a pattern, `make faults` everywhere.
PLACES = [
    pytest.param(
        victim,
        moment,
        number,
        marks=pytest.mark.full_matrix if number == signal.SIGTERM and victim.platform not in ONE_A_PATTERN else (),
    )
    for victim in VICTIMS
    for moment in victim.moments
    for number in SIGNALS
]


def reference_of(victim: Victim, references: References, connector: Connector) -> Reference:
    """The victim's sync without any kill."""

    def read() -> Reference:
        with Sandbox(rows=victim.rows) as sandbox:
            return undisturbed(connector, sandbox, config_of(victim, sandbox), victim.stream)

    return references.get(victim, read)


def config_of(victim: Victim, sandbox: Sandbox) -> Json:
    reports = {name: [victim.report] for name in ("second_nature", "hapyak", "percipio")}.get(victim.platform)
    only = {"reports": reports} if reports else {}
    if victim.platform == "brightspace":
        only = {"data_sets": [victim.report]}
    if victim.platform == "instructure_dap":
        only = {"tables": [victim.report]}
    config = quick(sandbox, victim.platform, **only)
    windows = {"start_date": victim.since, "end_date": "2026-02-01T00:00:00Z"}
    return {**config, **(windows if victim.platform in ("hapyak", "percipio", "adobe_learning_manager") else {})}


def name_of(value: object) -> str:
    if isinstance(value, Victim):
        return value.platform
    return value.name if isinstance(value, signal.Signals) else str(value)


def stopped_at(moment: str, victim: Victim, sandbox: Sandbox, start: Callable[..., Started]) -> Started:
    """A sync that has come to `moment` and stands still there."""
    if moment == "emit":
        started = start(hold_at=b'"type":"RECORD"')
        assert started.holding.wait(PATIENCE)
        return started
    fault = f"{moment}_timeout"
    sandbox.fault(f"{fault}@{victim.platform}:report={victim.report},seconds=30")
    started = start()
    assert wait_until(lambda: bool(sandbox.journal.marked(f"fault:{fault}")), PATIENCE)
    return started


@pytest.mark.parametrize(("victim", "moment", "number"), PLACES, ids=name_of)
def test_nothing_is_lost_when_the_process_is_killed(
    connector: Connector, references: References, victim: Victim, moment: str, number: signal.Signals
) -> None:
    reference = reference_of(victim, references, connector)
    chosen = reference.catalog
    with Sandbox(rows=victim.rows) as sandbox:
        config = config_of(victim, sandbox)
        started = stopped_at(moment, victim, sandbox, functools.partial(connector.start_read, config, chosen))
        started.send(number)
        first = started.finish()
        ordered = len(sandbox.jobs(victim.platform))
        sandbox.faults.clear()
        age(connector)

        second = connector.read(config, chosen, first.state_file)

        assert first.code in SIGNALS[number]
        assert second.code == 0, second.errors
        look_at_rows(victim, reference, first, second)
        assert sandbox.running_jobs(victim.platform) == []
        if moment in ("poll", "trade", "download", "emit"):
            assert len(sandbox.jobs(victim.platform)) == ordered
        assert connector.leftovers == []


def age(connector: Connector) -> None:
    """Let folders of killed processes look a while old: young ones may be about to be used."""
    old = time.time() - 3600
    for path in connector.temporary.rglob("*"):
        os.utime(path, (old, old))
    for path in connector.temporary.iterdir():
        os.utime(path, (old, old))


def look_at_rows(victim: Victim, reference: Reference, first: Run, second: Run) -> None:
    """Both syncs together have the rows of an undisturbed one, and what the state covers was printed before it."""
    whole = as_set(reference.records[victim.stream])
    seen = as_set(first.records.get(victim.stream, [])) | as_set(second.records.get(victim.stream, []))
    assert seen == whole
    if "_report_end" not in first.states.get(victim.stream, {}):
        assert as_set(second.records[victim.stream]) == whole


LOCKS = {
    "canvas": "poll_401:count=always,reason=expired",
    "second_nature": "poll_401:count=always",
    "sana": "token_401:count=always",
    "hapyak": "poll_401:count=always",
    "percipio": "poll_401:count=always",
    "adobe_learning_manager": "token_401:count=always",
    "brightspace": "poll_401:count=always",
}


@pytest.mark.parametrize("victim", [one for one in VICTIMS if one.platform in LOCKS], ids=name_of)
def test_a_job_outlives_refused_credentials(connector: Connector, references: References, victim: Victim) -> None:
    reference = reference_of(victim, references, connector)
    chosen = reference.catalog
    with Sandbox(rows=victim.rows) as sandbox:
        config = config_of(victim, sandbox)
        started = stopped_at("poll", victim, sandbox, functools.partial(connector.start_read, config, chosen))
        started.send(signal.SIGKILL)
        runs = [started.finish()]
        sandbox.faults.clear()
        fault, _, options = LOCKS[victim.platform].partition(":")
        sandbox.fault(f"{fault}@{victim.platform}:{options}")
        for _ in range(2):
            runs.append(connector.read(config, chosen, merged_state(*runs)))
            assert runs[-1].code == 1
            assert runs[-1].errors[0]["failure_type"] == "config_error"
        ordered = len(sandbox.jobs(victim.platform))
        sandbox.faults.clear()

        last = connector.read(config, chosen, merged_state(*runs))

        assert last.code == 0, last.errors
        assert len(sandbox.jobs(victim.platform)) == ordered
        assert sandbox.running_jobs(victim.platform) == []
        look_at_rows(victim, reference, runs[0], last)


def test_a_terminated_sync_leaves_no_file_behind(connector: Connector, references: References) -> None:
    victim = VICTIMS[0]
    chosen = reference_of(victim, references, connector).catalog
    with Sandbox(rows=victim.rows) as sandbox:
        config = config_of(victim, sandbox)
        started = stopped_at("emit", victim, sandbox, functools.partial(connector.start_read, config, chosen))
        started.send(signal.SIGTERM)
        started.finish()

    assert connector.leftovers == []


# -- a window that never comes


@dataclass(frozen=True)
class Windowed:
    """A stream that is read in four windows."""

    platform: str
    stream: str
    report: str
    start: str
    end: str
    place: str


def jobs_of(subject: Windowed, sandbox: Sandbox) -> list[Job]:
    return [job for job in sandbox.jobs(subject.platform) if job.report == subject.report]


WINDOWED = [
    Windowed(
        "canvas",
        "students_with_no_submissions",
        "students_with_no_submissions_csv",
        "2025-11-20T00:00:00Z",
        "2026-01-15T00:00:00Z",
        "end_at",
    ),
    Windowed(
        "hapyak",
        "project_engagement_summary_raw",
        "project_engagement_summary_raw",
        "2025-09-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "end",
    ),
    Windowed(
        "percipio", "learning_activity", "learning_activity", "2025-01-10T00:00:00Z", "2026-01-01T00:00:00Z", "end"
    ),
]


@pytest.mark.parametrize("subject", WINDOWED, ids=lambda subject: subject.platform)
def test_the_state_stops_before_the_window_whose_job_never_ends(connector: Connector, subject: Windowed) -> None:
    with Sandbox(rows=60) as sandbox:
        reports = {"reports": [subject.report]} if subject.platform == "hapyak" else {}
        config = {
            **quick(sandbox, subject.platform, **reports),
            "start_date": subject.start,
            "end_date": subject.end,
        }
        chosen = catalog_of([connector.discover(config).catalog[subject.stream]])
        sandbox.reset()
        sandbox.fault(f"job_never@{subject.platform}:report={subject.report},nth=2,count=1")

        first = connector.read({**config, "report_timeout_minutes": 0.03}, chosen)

        ends = sorted(str(job.params[subject.place]) for job in jobs_of(subject, sandbox))
        (stuck,) = sandbox.running_jobs(subject.platform)
        at = ends.index(str(stuck.params[subject.place]))
        assert first.code == 1
        assert first.final[subject.stream] == "INCOMPLETE"
        (error,) = first.errors_of(subject.stream)
        assert "still not ready after" in error["message"]
        assert str(stuck.params[subject.place]) in error["message"]
        assert first.states[subject.stream].get("_report_end") == (ends[at - 1] if at else None)
        kept = {ticket["window"]["end"] for ticket in first.states[subject.stream]["_report_tickets"]}
        assert kept == set(ends[at:])

        stuck.script = ["done"]
        second = connector.read(config, chosen, merged_state(first))

        assert second.code == 0, second.errors
        assert len(jobs_of(subject, sandbox)) == 4
        rows = [*first.records.get(subject.stream, []), *second.records[subject.stream]]
        assert len(as_set(rows)) == len(rows)
        assert as_set(rows) == as_set(sandbox.truth(subject.platform, subject.stream))
        assert second.states[subject.stream]["_report_end"] >= ends[-1]
