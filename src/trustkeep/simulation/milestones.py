"""What happens once or now and then: people come and go, and the sins that shall be found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from trustkeep.simulation import staff
from trustkeep.simulation.changes import (
    Absent,
    AnchorSeen,
    Extended,
    Granted,
    GrantRevoked,
    Joined,
    KitProven,
    Left,
    Trained,
)
from trustkeep.simulation.diary import Diary
from trustkeep.simulation.happenings import (
    ErasureAsked,
    Happening,
    Merged,
    ReadingRefused,
    Snooped,
)

SNOOPER, SNOOPED_IN = "agent-4", (21, 23)  # who, between which hours of the night
JOINERS = ("agent-16", "agent-17")
LIMITED = ("caller-2", "answer_about_order")  # granted for a few days only
UNUSED = "refund_order"  # granted to two clerks, and needed by nobody in all that time
PROVE_EVERY, PROVEN_LATE = timedelta(days=90), timedelta(days=38)  # the kit; seen in four weeks
FORGOTTEN_FOR = timedelta(days=8)  # the anchor, up to now
_EARLY, _LATER = (7, 9), (14, 16)  # a checkpoint comes before whatever is looked at that day
_NIGHTS, _EACH_NIGHT = 3, 18


@dataclass(frozen=True, slots=True)
class Milestones:
    """What happens once; who answers customers, the later ones `since` when.

    `spoken_for`: the customers of whom nothing else is told, since they go or become one.
    """

    happenings: tuple[Happening, ...]
    agents: tuple[str, ...]
    since: Mapping[str, date]
    contract_ends: Mapping[str, date]
    spoken_for: frozenset[int]


def of(diary: Diary, customers: int) -> Milestones:
    """The milestones of a span; of so many customers the last three are spoken for."""
    left_on = diary.share(45)
    asked, other, gone = customers, customers - 1, customers - 2
    agents = tuple(seat.key for seat in staff.seats() if seat.key.startswith(("agent-", "caller-")))
    diary.leave(staff.LEAVER, left_on - timedelta(days=1), (diary.ends_on - left_on).days + 1)
    since = {
        joiner: diary.later(diary.share(percent), 2)
        for joiner, percent in zip(JOINERS, (25, 55), strict=True)
    }
    happenings = (
        *_holidays(diary, agents),
        *_joiners(diary),
        *_leaver(diary, left_on),
        *_grants(diary),
        *_snooping(diary, customers),
        *_proofs(diary),
        ErasureAsked(diary.minute(diary.share(50)), "analyst", gone, "support-head"),
        Merged(diary.minute(diary.share(65)), "records", 3, other),
        ErasureAsked(diary.minute(diary.share(99)), "records", asked, None),
    )
    far = diary.ends_on + timedelta(days=200)
    ends = {
        "caller-1": left_on + timedelta(days=6), "caller-2": far, "carrier": far,
        staff.CONTRACT_ENDS: diary.share(70),
    }  # fmt: skip
    return Milestones(happenings, agents, since, ends, frozenset({3, asked, other, gone}))


def _holidays(diary: Diary, agents: tuple[str, ...]) -> Iterator[Happening]:
    """Every other week somebody of support is away; once the DPO is, for two weeks."""
    yield Absent(diary.minute(diary.share(30)), "dpo", 14, "deputy")
    for day in diary.working_days()[5:-12:10]:
        staying = [one for one in agents if one not in {*JOINERS, staff.LEAVER}]
        who, deputy = diary.chance.some(staying, 2)
        days = diary.chance.within(3, 9)
        if who not in {SNOOPER, LIMITED[0]} and diary.is_there(who, day):
            diary.leave(who, day, days)
            yield Absent(diary.minute(day), who, days, deputy)


def _joiners(diary: Diary) -> Iterator[Happening]:
    """Who comes is refused until they were trained."""
    for joiner, percent in zip(JOINERS, (25, 55), strict=True):
        day = diary.share(percent)
        yield Joined(diary.minute(day, (7, 9)), "hr-1", joiner)
        reading = ("answer_customer", ("name",))
        yield ReadingRefused(diary.minute(day, (10, 12)), joiner, 4, reading, "no_clearance")
        yield Trained(diary.minute(diary.later(day, 1)), "hr-2", joiner)


def _leaver(diary: Diary, day: date) -> Iterator[Happening]:
    """Who leaves sponsored somebody: another one does it then, and the contract goes on."""
    yield Left(diary.minute(day), "admin", staff.LEAVER)
    until = diary.ends_on + timedelta(days=120)
    at = diary.minute(diary.later(day, 2))
    yield Extended(at, "hr-1", "caller-1", until, "support-head")


def _grants(diary: Diary) -> Iterator[Happening]:
    """Some are given for nothing, one for a time, one is taken back."""
    first = diary.share(5)
    for clerk in ("clerk-1", "clerk-2"):
        yield Granted(diary.minute(first), "orders-head", clerk, UNUSED)
    caller, purpose = LIMITED
    yield Granted(diary.minute(first), "support-head", caller, purpose, 7)
    again, reading = diary.minute(diary.later(first, 7)), (purpose, ("name", "city"))
    yield ReadingRefused(again, caller, 4, reading, "grant_ended")
    yield GrantRevoked(diary.minute(diary.share(80)), "orders-head", "clerk-2", UNUSED)


def _snooping(diary: Diary, customers: int) -> Iterator[Happening]:
    nights = diary.working_days()
    middle = nights.index(diary.share(75))
    for night in nights[middle : middle + _NIGHTS]:
        seen = diary.chance.some(range(4, customers - 2), _EACH_NIGHT)
        yield Snooped(diary.minute(night, SNOOPED_IN), SNOOPER, tuple(seen))


def _proofs(diary: Diary) -> Iterator[Happening]:
    """The kit is proven again, too late; a checkpoint is pasted each day, but not lately."""
    proven_on = diary.begins_on + PROVE_EVERY + PROVEN_LATE
    if proven_on < diary.ends_on:
        yield KitProven(diary.minute(diary.later(proven_on, 0), _LATER), "it-head")
    for day in diary.working_days()[3:]:
        if day < diary.ends_on - FORGOTTEN_FOR:
            yield AnchorSeen(diary.minute(day, _EARLY), "auditor")
