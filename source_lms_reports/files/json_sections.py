"""Where the records stand in a JSON report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from source_lms_reports.errors import CorruptPayload, ErrorPayload, PayloadError, TruncatedPayload, UnknownFormat
from source_lms_reports.files.archive import Source, corrupt
from source_lms_reports.files.file_format import broken_off
from source_lms_reports.files.findings import Manner, Section
from source_lms_reports.files.flatten import Flattener
from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.json_scanner import Scanner, count_records, loose, no_records
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.files.text import HALF_NOTE, NUL_NOTE, ByteStream, text_blocks, utf8_blocks

_MANNERS: tuple[Manner, ...] = ("plain", "repaired")

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?(?P<open>\Z))|-?Infinity|NaN', re.DOTALL)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|(?P<nul>\\u0000)|\\."
)
_NUL = re.compile(rb"\\u0000")
_NUL_SIZE = 6
_UNQUOTED = 9
"""The length of `-Infinity`."""


def scanner(stream: ByteStream, source: Source, notes: TableWarnings, manner: Manner) -> Scanner:
    """A scanner over a JSON text in UTF-8, whatever its encoding was; odd bytes in its strings are left as they are.

    Args:
        stream: The text's bytes.
        source: What the stream belongs to.
        notes: Where what is repaired is counted.
        manner: How the text must be read.
    """
    return Scanner(_blocks(stream, source, notes, manner), source.label)


def _blocks(stream: ByteStream, source: Source, notes: TableWarnings, manner: Manner) -> Iterator[bytes]:
    encoding = source.encoding("utf-8")
    if manner == "repaired":
        return (text.encode() for text in _repaired(text_blocks(stream, encoding, notes), notes))
    return utf8_blocks(stream, encoding, notes, unchecked=True)


class _NulWatch:
    r"""Blocks of JSON, and whether there was the escape of a NUL in them.

    `\\u0000` counts as well, which is none. Text without backslashes costs nothing here, any other 0.15 µs for half a
    kilobyte, a fifth of finding the records in it.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.has_nuls = False

    def __iter__(self) -> Iterator[bytes]:
        before = b""
        for block in self._blocks:
            if not self.has_nuls and (b"\\" in block or b"\\" in before):
                self.has_nuls = bool(_NUL.search(block) or _NUL.search(before + block[: _NUL_SIZE - 1]))
            before = (before + block if len(block) < _NUL_SIZE else block)[1 - _NUL_SIZE :]
            yield block


def _repaired_token(token: str, notes: TableWarnings) -> str:
    if not token.startswith('"'):
        return f'"{token}"'

    def repaired(found: re.Match[str]) -> str:
        if found["half"]:
            notes.add(HALF_NOTE)
            return "\N{REPLACEMENT CHARACTER}"
        if found["nul"]:
            notes.add(NUL_NOTE)
            return ""
        return found[0]

    return _ESCAPE.sub(repaired, token)


def _repaired(blocks: Iterator[str], notes: TableWarnings) -> Iterator[str]:
    rest = ""
    for block in blocks:
        text = rest + block
        done: list[str] = []
        at = 0
        for token in _TOKEN.finditer(text):
            if token["open"] is not None:
                hold = token.start()
                break
            done += (text[at : token.start()], _repaired_token(token[0], notes))
            at = token.end()
        else:
            hold = max(at, len(text) - _UNQUOTED)
        rest = text[hold:]
        done.append(text[at:hold])
        if any(done):
            yield "".join(done)
    if rest:
        yield rest


_MOST_KEYS = 10_000
_MOST_SHOWN = 1000
"""Bytes of a value that a message may show."""
_ERROR_KEYS = ("error", "errors")
_LINES = re.compile(r"(?i)\.(?:jsonl|ndjson)(?:\.gz)?$")
_ASIDE = frozenset({"info", "messages", "notes", "notices", "warnings"})
"""Lists by these names are no rows where another list stands beside them."""
_NO_ERROR = (b"null", b"[]", b"{}", b'""', b"false", b"0")


#: Members that say that a list goes on elsewhere, their names in small letters without signs: by being true.
_MORE_IF_TRUE = frozenset(
    {"hasmore", "hasnext", "hasnextpage", "moreresults", "truncated", "istruncated", "incomplete"}
)
#: The same by any value.
_MORE_BY_VALUE = frozenset(
    {"next", "nextpage", "nextlink", "nexturl", "nextpageurl", "nextpagetoken", "nexttoken", "nextcursor"}
)
#: Objects that such members may stand in.
_PAGING = frozenset({"links", "meta", "metadata", "pageinfo", "pagination", "paging"})
_SIGNS = re.compile(r"^@odata\.|[^a-z]")


def _plain(name: str) -> str:
    """`_links` -> `links`, `@odata.nextLink` -> `nextlink`."""
    return _SIGNS.sub("", name.lower())


def _says_more(name: str, value: bytes) -> bool:
    plain = _plain(name.rpartition(".")[2])
    return (plain in _MORE_IF_TRUE and value == b"true") or (plain in _MORE_BY_VALUE and value not in _NO_ERROR)


@dataclass
class _Members:
    scalars: dict[str, bytes] = field(default_factory=dict)
    paging: dict[str, bytes] = field(default_factory=dict)
    arrays: dict[str, tuple[Section, bool]] = field(default_factory=dict)
    errors: dict[str, bytes] = field(default_factory=dict)
    reports: list[Section] | None = None
    mixed: set[str] = field(default_factory=set)
    """Lists that begin with a record and hold something else as well. A record may have such lists."""
    keys: set[str] = field(default_factory=set)

    def add_key(self, key: str) -> None:
        """Note a key; no record has more of them, but an object of records by their ids may."""
        if len(self.keys) < _MOST_KEYS:
            self.keys.add(key)

    def add_scalar(self, key: str, text: bytes) -> None:
        """Note a value that is neither list nor object."""
        if len(self.scalars) < _MOST_KEYS or key in _ERROR_KEYS:
            self.scalars[key] = text[:_MOST_SHOWN]

    def more(self) -> str:
        """The member that says that there are more records than these; empty where none does."""
        return next((name for name, value in (self.scalars | self.paging).items() if _says_more(name, value)), "")

    def told(self) -> list[bytes]:
        """What members that are called errors hold."""
        errors = self.errors | {key: text for key, text in self.scalars.items() if key in _ERROR_KEYS}
        return [text for text in errors.values() if text not in _NO_ERROR]


def sections(source: Source, options: ReadOptions) -> list[Section]:
    """The arrays of records in a JSON report, which is read to its end and so proven whole.

    Raises:
        ErrorPayload: It is an error body.
        UnknownFormat: It has no array of records, or several.
        TruncatedPayload: It ends too early.
        CorruptPayload: It is not JSON.
    """
    known = source.findings.sections
    if options.records_path not in known:
        known[options.records_path] = _sections(source, options)
    return known[options.records_path]


def member(source: Source, name: str) -> Any:
    """The value of a member of the JSON object that a file holds; None where it has none, or is something else."""
    for manner in _MANNERS:
        with suppress(PayloadError, RecursionError), closing(source.open()) as stream:
            return _member(scanner(stream, source, TableWarnings(), manner), name)
    return None


def _member(text: Scanner, name: str) -> Any:
    found = None
    if text.peek() != b"{":
        return None
    text.take(b"{")
    for key in text.members():
        if key == name and text.peek() != b"[":
            found = loose(text.value())
        else:
            text.skip()
    return found


def _sections(source: Source, options: ReadOptions) -> list[Section]:
    try:
        return _found(source, options, "plain")
    except (CorruptPayload, TruncatedPayload) as error:  # half a surrogate pair at the end looks like a cut
        try:
            return _found(source, options, "repaired")
        except (CorruptPayload, TruncatedPayload):
            raise error from None


def _found(source: Source, options: ReadOptions, manner: Manner) -> list[Section]:
    with closing(source.open()) as stream:
        watch = _NulWatch(_blocks(stream, source, TableWarnings(), manner))
        flattener = Flattener(options.flatten, source.label) if options.flatten else None
        text = Scanner(iter(watch), source.label, flattener.count if flattener else count_records)
        try:
            found = _Finder(text, source, options).document()
        except RecursionError as error:
            raise corrupt(source.label, error) from error
        text.end()
    if watch.has_nuls and manner == "plain":
        return _found(source, options, "repaired")
    return [replace(section, manner=manner) for section in found]


class _Finder:
    def __init__(self, scanner: Scanner, source: Source, options: ReadOptions) -> None:
        self._scanner = scanner
        self._label = source.label
        self._path = options.records_path
        self._columns = options.columns
        self._key = options.flatten.key if options.flatten else None
        self._is_lines = options.format == "jsonl" or bool(_LINES.search(source.file_name or ""))

    def document(self) -> list[Section]:
        scanner = self._scanner
        first = scanner.peek()
        if first == b"[":
            return [self._array(None)]
        if first != b"{":
            text = scanner.value()
            raise ErrorPayload(f"{self._label} is not a report but says: {_snippet(text)}")
        start = scanner.offset
        members = self._object(self._path)
        if scanner.peek() == b"{":
            return self._lines(start, members.keys)
        scanner.end()
        if not members.told() and self._is_record(members):
            return [Section(None, start, lines=True)]
        more = "" if self._path else members.more()
        return [replace(section, more=more) for section in self._chosen(members)]

    def _is_record(self, members: _Members) -> bool:
        """Whether a lone object is a record and not what stands around records, or an answer of another kind.

        It is where the platform or the file's name says that there is a record a line, or where it has columns of the
        stream and no list, or none but one that is such a column.
        """
        if self._path or members.reports is not None:
            return False
        if self._key is not None:
            return self._key in members.keys
        return self._is_lines or (bool(self._columns & members.keys) and self._columns.issuperset(members.arrays))

    def _array(self, name: str | None) -> Section:
        self._scanner.take(b"[")
        section = Section(name, self._scanner.offset)
        if self._scanner.peek() not in (b"{", b"]", b""):
            raise UnknownFormat(f"{self._label} has an array whose elements are not records.")
        section, is_mixed = self._with_pieces(section)
        if is_mixed:
            raise no_records(self._label)
        return section

    def _with_pieces(self, section: Section) -> tuple[Section, bool]:
        """The section of the array whose `[` was just taken with its records, and whether it holds something else."""
        found = tuple(self._scanner.pieces())
        return replace(section, pieces=tuple(filter(None, found))), None in found

    def _lines(self, start: int, keys: set[str]) -> list[Section]:
        """Rows one behind the other; `keys` are those of the first."""
        pieces, last = self._scanner.line_pieces()
        self._refuse_message_behind(last, keys)
        return [Section(None, start, lines=True, pieces=pieces)]

    def _refuse_message_behind(self, rows: bytes, keys: set[str]) -> None:
        """Refuse lines whose writer broke off with an error: `{"id":1}`, `{"error":"time-out"}`.

        Raises:
            TruncatedPayload: The last row is one, and has nothing that the first has.
        """
        if not any(b'"%b"' % key.encode() in rows for key in _ERROR_KEYS):
            return
        row = ObjectChunk(rows, self._label).objects()[-1]
        told = next((row[key] for key in _ERROR_KEYS if row.get(key)), None)
        if isinstance(told, (str, dict, list)) and keys and keys.isdisjoint(row):
            raise broken_off(self._label, json.dumps(told, ensure_ascii=False))

    def _object(self, path: tuple[str, ...]) -> _Members:
        scanner = self._scanner
        members = _Members()
        scanner.take(b"{")
        for key in scanner.members():
            first = scanner.peek()
            members.add_key(key)
            if path:
                self._step(key, first, path, members)
            elif key == "reports" and first == b"[":
                self._reports(members)
            elif first == b"[":
                self._list(key, members)
            elif first == b"{":
                self._nested(key, members)
            else:
                members.add_scalar(key, scanner.value())
        return members

    def _step(self, key: str, first: bytes, path: tuple[str, ...], members: _Members) -> None:
        if key != path[0]:
            if first in (b"[", b"{"):
                self._scanner.skip()
            else:
                members.add_scalar(key, self._scanner.value())
        elif members.reports is not None:
            raise self._twice(key)
        elif len(path) == 1 and first == b"[":
            members.reports = [self._array(None)]
        elif len(path) > 1 and first == b"{":
            members.reports = self._object(path[1:]).reports
        else:
            self._scanner.skip()

    def _list(self, key: str, members: _Members) -> None:
        self._scanner.take(b"[")
        first = self._scanner.peek()
        section = Section(None, self._scanner.offset)
        if key not in _ERROR_KEYS and first == b"{":
            section, is_mixed = self._with_pieces(section)
            if is_mixed:
                members.mixed.add(key)
        else:
            for text in self._scanner.elements():
                if key in _ERROR_KEYS:
                    members.errors.setdefault(key, text[:500])
        if first in (b"{", b"]"):
            if key in members.arrays:
                raise self._twice(key)
            members.arrays[key] = (section, first == b"{")

    def _twice(self, key: str) -> UnknownFormat:
        return UnknownFormat(f"{self._label} has two lists called '{key}'; which one is the report cannot be told.")

    def _nested(self, key: str, members: _Members) -> None:
        if key in _ERROR_KEYS:
            members.errors[key] = self._scanner.value()
        elif _plain(key) in _PAGING:
            inner = loose(self._scanner.value())
            found = inner if isinstance(inner, dict) else {}
            members.paging |= {f"{key}.{name}": json.dumps(value).encode() for name, value in found.items()}
        else:
            self._scanner.skip()

    def _reports(self, members: _Members) -> None:
        """The documented form: objects with `report_name`, `sheet_name` and `data`."""
        scanner = self._scanner
        if members.reports is not None or "reports" in members.arrays:
            raise self._twice("reports")
        scanner.take(b"[")
        start = scanner.offset
        plain = 0
        found: list[Section] = []
        for first in scanner.items():
            if first != b"{":
                scanner.skip()
                plain += 1
                continue
            section = self._report()
            if section is None:
                plain += 1
            else:
                found.append(section)
        if plain:
            members.arrays["reports"] = (Section(None, start), True)
        else:
            members.reports = found

    def _report(self) -> Section | None:
        scanner = self._scanner
        scanner.take(b"{")
        start: int | None = None
        names: dict[str, str] = {}
        for key in scanner.members():
            first = scanner.peek()
            if key == "data" and start is not None:
                raise self._twice("data")
            if key == "data" and first == b"[":
                start = self._array(None).start
            elif key == "data" and scanner.value() == b"null":
                start = -1
            elif key in ("sheet_name", "report_name") and first == b'"':
                names[key] = str(loose(scanner.value()))
            elif key != "data":
                scanner.skip()
        if start is None:
            return None
        return Section(names.get("sheet_name") or names.get("report_name"), start)

    def _chosen(self, members: _Members) -> list[Section]:
        told = members.told()
        if told:
            raise ErrorPayload(f"The vendor answered with an error instead of a report: {_snippet(told[0])}")
        if members.reports is not None:
            return members.reports
        if not self._path and (found := self._only(members)):
            return [found]
        if members.arrays and not self._path:
            names = ", ".join(members.arrays)
            raise UnknownFormat(f"{self._label} has several arrays ({names}); which one is the report cannot be told.")
        words = _shown(members.scalars) or f"its members are {listed(sorted(members.keys))}".encode("utf-8", "replace")
        raise ErrorPayload(f"{self._label} is JSON without records: {_snippet(words)}")

    def _only(self, members: _Members) -> Section | None:
        """The one list that may be the report; None where there are several, or there is none.

        Raises:
            UnknownFormat: It holds something else than records.
        """
        may_be = {name: found for name, found in members.arrays.items() if _plain(name) not in _ASIDE}
        arrays = may_be or members.arrays
        only = [name for name, (_, has_records) in arrays.items() if has_records] or list(arrays)
        if len(only) != 1:
            return None
        if only[0] in members.mixed:
            raise no_records(self._label)
        return replace(arrays[only[0]][0], aside=listed(sorted(members.arrays.keys() - arrays.keys())))


def _shown(scalars: dict[str, bytes]) -> bytes:
    return b", ".join(key.encode("utf-8", "replace") + b": " + text[:200] for key, text in scalars.items())


def _snippet(text: bytes, most: int = 200) -> str:
    shown = " ".join(text[: 4 * most].decode("utf-8", "replace").split())
    return shown if len(shown) <= most else f"{shown[:most]}..."
