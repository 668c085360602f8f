"""Fetches files to disk: resumed after a broken connection, and never longer or shorter than announced."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from source_lms_reports.api.answer import wait_asked_for
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import ConnectionFault, Transport, connection_fault
from source_lms_reports.errors import ConfigError, LinkExpired, TransientError, TruncatedPayload
from source_lms_reports.files.payload import Part
from source_lms_reports.files.spool import Spool
from source_lms_reports.redaction import redact

_BLOCK = 64 * 1024
_MAX_RESUMES = 5
_DEAD = frozenset({400, 401, 403, 404, 410})
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_FILENAME = re.compile(r"filename\*?\s*=\s*(?:[\w-]+'[\w-]*')?\"?([^\";]+)", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,18}")

Progress = Callable[[int, "int | None"], None]


def download(transport: Transport, url: str, spool: Spool, now: float, progress: Progress) -> Part:
    """Fetch a download link.

    Args:
        transport: Opens the link, without credentials.
        url: The link. Never logged.
        spool: Gives the file.
        now: Epoch seconds, to read `Retry-After` dates by.
        progress: Told the bytes here and the bytes announced.

    Raises:
        LinkExpired: The link is dead (400, 401, 403, 404, 410) or not to be followed.
        Refusal: The host is throttling, failing or out of reach.
        PayloadError: The file ended early, as often as it was asked for.
    """
    path = spool.new_file()
    try:
        return _with_resumes(transport, url, path, now, progress)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _with_resumes(transport: Transport, url: str, path: Path, now: float, progress: Progress) -> Part:
    fault: ConnectionFault | None = None
    validator: str | None = None
    for _ in range(_MAX_RESUMES):
        offset = path.stat().st_size
        try:
            with transport.download(url, offset) as response:
                if offset and (response.status_code == 416 or _validator(response) != validator):
                    path.write_bytes(b"")
                    continue
                _require_success(response, now)
                validator = _validator(response)
                _append(response, path, offset if response.status_code == 206 else 0, progress)
                return describe(path, response.headers, response.url)
        except ConfigError as error:
            raise LinkExpired(error.message, error.detail) from error
        except ConnectionFault as error:
            if path.stat().st_size <= offset and fault is not None:
                break  # twice without a byte more
            fault = error
    if fault is not None and path.stat().st_size == 0:
        raise Refusal("transient", fault) from fault
    raise TruncatedPayload(
        f"The download broke off after {path.stat().st_size:,} bytes, {_MAX_RESUMES} times over.",
        detail=fault.detail if fault else None,
    )


def _validator(response: requests.Response) -> str | None:
    """What tells this file from another one at the same address."""
    return response.headers.get("etag") or response.headers.get("last-modified")


def _require_success(response: requests.Response, now: float) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    words = redact(f"HTTP {status} from the download host {urlsplit(response.url).hostname}")
    if status in _DEAD:
        raise LinkExpired(f"The download link is dead (HTTP {status}).", detail=words)
    throttled = status in (408, 425, 429, 503)
    error = TransientError(f"The download host refuses for now (HTTP {status}).", detail=words)
    retry_after = wait_asked_for(response.headers, now)
    raise Refusal("throttled" if throttled else "transient", error, retry_after=retry_after, status=status)


def _append(response: requests.Response, path: Path, offset: int, progress: Progress) -> None:
    announced = _announced(response)
    total = offset + announced if announced is not None else None
    with path.open("r+b") as file:
        file.seek(offset)
        file.truncate()
        _copy(response, file, offset, total, progress)


def _copy(response: requests.Response, file: BinaryIO, done: int, total: int | None, progress: Progress) -> None:
    """Write the body as it is on the wire.

    A content encoding is left on: files are told by their first bytes, not by headers.
    """
    try:
        for block in response.raw.stream(_BLOCK, decode_content=False):
            file.write(block)
            done += len(block)
            progress(done, total)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        file.flush()
        if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
            raise
        raise connection_fault(error, response.url) from error
    if total is not None and done < total:
        raise connection_fault(requests.ConnectionError(f"{done} of {total} bytes"), response.url)


def _announced(response: requests.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if _LENGTH.fullmatch(length) and "transfer-encoding" not in response.headers else None


def store(response: requests.Response, spool: Spool, progress: Progress) -> Part:
    """Write the body of an API answer that is the report itself.

    Raises:
        ConnectionFault: The body broke off.
    """
    path = spool.new_file()
    with _unlink_on_error(path):
        _append(response, path, 0, progress)
        return describe(path, response.headers, response.url)


@contextlib.contextmanager
def _unlink_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def describe(path: Path, headers: Mapping[str, str], url: str) -> Part:
    """A file with what its headers and address say about it."""
    charset = _CHARSET.search(headers.get("content-type") or "")
    disposition = _FILENAME.search(headers.get("content-disposition") or "")
    name = unquote(disposition[1]).strip() if disposition else unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    return Part(
        path=path,
        name=name or None,
        charset=charset[1] if charset else None,
        link=headers.get("link"),
        is_framed="content-length" in headers or "transfer-encoding" in headers,
    )
