"""Is what is stored what the ledger says was written?

Parts of the kernel each say how their own state is compared; `verified` runs them all over one
snapshot.  A consistent write-back of old rows under an old header is not prevented: it is found
here, within five minutes.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DataError

from trustkeep.kernel.ledger import snapshots

MOST_LISTED = 200
_UNREADABLE = (DataError, ValueError, TypeError, KeyError, AttributeError, OverflowError)
_CUT_SHORT = (
    "Something here cannot even be read, so not all of it was compared: see the server's log."
)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that is not as it was written: `place` is a kind and identifiers, never a value."""

    part: str
    place: str
    sentence: str


@dataclass(slots=True)
class Report:
    """What a comparison came to; at most 200 discrepancies are listed, all are counted."""

    looked_at: Counter[str] = field(default_factory=Counter)
    listed: list[Discrepancy] = field(default_factory=list)
    count: int = 0

    def found(self, part: str, place: str, sentence: str) -> None:
        """One more discrepancy."""
        self.count += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Discrepancy(part, place, sentence))


Comparison = Callable[[Report], None]
_comparisons: dict[str, Comparison] = {}


def register(part: str, comparison: Comparison) -> None:
    """Have a part of the state compared; called when its application starts."""
    _comparisons[part] = comparison


def verified() -> Report:
    """Compare every part of the state with the ledger, in one snapshot of the data.

    Raises:
        SealedStart: the keys are not there, so that nothing can be compared.
    """
    report = Report()
    with snapshots.one_snapshot():
        for part, comparison in _comparisons.items():
            try:
                comparison(report)
            except _UNREADABLE as problem:
                # A value that no code of ours wrote must be a finding, and must not end the look.
                report.found(part, type(problem).__name__, _CUT_SHORT)
    return report
