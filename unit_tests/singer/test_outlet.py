from __future__ import annotations

import io
import threading

import pytest

from source_lms_reports.singer.outlet import Outlet
from source_lms_reports.sync.bundles import BackpressureClosed, Lines

PATIENCE = 10


class Pipe(io.BytesIO):
    """A pipe that takes nothing until it is let, and of which the reader may be gone."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.reached = threading.Event()
        self.error: OSError | None = None

    def write(self, text: object) -> int:
        self.reached.set()
        assert self.open.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return super().write(text)  # type: ignore[arg-type]


def test_messages_are_written_in_the_order_in_which_they_came() -> None:
    out = io.BytesIO()
    outlet = Outlet(out)
    outlet.put(b"a\n")
    outlet.gate.enter()
    outlet.put(Lines((b"b\n", b"c\n"), 2))
    outlet.put(b"")
    outlet.put(b"d\n")
    outlet.close()
    assert out.getvalue() == b"a\nb\nc\nd\n"


def test_records_wait_for_room_and_states_do_not() -> None:
    pipe = Pipe()
    outlet = Outlet(pipe)
    taken = []

    def produce() -> None:
        for number in range(9):
            outlet.gate.enter()
            taken.append(number)
            outlet.put(Lines((b"%d\n" % number,), 1))

    thread = threading.Thread(target=produce)
    thread.start()
    assert pipe.reached.wait(PATIENCE)
    outlet.put(b"state\n")
    assert len(taken) <= 4
    pipe.open.set()
    thread.join(PATIENCE)
    outlet.close()
    assert sorted(pipe.getvalue().split()) == sorted([b"state", *(b"%d" % number for number in range(9))])


def test_when_nobody_reads_any_more_everyone_is_told() -> None:
    pipe, broken = Pipe(), threading.Event()
    pipe.error = BrokenPipeError()
    outlet = Outlet(pipe, broken.set)
    outlet.put(b"a\n")
    pipe.open.set()
    assert broken.wait(PATIENCE)
    with pytest.raises(BackpressureClosed):
        outlet.gate.enter()
    with pytest.raises(BrokenPipeError):
        outlet.close()


def test_at_the_end_what_is_under_way_is_written_and_no_more_records_come() -> None:
    out = io.BytesIO()
    outlet = Outlet(out)
    outlet.put(b"a\n")
    outlet.end()
    assert out.getvalue() == b"a\n"
    with pytest.raises(BackpressureClosed):
        outlet.gate.enter()
