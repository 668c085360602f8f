"""What the sandbox does to a report's bytes, in every form of a file: told, or read whole. No file is read in part."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from integration_tests.sandbox.cache import Cache
from integration_tests.sandbox.clock import Clock
from integration_tests.sandbox.core import FileBody, Request, Response
from integration_tests.sandbox.downloads import Artifact, Downloads, Link
from integration_tests.sandbox.faults import Faults
from source_lms_reports.errors import (
    ArchiveLimitExceeded,
    CorruptPayload,
    EmptyPayload,
    ErrorPayload,
    HtmlPayload,
    PayloadError,
    TruncatedPayload,
)
from source_lms_reports.files.opening import verify
from source_lms_reports.files.options import MIB, ArchiveLimits, ReadOptions
from unit_tests.files.reading import gzipped, payload, read, zipped

ROWS = [{"id": f"0{number}", "name": f'a "{number}", b'} for number in range(40)]
#: As in the product where the vendor ends each CSV with a line end, but a bomb is told from a MiB on.
OPTIONS = ReadOptions(limits=ArchiveLimits(ratio_from=MIB), ends_with_line_end=True)


def quoted_csv() -> bytes:
    quoted = [[cell.replace('"', '""') for cell in row.values()] for row in ROWS]
    return b"id,name\n" + "".join(f'{key},"{name}"\n' for key, name in quoted).encode()


def json() -> bytes:
    return msgspec.json.encode({"reports": ROWS})


def xlsx() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet()
        for at, cells in enumerate([list(ROWS[0]), *(list(row.values()) for row in ROWS)]):
            sheet.write_row(at, 0, cells)
    return target.getvalue()


def plain_csv() -> bytes:
    return b"id,name\n" + b"".join(b"0%d,name %d\n" % (number, number) for number in range(40))


FILES = {
    "csv": quoted_csv(),
    "plain.csv": plain_csv(),
    "json": json(),
    "xlsx": xlsx(),
    "zip": zipped({"users.csv": quoted_csv()}),
    "csv.gz": gzipped(plain_csv()),
}
CUT = (TruncatedPayload, CorruptPayload)
DAMAGE: dict[str, tuple[type[PayloadError], ...]] = {
    "link_html": (HtmlPayload,),
    "link_json_error": (ErrorPayload,),
    "link_empty": (EmptyPayload,),
    "link_truncated": CUT,
    "link_cut_row": CUT,
    "link_cut_row_length": CUT,
    "link_cut_quote": CUT,
    "link_broken_gzip": CUT,
    "link_broken_zip": CUT,
    "link_broken_xlsx": CUT,
    "link_bad_checksum": (CorruptPayload,),
    "link_zip_bomb:mib=2": (ArchiveLimitExceeded,),
    "link_zip_many": (ArchiveLimitExceeded,),
}


def served(fault: str, kind: str, folder: Path) -> bytes:
    """The bytes of a file of this kind as the sandbox serves them under a fault."""
    path = folder / f"report.{kind}"
    path.write_bytes(FILES[kind])
    downloads = Downloads(Clock(None), Faults([fault]), Cache(folder), 1)
    request = Request("canvas", "files", "GET", "/", [], [], b"", "")
    answer = downloads.serve(request, Link(1, "canvas", None, Artifact(path, "text/csv", path.name), 0.0, ""))
    return _body(answer)


def _body(answer: Response) -> bytes:
    body = answer.body
    if isinstance(body, FileBody):
        body = body.path.read_bytes()[body.start : body.stop]
    return body[: answer.stop_after]


@pytest.mark.parametrize("fault", DAMAGE)
def test_a_damaged_file_of_any_kind_is_refused_before_its_first_row(fault: str, tmp_path: Path) -> None:
    for kind in FILES:
        damaged = payload(tmp_path, served(fault, kind, tmp_path))
        with pytest.raises(DAMAGE[fault]):
            verify(damaged, OPTIONS)


@pytest.mark.parametrize("fault", ["link_gzip", "link_gzip_file", "link_wrong_type", "link_no_type", "link_no_length"])
def test_a_whole_file_in_strange_clothes_is_read_whole(fault: str, tmp_path: Path) -> None:
    for kind, content in FILES.items():
        undisturbed = read(payload(tmp_path, content), OPTIONS)
        assert list(map(len, undisturbed.values())) == [len(ROWS)]
        assert list(read(payload(tmp_path, served(fault, kind, tmp_path)), OPTIONS).values()) == list(
            undisturbed.values()
        )
