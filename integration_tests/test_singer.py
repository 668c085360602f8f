"""The tap on the command line: what it prints is Singer, and holds what the vendors have."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import TAP, Connector, Json, as_set, forked_tap, numbers_alike, present, quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.server import wait_until
from integration_tests.singer_output import TapRun, arguments_for, chosen, read_output, tap
from source_lms_reports.records.growing import as_cell

LATER = "2026-02-01T12:00:00Z"
REPORTS = ["last_user_access_csv", "grade_export_csv"]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.reset()
    return shared


@pytest.fixture
def config(sandbox: Sandbox) -> Json:
    return quick(sandbox, "canvas", reports=REPORTS)


@pytest.fixture
def door(tmp_path: Path) -> Connector:
    """Starts the tap, to be stopped in the middle."""
    return Connector(tmp_path / "tap", launcher=forked_tap.script)


def rows(run: TapRun, stream: str) -> set[str]:
    return as_set(map(numbers_alike, run.output.records[stream]))


def truth(
    sandbox: Sandbox, stream: str, platform: str = "canvas", declared: Json | None = None, **options: Any
) -> set[str]:
    """The vendor's rows; what is no text in a column that is declared one of texts is JSON text."""

    def written(name: str, value: Any) -> Any:
        is_text = "string" in (declared or {}).get(name, {}).get("type", [])
        return as_cell(value) if is_text else value

    found = sandbox.truth(platform, stream, **options)
    return as_set(numbers_alike({name: written(name, one) for name, one in present(row).items()}) for row in found)


def test_the_catalog_says_what_is_offered(config: Json) -> None:
    run = tap(config, flags=["--discover"], launcher=forked_tap.script)
    assert run.code == 0
    assert run.catalog.keys() == {"last_user_access", "grade_export"}
    access = run.catalog["last_user_access"]
    assert access["key_properties"] == []
    assert access["replication_key"] == "last access at"
    inclusion = {tuple(one["breadcrumb"]): one["metadata"].get("inclusion") for one in access["metadata"]}
    assert inclusion["properties", "last access at"] == "automatic"
    assert inclusion["properties", "last ip"] == "available"
    (root,) = [one["metadata"] for one in run.catalog["grade_export"]["metadata"] if not one["breadcrumb"]]
    assert root["forced-replication-method"] == "FULL_TABLE"
    assert "airbyte" not in run.stdout


@pytest.mark.parametrize(
    ("platform", "settings"),
    [
        ("canvas", {"reports": REPORTS}),
        ("second_nature", {"reports": ["admin-xls-report", "course-completion-report"]}),
        ("sana", {}),
        ("tinqwise", {}),
    ],
)
def test_two_runs_bring_every_row_and_then_what_is_new(sandbox: Sandbox, platform: str, settings: Json) -> None:
    changed = {
        "canvas": ("last_user_access", {3: {"last access at": LATER}}),
        "second_nature": ("admin_xls_report_course_progress", {3: {"updated_at": LATER}}),
        "sana": ("user_course_instance_progress", {4: {"last_progress_date": LATER.replace("Z", ".000000Z")}}),
        "tinqwise": ("modules", {2: {"modified_at": LATER}}),
    }
    config = quick(sandbox, platform, **settings)
    catalog = tap(config, flags=["--discover"]).catalog
    first = tap(config, catalog=catalog.values())
    assert first.code == 0
    for stream in catalog:
        options = {"include_external_user_id": True} if stream == "course_user_state" else {}
        declared = first.output.schemas[stream][-1]["properties"]
        assert rows(first, stream) == truth(sandbox, stream, platform, declared, **options), stream

    stream, change = changed[platform]
    sandbox.mutate(platform, stream, update=change)
    sandbox.clock.advance(3600)
    second = tap(config, catalog=catalog.values(), state=first.output.state)
    assert second.code == 0
    assert 0 < len(rows(second, stream)) < len(rows(first, stream))
    declared = first.output.schemas[stream][-1]["properties"]
    assert rows(first, stream) | rows(second, stream) >= truth(sandbox, stream, platform, declared)
    full = {name for name, entry in catalog.items() if "replication_key" not in entry}
    assert second.output.activated == full
    assert all(second.output.versions[name] > first.output.versions[name] for name in full)


def test_hapyaks_closed_days_are_read_once(sandbox: Sandbox) -> None:
    config = quick(sandbox, "hapyak", reports=["user_stream_raw"])
    config |= {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z"}
    first = tap(config)
    second = tap(config, state=first.output.state)
    assert (first.code, second.code) == (0, 0)
    assert first.output.records["user_stream_raw"]
    assert second.output.records["user_stream_raw"] == []
    assert second.output.order["user_stream_raw"] == ["SCHEMA"]


class TestSelection:
    def test_what_is_not_selected_stands_nowhere(self, sandbox: Sandbox, config: Json) -> None:
        catalog = tap(config, flags=["--discover"]).catalog
        access = chosen(catalog["last_user_access"], without=["last ip", "last access at", "no such column"])
        other = chosen(catalog["grade_export"])
        other["metadata"][0]["metadata"]["selected"] = False
        run = tap(config, catalog=[access, other])
        assert run.code == 0
        assert run.output.records.keys() == {"last_user_access"}
        assert "last ip" not in run.stdout
        assert len(run.output.records["last_user_access"]) == len(truth(sandbox, "last_user_access"))
        assert not [order for order in sandbox.requests("canvas", "POST") if "grade_export" in str(order)]

    def test_the_whole_table_is_read_whatever_the_bookmark_says(self, sandbox: Sandbox, config: Json) -> None:
        catalog = tap(config, flags=["--discover"]).catalog
        entry = chosen(catalog["last_user_access"], method="FULL_TABLE")
        state = {"bookmarks": {"last_user_access": {"last access at": "2026-01-30T00:00:00Z"}}}
        run = tap(config, catalog=[entry], state=state)
        assert rows(run, "last_user_access") == truth(sandbox, "last_user_access")
        assert run.output.order["last_user_access"] == ["SCHEMA", "RECORD", "ACTIVATE_VERSION"]

    def test_bookmarks_of_streams_that_are_not_selected_stay(self, config: Json) -> None:
        catalog = tap(config, flags=["--discover"]).catalog
        other = {"somebody else's": 1, "_report_tickets": []}
        run = tap(config, catalog=[catalog["grade_export"]], state={"bookmarks": {"last_user_access": other}})
        assert run.output.state["bookmarks"]["last_user_access"] == other

    def test_a_stream_that_is_not_offered_is_named_and_the_others_come(self, config: Json) -> None:
        catalog = tap(config, flags=["--discover"]).catalog
        gone = {**catalog["grade_export"], "tap_stream_id": "gone_report", "stream": "gone_report"}
        run = tap(config, catalog=[gone, catalog["last_user_access"]])
        assert run.code == 1
        assert run.output.records.keys() == {"last_user_access"}
        (line,) = run.logged("ERROR")
        assert "'gone_report' is not offered by Canvas" in line


class TestRowsThatDoNotFit:
    def test_a_value_of_another_type_makes_its_column_one_of_texts(self, sandbox: Sandbox, config: Json) -> None:
        sandbox.mutate("canvas", "last_user_access", update={40: {"user id": "not a number"}})
        run = tap({**config, "platform": {**config["platform"], "reports": ["last_user_access_csv"]}})
        assert run.code == 0
        types = [one["properties"]["user id"]["type"] for one in run.output.schemas["last_user_access"]]
        assert types == [["null", "string"]]  # of one batch, whose schema is announced when it has been looked at
        assert "not a number" in {row["user id"] for row in run.output.records["last_user_access"]}
        assert [line for line in run.logged("WARNING") if "it is text from here on" in line]

    def test_a_type_that_the_catalogs_user_has_chosen_counts(self, config: Json) -> None:
        entry = tap(config, flags=["--discover"]).catalog["last_user_access"]
        entry["schema"]["properties"]["user id"] = {"type": ["null", "string"]}
        run = tap(config, catalog=[entry])
        assert {type(row["user id"]) for row in run.output.records["last_user_access"]} == {str}


class TestFailures:
    def test_a_failed_stream_does_not_keep_the_others_from_coming(self, sandbox: Sandbox, config: Json) -> None:
        sandbox.fault("link_html@canvas:report=grade_export_csv,count=always")
        first = tap(config)
        assert first.code == 1
        assert rows(first, "last_user_access") == truth(sandbox, "last_user_access")
        assert "grade_export" not in first.output.activated
        assert [line for line in first.logged("ERROR") if 'Stream "grade_export" (report grade_export_csv' in line]
        assert [line for line in first.logged("ERROR") if "1 of 2 streams failed: grade_export." in line]

        sandbox.faults.clear()
        second = tap(config, state=first.output.state)
        assert second.code == 0
        assert rows(second, "grade_export") == truth(sandbox, "grade_export")
        assert second.output.activated == {"grade_export"}

    def test_refused_credentials_end_the_run_in_words(self, config: Json) -> None:
        wrong = {**config, "platform": {**config["platform"], "access_token": "revoked-token-123"}}
        for flags in (["--test"], ["--discover"], []):
            run = tap(wrong, flags=flags)
            assert (run.code, run.stdout) == (1, "")
            assert "Canvas refuses the access token" in run.stderr
            assert "revoked-token-123" not in run.stderr

    def test_secrets_are_masked_in_what_is_logged_and_nowhere_else(self, sandbox: Sandbox, config: Json) -> None:
        sandbox.fault("link_html@canvas:report=grade_export_csv,count=always")
        run = tap({**config, "platform": {**config["platform"], "access_token": "canvas-token"}})
        assert run.code == 1
        assert "canvas-token" not in run.stderr
        assert run.output.records["last_user_access"]


class TestTheEndOfTheProcess:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
    def test_nothing_is_lost_when_it_is_killed_and_no_line_is_cut(
        self, door: Connector, config: Json, number: signal.Signals, tmp_path: Path
    ) -> None:
        with Sandbox(rows=1000) as sandbox:
            config = quick(sandbox, "canvas", reports=REPORTS)
            started = door.start(*arguments_for(tmp_path, [config]), hold_at=b'"type":"RECORD"')
            assert started.holding.wait(PATIENCE)
            started.send(number)
            started.released.set()
            first = started.finish()
            assert first.code == -number
            assert "Traceback" not in first.stderr
            output = read_output(first.stdout, whole=number is not signal.SIGKILL)
            orders = len(sandbox.requests("canvas", "POST"))
            second = tap(config, state=output.state)
            assert second.code == 0, second.stderr
            assert len(sandbox.requests("canvas", "POST")) == orders  # the jobs were taken up
            for stream in ("last_user_access", "grade_export"):
                came, expected = as_set(map(numbers_alike, output.records[stream])), truth(sandbox, stream)
                assert came | rows(second, stream) == expected
                assert came == expected or stream not in output.activated  # what was ended was whole

    def test_a_ticket_survives(self, door: Connector, config: Json, sandbox: Sandbox, tmp_path: Path) -> None:
        sandbox.fault("poll_timeout@canvas:report=last_user_access_csv,seconds=30")
        started = door.start(*arguments_for(tmp_path, [config]))
        assert wait_until(lambda: bool(sandbox.journal.marked("fault:poll_timeout")), PATIENCE)
        started.send(signal.SIGTERM)
        state = read_output(started.finish().stdout).state
        assert state["bookmarks"]["last_user_access"]["_report_tickets"]

    def test_nobody_reads(self, config: Json, tmp_path: Path) -> None:
        ours, theirs = os.pipe()
        os.close(ours)
        with (tmp_path / "stderr").open("wb") as errors:
            command = [str(TAP), *arguments_for(tmp_path, [config])]
            done = subprocess.run(command, stdout=theirs, stderr=errors, check=False, timeout=PATIENCE)
        os.close(theirs)
        assert done.returncode == 120
        assert "Traceback" not in (tmp_path / "stderr").read_text()


class TestArguments:
    def test_later_configurations_win_inside_of_objects_too(self, config: Json) -> None:
        other = {"platform": {"reports": ["last_user_access_csv"]}, "lookback_days": 3}
        run = tap(config, {"platform": {"reports": ["no_such_report"]}}, other, flags=["--discover"])
        assert run.catalog.keys() == {"last_user_access"}

    def test_a_good_configuration_is_said_to_work(self, config: Json) -> None:
        run = tap(config, flags=["--test"])
        assert (run.code, run.stdout) == (0, "")
        assert "The configuration works." in run.stderr

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"{", "configuration.json is not JSON (line 1)."),
            (b"[]", "does not hold an object. It begins with {"),
            (None, "cannot be read: No such file"),
            (b"{}", "`platform` is missing"),
            (b'{"platform": {"name": "canvas"}, "stream_maps": {}}', "`stream_maps` is not a setting"),
        ],
    )
    def test_a_configuration_that_is_none_is_named(self, tmp_path: Path, content: bytes | None, words: str) -> None:
        path = tmp_path / "configuration.json"
        if content is not None:
            path.write_bytes(content)
        run = tap(flags=["--config", str(path)])
        assert (run.code, run.stdout) == (1, "")
        assert words in run.stderr

    @pytest.mark.parametrize(
        ("option", "content"),
        [("--state", []), ("--state", {"bookmarks": {"a": 1}}), ("--catalog", {"streams": {}}), ("--catalog", 1)],
    )
    def test_a_state_or_catalog_that_is_none_is_named(
        self, config: Json, tmp_path: Path, option: str, content: Any
    ) -> None:
        (tmp_path / "file.json").write_text(json.dumps(content))
        run = tap(config, flags=[option, str(tmp_path / "file.json")])
        assert (run.code, run.stdout) == (1, "")
        assert f"The {option[2:]} is" in run.stderr

    def test_a_catalog_that_selects_nothing_is_told(self, config: Json) -> None:
        run = tap(config, catalog=[])
        assert (run.code, run.stdout) == (0, "")
        assert [line for line in run.logged("WARNING") if "selects no stream" in line]

    def test_without_a_configuration_it_says_what_is_needed(self) -> None:
        run = tap()
        assert (run.code, run.stdout) == (2, "")
        assert "--config is needed" in run.stderr

    def test_it_says_what_it_is(self) -> None:
        about = json.loads(tap(flags=["--about", "--format", "json"]).stdout)
        assert about["name"] == "tap-lms-reports"
        assert about["capabilities"] == ["catalog", "discover", "state", "about"]
        assert about["settings"]["properties"]["platform"]["oneOf"]
        assert tap(flags=["--version"], launcher=forked_tap.script).stdout == f"tap-lms-reports {about['version']}\n"
        text = tap(flags=["--about"]).stdout
        assert "platform.access_token\n" in text
