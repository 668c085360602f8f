"""What a download left on disk."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Proof = dict[Hashable, Any]
"""What a reading of a file to its end has found out, to spare the next one."""


@dataclass(frozen=True)
class Part:
    """One downloaded file.

    Args:
        path: Where its bytes are, as they came (still packed, if the vendor packed them).
        name: The file's name from the URL or `Content-Disposition`, if there is any.
        content_type: The `Content-Type` header's type; a hint only, the bytes decide.
        charset: The `charset` of the `Content-Type` header, if there is any.
        is_framed: Whether the answer told its own end (by a length or by chunks), so that no byte of it is missing.
        proof: Filled by those who read the file.
        link: The answer's `Link` header, where the file is a page of a list.
    """

    path: Path
    name: str | None = None
    content_type: str | None = None
    charset: str | None = None
    is_framed: bool = True
    proof: Proof = field(default_factory=dict, compare=False, repr=False)
    link: str | None = None


@dataclass(frozen=True)
class Payload:
    """All files of one report, in the vendor's order."""

    parts: tuple[Part, ...]

    def remove(self) -> None:
        """Delete the files, and what is known of them; doing so twice is fine."""
        for part in self.parts:
            part.path.unlink(missing_ok=True)
            _forget(part.proof)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(part.path.stat().st_size for part in self.parts)


def _forget(proof: Proof) -> None:
    """Clear a proof and those of the files inside, which others may still hold."""
    for inner in proof.values():
        if isinstance(inner, dict):
            _forget(inner)
    proof.clear()
