"""Rows of a sheet that were cut out together, column by column, and how what belongs to one row comes together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from source_lms_reports.files.sheet_cells import Columns
from source_lms_reports.files.xlsx_cells import Row
from source_lms_reports.files.xlsx_pattern import RowPattern
from source_lms_reports.files.xml_text import escaped

T = TypeVar("T")


class Block(NamedTuple):
    """Rows that were cut out together.

    Args:
        columns: Their cells.
        numbers: The rows' numbers as they tell them, one a row; nothing where a row does not.
    """

    columns: Columns
    numbers: list[bytes]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.numbers)


def matched(pattern: RowPattern, pieces: list[bytes]) -> Block:
    """What splitting by a pattern gives, as columns: one slice of it for each form of a cell."""
    columns: Columns = {}
    for group, key in enumerate(pattern.cells, start=2):
        cells: list[bytes | None] = pieces[group :: pattern.stride]  # type: ignore[assignment]
        if any(cells):
            same = columns.get(key)
            columns[key] = [one or other for one, other in zip(same, cells, strict=True)] if same else cells
    return Block(columns, pieces[1 :: pattern.stride])


def with_parsed(block: Block, parsed: list[tuple[int, list[Row]]]) -> Block:
    """A block with the rows that the parser has found, each before the row whose place is told."""
    columns = {key: _spread(cells, parsed) for key, cells in block.columns.items()}
    numbers = _spread(list[bytes | None](block.numbers), parsed)
    place = passed = 0
    for at, rows in parsed:
        place += at - passed
        passed = at
        for row in rows:
            numbers[place] = b"%d" % row.number if row.number else b""
            for column, (kind, text) in row.cells.items():
                columns.setdefault((column, kind), [None] * len(numbers))[place] = escaped(text)
            place += 1
    return Block(columns, [number or b"" for number in numbers])


def _spread(cells: list[T | None], parsed: list[tuple[int, list[Row]]]) -> list[T | None]:
    """A column with empty cells where parsed rows go."""
    spread: list[T | None] = []
    last = 0
    for at, rows in parsed:
        spread += cells[last:at]
        spread += [None] * len(rows)
        last = at
    return spread + cells[last:]


def whole_rows(block: Block) -> Block:
    """A block in which rows that stand in several elements of one number are one: some writers make one a cell.

    `<row r="1"><c r="A1">..` `<row r="1"><c r="B1">..` -> a row with A1 and B1

    Two that have something in the same column are two rows, whatever their number: nothing is put over another.
    """
    told = list(filter(None, block.numbers))
    if len(set(told)) == len(told):
        return block
    starts: list[int] = []
    taken: set[int] = set()
    for at, number in enumerate(block.numbers):
        used = {column for (column, _), cells in block.columns.items() if cells[at]}
        if starts and number and number == block.numbers[starts[-1]] and not used & taken:
            taken |= used
        else:
            starts.append(at)
            taken = used
    columns: Columns = {key: _merged(cells, starts) for key, cells in block.columns.items()}
    return Block(columns, [block.numbers[at] for at in starts])


def _merged(cells: Sequence[bytes | None], starts: list[int]) -> list[bytes | None]:
    """For each row the cell that is not empty, of those of its parts."""
    ends = [*starts[1:], len(cells)]
    return [next(filter(None, cells[start:end]), cells[start]) for start, end in zip(starts, ends, strict=True)]


def continues(block: Block, before: Block) -> bool:
    """Whether the first row of a block may be a part of the last one of the block before."""
    return bool(before.numbers[-1]) and before.numbers[-1] == block.numbers[0]


def without_last(block: Block) -> tuple[Block, Block]:
    """The block without its last row, and that row."""
    columns: Columns = {key: cells[:-1] for key, cells in block.columns.items()}
    last: Columns = {key: cells[-1:] for key, cells in block.columns.items()}
    return Block(columns, block.numbers[:-1]), Block(last, block.numbers[-1:])


def joined(one: Block, two: Block) -> Block:
    """The rows of two blocks."""
    columns: Columns = {}
    for key in one.columns.keys() | two.columns.keys():
        columns[key] = [*one.columns.get(key, [None] * one.rows), *two.columns.get(key, [None] * two.rows)]
    return Block(columns, one.numbers + two.numbers)
