"""A target made of singer-sdk's own base, in the environment of `singer-sdk`: keeps what it was given, by stream.

It validates every record by its schema, formats of texts included, and reads every time.
`python collecting_target.py --config config.json` with `path`, the file that takes the records, versions and schemas.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import typing as th
from singer_sdk.sinks import RecordSink
from singer_sdk.target_base import Target

KEPT: dict[str, Any] = {"records": {}, "versions": {}, "keys": {}}


class KeepingSink(RecordSink):  # type: ignore[misc]
    """Keeps the records of one stream."""

    validate_field_string_format = True

    def process_record(self, record: dict[str, Any], _context: dict[str, Any]) -> None:
        """Keep a record."""
        KEPT["records"].setdefault(self.stream_name, []).append(record)
        KEPT["keys"][self.stream_name] = list(self.key_properties)

    def activate_version(self, new_version: int) -> None:
        """Keep the version."""
        KEPT["versions"][self.stream_name] = new_version


class KeepingTarget(Target):  # type: ignore[misc]
    """Keeps all that it is given."""

    name = "target-keeping"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("path", th.StringType, required=True)
    ).to_dict()
    default_sink_class = KeepingSink

    def process_endofpipe(self) -> None:
        """Write it down."""
        super().process_endofpipe()
        Path(self.config["path"]).write_text(json.dumps(KEPT, default=str))


if __name__ == "__main__":
    KeepingTarget.cli()
