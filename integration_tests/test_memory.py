"""A large report does not fill the memory."""

from __future__ import annotations

from integration_tests.connector import Connector, catalog_of, measured_script, quick
from integration_tests.sandbox import Sandbox

ROWS = 300_000
CEILING_MIB = 250
STREAMS = ("grade_export", "provisioning_enrollments")


def test_a_report_of_300_000_rows_is_read_in_bounded_memory(connector: Connector) -> None:
    with Sandbox(rows=ROWS) as sandbox:
        config = {**quick(sandbox, "canvas"), "poll_interval_seconds": 1}
        catalog = connector.discover(config).catalog
        chosen = catalog_of(catalog[name] for name in STREAMS)
        run = Connector(connector.folder, measured_script).read(config, chosen)

    assert run.code == 0
    for stream in STREAMS:
        assert run.stdout.count(f'{{"type":"RECORD","record":{{"stream":"{stream}"') == ROWS
    assert 0 < run.peak_kib < CEILING_MIB * 1024
