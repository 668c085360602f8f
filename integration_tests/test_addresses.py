"""Whose an address is: what a vendor behind a proxy that ends TLS writes of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integration_tests.connector import Connector, as_set, catalog_of, quick
from integration_tests.sandbox import Sandbox
from integration_tests.tls import tls_in_front_of
from unit_tests.certificates import certificate


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `localhost`."""
    return certificate(tmp_path_factory.mktemp("certificate"), "localhost")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=12, settings={"canvas": {"no_verifier": True}, "tinqwise": {"page_size": 5}}) as started:
        yield started


@pytest.mark.parametrize(("platform", "stream"), [("canvas", "last_user_access"), ("tinqwise", "users")])
def test_an_own_address_by_http_and_in_capitals_is_followed_by_https(
    sandbox: Sandbox, connector: Connector, trusted: Path, platform: str, stream: str
) -> None:
    vendor = sandbox.vendors[platform]
    connector = dataclasses.replace(connector, environment={"SSL_CERT_FILE": str(trusted)})
    with tls_in_front_of(urlsplit(vendor.origin).port or 0, trusted) as port:
        vendor.origin = f"http://LocalHost:{port}"
        config = quick(sandbox, platform, base_url=f"https://localhost:{port}")
        found = {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        run = connector.read(config, catalog_of([found], "full_refresh"))

    assert run.code == 0, run.errors
    assert as_set(run.records[stream]) == as_set(sandbox.truth(platform, stream))
    assert not sandbox.journal.marked("credentials-at-download-host")
