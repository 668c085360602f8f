"""stdout holds messages only, each a line of JSON in UTF-8, and masking changes nothing but texts for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration_tests.connector import Connector, catalog_of, quick, script
from integration_tests.sandbox import Sandbox

HALF = "\ud83d"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(rows=40, settings={"second_nature": {"api_key": "report"}})


def test_half_an_emoji_in_the_vendors_words_ends_the_stream_in_words(sandbox: Sandbox, connector: Connector) -> None:
    with sandbox:
        sandbox.fault(f"job_fails@canvas:report=grade_export_csv,count=always,words=oh {HALF} no")
        config = quick(sandbox, "canvas", reports=["grade_export_csv", "zero_activity_csv"])
        run = connector.read(config, catalog_of(connector.discover(config).catalog.values()))

    assert run.code == 1
    assert run.stderr == ""
    assert run.final == {"grade_export": "INCOMPLETE", "zero_activity": "COMPLETE"}
    (error,) = run.errors_of("grade_export")
    assert "oh \N{REPLACEMENT CHARACTER} no" in error["message"]
    assert run.errors[-1]["failure_type"] == "transient_error"
    (told,) = [words for words in run.logged("WARN") if words.startswith("In an answer of Canvas: Halves of surrogate")]
    assert told.endswith("replaced by U+FFFD: 2")


def test_a_key_that_is_a_word_changes_no_name_no_state_and_no_record(sandbox: Sandbox, connector: Connector) -> None:
    with sandbox:
        config = quick(sandbox, "second_nature", reports=["course-completion-report"])
        catalog = connector.discover(config).catalog
        run = connector.read(config, catalog_of(catalog.values()))

    assert set(catalog) == {"course_completion_report", "course_status", "course_user_state"}
    assert run.code == 0
    assert set(run.statuses) == set(catalog) == set(run.records) == set(run.states)
    assert "****" not in run.stdout


def test_the_log_counts_records(sandbox: Sandbox, connector: Connector) -> None:
    with sandbox:
        config = quick(sandbox, "canvas", reports=["grade_export_csv"])
        run = connector.read(config, catalog_of(connector.discover(config).catalog.values()))

    count = len(run.records["grade_export"])
    assert count > 1
    assert f"Read {count} records from grade_export stream" in run.logs


def test_what_a_library_prints_goes_to_stderr_without_secrets(sandbox: Sandbox, tmp_path: Path) -> None:
    talk = """
import warnings
from requests.sessions import Session

def noisy(*args, send=Session.send, **more):
    print("GET with canvas-token")
    warnings.warn("old", stacklevel=1)
    return send(*args, **more)

Session.send = noisy
"""
    (tmp_path / "sitecustomize.py").write_text(talk)
    noisy = Connector(tmp_path / "noisy", script, {"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "always"})
    with sandbox:
        run = noisy.check(quick(sandbox, "canvas"))

    assert run.connection["status"] == "SUCCEEDED"
    assert "GET with ****" in run.stderr
    assert "old" in run.stderr
    assert "canvas-token" not in run.stderr


@pytest.mark.parametrize(
    "locale", [{"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_lines_are_in_utf_8_whatever_the_locale(sandbox: Sandbox, tmp_path: Path, locale: dict[str, str]) -> None:
    elsewhere = Connector(tmp_path / "elsewhere", script, locale)
    with sandbox:
        config = quick(sandbox, "canvas", reports=["Berichte für €"])
        run = elsewhere.check(config)

    assert "'Berichte für €'" in run.connection["message"]
