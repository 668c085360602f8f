"""The sandbox speaks as Canvas' pages and source say."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.sandbox.formats import cell_text
from integration_tests.sandbox.vendors.canvas_catalog import REPORT_TYPES
from integration_tests.sandbox.vendors.canvas_reports import streams_of

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import Canvas

ACCOUNT = "/api/v1/accounts/self"
WINDOW = {"start_at": "2026-01-01T00:00:00Z", "end_at": "2026-01-10T00:00:00Z"}
TYPES: dict[str, type] = {"int": int, "num": float, "bool": bool, "": str}


def members(content: bytes) -> dict[str, list[list[str]]]:
    """The tables of a downloaded file by member name (`` for a plain CSV)."""
    if content[:2] != b"PK":
        return {"": list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(archive.read(name).decode(), newline="")))
            for name in archive.namelist()
        }


def as_texts(record: dict[str, Any]) -> list[str]:
    return [cell_text(value) for name, value in record.items() if not name.startswith("_report_")]


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"institutional_tags": True}}}], indirect=True)
@pytest.mark.parametrize("report", sorted(REPORT_TYPES))
def test_what_is_served_is_what_truth_says(sandbox: Sandbox, canvas: Canvas, report: str) -> None:
    outputs = REPORT_TYPES[report].outputs
    asked = dict.fromkeys(outputs, "true") if len(outputs) > 1 else {}
    asked |= WINDOW if report.startswith("students_with") else {}
    tables = members(canvas.report(report, **asked).content)
    for stream in streams_of(report):
        expected = list(sandbox.truth("canvas", stream))
        output = stream.removeprefix(report.removesuffix("_csv") + "_") if len(outputs) > 1 else ""
        chosen = tables.values() if report.startswith("mgp") else [tables[output]]
        rows = [row for table in chosen for row in table[1:]]
        if report == "outcome_export_csv":
            assert any(len(row) > len(next(iter(chosen))[0]) for row in rows)
            rows = [row[:12] for row in rows]
            expected = [{k: v for k, v in record.items() if k != "_extra"} for record in expected]
        assert [as_texts(record) for record in expected] == rows
        assert rows


@pytest.mark.parametrize("report", sorted(set(REPORT_TYPES) - {"mgp_grade_export_csv"}))
def test_values_have_the_types_of_the_catalog(sandbox: Sandbox, report: str) -> None:
    for stream, columns in zip(
        streams_of(report),
        REPORT_TYPES[report].outputs.values(),
        strict=True,
    ):
        kinds = {c.split(" ?")[0].partition(":")[0]: c.split(" ?")[0].partition(":")[2] for c in columns}
        for record in sandbox.truth("canvas", stream, windows=[tuple(WINDOW.values())]):
            for name, value in record.items():
                if value is not None and name in kinds:
                    assert type(value) is TYPES[kinds[name]], (stream, name, value)


def test_a_run_goes_from_created_to_complete(canvas: Canvas) -> None:
    run = canvas.order("provisioning_csv", users="true")
    assert (run["status"], run["file_url"], "attachment" in run) == ("created", None, False)
    assert canvas.show(run)["status"] == "running"
    done = canvas.show(run)
    assert (done["status"], done["progress"]) == ("complete", 100)
    assert done["parameters"]["users"] == "true"
    assert {"locale", "extra_text"} <= set(done["parameters"])


def test_one_selector_is_a_csv_and_two_are_a_zip(canvas: Canvas) -> None:
    one = canvas.report("provisioning_csv", users="true", courses="false")
    two = canvas.report("provisioning_csv", users="true", terms="true")
    assert one.headers["Content-Type"] == "text/csv"
    assert two.headers["Content-Type"] == "application/zip"
    assert set(members(two.content)) == {"users", "terms"}


def test_no_selector_ends_as_error_with_progress_100(canvas: Canvas) -> None:
    run = canvas.finished("sis_export_csv", users="false")
    assert (run["status"], run["progress"], run["file_url"]) == ("error", 100, None)
    assert "failed to generate" in run["parameters"]["extra_text"]


def test_the_word_false_switches_created_by_sis_on(canvas: Canvas) -> None:
    plain = members(canvas.report("provisioning_csv", users="true").content)[""]
    trapped = members(canvas.report("provisioning_csv", users="true", created_by_sis="false").content)[""]
    same = members(canvas.report("provisioning_csv", users="true", include_deleted="false").content)[""]
    assert len(trapped) < len(plain) == len(same)


def test_the_download_redirects_to_another_host_that_refuses_credentials(sandbox: Sandbox, canvas: Canvas) -> None:
    url = canvas.finished("grade_export_csv")["attachment"]["url"]
    hop = canvas("GET", url, allow_redirects=False)
    assert hop.status_code == 302
    assert hop.headers["Location"].startswith(sandbox.files_url)
    assert canvas.bare(hop.headers["Location"]).status_code == 200
    assert canvas("GET", hop.headers["Location"]).status_code == 400
    assert len(sandbox.journal.marked("credentials-at-download-host")) == 1


def test_file_url_and_a_wrong_verifier_end_at_a_login_page(canvas: Canvas) -> None:
    run = canvas.finished("grade_export_csv")
    for url in (run["file_url"], run["attachment"]["url"][:-4] + "0000"):
        answer = canvas("GET", url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_links_expire_on_the_sandbox_clock(sandbox: Sandbox, canvas: Canvas) -> None:
    run = canvas.finished("grade_export_csv")
    link = canvas("GET", run["attachment"]["url"], allow_redirects=False).headers["Location"]
    sandbox.clock.advance(901)
    assert canvas.bare(link).status_code == 403


def test_history_is_newest_first_in_opaque_pages(canvas: Canvas) -> None:
    ids = [canvas.order("lti_report_csv", number=str(number))["id"] for number in range(12)]
    first = canvas("GET", f"{ACCOUNT}/reports/lti_report_csv")
    second = canvas("GET", first.links["next"]["url"])
    assert [run["id"] for run in [*first.json(), *second.json()]] == ids[::-1]
    assert "last" not in first.links
    assert "next" not in second.links
    assert canvas("GET", f"{ACCOUNT}/reports/lti_report_csv?page=2").json() == []


def test_abort_finds_what_is_under_way_and_delete_hides_the_run(canvas: Canvas) -> None:
    run = canvas.order("lti_report_csv")
    path = f"{ACCOUNT}/reports/lti_report_csv/{run['id']}"
    assert canvas("PUT", f"{path}/abort").json()["status"] == "aborted"
    assert canvas("PUT", f"{path}/abort").status_code == 404
    assert canvas("DELETE", path).json()["status"] == "deleted"
    assert canvas("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        ("canvas-token-expired", 401, "Expired access token."),
        ("canvas-token-revoked", 401, "Revoked access token."),
        ("nonsense", 401, "Invalid access token."),
        ("canvas-token-noscope", 401, "Insufficient scopes on access token."),
        ("canvas-token-noperm", 403, "user not authorized to perform that action"),
    ],
)
def test_refusals(canvas: Canvas, token: str, status: int, words: str) -> None:
    answer = canvas("GET", f"{ACCOUNT}/reports", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (status, words)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401 and "scopes" not in words)


def test_no_token_unknown_report_and_bad_term(canvas: Canvas) -> None:
    assert canvas.bare(f"{canvas.base}{ACCOUNT}").json()["status"] == "unauthenticated"
    assert canvas("POST", f"{ACCOUNT}/reports/nope_csv").status_code == 404
    bad = canvas("POST", f"{ACCOUNT}/reports/grade_export_csv", data={"parameters[enrollment_term_id]": "999"})
    assert (bad.status_code, bad.json()) == (400, {"error": "invalid enrollment_term_id '999'"})
    good = canvas("POST", f"{ACCOUNT}/reports/grade_export_csv", data={"parameters[enrollment_term_id]": "12"})
    assert good.status_code == 200


def test_terms_come_in_an_object(canvas: Canvas) -> None:
    answer = canvas("GET", f"{ACCOUNT}/terms?per_page=3")
    assert len(answer.json()["enrollment_terms"]) == 3
    assert len(canvas("GET", answer.links["next"]["url"]).json()["enrollment_terms"]) == 1


def test_a_term_without_grading_periods_is_a_member_with_a_lone_header(canvas: Canvas) -> None:
    tables = members(canvas.report("mgp_grade_export_csv").content)
    assert tables["Default Term"] == [["no grading periods configured for this enrollment term"]]
    assert "Q1 current score" in tables["Fall 2025"][0]
    assert "P3 final grade" in tables["Spring 2026"][0]
    assert "Été, 1 current score" in tables["Été 2026"][0]


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"semicolon": True, "bom": True}}}], indirect=True)
def test_outcome_reports_follow_the_users_separator(canvas: Canvas) -> None:
    outcomes = canvas.report("outcome_results_csv").content
    assert outcomes.startswith(b"\xef\xbb\xbfstudent name;student id;")
    assert canvas.report("grade_export_csv").content.startswith(b"student name,student id")


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"no_outcomes": True}}}], indirect=True)
def test_empty_outcome_reports_have_one_row_of_words(sandbox: Sandbox, canvas: Canvas) -> None:
    assert members(canvas.report("outcome_results_csv").content)[""][1] == ["No outcomes found"]
    assert list(sandbox.truth("canvas", "outcome_results")) == []


@pytest.mark.parametrize(
    "sandbox", [{"settings": {"canvas": {"temporary_enrollments": True, "consortium": True}}}], indirect=True
)
def test_the_sis_export_repeats_a_header_and_shifts_its_cells(sandbox: Sandbox, canvas: Canvas) -> None:
    table = members(canvas.report("sis_export_csv", enrollments="true").content)[""]
    source = "temporary_enrollment_source_user_id"
    assert table[0][-4:] == [source, f"canvas_{source}", source, "root_account"]
    assert len(table[1]) == len(table[0]) - 2
    record = next(iter(sandbox.truth("canvas", "sis_export_enrollments")))
    assert (record[f"canvas_{source}"], record[f"{source}_2"]) == ("canvas.example.edu", None)


def test_ranges_beyond_two_weeks_are_cut_silently(canvas: Canvas) -> None:
    name = "students_with_no_submissions_csv"
    long = canvas.report(name, start_at="2025-01-01T00:00:00Z", end_at="2026-01-15T00:00:00Z")
    last = canvas.report(name, start_at="2026-01-01T00:00:00Z", end_at="2026-01-15T00:00:00Z")
    assert long.content == last.content


def test_the_institutions_own_reports_are_listed_with_their_last_run(canvas: Canvas) -> None:
    listed = {item["report"]: item for item in canvas("GET", f"{ACCOUNT}/reports?include[]=parameters_html").json()}
    assert listed["custom_attendance_csv"]["last_run"]["status"] == "complete"
    assert listed["faculty_load_summary"]["last_run"] is None
    assert listed["outcome_export_csv"]["parameters"] is None
    assert listed["students_with_no_submissions_csv"]["parameters"]["start_at"]["required"] is True
    assert [item["title"] for item in listed.values()] == sorted(item["title"] for item in listed.values())


def test_seeded_runs_stand_in_the_history_and_go_on_when_shown(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.act("canvas", "seed_run", report="lti_report_csv", status="complete", age_minutes=40)
    run = sandbox.act("canvas", "seed_run", report="lti_report_csv", status="running", age_minutes=3)
    history = canvas("GET", f"{ACCOUNT}/reports/lti_report_csv").json()
    assert [item["status"] for item in history] == ["running", "complete"]
    assert canvas.show(run)["status"] == "complete"


def test_rows_change_between_two_runs(sandbox: Sandbox, canvas: Canvas) -> None:
    before = members(canvas.report("last_user_access_csv").content)[""]
    new = {"user id": 77, "user name": "New", "last access at": "2026-02-01T00:00:00-07:00"}
    sandbox.mutate("canvas", "last_user_access", add=[new], update={0: {"last ip": "9.9.9.9"}}, remove=[1])
    after = members(canvas.report("last_user_access_csv").content)[""]
    assert len(after) == len(before)
    assert after[1][-1] == "9.9.9.9"
    assert after[-1][0] == "77"
    assert len(list(sandbox.truth("canvas", "last_user_access"))) == len(after) - 1


def test_parameters_narrow_the_rows(canvas: Canvas) -> None:
    whole = members(canvas.report("grade_export_csv").content)[""]
    term = members(canvas.report("grade_export_csv", enrollment_term_id="sis_term_id:0025F").content)[""]
    deleted = members(canvas.report("grade_export_csv", include_deleted="true").content)[""]
    assert {row[9] for row in term[1:]} == {"Fall 2025"}
    assert len(term) < len(whole) < len(deleted)
    some = members(canvas.report("provisioning_csv", enrollments="true", enrollment_filter="TeacherEnrollment").content)
    assert {row[4] for row in some[""][1:]} == {"teacher"}
    assert canvas.finished("zero_activity_csv", course_id="404")["status"] == "error"


def test_include_enrollment_state_adds_a_column(sandbox: Sandbox, canvas: Canvas) -> None:
    name = "students_with_no_submissions_csv"
    for word, column in (("false", "course name"), ("true", "enrollment state")):
        found = canvas.report(name, include_enrollment_state=word, **WINDOW)
        assert members(found.content)[""][0][-1] == column
    starts = [record["_report_start"] for record in sandbox.truth("canvas", "students_with_no_submissions")]
    assert set(starts) == {WINDOW["start_at"]}


def test_accounts_keep_their_runs_apart(canvas: Canvas) -> None:
    run = canvas.order("lti_report_csv", account="sis_account_id:0000-A")
    assert canvas("GET", f"{ACCOUNT}/reports/lti_report_csv/{run['id']}").status_code == 404
    assert canvas("GET", f"/api/v1/accounts/2/reports/lti_report_csv/{run['id']}").json()["id"] == run["id"]
    assert canvas("GET", "/api/v1/accounts/77").status_code == 404
    assert canvas("GET", ACCOUNT).json()["id"] == 1


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"slow_slots": 1}}}], indirect=True)
def test_reports_of_one_institution_queue_up(canvas: Canvas) -> None:
    first, second = canvas.order("lti_report_csv"), canvas.order("grade_export_csv")
    assert [canvas.show(second)["status"] for _ in range(3)] == ["created", "created", "compiling"]
    assert canvas.show(first)["status"] == "complete"


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"no_verifier": True}}}], indirect=True)
def test_without_a_verifier_a_file_opens_by_the_token_alone(sandbox: Sandbox, canvas: Canvas) -> None:
    url = canvas.finished("lti_report_csv")["attachment"]["url"]

    assert "verifier" not in url
    assert canvas.bare(url).headers["Content-Type"].startswith("text/html")
    assert canvas("GET", url, allow_redirects=False).status_code == 302
    sandbox.vendors["canvas"].apply_settings({"file_scope": False})
    assert canvas("GET", url).json()["errors"] == [{"message": "Insufficient scopes on access token."}]


def test_a_token_beside_a_verifier_is_noted(sandbox: Sandbox, canvas: Canvas) -> None:
    url = canvas.finished("lti_report_csv")["attachment"]["url"]
    canvas.bare(url)
    assert not sandbox.journal.marked("credentials-with-signature")
    canvas("GET", url, allow_redirects=False)
    assert sandbox.journal.marked("credentials-with-signature")


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"offered": ["lti_report_csv"]}}}], indirect=True)
def test_an_account_offers_what_it_offers(sandbox: Sandbox, canvas: Canvas) -> None:
    assert [item["report"] for item in canvas("GET", f"{ACCOUNT}/reports").json()] == ["lti_report_csv"]
    assert canvas("POST", f"{ACCOUNT}/reports/grade_export_csv").status_code == 404
    assert sandbox.streams("canvas") == ["lti_report"]


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"parallel_limit": 0}}}], indirect=True)
def test_too_many_requests_at_once_are_throttled_in_plain_text(sandbox: Sandbox, canvas: Canvas) -> None:
    answer = canvas("GET", ACCOUNT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/plain; charset=utf-8")
    sandbox.vendors["canvas"].apply_settings({"parallel_limit": 1})
    assert [canvas("GET", ACCOUNT).status_code for _ in range(3)] == [200, 200, 200]


def test_an_order_of_what_is_under_way_is_answered_with_that_run(canvas: Canvas) -> None:
    path = f"{ACCOUNT}/reports/lti_report_csv"
    first = canvas.order("lti_report_csv")
    again = canvas("POST", path)
    assert again.status_code == 409
    assert again.json()["id"] == first["id"]
    assert canvas("GET", again.headers["Location"]).json()["id"] == first["id"]
    canvas.finished("lti_report_csv", include_deleted="true")  # other parameters: another run
    while canvas.show(first)["status"] != "complete":
        pass
    assert canvas.order("lti_report_csv")["id"] != first["id"]


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"term_without_courses": True}}}], indirect=True)
def test_the_grade_export_of_nothing_is_a_lone_line_end(canvas: Canvas) -> None:
    name = "mgp_grade_export_csv"
    assert canvas.report(name, enrollment_term_id="sis_term_id:0026S").content == b"\n"
    assert members(canvas.report(name, enrollment_term_id="15").content) == {"Winter 2026": [[]]}
    assert len(members(canvas.report(name, enrollment_term_id="13").content)["Spring 2026"]) > 1


def test_enrollment_states_are_an_array(canvas: Canvas) -> None:
    name, path = "students_with_no_submissions_csv", f"{ACCOUNT}/reports/students_with_no_submissions_csv"

    def states(field: str, *values: str) -> set[str]:
        asked = {**WINDOW, "include_enrollment_state": "true"}
        fields = [(f"parameters[{key}]", (None, value)) for key, value in asked.items()]
        run = canvas("POST", path, files=[*fields, *((field, (None, value)) for value in values)]).json()
        while run["status"] != "complete":
            run = canvas.show({**run, "report": name})
        return {row[-1] for row in members(canvas.bare(run["attachment"]["url"]).content)[""][1:]}

    assert states("parameters[enrollment_state][]", "active", "invited") == {"active", "invited"}
    assert states("parameters[enrollment_state]", "active,invited") == set()


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"elevated_login": True}}}], indirect=True)
def test_a_stronger_login_is_asked_for_on_every_report_endpoint(canvas: Canvas) -> None:
    answer = canvas("GET", f"{ACCOUNT}/reports")
    assert (answer.status_code, answer.json()["status"]) == (403, "unauthorized")
    assert canvas("GET", f"{ACCOUNT}/terms").status_code == 200
