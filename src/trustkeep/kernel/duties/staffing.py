"""What needs doing about the people themselves: ends come near, heads and owners are gone.

The people only say what happened; this looks at how things are, so that it may run at any time.
SOP 2a, 3b, 4.3a, 4.3b.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.errors import Tampered
from trustkeep.kernel.duties import kinds, queries, rules
from trustkeep.kernel.duties.actions.handing import KEEPER
from trustkeep.kernel.duties.actions.owing import owe, settle, withdraw
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import Owner
from trustkeep.kernel.people import census, directory
from trustkeep.kernel.people.actions import ending
from trustkeep.kernel.people.census import Census, Person
from trustkeep.kernel.people.permissions import Role

END_NEAR = kinds.kind(
    "people.end.near", "Extend the time of member {member}, or let it end: its last day is near"
)
SPONSOR_GONE = kinds.kind(
    "people.sponsor.gone", "Name a sponsor for member {member}: theirs is not active any more"
)
HEADLESS = kinds.kind(
    "people.department.headless",
    "Name a head for department {department}: nobody who is active and belongs there leads it",
)
ACCOUNT_ENDS = kinds.kind(
    "people.account.ends", "Renew the account of a program {member}, or let it end"
)
ACCOUNT_ALONE = kinds.kind(
    "people.account.alone",
    "Name who answers for the account of a program {member}: it ends where nobody does",
)
KINDS = (END_NEAR, SPONSOR_GONE, HEADLESS, ACCOUNT_ENDS, ACCOUNT_ALONE)
# So long before an end it is owed to decide about it; so long is given to name somebody.
NOTICE, GIVEN = timedelta(days=14), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A duty as it should stand; `subject` is the member or department that it is about."""

    kind: kinds.Kind
    subject: UUID
    to: Owner
    due: datetime
    clause: str
    of: str = ""  # where one subject has two duties of a kind: whose this is

    @property
    def key(self) -> str:
        """Under which it is owed."""
        return ":".join(filter(None, (self.kind.code, str(self.subject), self.of)))


def follow() -> None:
    """Owe what is to be done, and close what is not to be done any more."""
    try:
        found = census.taken()
    except Tampered:
        return  # the departments: nothing can be said of anybody until two people began them anew
    roster = RosterNow(world.now())
    wanted = {each.key: each for each in _wanted(found, roster)}
    open_ones = {row.key: row for kind in KINDS for row in queries.open_of_kind(kind.code)}
    for key in sorted(wanted.keys() - open_ones.keys()):
        _owe(wanted[key])
    for key in sorted(open_ones.keys() - wanted.keys()):
        subject = open_ones[key].about.get("member")
        person = found.people.get(UUID(subject)) if subject else None
        # Whoever left is not to be decided about any more; a department always gets a head.
        close = withdraw if subject and not (person and person.active) else settle
        with transaction.atomic(durable=True):
            close(KEEPER, key=key)


def _wanted(found: Census, roster: RosterNow) -> Iterator[Wanted]:
    office = Role.HR if roster.holders(Role.HR) else Role.ADMINISTRATOR
    now = world.now()
    for person in found.people.values():
        if person.active and person.is_person:
            yield from _of_person(person, found, roster, office)
        elif person.active:
            yield from _of_account(person, roster)
    for unit in found.units.values():
        if not directory.has_head(found, unit):
            yield Wanted(HEADLESS, unit.id, office, now + GIVEN, "3b")


def _of_person(person: Person, found: Census, roster: RosterNow, office: Role) -> Iterator[Wanted]:
    now, stated = world.now(), person.stated
    if stated.ends_at is not None and stated.ends_at - NOTICE <= now:
        yield Wanted(END_NEAR, person.id, office, stated.ends_at, "4.3a", "office")
        near = stated.sponsor or found.lines.head_of(person.id)
        if near is not None and roster.standing(near).active:
            yield Wanted(END_NEAR, person.id, near, stated.ends_at, "4.3a", "sponsor")
    sponsor = found.people.get(stated.sponsor) if stated.sponsor else None
    if stated.sponsor is not None and not (sponsor and sponsor.active):
        yield Wanted(SPONSOR_GONE, person.id, office, now + GIVEN, "2a")


def _of_account(account: Person, roster: RosterNow) -> Iterator[Wanted]:
    now, owner = world.now(), account.responsible
    if owner is None:
        return
    ends_at = account.stated.ends_at
    if ends_at is not None and ends_at - NOTICE <= now:
        to = owner if roster.standing(owner).active else rules.successor(owner, roster)
        if to is not None:
            yield Wanted(ACCOUNT_ENDS, account.id, to, ends_at, "4.3b")
    if not roster.standing(owner).active:
        since = ending.left_alone_at(account.id) or now
        heir = rules.successor(owner, roster) or Role.ADMINISTRATOR
        yield Wanted(ACCOUNT_ALONE, account.id, heir, since + ending.ALONE_FOR, "4.3b")


def _owe(wanted: Wanted) -> None:
    (name,) = wanted.kind.parameters
    with transaction.atomic(durable=True):
        owe(
            KEEPER, to=wanted.to, what=wanted.kind.code, about={name: str(wanted.subject)},
            due=wanted.due, clause=wanted.clause, key=wanted.key,
        )  # fmt: skip
