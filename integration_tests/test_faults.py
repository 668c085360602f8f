"""Every fault at every platform, through the command line.

In each case the rows, the state, the vendor's jobs, the pace of the polls, the words and the exit code are looked at;
other streams are undisturbed, nothing secret is printed, and no file is left.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, quick
from integration_tests.fault_table import SUBJECTS, Case, Subject, cases_of, in_brief, spec
from integration_tests.references import Reference, References, undisturbed
from integration_tests.sandbox import Sandbox

CADENCE = 0.1
SIGNATURES = ("verifier", "signature", "X-Amz-Signature", "sig", "token")
PAIRS = [
    pytest.param(
        subject,
        case,
        id=f"{subject.name.replace(' ', '_')}-{case.name}",
        marks=() if in_brief(subject, case) else pytest.mark.full_matrix,
    )
    for subject in SUBJECTS
    for case in cases_of(subject)
]


def reference_of(subject: Subject, references: References, connector: Connector) -> Reference:
    """The subject's sync without any fault."""

    def read() -> Reference:
        with vendors(subject) as sandbox:
            config = config_of(subject, sandbox)
            return undisturbed(connector, sandbox, config, subject.stream, subject.healthy)

    return references.get(subject.name, read)


def vendors(subject: Subject) -> Sandbox:
    return Sandbox(rows=60, settings={subject.platform: dict(subject.sandbox)})


def config_of(subject: Subject, sandbox: Sandbox, minutes: float = 1.0) -> Json:
    config = quick(sandbox, subject.platform, **subject.settings)
    return {**config, **subject.shared, "poll_interval_seconds": CADENCE, "report_timeout_minutes": minutes}


@pytest.mark.parametrize(("subject", "case"), PAIRS)
def test_the_promise_holds(subject: Subject, case: Case, connector: Connector, references: References) -> None:
    reference = reference_of(subject, references, connector)
    with vendors(subject) as sandbox:
        Trial(subject, case, sandbox, connector, reference).run()


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
        kept = {"_report_tickets", "_report_seconds", "_report_orders", "__ab_no_cursor_state_message"}
        assert set(run.states[stream]) <= kept
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
        # A configuration that is handed out is whole, and goes to whoever keeps it.
        lines = [line for line in run.stdout.splitlines() if not line.startswith('{"type":"CONTROL"')]
        text = "\n".join([*lines, run.stderr])
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
