"""Bytes to text: every encoding, with bytes that it does not know, cut anywhere."""

from __future__ import annotations

import io

from hypothesis import strategies as st

from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import encoding_of, text_blocks, utf8_blocks, utf8_text
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.paths import small_pieces
from unit_tests.fuzz.reports import SIZES

ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-7", "ascii", "latin-1"),
    *("cp1252", "cp437", "mac-roman", "koi8-r", "shift_jis", "euc-jp", "iso-2022-jp", "iso-2022-kr", "gb18030", "gbk"),
    *("big5", "big5hkscs", "johab", "hz", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"),
    *("hex", "rot13", "zip", "no-such-thing", "", "\0", '"UTF-8"', " utf8 ", "mbcs", "unicode-1-1-utf-7"),
)
_LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_ENCODED = st.builds(
    lambda text, name: text.encode(name, "replace"),
    _LETTERS,
    st.sampled_from(ENCODINGS[:27]).filter(lambda name: name not in ("idna", "punycode")),
)
_ODD = st.sampled_from(
    [
        b"\x00",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe\x00\x00",
        b"\x00\xd8",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\xf0\x9f",
        b"\r\n",
        b"\n",
        b"a\x00b\x00\n\x00",
        b"\x1b$B",
        b"\x1b(B",
        b"\x0e",
        b"~{",
        b"+",
        b"\\u12",
        b"\\N{",
        b"xn--",
        b"-" * 9,
    ]
)
CONTENTS = st.lists(_ENCODED | _ODD | st.binary(max_size=6), max_size=8).map(b"".join)


def _check(case: Case) -> bool:
    content = case["content"]
    with small_pieces(case["block"], 20, 1000):
        encoding = encoding_of(lambda: io.BytesIO(content), case["charset"], case["default"])
        notes = TableWarnings()
        text = "".join(text_blocks(io.BytesIO(content), encoding, notes))
        notes.messages()
        as_utf8 = b"".join(utf8_blocks(io.BytesIO(content), encoding, TableWarnings()))
        unchecked = b"".join(utf8_blocks(io.BytesIO(content), encoding, TableWarnings(), unchecked=True))
    with small_pieces(1024, 20, 1000):
        assert encoding == encoding_of(lambda: io.BytesIO(content), case["charset"], case["default"])
        whole = "".join(text_blocks(io.BytesIO(content), encoding, TableWarnings()))
    assert text == whole, "the text depends on where blocks end"
    assert as_utf8.decode() == text == utf8_text(unchecked, TableWarnings())
    assert "\0" not in text
    return True


PARSER = Parser(
    "text",
    cases(
        content=CONTENTS,
        charset=st.none() | st.sampled_from(ENCODINGS),
        default=st.sampled_from(("utf-8", "latin-1", "utf-16", "cp1252")),
        block=st.sampled_from(SIZES),
    ),
    _check,
)
