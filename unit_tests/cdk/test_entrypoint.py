"""The command line's messages: bundles written in their place, records counted, nothing secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteRecordMessage,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    Status,
    Type,
)
from airbyte_cdk.sources import Source
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.cdk.cursor import state_message
from source_lms_reports.cdk.entrypoint import ReportEntrypoint
from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.cdk.line_records import as_record_data
from source_lms_reports.errors import TransientError
from source_lms_reports.redaction import redact
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.sync.bundles import Backpressure, Lines

SPEC = ConnectorSpecification(connectionSpecification=dict(connection_specification()))
CONFIG = {"platform": {"name": "canvas", "base_url": "https://school.example.com", "access_token": "the-entry-token"}}
CATALOG = ConfiguredAirbyteCatalog(streams=[])


class Scripted(Source):
    """Says what it is told to."""

    def __init__(self, *messages: AirbyteMessage, fault: Exception | None = None) -> None:
        self.gate: Backpressure | None = None
        self._messages = messages
        self._fault = fault

    def check(self, *_: Any) -> AirbyteConnectionStatus:
        if self._fault is not None:
            raise self._fault
        return AirbyteConnectionStatus(status=Status.FAILED, message="refused: the-entry-token")

    def discover(self, *_: Any) -> AirbyteCatalog:
        return AirbyteCatalog(streams=[])

    def read(self, *_: Any) -> Iterator[AirbyteMessage]:
        for message in self._messages:
            if self.gate is not None and message.type is Type.RECORD:
                self.gate.enter()
            yield message


def record(data: Any) -> AirbyteMessage:
    record = AirbyteRecordMessage(stream="users", data=as_record_data(data), emitted_at=1)
    return AirbyteMessage(type=Type.RECORD, record=record)


def log(text: str) -> AirbyteMessage:
    return AirbyteMessageSerializer.load({"type": "LOG", "log": {"level": "INFO", "message": text}})


def test_bundles_are_written_in_their_place_and_counted_into_the_state(capfd: pytest.CaptureFixture[str]) -> None:
    bundles = [Lines((b"one\n", b"two\n"), 2), Lines((b"three\n",), 40)]
    source = Scripted(*map(record, bundles), log("by the-entry-token"), state_message("users", {"at": "2026"}))
    entrypoint = ReportEntrypoint(source)

    seen = list(entrypoint.read(SPEC, CONFIG, CATALOG, []))

    assert capfd.readouterr().out.endswith("one\ntwo\nthree\n")
    assert [message.type for message in seen] == [Type.LOG, Type.STATE]
    assert seen[0].log is not None
    assert seen[0].log.message == "by ****"
    assert seen[1].state is not None
    assert seen[1].state.sourceStats is not None
    assert seen[1].state.sourceStats.recordCount == 42


def test_more_bundles_pass_than_may_be_under_way() -> None:
    source = Scripted(*[record(Lines((b"",), 1)) for _ in range(50)])
    assert list(ReportEntrypoint(source).read(SPEC, CONFIG, CATALOG, [])) == []


def test_a_plain_record_passes() -> None:
    (message,) = ReportEntrypoint(Scripted(record({"id": 1}))).read(SPEC, CONFIG, CATALOG, [])
    assert message.record is not None
    assert message.record.data == {"id": 1}


def test_the_answer_of_a_check_is_masked() -> None:
    (message,) = ReportEntrypoint(Scripted()).check(SPEC, CONFIG)
    assert message.connectionStatus is not None
    assert message.connectionStatus.message == "refused: ****"


def test_an_error_that_ends_a_check_is_left_to_be_told_once() -> None:
    source = Scripted(fault=as_traced(TransientError("Not now.")))
    seen: list[AirbyteMessage] = []
    with pytest.raises(AirbyteTracedException, match=r"Not now\."):
        seen.extend(ReportEntrypoint(source).check(SPEC, CONFIG))
    assert seen == []


def test_a_configuration_is_refused_in_plain_words_and_its_secrets_are_known() -> None:
    wrong = {"platform": {**CONFIG["platform"], "base_url": "http://x.example", "access_token": "the-wrong-token"}}
    with pytest.raises(AirbyteTracedException, match="https is needed"):
        list(ReportEntrypoint(Scripted()).read(SPEC, wrong, CATALOG, []))
    assert redact("the-wrong-token") == "****"
