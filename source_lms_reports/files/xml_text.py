r"""XML of workbooks: a parser that trusts nothing, and texts as they were meant.

Writers of workbooks are careless. What no XML has is read as it was meant, wherever it stands: a control character, a
reference to one, an `&` that begins nothing. `mended` makes XML of it for the parser, `unescaped` takes it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol
from xml.parsers import expat

Attributes = dict[str, str]

_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_REFERENCE = re.compile(rb"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_ESCAPE = re.compile(rb"(?:_x[0-9a-fA-F]{4}_)+")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_REFERENCE_LENGTH = len("&#1114111;")
_LAST = 0x10FFFF


class DamagedXml(ValueError):
    """A part of a workbook that is no XML of a workbook."""


class Handler(Protocol):
    """Told what a parser comes across. Names are without their namespace's prefix."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text between elements, perhaps not all of it at once."""


class XmlParser:
    """Parses the XML of one part as it comes. No entities but XML's own, nothing from outside.

    Args:
        handler: What is told.
    """

    def __init__(self, handler: Handler) -> None:
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = _without_prefix(handler.start)
        end = handler.end
        parser.EndElementHandler = lambda name: end(name[name.find(":") + 1 :])
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _refuse_doctype

    def feed(self, data: bytes) -> None:
        """The next bytes of the part.

        Raises:
            DamagedXml: They are no XML.
        """
        self._parse(data, False)

    def close(self) -> None:
        """The part is at its end.

        Raises:
            DamagedXml: An element is not closed.
        """
        self._parse(b"", True)

    def _parse(self, data: bytes, is_last: bool) -> None:
        try:
            self._parser.Parse(data, is_last)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two of encodings that are none
            raise DamagedXml(str(error)) from error


def _without_prefix(start: Callable[[str, Attributes], None]) -> Callable[[str, Attributes], None]:
    def handler(name: str, attributes: Attributes) -> None:
        start(name[name.find(":") + 1 :], attributes)

    return handler


def _refuse_doctype(*_: object) -> None:
    raise DamagedXml("a part declares a document type, which no workbook does")


def parse(blocks: Iterable[bytes], handler: Handler) -> None:
    """Parse a part from its first byte to its last.

    Raises:
        DamagedXml: It is no XML, or ends early.
    """
    parser = XmlParser(handler)
    feed_all(blocks, parser)
    parser.close()


def feed_all(blocks: Iterable[bytes], parser: XmlParser, after: Callable[[], None] = lambda: None) -> None:
    """Feed what comes to a parser, careless as it may be.

    Args:
        blocks: Bytes, cut anywhere.
        parser: The parser.
        after: Called behind each block.
    """
    mender: _Mender | None = None
    for block in blocks:
        mender = mender or _Mender(block)
        parser.feed(mender.mend(block))
        after()
    parser.feed(mender.rest() if mender else b"")
    after()


class _Mender:
    """Mends what comes block by block; what a block may have cut waits for the next. CDATA stays as it is.

    Args:
        head: The first bytes; XML in another encoding than UTF-8 stays as it is, too.
    """

    def __init__(self, head: bytes) -> None:
        self._is_utf8 = is_utf8(head)
        self._held = b""
        self._in_cdata = False

    def mend(self, block: bytes) -> bytes:
        if not self._is_utf8:
            return block
        data, mended_parts = self._held + block, []
        while True:
            mark = b"]]>" if self._in_cdata else b"<![CDATA["
            at = data.find(mark)
            if at < 0:
                break
            part, data = data[: at + len(mark)], data[at + len(mark) :]
            mended_parts.append(part if self._in_cdata else mended(part))
            self._in_cdata = not self._in_cdata
        data, self._held = self._parted(data)
        mended_parts.append(data if self._in_cdata else mended(data))
        return b"".join(mended_parts)

    def rest(self) -> bytes:
        return self._held if self._in_cdata else mended(self._held)

    def _parted(self, data: bytes) -> tuple[bytes, bytes]:
        """What can be told of for certain, and what the next block may go on with: `&am`, `<![CDA`, `]]`."""
        if self._in_cdata:
            return data[:-2], data[-2:]
        cut = max(data.rfind(b"&", -_REFERENCE_LENGTH), data.rfind(b"<", -_REFERENCE_LENGTH))
        return (data[:cut], data[cut:]) if cut >= 0 else (data, b"")


def is_utf8(head: bytes) -> bool:
    """Whether XML is in UTF-8 by its first bytes, as almost all is. Other encodings are left to the parser."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0", b"<\0")):
        return False
    declared = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)""", head)
    return declared is None or declared[1].lower() in (b"utf-8", b"utf8", b"us-ascii", b"ascii")


def mended(xml: bytes) -> bytes:
    r"""What no XML has, in a form that a parser takes: `\x0b` -> `_x000B_` and `&nbsp;` -> `&amp;nbsp;`."""
    if _CONTROL.search(xml):
        xml = _CONTROL.sub(lambda found: b"_x%04X_" % ord(found[0].decode()), xml)
    if b"&" in xml:
        xml = _REFERENCE.sub(_mended_reference, _AMPERSAND.sub(b"&amp;", xml))
    return xml


def _mended_reference(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return found[0]
    code = _code(found)
    if _is_control(code):
        return b"_x%04X_" % code
    return found[0] if _is_character(code) else b"&amp;" + found[0][1:]


def _code(found: re.Match[bytes]) -> int:
    return int(found[2]) if found[2] else int(found[3], 16)


def _is_control(code: int) -> bool:
    return code < 32 and code not in (9, 10, 13)


def _is_character(code: int) -> bool:
    return code <= _LAST and not 0xD800 <= code < 0xE000 and code not in (0xFFFE, 0xFFFF)


def unescaped(text: bytes) -> tuple[bytes, int]:
    r"""Text as it stands in a workbook's XML, as it is meant: `a&lt;b_x000D_` -> `a<b\r`.

    A lone `\r` was a line end and is one. Workbooks have escapes of their own for what XML cannot hold: `_x000D_`, and
    `_x005F_` for a `_` that begins none. Of a pair of surrogates both halves are escaped; a half alone becomes U+FFFD.

    Returns:
        The text, and how many NULs were left out. Those that are there already stay.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"&" in text:
        text = _REFERENCE.sub(_referred, text)
    return without_escapes(text)


def _referred(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return _NAMED[found[1]]
    code = _code(found)
    if _is_control(code):
        return b"_x%04X_" % code
    return chr(code).encode() if _is_character(code) else found[0]


def without_escapes(text: bytes) -> tuple[bytes, int]:
    """See `unescaped`."""
    if b"_x" not in text:
        return text, 0
    nuls = text.count(b"_x0000_")
    return _ESCAPE.sub(_meant, text), nuls


def _meant(found: re.Match[bytes]) -> bytes:
    units = b"".join(bytes.fromhex(found[0][at + 2 : at + 6].decode()) for at in range(0, len(found[0]), 7))
    return units.decode("utf-16-be", "replace").replace("\0", "").encode()


def escaped(text: str) -> bytes:
    """Text as it would stand in XML."""
    data = text.encode()
    if b"&" in data or b"<" in data:
        data = data.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return data.replace(b"\r", b"&#13;") if b"\r" in data else data
