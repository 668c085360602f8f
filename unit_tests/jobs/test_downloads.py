"""Fetching: links that die, and answers that are no reports."""

from __future__ import annotations

import pytest

from source_lms_reports.errors import HtmlPayload, LinkExpired, TransientError
from source_lms_reports.jobs.actions import BadPayload, Fetch, Fetched, LinkDead, Place, Poll
from source_lms_reports.jobs.events import Delivered, Failed, TicketClosed
from source_lms_reports.jobs.policy import Policy
from unit_tests.jobs.desk import GONE, NOON, READY, RUNNING, START, Desk, found, order, patient, refused, ticket

HTML = BadPayload(HtmlPayload("A web page came instead of the report.", "text/html"))


def test_given_a_dead_link_then_it_is_renewed_by_polling_and_the_ticket_stays() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[LinkDead("403 expired"), Fetched("payload")])
    assert desk.path == "Place Poll Fetch Poll Fetch"
    assert desk.did(Poll) == [0.5, 10.5]
    assert len(desk.told(Delivered)) == 1


def test_given_links_that_are_always_dead_then_there_are_new_tickets_and_then_an_error() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[LinkDead("403 expired")])
    assert len(desk.did(Place)) == 3
    assert len(desk.did(Fetch)) == 9
    assert {event.reason for event in desk.told(TicketClosed)} == {"link dead"}
    error = desk.only(Failed).error
    assert isinstance(error, LinkExpired)
    for part in ('"users"', "403 expired", "3 times", "Run the sync again"):
        assert part in error.message


def test_given_a_ready_job_whose_file_is_not_in_its_place_yet_then_the_second_look_for_it_waits() -> None:
    desk = Desk(Policy(cadence=None))
    desk.submit(order())
    desk.play(fetch=[LinkDead("404"), LinkDead("404"), Fetched("payload")])
    assert desk.did(Poll) == [1, 2, 18]
    assert len(desk.told(Delivered)) == 1


def test_given_a_long_download_that_ends_in_a_dead_link_then_the_renewal_is_not_overdue() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, READY)
    (fetch,) = desk.step()
    desk.now += 5_000
    desk.answer(fetch, LinkDead())
    desk.play()
    assert len(desk.told(Delivered)) == 1


def test_given_a_link_that_dies_at_the_deadline_then_it_is_renewed_all_the_same() -> None:
    desk = Desk(patient(wait_limit=25))
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, RUNNING)
    for at in (10, 20):
        desk.now = START + at
        (poll,) = desk.step()
        desk.answer(poll, READY if at == 20 else RUNNING)
    (fetch,) = desk.step()
    desk.now = START + 26
    desk.answer(fetch, LinkDead())
    desk.play()
    assert desk.did(Poll) == [10, 20, 30]
    assert len(desk.told(Delivered)) == 1


def test_given_a_download_host_that_throttles_then_it_is_waited_for_with_the_same_link() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[*[refused("throttled")] * 9, refused("throttled", 90), Fetched("payload")])
    assert desk.path == "Place Poll" + " Fetch" * 11
    assert desk.did(Fetch)[-1] - desk.did(Fetch)[-2] == 90
    assert len(desk.told(Delivered)) == 1


@pytest.mark.parametrize("retry_after", [None, 7_200.0])
def test_given_a_download_host_that_throttles_for_longer_than_a_job_is_waited_for_then_the_ticket_is_kept(
    retry_after: float | None,
) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[refused("throttled", retry_after)])
    assert len(desk.did(Place)) == 1
    assert desk.now <= START + 10 + 600
    assert desk.kept == ["own1"]
    assert "could not be downloaded (tried" in desk.only(Failed).error.message


def test_given_a_download_that_fails_on_the_way_then_it_is_tried_again_with_growing_waits() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[refused("transient"), refused("throttled", 30), Fetched("payload")])
    assert desk.did(Fetch) == [0.5, 1.5, 31.5]
    assert len(desk.told(Delivered)) == 1


def test_given_a_download_that_always_fails_on_the_way_then_it_ends_bounded_with_its_own_error() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[refused("transient")])
    assert len(desk.did(Fetch)) == 45  # 5 tries of 3 links of 3 tickets
    error = desk.only(Failed).error
    assert type(error) is TransientError
    assert "could not be downloaded (tried 5 times). It is transient." in error.message


def test_given_a_result_that_the_vendor_lost_then_the_report_is_ordered_anew() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[refused("gone"), Fetched("payload")])
    assert desk.path == "Place Poll Fetch Place Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_a_page_instead_of_a_report_then_it_is_fetched_once_more_by_a_fresh_link() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[HTML, Fetched("payload")])
    assert desk.path == "Place Poll Fetch Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_pages_only_then_there_are_new_tickets_after_cool_downs_and_then_the_error() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(fetch=[HTML])
    assert desk.path.count("Fetch") == 6
    assert desk.did(Place) == [0, 30.5, 121]
    assert {event.reason for event in desk.told(TicketClosed)} == {"bad payload"}
    error = desk.only(Failed).error
    assert isinstance(error, HtmlPayload)
    assert error.detail == "text/html"
    assert error.message == (
        'The report "users" (2024-01-01 to 2024-01-02) did not arrive as a whole report (tried 6 times). '
        "A web page came instead of the report. Run the sync again later; what was read until now is kept."
    )
    assert HTML.error.message == "A web page came instead of the report.", "the driver's error is not written on"


def test_given_an_adopted_job_with_a_bad_result_then_our_own_orders_are_not_used_up_by_it() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(find=[found(order(), READY, finished_at=NOON)], fetch=[HTML])
    assert len(desk.did(Place)) == 3


def test_given_a_kept_ticket_whose_renewed_job_is_gone_then_the_report_is_ordered() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order(), "old", NOON - 600))
    desk.play(poll=[READY, GONE, READY], fetch=[LinkDead(), Fetched("payload")])
    assert desk.path == "Poll Fetch Poll Place Poll Fetch"


def test_given_a_direct_answer_that_is_no_report_then_it_is_asked_for_a_bounded_number_of_times() -> None:
    desk = Desk()
    desk.submit(order(direct=True))
    desk.play(fetch=[HTML])
    assert desk.did(Fetch) == [0, 20, 100]
    assert isinstance(desk.only(Failed).error, HtmlPayload)


def test_given_a_dead_link_in_a_direct_answer_then_it_is_retried_and_then_an_error() -> None:
    desk = Desk()
    desk.submit(order(direct=True))
    desk.play(fetch=[LinkDead("410")])
    assert len(desk.did(Fetch)) == 5
    assert isinstance(desk.only(Failed).error, LinkExpired)
