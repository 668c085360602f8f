from __future__ import annotations

import pytest

from source_lms_reports.files.xlsx_styles import kind_of_format, number_kinds


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", "number"),
        ('General" min"', "number"),
        ("0.00", "number"),
        ("#,##0;[Red]-#,##0", "number"),
        ("0.00E+00", "number"),
        ("0%", "number"),
        ("# ?/?", "number"),
        ("@", "number"),
        ("", "number"),
        (";;;", "number"),
        ('0" days"', "number"),
        (r"0\d", "number"),
        ("_-* #,##0_d_-", "number"),
        ("[$-409]General", "number"),
        ("yyyy-mm-dd", "date"),
        (r"dd\.mm\.yyyy", "date"),
        ("DD/MM/YYYY", "date"),
        ("mmm", "date"),
        ("[$-F800]dddd, mmmm dd, yyyy", "date"),
        ('yyyy"年"m"月"', "date"),
        ("[$-411]ggge", "date"),
        ("yyyy-mm-dd hh:mm:ss", "moment"),
        ("m/d/yy h:mm AM/PM", "moment"),
        ("yyyy-mm-dd;@", "date"),
        ("[Red]yyyy", "date"),
        ("h:mm", "time"),
        ("mm:ss.0", "time"),
        ("[$-409]h:mm AM/PM;@", "time"),
        ("h AM/PM", "time"),
        ("[h]:mm:ss", "duration"),
        ("[hh]:mm", "duration"),
        ("[mm]:ss", "duration"),
        ("[s].000", "duration"),
    ],
)
def test_what_a_format_shows(code: str, kind: str) -> None:
    assert kind_of_format(code) == kind


def test_styles_are_those_of_cells() -> None:
    xml = """<x:styleSheet xmlns:x="y"><x:numFmts><x:numFmt numFmtId="164" formatCode="yyyy"/></x:numFmts>
    <x:cellStyleXfs><x:xf numFmtId="14"/></x:cellStyleXfs>
    <x:cellXfs><x:xf numFmtId="0"/><x:xf numFmtId="164"><x:alignment/></x:xf><x:xf numFmtId="22"/><x:xf/>
    <x:xf numFmtId="46"/><x:xf numFmtId="999"/><x:xf numFmtId="odd"/></x:cellXfs>
    <x:dxfs><x:dxf><x:numFmt numFmtId="164" formatCode="h:mm"/></x:dxf></x:dxfs></x:styleSheet>"""

    assert number_kinds([xml.encode()]) == ["number", "date", "moment", "number", "duration", "number", "number"]
