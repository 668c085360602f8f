"""A large report does not fill the memory."""

from __future__ import annotations

from integration_tests.connector import Connector, catalog_of, measured_script, quick
from integration_tests.sandbox import Sandbox

#: From here on the memory of a sync that keeps no rows grows no more: blocks and batches are full.
FULL = 5_000
LARGE = 50_000
STREAMS = ("grade_export", "provisioning_enrollments")
#: 90,000 more rows that leave more than 230 bytes each, a short dict's, are found.
GROWTH_MIB = 20


def peak_of(connector: Connector, rows: int) -> float:
    """The largest resident set in MiB of a sync of two streams of so many rows."""
    with Sandbox(rows=rows) as sandbox:
        config = quick(sandbox, "canvas")
        catalog = connector.discover(config).catalog
        chosen = catalog_of(catalog[name] for name in STREAMS)
        run = Connector(connector.folder, measured_script).read(config, chosen)
    assert run.code == 0
    for stream in STREAMS:
        assert run.stdout.count(f'{{"type":"RECORD","record":{{"stream":"{stream}"') == rows
    assert run.peak_kib
    return run.peak_kib / 1024


def test_ten_times_as_many_rows_need_no_more_memory(connector: Connector) -> None:
    assert peak_of(connector, LARGE) < peak_of(connector, FULL) + GROWTH_MIB
