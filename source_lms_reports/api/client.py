"""Speaks one vendor's API as its platform file describes it: fills requests, sends them once, judges answers."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import requests
from requests.auth import AuthBase

from source_lms_reports.api.answer import Answer
from source_lms_reports.api.transport import Call, ConnectionFault, Transport, joined, read_answer, same_host
from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.errors import ConfigError, OrderRefused, PayloadError, ReportError, TransientError
from source_lms_reports.files.payload import Part
from source_lms_reports.jobs.actions import RefusalKind
from source_lms_reports.platforms.model import ErrorRule, Platform, RequestSpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill, fill_all
from source_lms_reports.redaction import redact

LOGGER = logging.getLogger("airbyte")
_MAX_PAGES = 100_000
_THROTTLED = frozenset({408, 425, 429})
_UNFIT = frozenset({400, 422})
_AT_THE_DOOR = frozenset({"check", "list"})


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
    ) -> None:
        super().__init__(error.message)
        self.kind = kind
        self.error = error
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.unsent = unsent
        self.status = status
        self.locked_out = locked_out


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


class Client:
    """The vendor's API.

    Args:
        platform: The platform file.
        context: What every template may use: `config` and `platform` (the settings with their defaults).
        authenticators: Credentials by name, one of them called `default`. One that can `renew` is asked to, once, on
            a 401.
        transport: Sends the requests.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        platform: Platform,
        context: Mapping[str, Any],
        authenticators: Mapping[str, AuthBase],
        transport: Transport,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.platform = platform
        self.context = dict(context)
        self.transport = transport
        self.clock = clock
        self._authenticators = authenticators
        self.base_url = str(fill(platform.base_url, context)).rstrip("/")
        self.vendor_clock = VendorClock(platform.title, clock)
        for authenticator in authenticators.values():
            bind = getattr(authenticator, "bind", None)
            if bind is not None:  # one that asks for tokens needs somebody to ask them through
                bind(self)

    def vendor_now(self) -> float:
        """The time at the vendor in epoch seconds, never later than it is there; our own before an answer has told."""
        return self.vendor_clock.now()

    def learn_vendor_time(self) -> None:
        """Have an answer tell the vendor's time, where none has yet.

        The headers of the base address are asked for, without credentials: whatever status they come with, they bear a
        `Date`, and they cost no quota. Where none comes, our own time stays; what is wrong with the connection is told
        by the first request that needs it.
        """
        if self.vendor_clock.is_known:
            return
        try:
            self.transport.send(Call("HEAD", self.base_url), self._heard)
        except ReportError as error:
            LOGGER.debug(redact(f"The vendor's time is not known: {error.message}"))

    def _heard(self, response: requests.Response) -> None:
        if same_host(response.url, self.base_url):
            self.vendor_clock.heard(response.headers, response.elapsed.total_seconds())

    def prepare(
        self,
        name: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        authenticator: str | None = None,
        **extra: Any,
    ) -> Call:
        """The request called `name`, filled.

        Args:
            name: One of the platform's requests.
            parameters: An order's parameters, placed as the request says.
            authenticator: Name of the authenticator, if not the request's own.
            extra: Further names for the templates, such as `report` and `ticket`.
        """
        spec = self.platform.requests[name]
        context = {**self.context, **extra}
        url = str(fill(spec.url, context)) if spec.url else self.base_url + str(fill(spec.path, context))
        auth_name = authenticator if authenticator and spec.authenticator == "default" else spec.authenticator
        return _place(spec, parameters or {}, context, url, self._authenticators[auth_name])

    def send(self, call: Call, phase: str, report: str = "") -> Answer:
        """Send `call` once (twice where a 401 is met and the credentials can be renewed).

        Raises:
            Refusal: No answer, or one that is no success.
        """
        answer = self._send(call)
        if answer.status == 401 and renew(call.auth):
            answer = self._send(call)
        self.judge(answer, phase, report)
        return answer

    def _send(self, call: Call) -> Answer:
        try:
            return self.transport.send(call, self._heard)
        except ConnectionFault as fault:
            raise Refusal(
                "transient", fault, uncertain=fault.maybe_received, unsent=not fault.maybe_received
            ) from fault
        except ReportError as error:
            raise _unsent(error) from error

    def fetch(self, call: Call, save: Callable[[requests.Response], Part], good: Collection[int]) -> Part | Answer:
        """Send `call`, and save the body of a good answer instead of reading it.

        Args:
            call: The request.
            save: Writes a body to disk.
            good: The statuses of answers that are saved.

        Returns:
            What was saved, or the answer that is not good.

        Raises:
            Refusal: No answer came, or it broke off.
            PayloadError: `save` says so.
        """
        try:
            with self.transport.stream(call, self._heard) as response:
                return save(response) if response.status_code in good else read_answer(response)
        except PayloadError:
            raise
        except ConnectionFault as fault:
            raise Refusal("transient", fault) from fault
        except ReportError as error:
            raise _unsent(error) from error

    def judge(self, answer: Answer, phase: str, report: str = "") -> None:
        """Pass an answer that is a success.

        Raises:
            Refusal: It is none, by the platform's error rules or by its status.
        """
        if 200 <= answer.status < 300:
            return
        detail = redact(f"HTTP {answer.status} from {answer.url}: {answer.words}")
        rule = next((rule for rule in self.platform.errors if _applies(rule, answer, phase)), None)
        if rule is not None:
            words = fill(
                rule.message, {**self.context, "report": report, "words": answer.words, "status": answer.status}
            )
            kind: RefusalKind = rule.kind
        else:
            kind, words = _by_status(answer, self.platform.title)
        error = _error(kind, answer, phase)(redact(words), detail)
        raise Refusal(
            kind,
            error,
            retry_after=answer.retry_after(self.vendor_now()),
            uncertain=answer.status >= 500,
            status=answer.status,
            locked_out=answer.status == 401 or phase == "token",
        )

    def json(self, answer: Answer, phase: str) -> Any:
        """The JSON of a successful answer.

        Raises:
            Refusal: The answer is something else: a web page, say.
        """
        if answer.is_json:
            return answer.json()
        what = "a web page" if answer.is_html else "something that is not JSON"
        detail = redact(f"HTTP {answer.status} from {answer.url}: {answer.words}")
        if phase in _AT_THE_DOOR:
            words = f"{self.base_url} answers with {what}, not like {self.platform.title}. Check the address."
            raise Refusal("config", ConfigError(words, detail), status=answer.status)
        words = f"{self.platform.title} answered with {what} where its API should answer."
        raise Refusal("transient", TransientError(words, detail), uncertain=True, status=answer.status)

    def pages(self, name: str, phase: str, **extra: Any) -> Iterator[Any]:
        """The JSON documents of a list, page after page.

        Raises:
            Refusal: A page could not be had.
        """
        spec = self.platform.requests[name]
        call: Call | None = self.prepare(name, **extra)
        seen: set[str] = set()
        while call is not None:
            answer = self.send(call, phase, str(extra.get("report", "")))
            document = self.json(answer, phase)
            yield document
            url = next_page(spec, answer.headers.get("link"), document)
            call = self.follow(call, url, seen) if url else None

    def items(self, name: str, phase: str, **extra: Any) -> list[Any]:
        """All items of a list, over all pages.

        Raises:
            Refusal: A page could not be had, or it holds no list.
        """
        spec = self.platform.requests[name]
        found: list[Any] = []
        for document in self.pages(name, phase, **extra):
            records = value_at(document, spec.records) if isinstance(document, dict) else document
            if not isinstance(records, list):
                words = (
                    f"{self.base_url} does not answer like {self.platform.title}: a list was expected. "
                    "Check the address."
                )
                error = ConfigError(words, detail=redact(str(document)[:300]))
                raise Refusal("config" if phase in _AT_THE_DOOR else "transient", error)
            found.extend(records)
        return found

    def follow(self, call: Call, url: str, seen: set[str]) -> Call:
        """The request for the next page.

        Args:
            call: The request for this page.
            url: The next page's address as the vendor gave it.
            seen: Addresses visited so far; grows.

        Raises:
            Refusal: The address leads to another host, or in a circle.
        """
        url = joined(call.url, url)
        if not same_host(call.url, url):
            words = f"{self.platform.title} names a next page on another host; credentials are not sent there."
            raise Refusal("transient", TransientError(words, detail=redact(url)))
        if url in seen or len(seen) > _MAX_PAGES:
            words = f"{self.platform.title} names the same next page twice; the list would never end."
            raise Refusal("transient", TransientError(words, detail=redact(url)))
        seen.add(url)
        return Call(call.method, url, headers=call.headers, auth=call.auth)


def next_page(spec: RequestSpec, link_header: str | None, document: Any) -> str | None:
    """The address of the page after `document`, or None at the end."""
    if spec.pages == "link_header":
        links = requests.utils.parse_header_links(link_header or "")
        return next((link["url"] for link in links if link.get("rel") == "next"), None)
    if spec.pages == "next_url":
        url = value_at(document, spec.next)
        return url if isinstance(url, str) and url else None
    return None


def _place(
    spec: RequestSpec, parameters: Mapping[str, Any], context: Mapping[str, Any], url: str, auth: AuthBase
) -> Call:
    named = {spec.parameter_name.format(name=name): value for name, value in parameters.items()}
    placed = functools.partial(_where, spec.parameters_in, named)
    return Call(
        spec.method,
        url,
        query={key: str(value) for key, value in {**fill_all(spec.query, context), **placed("query")}.items()},
        headers=fill_all(spec.headers, context),
        json={**fill_all(spec.json, context), **placed("json")} or None,
        form=_texts(placed("form")),
        multipart=_texts(placed("multipart")),
        auth=auth,
    )


def _where(target: str, named: Mapping[str, Any], here: str) -> Mapping[str, Any]:
    return named if target == here else {}


def _texts(values: Mapping[str, Any]) -> dict[str, str] | None:
    return {name: str(value) for name, value in values.items()} or None


def renew(auth: AuthBase | None) -> bool:
    """Ask credentials to renew themselves; False where they cannot or did so a moment ago."""
    method = getattr(auth, "renew", None)
    return bool(method()) if method is not None else False


def _unsent(error: ReportError) -> Refusal:
    """The refusal of a request that settings or certificates kept from being answered."""
    return Refusal("config" if isinstance(error, ConfigError) else "transient", error, locked_out=True)


def _error(kind: RefusalKind, answer: Answer, phase: str) -> type[ReportError]:
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
    if status in _THROTTLED:
        return "throttled", f"{title} asks for fewer requests (HTTP {status})."
    if status >= 500:
        return (
            "throttled" if answer.headers.get("retry-after") else "transient"
        ), f"{title} has a fault of its own (HTTP {status})."
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
    return "config", f"{title} refuses the request (HTTP {status}): {answer.words}"
