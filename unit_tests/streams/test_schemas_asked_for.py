"""Discovery where the vendor tells the schema of each report that it lists."""

from __future__ import annotations

import random
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ConfigError
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.plan.stream import ReportStream, Wanted
from source_lms_reports.platforms.model import parse_platform
from source_lms_reports.spec.settings import Settings
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.discovery import discover
from source_lms_reports.streams.selection import select

BASE = "https://api.x.example"
PLATFORM = f"""
name: x
title: X
pattern: ticket
base_url: {BASE}
only: tables
spec: {{}}
authenticators: {{default: {{type: BearerAuthenticator, api_token: t}}}}
requests:
  list: {{path: /tables, records: [tables]}}
  schema: {{path: "/tables/{{{{ report }}}}/schema"}}
  order: {{method: POST, path: /order}}
  poll: {{path: /job}}
job: {{cursor: [until]}}
policy: {{cadence: 5, throttled: 30}}
check: {{request: list}}
files:
  format: jsonl
  flatten: {{members: {{key: "", meta: m_}}, key: key}}
listing:
  request: list
  sample: schema
  schema: {{request: schema, at: [schema]}}
  cursors: [m_ts]
  template: {{streams: {{}}, parameters: {{since: "{{{{ cursor }}}}"}}}}
"""
SCHEMA = {"properties": {"key": {"properties": {"id": {"type": "integer"}}}, "meta": {"properties": {"ts": {}}}}}
WAITS: list[float] = []


def made(*tables: str) -> tuple[Client, Reports]:
    platform = parse_platform(PLATFORM)
    settings = Settings({"name": "x", "tables": list(tables)}, None, None, 0, 4, 600, None)
    patience = Patience(Policy(), 600.0, sleep=WAITS.append, rng=random.Random(1))
    return Client(platform, settings.context, {"default": NoAuth()}, Transport(), lambda: 0.0, patience), Reports(
        platform, settings
    )


def discovered(answers: dict[str, Any], *tables: str) -> dict[str, ReportStream]:
    WAITS.clear()
    client, reports = made(*tables)
    with Mocker() as mock, Spool() as spool:
        mock.get(f"{BASE}/tables", json={"tables": list(answers)})
        for table, answer in answers.items():
            mock.get(f"{BASE}/tables/{table}/schema", **answer)
        return {stream.name: stream for stream in discover(client, reports, spool)}


def test_each_table_has_the_columns_and_the_key_of_its_schema() -> None:
    found = discovered({"users": {"json": {"schema": SCHEMA}}, "terms": {"json": {"schema": SCHEMA}}})
    assert list(found) == ["users", "terms"]
    users = found["users"]
    assert list(users.schema["properties"]) == ["id", "m_ts"]
    assert users.part.primary_key == ["id"]
    assert (users.cursor, users.cursor_kind) == ("m_ts", "told")


def test_a_saved_catalog_keeps_the_key_and_asks_for_no_schema() -> None:
    (stream,) = discovered({"users": {"json": {"schema": SCHEMA}}}).values()
    client, reports = made()
    with Mocker() as mock:
        mock.get(f"{BASE}/tables", json={"tables": ["users"]})
        ((_, found),) = select(client, reports, [Wanted("users", stream.schema, "m_ts", True)])
    assert found is not None
    assert found.part == stream.part


def test_only_the_tables_that_the_user_names_are_asked_for() -> None:
    assert list(discovered({"users": {"json": {"schema": SCHEMA}}, "terms": {"status_code": 500}}, "users")) == [
        "users"
    ]
    with pytest.raises(ConfigError, match="Check `tables` in the configuration"):
        discovered({"users": {"json": {"schema": SCHEMA}}}, "usrs")


def test_a_table_without_a_schema_is_told_and_offered(caplog: pytest.LogCaptureFixture) -> None:
    found = discovered({"users": {"json": {"schema": SCHEMA}}, "odd": {"status_code": 404}})
    assert found["odd"].schema["properties"] == {}
    assert "Report odd has no schema" in caplog.text


def test_a_vendor_that_tells_no_schema_for_another_reason_is_an_error() -> None:
    with pytest.raises(ConfigError):
        discovered({"users": {"status_code": 403}})


def test_a_429_that_names_no_time_is_waited_out_as_the_platform_says() -> None:
    answers = [{"status_code": 429}, {"json": {"schema": SCHEMA}}]
    assert list(discovered({"users": {"response_list": answers}})) == ["users"]
    assert WAITS == [30.0]
