"""The clients, and the tables of docs/clients.md that show which of them ran.

`make clients-matrix` runs the tests of all clients, which leave `results.json` (see `recorder`), and has
`python -m integration_tests.clients.matrix` write the tables. A client that left no result is shown as one that did
not run. `make pythons` does the same for interpreters (see `pythons`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.clients import pythons
from integration_tests.clients.landing_table import landing_table
from integration_tests.clients.qa_table import qa_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Client:
    """One row: the name that markers give, how a reader finds it, and what runs its tests."""

    name: str
    title: str
    command: str


CLIENTS = (
    Client("Command line", "Command line", "make test"),
    Client("Airbyte's standard tests", "Airbyte's standard tests", "make test"),
    Client("airbyte-cdk connector test", "`airbyte-cdk connector test`", "make clients-test"),
    Client("Airbyte's connector QA", "[Airbyte's connector QA](#airbytes-connector-qa)", "make clients-test"),
    Client("Wheel and sdist", "Wheel and sdist", "make test"),
    Client("cron", "cron: [sync.py](../examples/cron/sync.py)", "make test"),
    Client("PyAirbyte", "PyAirbyte: [sync.py](../examples/pyairbyte/sync.py)", "make clients-test"),
    Client("Meltano", "Meltano: [meltano.yml](../examples/meltano/meltano.yml)", "make clients-test"),
    Client("singer-sdk", "singer-sdk's target base", "make clients-test"),
    Client("Dagster", "Dagster: [assets.py](../examples/dagster/assets.py)", "make clients-test"),
    Client("dlt", "dlt: [sync.py](../examples/dlt/sync.py)", "make clients-test"),
    Client("Airflow", "Airflow: [lms_reports.py](../examples/airflow/lms_reports.py)", "make clients-test"),
    Client("canvasapi", "canvasapi, on [the stand-in for Canvas](#canvasapi-and-the-stand-in)", "make clients-test"),
    Client(
        "instructure-dap-client",
        "instructure-dap-client, on [the stand-in for Instructure DAP](#instructure-dap-client-and-the-stand-in)",
        "make clients-test",
    ),
    Client("Container image", "Container image", "make image-test"),
)


def tables(results: Mapping[str, Any]) -> dict[str, str]:
    """The tables by the names of their places in the page."""
    ran = [(client, results[client.name]) for client in CLIENTS if client.name in results]
    rows = [
        f"| {client.title} | {', '.join(result['versions'])} | {_count(result)} | `{client.command}` |"
        for client, result in ran
    ]
    missing = [client.title for client in CLIENTS if client.name not in results]
    lists = [
        f"<details>\n<summary>{client.name}</summary>\n\n{_sentences(result['passed'])}\n\n</details>"
        for client, result in ran
    ]
    return {
        "ran": "\n".join(["| Client | Version | Tests | Command |", "|---|---|---|---|", *rows])
        + (f"\n\nNot run, or not passed, the last time: {', '.join(missing)}." if missing else ""),
        "landed": landing_table(results.values()),
        "pythons": pythons.pythons_table(pythons.load()),
        "passed": "\n\n".join(lists),
        "qa": qa_table(),
    }


def _count(result: Mapping[str, Any]) -> str:
    passed = f"{sum(result['passed'].values())} passed"
    return f"{passed}, {result['skipped']} skipped" if result["skipped"] else passed


def _sentences(passed: Mapping[str, int]) -> str:
    return "\n".join(f"- {name}" + (f" ({count} times)" if count > 1 else "") for name, count in passed.items())


def with_tables(page: str, results: Mapping[str, Any]) -> str:
    """The page with its tables written anew."""
    for name, table in tables(results).items():
        place = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"{PAGE} has no place for the table '{name}'")
        page = place.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", page)  # type: ignore[misc]
    return page


def load() -> dict[str, Any]:
    """What the last run left."""
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))) if RESULTS.exists() else {}


def main() -> int:
    """Write the tables. Returns 1 when a client has no result."""
    results = load()
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    missing = [client.name for client in CLIENTS if client.name not in results]
    for name in missing:
        print(f"{name}: not run, or not passed", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
