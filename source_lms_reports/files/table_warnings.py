"""Warnings that are counted while a file is read and told once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Tally:
    count: int
    example: int | str | None


class TableWarnings:
    """Counted warnings about one table.

    A warning is a template with `{count}` and, if wanted, `{example}`; equal templates are added up, and the
    first example stays.
    """

    def __init__(self, subject: str | None = None) -> None:
        self._subject = subject
        self._tallies: dict[str, _Tally] = {}

    def add(self, template: str, count: int = 1, example: int | str | None = None) -> None:
        """Count a warning `count` more times."""
        tally = self._tallies.get(template)
        if tally is None:
            self._tallies[template] = _Tally(count, example)
        else:
            tally.count += count

    def messages(self) -> list[str]:
        """One line a warning, ready for the log."""
        prefix = f"{self._subject}: " if self._subject else ""
        return [
            prefix + template.replace("{count}", f"{tally.count:,}").replace("{example}", str(tally.example))
            for template, tally in self._tallies.items()
        ]


def listed(names: list[str], most: int = 20) -> str:
    """Names for a message, cut after `most`."""
    shown = ", ".join(name if len(name) <= 60 else f"{name[:57]}..." for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
