"""Where the records stand in a JSON report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from source_lms_reports.errors import CorruptPayload, ErrorPayload, PayloadError, TruncatedPayload, UnknownFormat
from source_lms_reports.files.archive import Source, corrupt
from source_lms_reports.files.findings import Manner, Section
from source_lms_reports.files.json_scanner import Scanner, loose
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import ByteStream, text_blocks, utf8_blocks

_MANNERS: tuple[Manner, ...] = ("checked", "repaired")

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?(?P<open>\Z))|-?Infinity|NaN', re.DOTALL)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_UNQUOTED = 9
"""The length of `-Infinity`."""


def scanner(stream: ByteStream, source: Source, notes: TableWarnings, manner: Manner) -> Scanner:
    """A scanner over a JSON text in UTF-8, whatever its encoding was.

    Args:
        stream: The text's bytes.
        source: What the stream belongs to.
        notes: Where odd bytes are counted.
        manner: How the text must be read.
    """
    if manner == "repaired":
        texts = _repaired(text_blocks(stream, source.encoding("utf-8"), notes))
        return Scanner((text.encode("utf-8", "surrogatepass") for text in texts), source.label)
    return Scanner(utf8_blocks(stream, source.encoding("utf-8"), notes, unchecked=manner == "proven"), source.label)


def _repaired_token(token: str) -> str:
    if not token.startswith('"'):
        return f'"{token}"'
    return _ESCAPE.sub(lambda found: f"\\{found[0]}" if found["half"] else found[0], token)


def _repaired(blocks: Iterator[str]) -> Iterator[str]:
    rest = ""
    for block in blocks:
        text = rest + block
        done: list[str] = []
        at = 0
        for token in _TOKEN.finditer(text):
            if token["open"] is not None:
                hold = token.start()
                break
            done += (text[at : token.start()], _repaired_token(token[0]))
            at = token.end()
        else:
            hold = max(at, len(text) - _UNQUOTED)
        rest = text[hold:]
        done.append(text[at:hold])
        if any(done):
            yield "".join(done)
    if rest:
        yield rest


_ERROR_KEYS = ("error", "errors")
_NO_ERROR = (b"null", b"[]", b"{}", b'""', b"false", b"0")


@dataclass
class _Members:
    scalars: dict[str, bytes] = field(default_factory=dict)
    arrays: dict[str, tuple[Section, bool]] = field(default_factory=dict)
    errors: dict[str, bytes] = field(default_factory=dict)
    reports: list[Section] | None = None


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
        return _found(source, options, "checked")
    except (CorruptPayload, TruncatedPayload) as error:  # half a surrogate pair at the end looks like a cut
        try:
            return _found(source, options, "repaired")
        except (CorruptPayload, TruncatedPayload):
            raise error from None


def _found(source: Source, options: ReadOptions, manner: Manner) -> list[Section]:
    notes = TableWarnings()
    with closing(source.open()) as stream:
        text = scanner(stream, source, notes, manner)
        try:
            found = _Finder(text, source.label, options.records_path).document()
        except RecursionError as error:
            raise corrupt(source.label, error) from error
        text.end()
    manner = "proven" if manner == "checked" and not notes.messages() else manner
    return [replace(section, manner=manner) for section in found]


class _Finder:
    def __init__(self, scanner: Scanner, label: str, path: tuple[str, ...]) -> None:
        self._scanner = scanner
        self._label = label
        self._path = path

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
            return self._lines(start)
        return self._chosen(members)

    def _array(self, name: str | None) -> Section:
        self._scanner.take(b"[")
        section = Section(name, self._scanner.offset)
        if self._scanner.peek() not in (b"{", b"]", b""):
            raise UnknownFormat(f"{self._label} has an array whose elements are not records.")
        return replace(section, pieces=tuple(self._scanner.pieces()))

    def _lines(self, start: int) -> list[Section]:
        for _ in self._scanner.lines():
            pass
        return [Section(None, start, lines=True)]

    def _object(self, path: tuple[str, ...]) -> _Members:
        scanner = self._scanner
        members = _Members()
        scanner.take(b"{")
        for key in scanner.members():
            first = scanner.peek()
            if path:
                self._step(key, first, path, members)
            elif key == "reports" and first == b"[":
                self._reports(members)
            elif first == b"[":
                self._list(key, members)
            elif first == b"{":
                self._nested(key, members)
            else:
                members.scalars[key] = scanner.value()
        return members

    def _step(self, key: str, first: bytes, path: tuple[str, ...], members: _Members) -> None:
        if key != path[0]:
            self._scanner.skip() if first in (b"[", b"{") else members.scalars.update({key: self._scanner.value()})
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
        if key in _ERROR_KEYS:
            for text in self._scanner.elements():
                members.errors.setdefault(key, text[:500])
        else:
            section = replace(section, pieces=tuple(self._scanner.pieces()))
        if first in (b"{", b"]"):
            members.arrays[key] = (section, first == b"{")

    def _nested(self, key: str, members: _Members) -> None:
        if key in _ERROR_KEYS:
            members.errors[key] = self._scanner.value()
        else:
            self._scanner.skip()

    def _reports(self, members: _Members) -> None:
        """The documented form: objects with `report_name`, `sheet_name` and `data`."""
        scanner = self._scanner
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
            plain += section is None
            found += [section] if section else []
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
        errors = members.errors | {key: text for key, text in members.scalars.items() if key in _ERROR_KEYS}
        told = [text for text in errors.values() if text not in _NO_ERROR]
        if told:
            raise ErrorPayload(f"The vendor answered with an error instead of a report: {_snippet(told[0])}")
        if members.reports is not None:
            return members.reports
        filled = [section for section, has_records in members.arrays.values() if has_records]
        empty = [section for section, has_records in members.arrays.values() if not has_records]
        if len(filled) == 1 and not self._path:
            return filled
        if not filled and len(empty) == 1 and not self._path:
            return empty
        if members.arrays and not self._path:
            names = ", ".join(members.arrays)
            raise UnknownFormat(f"{self._label} has several arrays ({names}); which one is the report cannot be told.")
        raise ErrorPayload(f"{self._label} is JSON without records: {_snippet(_shown(members.scalars))}")


def _shown(scalars: dict[str, bytes]) -> bytes:
    return b", ".join(key.encode("utf-8", "replace") + b": " + text[:200] for key, text in scalars.items())


def _snippet(text: bytes, most: int = 200) -> str:
    shown = " ".join(text[: 4 * most].decode("utf-8", "replace").split())
    return shown if len(shown) <= most else f"{shown[:most]}..."
