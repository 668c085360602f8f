"""A long list in XML, cut into whole items, so that most of them need no parser.

All else goes to one parser in the order of the file: what stands around the list, items that its reader cannot take by
itself, and everything from the first comment, CDATA section or instruction on, as these may hold what looks like an
item. So the XML is proven as a whole, whoever wrote it.

    <sst><si><t>Ann</t></si><si><t>Ben</t></si></sst>   the parser: `<sst>` and `</sst>`
                                                        its reader: `<si><t>Ann</t></si><si><t>Ben</t></si>`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from source_lms_reports.files.xml_text import XmlParser, feed_all, is_utf8

_MOST = 1024 * 1024 * 1024
"""Bytes of one item: no row is so long."""


class ItemCutter:
    """Cuts one list.

    Args:
        item: The name of its items, without prefix.
        around: The name of the element around them.
        parser: Is fed with all that `take` is not given.
        take: Is given whole items, one behind the other, and their namespace's prefix (`x:`); none where the parser has
            been fed instead. It is called once more behind the last byte.
    """

    def __init__(self, item: bytes, around: bytes, parser: XmlParser, take: Callable[[bytes, bytes], None]) -> None:
        self._begin = re.compile(rb"<((?:[\w.-]+:)?)%b[\s/>]" % item)
        self._item = item
        self._around = around
        self._parser = parser
        self._take = take

    def cut(self, blocks: Iterator[bytes]) -> None:
        """Read all of a part.

        Raises:
            DamagedXml: It is no XML, or ends early.
        """
        head = b""
        for block in blocks:
            head += block
            found = self._begin.search(head)
            if not is_utf8(head) or b"<!" in head[: found.start() if found else None]:
                break
            if found:
                before = head[: found.start()]
                if before.rfind(b"<?") <= before.rfind(b"?>"):
                    self._parser.feed(before)
                    head = self._items(head[found.start() :], blocks, found[1])
                break
        self._parse(head, blocks, b"")
        self._parser.close()
        self._take(b"", b"")  # Expat from 2.6 on may find out the last things only now

    def _items(self, data: bytes, blocks: Iterator[bytes], prefix: bytes) -> bytes:
        """Take all items that come before anything opaque; what follows them."""
        begin, end = b"<%b%b" % (prefix, self._item), b"</%b%b" % (prefix, self._around)
        while not _is_opaque(data, end):
            last = data.rfind(begin)
            stop = data.find(end, last)  # to look for it in all that was read takes a tenth of the time of all else
            cut = stop if stop >= 0 else last
            if cut > 0:
                self._take(data[:cut], prefix)
                data = data[cut:]
            more = b"" if stop >= 0 else _more(blocks, 0 if cut > 0 else len(data))
            if not more:
                break
            data += more
        return data

    def _parse(self, data: bytes, blocks: Iterator[bytes], prefix: bytes) -> None:
        def all_blocks() -> Iterator[bytes]:
            yield data
            yield from blocks

        feed_all(all_blocks(), self._parser, lambda: self._take(b"", prefix))


def _more(blocks: Iterator[bytes], size: int) -> bytes:
    """The next block; as many as `size` bytes need where one item is longer than what is read at a time."""
    held = [next(blocks, b"")]
    while held[-1] and size < _MOST and sum(map(len, held)) < size:
        held.append(next(blocks, b""))
    return b"".join(held)


def _is_opaque(data: bytes, end: bytes) -> bool:
    """Whether something before the list's end may hold what looks like an item. Rare letters are looked for first."""
    if b"\0" in data:
        return True
    if not ((b"!" in data and b"<!" in data) or (b"?" in data and b"<?" in data)):
        return False
    items = data.partition(end)[0]
    return b"<!" in items or b"<?" in items
