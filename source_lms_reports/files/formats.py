"""The kinds of files, and the one place that decides which of them a file is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

from source_lms_reports.errors import HtmlPayload, UnknownFormat
from source_lms_reports.files.archive import Source
from source_lms_reports.files.csv_format import CsvFormat
from source_lms_reports.files.file_format import Beginning, FileFormat, Wanted, excerpt
from source_lms_reports.files.json_format import JsonFormat
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import Table
from source_lms_reports.files.text import encoding_of
from source_lms_reports.files.xlsx_format import WorkbookFormat

_READ = 1024 * 1024
_MARKUP = re.compile(
    r"(?i)<(?:!doctype|!--|\?xml|/?(?:html|head|body|title|script|meta|error|div|h[1-6]|p|pre|center)\b)"
)


class BlankFormat:
    """A file with nothing in it but white space."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`."""
        return not beginning.text

    def prove(self, beginning: Beginning, _: ReadOptions) -> None:
        """Read it to its end, so that a packed file's checksum is looked at."""
        with closing(beginning.source.open()) as stream:
            while stream.read(_READ):
                pass

    def tables(self, _source: Source, _options: ReadOptions, _wanted: Wanted) -> Iterator[Table]:
        """None."""
        return iter(())


WORKBOOK: FileFormat = WorkbookFormat()
BLANK: FileFormat = BlankFormat()
TEXTS: tuple[FileFormat, ...] = (BLANK, JsonFormat(), CsvFormat())
"""In the order in which they are asked; CSV takes what is left."""


def format_of(source: Source, options: ReadOptions) -> tuple[FileFormat, Beginning]:
    """The kind of a file, by its first bytes; what the platform sends decides only between texts.

    Raises:
        HtmlPayload: It is a web page.
        ErrorPayload: It is JSON where the platform sends tables.
        UnknownFormat: It is no text at all.
    """
    if source.workbook:
        return WORKBOOK, Beginning(source, b"", "")
    beginning = _beginning(source, options)
    if _MARKUP.match(beginning.text):
        words = excerpt(re.sub("<[^>]*>", " ", beginning.text))
        raise HtmlPayload(f"{source.label} is a web page and not a report. It says: {words}")
    for one in TEXTS:
        if one.recognises(beginning, options):
            return one, beginning
    raise UnknownFormat(
        f"{source.label} is neither CSV, XLSX, JSON nor an archive of them.", detail=repr(beginning.data[:60])
    )


def _beginning(source: Source, options: ReadOptions) -> Beginning:
    data = source.head()
    name, mark = encoding_of(data, source.charset, options.encoding)
    return Beginning(source, data, data[mark:].decode(name, "replace").lstrip("\ufeff\0 \t\r\n"))
