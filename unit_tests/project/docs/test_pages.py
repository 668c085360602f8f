"""What the pages say of the connector is so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.manifest import assemble_manifest
from source_lms_reports.spec.validation import validate_config
from unit_tests.project.docs import pages, streams

PAGE = "docs/lms-reports.md"
NAME = "LMS Reports"
#: Airbyte's connectors QA, "Connectors documentation headers structure, naming and order follow our guidelines".
#: None stands for headings of the connector's own.
HEADERS: list[tuple[int, str | None]] = [
    (1, NAME),
    (2, "Prerequisites"),
    (2, "Setup guide"),
    (2, f"Set up {NAME}"),
    (3, None),
    (2, f"Set up the {NAME} connector in Airbyte"),
    (3, "For Airbyte Cloud:"),
    (3, "For Airbyte Open Source:"),
    (3, None),
    (2, "Supported sync modes"),
    (2, "Supported Streams"),
    (3, None),
    (2, None),
    (2, "IP allow list"),
    (2, "Performance considerations"),
    (2, "Data type map"),
    (2, "Limitations & Troubleshooting"),
    (3, None),
    (2, "Changelog"),
]
IP_ALLOW_LIST = (
    "If you use Airbyte Cloud and your organization restricts access to specific IPs, add the "
    "[Airbyte Cloud IP addresses](https://docs.airbyte.com/platform/operating-airbyte/ip-allowlist) to your allow list."
)
OPENINGS = {
    "For Airbyte Cloud:": [
        "1. [Log into your Airbyte Cloud](https://cloud.airbyte.com/workspaces) account.",
        "2. Click Sources and then click + New source.",
        "3. On the Set up the source page, select LMS Reports from the Source type dropdown.",
        f"4. Enter a name for the {NAME} connector.",
    ],
    "For Airbyte Open Source:": ["1. Navigate to the Airbyte Open Source dashboard."],
    "Supported sync modes": [
        (
            f"The {NAME} source connector supports the following "
            "[sync modes](https://docs.airbyte.com/cloud/core-concepts/#connection-sync-modes):"
        )
    ],
    "Changelog": ["<details>", "  <summary>Expand to review</summary>"],
}


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    found: dict[str, Any] = assemble_manifest()["spec"]["connection_specification"]
    return found


@pytest.fixture(scope="module")
def page() -> str:
    return pages.read(PAGE)


def metadata() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(pages.read("metadata.yaml"))["data"]
    return found


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """The names of all fields, however deep, and whether they are required."""
    for name, one in schema.get("properties", {}).items():
        if "const" not in one:
            yield name, name in schema.get("required", [])
        yield from fields(one)
        yield from fields(one.get("items", {}))
    for branch in schema.get("oneOf", []):
        yield from fields(branch)


# -- the connector's page, as Airbyte's QA wants it


def test_the_headings_stand_in_airbytes_order(page: str) -> None:
    left = list(HEADERS)
    for level, title in pages.headings(page):
        while left and left[0] != (level, title):
            if left[0] == (level, None) and (level, title) not in left:
                break
            assert left[0][1] is None, f"'{left[0][1]}' is missing before '{title}'"
            left.pop(0)
        assert left, f"'{title}' is out of place"
        if left[0] == (level, title):
            left.pop(0)
    assert not left


def test_the_page_opens_with_the_fixed_sentence(page: str) -> None:
    link = metadata()["documentationUrl"]
    sentence = (
        f"This page contains the setup guide and reference information for the [{NAME}]({link}) source connector."
    )
    assert page.startswith(f"# {metadata()['name']}\n\n<HideInUI>\n\n{sentence}\n\n</HideInUI>\n")


@pytest.mark.parametrize("title", OPENINGS)
def test_the_sections_open_with_the_fixed_sentences(page: str, title: str) -> None:
    assert pages.section(page, title).strip("\n").splitlines()[: len(OPENINGS[title])] == OPENINGS[title]


def test_the_ip_allow_list_is_the_fixed_text(page: str) -> None:
    assert pages.section(page, "IP allow list").strip() == IP_ALLOW_LIST


def test_the_marks_for_environments_and_fields_are_closed_and_stand_alone(page: str) -> None:
    for mark in ("env:cloud", "env:oss"):
        assert page.count(f"<!-- {mark} -->") == page.count(f"<!-- /{mark} -->") == 1
    assert page.count("<FieldAnchor ") == page.count("</FieldAnchor>") > 0
    for opening in re.findall(r".*\n<FieldAnchor .*>\n.*\n", page):
        assert re.fullmatch(r"\n<FieldAnchor .*>\n\n", opening), opening
    assert page.count("\n\n</FieldAnchor>\n\n") == page.count("</FieldAnchor>")


def test_the_anchors_lead_to_fields(page: str, specification: dict[str, Any]) -> None:
    anchored = {field for group in re.findall(r'<FieldAnchor field="([^"]+)">', page) for field in group.split(",")}
    branches = specification["properties"]["platform"]["oneOf"]
    names = {f"platform[{branch['properties']['name']['const']}]" for branch in branches}
    shown = {
        name
        for name, one in specification["properties"].items()
        if name != "platform" and not one.get("airbyte_hidden")
    }
    assert anchored == names | shown


def test_the_prerequisites_name_every_required_field(page: str, specification: dict[str, Any]) -> None:
    section = pages.section(page, "Prerequisites")
    assert not {name for name in specification["required"] if f"`{name}`" not in section}
    row_of = {cells[0].partition("`")[2].rstrip("`)"): cells[1] for cells in pages.rows(section)}
    for branch in specification["properties"]["platform"]["oneOf"]:
        credentials = branch["properties"].get("credentials", {})
        required = {name for name in branch["required"] if name != "name"}
        required |= {name for one in credentials.get("oneOf", []) for name in one["required"] if name != "auth_type"}
        row = row_of[branch["properties"]["name"]["const"]]
        assert not {name for name in required if f"`{name}`" not in row}


def test_the_page_names_every_field(page: str, specification: dict[str, Any]) -> None:
    for branch in specification["properties"]["platform"]["oneOf"]:
        names = {"hapyak": "HapYak", "tinqwise": "TinQwise", "instructure_dap": "Instructure DAP"}
        name = names.get(branch["properties"]["name"]["const"], branch["title"])
        section = pages.section(page, f"Set up {NAME}")
        text = pages.section(section, name) + pages.section(page, "Prerequisites")
        missing = {field for field, _ in fields(branch) if not re.search(rf"[`\"]{field}[`\"]", text)}
        assert missing <= {"primary_key"}, f"{name}: {missing}"
    shared = {name for name in specification["properties"] if f"`{name}`" not in page}
    assert not shared


# -- streams


def test_the_readme_shows_the_streams_as_they_are_declared() -> None:
    text = pages.read("README.md")
    assert text == streams.with_tables(text), "run: python -m unit_tests.project.docs.streams"
    assert sorted(re.findall(r"<!-- streams: (\w+) -->", text)) == sorted(streams.all_streams())


@pytest.mark.parametrize("platform", sorted(streams.all_streams()))
def test_the_page_shows_the_streams_as_they_are_declared(page: str, platform: str) -> None:
    titles = {"hapyak": "HapYak", "brightspace": "D2L Brightspace"}
    section = pages.section(page, f"Streams of {titles.get(platform) or load_platform(platform).title}")
    shown = [cells for cells in pages.rows(section) if cells[0] != "Stream"]
    declared = streams.all_streams()[platform]
    assert [cells[:5] for cells in shown] == [[*one.facts, one.filter or "everything"] for one in declared]
    assert all(cells[5] for cells in shown)


def test_the_memory_to_reserve_is_what_the_benchmark_measured(page: str) -> None:
    section = pages.section(page, "Performance considerations")
    stated = re.findall(r"less than (\d+) MiB[^,]*?(?:workbook|one) of ([\d,]+) rows", section)
    limits = {("xlsx", int(rows.replace(",", ""))): float(limit) for limit, rows in stated}
    of_any_size = float(re.findall(r"less than (\d+) MiB of memory\s+for CSV and JSON of any size", section)[0])
    measured: dict[tuple[str, int], float] = {}
    for result in json.loads(pages.read("benchmarks/results.json"))["results"]:
        if result["contender"] == "connector" and result["kind"] in ("csv", "json", "xlsx"):
            key = (result["kind"], result["rows"])
            measured[key] = max(cost["peak_mib"] for cost in result["costs"].values())
    assert set(limits) == {key for key in measured if key[0] == "xlsx"}
    for key, peak in measured.items():
        limit = limits.get(key, of_any_size)
        assert limit / 2 < peak < limit, key


# -- all pages


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_the_links_lead_somewhere(path: Path) -> None:
    dead = [target for target in pages.links(path.read_text(encoding="utf-8")) if not leads_somewhere(path, target)]
    assert not dead


def leads_somewhere(path: Path, target: str) -> bool:
    if target.startswith("https://"):  # elsewhere: not asked for in a test
        return True
    file, _, anchor = target.partition("#")
    to = (path.parent / file).resolve() if file else path
    if not to.exists():
        return False
    return not anchor or anchor in pages.anchors(to.read_text(encoding="utf-8"))


def configs() -> list[Any]:
    """The configurations on all pages."""
    return [
        pytest.param(block.code, id=f"{path.name}-{number}")
        for path in pages.PAGES
        for number, block in enumerate(pages.blocks(path.read_text(encoding="utf-8")))
        if block.info == "config"
    ]


@pytest.mark.parametrize("code", configs())
def test_the_configurations_are_accepted(code: str, specification: dict[str, Any]) -> None:
    validate_config(json.loads(code), specification)


def test_each_platform_has_a_configuration(specification: dict[str, Any]) -> None:
    shown = {json.loads(param.values[0])["platform"]["name"] for param in configs()}
    assert shown == {one["properties"]["name"]["const"] for one in specification["properties"]["platform"]["oneOf"]}


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_json_and_yaml_on_the_pages_can_be_read(path: Path) -> None:
    for block in pages.blocks(path.read_text(encoding="utf-8")):
        if block.language == "json":
            json.loads(block.code)
        elif block.language == "yaml":
            assert yaml.safe_load(block.code)


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_the_tables_have_as_many_cells_in_each_row(path: Path) -> None:
    width = 0
    for line in pages.prose(path.read_text(encoding="utf-8")).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        width = width or cells
        assert cells == width, line


def test_the_targets_that_the_pages_name_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", pages.read("Makefile"), re.MULTILINE))
    for path in pages.PAGES:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, path.name


@pytest.mark.parametrize("path", ["CHANGELOG.md", PAGE])
def test_the_changelog_has_the_version(path: str) -> None:
    version = re.escape(metadata()["dockerImageTag"])
    assert re.search(rf"^(## \[{version}\]|\| {version} \|)", pages.read(path), re.MULTILINE)


# -- AGENTS.md


def test_the_unusual_behaviours_are_numbered_and_each_has_its_reason() -> None:
    text = pages.read("AGENTS.md")
    numbered = [title for level, title in pages.headings(text) if level == 3]
    assert [int(title.partition(".")[0]) for title in numbered] == list(range(1, len(numbered) + 1))
    for title in numbered:
        body = pages.section(text, title).strip()
        assert body.split("\n\n")[-1].startswith("**Why this matters:**"), title


def test_the_contents_tell_where_the_numbers_are() -> None:
    text = pages.read("AGENTS.md")
    for title, first, last in re.findall(r"^- \[(.+)\]\(#.+\): (\d+) to (\d+)$", text, re.MULTILINE):
        numbers = re.findall(r"^### (\d+)\.", pages.section(text, title), re.MULTILINE)
        assert (numbers[0], numbers[-1]) == (first, last)


def test_the_table_for_developers_has_the_streams_as_they_are_declared() -> None:
    section = pages.section(pages.read("AGENTS.md"), "The streams")
    shown = [cells for cells in pages.rows(section) if cells[0] != "Platform"]
    declared = [
        [platform, one.facts[0], one.facts[2], one.filter or "everything"]
        for platform, found in streams.all_streams().items()
        for one in found
    ]
    assert [[cells[0], cells[1], cells[3], cells[4]] for cells in shown] == declared
    assert {cells[2] for cells in shown} == {"high", "medium", "low", "as it is"}
    assert {cells[5] for cells in shown} == {"stated", "columns sampled", "inferred"}
