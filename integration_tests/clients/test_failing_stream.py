"""A stream that fails beside good ones: those land, their state is kept, the bad one is named, the code is not 0.

And dlt and Airflow for themselves: two syncs bring every row, and then the new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from integration_tests.clients.postgres import postgres
from integration_tests.clients.recipes import Record, Sync, configure, count, dlt, recipes
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.clients

LATER = "2026-02-01T12:00:00Z"
FAULT = "job_fails@canvas:report=last_user_access_csv,count=always"


@pytest.mark.parametrize("make", recipes("PyAirbyte", "Dagster", "dlt", "Airflow"))
def test_good_streams_land_beside_one_that_fails(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    sync = make(project, record_property)
    sandbox.fault(FAULT)
    bad = sync()
    assert bad.returncode != 0
    assert "last_user_access" in bad.stdout
    assert "failed to generate a file" in bad.stdout
    enrolled = len(list(sandbox.truth("canvas", "provisioning_enrollments")))
    assert count(project, "provisioning_enrollments") == enrolled

    sandbox.faults.clear()
    good = sync()
    assert good.returncode == 0, good.stdout
    assert count(project, "last_user_access") == len(list(sandbox.truth("canvas", "last_user_access")))
    assert count(project, "provisioning_enrollments") == enrolled


@pytest.mark.parametrize("make", recipes("dlt", "Airflow"))
def test_two_syncs_bring_every_row_and_then_the_new_ones(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    sync = make(project, record_property)
    first = sync()
    assert first.returncode == 0, first.stdout
    total = len(list(sandbox.truth("canvas", "last_user_access")))
    assert count(project, "last_user_access") == total

    sandbox.clock.advance(3600)
    sandbox.mutate("canvas", "last_user_access", update={3: {"last access at": LATER, "last ip": "10.9.9.9"}})
    second = sync()
    assert second.returncode == 0, second.stdout
    assert count(project, "last_user_access", "last_ip = '10.9.9.9'") == 1
    assert total < count(project, "last_user_access") < 2 * total
    enrolled = len(list(sandbox.truth("canvas", "provisioning_enrollments")))
    assert count(project, "provisioning_enrollments") == enrolled  # merged by its key


@pytest.mark.client("dlt")
def test_dlt_goes_on_in_postgresql(sandbox: Sandbox, project: Path, record_property: Record) -> None:
    sync = dlt(project, record_property)
    with postgres() as server:
        for _ in range(2):
            done = sync(server.url)
            assert done.returncode == 0, done.stdout
            sandbox.clock.advance(3600)
            sandbox.mutate("canvas", "last_user_access", add=[{"user id": 77, "last access at": LATER}])
        merged = server.rows("select count(*) from lms_reports.provisioning_enrollments")
        assert merged == [[str(len(list(sandbox.truth("canvas", "provisioning_enrollments"))))]]
        assert server.rows("select count(*) from lms_reports.last_user_access where user_id = 77") == [["1"]]


@pytest.mark.client("dlt")
def test_after_a_load_that_broke_off_dlt_reads_on(sandbox: Sandbox, project: Path, record_property: Record) -> None:
    sync = dlt(project, record_property)
    with postgres() as server:
        assert sync(server.url).returncode == 0
        server.rows("alter table lms_reports.last_user_access rename to away")
        sandbox.clock.advance(3600)
        assert sync(server.url).returncode == 1
        server.rows("alter table lms_reports.away rename to last_user_access")
        sandbox.clock.advance(3600)
        sandbox.mutate("canvas", "last_user_access", add=[{"user id": 77, "last access at": LATER}])
        done = sync(server.url)
        assert done.returncode == 0, done.stdout
        assert server.rows("select count(*) from lms_reports.last_user_access where user_id = 77") == [["1"]]


@pytest.mark.client("dlt")
def test_two_accounts_in_two_databases_do_not_share_a_state(
    sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    """The rows of one are older than the state of the other."""
    sync = dlt(project, record_property)
    with Sandbox(rows=20) as other:
        other.clock.advance(-3600)
        for account, database in ((sandbox, "lms.duckdb"), (other, "other.duckdb")) * 2:
            configure(account, project)
            done = sync(database)
            assert done.returncode == 0, done.stdout
            account.clock.advance(3600)
            at = LATER if account is sandbox else "2026-01-20T12:00:00Z"
            account.mutate("canvas", "last_user_access", add=[{"user id": 77, "last access at": at}])
    (project / "lms.duckdb").unlink()
    (project / "other.duckdb").rename(project / "lms.duckdb")
    assert count(project, "last_user_access", "user_id = 77") == 1
