from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest

from source_lms_reports.api.renewal_lock import LockBusy, RenewalLock


def test_one_at_a_time(tmp_path: Path) -> None:
    with RenewalLock("https://a", "client", tmp_path), pytest.raises(LockBusy):
        RenewalLock("https://a", "client", tmp_path, longest_wait=0).__enter__()
    with RenewalLock("https://a", "client", tmp_path, longest_wait=0):
        pass


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    seen: list[str] = []

    def second() -> None:
        with RenewalLock("https://a", "client", tmp_path) as lock:
            seen.append("known" if lock.knows_spent("token") else "unknown")

    with RenewalLock("https://a", "client", tmp_path) as lock:
        thread = threading.Thread(target=second)
        thread.start()
        lock.note_spent("token")
    thread.join(10)

    assert seen == ["known"]


def test_another_client_has_a_lock_and_tokens_of_its_own(tmp_path: Path) -> None:
    with RenewalLock("https://a", "client", tmp_path) as lock:
        lock.note_spent("token")
        with RenewalLock("https://a", "other", tmp_path, longest_wait=0) as other:
            assert not other.knows_spent("token")
        with RenewalLock("https://b", "client", tmp_path, longest_wait=0) as other:
            assert not other.knows_spent("token")


def test_spent_tokens_are_known_by_digests_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    with RenewalLock("https://a", "client", tmp_path) as lock:
        for number in range(60):
            lock.note_spent(f"token-{number}")
        assert lock.knows_spent("token-59")
        assert not lock.knows_spent("token-1")
    (file,) = tmp_path.iterdir()
    assert b"token" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_folder_of_our_own_there_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"source-lms-reports-tokens-{os.getuid()}").symlink_to(tmp_path)

    with RenewalLock("https://a", "client") as lock:
        lock.note_spent("token")
        assert not lock.knows_spent("token")
