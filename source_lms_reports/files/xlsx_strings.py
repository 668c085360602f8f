"""The shared strings of an XLSX workbook: one list of texts for all its sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from source_lms_reports.files.cell_store import SharedTexts
from source_lms_reports.files.xml_items import ItemCutter
from source_lms_reports.files.xml_text import Attributes, XmlParser, escaped, mended, unescaped


def read_shared_strings(blocks: Iterator[bytes], texts: SharedTexts) -> None:
    """Take in all texts of the part `sharedStrings`.

    Raises:
        DamagedXml: It is no XML, or ends early.
        UnicodeDecodeError: It is not in the encoding that it claims.
    """
    _Strings(texts).read(blocks)
    texts.finish()


class _Strings:
    def __init__(self, texts: SharedTexts) -> None:
        self._texts = texts
        self._items = _Items()
        self._parser = XmlParser(self._items)

    def read(self, blocks: Iterator[bytes]) -> None:
        ItemCutter(b"si", b"sst", self._parser, self._take).cut(blocks)

    def _take(self, data: bytes, prefix: bytes) -> None:
        """Items as nearly all writers make them hold one text each, and nothing stands between two of them.

        They take a tenth of the parser's time.

        `<si><t>Ann</t></si><si><t>Ben</t></si>` -> `Ann`, `Ben`
        """
        if b"xml:space" in data:
            data = data.replace(b' xml:space="preserve">', b">")
        start, end = b"<%bsi><%bt>" % (prefix, prefix), b"</%bt></%bsi>" % (prefix, prefix)
        if data.startswith(start) and data.endswith(end):
            joined = data[len(start) : -len(end)].replace(end + start, b"\0")
            if b"<" not in joined:
                self._add(joined)
                return
        self._some(data, re.compile(b"%b([^<]*)%b" % (start, end)))

    def _some(self, data: bytes, plain: re.Pattern[bytes]) -> None:
        """Items of which some are not so: `<si><r><t>A</t></r><r><t>nn</t></r></si>` -> `Ann` by the parser."""
        for at, piece in enumerate(plain.split(data)):
            if at % 2:
                self._add(piece)
                continue
            if piece:
                self._parser.feed(mended(piece))
            if self._items.found:
                self._add(b"\0".join(map(escaped, self._items.found)))
                self._items.found.clear()

    def _add(self, joined: bytes) -> None:
        """Add texts that are joined by NUL, as they stand in XML."""
        texts, nuls = unescaped(joined)
        texts.decode()  # tells what is no UTF-8
        self._texts.nuls += nuls
        self._texts.add(texts)


class _Items:
    """Puts the texts of each `si` together, without the readings (`rPh`) that stand beside Japanese ones."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._in_text = False
        self._readings = 0

    def start(self, name: str, _: Attributes) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._readings += 1
        self._in_text = name == "t" and not self._readings

    def end(self, name: str) -> None:
        if name == "si":
            self.found.append("".join(self._parts))
        elif name == "rPh":
            self._readings -= 1
        self._in_text = False

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)
