"""States of one stream are printed in the order in which they were written, whatever thread wrote them."""

from __future__ import annotations

import threading
from queue import Queue
from typing import Any

from airbyte_cdk.models import AirbyteLogMessage, AirbyteMessage, Level, Type
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository

from source_lms_reports.cdk.message_repository import OrderedMessageRepository


def _message(text: str) -> AirbyteMessage:
    return AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message=text))


def _texts(queue: Queue[Any]) -> list[str]:
    return [queue.get_nowait().log.message for _ in range(queue.qsize())]


def test_given_a_thread_when_it_emits_then_nobody_else_can_hold_its_message_back() -> None:
    queue: Queue[Any] = Queue()
    shared = InMemoryMessageRepository()
    outlet = OrderedMessageRepository(queue, ConcurrentMessageRepository(queue, shared))

    def emit() -> None:
        for number in range(3):
            outlet.emit_message(_message(str(number)))

    worker = threading.Thread(target=emit)
    worker.start()
    worker.join()
    assert list(shared.consume_queue()) == []
    assert _texts(queue) == ["0", "1", "2"]


def test_given_a_full_queue_when_the_main_thread_emits_then_it_does_not_wait() -> None:
    queue: Queue[Any] = Queue(maxsize=1)
    main = ConcurrentMessageRepository(queue, InMemoryMessageRepository())
    outlet = OrderedMessageRepository(queue, main)
    outlet.emit_message(_message("first"))
    outlet.emit_message(_message("second"))
    assert _texts(queue) == ["first"]
    assert [message.log.message for message in main.consume_queue() if message.log] == ["second"]
