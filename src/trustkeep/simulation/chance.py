"""Numbers that a seed decides."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Numbers that a seed decides, the same on every machine and release."""

    def __init__(self, *seed: object) -> None:
        self._seed, self._drawn = "/".join(map(str, seed)), 0

    def below(self, end: int) -> int:
        """A number from 0 up to, and without, the end."""
        self._drawn += 1
        drawn = hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % end

    def within(self, least: int, most: int) -> int:
        """A number from the least to the most, both included."""
        return least + self.below(most - least + 1)

    def choice(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.below(len(among))]

    def some(self, among: Sequence[T], count: int) -> list[T]:
        """So many of several, each once, in the order of chance; all of them where they are few."""
        left = list(among)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def often(self, percent: int) -> bool:
        """Whether something happens that happens so often in a hundred times."""
        return self.below(100) < percent
