"""Requests, answers and routes: what every vendor of the sandbox is written in. No sockets here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from pathlib import Path

Json = Any
Pairs = list[tuple[str, str]]
Delimiter = Literal["length", "chunked", "close"]


@dataclass(frozen=True)
class FileBody:
    """A part of a file on disk: from `start` up to (not including) `stop`, in bytes."""

    path: Path
    start: int = 0
    stop: int | None = None

    @property
    def size(self) -> int:
        end = self.path.stat().st_size if self.stop is None else self.stop
        return max(0, end - self.start)


Body = bytes | FileBody


def body_size(body: Body) -> int:
    """The number of bytes of a body."""
    return len(body) if isinstance(body, bytes) else body.size


@dataclass
class Response:
    """An answer, and how the connection treats it.

    Args:
        length: What `Content-Length` claims; the true size when None.
        delimiter: How the end of the body is told: by length, by chunks, or by closing the connection.
        stop_after: Break the connection after this many bytes of the body.
        effect: `reset` sends nothing and resets the connection; `hang` holds it open for `pause` seconds first.
        pause: Seconds between two pieces of a slow body, or the length of a `hang`.
        informs: An informational answer (103) comes a moment before it.
    """

    status: int = 200
    headers: Pairs = field(default_factory=list)
    body: Body = b""
    length: int | None = None
    delimiter: Delimiter = "length"
    stop_after: int | None = None
    effect: Literal["answer", "reset", "hang"] = "answer"
    pause: float = 0.0
    lower_case: bool = False
    informs: bool = False

    def header(self, name: str, value: str) -> Response:
        """Set one header (replacing an earlier one of that name) and return the answer itself."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers.append((name, value))
        return self


@dataclass
class Request:
    """One request as the server read it. `host` is `api` or `files`."""

    vendor: str
    host: Literal["api", "files"]
    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: bytes
    authority: str
    args: dict[str, str] = field(default_factory=dict)
    kind: str = "other"
    report: str | None = None
    marks: list[str] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None when it was not sent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def param(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter."""
        return dict(self.query).get(name, default)

    def mark(self, text: str) -> None:
        """Leave a note in the journal entry of this request."""
        self.marks.append(text)

    @property
    def content_type(self) -> str:
        return (self.header("Content-Type") or "").split(";")[0].strip().lower()

    @property
    def form(self) -> Pairs:
        """The fields of an urlencoded or multipart form, in order; empty for any other body."""
        if self.content_type == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode(), keep_blank_values=True)
        if self.content_type == "multipart/form-data":
            return _multipart(self.header("Content-Type") or "", self.body)
        return []

    @property
    def json(self) -> Json:
        """The JSON body, or None when there is none or it cannot be read."""
        if not self.content_type.endswith(("/json", "+json")) or not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def parsed_body(self) -> Json:
        """The body for the journal: JSON, a list of form fields, text, or None."""
        if not self.body:
            return None
        if (data := self.json) is not None:
            return data
        if form := self.form:
            return [list(pair) for pair in form]
        return self.body.decode(errors="replace")


def _multipart(content_type: str, body: bytes) -> Pairs:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: Pairs = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        text = payload.decode(errors="replace") if isinstance(payload, bytes) else ""
        fields.append((str(name), text))
    return fields


def json_response(data: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    pairs = [("Content-Type", "application/json; charset=utf-8"), *(headers or {}).items()]
    try:
        body = json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate, which only an escape can spell
        body = json.dumps(data).encode()
    return Response(status, pairs, body)


def text_response(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
    """An answer with a text body."""
    return Response(status, [("Content-Type", content_type)], text.encode())


def html_response(title: str, status: int = 200) -> Response:
    """A web page, as login walls, proxies and wrong hosts answer."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        '<body><form action="/login" method="post"><input name="unique_id"><input type="password"></form></body>\n'
        "</html>\n"
    )
    return text_response(page, status, "text/html; charset=utf-8")


Handler = Callable[[Request], Response]
Classifier = Callable[[Request], str]


@dataclass(frozen=True)
class Route:
    """`pattern` is a path with `{name}` parts; `kind` is what faults and the journal call this route.

    The kinds: `list`, `order`, `poll`, `token`, `download`, `abort`, `delete`, `page`, `schema`, `trade`, `other`.
    """

    method: str
    pattern: str
    handler: Handler
    kind: str | Classifier = "other"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        if method != self.method:
            return None
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern), path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def find_route(routes: Iterable[Route], request: Request) -> Route | None:
    """The first route that fits; fills `args`, `report` and `kind` of the request."""
    for route in routes:
        args = route.match(request.method, request.path)
        if args is not None:
            request.args = args
            request.report = args.get("report")
            request.kind = route.kind if isinstance(route.kind, str) else route.kind(request)
            return route
    return None
