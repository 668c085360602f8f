"""Proves a configuration with the cheapest call that the platform allows."""

from __future__ import annotations

from datetime import timedelta

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import OTHER_JSON, Refusal
from source_lms_reports.api.setup import make_executor, read_options
from source_lms_reports.errors import ConfigError, EmptyPayload, HtmlPayload, ReportError, TransientError
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import BadPayload, Fetch, Fetched, Place, Placed, Refused
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import Selected
from source_lms_reports.plan.windows import Span, as_days
from source_lms_reports.platforms.model import CheckSpec
from source_lms_reports.spec.settings import require_past_start
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.times import midnight, now_utc

_OK = 200


def check(client: Client, reports: Reports, spool: Spool) -> None:
    """Prove address, credentials, permissions, and the reports that the user names.

    Args:
        client: The vendor's API.
        reports: The connection's reports.
        spool: Where a report that comes along is kept for a moment.

    Raises:
        ConfigError: Something that the user can mend.
        TransientError: The vendor cannot be asked at the moment.
    """
    client.patience = client.patience.shortened()
    try:
        _ask(client, reports, spool)
        require_past_start(reports.settings, now_utc(client.vendor_now()))
    except Refusal as refusal:
        raise _words(client, refusal) from refusal


def _ask(client: Client, reports: Reports, spool: Spool) -> None:
    spec = client.platform.check
    if client.platform.listing is not None or client.platform.ready is not None:
        reports.restrict(reports.offered(client, "check").names)
        return
    reports.restrict(list(reports.declared()))
    if spec.scopes:
        _check_scopes(client, reports)
    if spec.request:
        _check_request(client, spec)
    if spec.order:
        client.patience.through(lambda: _check_order(client, reports, spec.order, spool))


def _words(client: Client, refusal: Refusal) -> ReportError:
    """The refusal with what to do about it.

    An address where nothing ever answered as the platform does is most likely a typing error: the user mends it.
    """
    error, title = refusal.error, client.platform.title
    if isinstance(error, ConfigError):
        return error
    if refusal.instead == OTHER_JSON and not client.is_met:
        return ConfigError(f"{client.base_url} does not answer like {title}. Check the address.", error.detail)
    if refusal.instead and not client.is_met:
        return ConfigError(
            f"{client.base_url} answers with {refusal.instead}, not like {title}. Check the address.", error.detail
        )
    if refusal.status is None and refusal.kind == "transient" and not client.is_met:
        known = "check the " in error.message.lower()
        advice = "" if known else " Check the address; if it is right, try again later."
        return ConfigError(error.message + advice, error.detail)
    return TransientError(f"{error.message} Try again in a few minutes.", error.detail)


def _check_request(client: Client, spec: CheckSpec) -> None:
    kinds: dict[str, tuple[type, ...]] = {"": (list, dict), "list": (list,), "object": (dict,)}
    call = client.prepare(spec.request)
    if spec.good:
        client.patience.through(lambda: client.require_met(call, spec.good))
        return
    client.patience.through(lambda: client.ask(call, "check", fits=lambda found: isinstance(found, kinds[spec.expect])))


def _check_scopes(client: Client, reports: Reports) -> None:
    """Ask each stream's authenticator for its credentials, and name the streams that get none."""
    refused: dict[str, Refusal] = {}
    for stream in by_name(reports.declared().values()).values():
        spec = stream.report_spec
        try:
            client.patience.through(client.credentials(spec.authenticator).ensure)
        except Refusal as refusal:
            if refusal.kind != "config":
                raise
            refused[stream.name] = refusal
    if not refused:
        return
    first = next(iter(refused.values()))
    if len(refused) == len(reports.declared()):
        raise first
    names = ", ".join(refused)
    raise ConfigError(
        f"The credentials are good, but they lack the scopes of these streams: {names}. Ask {client.platform.title} "
        "to add them to the client, or leave those streams out by naming the others in a sync; the other streams work.",
        detail=first.error.detail,
    )


def _check_order(client: Client, reports: Reports, report: str, spool: Spool) -> None:
    """Order the report of yesterday: all checks of a day are one report to the vendor. Accepted is proof enough.

    What comes at once is looked at, for a web page is as ready an answer as a report.
    """
    stream = reports.declared()[report][0]
    today = midnight(now_utc(client.vendor_now()))
    plan = ReportPlan([Selected(stream)], reports.settings, now_utc(client.vendor_now()))
    order = plan.order(as_days(Span(today - timedelta(days=1), today)))
    options = read_options(client.platform, reports.settings, [stream])
    executor = make_executor(client, spool, {report: stream.report_spec}, lambda _: options, lambda *_: None)
    outcome = executor.execute(Place(order))
    if isinstance(outcome, Placed) and outcome.state.status is JobStatus.READY:
        outcome = executor.execute(Fetch(order, outcome.ticket, outcome.state))
    match outcome:
        case Refused():
            raise Refusal(outcome.kind, outcome.error, status=0 if outcome.uncertain else None)
        case BadPayload() if not isinstance(outcome.error, EmptyPayload):  # yesterday may have had nothing to tell
            what = "a web page" if isinstance(outcome.error, HtmlPayload) else "something that is no report"
            raise Refusal("transient", outcome.error, status=_OK, instead=what)
        case Fetched():
            client.is_met = True
            outcome.payload.remove()
