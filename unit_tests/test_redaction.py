from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

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


SECRET = "Ab/c+d=e&f\"g<h~i!j'k\\l%m\u20acn\u00f6pQRSTUVWX"


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: json.dumps(text).replace("&", "\\u0026").replace("+", "\\u002B").replace("\\u20ac", "\\u20AC"),
        lambda text: json.dumps(json.dumps(text)),
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
        quote,
        lambda text: quote(text, safe="~()*!.'"),
        lambda text: quote(text, safe=";,/?:@&=+$-_.!~*'()#"),
        lambda text: quote(quote(text, safe=""), safe=""),
        html.escape,
        lambda text: html.escape(html.escape(text)),
        lambda text: "".join(one if one.isalnum() else f"&#{ord(one)};" for one in text),
        repr,
        lambda text: repr(text.encode()),
        lambda text: text.encode().decode("latin-1"),
        lambda text: text.encode().hex(),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"id:{text}".encode()).decode(),
        lambda text: quote(base64.b64encode(text.encode()), safe=""),
        lambda text: base64.b64encode(f"client:{text}:end".encode()).decode(),
    ],
)
def test_no_spelling_that_a_vendor_may_answer_with_shows_a_secret(spell: Callable[[str], str]) -> None:
    redactor = Redactor()
    redactor.register(SECRET)

    masked = redactor.redact(f"It says {spell(SECRET)} .")

    left = masked.removeprefix("It says ").removesuffix(" .").replace("****", "")
    assert "****" in masked
    assert len(left) <= 20  # quotes, or in Base64 the neighbours
    assert "QRST" not in left


@pytest.mark.parametrize("most", [12, 13, 20, 31])
def test_a_secret_that_a_text_is_cut_in_is_masked(most: int) -> None:
    redactor = Redactor()
    redactor.register("Zm9v/YmFyYmF6cXV4-0123456789abcdef")

    assert redactor.redact(f"says {'Zm9v/YmFyYmF6cXV4-0123456789abcdef'[:most]}… and more") == "says ****… and more"
    assert redactor.redact("says Zm9v/YmFyYm… and more") == "says Zm9v/YmFyYm… and more"


def test_of_secrets_that_begin_alike_each_is_masked_to_its_end() -> None:
    redactor = Redactor()
    tokens = [f"eyJhbGciOiJIUzI1NiJ9.{body}" for body in ("abcdefghij", "abcdef", "zyxwvu-0123456789", "a/b")]
    for token in tokens:
        redactor.register(token)

    for token in tokens:
        assert redactor.redact(f"<{token}>") == "<****>"


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
