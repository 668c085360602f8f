"""The files that a command is given, as people, editors and shells write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.spec.input_file import read_config, read_documents, read_json


def written(folder: Path, content: Any) -> str:
    path = folder / "file.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_configuration_is_read_in_the_encodings_of_editors(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"platform": {"group_name": "Équipe"}}, ensure_ascii=False)
    assert read_config(written(tmp_path, text.encode(encoding))) == {"platform": {"group_name": "Équipe"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": "\xe9"}', "is not in UTF-8"),
        (b'{"a": 1,\n"b" 2}', r"is not JSON \(line 2\)"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "does not hold an object"),
    ],
)
def test_a_configuration_that_is_none_is_told_without_its_content(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_config(written(tmp_path, content))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json cannot be read: No such file"):
        read_config(str(tmp_path / "nowhere.json"))


def test_a_setting_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has `a` twice"):
        read_config(written(tmp_path, b'{"b": {"a": 1, "a": 2}}'))


def test_a_file_of_another_user_is_told_apart_from_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(ConfigError, match=r"may not be read by this user \(\d+; in the image it is 1000\)"):
        read_config(str(tmp_path / "config.json"))


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        (b'{"a": 1}', [{"a": 1}]),
        (b'{\n  "a":\n  1\n}\n', [{"a": 1}]),
        (b'{"a": 1}\n{"a": 2}\r\n\n', [{"a": 1}, {"a": 2}]),
        ('{"a": "\u2028"}\n{"a": 2}'.encode(), [{"a": "\u2028"}, {"a": 2}]),
        (b"[1]", [[1]]),
    ],
)
def test_documents_may_stand_one_a_line(tmp_path: Path, content: bytes, documents: list[Any]) -> None:
    assert read_documents(written(tmp_path, content), "state") == documents


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"a": 2', b'{"a": 1}\n7', b'{"a": 1} {"a": 2}'])
def test_lines_that_are_cut_or_no_objects_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match="is not JSON"):
        read_documents(written(tmp_path, content), "state")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told_as_one(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"The catalog file \S+ is empty"):
        read_json(written(tmp_path, content), "catalog")
