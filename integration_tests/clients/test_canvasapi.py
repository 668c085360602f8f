"""The stand-in for Canvas, read by a client that others have written for Canvas itself."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.environment import client, environment, version_of
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.formats import cell_text

pytestmark = [pytest.mark.clients, pytest.mark.client("canvasapi")]

CANVASAPI = "canvasapi==3.6.0"
#: Lists the reports, orders one, orders it again while it is under way, polls it, and downloads its file.
SCRIPT = """
import json, sys
from canvasapi import Canvas
from canvasapi.exceptions import Conflict, Forbidden

base, report, parameters, target = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
canvas = Canvas(base, "canvas-token")
account = canvas.get_account(1)
listed = {one.report: one.title for one in account.get_reports()}
terms = [term.sis_term_id for term in account.get_enrollment_terms()]
ordered = account.create_report(report, parameters=parameters)
try:
    account.create_report(report, parameters=parameters)
    conflict = None
except Conflict as error:
    conflict = json.loads(error.message)["id"]
seen = [ordered.status]
while seen[-1] not in ("complete", "error"):
    polled = account.get_report(report, ordered.id)
    seen.append(polled.status)
canvas.get_file(polled.attachment["id"]).download(target)
again = account.create_report(report, parameters={**parameters, "again": True})
deleted = again.delete_report().status
history = [run.id for run in account.get_index_of_reports(report)]
try:
    Canvas(base, "a-noperm").get_account(2)
    refused = False
except Forbidden:
    refused = True
print(json.dumps({
    "account": account.name, "listed": listed, "terms": terms, "id": ordered.id, "conflict": conflict, "seen": seen,
    "parameters": polled.parameters, "progress": polled.progress, "message": polled.message, "deleted": deleted,
    "history": history, "refused": refused,
}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return client("canvasapi", CANVASAPI) / "python"


def told(python: Path, sandbox: Sandbox, report: str, target: Path, **parameters: Any) -> dict[str, Any]:
    """What the script saw; the file is at `target` then."""
    command = [str(python), "-c", SCRIPT, sandbox.url("canvas"), report, json.dumps(parameters), str(target)]
    done = subprocess.run(
        command, env=environment(target.parent), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def rows(content: bytes) -> list[list[str]]:
    header, *found = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header
    return found


def texts(sandbox: Sandbox, stream: str) -> list[list[str]]:
    return [[cell_text(value) for value in record.values()] for record in sandbox.truth("canvas", stream)]


@pytest.mark.parametrize("options", [{}, {"no_verifier": True}, {"paginate_reports": True}], ids=str)
def test_it_lists_orders_polls_and_downloads(
    python: Path, tmp_path: Path, options: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    record_property("version", version_of("canvasapi", python.parent))
    with Sandbox(rows=25, settings={"canvas": options}) as sandbox:
        found = told(python, sandbox, "last_user_access_csv", tmp_path / "report.csv")

        assert found["account"] == "Example University"
        assert found["listed"]["last_user_access_csv"] == "Last User Access"
        assert len(found["listed"]) > 20
        assert "0026S" in found["terms"]
        assert found["conflict"] == found["id"]
        assert (found["seen"][0], found["seen"][-1], found["progress"]) == ("created", "complete", 100)
        assert found["deleted"] == "deleted"
        assert found["history"] == [found["id"]]
        assert found["refused"]
        assert "successfully generated" in found["message"]
        assert rows((tmp_path / "report.csv").read_bytes()) == texts(sandbox, "last_user_access")
        assert not sandbox.journal.marked("credentials-at-download-host")


def test_switches_and_selectors_are_understood(python: Path, tmp_path: Path) -> None:
    with Sandbox(rows=25) as sandbox:
        found = told(
            python, sandbox, "provisioning_csv", tmp_path / "report.zip", users=True, terms=True, courses=False
        )

        assert found["parameters"]["users"] == "true"
        with zipfile.ZipFile(tmp_path / "report.zip") as archive:
            assert sorted(archive.namelist()) == ["terms.csv", "users.csv"]
            for output in ("terms", "users"):
                assert rows(archive.read(f"{output}.csv")) == texts(sandbox, f"provisioning_{output}")
