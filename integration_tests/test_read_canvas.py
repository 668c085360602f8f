"""`read` on Canvas: the rows are the vendor's, and no more is asked of the vendor than is needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.connector import Connector, Json, Run, catalog_of, present, quick, script
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.journal import Entry
from integration_tests.sandbox.vendors.canvas import Canvas

PROVISIONING = 12


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(scope="module")
def catalog(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return Connector(tmp_path_factory.mktemp("discover")).discover(quick(sandbox, "canvas")).catalog


@pytest.fixture(scope="module")
def run(sandbox: Sandbox, catalog: dict[str, Json], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One sync of everything, by the installed console script."""
    connector = Connector(tmp_path_factory.mktemp("read"), script)
    done = connector.read(quick(sandbox, "canvas"), catalog_of(catalog.values()), None, "--debug")
    assert done.code == 0, done.errors
    assert connector.leftovers == []
    return done


def truth(sandbox: Sandbox, stream: str, **options: Any) -> list[Json]:
    return [present(record) for record in sandbox.truth("canvas", stream, **options)]


def stream_of(state: Json) -> str:
    return str(state["stream"]["stream_descriptor"]["name"])


def parameters(entry: Entry) -> dict[str, str]:
    """What an order asked for."""
    return {name.removeprefix("parameters[").removesuffix("]"): value for name, value in entry.body or []}


def orders(sandbox: Sandbox, report: str) -> list[dict[str, str]]:
    return [parameters(entry) for entry in sandbox.requests("canvas", "order") if entry.report == report]


def forgotten(sandbox: Sandbox) -> Sandbox:
    """The sandbox without the jobs that a sync could adopt."""
    sandbox.reset()
    return sandbox


# -- one sync of everything


def test_every_stream_equals_the_vendors_rows_value_for_value(sandbox: Sandbox, run: Run) -> None:
    for stream in sandbox.streams("canvas"):
        assert run.records.get(stream, []) == truth(sandbox, stream), stream


def test_every_record_fits_the_schema_of_its_stream(catalog: dict[str, Json], run: Run) -> None:
    for stream, records in run.records.items():
        validator = Draft7Validator(catalog[stream]["json_schema"])
        for record in records:
            assert [error.message for error in validator.iter_errors(record)] == [], stream


def test_every_stream_ends_complete_with_its_state_and_counts(sandbox: Sandbox, run: Run) -> None:
    for stream in sandbox.streams("canvas"):
        assert run.statuses[stream] == ["STARTED", "RUNNING", "COMPLETE"], stream
        assert run.counts[stream] == len(run.records.get(stream, [])), stream
        assert "_report_tickets" not in run.states[stream], stream
        states = [one["stream"]["stream_state"] for one in run.of("STATE") if stream_of(one) == stream]
        assert all(state != following for state, following in pairwise(states)), stream
    assert run.errors == []
    assert run.stderr == ""


@pytest.mark.usefixtures("run")
def test_the_twelve_outputs_of_a_report_are_one_order_and_one_download(sandbox: Sandbox) -> None:
    for report in ("provisioning_csv", "sis_export_csv"):
        (asked,) = orders(sandbox, report)
        assert sorted(asked.values()).count("true") == PROVISIONING + 1
        bytes_ = [e for e in sandbox.requests("canvas", "download") if e.report == report and e.host == "files"]
        assert len(bytes_) == 1, report


@pytest.mark.usefixtures("run")
def test_switches_that_are_off_are_not_sent(sandbox: Sandbox) -> None:
    for entry in sandbox.requests("canvas", "order"):
        for name, value in parameters(entry).items():
            assert value.lower() not in ("false", "none", ""), (entry.report, name)


@pytest.mark.usefixtures("run")
def test_the_token_is_never_sent_to_the_download_host(sandbox: Sandbox) -> None:
    downloads = sandbox.journal.entries(host="files")
    assert len(downloads) >= 20
    for entry in downloads:
        assert entry.header("Authorization") is None
        assert "canvas-token" not in str(entry.as_json())
    assert not sandbox.journal.marked("credentials-at-download-host")
    assert not sandbox.journal.marked("credentials-with-signature")


def test_links_without_a_verifier_are_opened_by_the_token_which_stays_on_its_host(connector: Connector) -> None:
    with Sandbox(rows=20, settings={"canvas": {"no_verifier": True}}) as sandbox:
        config = quick(sandbox, "canvas", reports=["lti_report_csv", "custom_attendance_csv"])
        catalog = connector.discover(config).catalog
        run = connector.read(config, catalog_of(catalog.values()))

        assert run.code == 0
        for stream in ("lti_report", "custom_attendance"):
            truth = list(sandbox.truth("canvas", stream))
            assert list(catalog[stream]["json_schema"]["properties"]) == list(truth[0])
            assert [present(record) for record in run.records[stream]] == [present(record) for record in truth]
        assert len(sandbox.requests("canvas", "order")) == 2
        assert not sandbox.journal.marked("credentials-at-download-host")


def test_a_key_without_the_scope_of_files_is_told_which(connector: Connector) -> None:
    with Sandbox(rows=20, settings={"canvas": {"no_verifier": True, "file_scope": False}}) as sandbox:
        config = quick(sandbox, "canvas", reports=["lti_report_csv"])
        run = connector.read(config, catalog_of(connector.discover(config).catalog.values()))

        assert run.code == 1
        (error,) = run.errors_of("lti_report")
        assert error["failure_type"] == "config_error"
        assert "url:GET|/files/:id/download" in error["message"]
        assert len(sandbox.requests("canvas", "order")) == 1


def test_nothing_secret_is_printed_with_debug(sandbox: Sandbox, run: Run) -> None:
    secrets = {"canvas-token"}
    for entry in sandbox.requests("canvas", "download"):
        secrets |= {value for name, value in entry.query if name in ("verifier", "X-Amz-Signature")}
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in run.stdout + run.stderr] == []


@pytest.mark.usefixtures("run")
def test_jobs_of_ours_are_read_and_left_in_the_history(sandbox: Sandbox) -> None:
    assert sandbox.running_jobs("canvas") == []
    assert sandbox.requests("canvas", "abort") == []
    assert sandbox.requests("canvas", "delete") == []


@pytest.mark.usefixtures("run")
def test_at_most_four_jobs_are_at_work_at_one_time(sandbox: Sandbox) -> None:
    ours = [job for job in sandbox.jobs("canvas") if job.origin == "ordered"]
    moments = sorted(job.created for job in ours)
    at_work = [sum(job.created <= at < (job.ended or at + 1) for job in ours) for at in moments]

    assert len(ours) >= 20
    assert max(at_work) == 4


# -- what is asked for


def test_only_the_selected_outputs_are_asked_for(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    chosen = [catalog["provisioning_terms"], catalog["provisioning_xlist"]]

    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of(chosen))

    assert orders(sandbox, "provisioning_csv") == [{"terms": "true", "xlist": "true", "skip_message": "true"}]
    assert set(run.records) == {"provisioning_terms", "provisioning_xlist"}
    assert {entry.report for entry in sandbox.requests("canvas", "order")} == {"provisioning_csv"}


def test_one_output_alone_is_no_archive_and_is_read_too(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of([catalog["sis_export_courses"]]))

    assert run.records["sis_export_courses"] == truth(sandbox, "sis_export_courses")


def test_include_deleted_and_the_term_are_sent_where_they_mean_something(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    names = ["provisioning_courses", "eportfolio_report", "zero_activity", "developer_key_report"]
    with_courses = next(one for one in terms(sandbox) if one["sis_term_id"] and courses_of(sandbox, one["sis_term_id"]))
    term = {"enrollment_term_id": f"sis_term_id:{with_courses['sis_term_id']}"}
    config = quick(forgotten(sandbox), "canvas", include_deleted=True, **term)

    run = connector.read(config, catalog_of(catalog[name] for name in names))

    plain = {"skip_message": "true"}
    deleted = {"include_deleted": "true", **plain}
    assert orders(sandbox, "provisioning_csv") == [{**term, **deleted, "courses": "true"}]
    assert orders(sandbox, "zero_activity_csv") == [{**term, **plain}]
    assert orders(sandbox, "developer_key_report_csv") == [plain]
    assert sorted(map(str, orders(sandbox, "eportfolio_report_csv"))) == sorted(map(str, [plain, deleted]))
    asked = {**term, "include_deleted": "true"}
    assert run.records["provisioning_courses"] == truth(sandbox, "provisioning_courses", parameters=asked)
    both = truth(sandbox, "eportfolio_report") + truth(
        sandbox, "eportfolio_report", parameters={"include_deleted": "true"}
    )
    assert sorted(map(str, run.records["eportfolio_report"])) == sorted(map(str, both))


def courses_of(sandbox: Sandbox, term: str) -> list[Json]:
    return truth(sandbox, "provisioning_courses", parameters={"enrollment_term_id": f"sis_term_id:{term}"})


def terms(sandbox: Sandbox) -> list[Json]:
    vendor = sandbox.vendors["canvas"]
    assert isinstance(vendor, Canvas)
    return [
        {"id": term.id, "sis_term_id": term.sis_id, "name": term.name, "status": term.status}
        for term in vendor.data.terms
    ]


def test_the_users_own_parameters_are_sent_to_their_report_only(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    given = [
        {"report": "provisioning_csv", "name": "created_by_sis", "value": "true"},
        {"report": "provisioning_csv", "name": "include_enrollment_state", "value": "false"},
    ]
    config = quick(forgotten(sandbox), "canvas", report_parameters=given)

    run = connector.read(config, catalog_of([catalog["provisioning_users"], catalog["zero_activity"]]))

    assert orders(sandbox, "provisioning_csv") == [{"users": "true", "created_by_sis": "true", "skip_message": "true"}]
    assert orders(sandbox, "zero_activity_csv") == [{"skip_message": "true"}]
    expected = truth(sandbox, "provisioning_users", parameters={"created_by_sis": "true"})
    assert run.records["provisioning_users"] == expected


def test_a_grade_export_of_all_terms_names_the_term_of_each_row(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of([catalog["mgp_grade_export"]]))

    records = run.records["mgp_grade_export"]
    active = [term["name"] for term in terms(sandbox) if term["status"] == "active"]
    assert records == truth(sandbox, "mgp_grade_export")
    warnings = run.logged("WARN")
    assert warnings
    assert len(warnings) == len(set(warnings))  # what the files of all terms have in common is told once
    assert len(active) > 1
    assert {record["_report_member"] for record in records} <= set(active)
    assert len({record["_report_member"] for record in records}) > 1


def test_a_grade_export_of_one_term_is_one_order(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    term = str(terms(sandbox)[1]["id"])
    config = quick(forgotten(sandbox), "canvas", enrollment_term_id=term)

    run = connector.read(config, catalog_of([catalog["mgp_grade_export"]]))

    asked = orders(sandbox, "mgp_grade_export_csv")
    assert [one["enrollment_term_id"] for one in asked] == [term]
    expected = truth(sandbox, "mgp_grade_export", parameters={"enrollment_term_id": term})
    assert run.records.get("mgp_grade_export", []) == expected


# -- the institution's options


OPTIONS: list[dict[str, Any]] = [
    {"semicolon": True, "bom": True, "mastery_scales": True},
    {"no_outcomes": True, "temporary_enrollments": True, "consortium": True},
    {"integration_ids": True, "pronouns": True, "grade_override": True, "paginate_reports": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=[", ".join(one) for one in OPTIONS])
def test_the_institutions_options_change_the_columns_and_nothing_else(
    catalog: dict[str, Json], connector: Connector, options: dict[str, Any]
) -> None:
    with Sandbox(rows=30, settings={"canvas": options}) as other:
        run = connector.read(quick(other, "canvas"), catalog_of(catalog.values()))

        assert run.code == 0, run.errors
        for stream in other.streams("canvas"):
            assert run.records.get(stream, []) == truth(other, stream), stream


# -- adoption

SEEDS: list[tuple[str, bool, dict[str, Any]]] = [
    ("one that runs", True, {"status": "running", "age_minutes": 3}),
    ("one that waits", True, {"status": "created", "age_minutes": 3}),
    ("one that ended a moment ago", True, {"status": "complete", "age_minutes": 30, "ended_minutes": 10}),
    ("one that ended too long ago", False, {"status": "complete", "age_minutes": 30, "ended_minutes": 20}),
    ("one that failed", False, {"status": "error", "age_minutes": 3}),
    ("one that was aborted", False, {"status": "aborted", "age_minutes": 3}),
    ("one that has run for more than a day", False, {"status": "running", "age_minutes": 1500, "polls": 0}),
    (
        "one with other parameters",
        False,
        {"status": "running", "age_minutes": 3, "parameters": {"enrollment_term_id": "2"}},
    ),
]


@pytest.mark.parametrize(("adopted", "seed"), [case[1:] for case in SEEDS], ids=[case[0] for case in SEEDS])
def test_a_job_of_somebody_else_is_adopted_only_where_it_answers_the_order(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector, adopted: bool, seed: dict[str, Any]
) -> None:
    started = forgotten(sandbox).act(
        "canvas", "seed_run", report="zero_activity_csv", **{"parameters": {"skip_message": "true"}, **seed}
    )

    run = connector.read(quick(sandbox, "canvas"), catalog_of([catalog["zero_activity"]]))

    assert run.code == 0, run.errors
    assert run.records["zero_activity"] == truth(sandbox, "zero_activity")
    assert len(orders(sandbox, "zero_activity_csv")) == (0 if adopted else 1)
    polled = {entry.path.rsplit("/", 1)[-1] for entry in sandbox.requests("canvas", "poll")}
    assert (str(started["id"]) in polled) == (adopted and seed["status"] != "complete")
    assert sandbox.requests("canvas", "abort") == []
    assert sandbox.requests("canvas", "delete") == []


# -- catalogs and states that are not the usual ones


def test_a_stream_that_is_not_offered_is_an_error_and_the_others_are_read(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    gone = {**catalog["zero_activity"], "name": "no_such_stream"}

    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of([gone, catalog["zero_activity"]]), [])

    assert run.code == 1
    assert run.final["zero_activity"] == "COMPLETE"
    assert run.records["zero_activity"] == truth(sandbox, "zero_activity")
    assert any(
        "'no_such_stream' is not offered by Canvas. Refresh the stream list" in one["message"] for one in run.errors
    )
    assert {one["failure_type"] for one in run.errors} == {"config_error"}


def test_an_empty_catalog_asks_for_nothing(sandbox: Sandbox, connector: Connector) -> None:
    run = connector.read(quick(forgotten(sandbox), "canvas"), {"streams": []}, [])

    assert run.code == 0
    assert run.records == {}
    assert sandbox.requests("canvas") == []


def test_the_state_of_streams_that_are_gone_does_no_harm(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "old"}, "stream_state": {"x": 1}}}]

    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of([catalog["zero_activity"]]), state)

    assert run.code == 0
    assert run.records["zero_activity"] == truth(sandbox, "zero_activity")


def test_a_ticket_that_cannot_be_read_is_ordered_anew(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    damaged = {"_report_tickets": [{"v": 99, "id": "1"}, "nonsense"]}
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "zero_activity"}, "stream_state": damaged}}]

    run = connector.read(quick(forgotten(sandbox), "canvas"), catalog_of([catalog["zero_activity"]]), state)

    assert run.code == 0
    assert run.records["zero_activity"] == truth(sandbox, "zero_activity")
    assert len([text for text in run.logged("WARN") if "zero_activity" in text]) == 2


def test_the_report_that_took_longest_in_the_last_sync_is_ordered_first(
    sandbox: Sandbox, catalog: dict[str, Json], connector: Connector
) -> None:
    names = ["zero_activity", "last_user_access", "unpublished_courses"]
    streams = [catalog[name] for name in names]
    state = [
        {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": name}, "stream_state": {"_report_seconds": seconds}},
        }
        for name, seconds in (("last_user_access", 7), ("unpublished_courses", 900))
    ]
    config = {**quick(forgotten(sandbox), "canvas"), "max_concurrent_reports": 1}

    run = connector.read(config, catalog_of(streams, "full_refresh"), state)

    assert run.code == 0
    ordered = [entry.report for entry in sandbox.requests("canvas", "order")]
    assert ordered == ["unpublished_courses_csv", "last_user_access_csv", "zero_activity_csv"]
