"""A tap made with the Meltano Singer SDK: `csv.DictReader`'s rows, typed by hand, and the SDK's faster writer.

`python -m benchmarks.contenders.singer --config config.json` with `url` and `file` in the configuration.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

import requests
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter

from benchmarks.columns import CURSOR, CURSOR_VALUE, schema
from benchmarks.contenders.typing_by_hand import typed

Context = Mapping[str, Any]


class ReportStream(Stream):  # type: ignore[misc]
    """The report."""

    name = "report"
    schema: ClassVar[dict[str, Any]] = schema()
    replication_key = CURSOR
    is_sorted = False

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:
        """Order, look, download, parse."""
        session = requests.Session()
        base = self.config["url"]
        ticket = session.post(f"{base}/jobs", params={"file": self.config["file"]}, timeout=60).json()["ticket_id"]
        url = session.get(f"{base}/jobs/{ticket}", timeout=60).json()["report_url"]
        with session.get(url, stream=True, timeout=60) as response:
            response.raw.auto_close = False  # the text wrapper looks at the end again
            rows = csv.reader(io.TextIOWrapper(cast("Any", response.raw), encoding="utf-8", newline=""))
            next(rows)
            since = self.get_starting_replication_key_value(context)
            for row in rows:
                record = typed(row)
                if record[CURSOR] is None or record[CURSOR] >= since:
                    yield record


class ReportTap(Tap):  # type: ignore[misc]
    """A tap with one stream."""

    name = "tap-report"
    message_writer_class = MsgSpecWriter
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True),
        th.Property("file", th.StringType, required=True),
        th.Property("start_date", th.DateTimeType, default=CURSOR_VALUE),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """The one stream."""
        return [ReportStream(self)]


if __name__ == "__main__":
    ReportTap.cli()
