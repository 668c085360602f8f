from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.jobs.messages import report_of
from source_lms_reports.jobs.ticket import JSON, Order, Ticket, UnreadableTicket, Window
from unit_tests.jobs.desk import NOON, order, ticket

texts = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
parameters = st.dictionaries(texts, values, max_size=4)
windows = st.none() | st.builds(Window, st.none() | st.text(), st.none() | st.text())
tickets = st.builds(
    Ticket,
    id=texts,
    identity=texts,
    report=texts,
    parameters=parameters,
    window=windows,
    ordered_at=st.floats(-1e11, 1e11),
    adopted=st.booleans(),
    details=st.dictionaries(texts, st.text().filter(lambda text: "://" not in text), max_size=3),
)


def through_json(state: dict[str, JSON]) -> dict[str, object]:
    again: dict[str, object] = json.loads(json.dumps(state))
    return again


@given(texts, parameters, windows)
def test_given_equal_orders_then_their_identities_are_equal(
    report: str, asked: dict[str, JSON], window: Window | None
) -> None:
    backwards = dict(reversed(asked.items()))
    one = Order(report, asked, window, ("a",))
    other = Order(report, backwards, window, ("b", "c"), direct=True)
    assert one.identity == other.identity
    assert re.fullmatch(r"[0-9a-f]{32}", one.identity)


@pytest.mark.parametrize(
    "other",
    [
        Order("users", {"format": "csv"}, Window("2024-01-01", None)),
        Order("users", {"format": "csv"}),
        Order("users", {"format": "json"}, Window("2024-01-01", "2024-01-02")),
        Order("user", {"format": "csv"}, Window("2024-01-01", "2024-01-02")),
        Order("users", {"format": ["csv"]}, Window("2024-01-01", "2024-01-02")),
    ],
)
def test_given_another_report_parameter_or_window_then_the_identity_differs(other: Order) -> None:
    assert other.identity != order().identity


def test_given_two_readers_then_the_shared_order_names_each_once() -> None:
    shared = order(streams=("a",)).shared_with(("b", "a"))
    assert shared.streams == ("a", "b")
    assert shared.queue == "a"


@given(tickets)
def test_given_a_ticket_when_kept_in_state_then_it_comes_back_whole(kept: Ticket) -> None:
    assert Ticket.from_state(through_json(kept.to_state())) == kept


def test_given_a_newer_minor_version_when_read_then_its_extra_keys_are_passed_over() -> None:
    kept = ticket(order())
    assert Ticket.from_state({**kept.to_state(), "priority": 7}) == kept


def test_given_details_that_are_addresses_when_kept_then_they_are_left_out() -> None:
    details = {"link": "https://files.example/1?signature=abc", "account": "1"}
    wanted = order()
    held = Ticket("t1", wanted.identity, "users", {}, None, NOON, details=details)
    assert held.to_state()["details"] == {"account": "1"}


WRONG: list[dict[str, Any]] = [
    {"v": 2},
    {"v": True},
    {"v": None},
    {"id": ""},
    {"id": 7},
    {"identity": None},
    {"report": []},
    {"parameters": []},
    {"parameters": {1: "a"}},
    {"window": "2024"},
    {"window": {"start": 1, "end": None}},
    {"ordered_at": "yesterday"},
    {"ordered_at": True},
    {"ordered_at": float("nan")},
    {"ordered_at": 10**400},
    {"adopted": "no"},
    {"details": []},
    {"details": {"a": 1}},
]
BROKEN: list[object] = [
    None,
    [],
    "ticket",
    {},
    *({**ticket(order()).to_state(), **wrong} for wrong in WRONG),
]


@pytest.mark.parametrize("raw", BROKEN, ids=repr)
def test_given_something_else_than_a_ticket_when_read_then_it_is_unreadable(raw: object) -> None:
    with pytest.raises(UnreadableTicket, match="ordered again"):
        Ticket.from_state(raw)


@given(st.sampled_from(sorted(ticket(order()).to_state())), values)
def test_given_a_ticket_with_any_json_in_one_place_when_read_then_it_is_a_ticket_or_unreadable(
    key: str, anything: JSON
) -> None:
    with suppress(UnreadableTicket):
        Ticket.from_state({**ticket(order()).to_state(), key: anything})


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window("2024-01-01", "2024-01-14"), "2024-01-01 to 2024-01-14"),
        (Window("2024-01-01", None), "from 2024-01-01"),
        (Window(None, "2024-01-14"), "up to 2024-01-14"),
        (Window(None, None), ""),
    ],
    ids=str,
)
def test_a_window_is_named_in_one_way(window: Window, words: str) -> None:
    assert str(window) == words
    one = Order("users", {}, window)
    assert report_of(one) == f'report "users"{f" ({words})" if words else ""}'
