"""The changelog's section of one version: python scripts/release_notes.py VERSION > notes.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version.

    Raises:
        KeyError: Nothing.
    """
    sections = re.split(r"(?m)^## ", changelog)[1:]
    found = {section.split("]")[0].lstrip("["): section.partition("\n")[2].strip() for section in sections}
    return found[version] + "\n"


if __name__ == "__main__":
    sys.stdout.write(notes(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
