"""How one stream is read: window by window, each to its end, and what comes of reports that are odd."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from source_lms_reports.errors import (
    EmptyPayload,
    ForeignReport,
    JobGone,
    OrderRefused,
    ReportError,
    RestartNeeded,
    TransientError,
)
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.stream import Selected
from source_lms_reports.sync.bundles import Backpressure, Lines
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.state import TICKETS
from unit_tests.files.books import members_of, packed, rows_of_cells
from unit_tests.files.reading import zipped
from unit_tests.sync.shelf import Desk, connection

ACCESS = b"user id,user sis id,user name,last access at,last ip\n"
TODAY = "2026-03-01T12:00:00Z"
NO_SUBMISSIONS = "students_with_no_submissions"
MONTH = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-26T00:00:00Z"}
USERS, TERMS = b"canvas_user_id,user_id\n1,a\n", b"canvas_term_id,term_id,name\n7,t,Spring\n"


def access(*times: str) -> bytes:
    return ACCESS + b"".join(f"{at},,n,{time},\n".encode() for at, time in enumerate(times))


def test_the_state_moves_when_the_last_row_has_been_handed_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", access("2026-02-28T00:00:00Z", TODAY), {"last_user_access": "2026-03-01T00:00:00Z"})
    reader = desk.reader("last_user_access")
    (slice_,) = reader.slices()

    rows = list(reader.read(slice_))
    assert [row["user id"] for row in rows if isinstance(row, dict)] == [1]  # the other one is older than the cursor
    assert desk.state("last_user_access")["last access at"] == "2026-03-01T00:00:00Z"

    reader.close(slice_)
    assert desk.state("last_user_access") == {"last access at": TODAY}
    assert desk.shelf.left == []


def test_windows_come_in_order_and_none_behind_one_that_was_not_read(tmp_path: Path) -> None:
    def report(order: Order) -> bytes | EmptyPayload:
        assert order.window is not None
        is_second = order.window.start == "2026-01-15T00:00:00Z"
        return EmptyPayload("Nothing came.") if is_second else b"user id,user name\n1,n\n"

    desk = Desk(tmp_path, "canvas", report, {NO_SUBMISSIONS: ""}, MONTH)
    with pytest.raises(EmptyPayload):
        desk.read(NO_SUBMISSIONS)

    assert desk.state(NO_SUBMISSIONS)["_report_end"] == "2026-01-15T00:00:00Z"
    assert desk.shelf.left == []


def test_nothing_is_given_behind_a_window_that_was_not_closed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", b"user id,user name\n1,n\n", {NO_SUBMISSIONS: ""}, MONTH)
    assert len(list(desk.reader(NO_SUBMISSIONS).slices())) == 1


def test_orders_that_come_next_are_placed_ahead(tmp_path: Path) -> None:
    settings = {**MONTH, "max_concurrent_reports": 2}
    desk = Desk(tmp_path, "canvas", b"user id\n1\n", {NO_SUBMISSIONS: ""}, settings)
    next(desk.reader(NO_SUBMISSIONS).slices())
    assert len(desk.shelf.submitted) == 2


def test_streams_of_one_report_share_an_order_until_the_last_has_read_it(tmp_path: Path) -> None:
    pack = zipped({"users.csv": USERS, "terms.csv": TERMS})
    desk = Desk(tmp_path, "canvas", pack, {"provisioning_users": None, "provisioning_terms": None})

    assert [row["user_id"] for row in desk.read("provisioning_users")] == ["a"]
    assert len(desk.shelf.left) == 1
    assert [row["name"] for row in desk.read("provisioning_terms")] == ["Spring"]
    assert desk.shelf.left == []
    assert len(desk.shelf.submitted) == 1


def test_a_lone_table_goes_to_the_stream_that_it_fits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", TERMS, {"provisioning_users": None, "provisioning_terms": None})

    assert [row["name"] for row in desk.read("provisioning_terms")] == ["Spring"]
    with pytest.raises(TransientError, match="has no part called 'users'"):
        desk.read("provisioning_users")
    assert "_report_tickets" not in desk.state("provisioning_users")  # reading it again would be of no use


def test_a_report_of_another_kind_is_told_before_its_first_row(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", b"course,grade\n1,A\n", {"last_user_access": ""})
    with pytest.raises(ForeignReport, match="course, grade"):
        desk.read("last_user_access")
    assert desk.state("last_user_access") == {}


def test_what_every_window_has_in_common_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path, "canvas", b"user id,user name,new one\n1,n,x\n", {NO_SUBMISSIONS: ""}, MONTH)
    assert len(desk.read(NO_SUBMISSIONS)) == len(desk.shelf.submitted) == 4
    assert sum("new one" in text for text in caplog.messages) == 1
    assert all(text.startswith(f"Stream {NO_SUBMISSIONS}: ") for text in caplog.messages if "new one" in text)


def cut_at(rows: int) -> Any:
    """Take a result of so many rows for one that the vendor has cut off."""

    def change(one: Selected) -> Selected:
        spec = one.stream.report_spec
        assert spec.windows is not None
        windows = msgspec.structs.replace(spec.windows, split_at_rows=rows)
        spec = msgspec.structs.replace(spec, windows=windows)
        return dataclasses.replace(one, stream=dataclasses.replace(one.stream, report_spec=spec))

    return change


def test_a_result_that_is_cut_off_is_asked_for_in_halves(tmp_path: Path) -> None:
    def report(order: Order) -> bytes:
        assert order.window is not None
        days = range(int(str(order.window.start)[-2:]), int(str(order.window.end)[-2:]) + 1)
        return b"user_id\n" + b"".join(b"day %d\n" % day for day in list(days)[:3])

    bounds = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-06T00:00:00Z"}
    desk = Desk(tmp_path, "hapyak", report, {"user_stream_raw": ""}, bounds, cut_at(3))
    reader = desk.reader("user_stream_raw")
    rows = []
    for slice_ in reader.slices():
        rows += [row for row in reader.read(slice_) if isinstance(row, dict)]
        reader.close(slice_)

    assert [row["user_id"] for row in rows] == [f"day {day}" for day in range(1, 6)]
    assert len({(row["_report_start"], row["_report_end"]) for row in rows}) > 1
    assert desk.state("user_stream_raw") == {"_report_end": "2026-01-05"}
    assert reader.is_complete
    assert desk.shelf.left == []


def goes_on_after(rows: int) -> Any:
    """Take a result of so many rows for one that goes on with a further order."""

    def change(one: Selected) -> Selected:
        spec = one.stream.report_spec
        assert spec.windows is not None
        assert spec.windows.follow_up is not None
        follow_up = msgspec.structs.replace(spec.windows.follow_up, rows=rows)
        spec = msgspec.structs.replace(spec, windows=msgspec.structs.replace(spec.windows, follow_up=follow_up))
        return dataclasses.replace(one, stream=dataclasses.replace(one.stream, report_spec=spec))

    return change


def users(count: int) -> Callable[[Order], bytes]:
    """So many users in pages of two, each behind the id that the order names."""

    def report(order: Order) -> bytes:
        after = int(str(order.parameters.get("fromUserId", 0)))
        ids = [number for number in range(1, count + 1) if number > after]
        return b"internalUserID,name\n" + b"".join(b"%d,n\n" % number for number in ids[:2])

    return report


@pytest.mark.parametrize(("count", "orders"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_result_that_is_cut_off_goes_on_behind_its_last_row(tmp_path: Path, count: int, orders: int) -> None:
    cursor = {"users": "2026-03-01T00:00:00Z"}
    desk = Desk(tmp_path, "adobe_learning_manager", users(count), cursor, None, goes_on_after(2))
    rows = desk.read("users")

    assert [row["internalUserID"] for row in rows] == [str(number) for number in range(1, count + 1)]
    asked = [order.parameters.get("fromUserId") for order in desk.shelf.submitted]
    assert asked == [None, *(str(2 * page) for page in range(1, orders))]
    assert len({str(order.window) for order in desk.shelf.submitted}) == 1
    assert desk.state("users")["_report_end"] == "2026-03-02T10:30:00Z"
    assert "_report_tickets" not in desk.state("users")
    assert desk.shelf.left == []


def test_the_state_stays_where_what_follows_fails(tmp_path: Path) -> None:
    def report(order: Order) -> bytes | TransientError:
        return TransientError("Not now.") if order.parameters.get("fromUserId") == "4" else users(9)(order)

    cursor = {"users": "2026-03-01T00:00:00Z"}
    desk = Desk(tmp_path, "adobe_learning_manager", report, cursor, None, goes_on_after(2))
    with pytest.raises(TransientError, match="Not now"):
        desk.read("users")
    assert desk.state("users")["_report_end"] == "2026-03-01T00:00:00Z"


def test_a_result_that_never_goes_on_ends_the_stream(tmp_path: Path) -> None:
    cursor = {"users": "2026-03-01T00:00:00Z"}
    same = b"internalUserID,name\n1,n\n2,n\n"
    desk = Desk(tmp_path, "adobe_learning_manager", same, cursor, None, goes_on_after(2))
    with pytest.raises(TransientError, match="its last row has no 'internalUserID' from which to go on"):
        desk.read("users")
    assert len(desk.shelf.submitted) == 2


def test_a_first_sync_is_whole_and_no_cut_off_result(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path, "adobe_learning_manager", users(9), {"users": ""}, {"start_date": "2026-01-01T00:00:00Z"},
        goes_on_after(2),
    )  # fmt: skip
    assert len(desk.read("users")) == 2
    (order,) = desk.shelf.submitted
    assert order.parameters == {}


def test_a_day_that_is_cut_off_is_read_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bounds = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-02T00:00:00Z"}
    desk = Desk(tmp_path, "hapyak", b"user_id\na\nb\nc\n", {"user_stream_raw": ""}, bounds, cut_at(3))
    reader = desk.reader("user_stream_raw")
    (slice_,) = reader.slices()
    assert len(list(reader.read(slice_))) == 3
    assert not reader.is_complete
    assert any("a day is the shortest window" in text for text in caplog.messages)


def test_the_state_stays_where_the_rows_may_be_hidden(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    book = packed(members_of({"Data": rows_of_cells(["user id", "last access at"])}, states=["hidden"]))
    desk = Desk(tmp_path, "canvas", book, {"last_user_access": "2026-01-01T00:00:00Z"})

    assert desk.read("last_user_access") == []
    assert desk.state("last_user_access") == {"last access at": "2026-01-01T00:00:00Z"}
    assert any("may hold the rows: Data. The state stays" in text for text in caplog.messages)


def test_a_report_that_refuses_a_time_range_is_read_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def report(order: Order) -> bytes | OrderRefused:
        if "start_time" in order.parameters:
            return OrderRefused("It knows no time range.")
        return b'[{"user_email": "a@x.example", "updated_at": "2026-02-01T00:00:00Z"}]'

    client, _ = connection("second_nature")
    listing = client.platform.listing
    assert listing is not None
    windows = listing.template.windows

    def windowed(one: Selected) -> Selected:
        spec = msgspec.structs.replace(one.stream.report_spec, windows=windows, request="")
        return dataclasses.replace(one, stream=dataclasses.replace(one.stream, report_spec=spec))

    bounds = {"start_date": "2026-01-01T00:00:00Z"}
    desk = Desk(tmp_path, "second_nature", report, {"course_user_state": ""}, bounds, windowed)
    assert [row["user_email"] for row in desk.read("course_user_state")] == ["a@x.example"]
    assert [order.window.start for order in desk.shelf.submitted if order.window] == ["2026-01-01T00:00:00Z", None]
    assert any("refused with a time range, so all of it is read" in text for text in caplog.messages)


class Pieces:
    """A report in files that come one by one; one is an error."""

    def __init__(self, folder: Path, *pieces: bytes | ReportError, reached: str | None = "2026-03-02T10:00:00.125Z"):
        self._folder = folder
        self._pieces = pieces
        self._reached = reached

    def payload(self) -> Payload:
        """What the order brings."""
        return Payload((), reached=self._reached, bring=lambda _: self._bring())

    def _bring(self) -> Iterator[Payload]:
        for number, piece in enumerate(self._pieces):
            if isinstance(piece, ReportError):
                raise piece
            path = self._folder / f"piece-{number}"
            path.write_bytes(piece)
            yield Payload((Part(path),))


def told(one: Selected) -> Selected:
    """A stream whose cursor is the job's word."""
    part = msgspec.structs.replace(one.stream.part, cursor="updated_at")
    spec = msgspec.structs.replace(
        one.stream.report_spec, parameters={"since": "{{ cursor }}"}, request="", windows=None
    )
    return dataclasses.replace(one, stream=dataclasses.replace(one.stream, part=part, report_spec=spec, jobs_tell=True))


ROW = b'[{"user_email": "a@x.example", "updated_at": "%d-01-01T00:00:00Z"}]'
SINCE = "2026-03-01T00:00:00.500Z"


def told_desk(folder: Path, report: Any, cursor: str | None = SINCE) -> Desk:
    settings = {"start_date": "2026-01-01T00:00:00Z", "lookback_days": 3}
    return Desk(folder, "second_nature", report, {"course_user_state": cursor}, settings, told)


@pytest.mark.parametrize(("cursor", "since"), [(SINCE, {"since": SINCE}), ("", {}), (None, {})], ids=str)
def test_where_the_job_tells_the_cursor_it_is_sent_back_as_it_came_and_no_row_is_left_out(
    tmp_path: Path, cursor: str | None, since: dict[str, str]
) -> None:
    pieces = Pieces(tmp_path, ROW % 2020, ROW % 2030)
    desk = told_desk(tmp_path, lambda _: pieces.payload(), cursor)
    rows = desk.read("course_user_state")
    assert [row["updated_at"][:4] for row in rows] == ["2020", "2030"]
    assert [order.parameters for order in desk.shelf.submitted] == [since]
    cursors = {"updated_at": "2026-03-02T10:00:00.125Z"} if cursor is not None else {}
    assert desk.state("course_user_state") == cursors


@pytest.mark.parametrize(("error", "kept"), [(EmptyPayload("Nothing."), True), (JobGone("Gone."), False)], ids=str)
def test_a_damaged_file_behind_rows_that_are_out_leaves_the_state_and_the_job_that_is_still_there(
    tmp_path: Path, error: ReportError, kept: bool
) -> None:
    desk = told_desk(tmp_path, lambda _: Pieces(tmp_path, ROW % 2020, error).payload())
    reader = desk.reader("course_user_state")
    (slice_,) = reader.slices()
    rows = reader.read(slice_)
    assert next(rows)
    with pytest.raises(type(error)):
        next(rows)
    state = desk.state("course_user_state")
    assert state["updated_at"] == SINCE
    assert (TICKETS in state) is kept


def test_a_job_that_does_not_say_how_far_it_reaches_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = told_desk(tmp_path, lambda _: Pieces(tmp_path, ROW % 2020, reached=None).payload())
    assert desk.read("course_user_state")
    assert desk.state("course_user_state") == {"updated_at": SINCE}
    assert any("does not say how far it reaches" in text for text in caplog.messages)


def test_where_only_the_whole_can_be_had_it_is_read_in_the_same_sync(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def report(order: Order) -> Payload | ReportError:
        refusal = RestartNeeded("The table was reloaded.")
        return (
            refusal
            if "since" in order.parameters
            else Pieces(tmp_path, ROW % 2020, reached="2026-03-01T00:00:00Z").payload()
        )

    desk = told_desk(tmp_path, report)
    assert len(desk.read("course_user_state")) == 1
    assert desk.state("course_user_state") == {"updated_at": "2026-03-01T00:00:00Z"}
    (warning,) = [text for text in caplog.messages if "cannot be had any more" in text]
    assert SINCE in warning
    assert "The table was reloaded." in warning


def test_where_even_the_whole_cannot_be_had_that_is_an_error(tmp_path: Path) -> None:
    desk = told_desk(tmp_path, lambda _: RestartNeeded("The table was reloaded."))
    with pytest.raises(RestartNeeded):
        desk.read("course_user_state")
    assert len(desk.shelf.submitted) == 2


def test_rows_come_as_bundles_of_lines_where_somebody_takes_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "canvas", access(TODAY, TODAY), {"last_user_access": None})
    reader = StreamReader(desk.sync, desk.sync.selected[0], Backpressure(1))
    (slice_,) = reader.slices()
    (lines,) = reader.read(slice_)
    assert isinstance(lines, Lines)
    assert lines.count == b"".join(lines.texts).count(b'{"type":"RECORD"') == 2
