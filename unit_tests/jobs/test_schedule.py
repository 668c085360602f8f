"""Many orders at once: places at the vendor, turns, readers that come and go."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from source_lms_reports.jobs.actions import Aborted, Action, Fetch, Fetched, Find, LinkDead, NothingFound, Place, Poll
from source_lms_reports.jobs.events import Delivered, Failed, TicketOpened, Warned
from source_lms_reports.jobs.policy import MAX_DOWNLOADS
from unit_tests.jobs.desk import (
    FAILED,
    NOON,
    QUEUED,
    READY,
    RUNNING,
    Desk,
    found,
    order,
    patient,
    refused,
    ticket,
)


def names(actions: list[Action]) -> list[str]:
    return [action.order.report for action in actions]


def test_given_more_orders_than_places_then_the_next_goes_when_a_job_is_ready() -> None:
    desk = Desk(patient(max_in_flight=2))
    desk.submit(*(order(day=day) for day in range(1, 4)))
    first, second = desk.step()
    assert desk.step() == []
    desk.answer(first, RUNNING)
    desk.answer(second, RUNNING)
    assert desk.step() == []
    desk.now += 10
    for poll in desk.step():
        desk.answer(poll, READY)
    assert [type(action) for action in desk.step()] == [Fetch, Fetch, Place]


def test_given_answers_that_name_jobs_then_one_order_of_a_report_is_placed_at_a_time() -> None:
    desk = Desk(patient(max_in_flight=4, names_jobs=True))
    desk.submit(order(day=1), order(day=2), order("grades", day=1))
    first, other = desk.step()
    assert (first.order.report, other.order.report) == (order(day=1).report, "grades")
    desk.answer(other, RUNNING)
    assert desk.step() == []
    desk.answer(first, RUNNING)
    (second,) = desk.step()
    assert (type(second), second.order) == (Place, order(day=2))


def test_given_a_failed_job_in_its_cool_down_then_its_place_is_free() -> None:
    desk = Desk(patient(max_in_flight=1))
    desk.submit(order(day=1), order(day=2))
    (place,) = desk.step()
    desk.answer(place, FAILED)
    (place,) = desk.step()
    assert place.order == order(day=2)


def test_given_a_finished_job_whose_link_is_renewed_then_it_takes_no_place() -> None:
    desk = Desk(patient(max_in_flight=1))
    desk.submit(order(day=1), order(day=2))
    (place,) = desk.step()
    desk.answer(place, READY)
    fetch, place = desk.step()
    desk.answer(place, READY)
    desk.answer(fetch, LinkDead())
    desk.submit(order(day=3))
    assert [type(action) for action in desk.step()] == [Fetch, Place]


def test_given_an_overdue_job_then_its_place_is_free() -> None:
    desk = Desk(patient(max_in_flight=1, wait_limit=50))
    desk.submit(order(day=1), order(day=2))
    desk.play(poll=[*[RUNNING] * 5, READY])
    assert desk.only(Failed).order == order(day=1)
    assert desk.only(Delivered).order == order(day=2)


def test_given_kept_tickets_then_all_are_polled_and_new_orders_wait_for_their_places() -> None:
    desk = Desk(patient(max_in_flight=2))
    for day in (1, 2, 3):
        desk.submit(order(day=day), stored=ticket(order(day=day), f"old{day}", NOON - 600))
    desk.submit(order(day=4))
    polls = desk.step()
    assert [type(action) for action in polls] == [Poll] * 3
    desk.answer(polls[0], READY)
    assert [type(action) for action in desk.step()] == [Fetch]
    desk.answer(polls[1], READY)
    assert [type(action) for action in desk.step()] == [Fetch, Place]


def test_given_several_streams_then_they_take_turns_and_each_goes_in_its_order() -> None:
    desk = Desk(patient(max_in_flight=5))
    desk.submit(order("a1", ("a",)), order("a2", ("a",)), order("a3", ("a",)), order("a4", ("a",)))
    desk.submit(order("b1", ("b",)), order("b2", ("b",)), order("c1", ("c",)))
    assert names(desk.step()) == ["a1", "b1", "c1", "a2", "b2"]


def test_given_the_order_of_the_catalog_then_it_counts_and_not_who_came_first() -> None:
    desk = Desk(patient(max_in_flight=2), queues=("a", "b", "c"))
    desk.submit(order("d"), order("c"), order("a"), order("b"))
    first, second = desk.step()
    assert names([first, second]) == ["a", "b"]
    for place in (first, second):
        desk.answer(place, READY)
    assert names([action for action in desk.step() if isinstance(action, Place)]) == ["c", "d"]


def test_given_a_search_that_found_nothing_then_its_order_goes_before_other_searches() -> None:
    desk = Desk(patient(max_in_flight=1), can_find=True)
    desk.submit(order("a"), order("b"))
    (search,) = desk.step()
    assert isinstance(search, Find)
    desk.answer(search, NothingFound())
    (place,) = desk.step()
    assert isinstance(place, Place)
    assert place.order.report == "a"


def test_given_direct_orders_then_they_take_places_too() -> None:
    desk = Desk(patient(max_in_flight=2))
    desk.submit(*(order(day=day, direct=True) for day in (1, 2, 3)))
    first, second = desk.step()
    assert desk.step() == []
    desk.answer(first, Fetched("payload"))
    assert len(desk.step()) == 1
    assert desk.engine.next_due(desk.now) is None
    desk.answer(second, Fetched("payload"))
    assert len(desk.told(Delivered)) == 2


def test_given_downloads_then_they_take_no_places() -> None:
    desk = Desk(patient(max_in_flight=1))
    desk.submit(*(order(day=day) for day in (1, 2, 3)))
    for _ in range(3):
        for action in desk.step():
            if isinstance(action, Place):
                desk.answer(action, READY)
    desk.step()
    assert len(desk.did(Fetch)) == 3


def test_given_as_many_downloads_as_may_go_beside_then_no_further_job_is_ordered_until_one_ends() -> None:
    desk = Desk(patient(max_in_flight=2))
    desk.submit(*(order(day=day) for day in range(1, 20)))
    for _ in range(20):
        for action in desk.step():
            if isinstance(action, Place):
                desk.answer(action, READY)
    fetches = [action for _, action in desk.log if isinstance(action, Fetch)]
    assert len(fetches) == MAX_DOWNLOADS
    assert desk.engine.next_due(desk.now) is None
    desk.answer(fetches[0], Fetched("payload"))
    assert [type(action) for action in desk.step()] == [Place]


# -- the same report for several streams


def test_given_two_streams_of_one_report_then_there_is_one_order_and_it_names_both() -> None:
    desk = Desk()
    desk.submit(order(streams=("users",)), order(streams=("courses",)))
    desk.play()
    assert desk.path == "Place Poll Fetch"
    assert desk.only(Delivered).order.streams == ("users", "courses")


def test_given_an_order_that_has_failed_when_wanted_again_then_its_error_is_told_again() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("config")])
    desk.submit(order(streams=("late",)))
    assert desk.engine.next_due(desk.now) == desk.now
    desk.play()
    first, second = desk.told(Failed)
    assert first.error is second.error
    assert second.order.streams == ("users", "late")
    assert desk.did(Place) == [0]


def test_given_a_failed_order_when_wanted_twice_at_one_moment_then_its_error_is_told_once() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("config")])
    desk.submit(order(streams=("late",)), order(streams=("later",)))
    desk.play()
    assert desk.told(Failed)[1:] == [Failed(desk.told(Failed)[1].order, desk.told(Failed)[0].error)]
    assert desk.told(Failed)[1].order.streams == ("users", "late", "later")


def test_given_an_order_that_was_delivered_when_wanted_again_then_its_job_is_read_again() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play()
    desk.submit(order(streams=("late",)))
    desk.play()
    assert desk.path == "Place Poll Fetch Poll Fetch"
    assert len(desk.told(Delivered)) == 2


def test_given_a_delivered_job_that_is_lost_when_wanted_again_then_the_limit_of_orders_goes_on() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play()
    desk.submit(order())
    desk.play(poll=[FAILED])
    assert len(desk.did(Place)) == 3
    assert len(desk.told(Failed)) == 1


def test_given_a_direct_order_that_was_delivered_when_wanted_again_then_it_is_fetched_again() -> None:
    desk = Desk()
    desk.submit(order(direct=True))
    desk.play()
    desk.submit(order(direct=True))
    desk.play()
    assert desk.path == "Fetch Fetch"


# -- withdrawing


def test_given_an_order_that_was_not_placed_when_withdrawn_then_nothing_is_ordered() -> None:
    desk = Desk()
    desk.submit(order())
    desk.engine.withdraw(order().identity, desk.now)
    desk.play()
    assert desk.path == ""
    assert desk.events == []


def test_given_a_running_job_when_withdrawn_then_its_ticket_is_kept_and_its_place_is_free() -> None:
    desk = Desk(patient(max_in_flight=1), can_abort=True)
    desk.submit(order(day=1), order(day=2))
    (place,) = desk.step()
    desk.answer(place, RUNNING)
    desk.engine.withdraw(order(day=1).identity, desk.now)
    desk.play()
    assert desk.path == "Place Place Poll Fetch"
    assert desk.kept == ["own1"]
    assert desk.only(Delivered).order == order(day=2)


def test_given_an_order_under_way_when_withdrawn_then_the_job_that_comes_of_it_is_kept() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.engine.withdraw(order().identity, desk.now)
    desk.answer(place, QUEUED)
    assert len(desk.told(TicketOpened)) == 1
    assert len(desk.kept) == 1
    assert desk.engine.next_due(desk.now) is None


def test_given_a_download_under_way_when_withdrawn_then_nothing_is_delivered_and_the_ticket_is_kept() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, READY)
    (fetch,) = desk.step()
    desk.engine.withdraw(order().identity, desk.now)
    desk.answer(fetch, Fetched("payload"))
    assert desk.told(Delivered) == []
    assert len(desk.kept) == 1


def test_given_an_order_under_way_when_withdrawn_and_refused_then_no_failure_is_told_until_it_is_wanted() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.engine.withdraw(order().identity, desk.now)
    desk.answer(place, refused("config"))
    assert desk.told(Failed) == []
    desk.submit(order())
    desk.step()
    assert len(desk.told(Failed)) == 1


def test_given_a_withdrawn_order_when_wanted_again_then_it_goes_on_with_its_job() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, RUNNING)
    desk.engine.withdraw(order().identity, desk.now)
    desk.submit(order())
    desk.play()
    assert desk.path == "Place Poll Fetch"
    assert len(desk.told(Delivered)) == 1


def test_given_a_failed_order_that_is_wanted_again_when_withdrawn_then_it_is_not_told_again() -> None:
    desk = Desk()
    desk.submit(order())
    desk.play(place=[refused("config")])
    desk.submit(order())
    desk.engine.withdraw(order().identity, desk.now)
    desk.play()
    assert len(desk.told(Failed)) == 1


def test_given_an_order_that_nobody_submitted_when_withdrawn_then_nothing_happens() -> None:
    desk = Desk()
    desk.engine.withdraw("0" * 32, desk.now)


# -- an owner that errs


def test_given_an_action_that_is_not_in_progress_then_handling_it_is_refused() -> None:
    desk = Desk()
    desk.submit(order())
    (place,) = desk.step()
    desk.answer(place, QUEUED)
    with pytest.raises(ValueError, match="not in progress"):
        desk.answer(place, QUEUED)
    with pytest.raises(ValueError, match="not in progress"):
        desk.engine.handle(Place(order(day=9)), NothingFound(), desk.now)


@pytest.mark.parametrize("path", ["Find", "Place", "Poll", "Fetch", "Abort", "direct"])
def test_given_an_outcome_that_an_action_cannot_have_then_it_is_refused(path: str) -> None:
    desk = Desk(can_find=path == "Find", can_abort=True)
    stored = ticket(order(), at=NOON - 90_000) if path == "Abort" else None
    desk.submit(order(direct=path == "direct"), stored=stored)
    right: dict[str, Any] = {"Place": QUEUED, "Poll": READY}
    (action,) = desk.step()
    while type(action).__name__ not in (path, "Fetch"):
        desk.answer(action, right[type(action).__name__])
        desk.now += 10
        (action,) = desk.step()
    wrong = Fetched("x") if path in ("Find", "Place", "Poll", "Abort") else Aborted()
    with pytest.raises(TypeError, match="cannot come to"):
        desk.answer(action, wrong)


def test_given_a_job_of_another_order_then_it_is_refused() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(day=1))
    (search,) = desk.step()
    with pytest.raises(ValueError, match="answers"):
        desk.answer(search, found(order(day=2), RUNNING))


def test_given_the_same_warning_for_many_orders_then_it_is_told_once() -> None:
    desk = Desk(can_find=True)
    desk.submit(order(day=1), order(day=2), order("courses"))
    desk.play(find=[refused("config")])
    assert len(desk.told(Warned)) == 1
    assert len(desk.told(Delivered)) == 3


def test_nothing_is_due_of_an_idle_engine() -> None:
    desk = Desk()
    assert desk.engine.next_due(desk.now) is None
    assert desk.step() == []


# -- room on disk


def test_given_a_disk_that_is_full_when_a_file_is_being_read_then_nothing_is_ordered_but_the_rest_goes_on() -> None:
    desk, places = Desk(patient(max_in_flight=2)), [sys.maxsize]
    desk.engine._places = lambda: places[0]
    desk.submit(*(order(day=day) for day in range(1, 5)))
    first, second = desk.step()
    places[0] = 0
    desk.answer(first, READY)
    desk.answer(second, RUNNING)
    (fetch,) = desk.step()
    assert isinstance(fetch, Fetch)
    desk.answer(fetch, Fetched("payload"))
    desk.now += 10
    assert [type(action) for action in desk.step()] == [Poll]
    places[0] = sys.maxsize
    assert [type(action) for action in desk.step()] == [Place]


def test_given_a_disk_that_is_full_when_nothing_is_read_then_one_report_is_under_way_at_a_time() -> None:
    desk = Desk(patient(max_in_flight=4))
    desk.engine._places = lambda: 1
    desk.submit(*(order(day=day) for day in range(1, 4)), order("direct", direct=True))
    desk.play()
    assert desk.path == "Place Poll Fetch Fetch Place Poll Fetch Place Poll Fetch"
    assert len(desk.told(Delivered)) == 4
