"""ZIP and gzip: files inside files, streamed, within limits."""

from __future__ import annotations

import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, cast

from source_lms_reports.errors import ArchiveLimitExceeded, CorruptPayload, EmptyPayload, TruncatedPayload
from source_lms_reports.files.findings import FileFindings
from source_lms_reports.files.gunzip import MAGIC, Gunzip
from source_lms_reports.files.inflated import open_member
from source_lms_reports.files.member_names import is_about_the_archive, is_system_file, name_of, stem
from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.spool import disk_faults, temporary_folder
from source_lms_reports.files.table_warnings import listed
from source_lms_reports.files.text import ByteStream, Encoding, encoding_of
from source_lms_reports.files.xlsx_package import holds_workbook

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of .xls workbooks and of workbooks under a password."""

HEAD = 64 * 1024
"""Bytes of a file by which it is told what it is."""
_DEPTH = 4


def _damage() -> tuple[type[Exception], ...]:
    """The errors by which Python's readers of ZIP tell damage; what Python can unpack depends on how it was built."""
    found: list[type[Exception]] = [zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError]
    for module, name in (("lzma", "LZMAError"), ("compression.zstd", "ZstdError")):
        with suppress(ImportError):
            found.append(getattr(import_module(module), name))
    return (*found, RuntimeError, NotImplementedError)  # a password, an unknown method


DAMAGE: tuple[type[Exception], ...] = _damage()
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Source:
    """One unpacked file whose bytes can be read from the start, any number of times.

    Args:
        name: The table's name it suggests (a ZIP member's, without its suffix); None for a lone file.
        label: What messages call it.
        charset: From the `Content-Type` header.
        path: Where its bytes lie as they are; None for a file that is unpacked on the way.
        packed: Bytes it takes in packed form.
        workbook: Whether it is an XLSX (or XLS) workbook; `path` is set then.
        opener: Opens the stream of its bytes.
        file_name: As it came; in an archive its whole name.
        is_member: Whether it stands in an archive.
        findings: What an earlier reading of the same file has found out.
    """

    name: str | None
    label: str
    charset: str | None
    path: Path | None
    packed: int
    workbook: bool
    opener: Callable[[], ByteStream]
    file_name: str | None = None
    is_member: bool = False
    findings: FileFindings = field(default_factory=FileFindings, compare=False, repr=False)

    @property
    def file(self) -> Path:
        """Where a workbook lies."""
        if self.path is None:
            raise ValueError(f"{self.label} is unpacked on the way and lies nowhere")
        return self.path

    @property
    def is_unpacked_alone(self) -> bool:
        """Whether it is a file by itself that is unpacked on the way (gzip), and no member of an archive."""
        return self.path is None and not self.is_member

    def open(self) -> ByteStream:
        """A stream of the file's bytes; the caller closes it."""
        return self.opener()

    def head(self) -> bytes:
        """The first bytes of the file, up to 64 KiB."""
        with closing(self.open()) as stream:
            return stream.read(HEAD)

    def encoding(self, default: str) -> Encoding:
        """The encoding of its text, found out once; `default` is what the platform writes."""
        known = self.findings.encodings
        if default not in known:
            known[default] = encoding_of(self.open, self.charset, default)
        return known[default]


class Budget:
    """Counts what archives unpack to, over a whole payload."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.limits = limits
        self.unpacked = 0

    def take(self, size: int, of_stream: int, packed: int) -> None:
        """Count `size` more bytes of a stream that has given `of_stream` bytes so far.

        Raises:
            ArchiveLimitExceeded: That is too much.
        """
        self.unpacked += size
        limits = self.limits
        if self.unpacked > limits.unpacked:
            raise ArchiveLimitExceeded(
                f"The archive unpacks to more than {limits.unpacked / 1024**3:g} GiB, which no report does. "
                "Narrow the report, or ask the vendor what it sent.",
            )
        if of_stream > limits.ratio_from and of_stream > limits.ratio * max(packed, 1):
            raise ArchiveLimitExceeded(
                f"A file in the archive unpacks to more than {limits.ratio:,} times its size, which no report does. "
                "Ask the vendor what it sent.",
                detail=f"{packed} bytes packed, more than {of_stream} unpacked",
            )


class _Unpacking:
    """A decompressing stream whose failures speak the reader's language."""

    def __init__(self, stream: ByteStream, budget: Budget, packed: int, label: str) -> None:
        self._stream = stream
        self._budget = budget
        self._packed = packed
        self._label = label
        self._given = 0

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._stream.read(size)
        except EOFError as error:
            raise _cut(self._label) from error
        except DAMAGE as error:
            raise corrupt(self._label, error) from error
        self._given += len(data)
        self._budget.take(len(data), self._given, self._packed)
        return data

    def close(self) -> None:
        self._stream.close()


def _cut(label: str) -> TruncatedPayload:
    return TruncatedPayload(f"{label} ends early: its packed data is cut off. The next sync reads it again.")


def corrupt(label: str, error: BaseException) -> CorruptPayload:
    """The error for a file that cannot be unpacked or parsed."""
    return CorruptPayload(
        f"{label} is damaged and cannot be read. The next sync asks for it again; if it stays so, ask the vendor.",
        detail=f"{type(error).__name__}: {error}",
    )


def under_password(label: str) -> CorruptPayload:
    """The error for a workbook that is encrypted."""
    return CorruptPayload(f"{label} is a workbook under a password, which cannot be read.")


def sources(payload: Payload, limits: ArchiveLimits) -> Iterator[Source]:
    """The files of a payload, unpacked, one at a time; each is readable until the next is asked for.

    Raises:
        PayloadError: An archive is damaged, cut off, or beyond the limits.
    """
    budget = Budget(limits)
    for part in payload.parts:
        alone = len(payload.parts) == 1
        yield from _unpacked(_of_part(part, alone), budget, 0)


def _of_part(part: Part, alone: bool) -> Source:
    name = None if alone else stem(_base(part.name or part.path.name))
    label = f"The file {part.name!r}" if part.name else "The report file"
    size = part.path.stat().st_size
    return _plain(
        part.path, Source(name, label, part.charset, None, size, False, _nothing, part.name, False, part.findings)
    )


def _nothing() -> ByteStream:
    raise AssertionError("a source without an opener was opened")


def is_packed(beginning: bytes) -> bool:
    """Whether a file has others in it, or is a workbook: then it tells its own end."""
    return beginning.startswith((MAGIC, *ZIP, OLE))


def _plain(path: Path, like: Source) -> Source:
    return replace(like, path=path, opener=lambda: cast("BinaryIO", path.open("rb", buffering=0)))


def _base(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _unpacked(source: Source, budget: Budget, depth: int) -> Iterator[Source]:
    head = source.head()
    if head.startswith(MAGIC):
        yield from _unpacked(_gunzipped(source, budget), budget, _deeper(source, depth))
    elif head.startswith(ZIP):
        with _on_disk(source) as spooled:
            yield from _zip_content(spooled, budget, depth)
    elif head.startswith(OLE):
        with _on_disk(source) as spooled:
            yield replace(spooled, workbook=True)
    else:
        yield source


def _deeper(source: Source, depth: int) -> int:
    if depth >= _DEPTH:
        raise ArchiveLimitExceeded(f"{source.label} is packed more than {_DEPTH} times over, which no report is.")
    return depth + 1


def _gunzipped(source: Source, budget: Budget) -> Source:
    def tell(count: int) -> None:
        note = f"{source.label} has {count:,} bytes behind the end of its gzip data, passed over as gunzip does"
        if note not in source.findings.notes:
            source.findings.notes.append(note)

    def opener() -> ByteStream:
        return _Unpacking(Gunzip(source.open(), tell), budget, source.packed, source.label)

    return replace(source, path=None, opener=opener)


@contextmanager
def _on_disk(source: Source) -> Iterator[Source]:
    """The source as a file that can be read at random; a packed one is spooled for as long as needed."""
    if source.path is not None:
        yield source
        return
    folder = temporary_folder()
    with tempfile.NamedTemporaryFile(prefix="unpacked-", dir=folder) as file:
        with closing(source.open()) as stream, disk_faults(folder, came=file.tell):
            shutil.copyfileobj(cast("BinaryIO", stream), file, 1024 * 1024)
            file.flush()
        yield _plain(Path(file.name), source)


def _zip_content(source: Source, budget: Budget, depth: int) -> Iterator[Source]:
    with _zip_file(source.file, source.label) as archive:
        _check_beginning(archive, source)
        if _holds_workbook(archive, source.label):
            yield replace(source, workbook=True)
            return
        members = _members(archive, source)
        _check_members(members, budget.limits, source.label)
        for info in members:
            member = _member(archive, info, source, budget)
            yield from _unpacked(member, budget, _deeper(source, depth))


def _check_beginning(archive: zipfile.ZipFile, source: Source) -> None:
    """Refuse two archives one behind the other: the directory of the last is silent about the files of the first.

    Raises:
        CorruptPayload: The file begins with a member that is not listed.
    """
    places = [info.header_offset for info in archive.infolist()]
    if source.head().startswith(ZIP[0]) and places and 0 not in places:
        raise CorruptPayload(
            f"{source.label} begins with a file that its own directory does not list: two archives may stand one "
            "behind the other. The next sync asks for it again; if it stays so, ask the vendor."
        )


def _members(archive: zipfile.ZipFile, source: Source) -> list[zipfile.ZipInfo]:
    """Those that the vendor has put in as reports. What is left out is noted."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    ours = [info for info in files if not is_system_file(name_of(info))]
    reports = [info for info in ours if not is_about_the_archive(name_of(info))] or ours
    if left_out := [name_of(info) for info in files if info not in reports]:
        tell_left_out(source.findings, left_out)
    return reports


def tell_left_out(findings: FileFindings, names: list[str]) -> None:
    """Note what is left out of an archive."""
    note = f"Left out of the archive, as they are no tables: {listed(names)}"
    if note not in findings.notes:
        findings.notes.append(note)


def _holds_workbook(archive: zipfile.ZipFile, label: str) -> bool:
    try:
        return holds_workbook(archive)
    except DAMAGE as error:
        raise corrupt(label, error) from error


@contextmanager
def _zip_file(path: Path, label: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise corrupt(label, error) from error
    with archive:
        yield archive


def unpacked_size(archive: zipfile.ZipFile) -> int:
    """Bytes of all members, as its directory tells them."""
    return sum(info.file_size for info in archive.infolist())


def _check_members(members: list[zipfile.ZipInfo], limits: ArchiveLimits, label: str) -> None:
    if len(members) > limits.members:
        raise ArchiveLimitExceeded(f"{label} holds {len(members):,} files; more than {limits.members:,} no report has.")
    if not members:
        raise EmptyPayload(f"{label} is an archive without files. The next sync asks for the report again.")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, outer: Source, budget: Budget) -> Source:
    name = name_of(info)
    label = f"The file {name!r} in the archive"
    packed = min(info.compress_size, outer.packed)

    def opener() -> ByteStream:
        if info.flag_bits & _ENCRYPTED:
            raise CorruptPayload(
                f"{label} is encrypted, and no password for it is known. Switch that off where the report is made."
            )
        try:
            stream = open_member(archive, info)
        except DAMAGE as error:
            raise corrupt(label, error) from error
        return _Unpacking(stream, budget, packed, label)

    findings = outer.findings.member(info.header_offset)
    return Source(stem(name), label, None, None, packed, False, opener, name, True, findings)
