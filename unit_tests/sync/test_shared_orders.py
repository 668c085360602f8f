"""Each order is fetched once, and let go of after its last reader."""

from __future__ import annotations

from pathlib import Path

from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.stream import Slice
from source_lms_reports.sync.shared_orders import SharedOrders
from unit_tests.sync.shelf import Shelf

BOTH = Slice(Order("r", {}, None, ("a", "b")))
ONE = Slice(Order("s", {}, None, ("a",)))


def shared(folder: Path) -> tuple[SharedOrders, Shelf]:
    shelf = Shelf(folder, lambda _: b"x\n1\n", lambda _: None)
    return SharedOrders(shelf), shelf


def test_two_streams_have_an_order_fetched_once(tmp_path: Path) -> None:
    orders, shelf = shared(tmp_path)
    for _ in range(2):
        orders.submit(BOTH)
    assert [order.report for order in shelf.submitted] == ["r"]
    assert orders.payload(BOTH.order.identity).parts


def test_the_file_goes_with_the_last_reader(tmp_path: Path) -> None:
    orders, shelf = shared(tmp_path)
    orders.submit(BOTH)
    for _ in range(2):
        orders.release(BOTH.order.identity, "a")
    assert len(shelf.left) == 1
    orders.release(BOTH.order.identity, "b")
    assert shelf.left == []
    assert shelf.withdrawn == [BOTH.order.identity]


def test_a_stream_that_ends_lets_go_of_all_its_orders(tmp_path: Path) -> None:
    orders, shelf = shared(tmp_path)
    orders.submit(BOTH)
    orders.submit(ONE)
    orders.leave("a")
    assert shelf.withdrawn == [ONE.order.identity]
    orders.leave("b")
    assert shelf.left == []


def test_what_nobody_ordered_is_not_let_go_of(tmp_path: Path) -> None:
    orders, shelf = shared(tmp_path)
    orders.release(BOTH.order.identity, "a")
    assert shelf.withdrawn == []
