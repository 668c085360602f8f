"""The beginning of a file as a file of its own: discovery needs some rows and not all of them."""

from __future__ import annotations

import msgspec

from source_lms_reports.files.archive import is_packed
from source_lms_reports.files.csv_rows import piece_in_sight

#: A member that is cut off is looked for in so many places from the end on.
_MOST_TRIES = 100
_MARK = b"\xef\xbb\xbf"


def may_be_cut(beginning: bytes) -> bool:
    """Whether the first rows of a file tell its columns and types.

    They do in a CSV, and in a JSON document that is nothing but a list of records. What is packed cannot be read from
    its beginning, UTF-16 not be cut between bytes, and of a JSON object the members behind may be further tables.

    `id,name` -> True, `[{"id": 1` -> True, `{"reports": [{` -> False, `PK..` -> False

    Args:
        beginning: The first bytes, a few at least.
    """
    text = beginning.removeprefix(_MARK).lstrip()
    return bool(text) and not is_packed(beginning) and b"\0" not in beginning and not text.startswith(b"{")


def whole_rows(beginning: bytes) -> bytes:
    r"""The whole rows at the beginning of a file that may be cut; nothing where there is none.

    `id,name\n1,Ada\n2,Gr` -> `id,name\n1,Ada\n`, `[{"id": 1}, {"id": 2}, {"i` -> `[{"id": 1}, {"id": 2}]`
    """
    if beginning.removeprefix(_MARK).lstrip().startswith(b"["):
        return _whole_records(beginning)
    return piece_in_sight(beginning).data


def _whole_records(beginning: bytes) -> bytes:
    """The list of the records that are whole: those before the last bracket behind which the list can end."""
    end = len(beginning)
    for _ in range(_MOST_TRIES):
        end = beginning.rfind(b"}", 0, end)
        if end < 0:
            break
        closed = beginning[: end + 1] + b"]"
        if _is_list(closed.removeprefix(_MARK)):
            return closed
    return b""


def _is_list(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), list)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
