"""Markup and plain sentences, told by their shape: what answers in a report's place is one or the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus

_TAG = re.compile(r"<(?:[!?]|/?[A-Za-z][\w:.-]*(?:\s[^<>]*|/)?>|[A-Za-z][\w:.-]*\s+[\w:.-]+\s*=)")
_DOCUMENT = re.compile(r"(?i)<(?:!|\?|/|(?:html|head|body|script|style|table)\b)")
_OPENING = re.compile(r"(?i)<([a-z][\w:.-]*)(?:\s[^<>]*)?(?<!/)>")
_CLOSING = re.compile(r"(?i)</([a-z][\w:.-]*)\s*>")
_ALONE = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})

_ENDS = tuple(".!:…。\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH COLON}")  # no question mark: surveys ask, errors do not
_FEW_LINES = 20
_CLAUSE = 4
"""Words of the longest part of a sentence, at least; names of columns have fewer."""


_PAGE = re.compile(r"(?i)<(?:!doctype|/?(?:html|head|body)\b)|Traceback \(most recent call last")
_OBJECT = re.compile(r'\{\s*(?:"[^"]*"\s*:|$)')
_ERROR_OBJECT = re.compile(r'(?i)\{\s*"(?:errors?|exception|fault|message|status|code|detail|timestamp|success)"')
_FAILURE = re.compile(r"(?i)[\w.$\\/ -]{0,60}(?:error|exception|fatal|failure)\s*:(?!\s*[\d.,]*\s*$)")
"""What programs write when they break off: `ERROR: out of memory`, `java.sql.SQLException: ...`; not `Error: 0`."""
_REASONS = "|".join(re.escape(status.phrase) for status in HTTPStatus if status >= HTTPStatus.INTERNAL_SERVER_ERROR)
_STATUS = re.compile(rf"(?i)(?:HTTP[\d/. ]*|5\d\d\s*)?(?:{_REASONS}|Gateway Time-?out)\W*")


def is_breaking_off(row: Sequence[str], width: int) -> bool:
    """Whether a line is no row of a table of this width, but what a program says that cannot go on writing it.

    `{"error":"timeout"}`, `<html><body>502 Bad Gateway`, `ERROR: canceling statement`, `Internal Server Error`
    """
    first = row[0].strip()
    if _PAGE.match(first) or _ERROR_OBJECT.match(first):
        return True
    if len(row) == width:
        return False
    return any((is_markup(first), _OBJECT.match(first), _FAILURE.match(first), _STATUS.fullmatch(first)))


def is_markup(text: str) -> bool:
    """Whether a text begins as markup does: with a tag, a comment, a declaration."""
    return _TAG.match(text) is not None


def is_document(text: str) -> bool:
    """Whether markup is a document of its own, not an element in a cell or a notice above a table."""
    return _DOCUMENT.match(text) is not None


def is_table_with_markup(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows are a table although they begin with a tag: a header may hold HTML, and so may cells.

    Rows of a table have one width of two or more, and an element that begins in a header cell ends in it.
    """
    header = rows[0] if rows else ()
    if len(header) < 2 or any(len(row) != len(header) for row in rows) or is_document(header[0].lstrip()):
        return False
    return all(map(_is_whole, header))


def _is_whole(cell: str) -> bool:
    """Whether elements that begin in a cell end in it: `<b>Q</b> 1`, `x<br>`, but also `<name>`."""
    opened = sorted(tag.lower() for tag in _OPENING.findall(cell) if tag.lower() not in _ALONE)
    return opened == sorted(map(str.lower, _CLOSING.findall(cell))) or bool(_OPENING.fullmatch(cell.strip()))


def is_sentence(line: str, delimiter: str) -> bool:
    """Whether a line without quotes is a sentence and no row.

    In a sentence there are several words (or a full stop at its end), a comma is followed by a blank, and between
    two commas or at least once there is a clause of some words: `Sorry, the report could not be made.`
    """
    line = line.strip()
    if "|" in line or "\t" in line:
        return False  # a row, by a delimiter that nobody has told of
    parts = line.split(delimiter)
    ends = line.endswith(_ENDS)
    if len(parts) == 1:
        return len(line.split()) > 1 or (ends and len(line) > 1)
    if not all(part.startswith(" ") for part in parts[1:]):
        return False
    return ends or max(len(part.split()) for part in parts) >= _CLAUSE


def is_message(lines: Sequence[str], delimiter: str, candidates: str) -> bool:
    """Whether a whole text is a message of a few sentences, with or without a line end.

    A table of one column may hold sentences; its header, though, is a name of a word or two over any number of rows:

    `Comment` `The course was good.` -> False
    `Service Unavailable` `Please try again later` -> True

    Args:
        lines: The text's.
        delimiter: The one that its rows would have.
        candidates: Those that they could have.
    """
    lines = [line for line in lines if line.strip()]
    if not 0 < len(lines) <= _FEW_LINES:
        return False
    first = lines[0].strip()
    announces = first.endswith(":") and len(first.split()) > 2 and not set(candidates).intersection(first)
    if announces and any(set(candidates).intersection(line) for line in lines[1:]):
        return True  # a stack of calls and the like
    return all(is_sentence(line, delimiter) for line in lines)


def without_tags(text: str) -> str:
    """The words of markup."""
    return re.sub("<[^>]*>", " ", text)
