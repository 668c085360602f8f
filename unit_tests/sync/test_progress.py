from __future__ import annotations

import logging

import pytest

from source_lms_reports.errors import OrderRefused, ReportError, RestartNeeded, TransientError
from source_lms_reports.jobs.actions import JobState
from source_lms_reports.jobs.events import Delivered, Failed, Held, Progressed, TicketOpened
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.sync.progress import Progress

ORDER = Order("grades", {}, Window("2024-01-01", "2024-01-31"), ("grades",))
TICKET = Ticket("17", ORDER.identity, "grades", {}, ORDER.window, 0.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.INFO, "airbyte")
    return caplog.messages


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TransientError("x"), "failed"),
        (RestartNeeded("x"), "the changes cannot be had any more"),
        (OrderRefused("x"), "refused"),
    ],
)
def test_what_another_order_may_make_good_is_no_failure_yet(
    clock: Clock, caplog: pytest.LogCaptureFixture, error: ReportError, words: str
) -> None:
    caplog.set_level(logging.INFO, "airbyte")
    Progress(clock, interval=0).event(Failed(ORDER, error))
    assert caplog.messages == [f"Progress: grades (2024-01-01 to 2024-01-31): {words}"]


def test_each_step_is_told(clock: Clock, lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress(clock, interval=0)
    progress.event(TicketOpened(ORDER, TICKET, "ordered"))
    progress.event(Progressed(ORDER, JobState(JobStatus.RUNNING, progress=40.0, lines=12_000)))
    progress.downloading(ORDER, 3 * 1024 * 1024, 6 * 1024 * 1024)
    progress.event(Held(3, 1_700_003_600.0, "20 reports an hour"))
    progress.event(Held(1, 1_700_003_600.0, None))
    progress.event(Delivered(ORDER, TICKET, None))
    progress.rows("grades", 1500)

    told = caplog.messages
    for words, line in zip(
        [
            "ordered (job 17)",
            "running 40 % 12,000 lines",
            "3.0 of 6.0 MiB",
            "3 reports wait for the vendor's quota (20 reports an hour) until 2023-11-14 23:14 UTC",
            "1 report waits for the vendor's quota until 2023-11-14 23:14 UTC",
            "downloaded",
            "1,500 rows",
        ],
        told,
        strict=True,
    ):
        assert words in line
    assert "2024-01-01" in told[0]
    assert lines is not None


def test_at_most_one_line_in_an_interval_and_the_last_word_counts(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "airbyte")
    progress = Progress(clock, interval=5)
    for count in range(100):
        clock.now = count * 0.1
        progress.rows("users", 10)

    assert len(caplog.messages) == 2
    assert "users: 10 rows" in caplog.messages[0]
    assert "users: 510 rows" in caplog.messages[1]


def test_many_reports_are_a_digest(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airbyte")
    progress = Progress(clock, interval=5)
    progress.rows("first", 1)
    for number in range(9):
        progress.rows(f"stream-{number}", 1)
    clock.now = 6
    progress.rows("last", 1)

    assert "and 6 more" in caplog.messages[1]


@pytest.mark.usefixtures("lines")
def test_a_quota_that_reports_wait_for_is_told_before_all_else(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress(clock, interval=5)
    progress.rows("users", 1)
    progress.event(Held(86, 1_700_003_600.0, "5 reports a minute"))
    for number in range(6):
        progress.rows(f"table_{number}", 1)
    clock.now = 6.0
    progress.rows("users", 1)
    assert caplog.messages[-1].startswith("Progress: 86 reports wait for the vendor's quota (5 reports a minute)")
    assert caplog.messages[-1].endswith("; and 4 more")
