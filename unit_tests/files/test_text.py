from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import BLOCK, encoding_of, text_blocks
from unit_tests.files.reading import blocks_of, by_hand, notes, payload, read

_TEXT = "näme,城市\nZoë,東京\n"
_ROWS = [{"näme": "Zoë", "城市": "東京"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_by_its_mark_or_its_look(tmp_path: Path, encoding: str) -> None:
    text = _TEXT + "abc,def\n" * (100 if encoding in ("utf-16-le", "utf-16-be") else 0)

    assert read(payload(tmp_path, text.encode(encoding)))[None][:1] == _ROWS


def test_the_mark_wins_over_charset_and_charset_over_default(tmp_path: Path) -> None:
    latin = ReadOptions(encoding="latin-1")

    assert read(payload(tmp_path, _TEXT.encode("utf-8-sig"), charset="latin-1"), latin)[None] == _ROWS
    assert read(payload(tmp_path, _TEXT.encode(), charset='"UTF-8"'), latin)[None] == _ROWS
    assert read(payload(tmp_path, "näme\nZoë\n".encode("latin-1")), latin)[None] == [{"näme": "Zoë"}]


@pytest.mark.parametrize(
    "charset", ["", "no-such-thing", "hex", "rot13", "idna\0", "idna", "punycode", "undefined", "unicode_escape"]
)
def test_a_charset_that_is_none_is_passed_over(charset: str) -> None:
    assert encoding_of(b"abc", charset, "latin-1") == ("iso8859-1", 0)


def test_latin_1_among_utf_8_is_kept_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, "a,b\nZoë,".encode() + "Zoë,é\n".encode("latin-1"))

    assert read(content)[None] == [{"a": "Zoë", "b": "Zoë", "_extra": ["é"]}]
    assert notes(content)[0] == "Bytes that are not valid UTF-8, read as Latin-1: 2"


def test_nuls_are_removed_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, b"a,b\0\n1\0\0,2\n")

    assert read(content)[None] == [{"a": "1", "b": "2"}]
    assert notes(content) == ["NUL characters removed: 3"]


@pytest.mark.parametrize("first", [b"a", b"\xff"])
def test_a_shift_sequence_without_end_is_written_out_where_a_block_ends(first: bytes) -> None:
    unended = b"\x1b$00000000"
    content = first + b"a" * (BLOCK - 1 - len(unended)) + unended + b"00000000 end"

    text = "".join(text_blocks(io.BytesIO(content), "iso-2022-jp", "utf-8", TableWarnings()))

    assert text.endswith("a\\x1b$0000000000000000 end")


def test_shift_sequences_that_never_end_lose_nothing() -> None:
    content = (b"\x1b$" + b"0" * 9) * 20_000

    text = "".join(text_blocks(io.BytesIO(content), "iso-2022-jp", "utf-8", TableWarnings()))

    for code, char in (("\\x1b", "\x1b"), ("\\x24", "$"), ("\\x30", "0")):
        text = text.replace(code, char)
    assert text == content.decode("ascii")


_SHIFTS = st.sampled_from([b"\x1b", b"$B", b"(B", b"$", b"0", b"0" * 9, b"\xc2", b"\n", "\u6771".encode("iso-2022-jp")])


@given(parts=st.lists(_SHIFTS, max_size=40), block=st.integers(1, 30))
@example(parts=[b"\x1b", b"$", b"0" * 9, b"\xc2" * 9], block=1)
def test_shift_sequences_are_read_alike_wherever_blocks_end(parts: list[bytes], block: int) -> None:
    content = b"a" * 16 + b"".join(parts)

    with blocks_of(block):
        text = "".join(text_blocks(io.BytesIO(content), "iso-2022-jp", "utf-8", TableWarnings()))

    assert text == "".join(text_blocks(io.BytesIO(content), "iso-2022-jp", "utf-8", TableWarnings()))


def test_half_a_surrogate_pair_in_utf_7_is_written_out() -> None:
    notes_ = TableWarnings()

    assert list(text_blocks(io.BytesIO(b"a+3AA-b"), "utf-7", "utf-8", notes_)) == ["a\\udc00b"]
    assert len(notes_.messages()) == 1


def test_half_a_surrogate_pair_in_utf_16_is_written_out(tmp_path: Path) -> None:
    content = payload(tmp_path, b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xd8" + "x\n".encode("utf-16-le"))

    assert read(content)[None] == [{"a": "\\x00\\xd8x"}]
    assert len(notes(content)) == 1


@given(content=st.binary(max_size=200), block=st.integers(1, 50))
def test_any_bytes_are_text_and_none_is_lost(content: bytes, block: int) -> None:
    with blocks_of(block):
        text = "".join(text_blocks(io.BytesIO(content), None, "utf-8", TableWarnings()))

    text.encode("utf-8")
    name, mark = encoding_of(content[:block], None, "utf-8")
    if name == "utf-8":
        bare = content[mark:].replace(b"\0", b"")
        assert text == by_hand(bare)[0]


_NO_MARK = st.text(max_size=100).map(lambda text: text.lstrip("\0\ufeff"))
"""NULs behind a mark of UTF-16 are the mark of UTF-32, and a second mark is none of the text's own."""


@given(text=_NO_MARK, encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]), block=st.integers(4, 50))
def test_generated_texts_come_back(text: str, encoding: str, block: int) -> None:
    content = io.BytesIO(("\ufeff" + text if encoding == "utf-8" else text).encode(encoding))
    with blocks_of(block):
        assert "".join(text_blocks(content, None, "utf-8", TableWarnings())) == text.replace("\0", "")
