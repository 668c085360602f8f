"""A company's own certificate between the connector and the vendor, by the command line."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integration_tests.connector import Connector, Json, as_set, catalog_of, quick
from integration_tests.sandbox import Sandbox
from integration_tests.tls import tls_in_front_of
from unit_tests.certificates import certificate, issued

STREAM = {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
Issuer = Callable[[Path], tuple[Path, Path]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=5) as started:
        yield started


@contextlib.contextmanager
def vendor_behind(sandbox: Sandbox, host_certificate: Path) -> Iterator[Json]:
    """The configuration of a platform that answers by TLS with this certificate."""
    vendor = sandbox.vendors["tinqwise"]
    plain = vendor.origin
    with tls_in_front_of(urlsplit(plain).port or 0, host_certificate) as port:
        vendor.origin = f"https://127.0.0.1:{port}"
        try:
            yield quick(sandbox, "tinqwise", base_url=vendor.origin)
        finally:
            vendor.origin = plain


def told(connector: Connector, sandbox: Sandbox, host_certificate: Path, **environment: str) -> str:
    """What `check` says of a connection that fails; nothing was sent."""
    connector = dataclasses.replace(connector, environment=environment)
    before = len(sandbox.requests("tinqwise"))
    with vendor_behind(sandbox, host_certificate) as config:
        found = connector.check(config).connection
    assert found["status"] == "FAILED"
    assert len(sandbox.requests("tinqwise")) == before
    return str(found["message"])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("keyed", [True, False], ids=["key identifiers", "no key identifiers"])
def test_an_authority_that_is_named_is_trusted(
    sandbox: Sandbox, connector: Connector, tmp_path: Path, variable: str, keyed: bool
) -> None:
    authority, host = issued(tmp_path, keyed=keyed)
    connector = dataclasses.replace(connector, environment={variable: str(authority)})
    with vendor_behind(sandbox, host) as config:
        assert connector.check(config).connection["status"] == "SUCCEEDED"
        run = connector.read(config, catalog_of([STREAM], "full_refresh"))
    assert run.code == 0, run.errors
    assert as_set(run.records["users"]) == as_set(sandbox.truth("tinqwise", "users"))


def test_one_that_is_not_named_is_told_with_the_way_to_name_it(
    sandbox: Sandbox, connector: Connector, tmp_path: Path
) -> None:
    _, host = issued(tmp_path)
    words = told(connector, sandbox, host)
    assert "is not trusted" in words
    assert "name the file of its authority in the environment variable SSL_CERT_FILE or REQUESTS_CA_BUNDLE" in words


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no PEM at all\n", ""], ids=["not there", "no PEM", "empty"])
def test_a_file_of_authorities_that_is_none_is_named_with_its_variable(
    sandbox: Sandbox, connector: Connector, tmp_path: Path, variable: str, content: str | None
) -> None:
    _, host = issued(tmp_path)
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    words = told(connector, sandbox, host, **{variable: str(bundle)})
    assert variable in words
    assert str(bundle) in words


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"host": "127.0.0.9"}, "is made out to another name. Check the address."),
        ({"begins": -9, "ends": -2}, "has ended, or has not begun. Check the clock of this machine"),
        ({"begins": 2, "ends": 9}, "has ended, or has not begun. Check the clock of this machine"),
    ],
    ids=["other name", "ended", "not begun"],
)
def test_what_is_wrong_with_a_known_one_is_told(
    sandbox: Sandbox, connector: Connector, tmp_path: Path, made: dict[str, int | str], words: str
) -> None:
    path = certificate(tmp_path, **made)  # type: ignore[arg-type] # each by its name
    assert words in told(connector, sandbox, path, SSL_CERT_FILE=str(path))
