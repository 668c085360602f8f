from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.xml_text import Attributes, DamagedXml, escaped, is_utf8, mended, parse, unescaped


class _Texts:
    def __init__(self) -> None:
        self.found: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        self.found.append(f"<{name}{''.join(attributes.values())}>")

    def end(self, name: str) -> None:
        self.found.append(f"</{name}>")

    def text(self, text: str) -> None:
        self.found.append(text)


def _parsed(*blocks: bytes) -> str:
    texts = _Texts()
    parse(blocks, texts)
    return "".join(texts.found)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (b"a&lt;b&gt;&amp;&quot;&apos;", "a<b>&\"'"),
        (b"&#65;&#x42;&#x1F600;", "AB\U0001f600"),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"a_x000D_\nb", "a\r\nb"),
        (b"_x005F_x000D_", "_x000D_"),
        (b"_xD83D__xDE00_", "\U0001f600"),
        (b"_xD83D_ half", "\ufffd half"),
        (b"_x00G0_ _x0_ &nbsp; & &#xFFFFFFF; &#xD800;", "_x00G0_ _x0_ &nbsp; & &#xFFFFFFF; &#xD800;"),
        (b"&#11;\x0b", "\x0b\x0b"),
    ],
)
def test_texts_mean_the_same_as_they_stand_and_by_the_parser(raw: bytes, meant: str) -> None:
    by_the_parser, _ = unescaped(escaped(_parsed(b"<t>" + mended(raw) + b"</t>")[3:-4]))

    assert unescaped(raw) == (meant.encode(), 0)
    assert by_the_parser.decode() == meant


@pytest.mark.parametrize("raw", [b"a_x0000_b", b"a&#0;b"])
def test_nuls_are_left_out_and_counted(raw: bytes) -> None:
    assert unescaped(raw) == (b"ab", 1)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_escaped_text_means_itself(text: str) -> None:
    assert unescaped(escaped(text).replace(b"_x", b"_x005F_x")) == (text.encode(), 0)


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_reference_may_be_cut_anywhere(cut: int) -> None:
    xml = b'<a b="1 &amp; 2">x &amp; &y;&#x41;</a>'

    assert _parsed(xml[:cut], xml[cut:]) == "<a1 & 2>x & &y;A</a>"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_cdata_is_as_it_stands(size: int) -> None:
    xml = b"<a>x & y<![CDATA[ & &amp; ]] ]]]><![CDATA[<b>&]]>& z</a>"

    assert _parsed(*[xml[at : at + size] for at in range(0, len(xml), size)]) == "<a>x & y & &amp; ]] ]<b>&& z</a>"


def test_names_are_told_without_their_prefix() -> None:
    assert _parsed(b"<x:a><y:b/></x:a>") == "<a><b></b></a>"


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_other_encodings_are_read(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><a>Zoë & Co.</a>'.replace(" &", "")

    assert not is_utf8(xml.encode(encoding))
    assert _parsed(xml.encode(encoding)) == "<a>Zoë Co.</a>"


@pytest.mark.parametrize(
    "xml",
    [
        b"<a>",
        b"<a></b>",
        b"",
        b"<a>\xff</a>",
        b'<?xml version="1.0" encoding="none"?><a/>',
        b'<?xml version="1.0" encoding="shift-jis"?><a/>',
        b'<?xml version="1.0" encoding="idna"?><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    ],
)
def test_what_is_no_xml_and_what_declares_a_type_is_damaged(xml: bytes) -> None:
    with pytest.raises(DamagedXml):
        _parsed(xml)
