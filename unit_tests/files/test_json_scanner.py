from __future__ import annotations

import msgspec
import pytest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1', "Input data was truncated"),
        ('"a', "Input data was truncated"),
        ('{"a": tr', "Input data was truncated"),
        ("[1, 2", "Input data was truncated"),
        ('{"a": "\\ud83d"}', "Input data was truncated"),
        ('{"a": 1}\n{"a": 2}', "JSON is malformed: trailing characters (byte 10)"),
        ("12 [", "JSON is malformed: trailing characters (byte 4)"),
        ('{"a": x}', "JSON is malformed: invalid character (byte 6)"),
        ('{"a" 1}', "JSON is malformed: expected ':' (byte 5)"),
        ('"a\nb"', "JSON is malformed: invalid character (byte 2)"),
    ],
)
def test_the_words_of_msgspec_by_which_the_end_of_a_value_is_found(text: str, words: str) -> None:
    """Where these change, `json_scanner` must learn the new ones before the bound of the version is lifted."""
    with pytest.raises(msgspec.DecodeError) as raised:
        msgspec.json.Decoder(msgspec.Raw).decode(text.encode())
    assert str(raised.value) == words
