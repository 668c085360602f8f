"""The CDK's own declarative path, unchanged but for one constant.

A manifest as a connector builder writes it: `AsyncRetriever`, types by `schema_normalization: Default`, a
`DatetimeBasedCursor`. The CDK sleeps five seconds between two looks at a job, also behind the last one; that is set to
0.05 s, as it is a matter of patience and not of speed.

`python -m benchmarks.contenders.low_code file|decoder|json read --config ... --catalog ... --state ...`
"""

from __future__ import annotations

import sys
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.async_job.job_orchestrator import AsyncJobOrchestrator
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from benchmarks.columns import CURSOR, CURSOR_VALUE, schema

_POLL_SECONDS = 0.05
_DOWNLOADS: dict[str, dict[str, Any]] = {
    # The download decoder is left at its default, as in the CDK's own example: the extractor reads the response itself.
    "file": {"download_extractor": {"type": "ResponseToFileExtractor", "preserve_na_values": True}},
    # Without set_values_to_none each empty cell of a typed column costs a warning message.
    "decoder": {
        "download_extractor": {"type": "DpathExtractor", "field_path": []},
        "download_decoder": {"type": "CsvDecoder", "set_values_to_none": [""]},
    },
    "json": {
        "download_extractor": {"type": "DpathExtractor", "field_path": []},
        "download_decoder": {"type": "JsonDecoder"},
    },
}


def manifest(way: str) -> dict[str, Any]:
    """The low-code connector; `way` is how it reads the download."""
    return {
        "version": "7.39.1",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["report"]},
        "streams": [_stream(way)],
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object",
                "required": ["url", "file"],
                "properties": {"url": {"type": "string"}, "file": {"type": "string"}},
            },
        },
    }


def _stream(way: str) -> dict[str, Any]:
    return {
        "type": "DeclarativeStream",
        "name": "report",
        "primary_key": [],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": schema()},
        "incremental_sync": {
            "type": "DatetimeBasedCursor",
            "cursor_field": CURSOR,
            "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
            "start_datetime": {"type": "MinMaxDatetime", "datetime": CURSOR_VALUE},
        },
        "retriever": retriever("/jobs?file={{ config['file'] }}", way),
    }


def retriever(order: str, way: str = "file") -> dict[str, Any]:
    """An `AsyncRetriever` over the plain job API of the stand-ins; `order` is the path that orders a job."""
    return {
        "type": "AsyncRetriever",
        "record_selector": {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": []},
            "schema_normalization": "Default",
        },
        "status_mapping": {
            "type": "AsyncJobStatusMap",
            "running": ["running"],
            "completed": ["complete"],
            "failed": ["failed"],
            "timeout": ["timeout"],
        },
        "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
        "download_target_extractor": {"type": "DpathExtractor", "field_path": ["report_url"]},
        "creation_requester": _requester(order, "POST"),
        "polling_requester": _requester("/jobs/{{ creation_response['ticket_id'] }}", "GET"),
        "download_requester": {
            "type": "HttpRequester",
            "url_base": "{{ download_target }}",
            "http_method": "GET",
        },
        **_DOWNLOADS[way],
    }


def _requester(path: str, method: str) -> dict[str, Any]:
    return {"type": "HttpRequester", "url_base": "{{ config['url'] }}", "path": path, "http_method": method}


def main(way: str, *arguments: str) -> None:
    """Run a command of the low-code connector."""
    AsyncJobOrchestrator._WAIT_TIME_BETWEEN_STATUS_UPDATE_IN_SECONDS = _POLL_SECONDS  # type: ignore[assignment]
    parsed = AirbyteEntrypoint.parse_args(list(arguments))
    source = ConcurrentDeclarativeSource(
        catalog=ConcurrentDeclarativeSource.read_catalog(parsed.catalog),
        config=ConcurrentDeclarativeSource.read_config(parsed.config),
        state=ConcurrentDeclarativeSource.read_state(parsed.state),
        source_config=manifest(way),
    )
    launch(source, list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
