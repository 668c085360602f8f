"""From the bytes of a download to proven tables; knows neither report jobs nor schemas."""

from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.table import CellChunk, Chunk, ObjectChunk, Table
from source_lms_reports.files.tables import open_tables
from source_lms_reports.files.verify import count_rows, verify

__all__ = [
    "ArchiveLimits",
    "CellChunk",
    "Chunk",
    "ObjectChunk",
    "Part",
    "Payload",
    "ReadOptions",
    "Table",
    "count_rows",
    "open_tables",
    "verify",
]
