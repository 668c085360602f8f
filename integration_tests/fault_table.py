"""What can go wrong at each platform, and what must come of it.

Each `Case` is one fault of the sandbox and the promise that holds in it; each `Subject` is one stream that is struck,
beside a healthy one. `cases_of` joins them: a case applies to a subject that has all that the case `needs`.
A case's promise may differ at a platform; then the subject says so in `instead`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Ending = Literal["whole", "fails"]


@dataclass(frozen=True)
class Case:
    """One fault and its promise.

    Args:
        name: Unique.
        what: The same in a reader's words.
        faults: As the sandbox is told, without vendor and report; they strike the subject's report.
        needs: Traits that a subject must have.
        ends: `whole`: the first sync ends well, with every row. `fails`: the struck stream ends INCOMPLETE with an
            error, and the next sync, without the fault, makes it whole.
        words: Texts that the error must contain, or, where the sync ends well, that one warning must contain.
        kind: The failure type of the error.
        jobs: How many jobs the first sync makes the vendor start for the struck report; None where it does not matter.
        later_jobs: How many jobs the next sync makes it start.
        minutes: `report_timeout_minutes` of the first sync.
        finish: Let the vendor end its running jobs before the next sync.
        orphans: Jobs that run on at the vendor, which denies them.
        everywhere: The fault strikes all reports, so that no stream is healthy.
    """

    name: str
    what: str
    faults: tuple[str, ...]
    needs: frozenset[str] = frozenset({"jobs"})
    ends: Ending = "whole"
    words: tuple[str, ...] = ()
    kind: str = "transient_error"
    jobs: int | None = None
    later_jobs: int | None = None
    minutes: float = 1.0
    finish: bool = False
    orphans: int = 0
    everywhere: bool = False


@dataclass(frozen=True)
class Subject:
    """One stream of one platform, as it is read in the tests.

    Args:
        name: What the tests and the matrix call it.
        platform: The platform.
        stream: The stream that is struck.
        report: What the sandbox calls its report.
        healthy: A stream of another report.
        traits: What it has: `jobs`, `list` (of jobs), `answers` (in JSON, to orders and looks), `links`, `csv`,
            `json`, `xlsx`, `tokens`, `pages`, ...
        settings: Of the `platform` part of the config.
        shared: The rest of the config.
        sandbox: Switches of the vendor.
        instead: Other promises, by the case's name; None where the case cannot happen here.
        window_columns: Columns that the connector adds to each row.
    """

    name: str
    platform: str
    stream: str
    report: str
    healthy: str
    traits: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    instead: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


def _case(name: str, what: str, *faults: str, needs: str = "jobs", **more: Any) -> Case:
    return Case(name, what, faults or (name,), frozenset(needs.split()), **more)


_OVERDUE = ("still not ready after", "the next sync takes it up")
JOBS = (
    _case("job_fails", "the job fails once", jobs=2),
    _case("job_fails_twice", "the job fails twice", "job_fails:count=2", jobs=3),
    _case("job_fails_for_good", "the job fails each time", "job_fails:count=always,words=Shard is down",
          ends="fails", words=("was ended as failed by the vendor; it was ordered 3 times", "Run the sync again later"),
          jobs=3, later_jobs=1),
    _case("job_fails_at_100", "the job fails while its progress says 100 %", jobs=2),
    _case("job_no_file", "the job ends without a file", jobs=2),
    _case("job_aborted", "somebody aborts the job", jobs=2),
    _case("job_deleted", "somebody deletes the job", jobs=2),
    _case("job_no_link", "the job is ready but names no file", needs="jobs answers", jobs=2),
    _case("job_restarts", "the job goes back to waiting", jobs=1),
    _case("job_slow", "the job takes its time", "job_slow:polls=6", jobs=1),
    _case("job_unknown_status", "the job shows a status that no page names", jobs=1,
          words=("unknown job status 'paused'",)),
    _case("job_unknown_for_ever", "the unknown status stays", "job_unknown_status:polls=always", ends="fails",
          words=_OVERDUE, jobs=1, later_jobs=0, minutes=0.03, finish=True),
    _case("job_never", "the job is not ready at the deadline", ends="fails",
          words=_OVERDUE, jobs=1, later_jobs=0, minutes=0.03, finish=True),
)  # fmt: skip
ORDERS = (
    _case("order_500", "ordering answers 500", jobs=1),
    _case("order_503", "ordering answers 503", jobs=1),
    _case("order_reset", "the connection breaks while ordering", jobs=1),
    _case("order_lost", "the order is taken, but its answer is lost", needs="jobs list", jobs=1),
    _case("order_lost_blind", "the order is taken, but its answer is lost, and there is no list to find it in",
          "order_lost", needs="jobs blind", jobs=2),
    _case("order_html", "a web page answers the order", jobs=1),
    _case("order_notjson", "something that is not JSON answers the order", needs="jobs answers", jobs=1),
    _case("order_empty", "nothing answers the order", needs="jobs answers", jobs=1),
    _case("order_429", "too many requests, Retry-After in seconds", jobs=1),
    _case("order_429_date", "too many requests, Retry-After as a date", "order_429_date:retry_after=2", jobs=1),
    _case("order_429_bare", "too many requests, no Retry-After", needs="jobs noquota", jobs=1),
    _case("order_throttle", "too many requests, told as a plain 403", needs="jobs throttle", jobs=1),
    _case("order_500_for_good", "ordering answers 500 each time", "order_500:count=always", ends="fails",
          words=("could not be ordered", "Run the sync again later"), jobs=0, later_jobs=1),
    _case("order_401", "the credentials are refused mid-sync", "order_401:count=always,reason=expired",
          ends="fails", kind="config_error", words=("report",), jobs=0, later_jobs=1),
    _case("order_403", "the permission is missing", "order_403:count=always", ends="fails", kind="config_error",
          words=("report",), jobs=0, later_jobs=1),
    _case("order_404", "the report is not offered", "order_404:count=always", ends="fails", kind="config_error",
          words=("report",), jobs=0, later_jobs=1),
    _case("order_redirect", "ordering redirects to another host", "order_redirect:count=always", ends="fails",
          kind="config_error", words=("Credentials are not sent there",), jobs=0, later_jobs=1),
    _case("list_500", "the list of running jobs is out of reach", "list_500:count=always", needs="jobs list",
          words=("cannot be looked up, so new ones are ordered",), jobs=1),
)  # fmt: skip
POLLS = (
    _case("poll_500", "polling answers 500", "poll_500:count=3", jobs=1),
    _case("poll_502", "polling answers a proxy's 502", jobs=1),
    _case("poll_reset", "the connection breaks while polling", "poll_reset:count=3", jobs=1),
    _case("poll_429", "too many polls, Retry-After in seconds", jobs=1),
    _case("poll_429_bare", "too many polls, no Retry-After", needs="jobs noquota", jobs=1),
    _case("poll_throttle", "too many polls, told as a plain 403", needs="jobs throttle", jobs=1),
    _case("poll_html", "a web page answers the poll", needs="jobs answers", jobs=1),
    _case("poll_notjson", "something that is not JSON answers the poll", needs="jobs answers", jobs=1),
    _case("poll_empty", "nothing answers the poll", needs="jobs answers", jobs=1),
    _case("poll_404", "the vendor says that it does not know the job, though it runs", jobs=1),
    _case("poll_500_for_good", "polling answers 500 until the deadline", "poll_500:count=always", ends="fails",
          words=("still not ready after", "The last look at it failed"), jobs=1, later_jobs=0, minutes=0.03),
    _case("poll_401", "the credentials are refused while polling", "poll_401:count=always,reason=expired",
          ends="fails", kind="config_error", words=("report",), jobs=1, later_jobs=0),
)  # fmt: skip
LINKS = (
    *(_case(f"link_expired_{status}", f"the link has expired ({status})", f"link_expired:status={status}",
            needs="links", jobs=1) for status in (401, 403, 404, 410)),
    _case("link_expired_for_good", "every link has expired", "link_expired:count=always", needs="links", ends="fails",
          words=("download link", "is dead", "Run the sync again later"), jobs=3),
    _case("link_500", "the download answers 500", needs="links", jobs=1),
    _case("link_503", "the download answers 503", needs="links", jobs=1),
    _case("link_reset", "the download's connection breaks at once", needs="links", jobs=1),
    _case("link_slow", "the download is slow", jobs=1),
    _case("link_broken_midway", "the download breaks midway and is resumed", needs="links", jobs=1),
    _case("link_broken_no_range", "the download breaks midway and cannot be resumed", needs="links", jobs=1),
    _case("link_changed_midway", "the file changes while it is resumed", needs="links", jobs=1),
    _case("link_other_range", "another range comes than the rest that is asked for", needs="links", jobs=1),
    _case("link_weak_etag", "the rest is that of another file, with a weak validator", needs="links", jobs=1),
    _case("download_throttle", "too many downloads, told as a plain 403", "download_throttle:count=4", needs="links",
          jobs=1),
    _case("download_429", "too many downloads, Retry-After in seconds", needs="links", jobs=1),
)  # fmt: skip
TRADES = (
    _case("trade_500", "asking for a file's address answers 500", "trade_500", needs="trade", jobs=1),
    _case("trade_reset", "the connection breaks while a file's address is asked for", needs="trade", jobs=1),
    _case("trade_html", "a web page comes instead of a file's address", needs="trade", jobs=1),
    _case("trade_500_for_good", "asking for addresses answers 500 each time", "trade_500:count=always", needs="trade",
          ends="fails", words=("Run the sync again",), jobs=1, later_jobs=0),
)  # fmt: skip
BYTES = (
    _case("link_html", "a web page comes instead of the report", needs="file"),
    _case("link_json_error", "a JSON error comes instead of the report", needs="file"),
    _case("link_empty", "nothing comes", needs="file"),
    _case("link_truncated", "less comes than was announced", needs="file"),
    _case("link_cut_row", "the report is cut inside a row, without a length", needs="file csv"),
    _case("link_cut_row_length", "the report is cut inside a row, and its length agrees", needs="file csv"),
    _case("link_cut_behind_row", "the report is cut behind a row, its length agrees, and the job tells how long it is",
          needs="file csv sized", jobs=1),
    _case("link_cut_quote", "the report is cut inside a quoted cell", needs="file csv"),
    _case("link_cut_json", "the report is cut, without a length", "link_cut_row", needs="file json"),
    _case("link_cut_xlsx", "the workbook is cut, without a length", "link_cut_row", needs="file xlsx"),
    _case("link_broken_gzip", "the gzip stream ends early", needs="file"),
    _case("link_broken_zip", "the ZIP has no end", needs="file"),
    _case("link_broken_xlsx", "the workbook's sheet is broken XML", needs="file"),
    _case("link_bad_checksum", "the ZIP's checksum is wrong", needs="file"),
    _case("link_zip_bomb", "a ZIP bomb comes", needs="file"),
    _case("link_zip_many", "a ZIP of too many members comes", needs="file"),
)  # fmt: skip
CLOTHES = (
    _case("link_gzip", "the report comes with Content-Encoding gzip", needs="file", jobs=1),
    _case("link_gzip_file", "the report is a gzip file", needs="file", jobs=1),
    _case("link_wrong_type", "the report has a wrong type", needs="file", jobs=1),
    _case("link_no_type", "the report has no type and no name", needs="file", jobs=1),
    _case("link_lower_headers", "header names come in lower case", needs="file", jobs=1),
    _case("link_no_length", "the report comes without a length", needs="file", jobs=1),
)  # fmt: skip
PAGES = (
    _case("page_500", "a page answers 500", needs="pages"),
    _case("page_503", "a page answers 503", "page_503:count=2", needs="pages"),
    _case("page_reset", "the connection breaks at a page", needs="pages"),
    _case("page_429", "too many requests, Retry-After in seconds", needs="pages"),
    _case("page_429_date", "too many requests, Retry-After as a date", "page_429_date:retry_after=2", needs="pages"),
    _case("page_429_bare", "too many requests, no Retry-After", needs="pages"),
    _case("page_html", "a web page comes instead of a page", needs="pages"),
    _case("page_notjson", "a page is not JSON", needs="pages"),
    _case("page_empty", "a page is empty", needs="pages"),
    _case("page_late_reset", "the connection breaks at the second page", "page_reset:nth=2", needs="pages"),
    _case("page_500_for_good", "pages answer 500 each time", "page_500:count=always", needs="pages", ends="fails",
          words=("could not be downloaded", "Run the sync again later")),
    _case("page_html_for_good", "web pages come each time", "page_html:count=always", needs="pages", ends="fails",
          words=("Run the sync again later",)),
    _case("page_401", "the token is refused mid-sync and renewed", needs="pages tokens"),
    _case("page_403", "the scope is missing", "page_403:count=always", needs="pages", ends="fails",
          kind="config_error", words=("report",)),
    _case("page_404", "the list is not there", "page_404:count=always", needs="pages", ends="fails",
          kind="config_error", words=("report",)),
)  # fmt: skip
TOKENS = (
    _case("token_expires", "the token ends mid-sync and is renewed", "poll_401", needs="jobs tokens", jobs=1),
    _case("token_500", "the token endpoint answers 500", "token_500", needs="tokens"),
    _case("token_reset", "the connection breaks at the token endpoint", "token_reset", needs="tokens"),
    _case("token_401", "the client is refused", "token_401:count=always", needs="tokens", ends="fails",
          kind="config_error", everywhere=True),
)  # fmt: skip

# What comes is not a report, each time: the same cases once more, for good.
_FOR_GOOD = {
    "link_html": "web page",
    "link_json_error": "",
    "link_empty": "",
    "link_truncated": "",
    "link_cut_row": "",
    "link_cut_behind_row": "bytes of",
    "link_cut_json": "",
    "link_cut_xlsx": "",
    "link_broken_zip": "",
    "link_zip_bomb": "",
}
BYTES_FOR_GOOD = tuple(
    dataclasses.replace(
        case,
        name=f"{case.name}_for_good",
        what=f"{case.what}, each time",
        faults=tuple(f"{fault}:count=always" for fault in case.faults),
        ends="fails",
        words=("Run the sync again later", *filter(None, [_FOR_GOOD[case.name]])),
        jobs=None,
    )
    for case in BYTES
    if case.name in _FOR_GOOD
)
CASES = (*JOBS, *ORDERS, *POLLS, *LINKS, *TRADES, *BYTES, *BYTES_FOR_GOOD, *CLOTHES, *PAGES, *TOKENS)

_LINKS = frozenset({"jobs", "answers", "links", "file"})
SUBJECTS = (
    Subject(
        "Canvas",
        "canvas",
        stream="last_user_access",
        report="last_user_access_csv",
        healthy="zero_activity",
        traits=_LINKS | {"list", "csv", "throttle", "noquota", "sized"},
        instead={
            "order_401": {"words": ("has expired. Make a new one in Canvas",)},
            "poll_401": {"words": ("has expired. Make a new one in Canvas",)},
            "order_404": {"words": ("does not offer this report",)},
        },
    ),
    Subject(
        "Second Nature",
        "second_nature",
        stream="course_completion_report",
        report="course-completion-report",
        healthy="conversation_transcripts",
        traits=_LINKS | {"blind", "json", "noquota"},
        settings={"reports": ["course-completion-report", "conversation-transcripts"]},
        instead={"order_lost_blind": {"orphans": 1}},
    ),
    Subject(
        "Second Nature, CSV",
        "second_nature",
        stream="course_completion_report",
        report="course-completion-report",
        healthy="conversation_transcripts",
        traits=frozenset({"file", "csv"}),
        settings={"reports": ["course-completion-report", "conversation-transcripts"], "report_format": "csv"},
    ),
    Subject(
        "Second Nature, XLSX",
        "second_nature",
        stream="course_completion_report",
        report="course-completion-report",
        healthy="conversation_transcripts",
        traits=frozenset({"file", "xlsx"}),
        settings={"reports": ["course-completion-report", "conversation-transcripts"], "report_format": "xlsx"},
    ),
    Subject(
        "Sana",
        "sana",
        stream="user_course_instance_progress",
        report="user_course_instance_progress",
        healthy="users",
        traits=_LINKS | {"blind", "csv", "tokens", "noquota"},
        # The sandbox ends every token with the one that it refuses.
        instead={
            "order_401": {"everywhere": True},
            "poll_401": {"everywhere": True},
            "order_lost_blind": {"orphans": 1},
        },
    ),
    Subject(
        "TinQwise",
        "tinqwise",
        stream="modules",
        report="modules",
        healthy="users",
        traits=frozenset({"pages", "tokens"}),
        sandbox={"page_size": 25},
    ),
    Subject(
        "Instructure DAP",
        "instructure_dap",
        stream="users",
        report="users",
        healthy="accounts",
        traits=_LINKS | {"blind", "json", "tokens", "trade"},
        settings={"tables": ["users", "accounts"]},
        # The connector's own quota holds within a sync; two syncs in one minute would wait for the vendor's.
        sandbox={"orders_a_minute": 100},
        # The sandbox ends every token with the one that it refuses, and an equal order is the job that is there.
        instead={
            "order_401": {"everywhere": True},
            "poll_401": {"everywhere": True},
            "order_lost_blind": {"jobs": 1},
            "link_expired_for_good": {"jobs": 1},
            # The list of tables is asked for first, so that the sync ends before a stream begins. What holds then is
            # in test_instructure_dap.
            "token_401": None,
        },
    ),
    Subject(
        "HapYak",
        "hapyak",
        stream="user_stream_raw",
        report="user_stream_raw",
        healthy="signin_widget_detail",
        traits=frozenset({"jobs", "file", "blind", "csv"}),
        settings={"reports": ["user_stream_raw", "signin_widget_detail"]},
        # The connector's own quota holds within a sync; two syncs in one minute would wait for the vendor's.
        sandbox={"per_minute": 100},
        shared={"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-02-01T00:00:00Z"},
        instead={
            "order_lost_blind": {"jobs": 1},
            "job_unknown_status": {"words": ()},
            # A poll is the order's own request, and 500 means that the report failed.
            "poll_404": None,
            "poll_500": {"faults": ("poll_500:count=2",)},
            "poll_500_for_good": {
                "words": ("could not be ordered", "Run the sync again later"),
                "minutes": 1.0,
            },
        },
    ),
    Subject(
        "Adobe Learning Manager",
        "adobe_learning_manager",
        stream="learner_transcripts",
        report="generateLearnerTranscript",
        healthy="trainings",
        traits=_LINKS | {"blind", "csv", "tokens"},
        settings={"reports": ["learner_transcripts", "trainings"]},
        shared={"start_date": "2025-06-01T00:00:00Z", "end_date": "2026-01-20T00:00:00Z"},
        # The sandbox ends every token with the one that it refuses.
        instead={
            "order_401": {"everywhere": True},
            "poll_401": {"everywhere": True},
            # The job whose order was lost is in progress, so no second one is taken meanwhile.
            "order_lost_blind": {
                "ends": "fails",
                "words": ("quota", "Run the sync again after"),
                "jobs": 1,
                "later_jobs": 1,
                "finish": True,
            },
            "order_404": {"words": ("report",)},
        },
    ),
    Subject(
        "Brightspace",
        "brightspace",
        stream="all_grades",
        report="All Grades",
        healthy="final_grades",
        traits=frozenset({"jobs", "answers", "file", "blind", "csv", "noquota"}),
        settings={"data_sets": ["All Grades", "Final Grades"]},
        shared={"start_date": "2025-12-01T00:00:00Z", "end_date": "2026-01-20T00:00:00Z"},
        # A job has no link to name, and its statuses are numbers. A token that is refused ends all of them.
        instead={
            "order_lost_blind": {"orphans": 1},
            "job_no_link": None,
            "job_unknown_status": {"words": ("'7'",)},
            "order_401": {"everywhere": True},
            "poll_401": {"everywhere": True},
        },
    ),
    Subject(
        "Percipio",
        "percipio",
        stream="learning_activity",
        report="learning_activity",
        healthy="entitlements",
        traits=frozenset({"jobs", "answers", "file", "blind", "json", "noquota"}),
        settings={"reports": ["learning_activity", "entitlements"]},
        shared={"start_date": "2025-12-01T00:00:00Z", "end_date": "2026-01-20T00:00:00Z"},
        # A web page or an error where the report should be is an answer about the job.
        instead={
            "order_lost_blind": {"orphans": 1},
            "link_html_for_good": {"words": ("still not ready after", "web page"), "minutes": 0.03},
            "link_json_error_for_good": {"words": ("it was ordered 3 times", "Run the sync again later")},
        },
    ),
)


def cases_of(subject: Subject) -> Iterator[Case]:
    """The cases that can happen to a subject, with its own promises."""
    for case in CASES:
        if case.needs <= subject.traits:
            instead = subject.instead.get(case.name, {})
            if instead is not None:
                yield dataclasses.replace(case, **instead)


#: What befalls the bytes of a file is looked at by `files/`, which knows no vendor: unit_tests/files tries each fault
#: on each kind of file, and `make test` at one platform for each kind, and for good at the first. `make faults` tries
#: all.
ONE_A_KIND_OF_FILE = ("Canvas", "Second Nature", "Second Nature, XLSX")


#: What befalls a single request is looked at by `api/`, which knows no vendor either: `make test` tries it at one
#: platform of each pattern (tickets; the same request again; pages), and what a platform's own words decide everywhere.
ONE_A_PATTERN = ("Canvas", "TinQwise", "HapYak")
LOOKS_THAT_ARE_REPORTS = (*ONE_A_PATTERN, "Percipio")
OF_REQUESTS = frozenset(
    {
        "order_500", "order_503", "order_reset", "order_html", "order_notjson", "order_empty", "order_429",
        "order_429_date", "order_429_bare", "order_500_for_good", "order_redirect", "poll_500", "poll_502",
        "poll_reset", "poll_429", "poll_429_bare", "poll_html", "poll_notjson", "poll_empty", "poll_500_for_good",
        "link_expired_401", "link_expired_404", "link_expired_410", "link_500", "link_503", "link_reset", "link_slow",
        "link_broken_midway", "link_broken_no_range", "link_changed_midway", "link_other_range", "link_weak_etag",
        "download_throttle", "download_429", "job_unknown_for_ever",
    }
)  # fmt: skip


def in_brief(subject: Subject, case: Case) -> bool:
    """Whether `make test` tries this one."""
    if case.name in OF_REQUESTS:
        return subject.name in (LOOKS_THAT_ARE_REPORTS if case.name.startswith("poll_") else ONE_A_PATTERN)
    if "file" not in case.needs:
        return True
    return subject.name in (ONE_A_KIND_OF_FILE[:1] if case.ends == "fails" else ONE_A_KIND_OF_FILE)


def spec(fault: str, subject: Subject, *, everywhere: bool = False) -> str:
    """A case's fault as the sandbox is told: at the subject's vendor and report."""
    name, _, arguments = fault.partition(":")
    report = "" if everywhere or name.startswith("token_") else f"report={subject.report}"
    return f"{name}@{subject.platform}:{','.join(filter(None, (report, arguments)))}"
