"""What a clause's light shows, from what its checks found.  Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

UNWATCHED = "Nothing watches this yet."
STALE_AFTER = 3  # intervals: a check that missed three of its turns says nothing any more


class Status(StrEnum):
    """What is known of a part or clause.  Stored: never rename one."""

    HOLDS = "holds"
    NEEDS_ATTENTION = "needs_attention"
    BROKEN = "broken"
    NOT_YET_WATCHED = "not_yet_watched"
    DOES_NOT_APPLY = "does_not_apply"


# A broken part outweighs an unwatched one: the clause must not look better for being incomplete.
_WORST_FIRST = (
    Status.BROKEN,
    Status.NEEDS_ATTENTION,
    Status.NOT_YET_WATCHED,
    Status.HOLDS,
    Status.DOES_NOT_APPLY,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    `figure` is one short number with its unit ("100 of 100"), `sentence` one plain sentence; `rows`
    are what lies behind it (identifiers and codes, never a person's data) and `link` the page that
    shows them.  `looked_at` is how many rows were looked at; None where rows are not the matter.
    """

    status: Status
    figure: str
    sentence: str
    rows: Sequence[Mapping[str, str | int]] = ()
    link: str = ""
    looked_at: int | None = None


# What stands in place of a result that is not as it was written.
ALTERED = Finding(
    Status.NEEDS_ATTENTION,
    "-",
    "The kept result was changed from outside, so it shows nothing: find out who writes to the "
    "database.",
)


@dataclass(frozen=True, slots=True)
class Result:
    """A kept finding: of which check, for which part, when, and how often the check runs."""

    check: str
    part: str
    at: datetime
    every: timedelta
    finding: Finding


@dataclass(frozen=True, slots=True)
class PartState:
    """What is known of a part at a moment; `result` is the one that decided, if any did."""

    part: str
    status: Status
    figure: str
    sentence: str
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class ClauseState:
    """What is known of a clause at a moment: its worst part decides."""

    clause: str
    status: Status
    figure: str
    sentence: str
    parts: tuple[PartState, ...] = field(default=())


def counted(finding: Finding, *, expects_rows: bool) -> Finding:
    """The finding as it may count: looking at nothing proves nothing."""
    if not expects_rows or finding.looked_at or finding.status is not Status.HOLDS:
        return finding
    return Finding(
        Status.NOT_YET_WATCHED,
        "0",
        "There was nothing to look at yet, so nothing is shown to hold.",
        finding.rows,
        finding.link,
        finding.looked_at,
    )


def part_state(
    part: str,
    latest: Iterable[Result],
    *,
    expected: Iterable[str],
    now: datetime,
    exempt_because: str | None = None,
) -> PartState:
    """What is known of a part from the latest result of each check.

    `expected` are the checks that should have run: one without a result, or with a stale one, keeps
    the part from being green.
    """
    if exempt_because is not None:
        return PartState(part, Status.DOES_NOT_APPLY, "-", exempt_because)
    results = {each.check: each for each in latest}
    states = [_of_result(part, result, now) for result in results.values()]
    states += [
        PartState(part, Status.NOT_YET_WATCHED, "-", "The check has not run yet.")
        for name in expected
        if name not in results
    ]
    if not states:
        return PartState(part, Status.NOT_YET_WATCHED, "-", UNWATCHED)
    return min(states, key=lambda state: _WORST_FIRST.index(state.status))


def clause_state(clause: str, parts: Sequence[PartState]) -> ClauseState:
    """What is known of a clause: the worst of its parts speaks for it."""
    worst = min(parts, key=lambda state: _WORST_FIRST.index(state.status))
    watched = sum(state.status is not Status.NOT_YET_WATCHED for state in parts)
    figure, sentence = worst.figure, worst.sentence
    if worst.status is Status.NOT_YET_WATCHED:
        figure = f"{watched} of {len(parts)}"
        sentence = f"{watched} of {len(parts)} parts are watched." if watched else worst.sentence
    return ClauseState(clause, worst.status, figure, sentence, tuple(parts))


def _of_result(part: str, result: Result, now: datetime) -> PartState:
    found = result.finding
    if found.status is Status.HOLDS and now - result.at > STALE_AFTER * result.every:
        sentence = f"Last looked at {result.at:%Y-%m-%d %H:%M} UTC; too long ago to count."
        return PartState(part, Status.NEEDS_ATTENTION, found.figure, sentence, result)
    return PartState(part, found.status, found.figure, found.sentence, result)
