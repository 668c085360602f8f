"""The model of a platform file: all that is known about one vendor, as data.

A platform file is YAML under `platforms/`. It brings its branch of the connection specification, its
authenticators (called as in a low-code manifest), its requests, the words of its errors, and its reports and
streams. Unknown
keys are refused, so a typing error in a platform file is found when it is loaded.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import yaml

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.paths import Path

Template = str | int | float | bool | dict[str, str]
_PACKAGE = "source_lms_reports"


#: Without a cadence the looks at a job would be too many.
_LEAST_LONGEST_INTERVAL = 60.0


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all parts of a platform file."""


class PairsSpec(_Model, frozen=True, kw_only=True):
    """How parameters are written as a list of pairs: `{name: Name, value: Value}` -> `[{"Name": "a", "Value": "1"}]`.

    Attributes:
        name: The member that holds a parameter's name.
        value: The member that holds its value.
    """

    name: str
    value: str


class RequestSpec(_Model, frozen=True, kw_only=True):
    """A request as a template.

    Attributes:
        path: Path below the platform's base address.
        headers: Headers beside the standard ones.
        json: A JSON body: templates in objects and lists of any depth. What comes out empty is left out, and so is an
            object or a list of which nothing is left.
        one_a_part: The body is a list with one such object for each file of a job that is asked for, as `part`.
        parameters_in: Where the order's parameters go.
        parameters_at: The members of the JSON body that lead to the parameters; without them the body itself has them.
        pairs: The parameters are a list of pairs at `parameters_at`, an empty one where there are none.
        parameter_name: The field's name, with `{name}` for the parameter's own.
        list_name: The same for a parameter that is a list: each element becomes a field.
        records: Path of the list in a JSON answer.
        count: Path of the number of rows that a list says it has over all pages.
        pages: How a list goes on: by a `Link` header or by an address in the body at `next`.
    """

    method: Literal["GET", "POST", "PUT"] = "GET"
    path: str = ""
    query: dict[str, Template] = {}
    headers: dict[str, Template] = {}
    json: dict[str, Any] = {}
    one_a_part: bool = False
    parameters_in: Literal["", "query", "json", "multipart"] = ""
    parameters_at: list[str] = []
    pairs: PairsSpec | None = None
    parameter_name: str = "{name}"
    list_name: str = "{name}"
    records: Path = []
    pages: Literal["", "link_header", "next_url"] = ""
    next: Path = []
    count: Path = []

    def __post_init__(self) -> None:
        """Check that the parameters have a place.

        Raises:
            ValueError: They have none; msgspec makes a `ValidationError` of it.
        """
        if self.parameters_at and self.parameters_in != "json":
            raise ValueError("parameters_at is a place in a JSON body: parameters_in is json")
        if self.pairs and not self.parameters_at:
            raise ValueError("pairs are a list in a JSON body: parameters_at says where")


class ErrorRule(_Model, frozen=True, kw_only=True):
    """How one kind of refusal is recognised and what is said about it.

    A rule applies where every condition that it states holds. The first rule that applies wins.

    Attributes:
        status: HTTP statuses.
        phase: Steps (`check`, `list`, `order`, `poll`, `find`, `fetch`, `token`); empty means all.
        contains: A text that the body contains, in any case.
        body: What kind of body it is.
        kind: What to do: `config` and `gone` end the order, `throttled` and `transient` wait, `quota` waits long.
            `restart`: the changes since the cursor cannot be had any more, so the stream is read anew from its start,
            in the same sync. Such a rule is also looked for in what a failed job says.
        message: The user's words. May use `report`, `words` (the vendor's), `status`, `platform`.
    """

    kind: Literal["config", "transient", "throttled", "quota", "gone", "restart"]
    message: str
    status: list[int] = []
    phase: list[str] = []
    contains: str = ""
    body: Literal["", "json", "text", "html"] = ""


class JobSpec(_Model, frozen=True, kw_only=True):
    """Where a job's facts stand in the vendor's answers.

    Attributes:
        statuses: The vendor's statuses, mapped to ours. A status that is not here counts as running, with a warning.
        words: What the vendor says about a failure, at the first of several paths that says anything.
        size: How many bytes the one file at `links` has. One that is shorter was cut on its way, unless it is packed:
            the word may be of what is in it, and it tells its own end.
        parts: The ids of a finished job's files, where their addresses are asked for by the request `trade`: at the
            last moment, one file at a time. Each file is proven before its own rows are emitted.
        part_links: Those addresses, in the answer to `trade`.
        cursor: What a finished job says of how far it reaches, in its own form. It is the cursor of all streams, and
            what the next order begins at; no row's value and no clock of ours has a part in it.
        http_statuses: For jobs whose state is told by the HTTP status alone. `failed` counts in answers to polls only.
        report_in_poll: A job is looked at by an address that gives the report as soon as there is one: a JSON object
            is an answer about the job, and so is one of `statuses` alone; anything else is the report.
        failed_if: Where only a failed job has something, which makes a job without a known status a failed one.
        placed_before: HTTP statuses of an answer to an order that mean: there is such a job, and the body holds it. It
            is read, and never aborted, for it may be somebody else's.
    """

    id: Path = []
    status: Path = []
    statuses: dict[str, Literal["queued", "running", "ready", "failed", "gone"]] = {}
    progress: Path = []
    lines: Path = []
    words: Path = []
    created_at: Path = []
    finished_at: Path = []
    links: Path = []
    expires_at: Path = []
    size: Path = []
    parts: Path = []
    part_links: Path = []
    cursor: Path = []
    report_in_poll: bool = False
    failed_if: Path = []
    http_statuses: dict[int, Literal["running", "ready", "failed"]] = {}
    placed_before: list[int] = []


class FindSpec(_Model, frozen=True, kw_only=True):
    """How the vendor's own list of jobs is searched for one that can be adopted.

    Attributes:
        parameters: Where a listed job's parameters stand.
        ignore: Parameters that do not tell jobs apart (written by the server, or without effect on the rows).
    """

    request: str
    parameters: Path
    ignore: list[str] = []


class PolicySpec(_Model, frozen=True, kw_only=True):
    """How often the vendor wants to be asked for a job. Seconds.

    Attributes:
        cadence: The shortest time between two looks that the vendor states; there is one early look besides, for a
            report that it has kept. `unstated` where it states none: a look after a second, then waits of a quarter of
            the time that the job has taken so far.
        throttled: How long to wait after a 429 that does not say how long.
        max_interval: The longest time between two looks. At least a minute where the cadence is unstated, so that
            the looks at a job stay few.
        one_a_report: Whether the vendor makes one job of a report at a time, and refuses a second order meanwhile.
        source: Where the figures come from.
    """

    cadence: float | Literal["unstated"]
    max_interval: float = 120.0
    throttled: float = 0.0
    one_a_report: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Check that the figures can be kept.

        Raises:
            ValueError: They cannot; msgspec makes a `ValidationError` of it.
        """
        if self.cadence == "unstated":
            if self.max_interval < _LEAST_LONGEST_INTERVAL:
                raise ValueError(f"max_interval is at least {_LEAST_LONGEST_INTERVAL:.0f} where no cadence is stated")
        elif self.cadence <= 0:
            raise ValueError("cadence is more than 0")


class LimitSpec(_Model, frozen=True, kw_only=True):
    """At most `count` new reports in `per_seconds` seconds.

    Attributes:
        per: Whether the vendor counts the orders of each report apart. When they were made is then kept in the state,
            so that the limit holds over several syncs.
    """

    count: int
    per_seconds: int
    per: Literal["", "report"] = ""


class FollowUpSpec(_Model, frozen=True, kw_only=True):
    """How a window goes on whose result the vendor has cut off: by a further order, from the last row on.

    Attributes:
        rows: A result of so many rows is cut off; one of fewer is the last.
        column: Its value in the last row is where the next order begins.
        parameter: The order's parameter that takes it.
    """

    rows: int
    column: str
    parameter: str


class WindowSpec(_Model, frozen=True, kw_only=True):
    """How a report's time is cut into windows.

    Attributes:
        unit: `instants` are consecutive spans of time up to now; `days` are whole days that have ended, both ends
            included;
            `span` is one open span from the cursor to now.
        length: Longest window: `14 days`, `6 months`, or a calendar unit `day`, `week`, `month` (a template).
        default_start: How far back the first sync goes without `start_date`; empty means from the beginning.
        only_with_start: Without `start_date` or a cursor there is no window at all.
        whole_first: A first sync and a full refresh have no window, whatever dates the user sets.
        constants: Whether rows carry `_report_start` and `_report_end`: always, or where they are the stream's cursor.
        parameters: The order's parameters, with `window.start`, `window.end`, `window.start_unix`, `window.end_unix`.
        fresh: What makes the vendor leave aside a report that it has kept from before. Sent with incremental orders:
            what has changed since a kept report was made is not in it, and nobody tells when that was.
        open_end: Calendar units that have not ended are read up to now instead of being left for later.
        optional: Reports may refuse a window: one that does is read whole.
        split_at_rows: A result of this many rows is cut off: the window is halved and asked again.
        follow_up: Where a window that is cut off goes on by a further order instead.
    """

    unit: Literal["instants", "days", "span"]
    parameters: dict[str, Template]
    length: str = ""
    default_start: str = ""
    only_with_start: bool = False
    whole_first: bool = False
    constants: Literal["", "always", "if_cursor"] = ""
    fresh: dict[str, Template] = {}
    open_end: bool = False
    optional: bool = False
    split_at_rows: int = 0
    follow_up: FollowUpSpec | None = None


class EachSpec(_Model, frozen=True, kw_only=True):
    """One order for each item of a list that a request answers.

    Attributes:
        request: Name of the request.
        parameter: The order's parameter that takes the item's value.
        value: Where the value stands in an item.
        unless: A template; where it is not empty, its value is taken and the list is not asked for.
        plain: Pattern of the values that `unless` may have; empty for any.
        known_as: Prefixes of other values, each with where the rest of such a value stands in an item: it is looked up
            in the list.
    """

    request: str
    value: Path
    parameter: str = ""
    unless: str = ""
    plain: str = ""
    known_as: dict[str, Path] = {}


class StreamSpec(_Model, frozen=True, kw_only=True):
    """One stream of a report.

    Attributes:
        output: The ZIP member, sheet or selector that feeds the stream; empty means the report's only table.
        primary_key: Only columns that are never null and unique.
        cursor: The column by which the stream is incremental.
        if_listed: Whether the account has the output only where the vendor's list names it (`ListingSpec.outputs`).
        member_column: Column that takes the name of the ZIP member a row comes from.
    """

    output: str = ""
    primary_key: list[str] = []
    cursor: str = ""
    if_listed: bool = False
    member_column: str = ""


class ReportSpec(_Model, frozen=True, kw_only=True):
    """One report of the vendor and the streams it feeds.

    Attributes:
        selectors: Each selected output is asked for by a parameter of its own name set to true.
        parameters: What an order sends beside its window. May use `platform`, `cursor`, `report`.
        lists: Parameters that the vendor takes as lists; the user writes commas between the elements.
        also_with: Parameter sets ordered in addition, each as a job of its own; a set whose templates come out empty
            is left out.
        delimiters: Candidates for the CSV separator, told apart by the header line.
        empty_markers: Texts of a row that means that there are no rows.
        headerless_members: Patterns of a header that means that the member holds no table.
        may_be_blank: Whether a file with nothing in it but a line end is a table without rows.
        request: The request that fetches a report which needs no job.
        children: A list request whose items each get a `request` of their own.
        authenticator: Name of the authenticator of its requests.
        sample: Parameters of the order by which discovery finds out the columns; empty where they are known.
        needs: Parameters that an order cannot do without, each with the setting that fills it. Of `a|b` one is enough.
        job_type: What the vendor calls the report's job, for the request that orders it. May use `window`.
        file_format: The format of its files, where it is not the platform's.
    """

    streams: dict[str, StreamSpec]
    selectors: bool = False
    parameters: dict[str, Template] = {}
    lists: list[str] = []
    also_with: list[dict[str, Template]] = []
    each: EachSpec | None = None
    windows: WindowSpec | None = None
    delimiters: str = ""
    empty_markers: list[str] = []
    headerless_members: list[str] = []
    may_be_blank: bool = False
    request: str = ""
    children: EachSpec | None = None
    authenticator: str = "default"
    sample: dict[str, Template] = {}
    needs: dict[str, str] = {}
    job_type: str = ""
    file_format: str = ""


class AnnouncedSpec(_Model, frozen=True, kw_only=True):
    """Where an item of a list tells which parameters its report takes. Others are not sent, and windows go with theirs.

    Attributes:
        parameters: The list of them.
        name: A parameter's name in its entry.
        default: What the vendor takes where it is left out; one without a default has to be sent.
    """

    parameters: Path
    name: Path
    default: Path = []


class SchemaSpec(_Model, frozen=True, kw_only=True):
    """Where the vendor tells the columns of a listed report: a JSON Schema.

    Attributes:
        request: Asked for each report.
        at: Where the schema stands in the answer.
    """

    request: str
    at: Path = []


class ListingSpec(_Model, frozen=True, kw_only=True):
    """How the vendor lists the reports that an account offers.

    Attributes:
        id: Where the report's id stands in an item; empty where the item is the id itself.
        strip_suffix: Cut off the id to make the stream's name.
        sample: What is known of a report that is not declared: `last_run` reads the header of its last finished
            run's file, `order`
            orders the report once (cached at the vendor) and reads sheets, columns and types from it, `schema` asks
            for its JSON Schema, `none` leaves the schema open.
        schema: Where its JSON Schema is to be had.
        last_run: Where the last run stands in an item.
        outputs: Where an object stands in an item whose keys tell, among others, which outputs the report has.
        announced: Where an item tells which parameters its report takes.
        template: The report as it is declared where nothing better is known.
    """

    request: str
    template: ReportSpec
    id: Path = []
    strip_suffix: str = ""
    sample: Literal["last_run", "order", "schema", "none"] = "last_run"
    schema: SchemaSpec | None = None
    last_run: Path = []
    outputs: Path = []
    announced: AnnouncedSpec | None = None
    cursors: list[str] = []


class ReadySourceSpec(_Model, frozen=True, kw_only=True):
    """A list of files that the vendor has ready, and where the facts of a file stand.

    Attributes:
        request: Lists the sets of files or, without `files`, the newest file of each.
        name: Where a set's name stands in an item of it.
        files: The request that lists the files of one set; it may use `item`. Empty where the items are files.
        previous: Where an item that is a file has the older ones.
        changes_suffix: Ends the name of an item whose files hold changes only; the rest is the set's.
        kind: Where a file tells its kind.
        full: What it says there of a file that holds all rows. Any other holds what has changed.
        moment: When the vendor looked at its data for the file.
        link: Where the file is to be had.
    """

    request: str
    name: Path
    kind: Path
    full: str
    moment: Path
    link: Path
    files: str = ""
    previous: Path = []
    changes_suffix: str = ""


class ReadySpec(_Model, frozen=True, kw_only=True):
    """Files that the vendor makes by itself: full ones from time to time, and between them some that hold changes.

    Attributes:
        sources: Lists of the same files, the best one first. The next is asked where one is not served or not allowed.
        prefix: Put before a set's name to make the report's.
        column: The column by which rows tell the moment of their file. It is the cursor.
        keys: The primary keys, by the names of streams. Each is unique within a file.
        changes_apart: Two files with changes lie no further apart than this (`PT36H`); more means that some are gone.
    """

    sources: list[ReadySourceSpec]
    column: str
    changes_apart: str
    prefix: str = ""
    keys: dict[str, list[str]] = {}


class ConfiguredSpec(_Model, frozen=True, kw_only=True):
    """Streams that the user declares in the configuration.

    Attributes:
        items: The configuration key under `platform` that lists them, each with a `name` and perhaps a `primary_key`
            and a `cursor_field`.
        report: The report each item becomes; templates may use `item`.
    """

    items: str
    template: ReportSpec


class CheckSpec(_Model, frozen=True, kw_only=True):
    """The one cheap call that proves address, credentials and permissions.

    Attributes:
        request: Name of the request; its answer must be JSON of the kind `expect`.
        good: The HTTP statuses of a good answer where that is no success: that there is nothing at an address, say, is
            told only to those who may ask. Its body may be anything but a web page.
        order: Instead of a request: the id of the report that is ordered (once a day at most) to prove them.
        scopes: Whether every report's authenticator is tried, so that missing scopes are named.
    """

    request: str = ""
    expect: Literal["", "list", "object"] = ""
    good: list[int] = []
    order: str = ""
    scopes: bool = False


class DeletesSpec(_Model, frozen=True, kw_only=True):
    """How a row tells that it was deleted. Then it gets `_ab_cdc_deleted_at`, by which destinations delete it.

    Attributes:
        member: The member that tells it.
        column: Its column that does.
        value: What that says of a deleted row.
        at: Its column that says when.
    """

    member: str
    column: str
    value: str
    at: str


class FlattenSpec(_Model, frozen=True, kw_only=True):
    """Rows whose columns stand in members of theirs: `{"key": {"id": 1}, "meta": {"ts": "t"}}` is `id`, `meta_ts`.

    Attributes:
        members: The members whose own members are the columns, in their order, and what their names begin with.
        key: The member that no row lacks. Its columns are the primary key.
        reserved: Columns with a prefix that others may be called like: those get `_2`.
        deletes: How a row tells that it was deleted.
    """

    members: dict[str, str]
    key: str
    reserved: list[str] = []
    deletes: DeletesSpec | None = None


class FilesSpec(_Model, frozen=True, kw_only=True):
    """What the vendor's files are like unless a report says otherwise.

    Attributes:
        flatten: How rows of JSON are made flat, where they are not.
        leaves_out_empty: Whether a row has no key for a column that is empty in it, so that one that no row has is no
            news.
        ends_with_line_end: Whether the vendor is known to end every CSV with a line end: one without is cut off.
        zoned_headers: Pattern of a header that tells the zone of its column's times, with the groups `name` and `zone`,
            in any case. The column is called by its name, and its times become instants.
    """

    format: str = "csv"
    delimiters: str = ","
    encoding: str = "utf-8"
    records: Path = []
    flatten: FlattenSpec | None = None
    leaves_out_empty: bool = False
    ends_with_line_end: bool = False
    zoned_headers: str = ""


class BearerAuthenticator(_Model, frozen=True, kw_only=True, tag_field="type"):
    """A token of the user's as `Authorization: Bearer ...`."""

    api_token: str


class ApiKeyAuthenticator(_Model, frozen=True, kw_only=True, tag_field="type"):
    """A key of the user's in a header of the vendor's own.

    Attributes:
        api_token: The header's value, which may have words before the key.
        header: The header's name.
    """

    api_token: str
    header: str


class TokenAuthenticator(_Model, frozen=True, kw_only=True, tag_field="type"):
    """A bearer token from a token endpoint (OAuth 2 client credentials).

    Attributes:
        token_url: The endpoint.
        client_id: The client's id.
        client_secret: The client's secret.
        scope: What is asked for, in the vendor's own way of listing it; empty for nothing.
        basic: Whether id and secret go into a Basic header instead of the form.
        grant_type: The form's `grant_type`; empty where the vendor's page has none.
        prefix: The word before the token in the header `Authorization`.
        token_path: Where the token stands in the answer.
        expires_path: Where its life in seconds stands.
    """

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    basic: bool = False
    grant_type: str = "client_credentials"
    prefix: str = "Bearer"
    token_path: Path = msgspec.field(default_factory=lambda: ["access_token"])
    expires_path: Path = msgspec.field(default_factory=lambda: ["expires_in"])


class RefreshTokenAuthenticator(TokenAuthenticator, frozen=True, kw_only=True, tag_field="type"):
    """A bearer token that is asked for with a refresh token, which may change with each asking (OAuth 2, section 6).

    Attributes:
        refresh_token: Where the refresh token stands in the configuration. A new one takes its place there.
        single_use: Whether a refresh token works once. It is then not sent where this machine knows it to be spent.
    """

    grant_type: str = "refresh_token"
    refresh_token: list[str]
    single_use: bool = False


class SelectiveAuthenticator(_Model, frozen=True, kw_only=True, tag_field="type"):
    """One of several, by what the user has chosen.

    Attributes:
        authenticator_selection_path: Where the name of the one to take stands, in what templates may use.
        account: What tells the accounts of one address apart, where a setting does. A template, without secrets.
        authenticators: Those to choose from.
    """

    authenticator_selection_path: Path
    authenticators: dict[str, BearerAuthenticator | ApiKeyAuthenticator | TokenAuthenticator]


AuthenticatorSpec = (
    BearerAuthenticator | ApiKeyAuthenticator | TokenAuthenticator | RefreshTokenAuthenticator | SelectiveAuthenticator
)


class Platform(_Model, frozen=True, kw_only=True):
    """A whole platform file.

    Attributes:
        pattern: `ticket`: order, poll, download by a link. `repeat`: the same request until it answers with the report.
            `pages`: lists that answer at once. `files`: files that are ready.
        spec: The platform's branch of the connection specification.
        ready: Files that the vendor has ready, beside the reports of the pattern or alone.
        only: The setting that names the reports to read; empty there means all.
        defaults: Settings whose default depends on others, as templates; they may use what stands above them. A default
            that does not is stated in `spec`.
        authenticators: How requests are signed, by name.
    """

    name: str
    title: str
    pattern: Literal["ticket", "repeat", "pages", "files"]
    base_url: str
    spec: dict[str, Any]
    authenticators: dict[str, AuthenticatorSpec]
    requests: dict[str, RequestSpec]
    policy: PolicySpec
    check: CheckSpec
    reports: dict[str, ReportSpec] = {}
    defaults: dict[str, Template] = {}
    account: Template = ""
    job: JobSpec = JobSpec()
    find: FindSpec | None = None
    errors: list[ErrorRule] = []
    quotas: list[LimitSpec] = []
    files: FilesSpec = FilesSpec()
    listing: ListingSpec | None = None
    ready: ReadySpec | None = None
    only: str = "reports"
    configured: ConfiguredSpec | None = None

    def __post_init__(self) -> None:
        """Check that what one part of the file calls by name is there in another.

        Raises:
            ValueError: It is not; msgspec makes a `ValidationError` of it.
        """
        for place, request in self._called_requests():
            if request and request not in self.requests:
                raise ValueError(f"{place} names the request '{request}', which is not among `requests`")
        for place, name in self._called_authenticators():
            if name not in self.authenticators:
                raise ValueError(f"{place} names the authenticator '{name}', which is not among `authenticators`")
        if self.pattern == "files" and self.ready is None:
            raise ValueError("the pattern 'files' needs `ready`")
        if "download" in self.requests and self.requests["download"].method != "GET":
            raise ValueError("the request 'download' is a GET")
        if len({limit.per for limit in self.quotas}) > 1:
            raise ValueError("quotas are counted over all reports or for each report, not both")
        if self.check.order and self.check.order not in self.reports:
            raise ValueError(f"check names the report '{self.check.order}', which is not among `reports`")

    def _called_requests(self) -> Iterator[tuple[str, str]]:
        needed = {"ticket": ("order", "poll"), "repeat": ("order",), "pages": (), "files": ()}[self.pattern]
        yield from ((f"the pattern '{self.pattern}'", request) for request in needed)
        yield "job.parts", "trade" if self.job.parts else ""
        yield "check", self.check.request
        yield "find", self.find.request if self.find else ""
        yield "listing", self.listing.request if self.listing else ""
        yield "listing", self.listing.schema.request if self.listing and self.listing.schema else ""
        for source in self.ready.sources if self.ready else []:
            yield from (("ready", source.request), ("ready", source.files))
        for name, report in self._all_reports():
            yield name, report.request
            yield name, report.each.request if report.each else ""
            yield name, report.children.request if report.children else ""

    def _called_authenticators(self) -> Iterator[tuple[str, str]]:
        yield from ((name, report.authenticator) for name, report in self._all_reports())

    def _all_reports(self) -> Iterator[tuple[str, ReportSpec]]:
        yield from ((f"the report '{name}'", report) for name, report in self.reports.items())
        for kind, part in (("listing", self.listing), ("configured", self.configured)):
            if part is not None:
                yield f"the template of `{kind}`", part.template


def platform_names() -> list[str]:
    """The names of all platforms that the package brings, in order of their files' names."""
    folder = importlib.resources.files(_PACKAGE) / "platforms"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


@functools.cache
def load_platform(name: str) -> Platform:
    """The platform called `name`.

    Raises:
        ConfigError: There is no such platform.
        msgspec.ValidationError: The platform file breaks the model.
    """
    if name not in platform_names():
        raise ConfigError(f"There is no platform called '{name}'. Choose one of: {', '.join(platform_names())}.")
    text = (importlib.resources.files(_PACKAGE) / "platforms" / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_platform(text)


def parse_platform(text: str) -> Platform:
    """A platform from the text of its file.

    Raises:
        msgspec.ValidationError: The text breaks the model.
    """
    return msgspec.convert(load_yaml(text), Platform)


def load_yaml(text: str) -> Any:
    """YAML as plain data, by libyaml where it is there."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both loaders are safe
