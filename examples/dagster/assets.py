"""The sync of ../pyairbyte as an asset of Dagster. Materialised again, it reads what is new and merges it.

Where streams fail, the others have landed all the same; the run then fails and names them, so that it is tried again.

    LMS_REPORTS_COMMAND=/path/to/source-lms-reports dagster asset materialize -f assets.py --select lms_reports

config.json in this folder is the connector's configuration; the rows come into lms.duckdb beside it.
"""

import sys
from pathlib import Path

from dagster import Definitions, Failure, MaterializeResult, asset

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "pyairbyte"))

from sync import sync  # noqa: E402 - found by the line above


@asset
def lms_reports() -> MaterializeResult:
    """The learning platform's reports, a table each."""
    outcome = sync(FOLDER / "config.json", str(FOLDER / "lms.duckdb"), [])
    if outcome.failed:
        words = "; ".join(f"{stream}: {said}" for stream, said in outcome.failed.items())
        raise Failure(f"Streams that failed (the others have landed): {words}", metadata=dict(outcome.rows))
    return MaterializeResult(metadata=dict(outcome.rows))


defs = Definitions(assets=[lms_reports])
