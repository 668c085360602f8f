"""The console script, as far as it needs no platform."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

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


_MANIFEST_FIELDS = """
import contextlib, json
import source_lms_reports.run as run
with {way}:
    from airbyte_cdk.sources.declarative.models import declarative_component_schema as models
import pydantic.v1 as pydantic

def fields(model):
    return {{name: [one.__qualname__ for one in (field.validators or [])] for name, field in model.__fields__.items()}}

classes = [one for one in vars(models).values() if isinstance(one, type) and issubclass(one, pydantic.BaseModel)]
wrong = {{"type": "RequestOption", "inject_into": "nowhere", "field_name": 1}}
try:
    words = repr(models.RequestOption.parse_obj(wrong))
except pydantic.ValidationError as error:
    words = str(error)
print(json.dumps([{{one.__name__: fields(one) for one in classes}}, words]))
"""


def _output(code: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_cdk_that_is_imported_quickly_is_the_same() -> None:
    plain, quick = (
        _output(_MANIFEST_FIELDS.format(way=way)) for way in ("contextlib.nullcontext()", "run.quick_imports()")
    )

    assert quick == plain
    assert "value is not a valid enumeration member" in plain[1]


def test_what_is_not_hashable_is_asked_about_once() -> None:
    asked: list[object] = []

    def answer(one: object) -> int:
        asked.append(one)
        return len(asked)

    once = script._once_each(answer)
    first, second = [1], [1]

    assert [once(first), once(second), once(first)] == [1, 2, 1]
    assert asked == [first, second]


def test_a_library_without_that_function_is_left_alone() -> None:
    with script._instead_of("json", "nothing", repr), script._instead_of("no_such.library", "nothing", repr):
        pass
    assert not hasattr(json, "nothing")
