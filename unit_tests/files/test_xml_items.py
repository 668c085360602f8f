from __future__ import annotations

import pytest

from source_lms_reports.files.xml_items import ItemCutter
from source_lms_reports.files.xml_text import Attributes, DamagedXml, XmlParser


class _Names:
    def __init__(self) -> None:
        self.found: list[str] = []

    def start(self, name: str, _: Attributes) -> None:
        self.found.append(name)

    def end(self, _: str) -> None:
        pass

    def text(self, _: str) -> None:
        pass


def _cut(xml: bytes, size: int) -> tuple[bytes, list[str]]:
    """The items that need no parser, and the names of the elements that the parser came across."""
    names, taken = _Names(), b""

    def take(data: bytes, _: bytes) -> None:
        nonlocal taken
        taken += data

    blocks = iter([xml[at : at + size] for at in range(0, len(xml), size)])
    ItemCutter(b"row", b"data", XmlParser(names), take).cut(blocks)
    return taken, names.found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("xml", "items", "names"),
    [
        (b"<a><data><row>1</row><row/></data><b/></a>", b"<row>1</row><row/>", "a data b"),
        (b"<x:a><x:data><x:row>1</x:row></x:data></x:a>", b"<x:row>1</x:row>", "a data"),
        (b"<a><data/></a>", b"", "a data"),
        (b"<a><!-- <row> --><data><row/></data></a>", b"", "a data row"),
        (b"<a><?p <row>?><data><row/></data></a>", b"", "a data row"),
        (b"<a><data><row/></data></a><!-- made by x -->", b"<row/>", "a data"),
    ],
)
def test_items_are_cut_out_and_all_else_is_parsed(xml: bytes, items: bytes, names: str, size: int) -> None:
    assert _cut(xml, size) == (items, names.split())


@pytest.mark.parametrize("opaque", [b"<!-- </data><row> -->", b"<![CDATA[<row>]]>", b"<?p <row>?>"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_from_what_may_hold_anything_on_the_parser_reads(opaque: bytes, size: int) -> None:
    taken, names = _cut(b"<a><data><row>" + opaque + b"</row><row/></data></a>", size)

    assert (taken.count(b"<row"), names.count("row")) == (0, 2)


@pytest.mark.parametrize("cut", range(3, 37))
def test_a_list_that_ends_early_is_damaged(cut: int) -> None:
    with pytest.raises(DamagedXml):
        _cut(b"<a><data><row>1</row><row/></data></a>"[:cut], 1000)


def test_an_item_longer_than_what_is_read_at_a_time() -> None:
    xml = b"<a><data><row>" + b"x" * 5000 + b"</row><row/></data></a>"

    assert len(_cut(xml, 10)[0]) == 5000 + len("<row></row><row/>")


class _Late(XmlParser):
    """Finds out nothing before the end, as Expat may from 2.6 on where it comes by a few bytes at a time."""

    def __init__(self, handler: _Names) -> None:
        super().__init__(handler)
        self._held = b""

    def feed(self, data: bytes) -> None:
        self._held += data

    def close(self) -> None:
        super().feed(self._held)
        super().close()


def test_what_the_parser_finds_at_the_very_end_is_taken_as_well() -> None:
    names, found = _Names(), list[str]()

    def take(data: bytes, _: bytes) -> None:
        found.extend([] if data else names.found)
        names.found.clear()

    ItemCutter(b"row", b"data", _Late(names), take).cut(iter([b"<a><data><!-- x --><row/></data></a>"]))

    assert found == ["a", "data", "row"]
