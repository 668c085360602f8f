"""The sync of ../dlt as a DAG of Airflow, each night. Run again, it reads what is new and merges it.

    LMS_REPORTS_FOLDER=/path/to/project airflow dags test lms_reports

In the folder of the project stands config.json, the connector's configuration; the rows come into lms.duckdb beside it,
or into the database that LMS_REPORTS_DESTINATION names. The sync runs in an environment of its own, whose python is
LMS_REPORTS_PYTHON: Airflow, the connector and dlt need not agree on packages.

Where streams fail, the others have landed all the same; the task then fails and is tried again. One run at a time: two
would order every report twice.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

FOLDER = Path(os.environ.get("LMS_REPORTS_FOLDER") or Path(__file__).resolve().parent)
SYNC = Path(__file__).resolve().parent.parent / "dlt" / "sync.py"

with DAG(
    dag_id="lms_reports",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
):
    BashOperator(
        task_id="sync",
        bash_command='"$PYTHON" "$SYNC" config.json "$DESTINATION"',
        cwd=str(FOLDER),
        append_env=True,
        env={
            "PYTHON": os.environ.get("LMS_REPORTS_PYTHON", "python3"),
            "SYNC": str(SYNC),
            "DESTINATION": os.environ.get("LMS_REPORTS_DESTINATION", "lms.duckdb"),
        },
        retries=int(os.environ.get("LMS_REPORTS_RETRIES", "3")),
        retry_delay=timedelta(minutes=30),
    )
