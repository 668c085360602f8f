"""The CDK parses the YAML of its own schema anew for each source: half of what a short command computes."""

from __future__ import annotations

import functools
import importlib
from typing import Any


def parse_once() -> None:
    """Let this process parse it once."""
    module: Any = importlib.import_module("airbyte_cdk.sources.declarative.concurrent_declarative_source")
    module.get_declarative_component_schema = functools.cache(module.get_declarative_component_schema)
