"""A walk through JSON text of any length, of which only a part is in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from source_lms_reports.errors import CorruptPayload, TruncatedPayload, UnknownFormat
from source_lms_reports.files.archive import corrupt
from source_lms_reports.files.json_rows import RowDecoder, is_array
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import utf8_text

LINES = 64 * 1024
"""Bytes of objects that follow one another which are handed on together: the rows of four times as many leave a
processor's own cache, which costs 0.3 µs each."""

WINDOW = 64 * 1024
"""Bytes of an array that are looked at together, at least."""

MOST_IN_A_VALUE = 64 * 1024 * 1024
"""Bytes of a value that is held as a whole: a record, or what stands around them."""

Piece = tuple[int, int]
"""Bytes of a text, from and to."""

_SKIP = msgspec.json.Decoder(msgspec.Raw)
_RECORDS = RowDecoder(msgspec.defstruct("Record", [], gc=False))
"""Passes objects and nothing else, in the time in which the other one passes anything."""
_SPACE = re.compile(rb"[ \t\n\r]*(?:\xef\xbb\xbf[ \t\n\r]*)*")
"""Byte order marks count: lines of files that were put together have them between them."""
_TRIES = 6

# Where a value ends is told by msgspec's words alone: it has no attribute for it. Its minor version is bounded, and a
# test holds these words. With others every text that needs them is refused as damaged, so nothing is lost in silence.
_IS_CUT = "Input data was truncated"
_HAS_MORE = "trailing characters"
_PLACE = re.compile(r"\(byte (\d+)\)$")
"""The place of the fault, from 0; of trailing characters, the one behind the first of them."""


def count_records(text: bytes) -> int:
    """How many rows a text has; see `json_rows`.

    Raises:
        ValidationError: It has something else as well.
        DecodeError: It is no text of rows.
    """
    return len(_RECORDS.decode(text))


class Scanner:
    """Walks through JSON text that comes in blocks.

    Args:
        blocks: The text.
        label: What messages call it.
        count: Counts the rows of a text, and raises what `count_records` does; it may raise more.
    """

    def __init__(self, blocks: Iterator[bytes], label: str, count: Callable[[bytes], int] = count_records) -> None:
        self._blocks = blocks
        self._label = label
        self._count = count
        self._text = b""
        self._at = 0
        self._before = 0
        self._exhausted = False
        self._passed = b""
        """The last text that is known to hold records alone."""

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
            size = len(self._text) - self._at
            if size > MOST_IN_A_VALUE:
                raise UnknownFormat(
                    f"{self._label} has a value of more than {MOST_IN_A_VALUE // 1024**2} MiB: a quote in it is not "
                    "closed, or it is no report. Ask the vendor what it sent."
                )
            self._more(2 * size)

    def members(self) -> Iterator[str]:
        """The keys of the object whose `{` was just taken; each value must be consumed before the next key."""
        if self.peek() == b"}":
            self._at += 1
            return
        while True:
            if self.peek() not in (b'"', b""):
                raise self._malformed(f"no key at byte {self.offset}")
            key = loose(self.value())
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
            if len(self._text) - self._at < WINDOW and not self._exhausted:
                self._more(WINDOW)
            if not self.peek():
                raise self._cut()
            yield self._many() or self._some()
            if self.take(b",", b"]") == b"]":
                return

    def pieces(self) -> Iterator[Piece | None]:
        """The places of many records each of the array whose `[` was just taken; None where one of them is none."""
        for text in self.elements():
            yield (self.offset - len(text) + len(b"[]"), self.offset) if self._holds_records(text) else None

    def known(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        """The elements of an array as `elements` gives them, where their places are known.

        `[(1, 8)]` of `[{"a":1},{"a":2}]` -> `[{"a":1}]`, in a quarter of the time of finding the places again.
        """
        for piece in self._at_places(pieces):
            yield b"[%b]" % piece

    def _at_places(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        for start, end in pieces:
            self.advance_to(start)
            if len(self._text) - self._at < end - start:
                self._more(end - start)
            piece = self._text[self._at : self._at + end - start]
            if len(piece) < end - start:
                raise self._cut()
            self._at += len(piece)
            yield piece

    def known_lines(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        """The same of `lines`, where the places are known of all that stand behind the next one."""
        first = self.value()
        for lines in self._at_places(pieces):
            yield b"%b\n%b" % (first, lines) if first else lines
            first = b""

    def lines(self) -> Iterator[bytes]:
        """Objects that follow one another, as texts of many rows each."""
        for text, _ in self._lines():
            yield text

    def line_pieces(self) -> tuple[tuple[Piece, ...], bytes]:
        """The same as the places of many lines each; none where they are not that easy to find.

        Returns:
            The places, and the last of the texts.

        Raises:
            UnknownFormat: There is something else.
        """
        pieces: list[Piece | None] = []
        last = b"[]"
        for text, piece in self._lines():
            pieces.append(piece)
            last = text
        return () if None in pieces else tuple(filter(None, pieces)), last

    def _lines(self) -> Iterator[tuple[bytes, Piece | None]]:
        while self.peek():
            start = self.offset
            text = self._many_lines()
            if text is not None:
                yield text, (start, start + len(text))
                continue
            parts = [self.value()]
            size = 0
            while size < LINES and self.peek():
                parts.append(self.value())
                size += len(parts[-1])
            text = b"[" + b",".join(parts) + b"]"
            if not self._holds_records(text):
                raise no_records(self._label)
            yield text, None

    def _holds_records(self, text: bytes) -> bool:
        if text is self._passed:
            return True
        try:
            self._count(text)
        except msgspec.ValidationError:
            return False
        except (msgspec.DecodeError, RecursionError) as error:
            raise corrupt(self._label, error) from error
        return True

    def end(self) -> None:
        """Nothing but white space may follow."""
        if char := self.peek():
            raise self._malformed(f"{char!r} behind the end, at byte {self.offset}")

    def _many(self) -> bytes | None:
        """All complete objects in sight, their end found from behind; None if that is not easy.

        `{"a":1},{"a":{"b":2}},{"a":{"b"` -> `[{"a":1},{"a":{"b":2}}]`: the last `}` but one that makes it valid. This
        takes a fifth of the time of finding the end of one object after the other.
        """
        if self._text[self._at : self._at + 1] != b"{":
            return None
        high = len(self._text)
        for _ in range(_TRIES):
            high = self._text.rfind(b"}", self._at, high)
            if high < 0:
                return None
            piece = b"".join((b"[", memoryview(self._text)[self._at : high + 1], b"]"))
            try:
                _RECORDS.decode(piece)
            except (msgspec.DecodeError, RecursionError):
                continue
            self._at = high + 1
            self._passed = piece
            return piece
        return None

    def _many_lines(self) -> bytes | None:
        r"""All whole lines in sight, where they are whole objects; None where it is not so easy.

        `{"a":1}\n{"a":2}\n{"a"` -> `{"a":1}\n{"a":2}`
        """
        if len(self._text) - self._at < LINES and not self._exhausted:
            self._more(LINES)
        end = self._text.rfind(b"\n", self._at)
        if end < 0:
            return None
        lines = self._text[self._at : end].rstrip()
        if is_array(lines):
            return None
        try:
            self._count(lines)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        self._at = end + 1
        return lines

    def _some(self) -> bytes:
        """All complete elements in sight, their end found from the front; at least one is read."""
        first = self.value()
        start, end = self._at - len(first), self._at
        while True:
            comma = _space_end(self._text, end)
            if self._text[comma : comma + 1] != b",":
                break
            after = self._value_end(_space_end(self._text, comma + 1))
            if after is None:
                break
            end = after
        self._at = end
        return b"".join((b"[", memoryview(self._text)[start:end], b"]"))

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
        if message.startswith(_IS_CUT):
            return None
        place = _PLACE.search(message)
        behind = start + int(place[1]) if place else 0
        if _HAS_MORE in message:
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


def no_records(label: str) -> UnknownFormat:
    """The error for an array that holds something else than records."""
    return UnknownFormat(f"{label} has an array whose elements are not all records.")


def _space_end(text: bytes, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def loose(text: bytes) -> object:
    """A small value, such as a key, as Python's own parser understands it."""
    try:
        return json.loads(utf8_text(text, TableWarnings()))
    except (ValueError, RecursionError) as error:
        raise corrupt("The report", error) from error
