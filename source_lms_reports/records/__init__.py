"""From tables to typed batches of records; knows neither vendors nor file formats."""

from source_lms_reports.records.batch import Batch
from source_lms_reports.records.infer import infer_schema
from source_lms_reports.records.shaper import Shaper
from source_lms_reports.records.times import instant

__all__ = ["Batch", "Shaper", "infer_schema", "instant"]
