"""What comes of each of Airbyte's connector QA checks, and why where it is not a pass. A test holds it."""

from __future__ import annotations

PASSED = (
    "Breaking changes must be accompanied by a migration guide",
    "Connectors must have user facing documentation",
    "Connectors documentation headers structure, naming and order follow our guidelines",
    "Prerequisites section of the documentation describes all required fields from specification",
    "Main Source Section of the documentation follows our guidelines",
    "'For Airbyte Cloud:' section of the documentation follows our guidelines",
    "'For Airbyte Open Source:' section of the documentation follows our guidelines",
    "'Supported sync modes' section of the documentation follows our guidelines",
    "'Tutorials' section of the documentation follows our guidelines",
    "'IP allow list' section of the documentation follows our guidelines",
    "'Changelog' section of the documentation follows our guidelines",
    "Connectors must have a changelog entry for each version",
    "Connectors must have valid metadata.yaml file",
    "Connector must have a language tag in metadata",
    "Breaking change deadline should be a week in the future",
    "Breaking change must specify deadlineAction",
    "Connectors must be licensed under MIT or Elv2",
    "Connector version must follow Semantic Versioning",
    "Python connectors must have PyPi publishing declared.",
    "Connectors must have an icon",
)
#: Title, outcome, reason.
OTHERS = (
    (
        "Connectors must use Poetry for dependency management",
        "failed",
        "It asks for `poetry.lock`. The locks here are `requirements*.lock`, with hashes, made by uv.",
    ),
    (
        "Connector license in metadata.yaml and pyproject.toml file must match",
        "failed",
        "It reads `[tool.poetry]`. The licence is in `[project]`; a test holds it equal to `metadata.yaml`.",
    ),
    (
        "Connector version in metadata.yaml and pyproject.toml file must match",
        "failed",
        "It reads `[tool.poetry]`. The version is in `[project]`; a test holds it equal to `metadata.yaml`.",
    ),
    (
        "Python connectors must have a CDK tag in metadata",
        "failed",
        "It reads `[tool.poetry]`, and ends by itself. The tag is there: the source is built on a manifest.",
    ),
    (
        "Connectors must use HTTPS only",
        "failed",
        "It looks for the text `http:`. It is in words and the exception for loopback; a test looks at each place.",
    ),
    (
        "Python connectors must not use a Dockerfile and must declare their base image in metadata.yaml file",
        "failed",
        "Airbyte's CI brings its own `Dockerfile`. `make image` needs this one; a test holds the base image equal.",
    ),
    (
        "Certified source connector must have a value filled out for maxSecondsBetweenMessages in metadata",
        "skipped",
        "For certified connectors only; `metadata.yaml` has the value.",
    ),
    (
        "Manifest-only connectors must use `source-declarative-manifest` as their base image",
        "skipped",
        "For connectors without Python code.",
    ),
    (
        "Links used in connector documentation are valid",
        "online",
        "It asks every link of the page for an answer.",
    ),
    (
        "Connector Version Increment Check",
        "online",
        "It compares with the version in Airbyte's repository.",
    ),
)
WORDS = {"failed": "fails", "skipped": "does not apply", "online": "needs the internet, not run"}


def outcomes() -> dict[str, str]:
    """What must come of each check, by its title."""
    return {**dict.fromkeys(PASSED, "passed"), **{title: outcome for title, outcome, _ in OTHERS}}


def qa_table() -> str:
    """The checks that do not pass, a row each; then those that do."""
    rows = [f"| {title} | {WORDS[outcome]} | {why} |" for title, outcome, why in OTHERS]
    passed = [f"- {title.rstrip('.')}" for title in PASSED]
    summary = f"<details>\n<summary>{len(PASSED)} of {len(PASSED) + len(OTHERS)} checks pass</summary>"
    return "\n".join(["| Check | Outcome | Why |", "|---|---|---|", *rows, "", summary, "", *passed, "", "</details>"])
