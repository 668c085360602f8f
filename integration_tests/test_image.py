"""The connector inside its image, called as the platform calls it. `make image-test` builds the image and runs this."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.subjects import SUBJECTS, config_of, go_on, held, started, tell
from integration_tests.connector import Run, catalog_of, newest, note_renewed, quick
from integration_tests.sandbox import Sandbox
from integration_tests.singer_output import read_output

pytestmark = pytest.mark.image_tests

IMAGE = os.environ.get("CONNECTOR_IMAGE", "source-lms-reports:dev")
ROOT = Path(__file__).parents[1]
PATIENCE = 120


@pytest.fixture(autouse=True)
def _which(record_property: Callable[[str, object], None]) -> None:
    asked = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=True)
    for version in asked.stdout.splitlines():
        record_property("version", version)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        yield started


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that is mounted. The connector's user is not the one who wrote it."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    return folder


def write(folder: Path, name: str, content: Any) -> None:
    """Put a file where the connector finds it."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(content))
    file.chmod(0o644)


def container(secrets: Path, *args: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line that runs the image."""
    return ["docker", "run", "--rm", "--network", "host", "-v", f"{secrets}:/secrets:ro", *options, IMAGE, *args]


def run(secrets: Path, *args: str, options: tuple[str, ...] = ()) -> Run:
    """Run the image to its end, without standard input."""
    done = subprocess.run(
        container(secrets, *args, options=options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def inspect(form: str) -> Any:
    """What the image says of itself."""
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{json " + form + "}}", IMAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_image_has_airbytes_labels_user_and_entrypoint() -> None:
    from unit_tests.project.packaging.project import metadata

    config = inspect(".Config")
    assert config["Labels"]["io.airbyte.name"] == metadata()["dockerRepository"]
    assert config["Labels"]["io.airbyte.version"] == metadata()["dockerImageTag"]
    assert config["User"] == "1000"
    entrypoint = dict(line.split("=", 1) for line in config["Env"])["AIRBYTE_ENTRYPOINT"]
    assert config["Entrypoint"] == entrypoint.split()


def test_spec_runs_without_config_network_or_writable_disk(secrets: Path) -> None:
    done = run(secrets, "spec", options=("--read-only", "--tmpfs", "/tmp"))  # noqa: S108 - inside the container
    assert (done.code, done.stderr, len(done.of("SPEC"))) == (0, "", 1)


def test_the_platforms_way_of_starting_gives_the_same_spec(secrets: Path) -> None:
    """The platform replaces the entrypoint and evaluates AIRBYTE_ENTRYPOINT."""
    done = run(secrets, "-c", 'eval "$AIRBYTE_ENTRYPOINT spec"', options=("--entrypoint", "sh"))
    assert done.of("SPEC") == run(secrets, "spec").of("SPEC")


def test_the_image_is_a_singer_tap_as_well(sandbox: Sandbox, secrets: Path) -> None:
    write(secrets, "config", quick(sandbox, "canvas", reports=["last_user_access_csv"]))
    tap = ("--entrypoint", "tap-lms-reports")
    found = run(secrets, "--config", "/secrets/config.json", "--discover", options=tap)
    assert found.code == 0
    write(secrets, "catalog", json.loads(found.stdout))
    done = run(secrets, "--config", "/secrets/config.json", "--catalog", "/secrets/catalog.json", options=tap)
    assert done.code == 0
    records = read_output(done.stdout).records["last_user_access"]
    assert len(records) == len(list(sandbox.truth("canvas", "last_user_access")))


@pytest.mark.parametrize("platform", SUBJECTS)
def test_a_platform_is_checked_discovered_and_read_twice(
    platform: str, secrets: Path, record_property: Callable[[str, object], None]
) -> None:
    with started(platform) as sandbox:
        config = config_of(sandbox, platform)

        def call(command: str, *names: str) -> Run:
            """Call the image as a platform does that keeps what is renewed."""
            write(secrets, "config", newest(config))
            files = [word for name in ("config", *names) for word in (f"--{name}", f"/secrets/{name}.json")]
            done = run(secrets, command, *files)
            for message in done.of("CONTROL"):
                note_renewed(newest(config), message["connectorConfig"]["config"])
            assert done.code == 0, done.errors
            return done

        assert call("check").connection["status"] == "SUCCEEDED"
        found = call("discover").catalog
        write(secrets, "catalog", catalog_of(found.values()))
        first = call("read", "catalog")
        assert set(first.final.values()) == {"COMPLETE"}
        counts = {name: (len(first.records.get(name, [])), len(held(sandbox, platform, name))) for name in found}
        assert {name: there for name, (there, _) in counts.items()} == {name: due for name, (_, due) in counts.items()}
        tell(record_property, "Container image", "messages", platform, counts)

        write(secrets, "state", first.state_file)
        go_on(sandbox, platform)
        again = call("read", "catalog", "state")
        assert sum(again.counts.values()) < sum(first.counts.values())


def test_a_wrong_token_is_told_in_words(sandbox: Sandbox, secrets: Path) -> None:
    config = quick(sandbox, "canvas", access_token="revoked-token-1")
    write(secrets, "config", config)
    answer = run(secrets, "check", "--config", "/secrets/config.json").connection
    assert answer["status"] == "FAILED"
    assert "token" in answer["message"].lower()
    assert "revoked-token-1" not in answer["message"]


def test_a_sync_needs_a_small_tmp_and_nothing_else_of_the_machine(sandbox: Sandbox, secrets: Path) -> None:
    write(secrets, "config", quick(sandbox, "canvas", reports=["last_user_access_csv"]))
    narrow = (
        "--read-only", "--tmpfs", "/tmp:size=2m", "--tmpfs", "/dev/shm:size=4k,ro", "--cap-drop", "ALL",  # noqa: S108
        "--env", "TZ=Asia/Kathmandu", "--env", "LC_ALL=C", "--env", "HOME=/nowhere",
    )  # fmt: skip
    found = run(secrets, "discover", "--config", "/secrets/config.json", options=narrow).catalog
    write(secrets, "catalog", catalog_of(found.values()))
    read = ("read", "--config", "/secrets/config.json", "--catalog", "/secrets/catalog.json")
    done = run(secrets, *read, options=narrow)
    assert (done.code, done.stderr) == (0, "")
    assert len(done.records["last_user_access"]) == len(list(sandbox.truth("canvas", "last_user_access")))

    without_tmp = run(secrets, *read, options=("--read-only", "--tmpfs", "/tmp:ro", "--tmpfs", "/var/tmp:ro"))  # noqa: S108
    assert without_tmp.code == 1
    assert "There is no folder for temporary files" in without_tmp.errors[-1]["message"]


def test_a_file_that_the_images_user_may_not_read_is_told_so(sandbox: Sandbox, secrets: Path) -> None:
    write(secrets, "config", quick(sandbox, "canvas"))
    (secrets / "config.json").chmod(0o600)
    done = run(secrets, "check", "--config", "/secrets/config.json")
    assert done.code == 1
    assert "may not be read by this user (1000; in the image it is 1000)" in done.errors[-1]["message"]


def test_a_stopped_container_ends_itself_and_keeps_its_ticket(sandbox: Sandbox, secrets: Path) -> None:
    """The connector is process 1 there, which the kernel spares a SIGTERM that it does not handle."""
    sandbox.fault("job_never@canvas")
    config = quick(sandbox, "canvas", reports=["grade_export_csv"])
    write(secrets, "config", config)
    found = run(secrets, "discover", "--config", "/secrets/config.json").catalog
    write(secrets, "catalog", catalog_of(found.values()))
    name = f"lms-reports-{os.getpid()}"
    args = container(
        secrets, "read", "--config", "/secrets/config.json", "--catalog", "/secrets/catalog.json",
        options=("--name", name),
    )  # fmt: skip
    with subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        lines = []
        while not sandbox.requests("canvas", "poll"):
            time.sleep(0.05)
            assert started.poll() is None
        subprocess.run(["docker", "kill", "--signal", "TERM", name], check=True, capture_output=True)
        lines = started.stdout.read().splitlines()
        assert started.wait(PATIENCE) == 143
    assert all(json.loads(line) for line in lines)
