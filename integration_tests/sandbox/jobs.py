"""Simulated report jobs. A job's life is counted in polls, so that no test waits for time to pass."""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .faults import JOB_FAULTS, REPORT_FAULTS, Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .downloads import Artifact

State = Literal["queued", "running", "done", "failed", "aborted", "deleted"]
UNFINISHED: tuple[State, ...] = ("queued", "running")
ENDS: dict[str, State] = {"done": "done", "failed": "failed", "aborted": "aborted", "deleted": "deleted"}
BUILD_PATIENCE = 2.0


class BuildRefused(Exception):
    """The report cannot be made: the job ends as failed with this text."""


@dataclass
class Job:
    """One report run at a vendor.

    Args:
        script: What each poll shows, the last for ever: `queued`, `running`, `done`, `failed`, `aborted`, `deleted`, or
            `?word` for a status word that no page names.
        origin: `ordered` by a client during this run, or `seeded` by the test.
        created, started, ended: Seconds since 1970 on the sandbox's clock.
        fault: The job fault that was drawn for it, if any.
    """

    number: int
    key: str
    vendor: str
    report: str
    params: dict[str, Any]
    account: str
    script: list[str]
    created: float
    origin: Literal["ordered", "seeded"] = "ordered"
    owner: str = ""
    state: State = "queued"
    shown: str = "queued"
    polls: int = 0
    started: float | None = None
    ended: float | None = None
    words: str | None = None
    fault: Fault | None = None
    empty: bool = False
    build: Future[Artifact] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def artifact(self) -> Artifact | None:
        """The file, once the job is done."""
        return self.build.result() if self.state == "done" and self.build is not None else None

    def as_json(self) -> dict[str, Any]:
        names = (
            "number",
            "key",
            "vendor",
            "report",
            "params",
            "account",
            "origin",
            "owner",
            "state",
            "polls",
            "created",
        )
        return {name: getattr(self, name) for name in names} | {"ended": self.ended, "words": self.words}


def script_for(fault: Fault | None, polls: int) -> list[str]:
    """What the polls of a new job show; ready on poll number `polls` unless a fault says otherwise."""
    ready = ["running"] * (polls - 1) + ["done"]
    if fault is None:
        return ready
    word = "?" + fault.args.get("status", "paused")
    times = fault.args.get("polls", "2")
    scripts = {
        "job_never": ["running"],
        "job_fails": ["running", "failed"],
        "job_fails_at_100": ["running", "running", "failed"],
        "job_slow": ["running"] * (int(fault.number("polls", 8)) - 1 if fault.name == "job_slow" else 0) + ["done"],
        "job_unknown_status": [word] if times == "always" else [word] * int(times) + ["done"],
        "job_aborted": ["running", "aborted"],
        "job_deleted": ["running", "deleted"],
        "job_no_file": ["running", "failed"],
        "job_restarts": ["running", "queued", "running", "done"],
    }
    return scripts.get(fault.name, ready)


class JobBook:
    """All jobs of all vendors.

    Args:
        polls: The poll on which a healthy job is ready (2).
    """

    def __init__(self, clock: Clock, faults: Faults, polls: int = 2) -> None:
        self._clock = clock
        self._faults = faults
        self.polls = polls
        self._numbers = itertools.count(1001)
        self._jobs: dict[tuple[str, str], Job] = {}
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-build")

    def order(
        self, vendor: str, report: str, params: dict[str, Any], make: Callable[[Job], Artifact], **about: Any
    ) -> Job:
        """A new job whose file `make` writes in the background; a `seeded` one draws no fault."""
        seeded = about.get("origin") == "seeded"
        fault = None if seeded else self._faults.draw(JOB_FAULTS, vendor, report)
        number = next(self._numbers)
        job = Job(
            number=number,
            key=about.pop("key", str(number)),
            vendor=vendor,
            report=report,
            params=params,
            account=about.pop("account", ""),
            script=script_for(fault, self.polls),
            created=about.pop("created", self._clock.now()),
            fault=fault,
            **about,
        )
        job.empty = not seeded and self._faults.draw(REPORT_FAULTS, vendor, report) is not None
        job.words = fault.args.get("words") if fault else None
        job.build = self._pool.submit(make, job)
        self._jobs[vendor, job.key] = job
        return job

    def find(self, vendor: str, key: str) -> Job | None:
        return self._jobs.get((vendor, key))

    def of(self, vendor: str | None = None, report: str | None = None) -> list[Job]:
        """Jobs in order of creation."""
        found = [j for j in list(self._jobs.values()) if vendor in (None, j.vendor) and report in (None, j.report)]
        return sorted(found, key=lambda job: (job.created, job.number))

    def running(self, vendor: str | None = None) -> list[Job]:
        """Jobs that have not ended: what a client left behind at the vendor."""
        return [job for job in self.of(vendor) if not job.finished]

    def poll(self, job: Job) -> str:
        """Count one poll and return what it shows: a state, or `?word`."""
        if job.finished:
            return job.state
        step = job.script[min(job.polls, len(job.script) - 1)]
        if step == "done" and not self._built(job):
            step = "running"
        else:
            job.polls += 1
        self._show(job, step)
        return job.shown

    def _show(self, job: Job, step: str) -> None:
        now = self._clock.now()
        job.shown = step
        if job.started is None and step != "queued":
            job.started = now
        if step in ENDS:
            self._end(job, ENDS[step], now)
        else:
            job.state = "queued" if step == "queued" else "running"

    def _end(self, job: Job, step: State, now: float) -> None:
        error = job.build.exception() if step == "done" and job.build is not None else None
        if isinstance(error, BuildRefused):
            step, job.words = "failed", str(error)
        elif error is not None:
            raise error
        job.state = job.shown = step
        job.ended = now

    def _built(self, job: Job) -> bool:
        """Whether the file is there; waits a little, so that small reports take an exact number of polls."""
        try:
            if job.build is not None:
                job.build.exception(timeout=BUILD_PATIENCE)
        except NotYet:
            return False
        return True

    def end(self, job: Job, state: State) -> None:
        """Abort or delete a job at the client's wish."""
        if job.ended is None:
            job.ended = self._clock.now()
        job.state = job.shown = state

    def reset(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
