"""Names that stand twice: the second `a` is `a_2`."""

from __future__ import annotations


class TwinNames:
    """Gives free names.

    Args:
        taken: Those that are not free; the ones that were given are added.
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._numbers: dict[str, int] = {}

    def free(self, name: str) -> str:
        """The name with the next number that is free.

        The last one of each name is kept: to look for it from 2 on takes minutes where a name stands 16,384 times.
        """
        number = self._numbers.get(name, 1) + 1
        while (found := f"{name}_{number}") in self._taken:
            number += 1
        self._numbers[name] = number
        self._taken.add(found)
        return found
