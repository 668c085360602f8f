"""What a check makes of answers: the user's to mend, or the vendor's for the moment."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from requests_mock import Mocker

from source_lms_reports.api.connect import connect
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ConfigError, ReportError, TransientError
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.checking import check

BASE = "https://lms.example.com"
LIST = f"{BASE}/api/v1/accounts/self/reports"
TOKEN = f"{BASE}/o/token/"
CONFIGS: dict[str, dict[str, Any]] = {
    "canvas": {"base_url": BASE, "access_token": "t"},
    "tinqwise": {"base_url": BASE, "client_id": "c", "client_secret": "s"},
    "percipio": {"base_url": BASE, "organization_id": "o", "access_token": "t"},
}
NEXT = {"Link": f'<{LIST}?page=2>; rel="next"'}
NOBODY: Any = None
SECOND_PAGE: list[dict[str, Any]] = [{"json": [], "headers": NEXT}]

UNKNOWN_NAME = requests.ConnectionError(
    urllib3.exceptions.MaxRetryError(
        NOBODY, "x", urllib3.exceptions.NameResolutionError("x", NOBODY, socket.gaierror(-2, "x"))
    )
)


@pytest.fixture
def mock() -> Iterator[Mocker]:
    with Mocker() as started:
        yield started


def checked(name: str) -> ReportError | None:
    """The error of a check that does not wait between its tries."""
    settings, client = connect({"platform": {"name": name, **CONFIGS[name]}}, Transport())
    client.patience = Patience(Policy(), 60.0, sleep=lambda _: None)
    with Spool() as spool:
        try:
            check(client, Reports(client.platform, settings), spool)
        except ReportError as error:
            return error
    return None


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ([{"json": []}], None, ""),
        ([{"text": "<html>"}], ConfigError, "answers with a web page, not like Canvas. Check the address."),
        ([{"text": "hello"}], ConfigError, "answers with something that is not JSON, not like Canvas."),
        ([{"json": {"a": 1}}], ConfigError, "does not answer like Canvas. Check the address."),
        ([{"exc": requests.ConnectionError("reset")}], ConfigError, "Check the address; if it is right, try again"),
        ([{"exc": UNKNOWN_NAME}], ConfigError, "is unknown. Check the address"),
        ([{"status_code": 503, "text": "<html>"}], TransientError, "has a fault of its own (HTTP 503). Try again in"),
        ([{"status_code": 429}], TransientError, "limits the rate of requests. Try again in a few minutes."),
        # Once the platform has answered, whatever else comes is no typing error.
        ([*SECOND_PAGE, {"text": "<html>"}], TransientError, "answered with a web page"),
        ([*SECOND_PAGE, {"text": "[1, "}], TransientError, "answered with something that is not JSON"),
        ([*SECOND_PAGE, {"exc": requests.ConnectionError("reset")}], TransientError, "broke. Try again in a few"),
    ],
)
def test_an_answer_is_the_users_or_the_moments(
    mock: Mocker, answers: list[dict[str, Any]], kind: type[ReportError] | None, words: str
) -> None:
    mock.get(LIST, answers)
    error = checked("canvas")

    assert type(error) is (kind or type(None))
    assert words in (error.message if error else "")


def test_a_token_host_that_shows_a_page_is_told_like_the_platforms(mock: Mocker) -> None:
    mock.post(TOKEN, text="<html>")
    error = checked("tinqwise")

    assert isinstance(error, ConfigError)
    assert "answers with a web page, not like TinQwise" in error.message


def test_a_token_that_is_not_given_now_is_nobodys_mistake(mock: Mocker) -> None:
    mock.post(TOKEN, status_code=503)
    error = checked("tinqwise")

    assert isinstance(error, TransientError)
    assert "TinQwise gives no token: The token endpoint of TinQwise has a fault of its own (HTTP 503)" in error.message


def test_the_scopes_that_are_missing_are_named_by_their_streams(mock: Mocker) -> None:
    refused = {"status_code": 400, "json": {"error": "invalid_scope"}}
    mock.post(TOKEN, [refused, *[{"json": {"access_token": "t"}}] * 6])
    error = checked("tinqwise")

    assert isinstance(error, ConfigError)
    assert "they lack the scopes of these streams: users." in error.message


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status_code": 404, "json": {"error": "not found"}}, None, ""),
        ({"status_code": 404}, None, ""),
        ({"status_code": 404, "text": "<html>"}, ConfigError, "answers with a web page, not like Percipio."),
        ({"json": {}}, ConfigError, "does not answer like Percipio. Check the address."),
        ({"json": []}, ConfigError, "does not answer like Percipio. Check the address."),
        ({"text": "<html>"}, ConfigError, "answers with a web page, not like Percipio."),
        ({"status_code": 401}, ConfigError, "refuses the access token (401)"),
        ({"status_code": 403}, ConfigError, "may not read reports of the organization o (403)"),
        ({"status_code": 503}, TransientError, "has a fault of its own (HTTP 503). Try again in"),
    ],
)
def test_nothing_found_may_be_the_good_answer(
    mock: Mocker, answer: dict[str, Any], kind: type[ReportError] | None, words: str
) -> None:
    mock.get(f"{BASE}/reporting/v1/organizations/o/report-requests/o", **answer)
    error = checked("percipio")
    assert type(error) is (kind or type(None))
    assert error is None or words in error.message
