"""Proof, before the first row is emitted, that a payload is a whole report."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from source_lms_reports.errors import ArchiveLimitExceeded, EmptyPayload, ErrorPayload, TruncatedPayload, UnendedPayload
from source_lms_reports.files.archive import DAMAGE, OLE, Source, corrupt, sources, unpacked_size
from source_lms_reports.files.csv_table import CsvTable, rows_of
from source_lms_reports.files.json_sections import sections
from source_lms_reports.files.opening import kind_of, open_tables
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import encoding_of, text_blocks
from source_lms_reports.files.xlsx_book import WORKBOOKS, open_workbook
from source_lms_reports.files.xlsx_xml import NO_ERRORS, CellSigns, spread

_READ = 1024 * 1024
_MEMBER_READ = 256 * 1024
"""Blocks of a megabyte would take new pages of memory each time, which takes a fifth more."""
_TAIL = 4096
_THREADS = 2
_MOST_PLACES = 2**26
"""Places of a sheet that are never too many: the reader takes 32 bytes for each."""
_LEAST_FILLED = 100
"""Beyond that, one of so many places must be filled."""
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)")


def verify(payload: Payload, options: ReadOptions) -> None:
    """Prove that what arrived is a whole report; the files are read once, a block at a time.

    Raises:
        PayloadError: One of its subclasses says what is wrong.
    """
    if not any(part.path.stat().st_size for part in payload.parts):
        raise EmptyPayload("The report came without content. The next sync asks for it again.")
    filled = 0
    for source in sources(payload, options.limits):
        filled += _verified(source, options)
    if not filled:
        raise EmptyPayload("All files of the report are empty. The next sync asks for it again.")


def count_rows(payload: Payload, options: ReadOptions) -> int:
    """The data rows of all tables."""
    return sum(table.count() for table in open_tables(payload, options))


def _verified(source: Source, options: ReadOptions) -> bool:
    """Whether there is anything in the file, all of which is proven."""
    head = b"" if source.workbook else source.head()
    kind = kind_of(source, head, options)
    if kind == "blank":
        _read_through(source)
    elif kind == "json":
        sections(source, options)
    elif kind == "workbook":
        _verify_workbook(source, options.limits)
    else:
        _verify_csv(source, head, options)
    return kind != "blank"


def _read_through(source: Source) -> None:
    """To the end, so that a packed file's checksum is looked at."""
    with closing(source.open()) as stream:
        while stream.read(_READ):
            pass


def _verify_workbook(source: Source, limits: ArchiveLimits) -> None:
    with source.file.open("rb") as file:
        is_zip = file.read(8) != OLE
    if is_zip:
        _verify_zip(source, limits)
    else:
        open_workbook(source.file, source.label)


def _verify_zip(source: Source, limits: ArchiveLimits) -> None:
    try:
        with zipfile.ZipFile(source.file) as archive:
            unpacked = unpacked_size(archive)
            too_dense = unpacked > max(limits.ratio_from, limits.ratio * source.packed)
            if unpacked > limits.unpacked or too_dense:
                raise ArchiveLimitExceeded(
                    f"{source.label} unpacks to {unpacked / 1024**3:.1f} GiB, which no workbook does."
                )
            with ThreadPoolExecutor(_THREADS) as pool:  # unpacking and opening leave the interpreter free
                opening = pool.submit(WORKBOOKS.prepare, source)
                marked = list(pool.map(partial(_verify_member, archive), archive.infolist()))
                opening.result()
            source.proof[NO_ERRORS] = not any(marked)
    except DAMAGE as error:
        raise corrupt(source.label, error) from error


def _verify_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Its checksum is right and, if it is XML of the workbook, its outermost element is closed.

    More is not needed: the reader of workbooks parses a whole sheet before it gives the first row of it.

    Returns:
        Whether it may hold error cells.

    Raises:
        BadZipFile: The checksum is wrong.
        ValueError: The XML ends early.
    """
    begin = tail = b""
    signs = CellSigns()
    may_be_sheet = not info.filename.endswith("/sharedStrings.xml")
    with archive.open(info) as part:
        while block := part.read(_MEMBER_READ):
            begin = begin or block[:_TAIL]
            if may_be_sheet:
                signs.look(block)
            tail = block[-_TAIL:] if len(block) >= _TAIL else (tail + block)[-_TAIL:]
    if signs.is_wide and info.filename.startswith("xl/worksheets/"):
        _refuse_spread(archive, info)
    if info.filename.startswith("xl/") and info.filename.endswith(".xml"):
        root = _ROOT.search(begin)
        if root is None or not re.search(rb"(?:</%b\s*>|<%b[^<>]*/>)\s*\Z" % (root[1], root[1]), tail):
            raise ValueError(f"{info.filename} ends early")
    return signs.has_errors


def _refuse_spread(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """The reader takes memory for each place between the first and the last cell, filled or not."""
    with archive.open(info) as part:
        cells, rows, columns = spread(iter(partial(part.read, _MEMBER_READ), b""))
    if rows * columns > max(_MOST_PLACES, _LEAST_FILLED * cells):
        raise ArchiveLimitExceeded(
            f"The sheet {info.filename} scatters {cells:,} cells over {rows:,} rows and {columns:,} columns, which no "
            "report does. Ask the vendor what it sent."
        )


def _verify_csv(source: Source, head: bytes, options: ReadOptions) -> None:
    table = CsvTable(source, source.name, options)
    quotes, lines, tail = 0, False, ""
    for text in _texts(source, head, options):
        quotes += text.count('"')
        lines = lines or "\n" in text or "\r" in text
        tail = text if len(text) >= _READ else tail[-_READ:] + text
    if quotes & 1:
        for _ in table.chunks():  # tells a stray quote from a cell that was never closed
            pass
        return
    if not lines:
        _refuse_sentence(table, source.label)
    if tail.rstrip("\0").endswith(("\n", "\r")):
        return
    if lines:
        _verify_last_row(tail, table, source.label, options)
    if options.ends_with_line_end:
        raise UnendedPayload(
            f"{source.label} ends without a line end: it may be cut off. The next sync asks for it again."
        )


def _texts(source: Source, head: bytes, options: ReadOptions) -> Iterator[str]:
    """The text for counting: exact in its quotes, delimiters and line ends, not in its letters."""
    name, _ = encoding_of(head, source.charset, options.encoding)
    with closing(source.open()) as stream:
        if name.startswith(("utf-16", "utf-32")):
            yield from text_blocks(stream, source.charset, options.encoding, TableWarnings())
        else:
            while data := stream.read(_READ):
                yield data.decode("latin-1")


def _refuse_sentence(table: CsvTable, label: str) -> None:
    """A single line without line end, of one cell with several words, is no header but a message."""
    if len(table.header) == 1 and len(table.header[0].split()) > 1:
        raise ErrorPayload(f"{label} is not a report but says: {table.header[0][:200]}")


def _verify_last_row(tail: str, table: CsvTable, label: str, options: ReadOptions) -> None:
    last = _last_row(tail.replace("\r", "\n").replace("\0", ""))
    cells = next(rows_of([last], table.delimiter), [])
    marker = len(cells) == 1 and cells[0].strip() in options.empty_markers
    if len(cells) < len(table.columns) and not marker and len(last) < _READ:
        raise TruncatedPayload(
            f"{label} ends inside a row: the last one has {len(cells)} of {len(table.columns)} cells and no line end. "
            "It is cut off; the next sync asks for it again."
        )


def _last_row(tail: str) -> str:
    """The text behind the last line end that is not inside quotes, given that the text ends outside of them."""
    at = len(tail)
    while (at := tail.rfind("\n", 0, at)) >= 0:
        if not tail.count('"', at) & 1:
            return tail[at + 1 :]
    return tail
