"""Bytes to text: which encoding, and never a byte lost."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from source_lms_reports.files.table_warnings import TableWarnings

BLOCK = 64 * 1024
"""Bytes that are read at a time: about 250 rows of twenty columns. The cells of more leave a processor's own cache."""

LOOKED_AT = 2048
"""Bytes at the beginning that tell the encoding."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {"utf-8-sig": "utf-8", "ascii": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "unicode_escape", "raw-unicode-escape"})
"""Codecs of Python that are made for names and source code. Some of them cannot pass over an error."""
_ESCAPE = b"\x1b"
_SEARCHED = 1024
"""Bytes at the end of a block in which the beginning of an unfinished escape sequence is looked for."""
_ESCAPED = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")
_NUL_NOTE = "NUL characters removed: {count}"
_BYTE_NOTE = "Bytes that are not valid UTF-8, read as Latin-1: {count}"
_CODE_NOTE = "Blocks with bytes that their encoding does not know, written as \\x..: {count}"


class ByteStream(Protocol):
    """What is read from: a file, a ZIP member, a gzip stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, and none at the end."""

    def close(self) -> None:
        """Let go of the file."""


def encoding_of(head: bytes, charset: str | None, default: str) -> tuple[str, int]:
    """The encoding of a text by its first bytes, then by `charset`, then by `default`.

    Returns:
        The codec's name and the length of the byte order mark; some writers put one before their own file's.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark) * (2 if head.startswith(mark * 2) else 1)
    for candidate in (_unmarked_utf16(head), charset, default):
        if candidate and (known := _known(candidate)):
            return known, 0
    return "utf-8", 0


def _known(name: str) -> str | None:
    try:
        found = codecs.lookup(name.strip("\"' "))
    except (LookupError, ValueError):
        return None
    if found.name in _NO_CHARSETS or not getattr(found, "_is_text_encoding", True):
        return None
    return _ALIASES.get(found.name, found.name)


def _unmarked_utf16(head: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL in almost every other byte, NUL-littered UTF-8 has not."""
    even, odd = head[0:LOOKED_AT:2], head[1:LOOKED_AT:2]
    if len(odd) < 2:
        return None
    if odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def text_blocks(stream: ByteStream, charset: str | None, default: str, notes: TableWarnings) -> Iterator[str]:
    """The text of a stream, block by block, without byte order mark and NULs."""
    head = _head(stream)
    name, mark = encoding_of(head, charset, default)
    decode = _decode_utf8 if name == "utf-8" else _Decoder(name).decode
    rest = head[mark:]
    while rest or head:
        head = stream.read(BLOCK)
        text, rest = decode(rest, not head, notes)
        rest = rest + head
        if text:
            yield text


def utf8_blocks(
    stream: ByteStream, charset: str | None, default: str, notes: TableWarnings, *, unchecked: bool = False
) -> Iterator[bytes]:
    """The same as UTF-8, which costs nothing where it is UTF-8 already.

    Args:
        stream: The bytes.
        charset: As announced.
        default: The encoding if nothing tells it.
        notes: Where odd bytes are counted.
        unchecked: Bytes that are not UTF-8 are left as they are: there are none, or `utf8_text` sees them later.
    """
    head = _head(stream)
    name, mark = encoding_of(head, charset, default)
    if name != "utf-8":
        texts = text_blocks(_Rewound(head, stream), charset, default, notes)
        yield from (text.encode("utf-8", "surrogatepass") for text in texts)
        return
    rest = head[mark:]
    while rest or head:
        head = stream.read(BLOCK)
        block, rest = (_without_nuls(rest, notes), b"") if unchecked else _clean_utf8(rest, not head, notes)
        rest = rest + head
        if block:
            yield block


def utf8_text(data: bytes, notes: TableWarnings) -> str:
    """The text of whole characters; what is no UTF-8 is read as Latin-1, byte by byte, and counted."""
    return _decode_utf8(data, True, notes)[0]


def _without_nuls(data: bytes, notes: TableWarnings) -> bytes:
    if b"\0" not in data:
        return data
    notes.add(_NUL_NOTE, data.count(b"\0"))
    return data.replace(b"\0", b"")


def _clean_utf8(data: bytes, final: bool, notes: TableWarnings) -> tuple[bytes, bytes]:
    if b"\0" not in data:
        try:
            _, used = codecs.utf_8_decode(data, "strict", final)
        except UnicodeDecodeError:
            pass
        else:
            return data[:used], data[used:]
    text, rest = _decode_utf8(data, final, notes)
    return text.encode(), rest


class _Rewound:
    """A stream with its beginning put back."""

    def __init__(self, head: bytes, stream: ByteStream) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """First the beginning, however long, then the rest."""
        head, self._head = self._head, b""
        return head or self._stream.read(size)

    def close(self) -> None:
        """Let go of the stream."""
        self._stream.close()


def _head(stream: ByteStream) -> bytes:
    """Enough of the beginning to tell the encoding by."""
    head = stream.read(BLOCK)
    while len(head) < LOOKED_AT and (more := stream.read(BLOCK)):
        head += more
    return head


def _decode_utf8(data: bytes, final: bool, notes: TableWarnings) -> tuple[str, bytes]:
    """The text, and the bytes at the end that are no whole character yet."""
    data = _without_nuls(data, notes)
    try:
        text, used = codecs.utf_8_decode(data, "strict", final)
    except UnicodeDecodeError:
        text, used = codecs.utf_8_decode(data, "surrogateescape", final)
        text, count = _ESCAPED.subn(lambda found: chr(ord(found[0]) - 0xDC00), text)
        notes.add(_BYTE_NOTE, count)
    return text, data[used:]


class _Decoder:
    """Any codec but UTF-8."""

    def __init__(self, name: str) -> None:
        self._make = codecs.getincrementaldecoder(name)
        self._strict = self._make("strict")
        self._knows_halves = name == "utf-7"  # the one codec that gives halves of surrogate pairs away as text

    def decode(self, data: bytes, final: bool, notes: TableWarnings) -> tuple[str, bytes]:
        """See `_decode_utf8`."""
        text, rest = self._decoded(data, final, notes)
        if self._knows_halves and _HALF.search(text):
            text = text.encode("utf-8", "backslashreplace").decode()
            notes.add(_CODE_NOTE)
        if "\0" in text:
            notes.add(_NUL_NOTE, text.count("\0"))
            text = text.replace("\0", "")
        return text, rest

    def _decoded(self, data: bytes, final: bool, notes: TableWarnings) -> tuple[str, bytes]:
        """The text, and the bytes from an escape on whose sequence goes on beyond what the codec keeps of it."""
        held, flags = self._strict.getstate()
        try:
            return self._whole(data, final, notes), b""
        except UnicodeError:
            data = held + data
            end = len(data)
        while (end := data.rfind(_ESCAPE, max(len(data) - _SEARCHED, 0), end)) >= 0:
            self._strict.setstate((b"", flags))
            with suppress(UnicodeError):
                return self._whole(data[:end], False, notes), data[end:]
        self._strict.setstate((b"", flags))
        return self._lenient(data, True, notes), b""

    def _whole(self, data: bytes, final: bool, notes: TableWarnings) -> str:
        """The text of all bytes.

        Raises:
            UnicodeError: They end in an escape sequence that is longer than what the codec keeps.
        """
        state = self._strict.getstate()
        try:
            return self._strict.decode(data, final)
        except UnicodeDecodeError:
            self._strict.setstate(state)
            return self._lenient(data, final, notes)

    def _lenient(self, data: bytes, final: bool, notes: TableWarnings) -> str:
        lenient = self._make("backslashreplace")
        lenient.setstate(self._strict.getstate())
        text = lenient.decode(data, final)
        self._strict.setstate(lenient.getstate())
        notes.add(_CODE_NOTE)
        return text
