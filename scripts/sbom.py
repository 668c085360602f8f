"""List what the connector brings along, from what is installed beside it: a CycloneDX SBOM and a table of licences.

Usage: python scripts/sbom.py FOLDER, in an environment that has the connector.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONNECTOR = "airbyte-source-lms-reports"


def required(name: str) -> list[Distribution]:
    """A package's installed distributions with everything they need, without optional parts, by name."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        key = canonicalize_name(waiting.pop())
        if key in found:
            continue
        found[key] = distribution(key)
        needs = map(Requirement, found[key].requires or [])
        waiting.extend(need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""}))
    return [found[key] for key in sorted(found)]


def direct(package: Distribution) -> list[str]:
    """The names of what a package needs itself."""
    needs = map(Requirement, package.requires or [])
    chosen = {need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})}
    return sorted(canonicalize_name(name) for name in chosen)


def licence(package: Distribution) -> str:
    """A package's licence as it states it: the expression, or the classifiers, or the first line of the old field."""
    stated = package.metadata
    if "License-Expression" in stated:
        return stated["License-Expression"]
    names = [
        line.rsplit(" :: ", 1)[1]
        for line in stated.get_all("Classifier") or []
        if line.startswith("License ::") and line.count(" :: ") > 1
    ]
    text = stated["License"].strip() if "License" in stated else ""
    return " AND ".join(names) or text.partition("\n")[0] or "UNKNOWN"


def purl(package: Distribution) -> str:
    """The package's address in an SBOM."""
    return f"pkg:pypi/{canonicalize_name(package.name)}@{package.version}"


def component(package: Distribution, kind: str = "library") -> dict[str, Any]:
    """A package as CycloneDX describes it."""
    name = licence(package)
    is_expression = re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", name) is not None
    stated = {"expression": name} if is_expression else {"license": {"name": name}}
    return {
        "type": kind,
        "bom-ref": purl(package),
        "name": canonicalize_name(package.name),
        "version": package.version,
        "licenses": [stated],
        "purl": purl(package),
    }


def sbom(packages: Iterable[Distribution]) -> dict[str, Any]:
    """The bill of materials. The same packages give the same text: it holds no time and no random number."""
    known: dict[str, Distribution] = {canonicalize_name(package.name): package for package in packages}
    connector = known[CONNECTOR]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(connector, "application")},
        "components": [component(package) for name, package in known.items() if name != CONNECTOR],
        "dependencies": [
            {"ref": purl(package), "dependsOn": [purl(known[name]) for name in direct(package)]}
            for package in known.values()
        ],
    }


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = required(CONNECTOR)
    (folder / "sbom.cdx.json").write_text(json.dumps(sbom(packages), indent=2) + "\n", encoding="utf-8")
    with (folder / "licenses.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["package", "version", "license"])
        rows.writerows([canonicalize_name(one.name), one.version, licence(one)] for one in packages)
    print(f"{len(packages)} packages: {folder}/sbom.cdx.json, {folder}/licenses.csv")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
