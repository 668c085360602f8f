"""JSON reports: found, proven and read without ever holding a whole report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from source_lms_reports.errors import CorruptPayload, ErrorPayload, TruncatedPayload, UnknownFormat
from source_lms_reports.files.archive import Source, corrupt
from source_lms_reports.files.notes import Notes
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import ObjectChunk, Table
from source_lms_reports.files.text import ByteStream, text_blocks

_SKIP = msgspec.json.Decoder(msgspec.Raw)
_PLAIN = msgspec.json.Decoder(list[dict[str, Any]])
_ANY = msgspec.json.Decoder()
_SPACE = re.compile(rb"[ \t\n\r]*")
_PLACE = re.compile(r"\(byte (\d+)\)$")
_TRIES = 6
_LONG_NUMBER = b"0" * 16
_TO_ZERO = bytes(0x30 if chr(byte) in "0123456789." else byte for byte in range(256))


@dataclass(frozen=True)
class Section:
    """An array of records in a JSON report.

    Args:
        name: Its `sheet_name`, else its `report_name`; None where the report is a lone array.
        start: Where its elements begin, in bytes of the text as UTF-8; -1 if it has none.
        lines: Whether the records stand one behind the other without an array around them (NDJSON).
    """

    name: str | None
    start: int
    lines: bool = False


class JsonTable(Table):
    """One array of records."""

    def __init__(self, source: Source, section: Section, name: str | None, options: ReadOptions) -> None:
        super().__init__(name, (), Notes(name))
        self._source = source
        self._section = section
        self._options = options

    def chunks(self) -> Iterator[ObjectChunk]:
        """The rows; see `Table.chunks`."""
        if self._section.start < 0:
            return
        row = 1
        with closing(self._source.open()) as stream:
            scanner = _scanner(stream, self._source, self._options, self.notes)
            scanner.advance_to(self._section.start)
            for text in scanner.lines() if self._section.lines else scanner.elements():
                objects = records_in(text, self._source.label)
                if objects:
                    yield ObjectChunk(row, objects)
                    row += len(objects)


def records_in(text: bytes, label: str) -> list[dict[str, Any]]:
    """The records of an array's text, with exact numbers."""
    try:
        if _LONG_NUMBER in text.translate(_TO_ZERO):
            return _EXACT.decode(text)
        return _PLAIN.decode(text)
    except msgspec.ValidationError as error:
        raise UnknownFormat(f"{label} has an array whose elements are not all records.", detail=str(error)) from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise corrupt(label, error) from error


def exact_number(text: str) -> float | str:
    """A decimal as a float, or its text where a float cannot hold it."""
    number = float(text)
    return number if holds(number, text) else text


def holds(number: float, text: str) -> bool:
    """Whether a float written out is the very decimal that was read."""
    if number in (float("inf"), float("-inf")):
        return False
    return repr(number) == text or Decimal(repr(number)) == Decimal(text)


_EXACT = msgspec.json.Decoder(list[dict[str, Any]], float_hook=exact_number)


def _scanner(stream: ByteStream, source: Source, options: ReadOptions, notes: Notes) -> Scanner:
    blocks = text_blocks(stream, source.charset, "utf-8", notes)
    return Scanner((block.encode("utf-8", "surrogatepass") for block in blocks), source.label)


class Scanner:
    """Walks through JSON text that comes in blocks."""

    def __init__(self, blocks: Iterator[bytes], label: str) -> None:
        self._blocks = blocks
        self._label = label
        self._text = b""
        self._at = 0
        self._before = 0
        self._exhausted = False

    @property
    def offset(self) -> int:
        """Bytes of the text that are behind."""
        return self._before + self._at

    def advance_to(self, offset: int) -> None:
        """Go on to a place further down."""
        while self._before + len(self._text) < offset and self._more():
            self._at = len(self._text)
        self._at = offset - self._before

    def peek(self) -> bytes:
        """The next character that is not white space; `b""` at the end."""
        while True:
            self._at = _space_end(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at : self._at + 1]
            if not self._more():
                return b""

    def take(self, *expected: bytes) -> bytes:
        """The next character, which must be one of those expected."""
        char = self.peek()
        if not char:
            raise self._cut()
        if char not in expected:
            raise self._malformed(f"{char!r} at byte {self.offset}")
        self._at += 1
        return char

    def value(self) -> bytes:
        """The text of the next value, which is held as a whole."""
        self.peek()
        while True:
            end = self._value_end(self._at)
            if end is not None:
                text = self._text[self._at : end]
                self._at = end
                return text
            if self._exhausted:
                raise self._cut()
            self._more(2 * (len(self._text) - self._at))

    def members(self) -> Iterator[str]:
        """The keys of the object whose `{` was just taken; each value must be consumed before the next key."""
        if self.peek() == b"}":
            self._at += 1
            return
        while True:
            if self.peek() not in (b'"', b""):
                raise self._malformed(f"no key at byte {self.offset}")
            key = _loose(self.value())
            self.take(b":")
            yield str(key)
            if self.take(b",", b"}") == b"}":
                return

    def items(self) -> Iterator[bytes]:
        """The first character of each element of the array whose `[` was just taken; each must be consumed."""
        if self.peek() == b"]":
            self._at += 1
            return
        while True:
            yield self.peek()
            if self.take(b",", b"]") == b"]":
                return

    def skip(self) -> None:
        """Pass the next value, holding only a part of it."""
        char = self.peek()
        if char == b"[":
            self._at += 1
            for _ in self.elements():
                pass
        elif char == b"{":
            self._at += 1
            for _ in self.members():
                self.skip()
        else:
            self.value()

    def elements(self) -> Iterator[bytes]:
        """The elements of the array whose `[` was just taken, as texts `[…]` of many elements each."""
        if self.peek() == b"]":
            self._at += 1
            return
        while True:
            if not self.peek():
                raise self._cut()
            end = self._many_end() or self._some_end()
            yield b"[" + self._text[self._at : end] + b"]"
            self._at = end
            if self.take(b",", b"]") == b"]":
                return

    def lines(self) -> Iterator[bytes]:
        """Objects that follow one another, as texts `[…]` of many objects each."""
        while self.peek():
            parts = [self.value()]
            size = 0
            while size < 256 * 1024 and self.peek():
                parts.append(self.value())
                size += len(parts[-1])
            yield b"[" + b",".join(parts) + b"]"

    def end(self) -> None:
        """Nothing but white space may follow."""
        if char := self.peek():
            raise self._malformed(f"{char!r} behind the end, at byte {self.offset}")

    def _many_end(self) -> int:
        """The end of the last complete object in sight, found from behind; 0 if that is not easy."""
        if self._text[self._at : self._at + 1] != b"{":
            return 0
        high = len(self._text)
        for _ in range(_TRIES):
            high = self._text.rfind(b"}", self._at, high)
            if high < 0:
                return 0
            try:
                _SKIP.decode(b"[" + self._text[self._at : high + 1] + b"]")
            except (msgspec.DecodeError, RecursionError):
                continue
            return high + 1
        return 0

    def _some_end(self) -> int:
        """The end of the last complete element in sight, found from the front; at least one is read."""
        first = self.value()
        end = self._at
        self._at -= len(first)
        while True:
            comma = _space_end(self._text, end)
            if self._text[comma : comma + 1] != b",":
                return end
            after = self._value_end(_space_end(self._text, comma + 1))
            if after is None:
                return end
            end = after

    def _value_end(self, start: int) -> int | None:
        """Where the value at `start` ends; None if that is not in sight."""
        rest = memoryview(self._text)[start:]
        if not rest:
            return None
        try:
            _SKIP.decode(rest)
        except RecursionError as error:
            raise corrupt(self._label, error) from error
        except msgspec.DecodeError as error:
            return self._end_by_error(error, start)
        at_edge = self._text[-1:] not in (b"}", b"]", b'"')  # a number may go on
        return None if at_edge and not self._exhausted else start + len(self._text[start:].rstrip())

    def _end_by_error(self, error: msgspec.DecodeError, start: int) -> int | None:
        message = str(error)
        if message.startswith("Input data was truncated"):
            return None
        place = _PLACE.search(message)
        behind = start + int(place[1]) if place else 0
        if "trailing characters" in message:
            return start + len(self._text[start : behind - 1].rstrip())
        if behind >= len(self._text) - 1 and not self._exhausted:
            return None
        raise corrupt(self._label, error) from error

    def _more(self, wanted: int = 0) -> bool:
        """Let go of what is behind and read on, until `wanted` bytes are in sight."""
        parts = [self._text[self._at :]]
        before = size = len(parts[0])
        for block in self._blocks:
            parts.append(block)
            size += len(block)
            if size >= wanted:
                break
        else:
            self._exhausted = True
        self._before += self._at
        self._text = b"".join(parts)
        self._at = 0
        return size > before

    def _cut(self) -> TruncatedPayload:
        return TruncatedPayload(
            f"{self._label} ends in the middle of its JSON: it is cut off. The next sync asks for it again."
        )

    def _malformed(self, detail: str) -> CorruptPayload:
        return corrupt(self._label, ValueError(f"not JSON: {detail}"))


def _space_end(text: bytes, start: int) -> int:
    found = _SPACE.match(text, start)
    assert found is not None  # it matches nothing at all, too
    return found.end()


def _loose(text: bytes) -> Any:
    try:
        return _ANY.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return json.loads(text)


def sections(source: Source, options: ReadOptions) -> list[Section]:
    """The arrays of records in a JSON report, which is read to its end and so proven whole.

    Raises:
        ErrorPayload: It is an error body.
        UnknownFormat: It has no array of records, or several.
        TruncatedPayload: It ends too early.
        CorruptPayload: It is not JSON.
    """
    with closing(source.open()) as stream:
        scanner = _scanner(stream, source, options, Notes())
        found = _Finder(scanner, source.label, options.records_path).document()
        scanner.end()
        return found


class _Finder:
    def __init__(self, scanner: Scanner, label: str, path: tuple[str, ...]) -> None:
        self._scanner = scanner
        self._label = label
        self._path = path

    def document(self) -> list[Section]:
        scanner = self._scanner
        first = scanner.peek()
        if first == b"[" and not self._path:
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
        for _ in self._scanner.elements():
            pass
        return section

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
        for text in self._scanner.elements():
            members.errors.setdefault(key, text[:500]) if key in _ERROR_KEYS else None
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
                names[key] = str(_loose(scanner.value()))
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


_ERROR_KEYS = ("error", "errors")
_NO_ERROR = (b"null", b"[]", b"{}", b'""', b"false", b"0")


@dataclass
class _Members:
    scalars: dict[str, bytes] = field(default_factory=dict)
    arrays: dict[str, tuple[Section, bool]] = field(default_factory=dict)
    errors: dict[str, bytes] = field(default_factory=dict)
    reports: list[Section] | None = None


def _shown(scalars: dict[str, bytes]) -> bytes:
    return b", ".join(key.encode("utf-8", "replace") + b": " + text[:200] for key, text in scalars.items())


def _snippet(text: bytes, most: int = 200) -> str:
    shown = " ".join(text[: 4 * most].decode("utf-8", "replace").split())
    return shown if len(shown) <= most else f"{shown[:most]}..."
