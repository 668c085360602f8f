"""The kinds of files, and the one place that decides which of them a file is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from source_lms_reports.errors import EmptyPayload, HtmlPayload, UnknownFormat
from source_lms_reports.files.archive import Source
from source_lms_reports.files.csv_format import CsvFormat
from source_lms_reports.files.file_format import Beginning, FileFormat, Wanted, excerpt
from source_lms_reports.files.foreign import foreign_kind
from source_lms_reports.files.json_format import JsonFormat
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.prose import is_markup, without_tags
from source_lms_reports.files.table import Table
from source_lms_reports.files.workbook_format import WorkbookFormat

_READ = 1024 * 1024


class BlankFormat:
    """A file with nothing in it but white space."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`."""
        return not beginning.text

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """Read it to its end, so that a packed file's checksum is looked at.

        Nothing at all in a whole gzip file is as good as a line end: writers of many files leave some of them empty.

        Raises:
            EmptyPayload: The platform sends no such files.
        """
        with closing(beginning.source.open()) as stream:
            while stream.read(_READ):
                pass
        if not (options.may_be_blank and (beginning.data or beginning.source.is_unpacked_alone)):
            raise EmptyPayload(f"{beginning.source.label} is empty. The next sync asks for the report again.")

    def tables(self, _source: Source, _options: ReadOptions, _wanted: Wanted) -> Iterator[Table]:
        """None."""
        return iter(())


WORKBOOK: FileFormat = WorkbookFormat()
CSV = CsvFormat()
TEXTS: tuple[FileFormat, ...] = (BlankFormat(), JsonFormat(), CSV)
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
    beginning = beginning_of(source, options)
    if is_markup(beginning.text) and not (
        options.format not in ("json", "jsonl") and CSV.holds_markup_in_cells(source, options)
    ):
        words = excerpt(without_tags(beginning.text))
        raise HtmlPayload(f"{source.label} is a web page or other markup and not a report. It says: {words}")
    foreign = foreign_kind(beginning.data)
    for one in () if foreign else TEXTS:
        if one.recognises(beginning, options):
            return one, beginning
    raise UnknownFormat(
        f"{source.label} is neither CSV, XLSX, JSON nor a ZIP or gzip archive of them"
        f"{f', but {foreign}' if foreign else ''}.",
        detail=repr(beginning.data[:60]),
    )


def beginning_of(source: Source, options: ReadOptions) -> Beginning:
    """The first bytes of a text, as bytes and as what they say."""
    data = source.head()
    encoding = source.encoding(options.encoding)
    return Beginning(source, data, data[encoding.mark :].decode(encoding.name, "replace").lstrip("\ufeff\0\x1a \t\r\n"))
