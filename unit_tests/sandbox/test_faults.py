"""Every fault shows what its table says."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import requests

from integration_tests.sandbox.faults import FAULTS, LINK_FAULTS, Fault, UnknownFault

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import Canvas

REPORTS = "/api/v1/accounts/self/reports"
REPORT = "provisioning_csv"


def link(canvas: Canvas) -> str:
    """A fresh link on the download host."""
    url = canvas.finished(REPORT, users="true")["attachment"]["url"]
    return canvas.bare(url, allow_redirects=False).headers["Location"]


def test_a_spec_is_read() -> None:
    fault = Fault.parse("poll_500@canvas:nth=2,count=always,report=x,seconds=3")
    assert (fault.name, fault.vendor, fault.nth, fault.count, fault.report) == ("poll_500", "canvas", 2, -1, "x")
    assert fault.args == {"seconds": "3"}
    with pytest.raises(UnknownFault):
        Fault.parse("poll_sideways")


def test_every_fault_stands_in_the_tables() -> None:
    from integration_tests.sandbox import faults

    named = [name for name in FAULTS if name.startswith(("job_", "link_", "report_"))]
    assert [name for name in named if f"`{name}`" not in (faults.__doc__ or "")] == []


def test_nth_and_count(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("list_500@canvas:nth=2,count=2")
    seen = [canvas("GET", REPORTS).status_code for _ in range(4)]
    assert seen == [200, 500, 500, 200]
    assert len(sandbox.journal.marked("fault:list_500")) == 2


@pytest.mark.parametrize(
    ("effect", "status", "text"),
    [
        ("502", 502, "<html"), ("401", 401, "Expired access token."), ("403", 403, "not authorized"),
        ("429", 429, "Rate Limit Exceeded"), ("throttle", 403, "403 Forbidden (Rate Limit Exceeded)"),
        ("html", 200, "<!DOCTYPE html>"), ("notjson", 200, '{"data"'), ("404", 404, "does not exist"),
    ],
)  # fmt: skip
def test_effects_of_requests(sandbox: Sandbox, canvas: Canvas, effect: str, status: int, text: str) -> None:
    sandbox.fault(f"list_{effect}")
    answer = canvas("GET", REPORTS)
    assert answer.status_code == status
    assert text in answer.text
    assert canvas("GET", REPORTS).status_code == 200


def test_retry_after_in_three_forms(sandbox: Sandbox, canvas: Canvas) -> None:
    for name in ("any_429:retry_after=7", "any_429_date:retry_after=60", "any_429_bare"):
        sandbox.fault(name)
    values = [canvas("GET", REPORTS).headers.get("Retry-After") for _ in range(3)]
    assert values[0] == "7"
    assert str(values[1]).endswith("GMT")
    assert values[2] is None


@pytest.mark.parametrize(("effect", "orders"), [("reset", 0), ("lost", 1), ("timeout:seconds=0.01", 0)])
def test_connections_that_break_before_the_answer(sandbox: Sandbox, canvas: Canvas, effect: str, orders: int) -> None:
    sandbox.fault(f"order_{effect}")
    with pytest.raises(requests.ConnectionError):
        canvas("POST", f"{REPORTS}/lti_report_csv")
    assert len(sandbox.jobs("canvas")) == orders
    assert sandbox.requests("canvas", "order")[0].status == 0


def test_a_redirect_leads_to_another_host(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("poll_redirect")
    run = canvas.order("lti_report_csv")
    answer = canvas("GET", f"{REPORTS}/lti_report_csv/{run['id']}", allow_redirects=False)
    assert answer.headers["Location"].startswith(sandbox.files_url)


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("job_fails", ["running", "error"]),
        ("job_fails_at_100", ["running", "running", "error"]),
        ("job_slow:polls=4", ["running", "running", "running", "complete"]),
        ("job_never", ["running", "running", "running"]),
        ("job_unknown_status:status=paused,polls=2", ["paused", "paused", "complete"]),
        ("job_aborted", ["running", "aborted"]),
        ("job_restarts", ["running", "created", "running", "complete"]),
    ],
)
def test_lives_of_jobs(sandbox: Sandbox, canvas: Canvas, fault: str, statuses: list[str]) -> None:
    sandbox.fault(fault)
    run = canvas.order("lti_report_csv")
    assert [canvas.show(run)["status"] for _ in statuses] == statuses


def test_a_job_fails_as_often_as_told(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("job_fails@canvas:count=2,report=lti_report_csv,words=Boom")
    runs = [canvas.finished("lti_report_csv") for _ in range(3)]
    assert [run["status"] for run in runs] == ["error", "error", "complete"]
    assert runs[0]["parameters"]["extra_text"] == "Boom"


def test_a_deleted_job_is_not_found(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("job_deleted")
    run = canvas.order("lti_report_csv")
    canvas.show(run)
    assert canvas("GET", f"{REPORTS}/lti_report_csv/{run['id']}").status_code == 404


def test_an_empty_report_has_its_header(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("report_empty@canvas")
    assert canvas.report(REPORT, users="true").text.count("\n") == 1


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("link_expired", 403, "expired"), ("link_expired:status=410", 410, "expired"), ("link_503", 503, "error"),
        ("link_html", 200, "<!DOCTYPE html>"), ("link_json_error", 200, '{"errors"'), ("link_empty", 200, ""),
    ],
)  # fmt: skip
def test_something_else_than_the_file(sandbox: Sandbox, canvas: Canvas, fault: str, status: int, text: str) -> None:
    url = link(canvas)
    sandbox.fault(fault)
    answer = canvas.bare(url)
    assert answer.status_code == status
    assert text in answer.text
    assert bool(text) == bool(answer.content)
    assert canvas.bare(url).status_code == 200


def test_cut_without_a_length(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    whole = canvas.bare(url).content
    for name in ("link_cut_row", "link_cut_quote", "link_cut_row_length"):
        sandbox.fault(name)
        answer = canvas.bare(url)
        assert 0 < len(answer.content) < len(whole)
        assert not answer.content.endswith(b"\n")
        assert ("Content-Length" in answer.headers) == (name == "link_cut_row_length")
        if name == "link_cut_quote":
            assert answer.content.count(b'"') % 2 == 1


def test_cut_behind_a_row(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    whole = canvas.bare(url).content
    sandbox.fault("link_cut_behind_row")

    answer = canvas.bare(url)

    assert 0 < len(answer.content) < len(whole)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows == list(csv.reader(io.StringIO(whole.decode())))[: len(rows)]


@pytest.mark.parametrize("fault", ["link_truncated", "link_broken_midway", "link_broken_no_range"])
def test_broken_midway(sandbox: Sandbox, canvas: Canvas, fault: str) -> None:
    url = link(canvas)
    whole = canvas.bare(url)
    sandbox.fault(f"{fault}:at=0.25")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        canvas.bare(url)
    done = len(whole.content) // 4
    rest = canvas.bare(url, headers={"Range": f"bytes={done}-", "If-Range": whole.headers["ETag"]})
    if fault == "link_broken_no_range":
        assert (rest.status_code, rest.content) == (200, whole.content)
    else:
        assert (rest.status_code, rest.content) == (206, whole.content[done:])


def test_a_changed_file_is_not_resumed(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    tag = canvas.bare(url).headers["ETag"]
    sandbox.fault("link_changed_midway")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        canvas.bare(url)
    assert canvas.bare(url, headers={"Range": "bytes=5-", "If-Range": tag}).status_code == 200


def test_packed_in_many_ways(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    whole = canvas.bare(url).content
    sandbox.fault("link_gzip:count=1")
    packed = canvas.bare(url)
    assert (packed.headers["Content-Encoding"], packed.content) == ("gzip", whole)
    sandbox.fault("link_gzip_file:count=1")
    assert gzip.decompress(canvas.bare(url).content) == whole
    sandbox.fault("link_broken_gzip")
    with requests.get(url, timeout=10, stream=True) as answer, pytest.raises(EOFError):
        gzip.decompress(answer.raw.read(decode_content=False))


@pytest.mark.parametrize("fault", ["link_broken_zip", "link_broken_xlsx", "link_bad_checksum", "link_zip_many"])
def test_archives(sandbox: Sandbox, canvas: Canvas, fault: str) -> None:
    url = link(canvas)
    sandbox.fault(fault)
    content = canvas.bare(url).content
    assert content[:2] == b"PK"
    if fault == "link_broken_zip":
        assert not zipfile.is_zipfile(io.BytesIO(content))
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert (archive.testzip() is not None) == (fault == "link_bad_checksum")
        assert (len(archive.namelist()) > 1000) == (fault == "link_zip_many")


def test_a_zip_bomb(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    sandbox.fault("link_zip_bomb:mib=2")
    content = canvas.bare(url).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.infolist()[0].file_size > 2 << 20
    assert len(content) < 1 << 13


CLOTHES = ["link_wrong_type", "link_no_type", "link_lower_headers", "link_slow", "link_no_length"]


@pytest.mark.parametrize("fault", CLOTHES)
def test_the_right_bytes_in_strange_clothes(sandbox: Sandbox, canvas: Canvas, fault: str) -> None:
    url = link(canvas)
    whole = canvas.bare(url)
    sandbox.fault(f"{fault}:seconds=0.001")
    strange = canvas.bare(url)
    assert strange.content == whole.content
    assert len(sandbox.journal.marked(f"fault:{fault}")) == 1
    names = [list(answer.headers) for answer in (strange, whole)]
    kinds = [answer.headers.get("Content-Type") for answer in (strange, whole)]
    assert fault == "link_slow" or names[0] != names[1] or kinds[0] != kinds[1]


def test_every_link_fault_can_be_served(sandbox: Sandbox, canvas: Canvas) -> None:
    url = link(canvas)
    for name in LINK_FAULTS:
        sandbox.faults.clear()
        sandbox.fault(f"{name}:count=1,mib=1,seconds=0.001")
        with requests.Session() as session:
            try:
                session.get(url, timeout=10)
            except requests.RequestException:
                continue
    marks = [mark for entry in sandbox.journal.entries(kind="download") for mark in entry.marks]
    assert [mark for mark in marks if mark.startswith("fault:")] == [f"fault:{name}" for name in LINK_FAULTS]
    assert not sandbox.problems


def test_a_complete_run_without_a_file(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("job_no_link")
    run = canvas.finished("lti_report_csv")
    assert (run["status"], run["file_url"], "attachment" in run) == ("complete", None, False)


@pytest.mark.parametrize(("fault", "status"), [("download_503", 503), ("download_429:retry_after=5", 429)])
def test_faults_of_the_download_requests(sandbox: Sandbox, canvas: Canvas, fault: str, status: int) -> None:
    url = link(canvas)
    sandbox.fault(fault)
    answer = canvas.bare(url)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "5" if status == 429 else None)
    assert canvas.bare(url).status_code == 200


def test_seeded_runs_take_no_fault_away(sandbox: Sandbox, canvas: Canvas) -> None:
    sandbox.fault("job_fails@canvas")
    sandbox.act("canvas", "seed_run", report="lti_report_csv", status="complete")
    canvas("GET", REPORTS)
    assert canvas.finished("lti_report_csv")["status"] == "error"
