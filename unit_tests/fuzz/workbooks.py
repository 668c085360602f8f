"""XLSX: workbooks whose XML is swapped, doubled, dropped and lies about itself, packed again with right checksums."""

from __future__ import annotations

import re
import tempfile
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from source_lms_reports.files.options import ReadOptions
from unit_tests.files.books import letters, members_of, packed
from unit_tests.fuzz.oracles import differences, own_cells
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.reports import LIMITS, MARKER, READING, Shaped, read_both_ways

_XML_TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"], exclude_characters="￾￿"), max_size=6
)
_NUMBERS = st.sampled_from(
    (
        "0",
        "1",
        "-1",
        "1.5",
        "0.1",
        "1e300",
        "-1E+15",
        "9007199254740993",
        "45000",
        "45000.5",
        "60",
        "2958465",
        "2958466",
        "-0.0",
        "0.9999999999",
        "1e-320",
        "99999999",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "",
        " 7 ",
        "abc",
        "0x10",
        "1_0",
        "٣",
    )
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
_TEXTS = _XML_TEXT | st.sampled_from(
    ("id", "name", "at", "007", "true", "1.5", "2024-01-03", MARKER, "#N/A", "_x000D_", " ")
)
_DATES = st.sampled_from(("2024-01-01", "2024-01-01T12:00:00Z", "2024-13-01", "", "nonsense", "0001-01-01", "24:00:00"))
_ERRORS = st.sampled_from(("#DIV/0!", "#N/A", "#REF!", "#SPILL!", "#GETTING_DATA", "", "#x", "#&lt;"))
_CELL = st.one_of(
    st.tuples(st.just("n"), _NUMBERS, st.sampled_from(range(9))),
    st.tuples(st.sampled_from(("s", "str", "inlineStr")), _TEXTS, st.just(0)),
    st.tuples(st.just("b"), st.sampled_from(("0", "1")), st.just(0)),
    st.tuples(st.just("d"), _DATES, st.sampled_from((0, 1, 2))),
    st.tuples(st.just("e"), _ERRORS, st.just(0)),
    st.just(("none", "", 0)),
)
_CLEAN_CELL = st.one_of(
    st.tuples(st.just("n"), st.floats(-1e15, 1e15).map(repr) | st.integers(-(10**15), 10**15).map(str), st.just(0)),
    st.tuples(st.sampled_from(("s", "str", "inlineStr")), _XML_TEXT.filter(str.strip), st.just(0)),
    st.tuples(st.just("b"), st.sampled_from(("0", "1")), st.just(0)),
    st.tuples(st.just("e"), st.sampled_from(("#DIV/0!", "#N/A", "#REF!")), st.just(0)),
    st.just(("none", "", 0)),
)


def _tables(cells: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
    )


_TOKENS: tuple[str, ...] = (
    "<c>",
    "</c>",
    '<c r="B1" t="s"><v>99999999999</v></c>',
    '<c t="s"><v>-1</v></c>',
    '<c r="C2" t="b"><v>7</v></c>',
)
_TOKENS += (
    "<row>",
    "</row>",
    '<row r="1048576">',
    '<row r="0">',
    '<row r="3">',
    "<v>",
    "</v>",
    "<is><t>x</t></is>",
    "<t/>",
)
_TOKENS += ("<f>1/0</f>", '<f t="shared" si="0" ref="A1:B9">A1+1</f>', '<f t="shared" si="0"/>', "<![CDATA[<v>1</v>]]>")
_TOKENS += (
    "<!-- x -->",
    "&lt;",
    "&amp",
    "&#0;",
    "&#xFFFFFFFF;",
    "&bad;",
    "<x:c/>",
    "<r><t>y</t></r>",
    "<rPh><t>z</t></rPh>",
)
_TOKENS += (
    '<dimension ref="A1:XFD1048576"/>',
    '<dimension ref="A1:B2"/>',
    '<dimension ref=""/>',
    '<mergeCell ref="A1:B2"/>',
)
_TOKENS += (
    "<sheetData>",
    "</sheetData>",
    "<sheetData/>",
    "\0",
    "<",
    ">",
    '"',
    '<c r="A1" r="B2"/>',
    '<c t="e"><v>#N/A</v></c>',
)
_TOKENS += (
    '<xf numFmtId="99999"/>',
    '<sheet name="X" sheetId="9" r:id="rId1"/>',
    '<sheet name="Y" r:id="no"/>',
    "<si/>",
)
_TOKENS += ('<c r="D1"><v>1</v></c>', '<c r="A1"><v>5</v></c>', '<c r="A60" t="inlineStr"><is><t>far</t></is></c>')
_VALUES: tuple[str, ...] = (
    "",
    "0",
    "-1",
    "1",
    "rId1",
    "rId90",
    "99999999999",
    "1904",
    "true",
    "hidden",
    "s",
    "e",
    "b",
    "d",
    "xml",
    "A1",
    "../x",
)
_VALUES += (
    "XFD1048576",
    "A1:XFD1048576",
    "worksheets/sheet1.xml",
    "/xl/worksheets/sheet1.xml",
    "..",
    "sharedStrings.xml",
    "22",
)
_PARTS = tuple(members_of({"S": "", "T": ""}))
_EDIT = st.tuples(
    st.sampled_from((*_PARTS[2:], "xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml")),
    st.sampled_from(("put", "drop", "twice", "swap", "value", "part")),
    st.integers(0, 400),
    st.sampled_from(_TOKENS),
    st.sampled_from(_VALUES),
)
_PIECE = re.compile(r"<[^>]*>|[^<]+")
_ATTRIBUTE = re.compile(r'(?<==")[^"]*(?=")')


def _sheet_data(table: list[list[Any]], shared: list[str], case: Case) -> str:
    start_row, start_column = case["start"]
    rows = []
    for number, cells in enumerate(table, start=start_row + 1):
        parts = [_cell(cell, f"{letters(start_column + at)}{number}", shared, case) for at, cell in enumerate(cells)]
        rows.append(f'<row r="{number}">{"".join(parts)}</row>' if case["refs"] else f"<row>{''.join(parts)}</row>")
    return "".join(rows)


def _cell(cell: Any, place: str, shared: list[str], case: Case) -> str:
    kind, text, style = cell[0], str(cell[1]), cell[2]
    here = f' r="{place}"' if case["refs"] else ""
    if kind == "none":
        return f'<c{here} s="1"/>'
    escaped = escape(text)
    if kind == "s":
        shared.append(f'<t xml:space="preserve">{escaped}</t>')
        escaped = str(len(shared) - 1)
    if kind == "inlineStr":
        return f'<c{here} t="inlineStr"><is><t xml:space="preserve">{escaped}</t></is></c>'
    preserve = ' xml:space="preserve"' if kind == "str" else ""
    formula = "<f>1+1</f>" if case["formulas"] and kind in ("n", "str", "e", "b") else ""
    return f'<c{here} s="{style}" t="{kind}">{formula}<v{preserve}>{escaped}</v></c>'


def _edited(text: str, edit: Any) -> str:
    action, place, token, value = edit[1], edit[2], str(edit[3]), str(edit[4])
    if action == "part":
        return text[: place % (len(text) + 1)] + text[(place + 40) % (len(text) + 1) :]
    if action == "value":
        values = list(_ATTRIBUTE.finditer(text))
        if not values:
            return text
        found = values[place % len(values)]
        return text[: found.start()] + value + text[found.end() :]
    pieces = _PIECE.findall(text)
    at = place % (len(pieces) + 1)
    if action == "drop":
        del pieces[at : at + 1]
    elif action == "twice":
        pieces[at:at] = pieces[at : at + 4]
    else:
        pieces[at : at + (action == "swap")] = [token]
    return "".join(pieces)


def _content(case: Case) -> bytes:
    shared: list[str] = []
    sheets = {"S": _sheet_data(case["table"], shared, case), "T": _sheet_data(case["other"], shared, case)}
    members = members_of(sheets, ("visible", case["state"]), shared, base_1904=case["base_1904"])
    for edit in case["edits"]:
        if edit[0] in members:
            members[edit[0]] = _edited(members[edit[0]], edit)
    for name in case["missing"]:
        members.pop(name, None)
    return packed(members, case["method"])


def _check(case: Case) -> bool:
    options = ReadOptions(format="xlsx", empty_markers=(MARKER,), limits=LIMITS)
    is_clean = case["clean"]
    how = {**case["how"], "kinds": {}, "constants": {}, "cursor": None} if is_clean else case["how"]
    shaped = read_both_ways(_content(case), how, options)
    assert not is_clean or shaped is not None, "a whole workbook is refused"
    if shaped is not None and is_clean:
        _compare(shaped, case["table"][1:])
    if shaped is not None and not case["edits"] and not case["missing"]:
        _ask_others(_content(case), options)
    return shaped is not None


def _ask_others(content: bytes, options: ReadOptions) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder) / "part"
        file.write_bytes(content)
        found = differences(content, own_cells(file, options))
        assert not found, found


def _compare(shaped: Shaped, table: list[list[Any]]) -> None:
    (rows,) = (rows for name, rows in shaped.tables if name == "S")
    wanted = [[_value(cell) for cell in cells] for cells in table]
    wanted = [cells for cells in wanted if any(cell is not None for cell in cells)]
    if len(wanted) == 1 and wanted[0][0] == MARKER and not any(wanted[0][1:]):
        wanted = []
    assert repr([list(row.values()) for row in rows]) == repr(wanted)


def _value(cell: Any) -> str | None:
    """A cell as a column without a type has it: as text."""
    kind, text, _ = cell
    if kind == "n":
        number = float(text)
        return repr(int(number) if number.is_integer() else number)
    return None if kind == "none" else {"0": "false", "1": "true"}[text] if kind == "b" else text


_SHEETS = {
    "state": st.sampled_from(("visible", "hidden", "veryHidden")),
    "base_1904": st.booleans(),
    "formulas": st.booleans(),
    "refs": st.booleans(),
    "start": st.tuples(st.integers(0, 3), st.sampled_from((0, 1, 25))),
    "method": st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)),
    "how": READING,
}
_HEADER = [("str", "id", 0), ("s", "name", 0), ("inlineStr", "at", 0), ("s", "x", 0)]
_CLEAN = cases(
    clean=st.just(True),
    table=_tables(_CLEAN_CELL).map(lambda table: [_HEADER[: len(table[0])], *table]),
    other=st.just([]),
    edits=st.just([]),
    missing=st.just([]),
    **_SHEETS,
)
_WILD = cases(
    clean=st.just(False),
    table=_tables(_CELL) | _tables(_CELL).map(lambda table: [_HEADER[: len(table[0])], *table]),
    other=_tables(_CELL),
    edits=st.lists(_EDIT, max_size=4),
    missing=st.lists(st.sampled_from(_PARTS), max_size=1),
    **_SHEETS,
)

PARSER = Parser("xlsx", _WILD | _CLEAN, _check)
