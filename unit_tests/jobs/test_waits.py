"""Waiting for a job: pace, deadline, and what later syncs take up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from source_lms_reports.errors import JobOverdue
from source_lms_reports.jobs.actions import (
    Abort,
    Action,
    Fetch,
    Fetched,
    Find,
    JobState,
    LinkDead,
    NothingFound,
    Outcome,
    Place,
    Poll,
    Refused,
)
from source_lms_reports.jobs.events import Delivered, Failed, TicketClosed, TicketOpened, Warned
from source_lms_reports.jobs.policy import Policy
from unit_tests.jobs.desk import (
    FAILED,
    GONE,
    NOON,
    QUEUED,
    READY,
    RUNNING,
    START,
    Desk,
    order,
    patient,
    refused,
    ticket,
)

DAY = 86_400.0


def test_given_a_job_at_work_then_it_is_polled_at_its_cadence() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[*[RUNNING] * 4, READY])
    assert desk.did(Poll) == [0.5, 10.5, 20.5, 30.5, 40.5]


def test_given_a_slow_job_then_looks_grow_apart_up_to_the_cap() -> None:
    desk = Desk(patient(max_interval=20))
    desk.submit(order())
    desk.play(poll=[*[RUNNING] * 9, READY])
    assert desk.did(Poll)[:6] == [0.5, 10.5, 20.5, 30.5, 40.5, 50.625]
    assert desk.did(Poll)[-1] - desk.did(Poll)[-2] == 20


@pytest.mark.parametrize("ready_at", [0.2, 1.5, 8.0, 50.0, 400.0])
def test_given_no_cadence_then_what_is_lost_after_a_job_is_ready_is_about_a_quarter_of_its_time(
    ready_at: float,
) -> None:
    desk = Desk(Policy(cadence=None, max_interval=120))

    def vendor(action: Action, now: float) -> Outcome:
        if isinstance(action, Fetch):
            return Fetched("it")
        return desk.outcome(action, READY if now - START >= ready_at else RUNNING)

    desk.submit(order())
    desk.run(vendor)
    assert 0 <= desk.did(Fetch)[0] - ready_at <= max(1.0, ready_at / 4)
    assert len(desk.did(Poll)) <= 30


def test_given_a_running_job_of_an_hour_ago_then_its_looks_are_as_far_apart_as_if_it_had_been_waited_for() -> None:
    desk = Desk(Policy(cadence=None, max_interval=120))
    desk.submit(order(), stored=ticket(order(), "old", NOON - 3_600))
    desk.play(poll=[RUNNING, RUNNING, READY])
    assert desk.did(Poll) == [0, 120, 240]


def test_given_retry_after_then_it_is_honoured_on_answers_and_refusals() -> None:
    desk = Desk()
    desk.submit(order())
    slow = JobState(RUNNING, retry_after=50)
    desk.play(place=[slow], poll=[slow, refused("throttled", 70), refused("transient", 3), READY])
    assert desk.did(Poll) == [50, 100, 170, 180]


def test_given_a_job_that_is_merely_slow_then_its_ticket_is_kept_and_nothing_is_ordered_again() -> None:
    desk = Desk(can_abort=True)
    desk.submit(order())
    desk.play(poll=[JobState(RUNNING, words="compiling")])
    error = desk.only(Failed).error
    assert isinstance(error, JobOverdue)
    for part in ('"users"', "2024-01-01 to 2024-01-02", "10 minutes", "compiling", "next sync takes it up"):
        assert part in error.message
    assert "own1" in str(error.detail)
    assert desk.did(Place) == [0]
    assert desk.did(Abort) == []
    assert desk.told(TicketClosed) == []
    assert desk.kept == ["own1"]


def test_given_the_deadline_falls_between_two_polls_then_the_last_look_is_at_the_deadline() -> None:
    desk = Desk(patient(wait_limit=95, max_interval=60))
    desk.submit(order())
    desk.play(poll=[*[RUNNING] * 8, READY])
    assert desk.did(Poll)[-2:] == [79.1015625, 95]
    assert len(desk.told(Delivered)) == 1


def test_given_the_cadence_or_the_vendor_forbids_a_last_look_then_the_deadline_ends_it_without() -> None:
    desk = Desk(patient(wait_limit=95))
    desk.submit(order())
    desk.play(poll=[RUNNING, JobState(RUNNING, retry_after=500)])
    assert desk.did(Poll) == [0.5, 10.5]
    assert desk.now == START + 95
    assert isinstance(desk.only(Failed).error, JobOverdue)


@pytest.mark.parametrize("answer", [refused("throttled"), refused("transient"), refused("quota", 5)], ids=str)
def test_given_polls_that_never_succeed_then_only_the_deadline_ends_it_and_the_error_says_why(
    answer: Refused,
) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[answer])
    error = desk.only(Failed).error
    assert isinstance(error, JobOverdue)
    assert answer.error.message in error.message
    assert len(desk.did(Poll)) <= 60
    assert desk.did(Place) == [0]
    assert len(desk.kept) == 1


def test_given_polls_that_fail_again_and_again_then_they_grow_apart_until_one_succeeds() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[*[refused("transient")] * 6, RUNNING, refused("transient"), READY])
    assert desk.did(Poll) == [0.5, 10.5, 20.5, 30.5, 40.5, 56.5, 88.5, 98.5, 108.5]


def test_given_a_poll_still_under_way_at_the_deadline_then_its_answer_is_waited_for() -> None:
    desk = Desk(patient(wait_limit=95))
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, QUEUED)
    desk.now += 10
    (poll,) = desk.step()
    desk.now += 3_600
    assert desk.step() == []
    assert desk.engine.next_due(desk.now) is None
    desk.answer(poll, READY)
    desk.play()
    assert len(desk.told(Delivered)) == 1


def test_given_each_order_then_its_job_has_a_deadline_of_its_own() -> None:
    desk = Desk(patient(wait_limit=100))
    desk.submit(order())
    desk.play(poll=[*[RUNNING] * 8, FAILED, *[RUNNING] * 8, READY])
    assert len(desk.told(Delivered)) == 1


# -- tickets of earlier syncs


def test_given_a_ticket_of_an_earlier_sync_then_it_is_polled_and_nothing_is_ordered() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(), stored=ticket(order(), "old", NOON - 7_200))
    desk.play()
    assert desk.path == "Poll Fetch"
    assert desk.did(Poll) == [0]
    assert desk.only(TicketOpened).how == "resumed"
    assert len(desk.told(Delivered)) == 1


def test_given_a_ticket_ordered_a_moment_ago_then_the_cadence_is_kept() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 4))
    desk.play()
    assert desk.did(Poll) == [6]


def test_given_a_ticket_from_a_clock_that_was_ahead_then_it_is_polled_after_the_cadence() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON + 500))
    desk.play()
    assert desk.did(Poll) == [10]


def test_given_a_ticket_that_is_overdue_again_then_it_is_kept_again() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 7_200))
    desk.play(poll=[RUNNING])
    assert isinstance(desk.only(Failed).error, JobOverdue)
    assert desk.kept == ["old"]


def test_given_a_kept_ticket_whose_job_failed_then_three_orders_of_this_sync_remain() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 7_200))
    desk.play(poll=[FAILED])
    assert desk.did(Place)[0] == 20
    assert len(desk.did(Place)) == 3


def test_given_a_kept_ticket_that_the_vendor_forgot_then_the_report_is_ordered_at_once() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(), stored=ticket(order(), "old", NOON - 7_200))
    desk.play(poll=[GONE, READY], find=[NothingFound()])
    assert desk.path == "Poll Find Place Poll Fetch"
    assert desk.did(Place) == [0]


@pytest.mark.parametrize("at", [NOON - DAY, NOON + DAY])
def test_given_a_ticket_of_a_day_then_it_is_still_taken_up(at: float) -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", at))
    desk.play()
    assert desk.path == "Poll Fetch"


def test_given_a_ticket_of_a_far_future_then_it_is_given_up_like_an_old_one() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON + DAY + 1))
    desk.play()
    assert desk.path == "Place Poll Fetch"


def test_given_a_ticket_older_than_a_day_then_it_is_aborted_and_ordered_anew() -> None:
    desk = Desk(can_abort=True)
    desk.submit(order(), stored=ticket(order(), "old", NOON - DAY - 1))
    desk.play()
    assert desk.path == "Abort Place Poll Fetch"
    assert [(event.ticket.id, event.reason) for event in desk.told(TicketClosed)] == [
        ("old", "too old"),
        ("own1", "delivered"),
    ]


@pytest.mark.parametrize(("can_abort", "adopted"), [(False, False), (True, True)])
def test_given_an_old_ticket_that_is_not_ours_to_abort_then_it_is_only_forgotten(
    can_abort: bool, adopted: bool
) -> None:
    desk = Desk(can_abort=can_abort)
    desk.submit(order(), stored=ticket(order(), "old", NOON - DAY - 1, adopted=adopted))
    desk.play()
    assert desk.path == "Place Poll Fetch"
    assert desk.told(TicketClosed)[0].reason == "too old"


@pytest.mark.parametrize(("answer", "tries"), [("config", 1), ("gone", 1), ("transient", 5), ("throttled", 5)])
def test_given_an_old_job_that_cannot_be_aborted_then_the_report_is_ordered_all_the_same(
    answer: str, tries: int
) -> None:
    desk = Desk(can_abort=True)
    desk.submit(order(), stored=ticket(order(), "old", NOON - DAY - 1))
    desk.play(abort=[refused(answer)])  # type: ignore[arg-type]
    assert len(desk.did(Abort)) == tries
    assert len(desk.told(Warned)) == (0 if answer == "gone" else 1)
    assert len(desk.told(Delivered)) == 1


def test_given_a_ticket_of_another_order_then_it_is_refused() -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="answers"):
        desk.submit(order(day=1), stored=ticket(order(day=2)))


# -- clocks


@pytest.mark.parametrize("step", [10_800.0, -600.0, 3_456_000.0])
def test_given_the_wall_clock_is_set_meanwhile_then_no_wait_changes(step: float) -> None:
    calm, stormy = Desk(can_find=True), Desk(can_find=True)
    for desk, moved in ((calm, 0.0), (stormy, step)):
        desk.submit(order(), stored=ticket(order(), "old", NOON - 60))
        answers = iter([RUNNING, refused("throttled", 30), RUNNING, FAILED, QUEUED, RUNNING, READY, Fetched("it")])

        def vendor(
            action: Action, _: float, desk: Desk = desk, answers: Iterator[Any] = answers, moved: float = moved
        ) -> Outcome:
            desk.vendor_is_ahead += moved
            return NothingFound() if isinstance(action, Find) else desk.outcome(action, next(answers))

        desk.run(vendor)
    assert [(at, type(action)) for at, action in stormy.log] == [(at, type(action)) for at, action in calm.log]
    assert len(stormy.told(Delivered)) == 1


def test_given_a_vendor_whose_clock_differs_then_ages_are_measured_by_it() -> None:
    desk = Desk(can_abort=True)
    desk.vendor_is_ahead = DAY
    desk.submit(order(), stored=ticket(order(), "old", NOON - 1))
    desk.play()
    assert desk.path == "Abort Place Poll Fetch"


# -- jobs that the vendor does not know yet


def test_given_a_store_that_lags_behind_then_a_job_ordered_just_now_is_looked_at_again() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[*[refused("gone")] * 5, RUNNING, READY])
    assert desk.path == "Place Poll Poll Poll Poll Poll Poll Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_a_job_that_is_unknown_for_a_minute_then_it_counts_as_gone() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[refused("gone")])
    assert desk.did(Place)[1] >= 60
    assert len(desk.did(Place)) == 3
    assert len(desk.did(Poll)) >= 3 * 4


def test_given_a_new_job_that_was_known_then_it_counts_as_gone_at_the_second_no() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[RUNNING, refused("gone"), RUNNING, refused("gone"), refused("gone"), READY])
    assert desk.path == "Place Poll Poll Poll Poll Poll Place Poll Fetch"


def test_given_a_running_job_that_is_unknown_once_then_it_is_not_given_up() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[*[RUNNING] * 20, refused("gone"), RUNNING, refused("gone"), READY])
    assert len(desk.did(Place)) == 1
    assert len(desk.told(Delivered)) == 1


def test_given_a_kept_ticket_of_a_minute_ago_that_is_unknown_then_it_is_gone_at_once() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 61))
    desk.play(poll=[refused("gone"), READY])
    assert desk.path == "Poll Place Poll Fetch"


# -- how long a report was made


def test_the_seconds_from_an_order_to_its_end_are_told_with_the_report() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[RUNNING, RUNNING, READY])
    assert desk.only(Delivered).made_in == 20.5


def test_looks_for_a_new_link_are_not_counted() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[RUNNING, READY], fetch=[LinkDead("gone"), Fetched("payload")])
    assert desk.only(Delivered).made_in == 10.5


def test_a_job_of_an_earlier_sync_counts_from_its_order_and_only_where_its_end_was_seen() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 100))
    desk.play(poll=[RUNNING, READY])
    assert desk.only(Delivered).made_in == 110.0

    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 100))
    desk.play(poll=[READY])
    assert desk.only(Delivered).made_in is None
