from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.singer import keeping
from source_lms_reports.singer.keeping import ConfigFileKeeper, RenewedFileKeeper, make_keeper

TOKEN = ["platform", "refresh_token"]


def written(file: Path, document: Any) -> Path:
    file.write_text(json.dumps(document))
    return file


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def test_a_new_value_goes_to_the_file_that_the_old_one_came_from(tmp_path: Path) -> None:
    first = written(tmp_path / "a.json", {"platform": {"name": "x", "refresh_token": "old"}, "start_date": "y"})
    second = written(tmp_path / "b.json", {"lookback_days": 1})
    first.chmod(0o640)
    keeper = make_keeper([str(first), str(second)], {})

    keeper.require_room(TOKEN)
    keeper.keep(TOKEN, "new")

    assert read(first) == {"platform": {"name": "x", "refresh_token": "new"}, "start_date": "y"}
    assert read(second) == {"lookback_days": 1}
    assert stat.S_IMODE(first.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]
    assert keeper.latest(TOKEN, "old") == "new"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = written(tmp_path / "real.json", {"platform": {"refresh_token": "old"}})
    (tmp_path / "link.json").symlink_to(real)

    ConfigFileKeeper([tmp_path / "link.json"]).keep(TOKEN, "new")

    assert (tmp_path / "link.json").is_symlink()
    assert read(real) == {"platform": {"refresh_token": "new"}}


def test_a_file_that_cannot_be_replaced_is_written_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "mounted.json", {"platform": {"refresh_token": "a token that is longer"}})
    number = file.stat().st_ino

    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    ConfigFileKeeper([file]).keep(TOKEN, "new")

    assert read(file) == {"platform": {"refresh_token": "new"}}
    assert file.stat().st_ino == number
    assert [path.name for path in tmp_path.iterdir()] == ["mounted.json"]


def test_what_cannot_be_kept_is_said_before_anything_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "a.json", {"platform": {"refresh_token": "old"}})
    with pytest.raises(ConfigError, match=keeping.RENEWED_FILE):
        make_keeper([str(file)], {"MELTANO_EXTRACTOR_NAME": "tap-lms-reports"}).require_room(TOKEN)

    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match=r"a\.json cannot be written, and `platform.refresh_token` works once"):
        make_keeper([str(file)], {}).require_room(TOKEN)


def test_a_disk_that_fails_is_told_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written to .*none/a\.json: No such file"):
        ConfigFileKeeper([tmp_path / "none" / "a.json"]).keep(TOKEN, "new")


def test_a_file_for_renewed_values_goes_with_the_configured_one(tmp_path: Path) -> None:
    file = tmp_path / "renewed.json"

    def keeper() -> RenewedFileKeeper:
        found = make_keeper(["config.json"], {keeping.RENEWED_FILE: str(file), "MELTANO_EXTRACTOR_NAME": "x"})
        assert isinstance(found, RenewedFileKeeper)
        found.require_room(TOKEN)
        return found

    first = keeper()
    assert first.latest(TOKEN, "old") == "old"
    first.keep(TOKEN, "new")
    first.keep(TOKEN, "newer")

    assert keeper().latest(TOKEN, "old") == "newer"
    assert keeper().latest(TOKEN, "entered by somebody") == "entered by somebody"
    assert b'"old"' not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_accounts_keep_their_values_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "renewed.json"
    accounts = {name: RenewedFileKeeper(file) for name in ("one", "two")}
    for name, keeper in accounts.items():
        assert keeper.latest(TOKEN, name) == name
    for turn in range(30):
        for name, keeper in accounts.items():
            keeper.keep(TOKEN, f"{name} {turn}")
    for name in accounts:
        assert RenewedFileKeeper(file).latest(TOKEN, name) == f"{name} 29"


def test_the_file_does_not_grow_with_each_token_that_is_entered(tmp_path: Path) -> None:
    file = tmp_path / "renewed.json"
    for turn in range(50):
        keeper = RenewedFileKeeper(file)
        keeper.latest(TOKEN, f"entered {turn}")
        keeper.keep(TOKEN, f"new {turn}")
    assert len(read(file)["platform.refresh_token"]) <= 21
    assert RenewedFileKeeper(file).latest(TOKEN, "entered 49") == "new 49"


@pytest.mark.parametrize("content", [b'{"platform.refresh_token": {"inst', b"[]", b"\xff"])
def test_a_file_of_renewed_values_that_cannot_be_read_is_no_reason_to_take_the_old_one(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "renewed.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="what the platform renews is kept, cannot be read"):
        RenewedFileKeeper(file).latest(TOKEN, "old")


def test_a_file_of_renewed_values_may_be_empty_at_first(tmp_path: Path) -> None:
    file = tmp_path / "renewed.json"
    file.touch()
    assert RenewedFileKeeper(file).latest(TOKEN, "old") == "old"
