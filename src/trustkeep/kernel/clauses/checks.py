"""The checks: each a function that looks at the real state and says what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from trustkeep.base.errors import Misconfigured
from trustkeep.kernel.clauses import sop
from trustkeep.kernel.clauses.rules import Finding, Status

__all__ = ["CHECKS", "Check", "Finding", "Status", "check"]

Look = Callable[[], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check; its name is its function's module and name, and is stored."""

    name: str
    part: str
    every: timedelta
    expects_rows: bool
    after_look: bool
    look: Look


CHECKS: dict[str, Check] = {}


def check(
    part: str, *, every: timedelta, expects_rows: bool = True, after_look: bool = False
) -> Callable[[Look], Look]:
    """Watch one part of a clause.

    With `expects_rows` a finding that looked at no row (`Finding.looked_at`) counts as not yet
    watched, never as green.  With `after_look` it speaks of the newest comparison of state and
    ledger, so that it also runs at once after each.

    Raises:
        Misconfigured: no clause has such a part, the interval is empty, or the name is taken.
    """
    if part not in sop.part_ids():
        raise Misconfigured(f"No clause has a part {part}: name one that sop.toml lists.")
    if every <= timedelta(0):
        raise Misconfigured(f"The check of {part} needs an interval longer than nothing.")

    def register(look: Look) -> Look:
        name = f"{look.__module__.removeprefix('trustkeep.')}.{look.__name__}"
        made = Check(name, part, every, expects_rows, after_look, look)
        if CHECKS.setdefault(name, made) is not made:
            raise Misconfigured(f"Two checks are called {name}: give one of them another name.")
        return look

    return register
