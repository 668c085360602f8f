"""Every fault at every platform, through the command line.

In each case the rows, the state, the vendor's jobs, the pace of the polls, the words and the exit code are looked at;
other streams are undisturbed, nothing secret is printed, and no file is left.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, quick
from integration_tests.fault_table import SUBJECTS, Case, Subject, cases_of, spec
from integration_tests.sandbox import Sandbox

CADENCE = 0.1
AT_ONE_TIME = 4
TEST = "test_the_promise_holds"
SIGNATURES = ("verifier", "signature", "X-Amz-Signature", "sig", "token")
PAIRS = [(subject, case) for subject in SUBJECTS for case in cases_of(subject)]


def name_of(value: Any) -> str | None:
    return value.name.replace(" ", "_") if isinstance(value, (Subject, Case)) else None


@dataclass(frozen=True)
class Reference:
    """A subject without any fault: its configured catalog, and the records of a sync."""

    catalog: Json
    records: dict[str, list[Json]]


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Subject], Reference]:
    """Reads a subject undisturbed, once."""

    @functools.cache
    def read(name: str) -> Reference:
        subject = next(one for one in SUBJECTS if one.name == name)
        return undisturbed(subject, Connector(tmp_path_factory.mktemp("reference")))

    guard = threading.Lock()

    def read_once(subject: Subject) -> Reference:
        with guard:
            return read(subject.name)

    return read_once


def undisturbed(subject: Subject, connector: Connector) -> Reference:
    with vendors(subject) as sandbox:
        found = connector.discover(config_of(subject, sandbox))
        assert found.code == 0, found.errors
        catalog = catalog_of([found.catalog[subject.stream], found.catalog[subject.healthy]])
        sandbox.reset()
        run = connector.read(config_of(subject, sandbox), catalog)
        assert run.code == 0, run.errors
        assert all(run.records[stream] for stream in (subject.stream, subject.healthy))
        return Reference(catalog, run.records)


def vendors(subject: Subject) -> Sandbox:
    return Sandbox(rows=60, settings={subject.platform: dict(subject.sandbox)})


def config_of(subject: Subject, sandbox: Sandbox, minutes: float = 1.0) -> Json:
    config = quick(sandbox, subject.platform, **subject.settings)
    return {**config, **subject.shared, "poll_interval_seconds": CADENCE, "report_timeout_minutes": minutes}


Trials = dict[tuple[str, str], "Future[None]"]


@pytest.fixture(scope="session")
def trials(
    request: pytest.FixtureRequest,
    references: Callable[[Subject], Reference],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trials]:
    """All selected cases under way, a few at a time: most of a case's time is waiting."""

    def run(subject: Subject, case: Case) -> None:
        reference = references(subject)
        with vendors(subject) as sandbox:
            Trial(subject, case, sandbox, Connector(tmp_path_factory.mktemp("trial")), reference).run()

    selected = {item.name for item in request.session.items}
    wanted = [(one, case) for one, case in PAIRS if f"{TEST}[{name_of(one)}-{name_of(case)}]" in selected]
    with ThreadPoolExecutor(AT_ONE_TIME) as pool:
        yield {(one.name, case.name): pool.submit(run, one, case) for one, case in wanted}
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.parametrize(("subject", "case"), PAIRS, ids=name_of)
def test_the_promise_holds(subject: Subject, case: Case, trials: Trials) -> None:
    trials[subject.name, case.name].result()


class Trial:
    """One case: a sync with the fault and, where that failed, one without."""

    def __init__(
        self, subject: Subject, case: Case, sandbox: Sandbox, connector: Connector, reference: Reference
    ) -> None:
        self.subject = subject
        self.case = case
        self.sandbox = sandbox
        self.connector = connector
        self.catalog = reference.catalog
        self.reference = reference.records

    def run(self) -> None:
        for fault in self.case.faults:
            self.sandbox.fault(spec(fault, self.subject, everywhere=self.case.everywhere))
        first = self.sync(None, self.case.minutes, "--debug")
        assert any(fault.struck for fault in self.sandbox.faults.active()), "the fault never struck"
        self.look_at_jobs(self.case.jobs)
        if self.case.ends == "whole":
            self.look_at_whole(first)
        else:
            self.look_at_failure(first)
            self.go_on(first)
        assert len(self.sandbox.running_jobs(self.subject.platform)) == self.case.orphans
        assert not self.sandbox.journal.marked("credentials-at-download-host")

    def sync(self, state: list[Json] | None, minutes: float, *flags: str) -> Run:
        before = len(self.sandbox.requests())
        run = self.connector.read(config_of(self.subject, self.sandbox, minutes), self.catalog, state, *flags)
        self.look_at_output(run)
        self.look_at_pace(before)
        return run

    # -- what a sync must have come to

    def look_at_whole(self, run: Run) -> None:
        assert run.code == 0, run.errors
        assert run.errors == []
        for stream in (self.subject.stream, self.subject.healthy):
            assert run.final[stream] == "COMPLETE"
            assert in_order(run.records.get(stream, [])) == in_order(self.rows_of(stream)), stream
            assert "_report_tickets" not in run.states[stream]
        for words in self.case.words:
            assert len([text for text in run.logged("WARN") if words in text]) == 1, run.logged("WARN")

    def look_at_failure(self, run: Run) -> None:
        stream, healthy = self.subject.stream, self.subject.healthy
        assert run.code == 1
        assert run.final[stream] == "INCOMPLETE"
        assert run.records.get(stream, []) == []
        assert set(run.states[stream]) <= {"_report_tickets", "__ab_no_cursor_state_message"}
        (error,) = run.errors_of(stream)
        assert error["failure_type"] == self.case.kind, error
        for words in (f'Stream "{stream}"', *self.case.words):
            assert words in error["message"]
        assert {one["failure_type"] for one in run.errors} == {self.case.kind}
        if not self.case.everywhere:
            assert run.final[healthy] == "COMPLETE"
            assert in_order(run.records.get(healthy, [])) == in_order(self.rows_of(healthy))

    def go_on(self, first: Run) -> None:
        """The next sync, without the fault, from the state of the first."""
        self.sandbox.faults.clear()
        before = len(self.jobs())
        if self.case.finish:
            for job in self.sandbox.running_jobs():
                job.script = ["done"]
        second = self.sync(first.state_file, 1.0)
        assert second.code == 0, second.errors
        assert second.final[self.subject.stream] == "COMPLETE"
        assert in_order(second.records.get(self.subject.stream, [])) == in_order(self.rows_of(self.subject.stream))
        assert as_set(first.records.get(self.subject.healthy, [])) | as_set(
            second.records.get(self.subject.healthy, [])
        ) == as_set(self.rows_of(self.subject.healthy))
        if self.case.later_jobs is not None:
            assert len(self.jobs()) - before == self.case.later_jobs

    # -- what must hold in every sync

    def look_at_output(self, run: Run) -> None:
        assert run.stderr == ""
        assert self.connector.leftovers == []
        text = run.stdout + run.stderr
        assert [secret for secret in secrets_of(self.subject, self.sandbox) if secret in text] == []

    def look_at_pace(self, before: int) -> None:
        """Two looks at one job are a cadence apart at least; one that a renewed token repeats is the same look."""
        looks: dict[tuple[str, str], list[float]] = {}
        for entry in self.sandbox.requests()[before:]:
            if entry.kind == "poll" and entry.status != 401:
                looks.setdefault((entry.path, json.dumps(entry.query)), []).append(entry.at)
        gaps = [later - sooner for times in looks.values() for sooner, later in pairwise(times)]
        assert not gaps or min(gaps) >= CADENCE * 0.99

    def look_at_jobs(self, expected: int | None) -> None:
        if expected is not None:
            assert len(self.jobs()) == expected
        assert self.sandbox.requests(self.subject.platform, "abort") == []
        assert self.sandbox.requests(self.subject.platform, "delete") == []

    def jobs(self) -> list[Any]:
        """The vendor's jobs for the struck report."""
        return [job for job in self.sandbox.jobs(self.subject.platform) if job.report == self.subject.report]

    def rows_of(self, stream: str) -> list[Json]:
        """The rows of an undisturbed sync."""
        return self.reference[stream]


def in_order(records: list[Json]) -> list[str]:
    """Records as a sorted list: nothing missing, nothing twice."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def secrets_of(subject: Subject, sandbox: Sandbox) -> set[str]:
    """Every credential and every signature that went over the wire, and those of the configuration."""
    found = set()
    for entry in sandbox.requests():
        for name, value in entry.headers:
            if name.lower() in ("authorization", "x-hapyak-api-key"):
                found |= {value, value.split()[-1]}
        found |= {value for name, value in entry.query if name in SIGNATURES}
        location = entry.header("Location") or ""
        found |= {value for name, value in parse_qsl(urlsplit(location).query) if name in SIGNATURES}
    return {*found, *secret_settings(sandbox.config(subject.platform)["platform"])} - {""}


def secret_settings(part: Json) -> set[str]:
    found = set()
    for name, value in part.items():
        if isinstance(value, dict):
            found |= secret_settings(value)
        elif name in ("access_token", "api_key", "client_secret"):
            found.add(value)
    return found
