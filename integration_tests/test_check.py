"""`check`: every way in which a connection can be wrong has words of its own, with the fix in them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, catalog_of, quick
from integration_tests.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()


def refusal(run: Run) -> str:
    """The words of a check that failed by the user's fault."""
    assert run.code == 0, run.stdout
    assert run.connection["status"] == "FAILED"
    assert run.stderr == ""
    return str(run.connection["message"])


def test_a_good_connection_succeeds_and_orders_nothing(sandbox: Sandbox, connector: Connector) -> None:
    run = connector.by_script().check(quick(sandbox, "canvas"))

    assert run.code == 0
    assert run.connection == {"status": "SUCCEEDED"}
    assert {entry.method for entry in sandbox.requests("canvas")} == {"GET"}
    assert connector.leftovers == []


PARAMETER = {"report": "grade_export_csv", "name": "x", "value": "1"}
WRONG_SETTINGS = [
    ("a refused token", {"access_token": "wrong-token"}, "Check that it is entered whole"),
    ("an expired token", {"access_token": "token-expired"}, "has expired. Make a new one in Canvas"),
    ("a revoked token", {"access_token": "token-revoked"}, "has been revoked. Make a new one in Canvas"),
    (
        "no permission",
        {"access_token": "token-noperm", "account_id": "2"},
        'the permission to view usage reports ("read_reports")',
    ),
    ("an unknown account", {"account_id": "77"}, "Canvas knows no account 77. Check the account ID"),
    (
        "an unknown report",
        {"reports": ["provisionig_csv"]},
        "'provisionig_csv'. Check `reports` in the configuration",
    ),
    (
        "parameters of an unknown report",
        {"report_parameters": [{**PARAMETER, "report": "grade_exprot_csv"}]},
        "`report_parameters` names the report 'grade_exprot_csv'",
    ),
    (
        "a parameter given twice",
        {"report_parameters": [PARAMETER, PARAMETER]},
        "of the report 'grade_export_csv' twice",
    ),
    ("a report that would fit", {"reports": ["provisionig_csv"]}, "offered are: course_storage_csv, "),
    (
        "an unknown host",
        {"base_url": "https://no-such-host.invalid"},
        "no-such-host.invalid is unknown. Check the address",
    ),
]


@pytest.mark.parametrize(
    ("settings", "words"), [one[1:] for one in WRONG_SETTINGS], ids=[one[0] for one in WRONG_SETTINGS]
)
def test_a_wrong_setting_is_named_with_its_fix(
    sandbox: Sandbox, connector: Connector, settings: Json, words: str
) -> None:
    message = refusal(connector.check(quick(sandbox, "canvas", **settings)))

    assert words in message
    assert settings.get("access_token", "wrong-token") not in message


INVALID = [
    ("no token", {"access_token": ""}, {}, "`platform.access_token` must not be empty"),
    (
        "a plain http address",
        {"base_url": "http://school.example.com"},
        {},
        "`platform.base_url` is refused: https is needed",
    ),
    (
        "an address with a path",
        {"base_url": "https://school.example.com/login"},
        {},
        "must look like this: https://<your school>",
    ),
    (
        "an unknown setting",
        {"acount_id": "1"},
        {},
        "`platform.acount_id` is not a setting. Known here are: access_token, account_id",
    ),
    ("an unknown shared setting", {}, {"startdate": "x"}, "`startdate` is not a setting"),
    (
        "a date that is none",
        {},
        {"start_date": "yesterday"},
        "`start_date` must look like this: YYYY-MM-DDTHH:MM:SSZ",
    ),
    (
        "dates in the wrong order",
        {},
        {"start_date": "2024-02-01T00:00:00Z", "end_date": "2024-01-01T00:00:00Z"},
        "The start date is not before the end date. Change one of them.",
    ),
    ("a timeout of nothing", {}, {"report_timeout_minutes": 0}, "`report_timeout_minutes` must be more than 0"),
    (
        "a poll interval of nothing",
        {},
        {"poll_interval_seconds": 0.01},
        "`poll_interval_seconds` must be at least 0.1",
    ),
    (
        "a parameter without a value",
        {"report_parameters": [{"report": "a", "name": "b"}]},
        {},
        "`platform.report_parameters.0.value` is missing",
    ),
    ("an unknown platform", {"name": "moodle"}, {}, "`platform.name` must be one of: "),
]


@pytest.mark.parametrize(("platform", "shared", "words"), [one[1:] for one in INVALID], ids=[one[0] for one in INVALID])
def test_an_invalid_configuration_is_refused_in_plain_words(
    sandbox: Sandbox, connector: Connector, platform: Json, shared: Json, words: str
) -> None:
    config = {**quick(sandbox, "canvas", **platform), **shared}

    assert words in refusal(connector.check(config))
    assert sandbox.requests() == []


@pytest.mark.parametrize("command", ["discover", "read"])
def test_an_invalid_configuration_stops_the_other_commands_too(
    sandbox: Sandbox, connector: Connector, command: str
) -> None:
    config = quick(sandbox, "canvas", base_url="http://school.example.com")

    run = connector.discover(config) if command == "discover" else connector.read(config, {"streams": []})

    assert run.code == 1
    (error,) = run.errors
    assert error["failure_type"] == "config_error"
    assert "https is needed" in error["message"]


def test_the_words_of_an_invalid_configuration_quote_no_secret(sandbox: Sandbox, connector: Connector) -> None:
    config = quick(sandbox, "canvas", access_token=["secret-in-a-list-0815"])

    run = connector.check(config)

    assert "`platform.access_token` must be of the type string" in refusal(run)
    assert "0815" not in run.stdout + run.stderr


def test_a_refused_port_is_a_matter_of_the_address(sandbox: Sandbox, connector: Connector) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

        message = refusal(connector.check(quick(sandbox, "canvas", base_url=address)))

    assert "refuses connections. Check the address" in message


NOT_CANVAS = [
    ("any_html", "answers with a web page, not like Canvas. Check the address."),
    ("any_notjson", "answers with something that is not JSON, not like Canvas. Check the address."),
    ("any_empty", "answers with something that is not JSON, not like Canvas. Check the address."),
    ("any_redirect", "Set the address to the one your LMS is really served from."),
    ("any_reset", "Check the address"),
]


@pytest.mark.parametrize(("fault", "words"), NOT_CANVAS)
def test_a_host_that_is_not_the_vendors_is_told_by_its_answers(
    sandbox: Sandbox, connector: Connector, fault: str, words: str
) -> None:
    sandbox.fault(f"{fault}@canvas:count=always")

    assert words in refusal(connector.check(quick(sandbox, "canvas")))
    assert not sandbox.journal.marked("credentials-at-download-host")


def test_a_web_page_where_a_report_was_ordered_is_not_taken_for_one(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.fault("any_html@hapyak:count=always")

    assert "answers with a web page, not like HapYak. Check the address." in refusal(
        connector.check(quick(sandbox, "hapyak"))
    )


PASSING = [
    ("any_throttle", "limits the rate of requests"),
    ("any_429", "limits the rate of requests"),
    ("any_429_bare", "limits the rate of requests"),
    ("any_500", "has a fault of its own (HTTP 500)"),
    ("any_503", "has a fault of its own (HTTP 503)"),
]


@pytest.mark.parametrize(("fault", "words"), PASSING)
def test_a_fault_that_passes_is_no_fault_of_the_configuration(
    sandbox: Sandbox, connector: Connector, fault: str, words: str
) -> None:
    sandbox.fault(f"{fault}@canvas:count=always")

    run = connector.check(quick(sandbox, "canvas"))

    assert run.code == 1
    assert run.of("CONNECTION_STATUS") == []
    assert {error["failure_type"] for error in run.errors} == {"transient_error"}
    assert words in run.errors[0]["message"]
    assert "try again" in run.errors[0]["message"].lower()
    assert len(run.errors) == 1


def test_json_of_another_kind_is_no_list_of_reports(sandbox: Sandbox, connector: Connector, foreign: Any) -> None:
    message = refusal(connector.check(quick(sandbox, "canvas", base_url=foreign)))

    assert "does not answer like Canvas" in message
    assert "Check the address" in message


@pytest.fixture
def foreign() -> Iterator[str]:
    """Another service: it answers every request with a JSON object of its own."""
    import http.server
    import threading

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status": "ok"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_no_secret_is_printed_with_debug(sandbox: Sandbox, connector: Connector) -> None:
    run = connector.check(quick(sandbox, "canvas", access_token="very-secret-token-4711"), "--debug")

    assert "4711" not in run.stdout + run.stderr


def test_a_start_date_in_the_vendors_future_is_refused_in_each_command(sandbox: Sandbox, connector: Connector) -> None:
    config = {**quick(sandbox, "canvas"), "start_date": "2999-01-01T00:00:00Z"}
    stream = {"name": "last_user_access", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}

    assert "lies in the future" in refusal(connector.check(config))
    for run in (connector.discover(config), connector.read(config, catalog_of([stream]))):
        assert run.code == 1
        assert "lies in the future" in run.errors[-1]["message"]
        assert run.errors[-1]["failure_type"] == "config_error"
    assert sandbox.requests("canvas", "order") == []
