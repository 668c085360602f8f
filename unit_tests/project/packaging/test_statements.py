"""What one file says and another one repeats is the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from unit_tests.project.packaging.project import ROOT, metadata, only, text, version

SEMVER = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?"


def test_the_version_is_semantic() -> None:
    assert re.fullmatch(SEMVER, version())


def test_the_version_is_the_same_everywhere() -> None:
    places = {
        "metadata.yaml": str(metadata()["dockerImageTag"]),
        "Dockerfile": only(r"^ARG VERSION=(.+)$", "Dockerfile"),
        "CHANGELOG.md": re.findall(r"^## \[(\d.+?)\]", text("CHANGELOG.md"), flags=re.MULTILINE)[0],
    }
    assert set(places.values()) == {version()}, places


def test_the_base_image_is_the_same_and_pinned_by_digest() -> None:
    base = only(r"^ARG BASE_IMAGE=(.+)$", "Dockerfile")
    assert base == metadata()["connectorBuildOptions"]["baseImage"]
    assert re.fullmatch(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}", base)


def test_names_follow_from_the_connectors_name() -> None:
    data = metadata()
    repository = data["dockerRepository"]
    assert repository.endswith("/source-lms-reports")
    assert only(r"^LABEL io\.airbyte\.name=(\S+) ", "Dockerfile") == repository
    assert data["remoteRegistries"]["pypi"]["packageName"] == only(r'^name = "(.+)"$', "pyproject.toml")
    assert data["license"] == only(r'^license = "(.+)"$', "pyproject.toml")
    assert (ROOT / data["icon"]).is_file()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="Airbyte's models are published for older Pythons only")
def test_the_metadata_follow_airbytes_schema() -> None:
    from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import (
        ConnectorMetadataDefinitionV0,
    )

    ConnectorMetadataDefinitionV0.model_validate({"metadataSpecVersion": "1.0", "data": metadata()})
    assert {"language:python", "cdk:low-code"} <= set(metadata()["tags"])


def test_the_icon_is_square() -> None:
    icon = ElementTree.fromstring(text("icon.svg"))  # noqa: S314 - the project's own file
    assert icon.get("width") == icon.get("height")
    left, top, width, height = (float(number) for number in icon.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    assert width == height > 0


def test_the_dockerfile_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_copies_only_what_its_context_holds() -> None:
    allowed = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text("Dockerfile"), flags=re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == allowed
