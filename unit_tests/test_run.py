"""The console script, as far as it needs no platform."""

from __future__ import annotations

import json

import pytest

import source_lms_reports
from source_lms_reports import run as script
from source_lms_reports.errors import TransientError


def ending(args: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code that a command line ends with."""
    codes: list[int] = []
    monkeypatch.setattr(script, "run_to_its_end", lambda work, *_: codes.append(work()))
    script.run(args)
    return codes[0]


def test_help_is_asked_for_or_given_on_wrong_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(["--help"], monkeypatch) == 0
    out, err = capsys.readouterr()
    assert "Platforms: adobe_learning_manager, brightspace, canvas, hapyak" in out
    assert err == ""
    assert ending([], monkeypatch) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "source-lms-reports check" in err


@pytest.mark.parametrize(
    ("error", "failure", "words"),
    [
        (TransientError("Not now."), "transient_error", "Not now."),
        (KeyError("x"), "system_error", "Something went wrong"),
    ],
)
def test_a_failure_that_ends_the_command_is_a_message(
    error: Exception, failure: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert script._report(error) == 1
    told = json.loads(capfd.readouterr().out.splitlines()[-1])["trace"]["error"]
    assert told["failure_type"] == failure
    assert words in told["message"]


def test_the_source_is_imported_on_first_use_and_nothing_else_is_there() -> None:
    assert source_lms_reports.SourceLmsReports.__name__ == "SourceLmsReports"
    with pytest.raises(AttributeError):
        _ = source_lms_reports.Nothing
