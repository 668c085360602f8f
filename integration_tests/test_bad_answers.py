"""Bad answers in a row, redirects and refused tokens: what a moment mends is mended, and the rest is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, quick
from integration_tests.sandbox import Sandbox

IN_A_ROW = 4


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()


def read(connector: Connector, config: Json, *streams: str) -> Run:
    return connector.read(config, catalog_of([{"name": name, "json_schema": {}, **MODES} for name in streams]))


MODES: Json = {"supported_sync_modes": ["full_refresh"]}


@pytest.mark.parametrize(
    ("platform", "fault", "commands"),
    [
        ("canvas", "list_503", ("check", "discover")),
        ("canvas", "list_html", ("check",)),
        ("second_nature", "list_notjson", ("check",)),
        ("sana", "token_503", ("check",)),
        ("tinqwise", "token_reset", ("check",)),
        ("hapyak", "order_503", ("check",)),
        ("percipio", "list_html", ("check",)),
        ("brightspace", "token_html", ("check",)),
    ],
)
def test_four_bad_answers_in_a_row_fail_no_command(
    sandbox: Sandbox, connector: Connector, platform: str, fault: str, commands: tuple[str, ...]
) -> None:
    config = quick(sandbox, platform)
    for command in commands:
        sandbox.fault(f"{fault}@{platform}:count={IN_A_ROW}")
        run = getattr(connector, command)(config)
        assert run.code == 0
        assert command != "check" or run.connection == {"status": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("platform", "fault", "stream"),
    [
        ("canvas", "list_reset", "mgp_grade_export"),
        ("sana", "token_502", "users"),
        ("tinqwise", "page_notjson", "skills"),
        ("tinqwise", "page_429_bare", "skills"),
    ],
)
def test_four_bad_answers_in_a_row_fail_no_stream(
    sandbox: Sandbox, connector: Connector, platform: str, fault: str, stream: str
) -> None:
    sandbox.fault(f"{fault}@{platform}:count={IN_A_ROW}")

    run = read(connector, quick(sandbox, platform), stream)

    assert run.code == 0
    assert run.records[stream]


@pytest.mark.parametrize("fault", ["list_html", "list_notjson", "list_503", "list_reset"])
def test_a_list_that_stays_bad_is_nobodys_configuration(sandbox: Sandbox, connector: Connector, fault: str) -> None:
    sandbox.fault(f"{fault}@canvas:count=always")

    run = connector.discover(quick(sandbox, "canvas"))

    assert run.code == 1
    assert {error["failure_type"] for error in run.errors} == {"transient_error"}


def test_a_token_that_is_not_given_is_named_and_nothing_is_ordered(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.fault("token_503@sana:count=always")

    run = read(connector, quick(sandbox, "sana"), "users")

    assert run.code == 1
    (error,) = run.errors_of("users")
    assert error["failure_type"] == "transient_error"
    assert "Sana gives no token: The token endpoint of Sana has a fault of its own (HTTP 503)" in error["message"]
    assert sandbox.requests("sana", "order") == []


@pytest.mark.parametrize("kind", ["order", "token"])
@pytest.mark.parametrize("status", [301, 302])
def test_what_is_posted_is_posted_where_a_redirect_leads(
    sandbox: Sandbox, connector: Connector, kind: str, status: int
) -> None:
    sandbox.fault(f"{kind}_moved@sana:status={status}")

    run = read(connector, quick(sandbox, "sana"), "users")

    assert run.code == 0
    assert run.records["users"]
    assert [entry.method for entry in sandbox.requests("sana", kind)] == ["POST", "POST"]


def test_an_order_that_is_not_taken_names_the_address_that_answered_it(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.fault("order_moved@sana:status=303,count=always")

    run = read(connector, quick(sandbox, "sana"), "users")

    (error,) = run.errors_of("users")
    assert error["failure_type"] == "config_error"
    assert f"names {sandbox.url('sana')}/api/v1/reports/query instead (HTTP 303)" in error["message"]
    assert len(sandbox.requests("sana", "order")) == 1


def test_a_list_that_changes_while_it_is_read_is_read_again(connector: Connector) -> None:
    with Sandbox(rows=40, settings={"tinqwise": {"page_size": 10, "drifts": 1}}) as sandbox:
        run = read(connector, quick(sandbox, "tinqwise"), "skills")

        assert run.code == 0
        assert as_set(run.records["skills"]) == as_set(sandbox.truth("tinqwise", "skills"))
        assert not [text for text in run.logged("WARN") if "add up" in text]


def test_a_list_that_goes_on_changing_is_told_and_its_time_is_asked_for_again(connector: Connector) -> None:
    with Sandbox(rows=40, settings={"tinqwise": {"page_size": 10, "drifts": 2}}) as sandbox:
        config = quick(sandbox, "tinqwise")
        skills = connector.discover(config).catalog["skills"]
        truth = list(sandbox.truth("tinqwise", "skills"))
        first = connector.read(config, catalog_of([skills]))
        second = connector.read(config, catalog_of([skills]), first.state_file)

        (told,) = [text for text in first.logged("WARN") if "add up" in text]
        assert f"it says that it has {len(truth)} rows, and {len(truth) - 1} came" in told
        assert as_set([*first.records["skills"], *second.records["skills"]]) == as_set(truth)
        assert len(second.records["skills"]) == len(truth)


def test_an_id_that_means_something_in_an_address_is_still_one(connector: Connector) -> None:
    with Sandbox(rows=20, settings={"second_nature": {"odd_tickets": True}}) as sandbox:
        run = read(connector, quick(sandbox, "second_nature"), "course_completion_report")

        assert run.code == 0
        assert len(run.records["course_completion_report"]) == len(
            list(sandbox.truth("second_nature", "course_completion_report"))
        )
