"""One table as the programs of the world write it, and sheets that no program should write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files.opening import verify
from source_lms_reports.files.xlsx_pattern import RowLearner
from unit_tests.files.books import book_of, members_of, packed, prefixed
from unit_tests.files.reading import DEFAULT, Rows, notes, payload, read
from unit_tests.fuzz.oracles import differences, own_cells

_TEXTS = ("<t>id</t>", "<t>name</t>", "<t>n</t>", "<t>Ann</t>", "<t>Bob &amp; Co</t>")
_TABLE = [{"id": 1, "name": "Ann", "n": 0.5}, {"id": 2, "name": "Bob & Co", "n": None}]

_HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
_INLINE = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c>'
    '<c r="C1" t="inlineStr"><is><t>n</t></is></c></row>'
)

WRITERS = {
    "excel": (
        _HEADER.replace("<row ", '<row spans="1:3" x14ac:dyDescent="0.25" '),
        '<row r="2" spans="1:3"><c r="A2" s="0"><v>1</v></c><c r="B2" s="0" t="s"><v>3</v></c><c r="C2"><v>0.5</v></c>',
        "</row>",
        '<row r="3" spans="1:3"><c r="A3" s="0"><v>2</v></c><c r="B3" s="0" t="s"><v>4</v></c><c r="C3" s="0"/></row>',
    ),
    "xlsxwriter": (
        _HEADER,
        '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>3</v></c><c r="C2"><v>0.5</v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>',
    ),
    "openpyxl": (
        _INLINE,
        '<row r="2"><c r="A2" t="n"><v>1</v></c><c r="B2" t="s"><v>3</v></c><c r="C2" t="n"><v>0.5</v></c></row>',
        '<row r="3"><c r="A3" t="n"><v>2</v></c><c r="B3" t="s"><v>4</v></c><c r="C3" /></row>',
    ),
    "poi_streaming": (
        _INLINE,
        '<row r="2"><c r="A2" t="n"><v>1.0</v></c><c r="B2" t="inlineStr"><is><t>Ann</t></is></c>',
        '<c r="C2" t="n"><v>0.5</v></c></row><row r="3"><c r="A3" t="n"><v>2.0</v></c>',
        '<c r="B3" t="inlineStr"><is><t xml:space="preserve">Bob &amp; Co</t></is></c></row>',
    ),
    "libreoffice": (
        _HEADER.replace("<row ", '<row customFormat="false" ht="12.8" '),
        '<row r="2" ht="12.8" hidden="false"><c r="A2" s="0" t="n"><v>1</v></c><c r="B2" s="0" t="s"><v>3</v></c>',
        '<c r="C2" s="0" t="n"><f aca="false">1/2</f><v>0.5</v></c></row>',
        '<row r="3" ht="12.8"><c r="A3" s="0" t="n"><v>2</v></c><c r="B3" s="0" t="s"><v>4</v></c></row>',
    ),
    "no_places": (
        '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>',
        '<row><c><v>1</v></c><c t="s"><v>3</v></c><c><v>0.5</v></c></row>',
        '<row><c><v>2</v></c><c t="s"><v>4</v></c></row>',
    ),
    "places_last": (
        '<row r="1"><c t="s" r="A1"><v>0</v></c><c t="s" r="B1"><v>1</v></c><c t="s" r="C1"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c t="s" r="B2"><v>3</v></c><c s="0" r="C2" t="n"><v>0.5</v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c><c t="s" r="B3"><v>4</v></c></row>',
    ),
    "single_quotes": (
        _HEADER.replace('"', "'"),
        "<row r='2'><c r='A2'><v>1</v></c><c r='B2' t='s'><v>3</v></c><c r='C2'><v>0.5</v></c></row>",
        "<row r='3'><c r='A3'><v>2</v></c><c r='B3' t = 's'><v>4</v></c></row>",
    ),
    "indented": (
        _HEADER,
        '\n  <row r="2">\n    <c r="A2">\n      <v>1</v>\n    </c><c r="B2" t="s"><v>3</v></c><c r="C2"><v>0.5</v></c>',
        '\n  </row>\n  <row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>\n',
    ),
    "formulas": (
        _HEADER,
        '<row r="2"><c r="A2"><f>ROW()-1</f><v>1</v></c><c r="B2" t="str"><f>T("Ann")</f><v>Ann</v></c>',
        '<c r="C2"><f t="shared" ref="C2:C3" si="0">1/2</f><v>0.5</v></c></row><row r="3"><c r="A3"><v>2</v></c>',
        '<c r="B3" t="str"><v xml:space="preserve">Bob &amp; Co</v></c>',
        '<c r="C3" t="str"><f t="shared" si="0"/><v></v></c></row>',
    ),
    "comments": (
        _HEADER,
        '<!-- rows --><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>3</v></c>',
        '<c r="C2"><!-- x --><v>0.5</v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c><c r="B3" t="inlineStr"><is><t><![CDATA[Bob & Co]]></t></is></c></row>',
    ),
    "rich_text": (
        _HEADER,
        '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><r><rPr><b/></rPr><t>A</t></r><r><t>nn</t></r>',
        '<rPh sb="0" eb="1"><t>reading</t></rPh></is></c><c r="C2"><v>0.5</v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>',
    ),
    "spaces_in_values": (
        _HEADER,
        '<row r="2"><c r="A2"><v> 1 </v></c><c r="B2" t="s"><v>3 </v></c><c r="C2"><v>0.5\n</v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v> 4 </v></c></row>',
    ),
    "extensions": (
        _HEADER,
        '<row r="2"><c r="A2"><v>1</v><extLst><ext><x>9</x></ext></extLst></c><c r="B2" t="s"><v>3</v></c>',
        '<c r="C2"><v>0.5</v></c></row><row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>',
    ),
    "out_of_order": (
        _HEADER,
        '<row r="2"><c r="C2"><v>0.5</v></c><c r="A2"><v>1</v></c><c r="B2" t="s"><v>3</v></c></row>',
        '<row r="3"><c r="B3" t="s"><v>4</v></c><c r="A3"><v>2</v></c></row>',
    ),
    "an_element_a_cell": (
        *(f'<row r="1"><c r="{column}1" t="s"><v>{at}</v></c></row>' for at, column in enumerate("ABC")),
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="B2" t="s"><v>3</v></c></row>',
        '<row r="2"><c r="C2"><v>0.5</v></c></row><row r="2"/><row r="2"><c r="D2"><v></v></c></row>',
        '<row r="3"><c r="A3"><v>2</v></c></row><row r="3"><c r="B3" t="s"><v>4</v></c></row>',
    ),
    "dollars_and_lower_case": (
        _HEADER,
        '<row r="2"><c r="$A$2"><v>1</v></c><c r="b2" t="s"><v>3</v></c><c r="C2"><v>0.5</v></c></row>',
        '<row r="3"><c r="a3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>',
    ),
}


@pytest.fixture(params=["learned", "parsed"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rows are taken by a pattern from the first on, or all by the parser."""
    learn = RowLearner.learn if request.param == "learned" else lambda *_: False
    with (
        patch("source_lms_reports.files.xlsx_sheet._SMALL", 0),
        patch("source_lms_reports.files.xlsx_pattern.RowLearner.learn", learn),
    ):
        yield


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("block", [11, 100, 10_000])
@pytest.mark.usefixtures("way")
def test_a_table_is_the_same_whatever_wrote_it(
    tmp_path: Path, writer: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("source_lms_reports.files.xlsx_package.READ", block)

    assert _read(tmp_path, "".join(WRITERS[writer])) == _TABLE


def _read(folder: Path, rows: str, texts: tuple[str, ...] = _TEXTS) -> Rows:
    return read(payload(folder, book_of({"S": rows}, texts)))["S"]


@pytest.mark.parametrize(
    "writer", sorted(WRITERS.keys() - {"spaces_in_values"})
)  # calamine takes the first of all texts
def test_other_readers_see_the_same_table(tmp_path: Path, writer: str) -> None:
    content = book_of({"S": "".join(WRITERS[writer])}, _TEXTS)

    assert differences(content, own_cells(payload(tmp_path, content).parts[0].path, DEFAULT)) == []


@pytest.mark.parametrize("writer", ["excel", "poi_streaming", "formulas", "rich_text"])
@pytest.mark.usefixtures("way")
def test_a_table_is_the_same_under_a_prefix(tmp_path: Path, writer: str) -> None:
    members = members_of({"S": "".join(WRITERS[writer])}, shared=_TEXTS)
    for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"):
        head, _, xml = members[name].partition("\n")
        members[name] = f"{head}\n{prefixed(xml, 'x')}"

    assert read(payload(tmp_path, packed(members)))["S"] == _TABLE


@pytest.mark.parametrize("forms", [1, 5, 30])
def test_rows_of_many_forms_are_all_read(tmp_path: Path, forms: int) -> None:
    """Each colour of a table has a style; the pattern learns some of them, and the parser reads the rest."""
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" z="{at % forms}"><v>{at}</v></c><c r="B{at}" t="str"><v>x</v></c></row>'
        for at in range(2, 2000)
    )
    header = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'

    found = _read(tmp_path, header + rows)

    assert len(found) == 1998
    assert [row["b"] for row in found] == ["x"] * 1998


def test_rows_that_change_their_form_on_the_way_are_learned_again(tmp_path: Path) -> None:
    header = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'
    first = "".join(f'<row r="{at}"><c r="A{at}"><v>{at}</v></c></row>' for at in range(2, 3000))
    then = "".join(f'<row r="{at}"><c r="B{at}" t="b"><v>1</v></c></row>' for at in range(3000, 6000))
    odd = '<row r="6000"><c r="A6000"><!-- x --><v>1</v></c></row>'

    found = _read(tmp_path, header + first + then + odd)

    assert [row["a"] for row in found if row["a"] is not None] == [*range(2, 3000), 1]
    assert [row["b"] for row in found if row["b"] is not None] == [True] * 3000


def test_a_row_of_another_form_keeps_its_place(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{at}"><c r="A{at}"{" " if at % 7 == 0 else ""}><v>{at}</v></c><c r="B{at}"><v>1</v></c></row>'
        for at in range(2, 3000)
    )
    header = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'

    assert [row["a"] for row in _read(tmp_path, header + rows)] == list(range(2, 3000))


@pytest.mark.usefixtures("way")
def test_of_two_cells_in_one_place_the_last_counts(tmp_path: Path) -> None:
    twice = '<c r="A2"><v>1</v></c><c r="B2" t="s"><v>3</v></c><c r="A2" t="str"><v>x</v></c>'
    rows = f'<row r="2">{twice}</row><row r="3"><c r="A3"><v>2</v></c><c r="B3" t="s"><v>4</v></c></row>'

    assert [row["id"] for row in _read(tmp_path, _HEADER + rows)] == ["x", 2]


@pytest.mark.usefixtures("way")
def test_rows_of_one_number_with_the_same_columns_are_all_rows(tmp_path: Path) -> None:
    rows = "".join(f'<row r="2"><c r="A2"><v>{at}</v></c><c r="B2" t="s"><v>3</v></c></row>' for at in range(5))

    assert [row["id"] for row in _read(tmp_path, _HEADER + rows)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("place", ["c2", "$C$2"])
@pytest.mark.usefixtures("way")
def test_a_place_that_the_pattern_does_not_know_is_one(tmp_path: Path, place: str) -> None:
    header = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    rows = f'<row><c r="{place}"><v>1</v></c></row><row><c><v>2</v></c></row>'

    assert [(row["id"], row["n"]) for row in _read(tmp_path, header + rows)] == [(None, 1), (2, None)]


@pytest.mark.usefixtures("way")
def test_formulas_without_a_value_are_told(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="A2"><f>1+1</f><v></v></c><c r="B2"><f>1+1</f></c><c r="C2" t="str"><f>""</f><v></v></c></row>'
    )
    content = payload(tmp_path, book_of({"S": f'{_HEADER}{rows}<row r="3"><c r="A3"><v>1</v></c></row>'}, _TEXTS))

    assert read(content)["S"] == [{"id": 1, "name": None, "n": None}]
    assert notes(content) == ["S: Formulas whose value is not in the file, emitted as null: 2"]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2" t="s"><v>5</v></c>',
        '<c r="A2" t="s"><v>-1</v></c>',
        '<c r="A2" t="s"><v>99999999999999</v></c>',
        '<c r="A2" t="s"><v>x</v></c>',
        '<c r="A2" t="s"><v>1,2</v></c>',
        '<c r="A2"><v>1</c>',
        "<c r='A2'><v>1</v>",
        "</sheetData>",
    ],
)
@pytest.mark.parametrize("below", ['<c r="A3"><v>1</v></c>', '<c r="A3" t="s"><v>0</v></c>'])
@pytest.mark.usefixtures("way")
def test_a_damaged_sheet_is_refused_before_the_first_row(tmp_path: Path, cell: str, below: str) -> None:
    rows = f'<row r="2">{cell}</row><row r="3">{below}</row>'

    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, book_of({"S": _HEADER + rows}, _TEXTS)), DEFAULT)


@pytest.mark.usefixtures("way")
def test_an_empty_reference_is_an_empty_cell(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="A2" t="s"><v></v></c><c r="B2" t="s"><v>007</v></c><c r="C2"><v>1</v></c></row>'
    texts = (*_TEXTS, "<t/>", "<t></t>", "<t>x</t>")

    assert _read(tmp_path, _HEADER + rows, texts) == [{"id": None, "name": "x", "n": 1}]


@pytest.mark.usefixtures("way")
def test_characters_that_xml_does_not_have(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="A2" t="str"><v>a\x0bb &nbsp; & &#11;</v></c><c r="B2" t="s"><v>5</v></c></row>'
        '<row r="3"><c r="A3" t="str"><v>x_x0000_y\x00z</v></c></row>'
    )
    content = payload(tmp_path, book_of({"S": _HEADER + rows}, (*_TEXTS, "<t>c\x0b &nbsp;</t>")))

    assert [row["id"] for row in read(content)["S"]] == ["a\x0bb &nbsp; & \x0b", "xyz"]
    assert read(content)["S"][0]["name"] == "c\x0b &nbsp;"
    assert notes(content) == ["S: NUL characters removed: 2"]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_parts_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    members: dict[str, str | bytes] = {
        **members_of({"S": "".join(WRITERS["excel"])}, shared=(*_TEXTS[:3], "<t>Zoë</t>", "<t>x</t>"))
    }
    for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        members[name] = str(members[name]).replace("UTF-8", encoding).encode(encoding)

    assert [row["name"] for row in read(payload(tmp_path, packed(members)))["S"]] == ["Zoë", "x"]
