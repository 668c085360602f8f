"""Parts are found whatever the writer calls them; what is ambiguous or missing is damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from source_lms_reports.errors import CorruptPayload, PayloadError
from source_lms_reports.files.opening import verify
from unit_tests.files.books import Members, members_of, packed, rows_of_cells
from unit_tests.files.reading import DEFAULT, payload, read, zipped

_ROWS = [{"id": 1, "name": "Ann"}]
_STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/"
    "relationships",
}


def _members() -> Members:
    rows = rows_of_cells(["id", "name"]) + '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>0</v></c></row>'
    return members_of({"S": rows}, shared=["<t>Ann</t>"])


def _replaced(members: Members, *pairs: tuple[str, str]) -> Members:
    """Each pair replaced in all names and texts."""
    for old, new in pairs:
        members = {name.replace(old, new): text.replace(old, new) for name, text in members.items()}
    return members


def _named(members: Members, old: str, new: str) -> Members:
    return {name.replace(old, new): text for name, text in members.items()}


_TYPED = (
    '<Types xmlns="x"><Override PartName="/book/main.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>'
)
SHAPES = {
    "backslashes": _named(_named(_members(), "xl/", "xl\\"), "worksheets/", "worksheets\\"),
    "folders_in_capitals": _named(_members(), "xl/", "XL/"),
    "part_in_another_case": _named(_members(), "sheet1", "Sheet1"),
    "absolute_targets": _replaced(_members(), ('Target="worksheets', 'Target="/xl/worksheets')),
    "leading_slashes": {f"/{name}": text for name, text in _members().items()},
    "another_prefix": _replaced(_members(), ("r:id", "rel:id"), ("xmlns:r", "xmlns:rel")),
    "strict": _replaced(_members(), *_STRICT.items()),
    "no_content_types": {name: text for name, text in _members().items() if name != "[Content_Types].xml"},
    "no_package_relations": {name: text for name, text in _members().items() if name != "_rels/.rels"},
    "by_content_type": {
        **_replaced(_members(), ("xl/", "book/"), ("workbook.xml", "main.xml")),
        "[Content_Types].xml": _TYPED,
    },
    "styles_unlisted": _replaced(_members(), ("relationships/styles", "relationships/other")),
    "empty_part": {**_members(), "docProps/core.xml": "", "xl/media/": ""},
    "a_part_that_is_no_xml": {**_members(), "docProps/core.xml": "<a"},
    "a_mark_before_the_xml": {name: "\ufeff" + text for name, text in _members().items()},
    "a_sheet_without_a_part": _replaced(
        _members(), ("</sheets>", '<sheet name="Module" sheetId="9" r:id=""/></sheets>')
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_workbook_is_read_whatever_its_parts_are_called(tmp_path: Path, shape: str) -> None:
    assert read(payload(tmp_path, packed(SHAPES[shape]))) == {"S": _ROWS}
    assert read(payload(tmp_path, zipped({"report.xlsx": packed(SHAPES[shape])}))) == {"report": _ROWS}


DAMAGED = {
    "no_sheet_part": {name: text for name, text in _members().items() if "sheet1" not in name},
    "no_relations": {name: text for name, text in _members().items() if "workbook.xml.rels" not in name},
    "no_shared_strings": {name: text for name, text in _members().items() if "sharedStrings" not in name},
    "no_sheets": _replaced(_members(), ("<sheets>", "<!--"), ("</sheets>", "-->")),
    "cut_workbook": {**_members(), "xl/workbook.xml": "<workbook><sheets></workbook>"},
    "cut_styles": {**_members(), "xl/styles.xml": "<styleSheet>"},
    "cut_shared_strings": {**_members(), "xl/sharedStrings.xml": "<sst><si><t>Ann</t></si>"},
    "two_parts_of_one_name": {**_members(), "XL/worksheets/sheet1.xml": "<worksheet><sheetData/></worksheet>"},
    "empty_sheet_part": {**_members(), "xl/worksheets/sheet1.xml": ""},
    "a_document_type": _replaced(_members(), ("<worksheet", '<!DOCTYPE x [<!ENTITY y "z">]><worksheet')),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_workbook_whose_parts_are_missing_or_ambiguous_is_refused(tmp_path: Path, damage: str) -> None:
    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, packed(DAMAGED[damage])), DEFAULT)


def test_a_hidden_sheet_may_be_damaged_as_nobody_reads_it(tmp_path: Path) -> None:
    members = members_of({"S": rows_of_cells(["a"], [1]), "T": "<row>"}, states=["visible", "hidden"])

    assert read(payload(tmp_path, packed(members)))["S"] == [{"a": 1}]


def test_documents_of_other_programs_are_no_workbooks(tmp_path: Path) -> None:
    document = {
        "[Content_Types].xml": '<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxml'
        'formats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "word/document.xml": "<w:document/>",
    }

    with pytest.raises(PayloadError):
        verify(payload(tmp_path, packed(document)), DEFAULT)
