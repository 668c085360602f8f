"""Users' words for the engine's verdicts: which report, which window, what happened, what to do next."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from source_lms_reports.errors import (
    ConfigError,
    JobFailed,
    JobOverdue,
    LinkExpired,
    MachineFault,
    QuotaSpent,
    ReportError,
)

if TYPE_CHECKING:
    from source_lms_reports.jobs.ticket import Order, Ticket

_LONGEST_QUOTE = 300
_AGAIN = "Run the sync again later; what was read until now is kept."


def report_of(order: Order) -> str:
    """`report "x" (2024-01-01 to 2024-01-31)`."""
    span = str(order.window or "")
    return f'report "{order.report}"' + (f" ({span})" if span else "")


def job_failed(order: Order, orders: int, words: str | None, *, gone: bool) -> JobFailed:
    """The last order that we are willing to place has failed."""
    fate = "was aborted, deleted or forgotten by the vendor" if gone else "was ended as failed by the vendor"
    return JobFailed(
        f"The {report_of(order)} {fate}; it was ordered {_times(orders)}.{_quote(words)} {_AGAIN} "
        "If it fails again, run the same report in the platform's own user interface, "
        "or ask the vendor's support."
    )


def job_overdue(
    order: Order, ticket: Ticket, waited: float, words: str | None, trouble: ReportError | None
) -> JobOverdue:
    """The deadline has come. `trouble` is why the last look at the job failed, if it did."""
    last = f" The last look at it failed: {trouble.message}" if trouble else _quote(words)
    return JobOverdue(
        f"The {report_of(order)} was still not ready after {duration(waited)}.{last} "
        "Its job is kept, and the next sync takes it up: run the sync again later, "
        "or raise the time that a sync waits for a report.",
        detail="; ".join(part for part in (f"ticket {ticket.id}", trouble and trouble.detail) if part),
    )


def quota_spent(order: Order, until: float, limit: str | None) -> QuotaSpent:
    """No order may go for a long time."""
    quota = f" ({limit})" if limit else ""
    return QuotaSpent(
        f"The {report_of(order)} was not ordered: the vendor's quota of reports{quota} is used up until "
        f"{moment(until)}. Run the sync again after that time; what was read until now is kept."
    )


def link_expired(order: Order, orders: int, words: str | None) -> LinkExpired:
    """The link could not be renewed, neither by another look nor by another order."""
    ordered = f", and the report was ordered {_times(orders)}" if orders else ""
    return LinkExpired(
        f"The download link of the {report_of(order)} is dead; asking for a new one did not help{ordered}."
        f"{_quote(words)} {_AGAIN}"
    )


def gave_up(order: Order, what: str, tries: int, error: ReportError) -> ReportError:
    """`error` with what was tried and how often, and with the next step where the user has no fix to make."""
    told = error.in_context(f"The {report_of(order)} {what} ({_tries(tries)}). ")
    return told if isinstance(error, ConfigError) else _followed(told, _AGAIN)


def refused(order: Order, error: ReportError) -> ReportError:
    """`error`, which asking again would not mend, with the report and window that it is about."""
    if isinstance(error, MachineFault):
        return error.in_context(f"The {report_of(order)} cannot be downloaded. ")
    return error.in_context(f"The {report_of(order)} is refused. ")


def without_listing(error: ReportError) -> str:
    """Why running jobs are not taken over. Names no report, so that it is told once for all of them."""
    return f"The reports that already run cannot be looked up, so new ones are ordered. {error.message}"


def not_aborted(order: Order, ticket: Ticket, error: ReportError) -> str:
    """Why an old job stays at the vendor."""
    return f"An old job ({ticket.id}) of the {report_of(order)} could not be aborted. {error.message}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    for size, unit in ((3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}s"
    return f"{seconds:.3g} seconds"


def moment(at: float) -> str:
    """A time in UTC, rounded up to the whole minute."""
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (start + timedelta(minutes=-(-at // 60))).strftime("%Y-%m-%d %H:%M UTC")


def _quote(words: str | None) -> str:
    text = " ".join((words or "").split())
    if len(text) > _LONGEST_QUOTE:
        text = f"{text[:_LONGEST_QUOTE]}…"
    return f' The vendor says: "{text}".' if text else ""


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _tries(count: int) -> str:
    return "tried once" if count == 1 else f"tried {_times(count)}"


def _followed(error: ReportError, step: str) -> ReportError:
    said = error.message.rstrip()
    error.message = f"{said}{'' if said.endswith(('.', '!', '?')) else '.'} {step}"
    error.args = (error.message,)
    return error
