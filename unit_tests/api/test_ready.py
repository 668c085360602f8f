"""Lists of ready files, in the words of a made-up platform that has nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.ready import ready_files, ready_sets
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.ready import ReadyFile
from source_lms_reports.platforms.model import Platform, ReadySpec, parse_platform
from source_lms_reports.spec.settings import make_settings
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.discovery import discover

HOST = "https://files.example"
PLATFORM = """
name: archive
title: Archive
pattern: files
base_url: "{{ platform.base_url }}"
only: sets
spec:
  title: Archive
  type: object
  properties: {name: {type: string, const: archive}, base_url: {type: string}, sets: {type: array}}
authenticators: {default: {type: BearerAuthenticator, api_token: secret}}
policy: {cadence: 10}
check: {}
requests:
  newer: {path: /sets}
  files: {path: "/sets/{{ item.id }}/files", records: [files]}
  older: {path: /old}
ready:
  prefix: "All "
  column: _made_at
  changes_apart: P2D
  keys: {all_grades: [id]}
  sources:
    - {request: newer, name: [name], files: files, kind: [kind], full: whole, moment: [at], link: [url]}
    - request: older
      name: [name]
      previous: [before]
      changes_suffix: " changes"
      kind: [whole]
      full: "true"
      moment: [at]
      link: [url]
"""
OLD = [
    {"name": "Grades", "whole": True, "at": "2026-01-02T00:00:00Z", "url": "/2", "before": [
        {"name": "Grades", "whole": True, "at": "2026-01-01T00:00:00Z", "url": "/1"}]},
    {"name": "Grades changes", "whole": False, "at": "2026-01-03T00:00:00Z", "url": "/3", "before": None},
    {"name": "Empty", "whole": True, "at": None, "url": None, "before": []},
]  # fmt: skip


@pytest.fixture
def client() -> Client:
    platform = parse_platform(PLATFORM)
    settings = make_settings(platform, {"platform": {"name": "archive", "base_url": HOST}})
    return Client(platform, settings.context, {"default": NoAuth()}, Transport())


def spec(client: Client) -> ReadySpec:
    assert client.platform.ready is not None
    return client.platform.ready


def files(client: Client, name: str) -> list[ReadyFile]:
    return ready_files(client, spec(client), ready_sets(client, spec(client), "list")[name], name)


def reports(platform: Platform, **settings: Any) -> Reports:
    return Reports(platform, make_settings(platform, {"platform": {"name": "archive", "base_url": HOST, **settings}}))


@pytest.mark.parametrize("status", [403, 404])
def test_files_of_sets_and_files_alone_are_the_same_in_two_lists(client: Client, status: int) -> None:
    wanted = [
        ReadyFile("2026-01-02T00:00:00Z", is_full=True, link="/2"),
        ReadyFile("2026-01-01T00:00:00Z", is_full=True, link="/1"),
        ReadyFile("2026-01-03T00:00:00Z", is_full=False, link="/3"),
    ]
    with Mocker() as mock:
        mock.get(f"{HOST}/sets", json=[{"name": "Grades", "id": "g 1"}])
        of_set = [{"kind": "whole" if one.is_full else "part", "at": one.moment, "url": one.link} for one in wanted]
        mock.get(f"{HOST}/sets/g%201/files", json={"files": of_set})
        assert files(client, "Grades") == wanted

        mock.get(f"{HOST}/sets", status_code=status)
        mock.get(f"{HOST}/old", json=OLD)
        assert files(client, "Grades") == wanted
        assert files(client, "Empty") == []


def test_a_source_that_fails_is_not_passed_over(client: Client) -> None:
    with Mocker() as mock:
        mock.get(f"{HOST}/sets", status_code=500)
        with pytest.raises(Refusal, match="500"):
            ready_sets(client, spec(client), "list")
        mock.get(f"{HOST}/sets", status_code=403)
        mock.get(f"{HOST}/old", status_code=404)
        with pytest.raises(Refusal, match="403"):
            ready_sets(client, spec(client), "list")


@pytest.mark.parametrize("broken", [{"at": None}, {"at": "soon"}, {"url": None}, {"url": 7}])
def test_a_file_without_its_moment_or_its_link_ends_the_list(client: Client, broken: dict[str, Any]) -> None:
    with Mocker() as mock:
        mock.get(f"{HOST}/sets", status_code=404)
        mock.get(f"{HOST}/old", json=[{**OLD[0], "before": [], **broken}])
        with pytest.raises(Refusal, match="without its moment or its link"):
            files(client, "Grades")


def test_a_platform_of_ready_files_alone_has_a_stream_a_set(client: Client) -> None:
    with Mocker() as mock, Spool() as spool:
        mock.get(f"{HOST}/sets", json=[{"name": "Grades", "id": 1}, {"name": "Users", "id": 2}])
        found = {one.name: one for one in discover(client, reports(client.platform), spool)}
        only = discover(client, reports(client.platform, sets=["Users"]), spool)

    assert list(found) == ["all_grades", "all_users"]
    assert (found["all_grades"].part.primary_key, found["all_grades"].cursor) == (["id"], "_made_at")
    assert found["all_users"].cursor_kind == "window"
    assert [one.name for one in only] == ["all_users"]
