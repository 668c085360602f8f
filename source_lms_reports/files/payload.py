"""What a download left on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        reached: How far the report reaches by the vendor's word; None where it does not tell.
        bring: Gives the payload and then the files that come one by one, each proven, as payloads of their own. Such a
            one is deleted when the next is asked for.
    """

    parts: tuple[Part, ...]
    ordered_at: float = 0.0
    is_complete: bool = True
    reached: str | None = None
    bring: Callable[[Payload], Iterator[Payload]] | None = field(default=None, compare=False, repr=False)

    @property
    def comes_in_pieces(self) -> bool:
        """Whether its files come one by one, so that rows of some may be out before another one is proven."""
        return self.bring is not None

    def pieces(self) -> Iterator[Payload]:
        """The report in pieces that are proven: mostly one.

        Raises:
            ReportError: A piece could not be had, or is damaged. Those before it were given.
        """
        return iter((self,)) if self.bring is None else self.bring(self)

    def remove(self) -> None:
        """Delete the files, and what is known of them; doing so twice is fine."""
        for part in self.parts:
            part.path.unlink(missing_ok=True)
            part.findings.forget()
