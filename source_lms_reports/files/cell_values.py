"""What the cells of a workbook mean: a column's raw cells become texts, numbers and booleans."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, NamedTuple

import msgspec

from source_lms_reports.files.cell_store import TextReader
from source_lms_reports.files.sheet_cells import ColumnFacts
from source_lms_reports.files.xlsx_cells import BOOLEAN, ERROR, NUMBER, SHARED, TEXT

EXACT = 2**53
"""Whole numbers up to here are exact in a float. Larger ones stay the text that stands in the file."""

_DAY = 86_400_000
"""Milliseconds. Workbooks count days; their fractions are good for no less."""
_FROM_1900, _FROM_1904 = dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1)  # noqa: DTZ001 - Excel knows no zones
_LEAP_DAY = 60
"""29 February 1900, which Excel counts and the calendar does not have."""

_EXACTLY = msgspec.Meta(ge=-EXACT, le=EXACT)
_NUMBERS = msgspec.json.Decoder(list[Annotated[int, _EXACTLY] | Annotated[float, _EXACTLY] | None])
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ENDS_IN_ZEROS = re.compile(rb"\.0*(?:\0|\Z)")


class _Booleans(dict[str, Any]):
    def __missing__(self, text: str) -> str:
        """What is no boolean stays text."""
        return text


_BOOLEANS = _Booleans({"": None, "1": True, "0": False, "true": True, "false": False, "TRUE": True, "FALSE": False})


@dataclass(frozen=True)
class ColumnForm:
    """How the dates and times of one column are written, so that all have one form.

    Args:
        with_time: Dates are written with their time, for some have one.
        are_times: What is shown as date and time is a time of day, as none is a day or later.
        from_1904: Days are counted from 1904.
    """

    with_time: bool = False
    are_times: bool = False
    from_1904: bool = False


def form_of(facts: ColumnFacts | None, from_1904: bool) -> ColumnForm:
    """The form of a column by all of its dates and times."""
    if facts is None:
        return ColumnForm(from_1904=from_1904)
    dated_times = "time" in facts.kinds and facts.greatest >= 1
    return ColumnForm("moment" in facts.kinds or facts.has_time or dated_times, 0 < facts.greatest < 1, from_1904)


class Values(NamedTuple):
    """Cells of a column.

    Args:
        cells: Texts, numbers, booleans; an empty cell is `""` among texts and None elsewhere.
        kinds: The types that they may have.
        errors: The places of those that are errors of Excel.
        no_dates: The places of numbers that are shown as dates and are none.
    """

    cells: list[Any]
    kinds: set[type]
    errors: Sequence[int] = ()
    no_dates: Sequence[int] = ()


def values_of(runs: list[tuple[str, bytes]], form: ColumnForm, texts: TextReader) -> Values:
    """The cells of one column, of which each run has another kind.

    Args:
        runs: Kinds and raw cells; at most one run has something for a row.
        form: The column's.
        texts: The workbook's shared texts.
    """
    found = [_run(kind, raw, form, texts) for kind, raw in runs]
    if len(found) == 1:
        return found[0]
    cells = list(found[0].cells)
    for more in found[1:]:
        cells = [other if one is None or one == "" else one for one, other in zip(cells, more.cells, strict=True)]
    errors = [at for one in found for at in one.errors]
    return _typed(cells, errors, [at for one in found for at in one.no_dates])


def _typed(cells: list[Any], errors: Sequence[int] = (), no_dates: Sequence[int] = ()) -> Values:
    """Cells of whatever types, with the one form of an empty cell that goes with them."""
    kinds = set(map(type, cells))
    if str in kinds and type(None) in kinds:
        cells = ["" if cell is None else cell for cell in cells]
        kinds.discard(type(None))
    return Values(cells, kinds, errors, no_dates)


def _run(kind: str, raw: bytes, form: ColumnForm, texts: TextReader) -> Values:
    if kind == SHARED:
        return Values(list(map(texts.__getitem__, array("I", raw))), {str})
    if kind == NUMBER:
        return _numbers(raw)
    cells = raw.decode().split("\0")
    if kind == TEXT:
        return Values(cells, {str})
    if kind == ERROR:
        return Values(cells, {str}, errors=[at for at, cell in enumerate(cells) if cell])
    if kind == BOOLEAN:
        return _typed(list(map(_BOOLEANS.__getitem__, cells)))
    return _shown(cells, kind, form)


def _numbers(raw: bytes) -> Values:
    """Numbers as they are read where all are plain: `3NUL0.5NUL` -> `[3,0.5,null]` -> 3, 0.5, None.

    That takes less than half of the time of reading them one by one.
    """
    if b"n" in raw:  # null, nan: for JSON the one is nothing, the other no number
        return _one_by_one(raw)
    joined = raw.replace(b"\0", b",")
    has_empty = b",," in joined or joined[:1] in (b"", b",") or joined[-1:] == b","
    if has_empty:
        joined = b",%b," % joined
        joined = joined.replace(b",,", b",null,").replace(b",,", b",null,")[1:-1]
    try:
        cells = _NUMBERS.decode(b"[%b]" % joined)
    except msgspec.DecodeError:
        return _one_by_one(raw)
    if len(cells) != raw.count(b"\0") + 1:
        return _one_by_one(raw)
    if b"e" in raw or b"E" in raw or _ENDS_IN_ZEROS.search(raw):  # perhaps whole: 5.0, 1E3
        return _typed([int(cell) if type(cell) is float and cell.is_integer() else cell for cell in cells])
    return Values(cells, ({int, float} if b"." in raw else {int}) | ({type(None)} if has_empty else set()))


def _one_by_one(raw: bytes) -> Values:
    return _typed(list(map(number_of, raw.decode().split("\0"))))


def number_of(text: str) -> int | float | str | None:
    """A number as it stands in a file; what is none, or would lose digits or zeros, stays text.

    `5.0` -> 5, `0.30000000000000004` -> 0.30000000000000004, `1E-3` -> 0.001, `10000000000012345` -> the same text,
    `007` -> the same text, `NaN` -> the same text
    """
    bare = text.strip()
    if not bare:
        return None
    if _WHOLE.fullmatch(bare) and len(bare) <= len(str(-EXACT)):
        whole = int(bare)
        return whole if abs(whole) <= EXACT else bare
    if not _DECIMAL.fullmatch(bare):
        return text
    number = float(bare)
    if abs(number) <= EXACT:
        return int(number) if number.is_integer() else number
    return number if isfinite(number) and "e" in bare.lower() else bare


def _shown(cells: list[str], kind: str, form: ColumnForm) -> Values:
    """Numbers as their format shows them. Many are alike in a column of dates."""
    known: dict[str, tuple[Any, bool]] = {}
    found = []
    for cell in cells:
        if cell not in known:
            known[cell] = _shown_as(cell, kind, form)
        found.append(known[cell])
    return _typed([value for value, _ in found], no_dates=[at for at, (_, is_none) in enumerate(found) if is_none])


def _shown_as(cell: str, kind: str, form: ColumnForm) -> tuple[Any, bool]:
    number = number_of(cell)
    if number is None or not isinstance(number, (int, float)):
        return number, False
    text = shown(number, kind, form)
    return (number, True) if text is None else (text, False)


def shown(number: float, kind: str, form: ColumnForm) -> str | None:
    """What a number format makes of a number, in ISO 8601; None where it is no date and no time.

    `45000.5` as moment -> `2023-03-15T12:00:00`, `0.5` as time -> `12:00:00`, `1.75` as duration -> `42:00:00`.
    Excel counts 29 February 1900, and knows no days before 1900 (in the other count, 1904) nor after 9999. A number
    below one is a time of day in a column of such; among dates it is none.
    """
    if abs(number) > EXACT / _DAY:
        return None
    if kind == "duration":
        return _duration(round(number * _DAY))
    if number < 0:
        return None
    days, rest = divmod(round(number * _DAY), _DAY)
    if days == 0 and (kind == "time" or (kind == "moment" and form.are_times)):
        return (_FROM_1900 + dt.timedelta(milliseconds=rest)).time().isoformat()
    moment = _moment(days, form.from_1904)
    if moment is None:
        return None
    moment += dt.timedelta(milliseconds=rest)
    return moment.isoformat() if form.with_time or rest else moment.date().isoformat()


def _moment(days: int, from_1904: bool) -> dt.datetime | None:
    if not from_1904 and days in (0, _LEAP_DAY):
        return None
    start = _FROM_1904 if from_1904 else _FROM_1900
    try:
        return start + dt.timedelta(days=days + (not from_1904 and days < _LEAP_DAY))
    except OverflowError:
        return None


def _duration(milliseconds: int) -> str:
    """Hours may be more than 24, as Excel shows them: `42:00:00`, `-0:30:00`, `0:00:01.500`."""
    seconds, fraction = divmod(abs(milliseconds), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f".{fraction:03d}" if fraction else ""
    return f"{'-' if milliseconds < 0 else ''}{hours}:{minutes:02d}:{seconds:02d}{rest}"


def text_of(cell: Any) -> str:
    """A cell as text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell if isinstance(cell, str) else repr(cell)


def is_empty(cells: Iterable[Any]) -> bool:
    """Whether no cell has anything in it."""
    return all(cell is None or cell == "" for cell in cells)
