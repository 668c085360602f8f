"""The sandbox as a process, and its control API."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.server import Host, wait_until
from integration_tests.sandbox.vendors import VENDORS
from integration_tests.sandbox.vendors.brightspace import Brightspace

if TYPE_CHECKING:
    from pathlib import Path

    from unit_tests.sandbox.clients import Canvas, Sana, SecondNature


def test_it_prints_its_configs_and_serves_until_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "integration_tests.sandbox", "--rows", "10", "--ready-file", str(ready)]
    command += ["--fault", "list_500@canvas:count=2", "--set", "hapyak.auth=brightcove_oauth"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert wait_until(ready.exists, 20)
        about = json.loads(ready.read_text())
        control = about["control"]["canvas"]
        assert list(about["configs"]) == list(VENDORS)
        assert [fault["count"] for fault in requests.get(control + "faults", timeout=5).json()] == [2]
        assert about["configs"]["hapyak"]["platform"]["credentials"]["auth_type"] == "brightcove_oauth"
        process.send_signal(signal.SIGTERM)
        printed = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert json.loads(printed) == about


def test_the_control_api(sandbox: Sandbox) -> None:
    base = sandbox.url("sana") + "/_sandbox/"
    with requests.Session() as session:

        def post(path: str, **data: object) -> requests.Response:
            return session.post(base + path, json=data, timeout=5)

        assert post("faults", spec="list_500@canvas").json()[0]["name"] == "list_500"
        assert post("faults", spec="nonsense").status_code == 400
        assert post("settings", vendor="canvas", settings={"bom": True}).status_code == 200
        assert post("settings", vendor="canvas", settings={"nope": True}).status_code == 400
        before = sandbox.clock.now()
        assert post("clock", advance=500).json()["now"] >= before + 500
        run = post("act", vendor="canvas", action="seed_run", args={"report": "lti_report_csv", "status": "running"})
        assert run.json()["status"] == "running"
        jobs = session.get(base + "jobs?running=true", timeout=5).json()
        assert [(job["vendor"], job["origin"]) for job in jobs] == [("canvas", "seeded")]
        post("mutate", vendor="canvas", table="lti_report", remove=[0], add=[{"tool_id": 5}])
        lines = session.get(base + "truth?vendor=canvas&stream=lti_report", timeout=5).text.splitlines()
        assert json.loads(lines[-1])["tool_id"] == 5
        assert "lti_report" in session.get(base + "streams?vendor=canvas", timeout=5).json()
        session.get(sandbox.url("canvas") + "/api/v1/accounts/self?a=1", timeout=5)
        entry = session.get(base + "journal?vendor=canvas", timeout=5).json()[-1]
        assert (entry["path"], entry["query"], entry["status"]) == ("/api/v1/accounts/self", [["a", "1"]], 500)
        post("reset")
        assert session.get(base + "journal", timeout=5).json() == []
        assert session.get(base + "nothing", timeout=5).status_code == 404


def test_configs_name_their_platform(sandbox: Sandbox) -> None:
    assert {name: sandbox.config(name)["platform"]["name"] for name in VENDORS} == {name: name for name in VENDORS}
    assert sandbox.files_url.startswith("http://localhost:")


def test_data_is_the_same_for_the_same_seed() -> None:
    def all_rows(seed: int) -> list[object]:
        with Sandbox(rows=20, seed=seed) as one:
            return [list(one.truth(v, s)) for v in ("canvas", "sana", "tinqwise") for s in one.streams(v)]

    assert all_rows(3) == all_rows(3) != all_rows(4)


@pytest.mark.parametrize("sandbox", [{"settings": {"canvas": {"conflicts": False}}}], indirect=True)
def test_parallel_orders_get_jobs_of_their_own(
    sandbox: Sandbox, canvas: Canvas, second_nature: SecondNature, sana: Sana
) -> None:
    def order(_: int) -> tuple[object, ...]:
        ticket = second_nature.order("license-usage", format="csv").json()["ticket_id"]
        job = sana.order('SELECT "user" FROM "analytics"."users"').json()["data"]["jobId"]
        return canvas.order("lti_report_csv")["id"], ticket, job, sana.token("read").json()["data"]["accessToken"]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(order, range(24)))
    assert [len(set(keys)) for keys in zip(*found, strict=True)] == [24] * 4
    assert len(sandbox.running_jobs()) == 72


def test_generated_files_go_with_the_sandbox_unless_they_are_to_be_kept(tmp_path: Path) -> None:
    with Sandbox(rows=5) as passing:
        assert passing.world.cache.directory.exists()
    assert not passing.world.cache.directory.exists()
    with Sandbox(rows=5, cache_dir=tmp_path) as keeping:
        keeping.world.cache.build("a", lambda path: path.touch())
    assert len(list(tmp_path.iterdir())) == 1


def test_hosts_at_rest_wait_for_a_connection_and_for_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: Counter[str] = Counter()
    take = Host.handle_request
    monkeypatch.setattr(Host, "handle_request", lambda host: (turns.update([host.vendor]), take(host)))
    with Sandbox(rows=5) as started:
        requests.get(started.url("sana"), timeout=5)
    assert turns.pop("sana") <= 2  # it may be stopped before it waits anew
    assert turns == dict.fromkeys({*VENDORS, "files"} - {"sana"}, 1)


def test_rows_of_ready_files_are_made_when_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[int] = Counter()
    row = Brightspace._row

    def counted(brightspace: Brightspace, of: str, number: int, version: int) -> tuple[str, ...]:
        made.update([number])
        return row(brightspace, of, number, version)

    monkeypatch.setattr(Brightspace, "_row", counted)
    with Sandbox(rows=5) as started:
        assert made == {}
        assert len(list(started.truth("brightspace", "bds_users"))) == 5
    assert made == dict.fromkeys(range(5), 1)
