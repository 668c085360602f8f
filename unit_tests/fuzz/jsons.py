"""JSON: documents whose tokens are swapped, doubled and dropped, held against Python's own parser."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from source_lms_reports.files.json_records import _exact_integer, exact_number
from source_lms_reports.files.options import ReadOptions
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.reports import LIMITS, READING, read_both_ways

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_RAW = "\0raw:"
"""Marks a text that is written without quotes: a number that Python would write otherwise. No other has a NUL."""
_KEYS = st.sampled_from(("id", "name", "at", "x", "data", "error", "reports", "", 'q"', "\n")) | _TEXTS
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS
    | st.sampled_from(
        ("2024-01-01", "2024-01-03T00:00:00Z", "1709209815", 1709209815, 10**30, "}", "]", "[{", "NaN", "\\ud800")
    )
    | st.sampled_from(("0.1234567890123456789", "1234567890.12345678", "1e999", "-1.5e-400", "1E2", "-0", "1.10")).map(
        lambda text: f"{_RAW}{text}"
    )
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)
_RECORDS = st.lists(st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=6)
_FORMS = ("array", "lines", "wrapper", "sheets", "path")
_TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"Infinity",
    b"nul",
    b"-",
    b"01",
]
_TOKENS += [
    b"1.",
    b".5",
    b"1e",
    b"1e999",
    b"-1e-999",
    b"9" * 4400,
    b"9" * 400,
    b"0.1234567890123456789",
    b"1" * 17 + b".5",
]
_TOKENS += [
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    b'"\\x"',
    b"'a'",
    b"\xef\xbb\xbf",
    b"\0",
    b"\x1a",
    b"\xff",
    b"\xc3",
]
_TOKENS += [
    b"[" * 2000,
    b'{"a":' * 2000,
    b"[" * 40 + b"]" * 40,
    b"[]",
    b"{}",
    b'{"id":1}',
    b'"id":',
    b"\n",
    b"\xed\xa0\x80",
    b"//",
]
_TOKENS += [
    b'"error":"no",',
    b'"data":',
    b'"reports":[',
    b'"sheet_name":"S",',
    b"-0",
    b"-0.0",
    b"1E5",
    b"\\",
    b"1709209815",
]
_EDITS = st.lists(
    st.tuples(st.sampled_from(("put", "drop", "twice", "swap")), st.integers(0, 200), st.sampled_from(_TOKENS)),
    max_size=3,
)
_PLAIN_KEYS = ("id", "name", "at", "x")


def _tokens(value: Any, space: str) -> list[str]:
    """The JSON of a value as a list of tokens."""
    if isinstance(value, dict):
        found = [
            token for key, one in value.items() for token in (json.dumps(key), ":" + space, *_tokens(one, space), ",")
        ]
        return ["{", *found[:-1], "}" + space]
    if isinstance(value, list):
        found = [token for one in value for token in (*_tokens(one, space), "," + space)]
        return ["[", *found[:-1], "]"]
    if isinstance(value, str) and value.startswith(_RAW):
        return [value.removeprefix(_RAW)]
    return [json.dumps(value, ensure_ascii=bool(space))]


def _wrapped(records: Any, form: str) -> Any:
    if form == "wrapper":
        return {"n": 1, "rows": records, "ids": [1], "meta": {"a": [{}]}}
    if form == "sheets":
        return {
            "reports": [
                {"report_name": "r", "sheet_name": "S", "data": records, "n": 1},
                {"data": [], "sheet_name": "T"},
            ]
        }
    return {"result": {"more": [{"a": 1}], "rows": records}, "z": {}} if form == "path" else records


def _content(case: Case) -> bytes:
    space, form = case["space"], case["form"]
    if form == "lines":
        parts = [token for record in case["records"] for token in (*_tokens(record, space), "\n")]
    else:
        parts = _tokens(_wrapped(case["records"], form), space)
    tokens = [part.encode("utf-8", "surrogatepass") for part in parts]
    for edit, place, token in case["edits"]:
        at = place % (len(tokens) + 1)
        if edit == "put":
            tokens.insert(at, token)
        elif edit == "drop":
            del tokens[at : at + 1]
        elif edit == "twice":
            tokens[at:at] = tokens[at : at + 3]
        else:
            tokens[at : at + 1] = [token]
    content = b"".join(tokens)
    if case["encoding"] != "utf-8":
        content = content.decode("utf-8", "replace").encode(case["encoding"], "replace")
    return content[: len(content) - case["cut"]] if case["cut"] else content


def _check(case: Case) -> bool:
    content = _content(case)
    path = ("result", "rows") if case["form"] == "path" else ()
    options = ReadOptions(format=case["format"], records_path=path, limits=LIMITS, empty_markers=("none",))
    shaped = read_both_ways(content, case["how"], options)
    clean = not case["edits"] and not case["cut"]
    if shaped is None:
        assert not clean or _may_be_refused(case), "a whole report is refused"
        assert case["format"] == "csv" or not _is_report(_by_python(content, case)), "a whole report is refused"
        return False
    if not case["how"]["constants"] and "string" not in case["how"]["kinds"].values():  # lists become texts there
        _compare([rows for _, rows in shaped.tables], content, case)
    return True


def _may_be_refused(case: Case) -> bool:
    """A CSV is no JSON; NDJSON of nothing is empty; a record may look like an error, and lines end in it."""
    return case["format"] == "csv" or (case["form"] == "lines" and _looks_broken(case)) or case["encoding"] == "latin-1"


def _looks_broken(case: Case) -> bool:
    records = case["records"]
    return len(records) < 2 or ("error" in records[-1] and records[0].keys().isdisjoint(records[-1]))


def _compare(tables: list[list[dict[str, Any]]], content: bytes, case: Case) -> None:
    """With what Python's own parser finds, where it finds something and each name only once."""
    whole = _by_python(content, case)
    shown = [_shown(rows) for rows in tables]
    if whole is None:
        return
    if isinstance(whole, list):
        assert shown == [_shown(whole)]
    elif case["form"] == "path":
        assert shown == [_shown(whole["result"]["rows"])]
    elif case["form"] == "sheets" and not case["edits"]:
        assert shown == [_shown(report["data"]) for report in whole["reports"]]
    elif case["form"] == "wrapper" and not case["edits"]:
        assert shown == [_shown(whole["rows"])]


def _by_python(content: bytes, case: Case) -> Any:
    """What Python's own parser finds, if it finds something and each name only once; else None."""
    if case["encoding"] == "latin-1":  # which is told by what is no UTF-8, and some of it is
        return None
    try:
        text = content.decode(case["encoding"])
        if text.startswith("\ufeff" * 2):  # a third byte order mark, perhaps
            return None
        return json.loads(
            text.lstrip("\ufeff\0"),
            parse_float=exact_number,
            parse_int=_exact_integer,
            parse_constant=_refuse,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError):
        return None


def _is_report(whole: Any) -> bool:
    return isinstance(whole, list) and all(isinstance(row, dict) for row in whole)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs) or any("\ud800" <= char <= "\udfff" for key, _ in pairs for char in key):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _shown(rows: list[dict[str, Any]]) -> str:
    shown = repr([sorted((name, value) for name, value in row.items() if value is not None) for row in rows])
    return shown.replace(r"\\ud", r"\ud")  # half a surrogate pair comes as the text of its escape


PARSER = Parser(
    "json",
    cases(
        records=_RECORDS,
        form=st.sampled_from(_FORMS),
        space=st.sampled_from(("", " ", "\n\t")),
        edits=_EDITS,
        encoding=st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")),
        cut=st.sampled_from((0, 0, 0, 1, 2, 5, 30)),
        format=st.sampled_from(("json", "json", "auto", "csv")),
        how=READING,
    ),
    _check,
)
