from __future__ import annotations

import json

import pytest

from source_lms_reports.redaction import Redactor


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.register("s3cr3t/w+rd=")
    return made


@pytest.mark.parametrize(
    "text",
    [
        "the token is s3cr3t/w+rd= here",
        "GET /x?y=s3cr3t%2Fw%2Brd%3D",
        json.dumps({"a": "s3cr3t/w+rd="}),
    ],
)
def test_a_registered_secret_is_masked_in_all_its_spellings(redactor: Redactor, text: str) -> None:
    assert "s3cr3t" not in redactor.redact(text)
    assert "****" in redactor.redact(text)


def test_a_secret_with_quotes_is_masked_inside_json() -> None:
    redactor = Redactor()
    redactor.register('quo"te\\d-word')
    assert "word" not in redactor.redact(json.dumps({"message": 'it is quo"te\\d-word'}))


def test_a_short_or_missing_secret_masks_nothing() -> None:
    redactor = Redactor()
    for secret in ("", "abc", None):
        redactor.register(secret)
    assert redactor.redact("abc and more") == "abc and more"


def test_the_longest_of_two_secrets_goes_first() -> None:
    redactor = Redactor()
    redactor.register("word")
    redactor.register("word-and-more")
    assert redactor.redact("word-and-more") == "****"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "https://f.example/a.csv?X-Amz-Signature=abc&page=2",
            "https://f.example/a.csv?X-Amz-Signature=****&page=2",
        ),
        ("'/files/1/download?download_frd=1&verifier=abc'", "'/files/1/download?download_frd=1&verifier=****'"),
        (
            "https://h.example/r?start=2024-01-01&end=2024-02-01",
            "https://h.example/r?start=2024-01-01&end=2024-02-01",
        ),
        ("https://t.example/m?modified_at__gte=2024&odd=1", "https://t.example/m?modified_at__gte=2024&odd=****"),
        ("https://user:pass@host.example/x", "https://****@host.example/x"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ****"),
        ("{'Authorization': 'Token abcdef123456'}", "{'Authorization': 'Token ****'}"),
        ("X-Hapyak-API-Key: abcdef123456", "X-Hapyak-API-Key: ****"),
        ("client_secret=abcdef123456", "client_secret=****"),
    ],
)
def test_signatures_and_credentials_are_masked_without_being_known(text: str, shown: str) -> None:
    assert Redactor().redact(text) == shown


@pytest.mark.parametrize("text", ["The token has expired.", "Basic settings", "a Bearer of news", "what? yes=no"])
def test_plain_words_stay(text: str) -> None:
    assert Redactor().redact(text) == text
