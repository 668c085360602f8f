"""The machine around it: a disk without room, and a report that waits at the platform meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration_tests.connector import Connector, catalog_of, quick, script
from integration_tests.sandbox import Sandbox

LIMIT = 20_000
#: A limit to the size of files stands in for a disk that fills up.
SMALL = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}))\n"
NO_ROOM = "import shutil\nshutil.disk_usage = lambda _: shutil._ntuple_diskusage(9, 9, 9)\n"


@pytest.mark.parametrize(
    ("disk", "fault", "words"),
    [
        (SMALL, "", "it needs "),
        (SMALL, "link_no_length@canvas:report=last_user_access_csv", "it needs more than "),
        (NO_ROOM, "", "has 0.0 MiB left"),
    ],
    ids=["fills up", "fills up, length unknown", "has no room"],
)
def test_a_full_disk_has_words_of_its_own_and_the_report_is_kept(
    tmp_path: Path, disk: str, fault: str, words: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(disk)
    full = Connector(tmp_path / "full", script, {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"})
    free = Connector(tmp_path / "free")
    with Sandbox(rows=2_000) as sandbox:
        config = quick(sandbox, "canvas", reports=["last_user_access_csv"])
        catalog = catalog_of(free.discover(config).catalog.values())
        if fault:
            sandbox.fault(fault)
        first = full.read(config, catalog)
        second = free.read(config, catalog, first.state_file)
        orders = sandbox.requests("canvas", "order")

    assert first.code == 1
    assert first.records == {}
    (error,) = first.errors_of("last_user_access") or pytest.fail(str(first.errors) + first.stderr)
    assert "cannot be downloaded. There is no room for the report: " in error["message"]
    assert words in error["message"]
    assert "TMPDIR" in error["message"]
    assert error["failure_type"] == "transient_error"
    assert second.code == 0
    assert len(second.records["last_user_access"]) == 2_000
    assert len(orders) == 1
    assert full.leftovers == []


def test_a_disk_that_fills_up_while_a_workbook_is_unpacked_ends_its_stream_alone(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SMALL.replace(str(LIMIT), "200_000"))
    full = Connector(tmp_path / "full", script, {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"})
    free = Connector(tmp_path / "free")
    with Sandbox(rows=3_000) as sandbox:
        config = quick(
            sandbox, "second_nature", report_format="xlsx", reports=["conversation-transcripts", "license-usage"]
        )
        catalog = catalog_of(free.discover(config).catalog.values(), "full_refresh")
        first = full.read(config, catalog)
        second = free.read(config, catalog, first.state_file)

    assert first.final["conversation_transcripts"] == "INCOMPLETE"
    assert {status for name, status in first.final.items() if name != "conversation_transcripts"} == {"COMPLETE"}
    (error,) = first.errors_of("conversation_transcripts")
    assert "There is no room for the report: it needs more than " in error["message"]  # of the cells, not of the file
    assert second.code == 0
    assert len(second.records["conversation_transcripts"]) == 3_000
