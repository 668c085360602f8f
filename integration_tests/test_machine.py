"""The machine around it: what it does not give is told with what to do, and nothing is lost by it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.connector import SCRIPT, Connector, Json, catalog_of, quick, script
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
        (NO_ROOM, "", "has 0.0 KiB left"),
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


# -- files, threads

#: As with the sixth file where five are allowed; how many a sync opens at one time is another matter.
FEW_FILES = """
import tempfile
def mkdtemp(*_, **__):
    raise OSError(24, "Too many open files")
tempfile.mkdtemp = mkdtemp
"""
FEW_THREADS = """
import threading
start = threading.Thread.start
def start_one_of_two(thread):
    if threading.active_count() > 1:
        raise RuntimeError("can't start new thread")
    start(thread)
threading.Thread.start = start_one_of_two
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=50) as started:
        yield started


def one_report(sandbox: Sandbox, folder: Path) -> tuple[Json, Json]:
    """A configuration of one report, and the catalog of its stream."""
    config = quick(sandbox, "canvas", reports=["last_user_access_csv"])
    return config, catalog_of(Connector(folder).discover(config).catalog.values())


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (FEW_FILES, "lets the connector open no more files. Raise its limit (ulimit -n)"),
        (FEW_THREADS, "lets the connector start no more threads. Raise its limit of processes"),
    ],
    ids=["files", "threads"],
)
def test_what_the_machine_refuses_is_named_with_the_limit_to_raise(
    sandbox: Sandbox, tmp_path: Path, machine: str, words: str
) -> None:
    config, catalog = one_report(sandbox, tmp_path / "free")
    (tmp_path / "sitecustomize.py").write_text(machine)
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    run = Connector(tmp_path / "small", script, environment).read(config, catalog)

    assert run.code == 1
    assert words in run.errors[-1]["message"]
    assert {error["failure_type"] for error in run.errors} == {"transient_error"}
    assert "Traceback" not in run.stderr


# -- stdout, stderr, stdin


def shell(sandbox: Sandbox, folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `$read` reads one report."""
    config, catalog = one_report(sandbox, folder / "free")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps(catalog))
    read = f"{SCRIPT} read --config config.json --catalog catalog.json"
    return subprocess.run(
        ["bash", "-c", command.replace("$read", read)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("$read > /dev/full", 1, "The messages cannot be written to stdout: No space left on device."),
        ("$read >&-", 1, "The messages cannot be written to stdout: it is closed."),
        ("set -o pipefail; $read | head -1 > /dev/null", 120, ""),
        ("$read <&- 2>&-", 0, ""),
    ],
    ids=["full", "closed", "closed early", "the others closed"],
)
def test_an_output_that_takes_nothing_ends_the_sync_in_a_line(
    sandbox: Sandbox, tmp_path: Path, command: str, code: int, said: str
) -> None:
    done = shell(sandbox, tmp_path, command)

    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == bool(said)


# -- zones, folders, masks


@pytest.mark.parametrize(
    "odd",
    [
        {"TZ": "Asia/Kathmandu"},
        {"TZ": "<+1345>-13:45<+1445>,M9.5.0/2:45,M4.1.0/3:45"},
        {"TZ": "Nowhere/Land", "TMPDIR": "/nowhere", "HOME": "/nowhere", "XDG_CACHE_HOME": "/nowhere"},
    ],
    ids=["a zone", "a zone with its rules", "things that are not there"],
)
def test_zones_and_folders_of_the_machine_change_no_row_and_no_state(
    sandbox: Sandbox, tmp_path: Path, odd: dict[str, str]
) -> None:
    config, catalog = one_report(sandbox, tmp_path / "free")
    plain = Connector(tmp_path / "plain").read(config, catalog)
    run = Connector(tmp_path / "odd", script, odd).read(config, catalog)

    assert (run.code, run.stderr) == (0, "")
    assert (run.records, run.states) == (plain.records, plain.states)


def test_files_that_are_kept_from_others_and_few_descriptors_are_enough(sandbox: Sandbox, tmp_path: Path) -> None:
    done = shell(sandbox, tmp_path, "umask 077; ulimit -n 64; ulimit -s 256; $read")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count('"type":"RECORD"') == 50
