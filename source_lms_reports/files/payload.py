"""What a download left on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from source_lms_reports.files.findings import FileFindings


@dataclass(frozen=True)
class Part:
    """One downloaded file.

    Args:
        path: Where its bytes are, as they came (still packed, if the vendor packed them).
        name: The file's name from the URL or `Content-Disposition`, if there is any.
        charset: The `charset` of the `Content-Type` header, if there is any.
        is_framed: Whether the answer told its own end (by a length or by chunks), so that no byte of it is missing.
        findings: Filled by those who read the file.
        link: The answer's `Link` header, where the file is a page of a list.
        is_cut: Whether these are the first rows of a longer file.
    """

    path: Path
    name: str | None = None
    charset: str | None = None
    is_framed: bool = True
    findings: FileFindings = field(default_factory=FileFindings, compare=False, repr=False)
    link: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Payload:
    """All files of one report, in the vendor's order.

    Args:
        parts: The files.
        ordered_at: When the report was ordered, in the vendor's epoch seconds: what changed later may be missing.
        is_complete: Whether the vendor gave as much as it said there is.
    """

    parts: tuple[Part, ...]
    ordered_at: float = 0.0
    is_complete: bool = True

    def remove(self) -> None:
        """Delete the files, and what is known of them; doing so twice is fine."""
        for part in self.parts:
            part.path.unlink(missing_ok=True)
            part.findings.forget()
