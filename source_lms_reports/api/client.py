"""Speaks one vendor's API as its platform file describes it: fills requests, sends them, reads answers."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import requests

from source_lms_reports.api.account import account_of
from source_lms_reports.api.addresses import is_signed, joined, same_host, secured
from source_lms_reports.api.answer import Answer
from source_lms_reports.api.credentials import Credentials
from source_lms_reports.api.patience import Patience, no_patience
from source_lms_reports.api.placing import placed
from source_lms_reports.api.refusal import OTHER_JSON, Refusal, judge
from source_lms_reports.api.transport import Call, ConnectionFault, Transport, read_answer
from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.errors import ConfigError, PayloadError, ReportError, TransientError
from source_lms_reports.files.payload import Part
from source_lms_reports.files.text import HALF_NOTE
from source_lms_reports.platforms.model import Platform, RequestSpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import UnfitSegment, fill, fill_all, fill_body, fill_path
from source_lms_reports.redaction import redact

LOGGER = logging.getLogger("airbyte")
_MAX_PAGES = 100_000
_UNAUTHORIZED = 401
_FORBIDDEN = 403
#: No cache is to answer. The connection is not used again: some servers send the body of a `HEAD` after all.
_UNCACHED = {"Cache-Control": "no-cache", "Connection": "close"}
_QUICK = 10.0


class Client:
    """The vendor's API.

    Args:
        platform: The platform file.
        context: What every template may use: `platform`, the settings with their defaults.
        authenticators: Credentials by name, one of them called `default`. They are asked to renew themselves, once,
            on a 401.
        transport: Sends the requests.
        clock: Epoch seconds.
        patience: How often a request is sent that the report engine does not send. `check` and `discover` shorten it.
    """

    def __init__(
        self,
        platform: Platform,
        context: Mapping[str, Any],
        authenticators: Mapping[str, Credentials],
        transport: Transport,
        clock: Callable[[], float] = time.time,
        patience: Patience | None = None,
    ) -> None:
        self.platform = platform
        self.context = dict(context)
        self.transport = transport
        self.patience = patience or no_patience()
        #: Whether something has answered as the platform's API does.
        self.is_met = False
        self._authenticators = authenticators
        self.base_url = str(fill(platform.base_url, context)).rstrip("/")
        self.account = account_of(platform.name, self.base_url, str(fill(platform.account, context) or ""))
        self.vendor_clock = VendorClock(platform.title, clock)
        self._has_told_halves = False
        for authenticator in authenticators.values():
            authenticator.bind(self)

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
            self.transport.send(Call("HEAD", self.base_url, headers=_UNCACHED, timeout=_QUICK), self._heard)
        except ReportError as error:
            LOGGER.debug(redact(f"The vendor's time is not known: {error.message}"))

    def _heard(self, response: requests.Response) -> None:
        if same_host(response.url, self.base_url):
            self.vendor_clock.heard(response.headers, response.elapsed.total_seconds())

    def credentials(self, name: str = "default") -> Credentials:
        """The credentials called `name`."""
        return self._authenticators[name]

    def prepare(
        self,
        name: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        parts: Sequence[str] = (),
        authenticator: str = "default",
        **extra: Any,
    ) -> Call:
        """The request called `name`, filled.

        Args:
            name: One of the platform's requests.
            parameters: An order's parameters, placed as the request says.
            parts: Ids of the files that are asked for, where the request is about some.
            authenticator: Name of the authenticator.
            extra: Further names for the templates, such as `report` and `ticket`.

        Raises:
            Refusal: An id cannot stand in an address.
        """
        spec = self.platform.requests[name]
        context = {**self.context, **extra}
        body = {} if spec.one_a_part else fill_body(spec.json, context) or {}
        listed = [fill_body(spec.json, {**context, "part": part}) for part in parts] if spec.one_a_part else None
        order = placed(spec, parameters or {}, body)
        return Call(
            spec.method,
            self.base_url + self._path(spec, context),
            query=_texts({**fill_all(spec.query, context), **order.query}),
            headers=_texts(fill_all(spec.headers, context)) or None,
            json=listed or order.json or None,
            multipart=order.multipart or None,
            auth=self.credentials(authenticator),
        )

    def _path(self, spec: RequestSpec, context: Mapping[str, Any]) -> str:
        try:
            return fill_path(spec.path, context)
        except UnfitSegment as error:
            title = self.platform.title
            words = f"The id '{error}' cannot stand in an address of {title}. Check the ids that are configured."
            raise Refusal("config", ConfigError(words, detail=spec.path), unsent=True) from error

    def send(self, call: Call, phase: str, report: str = "", also: Collection[int] = ()) -> Answer:
        """Send `call` once (twice where a 401 is met and the credentials can be renewed).

        Args:
            call: The request.
            phase: The step that it is for.
            report: The report that it is for, if any.
            also: Statuses that are good here, beside those of a success.

        Raises:
            Refusal: No answer, or one that is no success.
        """
        answer = self._exchanged(call)
        if answer.status == _UNAUTHORIZED and renewed(call):
            answer = self._exchanged(call)
        if answer.status not in also:
            self.judge(answer, phase, report)
        return answer

    def _exchanged(self, call: Call) -> Answer:
        if call.timeout is None:
            call = dataclasses.replace(call, timeout=self.patience.silence)
        try:
            return self.transport.send(call, self._heard)
        except ConnectionFault as fault:
            raise Refusal(
                "transient", fault, uncertain=fault.maybe_received, unsent=not fault.maybe_received
            ) from fault
        except ReportError as error:
            raise _unsent(error) from error

    def fetch(
        self, call: Call, save: Callable[[requests.Response], Part | Answer], good: Collection[int]
    ) -> Part | Answer:
        """Send `call` as `send` does, and save the body of a good answer instead of reading it.

        Args:
            call: The request.
            save: Writes a body to disk, or reads it where it is no report.
            good: The statuses of answers that are saved.

        Returns:
            What was saved, or the answer that is not good.

        Raises:
            Refusal: No answer came, or it broke off.
            PayloadError: `save` says so.
        """
        found = self._saved(call, save, good)
        if isinstance(found, Answer) and found.status == _UNAUTHORIZED and renewed(call):
            found = self._saved(call, save, good)
        return found

    def _saved(
        self, call: Call, save: Callable[[requests.Response], Part | Answer], good: Collection[int]
    ) -> Part | Answer:
        try:
            with self.transport.stream(call, self._heard) as response:
                return save(response) if response.status_code in good else read_answer(response)
        except PayloadError:
            raise
        except ConnectionFault as fault:
            raise Refusal("transient", fault, unsent=not fault.maybe_received) from fault
        except ReportError as error:
            raise _unsent(error) from error

    @contextlib.contextmanager
    def opened(
        self, url: str, headers: Mapping[str, str], authenticator: str = "default"
    ) -> Iterator[requests.Response]:
        """Open a download link: with credentials where it names the vendor's own host and carries no signature.

        Args:
            url: The link; one without a host is the vendor's own.
            headers: Headers beside the standard ones.
            authenticator: Name of the credentials. They renew themselves, once, on a 401.

        Raises:
            ConnectionFault: No answer came.
            ConfigError: The link is not to be followed.
            Refusal: The credentials cannot be had, or may not open the link.
        """

        def signer(address: str) -> Credentials | None:
            is_ours = same_host(address, self.base_url) and not is_signed(address)
            return self.credentials(authenticator) if is_ours else None

        url = joined(f"{self.base_url}/", url)
        with self.transport.download(url, headers, self.base_url, signer) as response:
            signed_by = signer(response.url)
            if response.status_code != _UNAUTHORIZED or signed_by is None or not signed_by.renew():
                self._require_let_in(response, signed_by)
                yield response
                return
        with self.transport.download(url, headers, self.base_url, signer) as response:
            self._require_let_in(response, signer(response.url))
            yield response

    def _require_let_in(self, response: requests.Response, signed_by: Credentials | None) -> None:
        """Refuse a link for good where the API says that the credentials may not open it; another link would not help.

        Raises:
            Refusal: They may not.
        """
        is_refused = response.status_code in (_UNAUTHORIZED, _FORBIDDEN)
        if signed_by is not None and is_refused and "json" in response.headers.get("content-type", ""):
            self.judge(read_answer(response), "download")

    def judge(self, answer: Answer, phase: str, report: str = "") -> None:
        """Pass an answer that is a success.

        Raises:
            Refusal: It is none, by the platform's error rules or by its status.
        """
        judge(self.platform, self.context, answer, phase, report, self.vendor_now())

    def ask(
        self,
        call: Call,
        phase: str,
        report: str = "",
        fits: Callable[[Any], bool] = lambda _: True,
        also: Collection[int] = (),
    ) -> tuple[Answer, Any]:
        """Send `call` as `send` does.

        Args:
            call: The request.
            phase: The step that it is for.
            report: The report that it is for, if any.
            fits: Whether a JSON document is of the kind that must come.
            also: As for `send`.

        Returns:
            The answer, and the JSON in it.

        Raises:
            Refusal: No answer, one that is no success, or one that is something else: a web page, say.
        """
        answer = self.send(call, phase, report, also)
        return answer, self.read(answer, fits)

    def read(self, answer: Answer, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The JSON in a good answer.

        Args:
            answer: The answer.
            fits: Whether a JSON document is of the kind that must come.

        Raises:
            Refusal: It is something else: a web page, say.
        """
        document = answer.json() if answer.is_json else None
        if document is None or not fits(document):
            raise self._no_answer(answer)
        self.is_met = True
        self._tell_halves(answer)
        return document

    def _tell_halves(self, answer: Answer) -> None:
        """Say once that names and words of the vendor's are not as it meant them."""
        if not self._has_told_halves and answer.halves:
            self._has_told_halves = True
            LOGGER.warning(f"In an answer of {self.platform.title}: {HALF_NOTE.format(count=answer.halves)}")

    def require_met(self, call: Call, good: Collection[int]) -> None:
        """Have the API answer with one of the statuses in `good`, whatever else it says.

        Args:
            call: The request of a check.
            good: The statuses; none of a success.

        Raises:
            Refusal: It answers with another one, or with a web page.
        """
        answer = self.send(call, "check", also=good)
        if answer.status not in good or answer.is_html:
            raise self._no_answer(answer)
        self.is_met = True

    def _no_answer(self, answer: Answer) -> Refusal:
        what = OTHER_JSON
        if not answer.is_json:
            what = "a web page" if answer.is_html else "something that is not JSON"
        words = f"{self.platform.title} answered with {what} where its API should answer."
        error = TransientError(words, answer.detail)
        return Refusal("transient", error, uncertain=True, status=answer.status, instead=what)

    def items(self, name: str, phase: str, **extra: Any) -> list[Any]:
        """All items of a list, over all pages. Each page is asked for with patience.

        Raises:
            Refusal: A page could not be had, or it holds no list.
        """
        spec, report = self.platform.requests[name], str(extra.get("report", ""))

        def listed(document: Any) -> Any:
            return value_at(document, spec.records) if isinstance(document, dict) else document

        pages: list[list[Any]] = []
        call: Call | None = self.prepare(name, **extra)
        seen: set[str] = set()
        while call is not None:
            ask = functools.partial(self.ask, call, phase, report, lambda document: isinstance(listed(document), list))
            answer, document = self.patience.through(ask)
            self._require_another_page(pages, listed(document))
            url = next_page(spec, answer.headers.get("link"), document)
            call = self.follow(call, url, seen) if url else None
        return [item for page in pages for item in page]

    def _require_another_page(self, pages: list[list[Any]], page: list[Any]) -> None:
        """Refuse a page that has come before: it came in the place of another, whose items would be missing.

        Raises:
            Refusal: It has.
        """
        if page and page in pages:
            words = f"{self.platform.title} gives a page of a list again in the place of another."
            raise Refusal("transient", TransientError(words))
        pages.append(page)

    def follow(self, call: Call, url: str, seen: set[str]) -> Call:
        """The request for the next page.

        Args:
            call: The request for this page.
            url: The next page's address as the vendor gave it.
            seen: Addresses visited so far; grows.

        Raises:
            Refusal: The address leads to another host, or in a circle.
        """
        url = secured(joined(call.url, url), call.url)
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
        return linked_next(link_header)
    if spec.pages == "next_url":
        url = value_at(document, spec.next)
        return url if isinstance(url, str) and url else None
    return None


def linked_next(header: str | None) -> str | None:
    """The address of the next page by a `Link` header; None where it names none."""
    links = requests.utils.parse_header_links(header or "")
    return next((link["url"] for link in links if "next" in _relations(link)), None)


def _relations(link: Mapping[str, str]) -> list[str]:
    """What a link of a `Link` header is: `{"url": "/b", "Rel": "next last"}` -> `["next", "last"]` (RFC 8288, 3.3)."""
    return next((value.lower().split() for name, value in link.items() if name.lower() == "rel"), [])


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def renewed(call: Call) -> bool:
    """Have the credentials of a refused call renew themselves; False where they cannot."""
    return call.auth is not None and call.auth.renew()


def _unsent(error: ReportError) -> Refusal:
    """The refusal of a request that settings or certificates kept from being answered."""
    return Refusal("config" if isinstance(error, ConfigError) else "transient", error, locked_out=True)
