"""gzip, beside Python's own module and zlib."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.gunzip import Gunzip

_WINDOW = 16 + zlib.MAX_WBITS
_LEVELS = st.sampled_from((0, 1, 6, 9))
_STRATEGIES = st.sampled_from((zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED))
_TEXTS = st.binary(max_size=300) | st.builds(
    lambda line, count: line * count, st.binary(min_size=1, max_size=60), st.integers(0, 20_000)
)
_SIZES = st.sampled_from((1000, 4096, 65536, 1 << 20))


class Slowly(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, block: int) -> None:
        super().__init__(content)
        self._block = block

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, self._block) if size and size > 0 else self._block)


def packed(text: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY, is_flushed: bool = False) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, _WINDOW, 9, strategy)
    middle = compressor.flush(zlib.Z_FULL_FLUSH) if is_flushed else b""
    return middle + compressor.compress(text) + compressor.flush()


def unpacked(content: bytes, block: int = 65536, size: int = 65536) -> tuple[bytes, int]:
    """The bytes, and how many are told to stand behind them."""
    told: list[int] = []
    stream = Gunzip(Slowly(content, block), told.append)
    parts = iter(lambda: stream.read(size), b"")
    return b"".join(parts), sum(told)


@given(
    st.lists(st.builds(packed, _TEXTS, _LEVELS, _STRATEGIES, st.booleans()), min_size=1, max_size=3),
    st.integers(0, 100),
    st.sampled_from((1, 7, 1000, 65536)),
    _SIZES,
)
def test_members_are_what_pythons_module_reads(members: list[bytes], padding: int, block: int, size: int) -> None:
    content = b"".join(members) + b"\0" * padding
    if len(content) / block > 5000:
        block = 1000
    assert unpacked(content, block, size) == (gzip.decompress(content), 0)


@given(_TEXTS, st.binary(min_size=3, max_size=40).filter(lambda junk: junk[0] not in (0, 0x1F)), _SIZES)
def test_what_stands_behind_the_last_member_is_told(text: bytes, junk: bytes, size: int) -> None:
    assert unpacked(packed(text) + junk, size=size) == (text, len(junk))


@given(_TEXTS, st.floats(0, 1, exclude_max=True), st.sampled_from((1, 1000, 65536)))
def test_what_is_cut_is_never_whole(text: bytes, share: float, block: int) -> None:
    content = packed(text)
    cut = content[: 1 + int(share * (len(content) - 1))]
    with pytest.raises((EOFError, zlib.error)):
        unpacked(cut, block)


@given(_TEXTS, st.data())
def test_a_bit_that_was_turned_changes_no_text(text: bytes, data: st.DataObject) -> None:
    """Either it is told, or it stood where it says nothing about the text, such as the time in the header."""
    content = bytearray(packed(text))
    at = data.draw(st.integers(2, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(EOFError, zlib.error):
        assert unpacked(bytes(content))[0] == text
