"""Ordering: how often, when, and what is said when it does not help."""

from __future__ import annotations

import pytest

from source_lms_reports.errors import ConfigError, JobFailed, TransientError
from source_lms_reports.jobs.actions import (
    Abort,
    Action,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    NothingFound,
    Outcome,
    Place,
    Placed,
)
from source_lms_reports.jobs.events import Delivered, Failed, Progressed, TicketClosed, TicketOpened, Warned
from source_lms_reports.jobs.result import Links
from unit_tests.jobs.desk import (
    FAILED,
    GONE,
    NOON,
    QUEUED,
    READY,
    RUNNING,
    Desk,
    found,
    order,
    refused,
    ticket,
)


def test_given_a_healthy_vendor_then_the_report_is_ordered_polled_fetched_and_delivered() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[QUEUED, RUNNING, READY])
    assert desk.path == "Place Poll Poll Poll Fetch"
    assert [type(event) for event in desk.events] == [
        TicketOpened,
        Progressed,
        Progressed,
        Progressed,
        TicketClosed,
        Delivered,
    ]
    assert desk.only(TicketOpened).how == "ordered"
    assert desk.only(TicketClosed).reason == "delivered"
    assert desk.only(Delivered).payload == "payload"
    assert desk.kept == []


def test_given_the_result_comes_with_the_order_then_nothing_is_polled() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[READY])
    assert desk.path == "Place Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_a_result_with_a_handle_when_fetched_then_the_handle_is_handed_back() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[JobState(READY, result=Links(("the link",)))])
    fetch = desk.log[-1][1]
    assert isinstance(fetch, Fetch)
    assert fetch.state is not None
    assert fetch.state.result == Links(("the link",))


def test_given_a_failing_job_then_it_is_ordered_three_times_with_cool_downs_and_the_error_tells_all() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[JobState(FAILED, words="No term\nis selected")])
    assert desk.did(Place) == [0, 20.5, 101]  # the early look, then 2 and 8 cadences
    error = desk.only(Failed).error
    assert isinstance(error, JobFailed)
    for part in (
        '"users"',
        "2024-01-01 to 2024-01-02",
        "No term is selected",
        "3 times",
        "Run the sync again",
    ):
        assert part in error.message
    assert [event.reason for event in desk.told(TicketClosed)] == ["failed"] * 3
    assert desk.kept == []


def test_given_a_job_that_fails_once_then_the_second_order_delivers() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[FAILED, READY])
    assert desk.path == "Place Poll Place Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_one_failing_report_then_the_others_go_on() -> None:
    desk = Desk()
    desk.submit(order("bad"), order("good"))
    desk.run(lambda action, _: _fails_if_bad(desk, action))
    assert desk.only(Failed).order.report == "bad"
    assert desk.only(Delivered).order.report == "good"


@pytest.mark.parametrize("answer", [GONE, refused("gone")], ids=["status", "refusal"])
def test_given_a_job_that_vanishes_then_it_is_ordered_anew_within_the_limit(answer: object) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(poll=[answer])  # type: ignore[list-item]
    assert len(desk.did(Place)) == 3
    assert [event.reason for event in desk.told(TicketClosed)] == ["gone"] * 3
    assert "forgotten" in desk.only(Failed).error.message


@pytest.mark.parametrize("step", ["place", "poll", "fetch"])
def test_given_a_refusal_that_asking_again_would_not_mend_then_the_order_ends_at_once(step: str) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(**{step: [refused("config")]})
    assert len(desk.did(Place)) == 1
    error = desk.only(Failed).error
    assert isinstance(error, ConfigError)
    assert error.message == 'The report "users" (2024-01-01 to 2024-01-02) is refused. Mend the key.'
    assert len(desk.kept) == (1 if step == "poll" else 0)


def test_given_a_kept_ticket_whose_poll_is_refused_again_then_it_is_given_up() -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order()))
    desk.play(poll=[refused("config")])
    assert len(desk.told(Failed)) == 1
    assert desk.kept == []


@pytest.mark.parametrize("step", ["poll", "fetch"])
def test_given_a_kept_ticket_and_credentials_that_are_refused_then_it_is_kept_on(step: str) -> None:
    desk = Desk()
    desk.submit(order(), stored=ticket(order()))
    desk.play(**{step: [refused("config", locked_out=True)]})
    assert len(desk.told(Failed)) == 1
    assert desk.kept == ["t1"]


def test_given_an_order_that_fails_on_the_way_then_it_is_sent_again_with_growing_waits() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("transient"), refused("transient"), refused("transient", 20), QUEUED])
    assert desk.did(Place) == [0, 1, 3, 23]
    assert len(desk.told(Delivered)) == 1


def test_given_an_order_that_always_fails_on_the_way_then_it_ends_after_a_bounded_number_of_requests() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("transient")])
    assert len(desk.did(Place)) == 5
    error = desk.only(Failed).error
    assert type(error) is TransientError
    assert error.message == (
        'The report "users" (2024-01-01 to 2024-01-02) could not be ordered (tried 5 times). '
        "It is transient. Run the sync again later; what was read until now is kept."
    )


def test_given_a_vendor_that_throttles_orders_then_they_are_sent_again_until_it_relents() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[*[refused("throttled")] * 7, QUEUED])
    assert len(desk.did(Place)) == 8
    assert len(desk.told(Delivered)) == 1


def test_given_a_vendor_that_throttles_orders_for_ever_then_the_order_ends_at_the_deadline() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("throttled")])
    assert 500 < desk.did(Place)[-1] <= 600
    assert "could not be ordered" in desk.only(Failed).error.message


def test_given_a_vendor_that_asks_to_wait_past_the_deadline_then_the_order_ends_at_once() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("throttled", 86_400)])
    assert desk.did(Place) == [0]
    assert len(desk.told(Failed)) == 1


def test_given_throttling_long_ago_then_it_does_not_shorten_the_patience_of_a_later_order() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(
        place=[refused("throttled"), QUEUED, *[refused("throttled")] * 3, QUEUED],
        poll=[*[RUNNING] * 58, FAILED, READY],
    )
    assert len(desk.told(Delivered)) == 1


# -- adopting


@pytest.mark.parametrize(
    "answer",
    [
        found(order(), RUNNING, at=NOON - 3_600),
        found(order(), QUEUED),
        found(order(), READY, at=NOON - 7_200, finished_at=NOON - 899),
    ],
    ids=["running", "queued", "fresh"],
)
def test_given_a_running_or_fresh_job_then_it_is_adopted(answer: Found) -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(find=[answer])
    assert desk.did(Place) == []
    opened = desk.only(TicketOpened)
    assert (opened.how, opened.ticket.id, opened.ticket.adopted) == ("adopted", "theirs", True)
    assert len(desk.told(Delivered)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        found(order(), FAILED),
        found(order(), GONE),
        found(order(), READY, finished_at=NOON - 900),
        found(order(), READY, finished_at=NOON + 5_000),
        found(order(), READY),
        found(order(), RUNNING, at=NOON - 86_401),
        NothingFound(),
        refused("gone"),
    ],
    ids=["failed", "gone", "stale", "of the future", "of unknown age", "stuck", "none", "no list"],
)
def test_given_a_job_that_is_not_fit_then_one_of_our_own_is_ordered(answer: Found) -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(find=[answer])
    assert desk.path == "Find Place Poll Fetch"
    assert not desk.only(TicketOpened).ticket.adopted


def test_given_an_adopted_job_that_fails_then_it_counts_for_nothing_and_is_not_aborted() -> None:
    desk = Desk(can_find=True, can_abort=True)
    desk.submit(order())
    desk.play(find=[found(order(), RUNNING)], poll=[FAILED])
    assert len(desk.did(Find)) == 1
    assert desk.did(Place) == [30, 50.5, 131]  # the cool-downs of our own orders start with the first
    assert desk.did(Abort) == []
    assert "3 times" in desk.only(Failed).error.message


def test_given_an_order_that_is_answered_with_a_running_job_then_that_is_read_and_never_aborted() -> None:
    desk = Desk(can_find=True, can_abort=True)
    desk.submit(order())
    desk.play(place=[Placed(ticket(order(), "theirs", NOON - 3_600, adopted=True), JobState(RUNNING))])
    assert desk.path == "Find Place Poll Fetch"
    opened = desk.only(TicketOpened)
    assert (opened.how, opened.ticket.ordered_at) == ("adopted", NOON - 3_600)
    assert len(desk.told(Delivered)) == 1


def test_given_orders_that_are_answered_with_jobs_that_fail_then_they_end_at_the_limit() -> None:
    desk = Desk(can_abort=True)
    desk.submit(order())
    desk.play(place=[Placed(ticket(order(), "theirs", adopted=True), JobState(RUNNING))], poll=[FAILED])
    assert len(desk.did(Place)) == 3
    assert desk.did(Abort) == []
    assert "3 times" in desk.only(Failed).error.message


def test_given_nothing_to_adopt_then_a_sync_looks_only_once() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(poll=[FAILED])
    assert len(desk.did(Find)) == 1


def test_given_a_list_that_still_shows_a_job_that_we_gave_up_then_it_is_not_adopted() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(), stored=ticket(order(), "theirs", NOON - 600))
    desk.play(poll=[GONE, READY], find=[found(order(), RUNNING)])
    assert desk.path == "Poll Find Place Poll Fetch"


def test_given_a_list_that_is_out_of_reach_then_the_report_is_ordered_after_bounded_retries() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(find=[refused("transient")])
    assert len(desk.did(Find)) == 5
    assert len(desk.did(Place)) == 1
    assert len(desk.told(Delivered)) == 1
    assert "cannot be looked up" in desk.only(Warned).text


def test_given_a_list_that_is_forbidden_then_that_is_a_warning_and_the_report_is_ordered() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(find=[refused("config")])
    assert desk.path == "Find Place Poll Fetch"
    assert "Mend the key." in desk.only(Warned).text


# -- orders of uncertain fate


def test_given_an_uncertain_order_then_the_list_is_asked_before_another_is_placed() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(
        find=[NothingFound(), found(order(), RUNNING, at=NOON + 1)],
        place=[refused("transient", uncertain=True)],
    )
    assert desk.path == "Find Place Find Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_an_uncertain_order_that_the_list_does_not_show_then_it_is_placed_again() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(place=[refused("transient", uncertain=True), QUEUED])
    assert desk.path == "Find Place Find Place Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_an_uncertain_order_and_a_list_out_of_reach_then_no_second_one_is_placed() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(
        find=[NothingFound(), refused("transient")],
        place=[refused("transient", uncertain=True), QUEUED],
    )
    assert len(desk.did(Place)) == 1
    assert "for certain" in desk.only(Failed).error.message


@pytest.mark.parametrize("can_find", [True, False])
def test_given_orders_of_uncertain_fate_only_then_they_end_at_the_limit(can_find: bool) -> None:
    desk = Desk(can_find=can_find)
    desk.submit(order())
    desk.play(place=[refused("transient", uncertain=True)])
    assert len(desk.did(Place)) == 3
    assert "tried 3 times" in desk.only(Failed).error.message


def test_given_an_uncertain_order_where_nothing_is_listed_then_it_counts_as_an_order() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("transient", uncertain=True), QUEUED], poll=[FAILED])
    assert len(desk.did(Place)) == 3
    assert len(desk.told(Failed)) == 1


# -- orders that were never sent


def test_given_no_token_then_nothing_is_an_order_until_there_is_one() -> None:
    desk = Desk(can_find=True)
    desk.submit(order())
    desk.play(place=[*[refused("transient", unsent=True)] * 4, QUEUED], poll=[FAILED])
    assert len(desk.did(Find)) == 1, "no job can be there to look for"
    assert len(desk.did(Place)) == 7, "three orders after four that were none"
    assert "it was ordered 3 times" in desk.only(Failed).error.message


@pytest.mark.parametrize("kind", ["transient", "throttled"])
def test_given_a_token_that_cannot_be_had_then_the_error_says_that_nothing_was_sent(kind: str) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused(kind, unsent=True)])  # type: ignore[arg-type]
    assert len(desk.did(Place)) == 5
    assert "could not be ordered: no request could be sent (tried 5 times)" in desk.only(Failed).error.message


def test_given_credentials_that_give_no_token_then_the_order_ends_at_once() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("config", unsent=True)])
    assert desk.did(Place) == [0]
    assert isinstance(desk.only(Failed).error, ConfigError)


# -- reports that come at once


def test_given_a_direct_order_then_it_is_fetched_and_nothing_else() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(direct=True))
    desk.play()
    assert desk.path == "Fetch"
    assert desk.only(Delivered).ticket is None
    assert desk.told(TicketOpened) == []


@pytest.mark.parametrize("kind", ["transient", "throttled", "quota"])
def test_given_a_direct_order_that_is_always_refused_then_it_ends_after_bounded_retries(kind: str) -> None:
    desk = Desk()
    desk.submit(order(direct=True))
    desk.play(fetch=[refused(kind)])  # type: ignore[arg-type]
    assert desk.did(Fetch) == [0, 1, 3, 7, 15]
    assert "could not be downloaded (tried 5 times)" in desk.only(Failed).error.message


def test_given_a_direct_order_that_is_refused_for_good_then_it_ends_at_once() -> None:
    desk = Desk()
    desk.submit(order(direct=True))
    desk.play(fetch=[refused("config")])
    assert desk.did(Fetch) == [0]
    assert isinstance(desk.only(Failed).error, ConfigError)


def _fails_if_bad(desk: Desk, action: Action) -> Outcome:
    if isinstance(action, Fetch):
        return Fetched("payload")
    if isinstance(action, Place):
        return desk.outcome(action, QUEUED)
    return desk.outcome(action, FAILED if action.order.report == "bad" else READY)


@pytest.mark.parametrize("step", ["place", "poll"])
def test_given_that_only_the_whole_can_be_had_then_the_order_ends_at_once_and_keeps_no_ticket(step: str) -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(**{"place": [QUEUED], step: [refused("restart")]})  # type: ignore[arg-type]
    assert "It is restart." in desk.only(Failed).error.message
    assert desk.kept == []
    assert len(desk.did(Place)) == 1
