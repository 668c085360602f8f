"""The CDK's own `AsyncRetriever` over the plain job API, unchanged.

`python -m benchmarks.waits.low_code COUNT read --config ... --catalog ...`
"""

from __future__ import annotations

import sys
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from benchmarks.contenders.low_code import retriever
from benchmarks.waits.results import SLOTS
from benchmarks.waits.vendor import REPORT


def manifest(count: int) -> dict[str, Any]:
    """A low-code connector with so many streams and as many slots as ours has by default."""
    return {
        "version": "7.39.1",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["report_00"]},
        "max_concurrent_async_job_count": SLOTS,
        "streams": [_stream(number) for number in range(count)],
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": {"url": {"type": "string"}}},
        },
    }


def _stream(number: int) -> dict[str, Any]:
    report = REPORT.format(number)
    return {
        "type": "DeclarativeStream",
        "name": report.removesuffix("_csv"),
        "primary_key": [],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "additionalProperties": True}},
        "retriever": retriever(f"/jobs?file={report}"),
    }


def main(count: str, *arguments: str) -> None:
    """Run a command of the low-code connector."""
    parsed = AirbyteEntrypoint.parse_args(list(arguments))
    source = ConcurrentDeclarativeSource(
        catalog=ConcurrentDeclarativeSource.read_catalog(parsed.catalog),
        config=ConcurrentDeclarativeSource.read_config(parsed.config),
        state=[],
        source_config=manifest(int(count)),
    )
    launch(source, list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
