"""On whom a duty rests, and what happens as its time comes and goes.  Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from trustkeep.kernel.people.permissions import Role

Owner = UUID | Role


class State(StrEnum):
    """Stored: never rename one."""

    OPEN = "open"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What is done once as time goes by, in this order.  Stored: never rename one."""

    REMIND = "remind"
    DUE = "due"
    HEAD = "head"
    DPO = "dpo"


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a step is taken: a share of the time that was given, before or after it is over.

    A duty of an hour must not wait days for its head, nor one of a year be reminded of for months:
    hence a share, and `at_most` so long.
    """

    step: Step
    share: Fraction
    at_most: timedelta


THRESHOLDS = (
    Threshold(Step.REMIND, Fraction(-1, 4), timedelta(days=3)),
    Threshold(Step.DUE, Fraction(0), timedelta(0)),
    Threshold(Step.HEAD, Fraction(1, 4), timedelta(days=2)),
    Threshold(Step.DPO, Fraction(1, 2), timedelta(days=5)),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a person now; `deputy` stands in for whoever is absent, or is no person."""

    active: bool
    absent: bool = False
    deputy: UUID | None = None
    head: UUID | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything may rest on them."""
        return self.active and not self.absent


class Roster(Protocol):
    """Who there is, at one moment."""

    def standing(self, person: UUID) -> Standing:
        """What is known of one person; somebody unknown is not active."""

    def holders(self, role: Role) -> tuple[UUID, ...]:
        """The active holders of a role, absent ones too."""


def bearers(owner: Owner, roster: Roster) -> tuple[UUID, ...]:
    """The people on whom it rests now: each is active and present.

    The owner, or the holders of the role; where none of them is there their deputies, then their
    heads, the DPO, the administrators.  Empty only where all of these are away without a deputy.
    """
    named = roster.holders(owner) if isinstance(owner, Role) else (owner,)
    return next(filter(None, _candidates(named, roster)), ())


def _candidates(named: tuple[UUID, ...], roster: Roster) -> Iterator[tuple[UUID, ...]]:
    yield _there(named, roster)
    yield _stand_ins(named, roster)
    yield _heads(named, roster)
    for role in (Role.DPO, Role.DEPUTY_DPO, Role.ADMINISTRATOR):
        holders = roster.holders(role)
        yield _there(holders, roster)
        yield _stand_ins(holders, roster)


def told_of(step: Step, owner: Owner, roster: Roster) -> tuple[UUID, ...]:
    """Who is told when a step is taken.

    What the DPO bears is not told to the DPO as overdue, but to the management (GDPR Art. 38(3):
    the DPO reports to the highest level), or where it has nobody here to the administrators.
    """
    bear = bearers(owner, roster)
    match step:
        case Step.HEAD:
            return _heads(bear, roster)
        case Step.DPO:
            above = (bearers(Role.DPO, roster), *_above_the_dpo(roster))
            others = (tuple(each for each in people if each not in bear) for people in above)
            return next(filter(None, others), ())
        case _:
            return bear


def _above_the_dpo(roster: Roster) -> Iterator[tuple[UUID, ...]]:
    for role in (Role.MANAGEMENT, Role.ADMINISTRATOR):
        yield _there(roster.holders(role), roster)


def successor(leaver: UUID, roster: Roster) -> Owner | None:
    """Who owes from now on what a leaver owed; None: there is nobody at all.

    The owner of what was a program's, the active head of a person, or the DPO, or an administrator.
    """
    known = roster.standing(leaver)
    for person in (known.deputy, known.head):
        if person is not None and person != leaver and roster.standing(person).active:
            return person
    return next((role for role in (Role.DPO, Role.ADMINISTRATOR) if roster.holders(role)), None)


def step_at(step: Step, owed_at: datetime, due_at: datetime) -> datetime:
    """When a step is to be taken."""
    threshold = next(each for each in THRESHOLDS if each.step is step)
    share = (due_at - owed_at) * abs(threshold.share.numerator) / threshold.share.denominator
    wait = min(max(share, timedelta(0)), threshold.at_most)
    return due_at - wait if threshold.share < 0 else due_at + wait


def steps_due(
    owed_at: datetime, due_at: datetime, *, taken: Step | None, now: datetime
) -> tuple[Step, ...]:
    """The steps whose time has come and that were not taken yet, in their order."""
    return tuple(
        step for step in _after(taken) if step_at(step, owed_at, due_at) <= now
    )  # their moments never decrease, so these are the first of them


def next_step_at(owed_at: datetime, due_at: datetime, *, taken: Step | None) -> datetime | None:
    """When the next step is due; None: all were taken."""
    left = _after(taken)
    return step_at(left[0], owed_at, due_at) if left else None


class Rhythm(StrEnum):
    """How often somebody wants the digest.  Stored: never rename one."""

    DAILY = "daily"
    WEEKLY = "weekly"


MORNING, NOON = time(7), time(12)  # in the company's zone
_SATURDAY = 5


def digest_day(now: datetime, zone: str) -> date | None:
    """The working day whose morning it is; None: it is not the morning of one."""
    local = now.astimezone(ZoneInfo(zone))
    is_morning = MORNING <= local.time() < NOON
    return local.date() if is_morning and local.weekday() < _SATURDAY else None


def digest_occasion(day: date, rhythm: Rhythm) -> str:
    """What a digest is for: there is one of each for everybody."""
    if rhythm is Rhythm.WEEKLY:
        year, week, _ = day.isocalendar()
        return f"digest:{year}-w{week:02}"
    return f"digest:{day:%Y-%m-%d}"


def _after(taken: Step | None) -> tuple[Step, ...]:
    steps = tuple(Step)
    return steps[steps.index(taken) + 1 :] if taken else steps


def _there(people: Iterable[UUID], roster: Roster) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(each for each in people if roster.standing(each).is_there))


def _stand_ins(people: Iterable[UUID], roster: Roster) -> tuple[UUID, ...]:
    """The first who is there on each one's way from deputy to deputy."""
    found = []
    for person in people:
        seen, onto = {person}, roster.standing(person).deputy
        while onto is not None and onto not in seen and not roster.standing(onto).is_there:
            seen.add(onto)
            onto = roster.standing(onto).deputy
        if onto is not None and onto not in seen:
            found.append(onto)
    return tuple(dict.fromkeys(found))


def _heads(people: Iterable[UUID], roster: Roster) -> tuple[UUID, ...]:
    """The first who is there on each one's way upward; an absent head's deputy comes before."""
    found = []
    for person in people:
        seen, above = {person}, roster.standing(person).head
        while above is not None and above not in seen:
            seen.add(above)
            first = _there([above], roster) or _stand_ins([above], roster)
            # The deputy of the head may be the very person; then it goes on upward.
            if first and first[0] != person:
                found.append(first[0])
                break
            above = roster.standing(above).head
    return tuple(dict.fromkeys(found))
