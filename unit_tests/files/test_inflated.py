"""Members of a ZIP, beside Python's own module."""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.inflated import Inflated, open_member

_LEVELS = st.sampled_from((0, 1, 6, 9))
_STRATEGIES = st.sampled_from((zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED))
_TEXTS = st.binary(max_size=300) | st.builds(
    lambda line, count: line * count, st.binary(min_size=1, max_size=60), st.integers(0, 20_000)
)
_SIZES = st.sampled_from((1000, 4096, 65536, 1 << 20, -1))
_PLACES = st.floats(0, 1, exclude_max=True)
_DAMAGE = (EOFError, zlib.error, zipfile.BadZipFile)


def packed(text: bytes, level: int, strategy: int, is_flushed: bool) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    middle = compressor.flush(zlib.Z_FULL_FLUSH) if is_flushed else b""
    return middle + compressor.compress(text) + compressor.flush()


def told(text: bytes) -> zipfile.ZipInfo:
    """What a directory tells of a member with this text."""
    info = zipfile.ZipInfo("a")
    info.CRC, info.file_size = zlib.crc32(text), len(text)
    return info


def archive_of(text: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a", text)
    return file.getvalue()


def unpacked(content: bytes, size: int = 65536) -> bytes:
    archive = zipfile.ZipFile(io.BytesIO(content))
    with archive, contextlib.closing(open_member(archive, archive.getinfo("a"))) as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


@given(_TEXTS, _LEVELS, _STRATEGIES, st.booleans(), _SIZES)
def test_what_zlib_packs_comes_back(text: bytes, level: int, strategy: int, is_flushed: bool, size: int) -> None:
    stream = Inflated(io.BytesIO(packed(text, level, strategy, is_flushed)), told(text))
    parts = list(iter(lambda: stream.read(size), b""))

    assert b"".join(parts) == text
    assert all(len(part) == size for part in parts[:-1])
    assert size < 0 or all(len(part) <= size for part in parts[-1:])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_member_may_be_packed_otherwise_or_not_at_all(method: int) -> None:
    text = b"a row\n" * 50_000
    assert unpacked(archive_of(text, method)) == text


@given(_TEXTS, _PLACES)
def test_what_is_cut_is_never_whole(text: bytes, share: float) -> None:
    content = packed(text, 6, zlib.Z_DEFAULT_STRATEGY, False)
    stream = Inflated(io.BytesIO(content[: int(share * len(content))]), told(text))
    with contextlib.suppress(*_DAMAGE):
        assert stream.read() == text  # what was cut off may be the mark of the end alone


def test_an_archive_that_ends_inside_a_member_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(archive_of(b"".join(b"%d," % number for number in range(100_000))))
    with zipfile.ZipFile(file) as archive:
        with file.open("r+b") as cut:
            cut.truncate(1000)
        stream = open_member(archive, archive.getinfo("a"))
        with contextlib.closing(stream), pytest.raises(EOFError):
            stream.read()


@given(_TEXTS, _PLACES, st.integers(0, 7))
def test_a_bit_that_was_turned_changes_no_text(text: bytes, share: float, bit: int) -> None:
    content = bytearray(packed(text, 6, zlib.Z_DEFAULT_STRATEGY, False))
    content[int(share * len(content))] ^= 1 << bit
    with contextlib.suppress(*_DAMAGE):
        assert Inflated(io.BytesIO(bytes(content)), told(text)).read() == text


@given(_TEXTS, st.integers(-100, 100), st.integers(0, 1), _SIZES)
def test_the_size_and_the_checksum_are_held_against_the_text_as_pythons_module_does(
    text: bytes, more: int, off: int, size: int
) -> None:
    content = bytearray(archive_of(text))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 16 : directory + 20] = (zlib.crc32(text) ^ off).to_bytes(4, "little")
    content[directory + 24 : directory + 28] = max(len(text) + more, 0).to_bytes(4, "little")
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        try:
            wanted = archive.read("a")
        except zipfile.BadZipFile as error:
            with pytest.raises(zipfile.BadZipFile, match=str(error)):
                unpacked(bytes(content), size)
        else:
            assert unpacked(bytes(content), size) == wanted
