"""Workbooks by their parts, written as the programs of the world write them."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FORMATS = (0, 14, 22, 46, 45, 164, 165)
"""Number formats of the styles: general, date, date and time, durations, and two of the book's own."""
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm:ss.000"/></numFmts><cellXfs count="7">'
    + "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in FORMATS)
    + "</cellXfs></styleSheet>"
)
DATE, MOMENT, TIME, DURATION = 5, 2, 4, 6
"""Styles."""

Members = dict[str, str]


def members_of(
    sheets: Mapping[str, str], states: Sequence[str] = (), shared: Sequence[str] = (), *, base_1904: bool = False
) -> Members:
    """The parts of a workbook by their names.

    Args:
        sheets: The content of `sheetData` by the sheets' names.
        states: `visible` and so on, one a sheet.
        shared: The content of the shared strings' `si`.
        base_1904: Whether days are counted from 1904.
    """
    listed = enumerate(zip(sheets, states or ["visible"] * len(sheets), strict=True), start=1)
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" state="{state}" r:id="rId{at}"/>' for at, (name, state) in listed
    )
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="rId90" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    links += f'<Relationship Id="rId91" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    made = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{base_1904:d}"/>'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}" count="{len(shared)}">'
        + "".join(f"<si>{text}</si>" for text in shared)
        + "</sst>",
    }
    for at, data in enumerate(sheets.values(), start=1):
        made[f"xl/worksheets/sheet{at}.xml"] = f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'
    return {name: _HEAD + text for name, text in made.items()}


def packed(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A workbook of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in members.items():
            data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def book_of(
    sheets: Mapping[str, str], shared: Sequence[str] = (), *, states: Sequence[str] = (), base_1904: bool = False
) -> bytes:
    """A workbook of sheets by their XML; see `members_of`."""
    return packed(members_of(sheets, states, shared, base_1904=base_1904))


def rows_of_cells(*rows: Sequence[object]) -> str:
    """The XML of rows: texts inline, numbers and booleans as such; None is no cell, a pair a number and its style."""
    made = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(cell, f"{letters(at)}{number}") for at, cell in enumerate(row) if cell is not None]
        made.append(f'<row r="{number}">{"".join(cells)}</row>')
    return "".join(made)


def _cell(cell: object, place: str) -> str:
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, tuple):
        return f'<c r="{place}" s="{cell[1]}"><v>{cell[0]}</v></c>'
    if isinstance(cell, (int, float)):
        return f'<c r="{place}"><v>{cell}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>'


def letters(column: int) -> str:
    """0 is A, 26 is AA."""
    return letters(column // 26 - 1) + chr(65 + column % 26) if column >= 26 else chr(65 + column)


def prefixed(xml: str, prefix: str) -> str:
    """The same XML with its names under a prefix, as some programs write it."""
    names = re.sub(r"<(/?)(\w)", rf"<\1{prefix}:\2", xml)
    return names.replace(f'<{prefix}:worksheet xmlns="', f'<{prefix}:worksheet xmlns:{prefix}="')


Sheets = Mapping[str, Sequence[Sequence[object]]]


def xls_of(sheets: Sheets, embedded: Sheets | None = None) -> bytes:
    """An XLS workbook: texts, numbers, errors by their code in `bytes`; a pair of one is the result of a formula.

    Args:
        sheets: Their cells by name.
        embedded: Those of a workbook that is embedded in it; its entry comes first.
    """
    streams = [_records(sheets), *([_records(embedded)] if embedded else [])]
    sizes = [-(-len(stream) // _SECTOR) for stream in streams]
    sectors, stream = (
        sum(sizes),
        b"".join(one.ljust(size * _SECTOR, b"\0") for one, size in zip(streams, sizes, strict=True)),
    )
    table = [_TABLE_SECTOR, _END, *range(3, sectors + 2), _END]
    table[sizes[0] + 1] = _END
    folder = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, 2, len(streams[0]))
    if embedded:
        folder = _entry("Root Entry", 5, _END, 0, child=3) + _entry("Workbook", 2, 2 + sizes[0], len(streams[1]))
        folder += _entry("MBD0001", 1, _END, 0, child=1) + _entry("Book", 2, 2, len(streams[0]), left=2)
    head = struct.pack("<8s16xHHHHH6xIIIIIIIII", _MAGIC, 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", 0, *[_FREE] * 108)
    body = struct.pack(f"<{len(table)}I", *table).ljust(_SECTOR, b"\xff") + folder.ljust(_SECTOR, b"\0")
    return head + body + stream.ljust(sectors * _SECTOR, b"\0")


_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR, _FREE, _END, _TABLE_SECTOR = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE, left: int = _FREE) -> bytes:
    text = f"{name}\0".encode("utf-16-le")
    links = struct.pack("<BBIII", kind, 1, left, _FREE, child)
    return text.ljust(64, b"\0") + struct.pack("<H", len(text)) + links + struct.pack("<36xIQ", start, size)


def _records(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Padded to a size that has sectors of its own."""
    names = [name.encode("utf-16-le") for name in sheets]
    at = 24 + sum(4 + 8 + len(name) for name in names)
    parts = [_begin(5)]
    bodies = [
        _begin(16) + b"".join(_record(*cell) for cell in _cells(rows)) + _record(10, b"") for rows in sheets.values()
    ]
    for name, body in zip(names, bodies, strict=True):
        parts.append(_record(0x85, struct.pack("<IBBBB", at, 0, 0, len(name) // 2, 1) + name))
        at += len(body)
    return b"".join([*parts, _record(10, b""), *bodies]).ljust(4096, b"\0")


def _begin(kind: int) -> bytes:
    return _record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 0))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _cells(rows: Sequence[Sequence[object]]) -> Iterator[tuple[int, bytes]]:
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, bytes):
                yield 0x205, place + cell + b"\x01"
            elif isinstance(cell, tuple):
                yield 6, place + b"\x02\0" + cell[0] + b"\0\0\0\xff\xff" + bytes(8)
            elif isinstance(cell, str):
                yield 0x204, place + struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
            elif isinstance(cell, (int, float)):
                yield 0x203, place + struct.pack("<d", cell)


def xlsb_of(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """An XLSB workbook; see `xls_of`."""
    listed, links, parts = b"", "", {}
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        link = f"rId{number}"
        listed += _binary(156, struct.pack("<II", 0, number) + _wide(link) + _wide(name))
        links += f'<Relationship Id="{link}" Type="http://x/worksheet" Target="worksheets/sheet{number}.bin"/>'
        parts[f"xl/worksheets/sheet{number}.bin"] = _binary_sheet(rows)
    book = _binary(131) + _binary(143) + listed + _binary(144) + _binary(132)
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="http://x">{links}</Relationships>',
            **parts,
        }
    )


def _binary_sheet(rows: Sequence[Sequence[object]]) -> bytes:
    size = struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, max(map(len, rows), default=1) - 1)
    data = [_binary(129), _binary(148, size), _binary(145)]
    for row, cells in enumerate(rows):
        data.append(_binary(0, struct.pack("<I", row) + bytes(13)))
        for column, cell in enumerate(cells):
            place = struct.pack("<II", column, 0)
            if isinstance(cell, bytes):
                data.append(_binary(3, place + cell))
            elif isinstance(cell, tuple):
                data.append(_binary(11, place + cell[0] + bytes(2) + bytes(8)))
            elif isinstance(cell, str):
                data.append(_binary(6, place + _wide(cell)))
            elif isinstance(cell, (int, float)):
                data.append(_binary(5, place + struct.pack("<d", cell)))
    return b"".join([*data, _binary(146), _binary(130)])


def _binary(kind: int, data: bytes = b"") -> bytes:
    code = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    size = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    return code + size + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def ods_of(sheets: Mapping[str, str]) -> bytes:
    """An OpenDocument workbook by the XML of its tables' rows."""
    tables = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items())
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"<office:document-content{names}><office:body><office:spreadsheet>{tables}"
            "</office:spreadsheet></office:body></office:document-content>",
            "META-INF/manifest.xml": "<manifest/>",
        }
    )
