"""Columns of cells to types, times and new rows: a column at once is what its cells are one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast, get_args

from hypothesis import strategies as st

from source_lms_reports.files.cell_store import CellStore, SharedTexts, TextReader
from source_lms_reports.files.cell_values import ColumnForm, text_of, values_of
from source_lms_reports.files.table import unique_names
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.records.cast import CASTERS, Kind, natives
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.times import in_text_order, instant
from unit_tests.fuzz.parser import Case, Parser, cases

_DIGITS = st.text(st.sampled_from("0123456789"), min_size=1, max_size=20)
_FORMS = (
    "{}",
    "-{}",
    "{}.0",
    "0.{}",
    "{}e5",
    " {}",
    "{}\n",
    "+{}",
    "{},",
    "[{}]",
    '"{}"',
    "{}E-3",
    "1{}.5",
    ",{}",
    "{}\u0660",
)
_NUMBERS = st.builds(str.format, st.sampled_from(_FORMS), _DIGITS) | st.floats().map(repr) | st.decimals().map(str)
_NEARLY = st.text(st.sampled_from('0123456789-+.eE ,[]"ntx'), max_size=8)
_WORDS = st.sampled_from(
    (
        "",
        "",
        "true",
        "TRUE",
        "f",
        "yes",
        "N",
        "null",
        "NaN",
        "Infinity",
        "1",
        "0",
        "01",
        "-0",
        "-0.0",
        "tRuE",
        " no ",
        "None",
        "[1, null]",
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        "[" * 2000,
        '["\\ud800"]',
        "9" * 4400,
        "1e400",
        "\ud800",
        "[1e400]",
        "0." + "3" * 40,
        "1" * 400,
        "-" + "9" * 4000,
        "1.0" + "0" * 30,
        "1_0",
        "\x1a",
        "\x00",
        "e",
        "t",
        ",",
        '"',
        "{}",
        "[]",
        "[0.1234567890123456789]",
        f"[{'9' * 4400}]",
        "[1.0]",
        '{"": {}}',
        "0.1",
        "0.7579544029403025",
        "12345678901234567.8",
    )
)
_DATE = st.builds(
    "{:04d}-{:02d}-{:02d}".format,
    st.sampled_from((0, 1, 1970, 2023, 2024, 9999)),
    st.integers(0, 13),
    st.sampled_from((0, 1, 29, 31, 32)),
)
_CLOCK = st.builds(
    "{:02d}:{:02d}:{:02d}".format, st.integers(0, 25), st.sampled_from((0, 59, 60)), st.sampled_from((0, 59, 60, 61))
)
_ZONES = st.sampled_from(("", "Z", " UTC", "+01:00", "-23:59", "+99:99", "+0530", "z", " GMT"))
_FRACTIONS = st.sampled_from(("", ".0", ".5", ".999999999", ",1", ".1234567890"))
_STAMPS = st.builds("{}{}{}{}{}".format, _DATE, st.sampled_from("T t"), _CLOCK, _FRACTIONS, _ZONES)
_TIMES = (
    _STAMPS
    | _DATE
    | st.sampled_from(
        ("never", "", "1709209815", "1709209815250", "20240229", "9999999999999", "٢٠٢٤-02-29", " 2024-01-01 ")
    )
)
_UNIFORM = st.tuples(_FRACTIONS, st.sampled_from(("", "Z", " UTC"))).flatmap(
    lambda form: st.lists(st.builds("{}T{}{}{}".format, _DATE, _CLOCK, st.just(form[0]), st.just(form[1])), max_size=6)
)
_DECIMALS = st.builds("{}{}{}".format, st.integers(-(10**17), 10**17), st.sampled_from((".", ".0", ".00")), _DIGITS)
_NATIVE = (
    st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(("", "x", "007", "1", "true", 0.0, 1.0, -1.5, 2.0**63, -(2.0**63), 1e300))
)
_SORTS = ("number", "text", "error", "boolean", "date", "moment", "time", "duration")
_NO_TEXTS = TextReader(SharedTexts(cast("CellStore", None)))


def _texts(case: Case) -> bool:
    cells = case["cells"]
    for kind in get_args(Kind):
        if kind == "text":
            continue
        values, uncast = CASTERS[kind](list(cells))
        assert repr(values) == repr([CASTERS[kind]([cell])[0][0] for cell in cells])
        assert uncast == any(isinstance(value, str) for value in values)
        for cell, value in zip(cells, values, strict=True):
            assert _means(value, cell, kind), (kind, cell, value)
    return True


def _means(value: Any, cell: str, kind: Kind) -> bool:
    """Whether a value holds all that its cell said."""
    if value is None or isinstance(value, str):
        return (value or "") == cell
    if kind == "boolean":
        return cell.strip().lower() in (("true", "t", "yes", "y", "1") if value else ("false", "f", "no", "n", "0"))
    if kind == "nested":
        return bool(json.dumps(value, allow_nan=False)) and isinstance(value, (list, dict))
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and Decimal(cell.strip()) == Decimal(repr(value))
    )


def _times(case: Case) -> bool:
    cells: list[str] = case["cells"]
    keep_from, keep_before = (instant(text) if text else None for text in (case["from"], case["before"]))
    at_once = CursorWindow(keep_from, keep_before)
    kept = at_once.select(cells) or [True] * len(cells)
    alone = [CursorWindow(keep_from, keep_before).select([cell]) or [True] for cell in cells]
    assert kept == [one for (one,) in alone]
    new = [cell for cell, keep in zip(cells, kept, strict=True) if keep]
    known = [at for cell in new if (at := instant(cell)) is not None]
    assert (instant(at_once.greatest) if at_once.greatest else None) == max(known, default=None)
    if cells:
        in_text_order(cells)
    return bool(known)


def _sheet(case: Case) -> bool:
    """Cells together are what each of them is alone, and their types are told."""
    runs: dict[str, list[str]] = {}
    for at, (kind, text) in enumerate(case["cells"]):
        runs.setdefault(kind, [""] * len(case["cells"]))[at] = text
    form = ColumnForm(**case["form"])
    found = values_of([(kind, "\0".join(texts).encode()) for kind, texts in runs.items()], form, _NO_TEXTS)
    alone = [values_of([(kind, text.encode())], form, _NO_TEXTS).cells[0] for kind, text in case["cells"]]
    assert repr([_or_none(cell) for cell in found.cells]) == repr([_or_none(cell) for cell in alone])
    assert set(map(type, found.cells)) <= found.kinds <= {str, int, float, bool, type(None)}
    assert not {str, type(None)} <= found.kinds
    for (kind, text), cell in zip(case["cells"], found.cells, strict=True):
        text_of(cell)
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            assert cell == float(text)
        elif kind in ("text", "error"):
            assert (cell or "") == text
    for kind in get_args(Kind):
        values, uncast = natives(list(found.cells), kind, found.kinds)
        assert repr(values) == repr([natives([cell], kind, {type(cell)})[0][0] for cell in found.cells])
        assert uncast == (kind != "text" and any(isinstance(value, str) for value in values))
    return True


def _fits(text: str) -> bool:
    return "\0" not in text and text.isascii()


def _or_none(cell: Any) -> Any:
    return None if cell == "" else cell


def _names(case: Case) -> bool:
    names = unique_names(list(case["cells"]), TableWarnings())
    assert len(set(names)) == len(names) == len(case["cells"])
    return True


_CHECKS: dict[str, Callable[[Case], bool]] = {"texts": _texts, "times": _times, "sheet": _sheet, "names": _names}
_BOUNDS = st.none() | st.sampled_from(("2024-01-01", "2023-01-31T23:59:59Z", "0001-01-01", "9999-12-31"))

PARSER = Parser(
    "columns",
    st.one_of(
        cases(
            of=st.just("texts"),
            cells=st.lists(_NUMBERS | _WORDS | _NEARLY, max_size=6) | st.lists(_DECIMALS, min_size=1, max_size=6),
        ),
        cases(
            of=st.just("times"),
            cells=st.lists(_TIMES, max_size=6)
            | _UNIFORM
            | st.builds(lambda times, one: [*times, one], _UNIFORM, _TIMES),
            **{"from": _BOUNDS, "before": _BOUNDS},
        ),
        cases(
            of=st.just("sheet"),
            cells=st.lists(
                st.tuples(st.sampled_from(_SORTS), (_NUMBERS | _WORDS).filter(_fits)), min_size=1, max_size=6
            ),
            form=cases(with_time=st.booleans(), are_times=st.booleans(), from_1904=st.booleans()),
        ),
        cases(
            of=st.just("names"),
            cells=st.lists(st.sampled_from(("", " ", "a", "a_2", "_extra", "_column_2", "_column_1")), max_size=8),
        ),
    ),
    lambda case: _CHECKS[case["of"]](case),
)
