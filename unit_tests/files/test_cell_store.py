from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files import cell_store
from source_lms_reports.files.cell_store import PAGE, CellStore, Chunks, SharedTexts, TextReader


def test_chunks_come_back_in_any_order(tmp_path: Path) -> None:
    store = CellStore(tmp_path)
    one, other = Chunks(store), Chunks(store)
    one.add([(0, "text", b"a\0b")], 2)
    other.add([], 3)
    assert one.read(0) == [(0, "text", b"a\0b")]
    one.add([(5, "number", b"1")], 1)

    assert [one.read(1), other.read(0), one.read(0)] == [[(5, "number", b"1")], [], [(0, "text", b"a\0b")]]
    assert (one.rows, other.rows) == ([2, 1], [3])


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE + 3])
@pytest.mark.parametrize("at_a_time", [1, 7, 1000])
def test_texts_come_back_by_their_numbers(tmp_path: Path, count: int, at_a_time: int) -> None:
    texts = SharedTexts(CellStore(tmp_path))
    wanted = ["" if number % 5 == 0 else f"é{number}" for number in range(count)]
    for start in range(0, count, at_a_time):
        texts.add("\0".join(wanted[start : start + at_a_time]).encode())
    texts.finish()
    reader = TextReader(texts)

    assert len(texts) == count
    assert [reader[number] for number in reversed(range(count))] == wanted[::-1]
    assert reader[count] == ""


@given(st.lists(st.sampled_from([0, 1, 20, PAGE - 2, PAGE - 1, PAGE, PAGE + 1]), max_size=40), st.integers(1, 40))
def test_texts_in_their_order_come_in_many_pages_at_once(lengths: list[int], at_a_time: int) -> None:
    wanted = [chr(ord("a") + at % 26) * length for at, length in enumerate(lengths)]
    with tempfile.TemporaryDirectory() as folder:
        texts = SharedTexts(CellStore(Path(folder)))
        for start in range(0, len(wanted), at_a_time):
            texts.add("\0".join(wanted[start : start + at_a_time]).encode())
        texts.finish()
        reader = TextReader(texts)

        assert [reader[number] for number in range(len(wanted))] == wanted
        texts.close()


def test_a_reader_holds_no_more_texts_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_store, "_KEPT", PAGE)
    texts = SharedTexts(CellStore(tmp_path))
    texts.add("\0".join(map(str, range(10 * PAGE))).encode())
    texts.finish()
    reader = TextReader(texts)

    assert [reader[number] for number in range(10 * PAGE)] == [str(number) for number in range(10 * PAGE)]
    assert len(reader) <= 2 * PAGE


def test_pages_are_taken_in_together_in_their_order_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = SharedTexts(CellStore(tmp_path))
    texts.add(b"\0".join([b"x" * PAGE] * 32))
    texts.finish()
    asked: list[tuple[int, int]] = []
    pages = texts.pages

    def noted(page: int, count: int) -> tuple[int, list[str]]:
        asked.append((page, count))
        return pages(page, count)

    monkeypatch.setattr(texts, "pages", noted)
    reader = TextReader(texts)
    for number in (31, 20, *range(32)):
        assert reader[number] == "x" * PAGE

    assert asked == [(31, 1), (20, 1), (0, 1), (1, 8), (9, 8), (17, 8), (25, 8)]


def test_longer_texts_than_excel_has_are_noticed(tmp_path: Path) -> None:
    texts = SharedTexts(CellStore(tmp_path))
    texts.add(b"\0".join([b"x" * 1000] * 1000))
    assert not texts.has_long
    texts.add(b"x" * (cell_store.LONG + 1))
    texts.finish()

    assert texts.has_long


def test_no_file_is_left_and_none_is_open(tmp_path: Path) -> None:
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir())) if open_files.exists() else 0
    store = CellStore(tmp_path)
    store.add(b"x")
    assert not list(tmp_path.iterdir())

    del store

    gc.collect()
    assert not before or len(list(open_files.iterdir())) == before
