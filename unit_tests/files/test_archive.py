from __future__ import annotations

import io
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from source_lms_reports.errors import ArchiveLimitExceeded, CorruptPayload, EmptyPayload, PayloadError, TruncatedPayload
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from unit_tests.files.reading import gzipped, payload, read, rows_of, zipped

_CSV = b"id,name\n1,Ana\n"
_ROWS = [{"id": "1", "name": "Ana"}]


def test_members_are_tables_named_by_their_stems(tmp_path: Path) -> None:
    archive = zipped({"out/users.csv": _CSV, "courses.v2.csv": b"id\n", "__MACOSX/._users.csv": b"\0\5", "out/": b""})

    assert read(payload(tmp_path, archive)) == {"out/users": _ROWS, "courses.v2": []}


def test_a_member_is_wanted_by_its_whole_name_or_without_its_folders(tmp_path: Path) -> None:
    content = payload(tmp_path, zipped({"out/users.csv": _CSV, "out/more/courses.csv": b"id\n"}))

    for wanted in ("out/users", "users"):
        assert [table.name for table in open_tables(content, ReadOptions(), wanted.__eq__)] == ["out/users"]
    assert not list(open_tables(content, ReadOptions(), "more/courses".__eq__))


@pytest.mark.parametrize(
    "pack",
    [
        gzipped,
        lambda content: gzipped(gzipped(content)),
        lambda content: gzipped(content[:5]) + gzipped(content[5:]),
        lambda content: gzipped(content) + b"\0" * 100,
    ],
)
def test_gzip_whatever_the_headers_say(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    assert read(payload(tmp_path, pack(_CSV))) == {None: _ROWS}


def test_gzip_in_zip_and_zip_in_gzip(tmp_path: Path) -> None:
    inner = zipped({"users.csv.gz": gzipped(_CSV)})

    assert read(payload(tmp_path, gzipped(inner))) == {"users": _ROWS}
    assert read(payload(tmp_path, zipped({"inner.zip": inner}))) == {"users": _ROWS}


def test_several_files_are_several_tables(tmp_path: Path) -> None:
    content = payload(tmp_path, _CSV, gzipped(_CSV), names=("users.csv", "more users.csv.gz"))

    assert read(content) == {"users": _ROWS, "more users": _ROWS}


def test_a_member_without_bytes_is_no_report(tmp_path: Path) -> None:
    for blank in (b"", b"\n"):
        with pytest.raises(EmptyPayload, match=r"none\.csv"):
            verify(payload(tmp_path, zipped({"users.csv": _CSV, "none.csv": blank})), ReadOptions())


def test_a_lone_line_end_is_a_table_without_rows_where_the_platform_says_so(tmp_path: Path) -> None:
    options = ReadOptions(may_be_blank=True)

    assert read(payload(tmp_path, zipped({"users.csv": _CSV, "none.csv": b"\n"})), options) == {"users": _ROWS}
    assert read(payload(tmp_path, b"\r\n"), options) == {}
    for empty in (b"", zipped({"none.csv": b""})):
        with pytest.raises(EmptyPayload):
            verify(payload(tmp_path, empty), options)


def test_archives_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmptyPayload):
        verify(payload(tmp_path, zipped({"none.csv": b"", "blank.csv": b" \r\n"})), ReadOptions())
    with pytest.raises(EmptyPayload):
        verify(payload(tmp_path, zipped({})), ReadOptions())


def test_of_unwanted_members_only_the_beginning_is_read(tmp_path: Path) -> None:
    archive = bytearray(zipped({"bad.csv": b"x" * 100_000, "users.csv": _CSV}, zipfile.ZIP_STORED))
    archive[90_000] = 0  # breaks the checksum of the first member
    content = payload(tmp_path, bytes(archive))

    tables = list(open_tables(content, ReadOptions(), lambda name: name == "users"))

    assert [table.name for table in tables] == ["users"]
    with pytest.raises(CorruptPayload):
        verify(content, ReadOptions())


def test_members_that_say_they_hold_no_table_are_skipped(tmp_path: Path) -> None:
    options = ReadOptions(headerless_members=(r"(?i)no grading periods configured",))
    archive = zipped({"Fall.csv": _CSV, "Spring.csv": b"no grading periods configured\n"})

    assert read(payload(tmp_path, archive), options) == {"Fall": _ROWS}


@pytest.mark.parametrize("pack", [gzipped, lambda content: zipped({"users.csv": content})])
def test_every_cut_is_noticed(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    packed = pack(b"id,name\n" + b"".join(b"%d,Ana\n" % random.Random(number).randrange(10**9) for number in range(50)))
    for size in range(4, len(packed)):
        with pytest.raises(PayloadError):
            verify(payload(tmp_path, packed[:size]), ReadOptions())


def test_a_cut_gzip_says_so(tmp_path: Path) -> None:
    with pytest.raises(TruncatedPayload, match="ends early"):
        verify(payload(tmp_path, gzipped(_CSV)[:-9]), ReadOptions())


def test_damage_is_noticed(tmp_path: Path) -> None:
    for pack in (gzipped, lambda content: zipped({"users.csv": content})):
        damaged = bytearray(pack(_CSV * 20))
        damaged[-6 if pack is gzipped else 45] ^= 0xFF
        with pytest.raises(CorruptPayload, match="damaged"):
            verify(payload(tmp_path, bytes(damaged)), ReadOptions())


def test_damage_of_any_method_is_a_declared_error(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        whole = zipped({"u.csv": _CSV * 20}, method)
        assert read(payload(tmp_path, whole))["u"] == _ROWS * 20
        for place in range(35, 44):
            damaged = bytearray(whole)
            damaged[place] ^= 0xFF
            with suppress(PayloadError):
                read(payload(tmp_path, bytes(damaged)))


def test_a_member_under_a_password(tmp_path: Path) -> None:
    archive = bytearray(zipped({"users.csv": _CSV}))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        archive[archive.find(signature) + place] |= 1

    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, bytes(archive)), ReadOptions())


def test_too_many_members(tmp_path: Path) -> None:
    archive = zipped({f"{number}.csv": b"a\n" for number in range(4)})

    assert len(read(payload(tmp_path, archive), ReadOptions(limits=ArchiveLimits(members=4)))) == 4
    with pytest.raises(ArchiveLimitExceeded, match="4 files"):
        verify(payload(tmp_path, archive), ReadOptions(limits=ArchiveLimits(members=3)))


@pytest.mark.parametrize("pack", [gzipped, lambda content: zipped({"users.csv": content})])
def test_bombs(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    bomb = pack(b"a\n" + b"0\n" * 2_000_000)

    with pytest.raises(ArchiveLimitExceeded, match="100 times"):
        verify(payload(tmp_path, bomb), ReadOptions(limits=ArchiveLimits(ratio=100, ratio_from=1024 * 1024)))
    with pytest.raises(ArchiveLimitExceeded, match="GiB"):
        verify(payload(tmp_path, bomb), ReadOptions(limits=ArchiveLimits(unpacked=3 * 1024 * 1024)))
    verify(payload(tmp_path, bomb), ReadOptions())


def test_layers_without_end(tmp_path: Path) -> None:
    content = _CSV
    for _ in range(6):
        content = gzipped(content)

    with pytest.raises(ArchiveLimitExceeded, match="times over"):
        verify(payload(tmp_path, content), ReadOptions())


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 3_000_000)

    with pytest.raises(ArchiveLimitExceeded):
        verify(payload(tmp_path, buffer.getvalue()), ReadOptions(limits=ArchiveLimits(ratio=100, ratio_from=1000)))


def test_spooled_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    content = payload(tmp_path, gzipped(zipped({"users.csv": _CSV})))

    tables = open_tables(content, ReadOptions())
    assert rows_of(next(tables)) == _ROWS
    assert list((tmp_path / "spool").iterdir())
    tables.close()  # type: ignore[attr-defined]

    assert not list((tmp_path / "spool").iterdir())
    content.remove()
    content.remove()
