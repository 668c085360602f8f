"""Sync a learning platform into a DuckDB file with PyAirbyte. Called again, it reads what is new and merges it.

Usage: python sync.py CONFIG DATABASE [STREAM ...]

`source-lms-reports` must be on PATH or named by LMS_REPORTS_COMMAND. Without streams all are read.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

# Otherwise PyAirbyte looks the connector up in Airbyte's public registry, where it is not, and fails.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")

import airbyte as ab


def sync(config: Path, database: Path, streams: list[str]) -> dict[str, int]:
    """Read into the database.

    Args:
        config: A configuration file of the connector.
        database: A DuckDB file; each stream is a table in it. It also holds the state.
        streams: Names of streams; none for all of them.

    Returns:
        The number of rows of each table after the sync.
    """
    source = ab.get_source(
        "source-lms-reports",
        config=json.loads(config.read_text(encoding="utf-8")),
        local_executable=os.environ.get("LMS_REPORTS_COMMAND") or shutil.which("source-lms-reports"),
        streams=streams or "*",
    )
    source.check()
    result = source.read(cache=ab.caches.DuckDBCache(db_path=database))
    print(f"{result.processed_records} records read")
    return {name: len(dataset) for name, dataset in result.streams.items()}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for table, rows in sync(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]).items():
        print(f"{table}: {rows} rows")
