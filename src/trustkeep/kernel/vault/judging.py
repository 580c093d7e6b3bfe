"""May what a source says now take the place of what stands here?  SOP 4.1a.

Four texts are compared for each value: what stands here, what the source says, what it said the
last time, and what others said.  A value that somebody corrected here is not overwritten by a file
that still says the old one; nor is what came from elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trustkeep.kernel.vault.said import HERE, Memory
from trustkeep.kernel.vault.sealing import Values


class Prefer(StrEnum):
    """Whose value counts where both changed."""

    NEITHER = "neither"  # left as it is, and reported
    FILE = "file"
    OURS = "ours"


class Difference(StrEnum):
    """Why what stands here is not only what the source said before."""

    CHANGED_HERE = "changed_here"
    REMOVED_HERE = "removed_here"
    OTHER_SOURCE = "other_source"
    UNKNOWN = "unknown"  # nothing is on record of who said it


@dataclass(frozen=True, slots=True)
class Judged:
    """Values to be written, those in conflict and why, and what the source is to be held to."""

    changes: Values
    conflicts: Mapping[str, Difference]
    said: Values


def judged(
    memory: Memory,
    opened_values: Values,
    values: Values,
    *,
    source: str,
    prefer: Prefer,
    is_first: bool,
) -> Judged:
    """What becomes of each value that a source names; `is_first`: nothing was ever changed here."""
    changes: dict[str, str] = {}
    conflicts: dict[str, Difference] = {}
    said: dict[str, str] = {}
    for element, value in values.items():
        ours = opened_values.get(element)
        if ours != value and not memory.last_said(source, element, value):
            why = _difference(memory, source, element, ours, is_first=is_first)
            if why is None or prefer is Prefer.FILE:
                changes[element] = value
            elif prefer is Prefer.NEITHER:
                conflicts[element] = why
                continue  # until somebody says whose value counts
        said[element] = value
    return Judged(changes, conflicts, said)


def _difference(
    memory: Memory, source: str, element: str, ours: str | None, *, is_first: bool
) -> Difference | None:
    """Why what stands here came from elsewhere than this source; None: it did not."""
    if ours is None:
        if memory.ever_stood(element):
            return Difference.REMOVED_HERE
        return None if memory.is_known or is_first else Difference.UNKNOWN
    if memory.last_said(HERE, element, ours):
        return Difference.CHANGED_HERE
    if memory.others_said(source, element, ours):
        return Difference.OTHER_SOURCE
    return None if memory.last_said(source, element, ours) else Difference.UNKNOWN
