"""Tells an answer from the report where a vendor gives both by the same address, by the first bytes."""

from __future__ import annotations

from collections.abc import Container
from contextlib import closing

from source_lms_reports.errors import PayloadError
from source_lms_reports.files.archive import Source, sources
from source_lms_reports.files.formats import beginning_of
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.prose import is_markup

_OPTIONS = ReadOptions()
_READ = 64 * 1024


def answer_in(part: Part, most: int, words: Container[str] = ()) -> bytes | None:
    """All of a file that is no report but an answer about one: a JSON object, a web page or a known word.

    `{"status": "PENDING"}` -> itself, `PENDING` -> itself, `[{"a": 1}]` -> None, `a,b\\n1,2` -> None, nothing -> None

    Only a block is read of what is a report, and of a damaged file, which proving will tell.

    Args:
        part: The file. One that is packed is looked into.
        most: Bytes beyond which no answer goes: an object that is longer is taken for a report.
        words: What says, in lower case and alone, how the report's job is.
    """
    try:
        source = next(sources(Payload((part,)), _OPTIONS.limits), None)
        if source is None or source.workbook:
            return None
        text = beginning_of(source, _OPTIONS).text
        is_answer = text.startswith("{") or is_markup(text) or lone_word(text) in words
        return _whole(source, most) if is_answer else None
    except PayloadError:
        return None


def lone_word(text: str) -> str:
    """A text without what may stand around a word, in lower case: `"PENDING"` -> `pending`."""
    return text.strip().strip('"').lower()


def _whole(source: Source, most: int) -> bytes | None:
    found = bytearray()
    with closing(source.open()) as stream:
        while block := stream.read(_READ):
            found += block
            if len(found) > most:
                return None
    return bytes(found)
