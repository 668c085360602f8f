"""Bytes to text: which encoding, and never a byte lost."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Protocol

from source_lms_reports.files.table_warnings import TableWarnings

BLOCK = 64 * 1024
"""Bytes that are read at a time: about 250 rows of twenty columns. The cells of more leave a processor's own cache."""

LOOKED_AT = 2048
"""Bytes at the beginning that tell UTF-16 without a mark."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK_TWICE = codecs.BOM_UTF8.decode("cp1252").encode()
"""A mark that was taken for text and encoded once more."""
_TWICE_NOTE = (
    "A byte order mark that was encoded twice, removed; if letters look wrong, the whole text was, and the vendor must "
    "write it once"
)
_FALSE_MARK_NOTE = "A byte order mark of UTF-16 above text that is none, removed; read as UTF-8"
_UNICODE = frozenset({"utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
_WESTERN = "cp1252"
"""What is announced as Latin-1 or ASCII is Windows-1252 where it is neither: browsers read it so, and no report has
the control characters that Latin-1 has in the places of quotation marks and the euro sign."""
_ALIASES = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "ascii": _WESTERN, "iso8859-1": _WESTERN, "gbk": "gb18030"}
_ALIASES |= {"utf-8-sig": "utf-8", "gb2312": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
_OTHERS = {"gb18030", "cp932", "cp949", "big5", "euc_jp", "koi8-r", *(f"cp{number}" for number in range(1250, 1259))}
_KNOWN = _UNICODE | _OTHERS | {f"iso8859-{number}" for number in range(2, 17)}
"""No encoding with shift sequences: a state that goes on over blocks could not be begun anew behind a fault."""

_ESCAPED = re.compile("[\udc80-\udcff]")
_SURROGATES = re.compile(rb"(?:\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf])|(\xed[\xa0-\xbf][\x80-\xbf])")
_PART_OF_PAIR = re.compile(rb"\xed(?:[\xa0-\xbf]|[\xa0-\xaf][\x80-\xbf](?:\xed[\xb0-\xbf]?)?)?\Z")
_HALF = "\N{REPLACEMENT CHARACTER}"
NUL_NOTE = "NUL characters removed: {count}"
_BYTE_NOTE = "Bytes that are not valid UTF-8, read as Windows-1252: {count}"
_CODE_NOTE = "Blocks with bytes that their encoding does not know, written as \\x..: {count}"
HALF_NOTE = "Halves of surrogate pairs and other broken characters, replaced by U+FFFD: {count}"


class ByteStream(Protocol):
    """What is read from: a file, a ZIP member, a gzip stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, and none at the end."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True)
class Encoding:
    """How a text is encoded.

    Args:
        name: The codec's.
        mark: The length of the byte order mark; some writers put one before their own file's.
        note: What the user should know of how it was found.
    """

    name: str
    mark: int = 0
    note: str | None = None


def _utf8(head: bytes, mark: int = 0) -> Encoding:
    """UTF-8 behind a mark of so many bytes, and behind one that was encoded twice, wherever that comes from."""
    is_twice = head.startswith(_MARK_TWICE, mark)
    return Encoding("utf-8", mark + len(_MARK_TWICE) * is_twice, _TWICE_NOTE if is_twice else None)


def encoding_of(opener: Callable[[], ByteStream], charset: str | None, default: str) -> Encoding:
    """The encoding of a text: by its mark, then UTF-8 where it is that, then as announced, then Windows-1252.

    Only a text that is announced as something else than UTF-8 is read to its end for that. It is UTF-8 if most of its
    characters beyond ASCII are: what is none in between is counted where the text is read.

    Args:
        opener: Opens the text's bytes, from their beginning each time.
        charset: As announced.
        default: As the platform is known to write, where nothing is announced.
    """
    with closing(opener()) as stream:
        head = _head(stream)
    for mark, name in _MARKS:
        if head.startswith(mark):
            size = len(mark) * (2 if head.startswith(mark * 2) else 1)
            if name.startswith("utf-16") and _is_bytes_of_lines(head[size:]):
                return Encoding("utf-8", size, _FALSE_MARK_NOTE)
            return _utf8(head, size) if name == "utf-8" else Encoding(name, size)
    unmarked = _unmarked_utf16(head)
    if unmarked:
        return Encoding(unmarked)
    announced = (charset or default).strip("\"' ")
    known = _known(announced)
    if known is None:
        return Encoding("utf-8", note=f"The announced encoding {announced!r} is none that is read here; taken as UTF-8")
    has_nuls = known in _UNICODE and b"\0" in head[:LOOKED_AT]
    is_utf8 = known == "utf-8" or (not has_nuls and _is_utf8(opener))
    return _utf8(head) if is_utf8 else Encoding(known)


def _is_bytes_of_lines(head: bytes) -> bool:
    """Whether a text has line ends of one byte and none of two: a line end of UTF-16 has a NUL."""
    if b"\0" in head or b"\n" not in head:
        return False
    with suppress(UnicodeDecodeError):
        return codecs.utf_8_decode(head, "strict", False)[1] > 0
    return False


def _known(name: str) -> str | None:
    """The codec of an encoding's name; None of one that is not read."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    found = _ALIASES.get(found, found)
    return found if found in _KNOWN or found == _WESTERN else None


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


def _is_utf8(opener: Callable[[], ByteStream]) -> bool:
    """Whether most of what is not ASCII is valid UTF-8; what is ASCII alone is."""
    good = bad = 0
    rest = b""
    with closing(opener()) as stream:
        while block := stream.read(BLOCK):
            if not rest and block.isascii():
                continue
            text, used = codecs.utf_8_decode(rest + block, "surrogateescape", False)
            rest = (rest + block)[used:]
            odd = len(_ESCAPED.findall(text))
            bad += odd
            good += len(text) - odd - len(text.encode("ascii", "ignore"))
    return good >= bad + len(rest)


def text_blocks(stream: ByteStream, encoding: Encoding, notes: TableWarnings) -> Iterator[str]:
    """The text of a stream, block by block, without byte order mark and NULs."""
    decode = _decode_utf8 if encoding.name == "utf-8" else _Decoder(encoding.name).decode
    if encoding.note:
        notes.add(encoding.note)
    rest, more = _start(stream, encoding)
    while more or rest:
        block = stream.read(BLOCK) if more else b""
        more = bool(block)
        text, rest = decode(rest, not more, notes)
        rest += block
        if text:
            yield text


def utf8_blocks(
    stream: ByteStream, encoding: Encoding, notes: TableWarnings, *, unchecked: bool = False
) -> Iterator[bytes]:
    """The same as UTF-8, which costs nothing where it is UTF-8 already.

    Args:
        stream: The bytes.
        encoding: What they are.
        notes: Where odd bytes are counted.
        unchecked: Bytes that are not UTF-8 are left as they are: there are none, or `utf8_text` sees them later.
    """
    if encoding.name != "utf-8" or not unchecked:
        yield from (text.encode("utf-8") for text in text_blocks(stream, encoding, notes))
        return
    if encoding.note:
        notes.add(encoding.note)
    block, _ = _start(stream, encoding)
    while block:
        if clean := _without_nuls(block, notes):
            yield clean
        block = stream.read(BLOCK)


def _start(stream: ByteStream, encoding: Encoding) -> tuple[bytes, bool]:
    """The first bytes behind the mark, and whether there may be more."""
    head = _head(stream)
    while head and len(head) <= encoding.mark and (more := stream.read(BLOCK)):
        head += more
    return head[encoding.mark :], bool(head)


def utf8_text(data: bytes, notes: TableWarnings) -> str:
    """The text of whole characters; what is no UTF-8 is read as Windows-1252, byte by byte, and counted."""
    return _decode_utf8(data, True, notes)[0]


def _without_nuls(data: bytes, notes: TableWarnings) -> bytes:
    if b"\0" not in data:
        return data
    notes.add(NUL_NOTE, data.count(b"\0"))
    return data.replace(b"\0", b"")


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
        held = None if final else _PART_OF_PAIR.search(data)
        data, behind = (data[: held.start()], held[0]) if held else (data, b"")
        data = _with_whole_pairs(data, notes)
        text, used = codecs.utf_8_decode(data, "surrogateescape", final)
        text, count = _ESCAPED.subn(lambda found: _WESTERN_TEXT[ord(found[0]) - 0xDC00], text)
        if count:
            notes.add(_BYTE_NOTE, count)
        return text, data[used:] + behind
    return text, data[used:]


def _with_whole_pairs(data: bytes, notes: TableWarnings) -> bytes:
    r"""Surrogates that were encoded one by one: pairs become their character, halves U+FFFD.

    `ed a0 bd ed b8 80` (`\ud83d\ude00`) -> `f0 9f 98 80`; Java and MySQL's `utf8` write so.
    """

    def whole(found: re.Match[bytes]) -> bytes:
        if found[1]:
            notes.add(HALF_NOTE)
            return _HALF.encode()
        return found[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()

    return _SURROGATES.sub(whole, data)


def _western(byte: int) -> str:
    try:
        return bytes([byte]).decode(_WESTERN)
    except UnicodeDecodeError:
        return chr(byte)  # five places that Windows-1252 leaves open


_WESTERN_TEXT = [_western(byte) for byte in range(256)]


class _Decoder:
    """Any codec but UTF-8."""

    def __init__(self, name: str) -> None:
        self._is_unicode = name in _UNICODE
        self._make = codecs.getincrementaldecoder(name)
        self._strict = self._make("strict")

    def decode(self, data: bytes, final: bool, notes: TableWarnings) -> tuple[str, bytes]:
        """See `_decode_utf8`."""
        state = self._strict.getstate()
        try:
            text = self._strict.decode(data, final)
        except UnicodeDecodeError:
            lenient = self._make("replace" if self._is_unicode else "backslashreplace")
            lenient.setstate(state)
            text = lenient.decode(data, final)
            self._strict.setstate(lenient.getstate())
            notes.add(*((HALF_NOTE, text.count(_HALF)) if self._is_unicode else (_CODE_NOTE, 1)))
        if "\0" in text:
            notes.add(NUL_NOTE, text.count("\0"))
            text = text.replace("\0", "")
        return text, b""
