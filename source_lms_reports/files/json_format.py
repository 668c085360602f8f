"""JSON as a kind of file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from source_lms_reports.errors import ErrorPayload
from source_lms_reports.files.archive import Source
from source_lms_reports.files.file_format import Beginning, Wanted, excerpt
from source_lms_reports.files.json_sections import sections
from source_lms_reports.files.json_table import JsonTable
from source_lms_reports.files.options import ReadOptions

_OBJECTS = re.compile(r'\{\s*(?:["}]|$)|\[\s*\{')
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_MORE = re.compile(r"\s*(?:[\[{]|$)")


class JsonFormat:
    """A document with arrays of records, or records one behind the other."""

    def recognises(self, beginning: Beginning, options: ReadOptions) -> bool:
        """See `FileFormat`.

        Raises:
            ErrorPayload: The platform sends tables.
        """
        looks_json = is_json(beginning.text)
        if looks_json and options.format in ("csv", "xlsx"):
            words = excerpt(beginning.text)
            raise ErrorPayload(f"The vendor answered with JSON instead of a {options.format.upper()} report: {words}")
        return looks_json or options.format in ("json", "jsonl")

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """See `FileFormat`: to find the records is to read all of it."""
        sections(beginning.source, options)

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[JsonTable]:
        """A table an array of records."""
        for section in sections(source, options):
            name = source.name if section.name is None else section.name
            if wanted(name):
                yield JsonTable(source, section, name, options.flatten)


def is_json(text: str) -> bool:
    """Whether a text that may be cut off begins as a JSON document of lists or objects does.

    `[1] Name,[2] Score` -> False, `[{"a": 1` -> True
    """
    if _OBJECTS.match(text) or not text.startswith("["):
        return _OBJECTS.match(text) is not None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :].rstrip()
        return rest.startswith('"') or any(word.startswith(rest) for word in _WORDS)  # cut off
    except (RecursionError, ValueError):
        return True
    return _MORE.match(text, end) is not None
