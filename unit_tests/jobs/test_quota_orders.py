"""Orders under a quota: short waits are waited out, long ones are told."""

from __future__ import annotations

import pytest

from source_lms_reports.errors import QuotaSpent
from source_lms_reports.jobs.actions import Find, NothingFound, Place
from source_lms_reports.jobs.events import Delivered, Failed, Held
from source_lms_reports.jobs.quota import Limit, Quota, ReportQuotas
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

MINUTE, HOUR = Limit(2, 60), Limit(3, 3_600)


def quota(*limits: Limit) -> Quota:
    return Quota(limits, patience=120, margin=0)


def test_given_a_full_minute_then_orders_wait_for_the_next() -> None:
    desk = Desk(quota=quota(MINUTE))
    desk.submit(*(order(day=day) for day in range(1, 6)))
    desk.play()
    assert desk.did(Place) == [0, 0, 60, 60, 120]
    assert len(desk.told(Delivered)) == 5


def test_given_a_full_hour_then_the_rest_ends_at_once_saying_when_and_running_jobs_are_read() -> None:
    desk = Desk(patient(max_in_flight=9), quota(HOUR))
    desk.submit(*(order(day=day) for day in range(1, 6)))
    desk.step()
    assert [event.order.window.start for event in desk.told(Failed) if event.order.window] == []
    desk.engine.next_due(desk.now)
    for _, action in list(desk.log):
        desk.answer(action, QUEUED)
    ends = desk.told(Failed)
    assert [type(event.error) for event in ends] == [QuotaSpent] * 2
    for part in ('"users"', "3 reports an hour", "2023-11-14 23:14 UTC", "Run the sync again after"):
        assert part in ends[0].error.message
    desk.play()
    assert len(desk.told(Delivered)) == 3


@pytest.mark.parametrize("places", [1, 4])
def test_given_an_order_spends_the_last_of_the_hour_then_the_others_end_without_an_outcome_between(
    places: int,
) -> None:
    desk = Desk(patient(max_in_flight=places), quota(Limit(1, 3_600)))
    desk.submit(order(day=1), order(day=2))
    assert len(desk.step()) == 1
    assert desk.engine.next_due(desk.now) == desk.now
    assert desk.step() == []
    assert isinstance(desk.only(Failed).error, QuotaSpent)
    assert desk.engine.next_due(desk.now) is None


def test_given_a_failed_job_that_may_not_be_ordered_again_then_it_ends_for_the_quota() -> None:
    desk = Desk(quota=quota(Limit(1, 3_600)))
    desk.submit(order())
    desk.play(poll=[GONE])
    assert isinstance(desk.only(Failed).error, QuotaSpent)
    assert desk.now == START + 0.5


def test_given_a_cool_down_after_which_the_wait_is_short_then_the_job_is_ordered_again() -> None:
    desk = Desk(quota=quota(Limit(1, 140)))
    desk.submit(order())
    desk.play(poll=[FAILED, READY])
    assert desk.did(Place) == [0, 140]
    assert len(desk.told(Delivered)) == 1


def test_given_an_order_is_taken_then_earlier_refusals_are_forgiven() -> None:
    desk = Desk(quota=quota(Limit(9, 60)))
    desk.submit(order())
    no = refused("throttled")
    desk.play(place=[no, no, no, QUEUED, no, no, no, QUEUED], poll=[FAILED, READY])
    assert desk.did(Place) == [0, 60, 120, 180, 200.5, 260.5, 320.5, 380.5]
    assert len(desk.told(Delivered)) == 1


def test_given_refusals_without_a_time_then_the_minute_is_waited_for_three_times() -> None:
    desk = Desk(quota=quota(Limit(4, 60), Limit(20, 3_600)))
    desk.submit(order(day=1), order(day=2))
    desk.play(place=[refused("throttled")])
    assert desk.did(Place) == [0, 0, 60, 60, 120, 120, 180, 180]
    ends = desk.told(Failed)
    assert [type(event.error) for event in ends] == [QuotaSpent] * 2
    assert "23:17 UTC" in ends[0].error.message


def test_given_refusals_that_end_then_the_order_goes_through_and_only_that_one_is_counted() -> None:
    counted = quota(MINUTE, HOUR)
    desk = Desk(quota=counted)
    desk.submit(order())
    desk.play(place=[refused("throttled"), refused("throttled"), QUEUED])
    assert desk.did(Place) == [0, 60, 120]
    assert counted.when(desk.now) == desk.now, "one of two is counted"
    counted.spend(desk.now)
    assert counted.when(desk.now) == START + 180
    assert len(desk.told(Delivered)) == 1


def test_given_a_refusal_that_names_hours_then_the_orders_end_at_once() -> None:
    desk = Desk(quota=quota(MINUTE))
    desk.submit(order(day=1), order(day=2))
    desk.play(place=[refused("throttled", 7_200)])
    assert [type(event.error) for event in desk.told(Failed)] == [QuotaSpent] * 2
    assert desk.now == START


def test_given_a_vendor_that_asks_for_half_a_minute_for_ever_then_the_deadline_ends_it() -> None:
    desk = Desk(quota=quota(MINUTE))
    desk.submit(order())
    desk.play(place=[refused("throttled", 30)])
    assert desk.did(Place)[-1] <= 600
    assert "could not be ordered" in desk.only(Failed).error.message


@pytest.mark.parametrize("limited", [True, False])
def test_given_the_vendor_says_that_the_quota_is_spent_then_the_order_ends(limited: bool) -> None:
    desk = Desk(quota=quota(MINUTE) if limited else None)
    desk.submit(order())
    desk.play(place=[refused("quota")])
    assert desk.did(Place) == [0]
    assert isinstance(desk.only(Failed).error, QuotaSpent) is limited


def test_given_an_uncertain_order_then_it_stays_counted() -> None:
    counted = quota(MINUTE)
    desk = Desk(quota=counted)
    desk.submit(order())
    desk.play(place=[refused("transient", uncertain=True), QUEUED])
    assert counted.when(START + 2) == START + 60


@pytest.mark.parametrize(("adopted", "placed"), [(False, [20, 60]), (True, [0, 0])])
def test_given_kept_tickets_of_ours_then_their_orders_count(adopted: bool, placed: list[int]) -> None:
    desk = Desk(patient(max_in_flight=9), quota(MINUTE))
    for day, ago in ((1, 90), (2, 40), (3, 0)):
        kept = order(day=day)
        desk.submit(kept, stored=ticket(kept, f"t{day}", NOON - ago, adopted=adopted))
    desk.submit(order(day=4), order(day=5))
    desk.play()
    assert desk.did(Place) == placed
    assert len(desk.told(Delivered)) == 5


def test_given_a_spent_quota_then_kept_tickets_are_read_and_jobs_still_looked_up() -> None:
    spent = quota(Limit(1, 3_600))
    spent.spend(START)
    desk = Desk(quota=spent, can_find=True)
    desk.submit(order(day=1), stored=ticket(order(day=1), at=NOON - 600))
    desk.submit(order(day=2))
    desk.play(find=[NothingFound()], poll=[RUNNING, READY])
    assert len(desk.did(Find)) == 1
    assert desk.did(Place) == []
    assert desk.only(Delivered).order == order(day=1)
    assert desk.only(Failed).order == order(day=2)


def test_given_orders_that_were_never_sent_then_no_quota_is_used() -> None:
    desk = Desk(quota=quota(Limit(1, 3_600)))
    desk.submit(order())
    desk.play(place=[refused("transient", unsent=True), refused("transient", unsent=True), QUEUED])
    assert desk.did(Place) == [0, 1, 3]
    assert len(desk.told(Delivered)) == 1


def test_given_an_hour_that_comes_back_within_the_patience_then_it_is_waited_out_and_told_every_minute() -> None:
    desk = Desk(quota=Quota([Limit(2, 3_600)], patience=7_200, margin=0))
    desk.submit(*(order(day=day) for day in range(1, 4)))
    desk.play()
    assert desk.did(Place) == [0, 0, 3_600]
    assert len(desk.told(Delivered)) == 3
    held = desk.told(Held)
    assert held[0] == Held(1, NOON + 3_600, "2 reports an hour")
    assert 55 <= len(held) <= 60


def test_given_a_day_that_is_spent_then_the_hour_is_still_waited_out_and_the_rest_ends_with_the_time() -> None:
    desk = Desk(quota=Quota([Limit(2, 3_600), Limit(3, 86_400)], patience=7_200, margin=0))
    desk.submit(*(order(day=day) for day in range(1, 6)))
    desk.play()
    assert desk.did(Place) == [0, 0, 3_600]
    assert [type(event.error) for event in desk.told(Failed)] == [QuotaSpent] * 2
    assert "3 reports a day" in desk.told(Failed)[0].error.message
    assert "2023-11-15 22:14 UTC" in desk.told(Failed)[0].error.message


def test_given_a_scarce_quota_then_streams_are_ordered_whole_one_after_the_other() -> None:
    desk = Desk(patient(max_in_flight=9), quota(Limit(4, 3_600)))
    for stream in ("a", "b", "c"):
        desk.submit(*(order(f"{stream}{number}", (stream,)) for number in (1, 2)))
    desk.play()
    placed = [action.order.report for _, action in desk.log if isinstance(action, Place)]
    assert placed == ["a1", "a2", "b1", "b2"]
    assert {event.order.queue for event in desk.told(Failed)} == {"c"}


def test_given_a_vendor_that_asks_for_no_wait_again_and_again_then_it_is_not_asked_each_second() -> None:
    desk = Desk(quota=quota(Limit(9, 60)))
    desk.submit(order())
    desk.play(place=[refused("throttled", 0)])
    assert 10 <= len(desk.did(Place)) <= 20
    assert "could not be ordered" in desk.only(Failed).error.message


def test_given_a_wait_for_a_job_that_is_shorter_than_a_minute_then_the_minute_is_waited_for_all_the_same() -> None:
    desk = Desk(patient(wait_limit=3), quota(Limit(1, 60)))
    desk.submit(order(day=1), order(day=2))
    desk.play(place=[READY, refused("throttled"), READY])
    assert desk.did(Place) == [0, 60, 120]
    assert len(desk.told(Delivered)) == 2


def each(*limits: Limit) -> ReportQuotas:
    return ReportQuotas(lambda: quota(*limits))


def test_given_a_quota_for_each_report_then_one_that_is_spent_holds_back_its_own_orders_only() -> None:
    desk = Desk(patient(max_in_flight=9), each(Limit(1, 3_600)))
    desk.submit(order("users", day=1), order("users", day=2), order("grades", day=1))
    desk.play()
    assert {event.order.report for event in desk.told(Delivered)} == {"users", "grades"}
    (failed,) = desk.told(Failed)
    assert failed.order.report == "users"
    assert "1 reports an hour" in failed.error.message


def test_given_orders_of_earlier_syncs_then_they_count_in_their_reports_quota() -> None:
    desk = Desk(quota=each(Limit(2, 60)))
    desk.engine.recall("users", [NOON - 50, NOON - 40, NOON - 70, NOON + 10], desk.now)
    desk.submit(order("users", day=1), order("grades", day=1))
    desk.play()
    assert desk.did(Place) == [0, 10]


def test_given_one_job_a_report_then_a_second_order_waits_for_the_first_to_be_ready() -> None:
    desk = Desk(patient(max_in_flight=9, one_a_report=True))
    desk.submit(order("users", day=1), order("users", day=2), order("grades", day=1))
    first = desk.step()
    assert [action.order.report for action in first] == ["users", "grades"]
    for action in first:
        desk.answer(action, RUNNING)
    assert desk.engine.next_due(desk.now) != desk.now
    desk.play()
    assert len(desk.told(Delivered)) == 3
