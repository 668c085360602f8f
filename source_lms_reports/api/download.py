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

from source_lms_reports.api.addresses import host_of
from source_lms_reports.api.answer import Answer, header_text
from source_lms_reports.api.refusal import Refusal, is_throttling, of_machine
from source_lms_reports.api.transport import ConnectionFault, connection_fault
from source_lms_reports.api.trickle import watched
from source_lms_reports.errors import ConfigError, LinkExpired, MachineFault, TransientError, TruncatedPayload
from source_lms_reports.files.payload import Part
from source_lms_reports.files.sample import may_be_cut, whole_rows
from source_lms_reports.files.spool import Spool, disk_faults, require_room
from source_lms_reports.redaction import redact

_BLOCK = 64 * 1024
_MAX_TRIES = 5
_PARTIAL = 206
_UNSATISFIABLE = 416
_DEAD = frozenset({400, 401, 403, 404, 410})
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_FILENAME = re.compile(r"filename\*?\s*=\s*(?:[\w-]+'[\w-]*')?\"?([^\";]+)", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", re.IGNORECASE)

Progress = Callable[[int, "int | None"], None]
Opener = Callable[[Mapping[str, str]], contextlib.AbstractContextManager[requests.Response]]


def download(
    opened: Opener, spool: Spool, now: Callable[[], float], progress: Progress, most: int | None = None
) -> Part:
    """Fetch what stands behind a download link.

    Args:
        opened: Opens the link, with the headers that it is given.
        spool: Gives the file.
        now: Epoch seconds, to read `Retry-After` dates by.
        progress: Told the bytes here and the bytes announced.
        most: Of a file that may be cut (`files.sample`), so many bytes are enough; a block more may come.

    Raises:
        LinkExpired: The link is dead (400, 401, 403, 404, 410) or not to be followed.
        Refusal: The host is throttling, failing or out of reach.
        PayloadError: The file ended early, as often as it was asked for.
    """
    with _new_file(spool) as path:
        return _with_resumes(opened, path, now, progress, most)


def _with_resumes(opened: Opener, path: Path, now: Callable[[], float], progress: Progress, most: int | None) -> Part:
    fault: ConnectionFault | None = None
    etag: str | None = None
    for _ in range(_MAX_TRIES):
        offset = path.stat().st_size if etag else 0
        came = False
        try:
            with opened({"Range": f"bytes={offset}-", "If-Range": etag} if etag and offset else {}) as response:
                came = True
                begins = _beginning(response, offset, etag)
                if begins is None:
                    etag = None
                    continue
                _require_success(response, now)
                etag = _strong_etag(response)
                is_cut = _append(response, path, begins, progress, most)
                return describe(path, response.headers, response.url, is_cut=is_cut)
        except ConfigError as error:
            raise LinkExpired(error.message, error.detail) from error
        except ConnectionFault as error:
            if not came and fault is not None:
                break  # twice out of reach
            fault = error
    if fault is not None and path.stat().st_size == 0:
        raise Refusal("transient", fault) from fault
    raise TruncatedPayload(
        f"The download broke off after {path.stat().st_size:,} bytes, {_MAX_TRIES} times over.",
        detail=fault.detail if fault else None,
    )


def _beginning(response: requests.Response, offset: int, etag: str | None) -> int | None:
    """Where in the file the body begins; None where it is not what was asked for, so that the file is begun anew.

    A body goes on from `offset` only if it says so itself and comes from the same file, byte for byte (RFC 9110, 13.1.5
    and 14.4): anything else would leave rows out, double them, or splice two files.
    """
    if response.status_code == _UNSATISFIABLE and offset:
        return None
    if response.status_code != _PARTIAL:
        return 0
    found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    is_same = offset == 0 or (etag is not None and _strong_etag(response) == etag)
    return offset if found and int(found[1]) == offset and is_same else None


def _strong_etag(response: requests.Response) -> str | None:
    """What tells this file from any other at the same address. A weak one (`W/"1"`) tells only what it means."""
    etag = response.headers.get("etag", "").strip()
    return etag if len(etag) > 1 and etag.startswith('"') and etag.endswith('"') else None


def _require_success(response: requests.Response, now: Callable[[], float]) -> None:
    status = response.status_code
    if status in (200, _PARTIAL):
        return
    answer = Answer(status, response.headers, _first_bytes(response), response.url)
    detail = redact(f"HTTP {status} from the download host {host_of(response.url)}: {answer.words}")
    throttling = is_throttling(answer)
    if status in _DEAD and not throttling:
        raise LinkExpired(f"The download link is dead (HTTP {status}).", detail=detail)
    raise Refusal(
        "throttled" if throttling else "transient",
        TransientError(f"The download host refuses for now (HTTP {status}).", detail=detail),
        retry_after=answer.retry_after(now()),
        status=status,
    )


def _first_bytes(response: requests.Response) -> bytes:
    try:
        return next(response.iter_content(_BLOCK), b"")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise connection_fault(error, response.url) from error


def _append(response: requests.Response, path: Path, offset: int, progress: Progress, most: int | None) -> bool:
    """Write the body behind the first `offset` bytes. Whether the rest was left, as its first rows are enough."""
    total = _total(response, offset)
    if total is not None and most is None:
        require_room(path.parent, total - offset)
    with disk_faults(path.parent, total, lambda: path.stat().st_size), path.open("r+b") as file:
        file.seek(offset)
        file.truncate()
        return _copy(response, file, offset, total, progress, most)


def _copy(
    response: requests.Response, file: BinaryIO, done: int, total: int | None, progress: Progress, most: int | None
) -> bool:
    for block in _blocks(response):
        file.write(block)
        done += len(block)
        progress(done, total)
        if most is not None and done >= most and done != total:
            if _shortened(file):
                return True
            most = None
    if total is not None and done < total:
        raise connection_fault(requests.ConnectionError(f"{done} of {total} bytes"), response.url)
    return False


def _shortened(file: BinaryIO) -> bool:
    """Shorten a file to its whole rows, if it is one that may be cut and has any."""
    file.seek(0)
    beginning = file.read()
    rows = whole_rows(beginning) if may_be_cut(beginning[:_BLOCK]) else b""
    if rows:
        file.seek(0)
        file.truncate()
        file.write(rows)
    return bool(rows)


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body as it is on the wire.

    A content encoding is left on: files are told by their first bytes, not by headers.

    Raises:
        ConnectionFault: It broke off.
    """
    came = 0
    try:
        with watched(response, lambda: came):
            for block in response.raw.stream(_BLOCK, decode_content=False):
                came += len(block)
                yield block
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        raise connection_fault(error, response.url) from error


def _total(response: requests.Response, offset: int) -> int | None:
    """How long the whole file is by the answer's word: `Content-Range: bytes 5-9/10`, else its length."""
    part = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if response.status_code == _PARTIAL and part and part[2] != "*":
        return int(part[2])
    length = response.headers.get("content-length", "")
    is_told = _LENGTH.fullmatch(length) and "transfer-encoding" not in response.headers
    return offset + int(length) if is_told else None


def store(response: requests.Response, spool: Spool, progress: Progress, most: int | None = None) -> Part:
    """Write the body of an API answer that is the report itself; `most` as for `download`.

    Raises:
        ConnectionFault: The body broke off.
    """
    with _new_file(spool) as path:
        is_cut = _append(response, path, 0, progress, most)
        return describe(path, response.headers, response.url, is_cut=is_cut)


@contextlib.contextmanager
def _new_file(spool: Spool) -> Iterator[Path]:
    """A new file of the spool, which goes where something fails.

    Raises:
        Refusal: The disk is full or cannot be written.
    """
    try:
        path = spool.new_file()
        try:
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except MachineFault as fault:
        raise of_machine(fault, spool) from fault


def describe(path: Path, headers: Mapping[str, str], url: str, *, is_cut: bool = False) -> Part:
    """A file with what its headers and address say about it."""
    charset = _CHARSET.search(headers.get("content-type") or "")
    disposition = _FILENAME.search(header_text(headers.get("content-disposition") or ""))
    name = unquote(disposition[1]).strip() if disposition else unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    return Part(
        path=path,
        name=name or None,
        charset=charset[1] if charset else None,
        link=headers.get("link"),
        is_framed="content-length" in headers or "transfer-encoding" in headers,
        is_cut=is_cut,
    )
