"""Many rows of JSON as objects of a class, and how it is told that nothing of their text is lost.

A text of rows is an array of objects, or objects as lines: `[{"a":1},{"a":2}]`, `{"a":1}\\n{"a":2}`.

A decoder keeps the last of two values of one key, and does not tell. So what it gives is held against its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec
from msgspec import UNSET

_BEGINNING = 2048
_BLANKS_BEFORE_COLON = re.compile(rb'"[ \t\r\n]+:')
_AFTER_BACKSLASH = re.compile(rb'\\"[ \t\r\n]*:')
_VALUES = msgspec.json.Decoder(list[Any])
_ONE_BY_ONE = msgspec.json.Decoder(msgspec.Raw)


class RowDecoder:
    """Decodes texts of rows.

    Lines are decoded as they are: to make an array of them first takes 0.2 µs a row of half a kilobyte.

    Args:
        row: The type of a row.
        float_hook: Makes a number of the text of a decimal.
    """

    def __init__(self, row: Any, float_hook: Callable[[str], Any] | None = None) -> None:
        self._array: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[row], float_hook=float_hook)
        self._lines: msgspec.json.Decoder[Any] = msgspec.json.Decoder(row, float_hook=float_hook)

    def decode(self, text: bytes) -> list[Any]:
        """The rows of a text.

        Raises:
            DecodeError, UnicodeDecodeError, RecursionError: They are not of that type, or no JSON.
        """
        return self._array.decode(text) if is_array(text) else self._lines.decode_lines(text)


def is_array(text: bytes) -> bool:
    """Whether a text of rows is an array of them."""
    return text.startswith(b"[")


def as_array(text: bytes) -> bytes:
    """A text of rows as an array.

    Raises:
        DecodeError, RecursionError: It is no JSON.
    """
    return text if is_array(text) else b"[%b]" % b",".join(_ONE_BY_ONE.decode_lines(text))


class Fields:
    """The keys of rows and the types of their values, as a class that rows are decoded to.

    Args:
        names: The keys, none of which needs escaping in JSON.
        types: Of the values of each; `msgspec.Raw` leaves a value as the text of JSON that it is.
    """

    def __init__(self, names: Sequence[str], types: Sequence[Any]) -> None:
        self.names = tuple(names)
        self.types = tuple(types)

    @cached_property
    def decoder(self) -> RowDecoder:
        """Passes rows with these keys and no others."""
        return RowDecoder(self.row_class(self.types))

    def row_class(self, types: Sequence[Any]) -> Any:
        """A class with the fields f0, f1, … in the order of the names. A key that a row has not is UNSET.

        What is UNSET is not written.

        Args:
            types: What is taken when rows are decoded, besides nothing; what is set later may be of any type.
        """
        fields = [
            (f"f{at}", kind | msgspec.UnsetType, msgspec.field(default=UNSET, name=name))
            for at, (name, kind) in enumerate(zip(self.names, types, strict=True))
        ]
        return msgspec.defstruct("Row", fields, forbid_unknown_fields=True, gc=False)


@dataclass
class Decoded:
    """Rows of a text.

    Args:
        rows: Objects of a `Fields.row_class`.
        size: How long they are as lines if they have all that stands in their text; None where that cannot be told.
            `[{"a":1,"a":2}]` comes out as `{"a":2}`, which is shorter. Nothing ever comes out longer: numbers are left
            as they are, and all escapes that are needed stood in the text. So rows of this size lack nothing. To write
            them takes half as long as to decode them, and has to be done once anyway.
        keys: The keys of the text beside those of the rows.
    """

    rows: list[Any]
    size: int | None
    keys: int = 0

    def leave_out(self, at: int, name: str, rows: list[Any]) -> None:
        """Make UNSET of what is null in a field, and count it: `{"a":null,"b":1}` -> `{"b":1}`.

        Args:
            at: The field.
            name: Its key.
            rows: Those that have null in it.
        """
        field = f"f{at}"
        for row in rows:
            setattr(row, field, UNSET)
        self.count(len(rows), len(b'"%b":null,' % name.encode()))

    def count(self, keys: int, size: int) -> None:
        """Count keys of the text that the rows have not, each of which takes so many bytes in it."""
        self.keys += keys
        self.grow(-keys * size)

    def grow(self, size: int) -> None:
        """Count bytes that the lines have and the text has not."""
        if self.size is not None:
            self.size += size


def lines_size(text: bytes) -> int | None:
    r"""How long the rows of a text are as lines if there are no blanks in it; None where there are some.

    `[{"a":1},\n{"a":2}]` -> 16, for `{"a":1}\n{"a":2}\n`: the line feeds of an array are blanks. To leave them out
    takes 0.02 µs a row of half a kilobyte, a sixth of what it takes to count them.
    """
    if b'": ' in text[:_BEGINNING]:
        return None
    if not is_array(text):
        return len(text) + len(b"\n")
    return len(text.replace(b"\n", b"")) - len(b"[]") + len(b"\n")


def lacks_nothing(text: bytes, found: Decoded, texts: Iterable[bytes]) -> bool:
    """Whether rows have all keys of their text, counted. Where it cannot be told for certain, False.

    It takes 1.2 µs a row, more than to decode them.

    Args:
        text: The rows.
        found: The same.
        texts: Those of their values that were left as texts of JSON, which may have keys too.
    """
    cells = list(chain.from_iterable(map(msgspec.structs.astuple, found.rows)))
    keys = len(cells) - cells.count(UNSET) + found.keys
    return keys + keys_in(_VALUES.decode(b"[%b]" % b",".join(filter(None, texts)))) == keys_of(text)


def keys_of(text: bytes) -> int | None:
    r"""The keys of a text of JSON: colons behind a quote, but for those inside of strings; None where they are unclear.

    `{"a":1,"b" : "c\":d"}` has two. Of `{"a\\":1}` it is not seen that the quote ends a text.
    """
    found = text.count(b'":') + len(_BLANKS_BEFORE_COLON.findall(text))
    if b"\\" not in text:
        return found
    return None if b'\\\\"' in text else found - len(_AFTER_BACKSLASH.findall(text))


def keys_in(value: Any) -> int:
    """The keys of all objects in a value."""
    if type(value) is dict:
        return len(value) + sum(map(keys_in, value.values()))
    return sum(map(keys_in, value)) if type(value) is list else 0
