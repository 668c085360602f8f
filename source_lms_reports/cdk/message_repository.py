"""Lets threads write states without overtaking one another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import Queue
from typing import Any

from airbyte_cdk.models import AirbyteMessage, Level
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.message.repository import LogMessage


class OrderedMessageRepository(MessageRepository):
    """Puts messages on the queue that the main thread prints from, each by the thread that has it.

    The CDK's repository passes messages through a buffer that all threads share: one thread may take out another one's
    message and be overtaken before it has put it on the queue, so that of two states of a stream the older one comes
    last. Here a message goes straight to the queue. Only the main thread, which must not wait for a queue that it
    alone empties, goes the CDK's way.

    Args:
        queue: What the main thread prints from.
        main: The CDK's repository.
    """

    def __init__(self, queue: Queue[Any], main: MessageRepository) -> None:
        self._queue = queue
        self._main = main
        self._main_thread = threading.get_ident()

    def emit_message(self, message: AirbyteMessage) -> None:
        """Print `message` after all that this thread has put on the queue before."""
        if threading.get_ident() == self._main_thread:
            self._main.emit_message(message)
        else:
            self._queue.put(message)

    def log_message(self, level: Level, message_provider: Callable[[], LogMessage]) -> None:
        """Left to the CDK."""
        self._main.log_message(level, message_provider)

    def consume_queue(self) -> Iterable[AirbyteMessage]:
        """Nothing is kept here."""
        return ()
