from __future__ import annotations

from pathlib import Path

import pytest

from unit_tests.files.books import members_of, packed
from unit_tests.files.corpus.workbooks import SHAPES, Shape
from unit_tests.files.reading import DEFAULT, notes, payload, read
from unit_tests.fuzz.oracles import differences, own_cells


def _book(shape: Shape) -> bytes:
    members = members_of({"S": shape.xml}, base_1904=shape.base_1904)
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace("</sheetData>", f"</sheetData>{shape.behind}")
    return packed(members)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_sheets(tmp_path: Path, name: str) -> None:
    shape = SHAPES[name]
    content = payload(tmp_path, _book(shape))

    file = content.parts[0].path
    assert differences(file.read_bytes(), own_cells(file, DEFAULT)) == []
    found = [{column: cell for column, cell in row.items() if cell is not None} for row in read(content)["S"]]
    assert found == list(shape.records)
    told = notes(content)
    assert len(told) == len(shape.told)
    assert all(words in note for words, note in zip(shape.told, told, strict=True))
