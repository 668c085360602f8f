"""Runs Airbyte's connector QA in the environment of `airbyte-internal-ops`; prints what came of each check as JSON.

The working directory is shaped like Airbyte's repository: `airbyte-integrations/connectors/source-lms-reports` and
`docs/integrations/sources/lms-reports.md`. Nothing is reached from here: a check that tries to is reported as `online`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airbyte_ops_mcp.connector_ops.utils import Connector
from airbyte_ops_mcp.connector_qa.checks import ENABLED_CHECKS, metadata

reached: list[str] = []


def refuse(event: str, _args: Any) -> None:
    """Note an attempt to reach another host, and refuse it."""
    if event in ("socket.getaddrinfo", "socket.connect"):
        reached.append(event)
        raise ConnectionError("the checks run offline")


def outcome(check: Any, connector: Any) -> dict[str, str]:
    """What came of one check: `passed`, `failed`, `skipped` or `online`, and the words."""
    reached.clear()
    try:
        result = check.run(connector)
    except OSError as error:
        return {"outcome": "online", "words": str(error)}
    except KeyError as error:  # a table that it takes for granted in pyproject.toml
        return {"outcome": "failed", "words": f"the check itself ended with {error!r}"}
    return {"outcome": "online" if reached else result.status.name.lower(), "words": result.message}


def main() -> None:
    """Run them all."""
    options = metadata.ValidatorOptions
    metadata.ValidatorOptions = lambda docs_path: options(docs_path, disable_dockerhub_checks=True)
    # Whether it is released stands in Airbyte's registry; and the checks for the highest support level are run, too.
    Connector.is_released = property(lambda _: False)
    Connector.ab_internal_sl = property(lambda _: 300)
    sys.addaudithook(refuse)
    connector = Connector("source-lms-reports")
    print(json.dumps({check.name: outcome(check, connector) for check in ENABLED_CHECKS}))


if __name__ == "__main__":
    main()
