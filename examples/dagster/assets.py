"""The sync of ../pyairbyte as an asset of Dagster. Materialised again, it reads what is new and merges it.

    LMS_REPORTS_COMMAND=/path/to/source-lms-reports dagster asset materialize -f assets.py --select lms_reports

config.json in this folder is the connector's configuration; the rows come into lms.duckdb beside it.
"""

import sys
from pathlib import Path

from dagster import Definitions, MaterializeResult, asset

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "pyairbyte"))

from sync import sync  # noqa: E402 - found by the line above


@asset
def lms_reports() -> MaterializeResult:
    """The learning platform's reports, a table each."""
    return MaterializeResult(metadata=sync(FOLDER / "config.json", FOLDER / "lms.duckdb", []))


defs = Definitions(assets=[lms_reports])
