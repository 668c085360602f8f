"""The wheel and the sdist hold the whole connector, and work without the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from unit_tests.project.packaging.project import ROOT, version

pytestmark = pytest.mark.client("Wheel and sdist")

PACKED = ["pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "schemas", "source_lms_reports"]
HOSTILE = "version: 0.0.1\ntype: DeclarativeSource\nspec: {title: hostile}\n"


def snapshot(folder: Path) -> Path:
    """A copy of what is packed, as a checkout elsewhere would be."""
    for name in PACKED:
        source = ROOT / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, symlinks=True, ignore=skip)
        else:
            shutil.copy(source, folder / name)
    return folder


def build(source: Path, out: Path, *kinds: str, umask: int = 0o022) -> list[Path]:
    """Build distributions with the backend of this environment."""
    out.mkdir(parents=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", out, *(part for kind in kinds for part in ("-t", kind))],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
        check=True,
        capture_output=True,
        umask=umask,
    )
    return sorted(out.iterdir())


def digests(files: list[Path]) -> dict[str, str]:
    """The hash of each file."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@dataclass(frozen=True)
class Distributions:
    """What was built from one snapshot."""

    source: Path
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    source = snapshot(tmp_path_factory.mktemp("checkout"))
    sdist, wheel = sorted(build(source, source.parent / "dist", "sdist", "wheel"), key=lambda file: file.suffix)
    return Distributions(source, sdist, wheel)


def members(wheel: Path) -> set[str]:
    """The names of a wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_module_manifest_and_schema(built: Distributions) -> None:
    package = built.source / "source_lms_reports"
    files = {file.relative_to(built.source).as_posix() for file in package.rglob("*") if file.is_file()}
    schemas = {
        f"source_lms_reports/{file.relative_to(built.source).as_posix()}"
        for file in (built.source / "schemas").rglob("*.json")
    }
    assert schemas
    packed = {name for name in members(built.wheel) if ".dist-info/" not in name}
    assert packed == {name for name in files if "/schemas/" not in name} | schemas


def test_the_wheel_states_version_licence_and_command(built: Distributions) -> None:
    info = f"airbyte_source_lms_reports-{version()}.dist-info"
    with zipfile.ZipFile(built.wheel) as archive:
        stated = archive.read(f"{info}/METADATA").decode()
        commands = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert f"\nVersion: {version()}\n" in stated
    assert "\nLicense-Expression: MIT\n" in stated
    assert "source-lms-reports = source_lms_reports.run:run" in commands
    assert "tap-lms-reports = source_lms_reports.singer.command:run" in commands


def test_the_sdist_gives_the_same_wheel(built: Distributions, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    (wheel,) = build(unpacked, tmp_path / "again", "wheel")
    assert members(wheel) == members(built.wheel)
    assert digests([wheel]) == digests([built.wheel])


def test_the_same_sources_give_the_same_bytes(built: Distributions, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(built.source, elsewhere, symlinks=True, copy_function=shutil.copyfile)  # other dates and modes
    again = build(elsewhere, tmp_path / "dist", "sdist", "wheel", umask=0o077)
    assert digests(again) == digests([built.sdist, built.wheel])


@pytest.fixture(scope="module")
def installed(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has the wheel, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "-qq", "--no-deps", "--no-index", str(built.wheel)], check=True)
    site = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A working directory with files that the connector must not take for its own."""
    (tmp_path / "manifest.yaml").write_text(HOSTILE)
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "canvas.yaml").write_text(HOSTILE)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "source_lms_reports").mkdir()
    (tmp_path / "source_lms_reports" / "manifest.yaml").write_text(HOSTILE)
    return tmp_path


def test_the_installed_command_ignores_the_folder_it_is_called_in(installed: Path, hostile: Path) -> None:
    done = subprocess.run(
        [installed / "source-lms-reports", "spec"], cwd=hostile, capture_output=True, text=True, check=True
    )
    (spec,) = [message["spec"] for message in map(json.loads, done.stdout.splitlines()) if message["type"] == "SPEC"]
    platforms = spec["connectionSpecification"]["properties"]["platform"]["oneOf"]
    assert len(platforms) == len(list((ROOT / "source_lms_reports" / "platforms").glob("*.yaml")))


def test_the_installed_tap_ignores_the_folder_it_is_called_in(installed: Path, hostile: Path) -> None:
    command = [str(installed / "tap-lms-reports"), "--about", "--format", "json"]
    about = json.loads(subprocess.run(command, cwd=hostile, capture_output=True, text=True, check=True).stdout)
    assert about["version"] == version()
    assert len(about["settings"]["properties"]["platform"]["oneOf"]) > 1


PROBE = """
import json, pkgutil, sys
import source_lms_reports
assert source_lms_reports.__file__.startswith(sys.prefix), source_lms_reports.__file__
json.dump({name: len(pkgutil.get_data("source_lms_reports", name)) for name in json.load(sys.stdin)}, sys.stdout)
"""


def test_the_installed_package_finds_its_data(installed: Path, hostile: Path, built: Distributions) -> None:
    names = [
        file.relative_to(built.source).as_posix()
        for pattern in ("schemas/**/*.json", "source_lms_reports/**/*.yaml")
        for file in built.source.glob(pattern)
    ]
    wanted = [name.removeprefix("source_lms_reports/") for name in names]
    done = subprocess.run(
        [installed / "python", "-I", "-c", PROBE],
        cwd=hostile,
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(json.loads(done.stdout).values())
