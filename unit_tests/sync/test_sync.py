"""What the streams of one read share, and how the engine's events reach their states."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from source_lms_reports.errors import JobOverdue
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.events import Delivered, Failed, TicketClosed, TicketOpened, Warned
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.plan.stream import Selected, Wanted
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.sync.state import SECONDS, TICKETS
from source_lms_reports.sync.sync import Sync, _in_turn, begin_sync
from unit_tests.sync.shelf import NOW, Desk, Shelf, connection

ORDER = Order("provisioning_csv", {}, None, ("provisioning_users", "provisioning_terms"))
TICKET = Ticket("77", ORDER.identity, ORDER.report, {}, None, NOW.timestamp())


def begun(folder: Path, *wanted: Wanted) -> tuple[Sync, list[tuple[str, Mapping[str, Any]]]]:
    """A sync of Canvas' streams, and the states that it writes."""
    client, settings = connection("canvas")
    client.vendor_clock.heard({"Date": "Mon, 02 Mar 2026 10:30:00 GMT"}, 0.0)
    known = by_name(Reports(client.platform, settings).declared().values())
    states: list[tuple[str, Mapping[str, Any]]] = []
    sync = begin_sync(
        settings, client, [(one, known[one.name]) for one in wanted], Spool(folder),
        lambda stream, state: states.append((stream, dict(state))),
        open_dispatch=lambda on_event: Shelf(folder, lambda _: b"", on_event),
    )  # fmt: skip
    return sync, states


def test_a_ticket_is_written_to_the_state_of_each_of_its_streams_at_once(tmp_path: Path) -> None:
    streams = dict.fromkeys(("provisioning_users", "provisioning_terms", "zero_activity"))
    desk = Desk(tmp_path, "canvas", b"", streams)

    desk.sync._on_event(TicketOpened(ORDER, TICKET, "ordered"))
    assert [(name, state[TICKETS][0]["id"]) for name, state in desk.states] == [
        ("provisioning_users", "77"),
        ("provisioning_terms", "77"),
    ]

    desk.sync._on_event(TicketClosed(ORDER, TICKET, "failed"))
    assert desk.states[2:] == [("provisioning_users", {}), ("provisioning_terms", {})]


def test_a_ticket_of_what_is_delivered_stays_until_its_rows_are_handed_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", b"", {"provisioning_users": None})
    desk.sync._on_event(TicketOpened(ORDER, TICKET, "ordered"))
    desk.sync._on_event(TicketClosed(ORDER, TICKET, "delivered"))
    assert len(desk.states) == 1


def test_warnings_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path, "canvas", b"", {"provisioning_users": None})
    desk.sync._on_event(Warned(None, "The list is out of reach."))
    assert ("airbyte", logging.WARNING, "The list is out of reach.") in caplog.record_tuples


def test_where_the_vendor_counts_orders_a_stream_is_ordered_to_its_end(tmp_path: Path) -> None:
    assert Desk(tmp_path, "canvas", b"", {"zero_activity": None}).sync.orders_ahead == 4
    assert Desk(tmp_path, "hapyak", b"", {"user_stream_raw": None}).sync.orders_ahead > 1_000


def test_a_stream_goes_on_from_its_cursor_and_a_full_refresh_does_not(tmp_path: Path) -> None:
    state = {"last access at": "2026-02-01T00:00:00Z", TICKETS: [TICKET.to_state()]}
    sync, _ = begun(
        tmp_path, Wanted("last_user_access", incremental=True, state=state), Wanted("zero_activity", state=state)
    )
    first, second = sync.selected
    assert (first.cursor_value, first.incremental) == ("2026-02-01T00:00:00Z", True)
    assert (second.cursor_value, second.incremental) == (None, False)
    assert [ticket.id for one in (first, second) for ticket in one.tickets] == ["77", "77"]


def test_what_of_a_state_does_not_count_is_told_with_the_streams_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = {"last access at": "yesterday", TICKETS: [{"id": 1}]}
    sync, _ = begun(tmp_path, Wanted("last_user_access", incremental=True, state=state))
    assert sync.selected[0].cursor_value is None
    told = [text for text in caplog.messages if text.startswith("Stream last_user_access: ")]
    assert len(told) == 2


def test_the_end_of_a_sync_stops_what_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(Shelf, "stop", lambda _: stopped.append(True))
    sync, states = begun(tmp_path, Wanted("zero_activity"))
    sync.stop()
    assert stopped == [True]
    assert states == []


def test_the_longest_reports_are_ordered_first_and_those_of_no_known_length_in_the_catalogs_order(
    tmp_path: Path,
) -> None:
    names = ["zero_activity", "last_user_access", "provisioning_users", "provisioning_terms"]
    lengths = dict(zip(names, [None, 20, None, 300], strict=True))
    wanted = [Wanted(name, state={SECONDS: seconds}) for name, seconds in lengths.items()]
    sync, _ = begun(tmp_path, *wanted)
    found = [one.stream.name for one in sync.selected]
    assert found == ["provisioning_terms", "last_user_access", "zero_activity", "provisioning_users"]


def test_where_the_vendor_counts_orders_the_catalogs_order_stays() -> None:
    client, _ = connection("hapyak")
    known = by_name(Reports(client.platform, connection("hapyak")[1]).declared().values())
    selected = [Selected(stream, seconds=number) for number, stream in enumerate(known.values())]
    assert _in_turn(client, selected) == selected


def test_the_state_tells_how_long_a_report_was_made_and_of_one_that_was_not_how_long_was_waited(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", b"", {"provisioning_users": None, "provisioning_terms": None})
    desk.sync._on_event(Delivered(ORDER, TICKET, None, 41.7))
    assert desk.sync.keeper("provisioning_terms").as_json() == {SECONDS: 42}
    desk.sync._on_event(Failed(ORDER, JobOverdue("It is slow.")))
    assert desk.sync.keeper("provisioning_users").as_json() == {SECONDS: int(desk.settings.report_timeout)}
