"""Refusals: answers that are no success, and what they mean by the platform's rules or by their status."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from source_lms_reports.api.answer import Answer
from source_lms_reports.errors import (
    ConfigError,
    DiskFull,
    MachineFault,
    OrderRefused,
    ReportError,
    RestartNeeded,
    TransientError,
)
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import RefusalKind, Refused
from source_lms_reports.platforms.model import ErrorRule, Platform
from source_lms_reports.platforms.template import fill
from source_lms_reports.redaction import redact

#: 420 and 430 are those of vendors that had them before there was 429.
_THROTTLED = frozenset({408, 420, 425, 429, 430})
#: What passes by itself: kept by a cache, in conflict with another request, locked, or given up by a proxy in between.
_OF_THE_MOMENT = frozenset({304, 409, 423, 444, 449, 460, 499})
_FORBIDDEN = 403
_TOO_MANY = 429
_THROTTLING_WORDS = re.compile(r"rate.?limit|throttl|too many requests|slow ?down", re.IGNORECASE)
_BEGINNING = 2_000
#: JSON that came instead of an answer, from another service perhaps.
OTHER_JSON = "JSON of another kind"
_UNFIT = frozenset({400, 422})
_CLOSED = frozenset({403, 404})


class Refusal(Exception):
    """The vendor did not do what was asked.

    Attributes:
        kind: What to do about it.
        error: The same in the user's words.
        retry_after: Seconds the vendor asks us to wait, or None.
        uncertain: The vendor may have acted on the request all the same.
        unsent: Nothing was sent: there was no connection, or no token.
        status: The HTTP status, or None without an answer.
        locked_out: The credentials or the connection are refused, whatever was asked.
        instead: What came instead of an answer of the platform's API: "a web page", say. Empty where it was one.
    """

    def __init__(
        self,
        kind: RefusalKind,
        error: ReportError,
        *,
        retry_after: float | None = None,
        uncertain: bool = False,
        unsent: bool = False,
        status: int | None = None,
        locked_out: bool = False,
        instead: str = "",
    ) -> None:
        super().__init__(error.message)
        self.kind = kind
        self.error = error
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.unsent = unsent
        self.status = status
        self.locked_out = locked_out
        self.instead = instead

    @property
    def is_closed(self) -> bool:
        """Whether what was asked for is closed to these credentials, or not served here; another thing may be open."""
        return self.status in _CLOSED

    def of_token(self, title: str) -> Refusal:
        """The same for the request that was to carry the token: it was never sent.

        Args:
            title: The vendor's name.
        """
        is_named = isinstance(self.error, ConfigError)  # it says itself what is wrong with the client
        error = self.error if is_named else self.error.in_context(f"{title} gives no token: ")
        return Refusal(
            self.kind,
            error,
            retry_after=self.retry_after,
            unsent=True,
            status=self.status,
            locked_out=True,
            instead=self.instead,
        )

    def as_outcome(self) -> Refused:
        """The same as the outcome of an action of the engine."""
        return Refused(
            self.kind,
            self.error,
            self.retry_after,
            uncertain=self.uncertain,
            unsent=self.unsent,
            locked_out=self.locked_out,
        )


def of_machine(fault: MachineFault, spool: Spool) -> Refusal:
    """What a fault of this machine means for a download. It says nothing about the job, so its ticket is kept.

    A full disk is waited for as a download host is, while files lie on it that are yet to be read. What it says to be
    free is not believed: a quota may be in the way, or the disk promise more than it has.
    """
    if isinstance(fault, DiskFull) and spool.use()[0]:
        return Refusal("throttled", fault)
    return Refusal("config", fault, locked_out=True)


@contextlib.contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Around questions whose refusal ends the work at hand: it leaves as the error that it stands for.

    Raises:
        ReportError: The vendor refused.
    """
    try:
        yield
    except Refusal as refusal:
        raise refusal.error from refusal


def judge(platform: Platform, context: Mapping[str, Any], answer: Answer, phase: str, report: str, now: float) -> None:
    """Pass an answer that is a success.

    Args:
        platform: Has the rules of what refusals mean.
        context: What the rules' messages may use, beside `report`, `words` and `status`.
        answer: The answer.
        phase: The step that it answers.
        report: The report that is asked for, if any.
        now: The time at the vendor in epoch seconds.

    Raises:
        Refusal: It is none, by the platform's error rules or by its status.
    """
    if 200 <= answer.status < 300:
        return
    rule = next((rule for rule in platform.errors if _applies(rule, answer, phase)), None)
    if rule is None or (rule.kind == "config" and is_throttling(answer)):
        title = f"The token endpoint of {platform.title}" if phase == "token" else platform.title
        kind, words = _by_status(answer, title)
    else:
        told = {**context, "report": report, "words": answer.words, "status": answer.status}
        kind, words = rule.kind, fill(rule.message, told)
    raise Refusal(
        kind,
        _error(kind, answer, phase)(redact(words), answer.detail),
        retry_after=_wait(platform, answer, now),
        uncertain=answer.status >= 500,
        status=answer.status,
        locked_out=answer.status == 401 or phase == "token",
    )


def _wait(platform: Platform, answer: Answer, now: float) -> float | None:
    """Seconds to wait before asking again, by the answer's word, or by the platform's of a 429 without one."""
    asked = answer.retry_after(now)
    return platform.policy.throttled or None if asked is None and answer.status == _TOO_MANY else asked


def require_no_restart(platform: Platform, context: Mapping[str, Any], answer: Answer, report: str) -> None:
    """Pass a failed job, unless it failed because only the whole report can be had.

    Raises:
        Refusal: It did, by a rule of the kind `restart`.
    """
    rules = (rule for rule in platform.errors if rule.kind == "restart" and _applies(rule, answer, "job"))
    for rule in rules:
        told = {**context, "report": report, "words": answer.words, "status": answer.status}
        raise Refusal(rule.kind, RestartNeeded(redact(fill(rule.message, told)), answer.detail), status=answer.status)


def is_throttling(answer: Answer) -> bool:
    """Whether an answer asks for fewer requests: by its status, by `Retry-After`, or by what it says (Canvas: 403)."""
    if answer.status in _THROTTLED:
        return True
    if answer.status != _FORBIDDEN and answer.status < 500:
        return False
    return bool(answer.headers.get("retry-after") or _THROTTLING_WORDS.search(answer.text[:_BEGINNING]))


def _error(kind: RefusalKind, answer: Answer, phase: str) -> type[ReportError]:
    if kind == "restart":
        return RestartNeeded
    if kind != "config":
        return TransientError
    return OrderRefused if phase == "order" and answer.status in _UNFIT else ConfigError


def _applies(rule: ErrorRule, answer: Answer, phase: str) -> bool:
    if rule.status and answer.status not in rule.status:
        return False
    if rule.phase and phase not in rule.phase:
        return False
    if rule.contains and rule.contains.lower() not in answer.text.lower():
        return False
    return not rule.body or rule.body == _body_kind(answer)


def _body_kind(answer: Answer) -> str:
    if answer.is_html:
        return "html"
    return "json" if answer.is_json else "text"


def _by_status(answer: Answer, title: str) -> tuple[RefusalKind, str]:
    """What a status means that no rule of the platform speaks of."""
    status = answer.status
    if status < 500 and is_throttling(answer):
        return "throttled", f"{title} asks for fewer requests (HTTP {status})."
    if status >= 500:
        return "throttled" if is_throttling(answer) else "transient", f"{title} has a fault of its own (HTTP {status})."
    if status == 401:
        return "config", f"{title} refuses the credentials (HTTP 401). Check them, or make new ones."
    if status == 403:
        return (
            "config",
            f"The credentials are valid, but {title} denies them this (HTTP 403). Ask an admin for the permission.",
        )
    if status == 404:
        return (
            "config",
            f"{title} knows nothing at this address (HTTP 404). Check the address and the ids in the configuration.",
        )
    if status == 410:
        return "gone", f"{title} has deleted this (HTTP 410)."
    if status in _OF_THE_MOMENT:
        return "transient", f"{title} cannot do this now (HTTP {status}): {answer.words}"
    return "config", f"{title} refuses the request (HTTP {status}): {answer.words}"
