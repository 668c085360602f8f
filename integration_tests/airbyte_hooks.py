"""Airbyte's hooks for its standard tests; the CDK behind them is imported as quickly as the connector does it."""

from __future__ import annotations

from source_lms_reports.run import quick_imports

with quick_imports():
    import airbyte_cdk.test.models.scenario  # noqa: F401

pytest_plugins = ("airbyte_cdk.test.standard_tests.pytest_hooks",)
