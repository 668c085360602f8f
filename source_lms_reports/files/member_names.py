"""What the name of a file in an archive tells: of which table it is, or that it is none."""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress

from source_lms_reports.files.options import Format

_SUFFIX = r"\.(?:csv|tsv|txt|json|jsonl|ndjson|xlsx|xlsm|xlsb|xls|ods|gz|gzip|zip)"
_SUFFIXES = re.compile(rf"(?i)(?:{_SUFFIX})+$")
_UTF_8_FLAG = 0x800
_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_ABOUT = re.compile(
    r"(?i)(?:read[_ -]?me|licen[cs]e|notice|manifest|change[_ -]?log|version|checksums?|md5(?:sums?)?|sha\d+(?:sums?)?)"
    r"(?:\.\w{1,5})*$"
)
_TABLES: dict[Format, frozenset[str]] = {
    "csv": frozenset({"csv", "tsv"}),
    "json": frozenset({"json", "jsonl", "ndjson"}),
    "jsonl": frozenset({"json", "jsonl", "ndjson"}),
    "xlsx": frozenset({"xlsx", "xlsm", "xlsb", "xls", "ods", "csv"}),
}
_TABLES["auto"] = frozenset().union(*_TABLES.values())


def name_of(info: zipfile.ZipInfo) -> str:
    """A member's whole name. UTF-8 that does not say so is read as what it is: many writers leave the flag out.

    `Oto├▒o.csv` -> `Otoño.csv`
    """
    name = info.filename
    if not info.flag_bits & _UTF_8_FLAG:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/").lstrip("/").removeprefix("./")


def stem(name: str) -> str:
    """A file's name without the suffixes that tell its kind."""
    return _SUFFIXES.sub("", name) or name


def is_system_file(name: str) -> bool:
    """Whether an operating system has put the file into the archive, and not the vendor."""
    *folders, base = name.split("/")
    return "__MACOSX" in folders or base.startswith("._") or base in _SYSTEM


def is_about_the_archive(name: str) -> bool:
    """Whether the file speaks of the others: a README, a manifest, checksums."""
    return _ABOUT.match(name.rsplit("/", 1)[-1]) is not None


def claims_to_be_a_table(name: str, wanted: Format) -> bool:
    """Whether the suffix of a name is that of a table in the platform's format."""
    suffixes = name.lower().removesuffix(".gz").removesuffix(".gzip").rsplit(".", 1)
    return len(suffixes) == 2 and suffixes[1] in _TABLES[wanted]
