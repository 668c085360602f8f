from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import HALF_NOTE, Encoding, encoding_of, text_blocks
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


def _encoding(content: bytes, charset: str | None, default: str = "utf-8") -> Encoding:
    return encoding_of(lambda: io.BytesIO(content), charset, default)


@pytest.mark.parametrize(
    "charset", ["no-such-thing", "hex", "rot13", "idna\0", "punycode", "undefined", "iso-2022-jp", "utf-7", "binary"]
)
def test_a_charset_that_is_not_read_is_told_and_passed_over(tmp_path: Path, charset: str) -> None:
    content = payload(tmp_path, "a\nZoë\n".encode("cp1252"), charset=charset)

    assert read(content)[None] == [{"a": "Zoë"}]
    assert notes(content) == [
        f"The announced encoding {charset!r} is none that is read here; taken as UTF-8",
        "Bytes that are not valid UTF-8, read as Windows-1252: 1",
    ]


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "windows-1251", "Shift_JIS", "us-ascii"])
def test_what_is_utf_8_is_read_as_that_whatever_is_announced(tmp_path: Path, charset: str) -> None:
    for text in (_TEXT, "näme,城市\nZoë,東京\n" + "x" * 70_000 + ",é\n"):
        assert read(payload(tmp_path, text.encode(), charset=charset))[None][:1] == _ROWS


def test_a_few_odd_bytes_in_utf_8_do_not_make_it_something_else(tmp_path: Path) -> None:
    content = payload(tmp_path, (_TEXT * 3).encode() + b"a,\xe9\n", charset="iso-8859-1")

    assert read(content)[None][-1] == {"näme": "a", "城市": "é"}


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-8859-1", "“é” €"),
        ("Windows-1252", "é"),
        ("windows-1251", "Привет"),
        ("Shift_JIS", "東京"),
        ("GBK", "东京"),
    ],
)
def test_what_is_not_utf_8_is_what_is_announced(tmp_path: Path, charset: str, text: str) -> None:
    codec = "cp1252" if charset == "iso-8859-1" else charset
    content = payload(tmp_path, f"a\n{text}\n".encode(codec), charset=charset)

    assert read(content)[None] == [{"a": text}]
    assert notes(content) == []


def test_utf_16_that_is_announced_and_has_no_mark(tmp_path: Path) -> None:
    text = "城市,京\n" + "東京,x\n" * 9

    assert read(payload(tmp_path, text.encode("utf-16-le"), charset="utf-16"))[None][0] == {"城市": "東京", "京": "x"}


def test_windows_1252_is_told(tmp_path: Path) -> None:
    content = payload(tmp_path, "a,b\n“Zoë” €,1\n".encode("cp1252"))

    assert read(content)[None] == [{"a": "“Zoë” €", "b": "1"}]
    assert notes(content) == ["Bytes that are not valid UTF-8, read as Windows-1252: 4"]


def test_windows_1252_among_utf_8_is_kept_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, "a,b\nZoë,".encode() + "Zoë,é\n".encode("latin-1"))

    assert read(content)[None] == [{"a": "Zoë", "b": "Zoë", "_extra": ["é"]}]
    assert notes(content)[0] == "Bytes that are not valid UTF-8, read as Windows-1252: 2"


def test_surrogates_that_were_encoded_one_by_one(tmp_path: Path) -> None:
    content = payload(tmp_path, b"a\n\xed\xa0\xbd\xed\xb8\x80\n\xed\xa0\xbdx\n")

    assert read(content)[None] == [{"a": "😀"}, {"a": "\ufffdx"}]
    assert notes(content) == [HALF_NOTE.format(count=1)]


def test_nuls_are_removed_and_counted(tmp_path: Path) -> None:
    content = payload(tmp_path, b"a,b\0\n1\0\0,2\n")

    assert read(content)[None] == [{"a": "1", "b": "2"}]
    assert notes(content) == ["NUL characters removed: 3"]


def test_half_a_surrogate_pair_in_utf_16_is_replaced(tmp_path: Path) -> None:
    content = payload(tmp_path, b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xd8" + "x\n".encode("utf-16-le"))

    assert read(content)[None] == [{"a": "\ufffdx"}]
    assert notes(content) == [HALF_NOTE.format(count=1)]


@given(content=st.binary(max_size=200), block=st.integers(1, 50))
def test_any_bytes_are_text_and_none_is_lost(content: bytes, block: int) -> None:
    with blocks_of(block):
        encoding = _encoding(content, None)
        text = "".join(text_blocks(io.BytesIO(content), encoding, TableWarnings()))

    text.encode("utf-8")
    if encoding.name == "utf-8" and b"\xed" not in content:
        assert text == by_hand(content[encoding.mark :].replace(b"\0", b""))[0]


_NO_MARK = st.text(max_size=100).map(lambda text: text.lstrip("\0\ufeff"))
"""NULs behind a mark of UTF-16 are the mark of UTF-32, and a second mark is none of the text's own."""


@given(text=_NO_MARK, encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]), block=st.integers(4, 50))
def test_generated_texts_come_back(text: str, encoding: str, block: int) -> None:
    content = ("\ufeff" + text if encoding == "utf-8" else text).encode(encoding)
    with blocks_of(block):
        found = _encoding(content, None)
        assert "".join(text_blocks(io.BytesIO(content), found, TableWarnings())) == text.replace("\0", "")
