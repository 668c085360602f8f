"""Secrets are masked in texts for people, and nothing else of a message changes."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteMessageSerializer

from source_lms_reports.cdk.masking import MaskingFormatter, line_of
from source_lms_reports.redaction import REDACTOR, MaskingWriter

SECRETS = ("report", "20260101", "last token", "quiz_report", "Bearer", "true0000")
HALF = "\ud83d"


@pytest.fixture(autouse=True)
def _secrets() -> None:
    for secret in SECRETS:
        REDACTOR.register(secret)


def message(document: dict[str, Any]) -> AirbyteMessage:
    return AirbyteMessageSerializer.load(document)


DESCRIBED = {"name": "report"}
FOR_PROGRAMS = [
    {"type": "RECORD", "record": {"stream": "report", "data": {"last token": "20260101"}, "emitted_at": 1}},
    {
        "type": "STATE",
        "state": {
            "type": "STREAM",
            "stream": {"stream_descriptor": DESCRIBED, "stream_state": {"last token": "20260101", "token": "true0000"}},
        },
    },
    {
        "type": "CATALOG",
        "catalog": {
            "streams": [{"name": "quiz_report", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}],
        },
    },
    {
        "type": "TRACE",
        "trace": {
            "type": "STREAM_STATUS",
            "emitted_at": 1.0,
            "stream_status": {"stream_descriptor": {"name": "quiz_report"}, "status": "STARTED"},
        },
    },
    {
        "type": "CONTROL",
        "control": {
            "type": "CONNECTOR_CONFIG",
            "emitted_at": 1.0,
            "connectorConfig": {"config": {"refresh_token": "quiz_report"}},
        },
    },
]


@pytest.mark.parametrize("document", FOR_PROGRAMS, ids=lambda one: one["type"])
def test_what_programs_read_stays_as_it_is(document: dict[str, Any]) -> None:
    plain = AirbyteMessageSerializer.dump(message(document))
    assert json.loads(line_of(message(document))) == plain


def test_what_people_read_is_masked() -> None:
    error = {"message": "no report", "internal_message": "true0000", "stack_trace": "true0000"}
    trace = message(
        {
            "type": "TRACE",
            "trace": {"type": "ERROR", "emitted_at": 1.0, "error": {**error, "stream_descriptor": DESCRIBED}},
        }
    )
    shown = json.loads(line_of(trace))["trace"]["error"]
    assert shown["message"] == "no ****"
    assert (shown["internal_message"], shown["stack_trace"]) == ("****", "****")
    assert shown["stream_descriptor"] == DESCRIBED

    log = message({"type": "LOG", "log": {"level": "INFO", "message": "the report quiz_reports, true0000x"}})
    assert json.loads(line_of(log))["log"]["message"] == "the **** ****s, ****x"

    status = message({"type": "CONNECTION_STATUS", "connectionStatus": {"status": "FAILED", "message": "report!"}})
    assert json.loads(line_of(status))["connectionStatus"]["message"] == "****!"


def test_a_name_with_half_a_surrogate_is_still_a_line_of_json() -> None:
    state = {"type": "STREAM", "stream": {"stream_descriptor": {"name": HALF}, "stream_state": {"a": HALF}}}
    line = line_of(message({"type": "STATE", "state": state}))
    line.encode()
    assert json.loads(line)["state"]["stream"]["stream_descriptor"] == {"name": HALF}


def record(level: int, text: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("airbyte", level, "", 0, text, args, None)
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize(
    "text", ['token="true0000\\"', "client_secret=abcdef\\", f"half {HALF}", "a\nb\u2028c\0", "%s"]
)
@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_a_log_line_is_json_whatever_stands_in_it(text: str, level: int) -> None:
    line = MaskingFormatter("%(message)s").format(record(level, "%s", text, extra=text))
    assert "\n" not in line
    line.encode()
    assert json.loads(line)["type"] == ("LOG" if level == logging.INFO else "DEBUG")
    assert "true0000" not in line


def test_logs_for_a_platforms_debug_are_masked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    line = MaskingFormatter("%(message)s").format(record(logging.DEBUG, "x", other="true0000"))
    assert json.loads(line)["log"] == {"level": "DEBUG", "message": 'x ///\nExtra logs: {"other": "****"}'}


def test_what_a_library_prints_is_masked() -> None:
    out = io.StringIO()
    writer = MaskingWriter(out)
    print("it is true0000", file=writer, flush=True)
    assert out.getvalue() == "it is ****\n"
