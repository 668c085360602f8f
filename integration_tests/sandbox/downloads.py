"""The download host: signed links to report files, and every way in which the bytes of a report can go wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Clock, iso
from .core import FileBody, Request, Response, html_response, json_response, text_response
from .faults import LINK_FAULTS, Fault, Faults

if TYPE_CHECKING:
    from pathlib import Path

    from .cache import Cache

CREDENTIAL_HEADERS = ("authorization", "x-hapyak-api-key", "cookie", "x-api-key")


@dataclass(frozen=True)
class Artifact:
    """A finished report file."""

    path: Path
    content_type: str
    filename: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size


@dataclass
class Served:
    """How the host serves a file, by whatever link.

    Args:
        ranges: Parts of it are given.
        generation: Another one is another file.
        begins_earlier: A range is answered by one that begins earlier and looks like the one that was asked for.
        is_weak: The `ETag` is weak, and a range is one of another file.
    """

    ranges: bool = True
    generation: int = 0
    begins_earlier: bool = False
    is_weak: bool = False


@dataclass
class Link:
    """A signed link; `expires_at` in seconds since 1970 on the sandbox's clock."""

    number: int
    vendor: str
    report: str | None
    artifact: Artifact
    expires_at: float
    signature: str
    served: Served = field(default_factory=Served)


def s3_error(code: str, message: str, status: int) -> Response:
    """An error as object storage words it."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return text_response(xml, status, "application/xml")


class Downloads:
    """Issues links and serves them.

    Args:
        origin: The address of the download host, known once its socket is bound.
    """

    def __init__(self, clock: Clock, faults: Faults, cache: Cache, seed: int) -> None:
        self.origin = ""
        self._clock = clock
        self._faults = faults
        self._cache = cache
        self._seed = seed
        self._numbers = itertools.count(1)
        self._links: dict[int, Link] = {}
        self._served: defaultdict[Path, Served] = defaultdict(Served)

    def reset(self) -> None:
        """Forget all links."""
        self._links.clear()
        self._served.clear()

    def issue(self, vendor: str, report: str | None, artifact: Artifact, lifetime: float) -> str:
        """A new link that works for `lifetime` seconds."""
        number = next(self._numbers)
        signature = hashlib.sha256(f"{self._seed}/{vendor}/{number}".encode()).hexdigest()
        expires_at = self._clock.now() + lifetime
        self._links[number] = Link(number, vendor, report, artifact, expires_at, signature, self._served[artifact.path])
        stamp = iso(self._clock.now()).replace("-", "").replace(":", "")
        query = f"X-Amz-Date={stamp}&X-Amz-Expires={int(lifetime)}&X-Amz-Signature={signature}"
        return f"{self.origin}/{vendor}/{number}/{artifact.filename}?{query}"

    def answer(self, request: Request) -> Response:
        """Serve one request of the download host."""
        request.kind = "download"
        leaked = [name for name in CREDENTIAL_HEADERS if request.header(name) is not None]
        if leaked:
            request.mark("credentials-at-download-host:" + ",".join(leaked))
            return s3_error("InvalidArgument", "Only one auth mechanism allowed", 400)
        link = self._find(request)
        if link is None:
            return s3_error("AccessDenied", "Access Denied", 403)
        request.vendor, request.report = link.vendor, link.report
        if request.param("X-Amz-Signature") != link.signature:
            request.mark("bad-signature")
            return s3_error("SignatureDoesNotMatch", "The request signature we calculated does not match", 403)
        if self._clock.now() >= link.expires_at:
            request.mark("link-expired")
            return s3_error("AccessDenied", "Request has expired", 403)
        return self.serve(request, link)

    def _find(self, request: Request) -> Link | None:
        parts = request.path.strip("/").split("/")
        if request.method != "GET" or len(parts) != 3 or not parts[1].isdigit():
            return None
        return self._links.get(int(parts[1]))

    def direct(self, request: Request, vendor: str, report: str, artifact: Artifact) -> Response:
        """The file as the answer of the API itself (no link, no ranges)."""
        return self.serve(request, Link(0, vendor, report, artifact, 0.0, "", Served(ranges=False)))

    def serve(self, request: Request, link: Link) -> Response:
        """The file, or what a fault makes of it."""
        effect = self._faults.draw_request("download", link.vendor, link.report)
        if effect is not None:
            request.mark(f"fault:{effect[1].name}")
            return _transport_fault(*effect)
        fault = self._faults.draw(LINK_FAULTS, link.vendor, link.report)
        if fault is not None and fault.name == "link_weak_etag":
            link.served.is_weak = True
        whole = whole_file(request, link)
        if fault is None:
            return whole
        request.mark(f"fault:{fault.name}")
        return _apply(fault, link, whole, self._cache)


def whole_file(request: Request, link: Link) -> Response:
    """The file as a healthy host sends it, with ranges where the host serves them."""
    artifact = link.artifact
    etag = f'"{hashlib.sha256(str(artifact.path).encode()).hexdigest()[:24]}-{link.served.generation}"'
    answer = Response(200, [("Content-Type", artifact.content_type)], FileBody(artifact.path))
    answer.header("Content-Disposition", f'attachment; filename="{artifact.filename}"')
    if not link.served.ranges:
        return answer
    answer.header("ETag", f"W/{etag}" if link.served.is_weak else etag).header("Accept-Ranges", "bytes")
    wanted = request.header("Range") or ""
    condition = request.header("If-Range")
    if not wanted.startswith("bytes=") or (condition not in (None, etag) and not link.served.is_weak):
        return answer
    start_text, _, end_text = wanted[6:].partition("-")
    size, start = artifact.size, int(start_text or "0")
    if start >= size:
        return s3_error("InvalidRange", "The requested range is not satisfiable", 416).header(
            "Content-Range", f"bytes */{size}"
        )
    stop = min(size, int(end_text) + 1) if end_text else size
    answer.status, answer.body = 206, FileBody(artifact.path, start, stop)
    if link.served.begins_earlier or link.served.is_weak:
        answer.body = artifact.path.read_bytes()[start:stop].translate(_OTHER_DIGITS)
    begins = start // 2 if link.served.begins_earlier else start
    return answer.header("Content-Range", f"bytes {begins}-{begins + stop - start - 1}/{size}")


_OTHER_DIGITS = bytes.maketrans(b"12345", b"23451")


def _transport_fault(effect: str, fault: Fault) -> Response:
    if effect in ("reset", "lost"):
        return Response(effect="reset")
    if effect == "timeout":
        return Response(effect="hang", pause=fault.number("seconds", 30))
    if effect == "html":
        return html_response("Log in")
    if effect in ("notjson", "empty"):
        return Response(200, [("Content-Type", "text/csv")], b"")
    if effect == "throttle":
        return text_response("403 Forbidden (Rate Limit Exceeded)\n", 403)
    status = int(effect[:3]) if effect[:3].isdigit() else 403
    answer = s3_error("SlowDown" if status in (429, 503) else "Error", "Please try again", status)
    return answer.header("Retry-After", fault.args.get("retry_after", "1")) if effect == "429" else answer


def _apply(fault: Fault, link: Link, whole: Response, cache: Cache) -> Response:
    """What a link fault makes of the healthy answer `whole`."""
    name = fault.name
    if name in _REPLACED:
        return _replaced(fault)
    if name in _BROKEN_BYTES:
        return _broken_bytes(fault, link.artifact, cache)
    if name in _CUT:
        return _cut(fault, link, whole)
    return _dressed(fault, whole)


_REPLACED = (
    "link_expired",
    "link_500",
    "link_503",
    "link_reset",
    "link_html",
    "link_json_error",
    "link_empty",
)
_BROKEN_BYTES = (
    "link_gzip", "link_gzip_file", "link_broken_gzip", "link_broken_zip", "link_broken_xlsx",
    "link_zip_bomb", "link_zip_many", "link_bad_checksum",
)  # fmt: skip
_CUT = (
    "link_truncated", "link_cut_row", "link_cut_row_length", "link_cut_behind_row", "link_cut_quote",
    "link_broken_midway", "link_broken_no_range", "link_changed_midway", "link_other_range", "link_weak_etag",
)  # fmt: skip


def _replaced(fault: Fault) -> Response:
    name = fault.name
    if name == "link_expired":
        return s3_error("AccessDenied", "Request has expired", int(fault.number("status", 403)))
    if name in ("link_500", "link_503"):
        return s3_error("InternalError", "We encountered an internal error", int(name[-3:]))
    if name == "link_reset":
        return Response(effect="reset")
    if name == "link_html":
        return html_response("Log in to Canvas")
    if name == "link_json_error":
        return json_response({"errors": [{"message": "The file is not available."}]})
    return Response(200, [("Content-Type", "text/csv")], b"")


def _cut(fault: Fault, link: Link, whole: Response) -> Response:
    assert isinstance(whole.body, FileBody)
    size = whole.body.size
    share = int(size * fault.number("at", 0.5))
    if fault.name in _ENDS:
        data = link.artifact.path.read_bytes()
        whole.body = data[: _ENDS[fault.name](data, share)]
        if fault.name not in ("link_cut_row_length", "link_cut_behind_row"):
            whole.delimiter = "close"
        return whole
    whole.stop_after = share
    if fault.name == "link_broken_no_range":
        link.served.ranges = False
    if fault.name == "link_other_range":
        link.served.begins_earlier = True
    if fault.name == "link_changed_midway":
        link.served.generation += 1
    return whole


def _inside_row(data: bytes, near: int) -> int:
    """A place near `near` in the middle of a row: right after a comma that is followed by a value."""
    if not data[:1].isascii() or data[:2] == b"PK":
        return near
    place = data.find(b",", near)
    return place + 2 if 0 <= place < len(data) - 2 else max(1, len(data) - 3)


def _inside_quotes(data: bytes, near: int) -> int:
    opened = False
    for place, byte in enumerate(data):
        if byte == 0x22:
            opened = not opened
        elif opened and place >= near:
            return place
    return _inside_row(data, near)


def _behind_row(data: bytes, near: int) -> int:
    """The end of a row near `near`, where no quoted field is open."""
    place = near
    while place := data.find(b"\n", place) + 1:
        if data.count(b'"', 0, place) % 2 == 0:
            return place
    return len(data)


_ENDS = {
    "link_cut_row": _inside_row,
    "link_cut_row_length": _inside_row,
    "link_cut_behind_row": _behind_row,
    "link_cut_quote": _inside_quotes,
}


def _broken_bytes(fault: Fault, artifact: Artifact, cache: Cache) -> Response:
    name = fault.name
    if name == "link_zip_bomb":
        bomb = cache.build(f"bomb-{int(fault.number('mib', 96))}", lambda p: _bomb(p, int(fault.number("mib", 96))))
        return Response(200, [("Content-Type", "application/zip")], FileBody(bomb))
    data = artifact.path.read_bytes()
    if name in ("link_gzip", "link_broken_gzip"):
        packed = gzip.compress(data, 6)
        body = packed if name == "link_gzip" else packed[: max(20, len(packed) * 2 // 3)]
        return Response(200, [("Content-Type", artifact.content_type), ("Content-Encoding", "gzip")], body)
    if name == "link_gzip_file":
        return Response(200, [("Content-Type", "application/gzip")], gzip.compress(data, 6))
    if name == "link_broken_xlsx":
        return Response(200, [("Content-Type", _XLSX)], _broken_xlsx())
    return Response(200, [("Content-Type", "application/zip")], _damaged_zip(fault, data))


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _damaged_zip(fault: Fault, data: bytes) -> bytes:
    count = int(fault.number("members", 1100)) if fault.name == "link_zip_many" else 1
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"part_{number}.csv", data if count == 1 else b"id\n1\n")
    packed = target.getvalue()
    if fault.name == "link_broken_zip":
        return packed[: len(packed) * 2 // 3]
    if fault.name == "link_bad_checksum":
        central = packed.rindex(b"PK\x01\x02") + 16
        wrong = bytes(byte ^ 0xFF for byte in packed[central : central + 4])
        packed = packed[:14] + wrong + packed[18:central] + wrong + packed[central + 4 :]
    return packed


def _bomb(path: Path, mib: int) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("users.csv", "w", force_zip64=True) as member,
    ):
        member.write(b"canvas_user_id,user_id\n")
        for _ in range(mib):
            member.write(b"0" * (1 << 20))


def _broken_xlsx() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types/>')
        archive.writestr("xl/workbook.xml", '<?xml version="1.0"?><workbook><sheets><sheet name="A" ')
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c><v>1</v>")
    return target.getvalue()


def _dressed(fault: Fault, whole: Response) -> Response:
    """The right bytes in strange clothes."""
    if fault.name == "link_wrong_type":
        return whole.header("Content-Type", fault.args.get("type", "application/octet-stream"))
    if fault.name == "link_no_type":
        whole.headers = [p for p in whole.headers if p[0] not in ("Content-Type", "Content-Disposition")]
    elif fault.name == "link_lower_headers":
        whole.lower_case = True
    elif fault.name == "link_no_length":
        whole.delimiter = "chunked"
    elif fault.name == "link_slow":
        whole.pause = fault.number("seconds", 0.05)
    return whole
