"""Singer's messages, each a whole line. A RECORD is made a thousand at a time, as the Airbyte door's are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from source_lms_reports.records.envelope import Envelope
from source_lms_reports.records.growing import GrowingSchema

_ENCODER = msgspec.json.Encoder()


class SingerEnvelope(Envelope):
    """Singer's RECORD messages of one stream, and before them a SCHEMA whenever it has grown.

    Args:
        stream: The stream's name.
        schema: Its JSON schema.
        keys: The columns of its primary key.
        bookmarks: The columns by which it is incremental.
        left_out: Columns that are not selected.
        copies: Columns that repeat another one: its name by theirs.
        version: What tells the rows of this reading from those of earlier ones, where the table is replaced by it.
    """

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        keys: Sequence[str] = (),
        bookmarks: Sequence[str] = (),
        left_out: Collection[str] = (),
        copies: Mapping[str, str] | None = None,
        version: int | None = None,
    ) -> None:
        self.stream = stream
        self.version = version
        self.left_out = frozenset(left_out)
        self.copies = copies or {}
        self.schema: GrowingSchema = GrowingSchema(schema, self.left_out)
        self._facts = {"key_properties": list(keys), "bookmark_properties": list(bookmarks)}
        self._head = b'{"type":"RECORD","stream":%b,"record":' % _ENCODER.encode(stream)
        self._version = b"" if version is None else b',"version":%d' % version

    def around(self, emitted_at: int) -> tuple[bytes, bytes]:
        """See `Envelope.around`."""
        moment = datetime.fromtimestamp(emitted_at / 1000, timezone.utc).isoformat(timespec="milliseconds")
        return self._head, b',"time_extracted":"%bZ"%b}' % (moment[:-6].encode(), self._version)

    def before(self) -> bytes:
        """The SCHEMA message, if it has not been written as it stands."""
        schema = self.schema.news()
        if schema is None:
            return b""
        return _line({"type": "SCHEMA", "stream": self.stream, "schema": schema, **self._facts})

    def activation(self) -> bytes:
        """The message that ends all earlier versions; empty where there is no version."""
        if self.version is None:
            return b""
        return _line({"type": "ACTIVATE_VERSION", "stream": self.stream, "version": self.version})


def state_line(bookmarks: Mapping[str, Any]) -> bytes:
    """A STATE message: each stream's state by its name."""
    return _line({"type": "STATE", "value": {"bookmarks": bookmarks}})


def _line(message: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(message) + b"\n"
