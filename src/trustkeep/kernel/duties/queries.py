"""Which duties there are, and on whom they rest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Missing
from trustkeep.kernel.duties import kinds, rules
from trustkeep.kernel.duties.models import Absence, DigestRhythm, Duty
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import Owner, Rhythm, State
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.permissions import Permission, Role

_ROLES = frozenset(map(str, Role))


@dataclass(frozen=True, slots=True)
class DutyView:
    """A duty as pages, commands, mails and calendars show it.

    `rests_on` are the people who bear it now; `owner` is who owes it, by id or role name.
    """

    id: UUID
    key: str
    kind: str
    sentence: str
    clause: str
    link: str
    owner: str
    rests_on: tuple[UUID, ...]
    owed_at: datetime
    due_at: datetime
    state: str
    step: str
    sequence: int
    changed_at: datetime

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.state == State.OPEN and self.due_at <= now


def duty(duty_id: UUID) -> Duty:
    """One verified duty.

    Raises:
        Missing: there is no such duty.
    """
    found = sealed_sets.rows(Duty, duty_id)
    if not found:
        raise _missing()
    return found[0]


def open_by_key(key: str) -> UUID | None:
    """The open duty with that key."""
    return Duty.objects.filter(key=key, state=State.OPEN).values_list("id", flat=True).first()


def all_open(roster: RosterNow) -> tuple[DutyView, ...]:
    """Every open duty, the earliest first."""
    ids = Duty.objects.filter(state=State.OPEN).values_list("id", flat=True)
    return tuple(_views(ids, roster))


def open_of_kind(kind: str) -> tuple[Duty, ...]:
    """The open duties of one kind, verified."""
    ids = Duty.objects.filter(state=State.OPEN, kind=kind).values_list("id", flat=True)
    return tuple(_verified(ids))


def resting_on(person: UUID, roster: RosterNow) -> tuple[DutyView, ...]:
    """The open duties that this person bears now, the earliest first."""
    owners = [each for each in _owners_of_open() if person in rules.bearers(each, roster)]
    by_name = [each for each in owners if not isinstance(each, Role)]
    by_role = [each for each in owners if isinstance(each, Role)]
    mine = Duty.objects.filter(Q(person_id__in=by_name) | Q(role__in=by_role), state=State.OPEN)
    ids = mine.values_list("id", flat=True)
    return tuple(each for each in _views(ids, roster) if person in each.rests_on)


def closed_of(person: UUID, state: State, since: datetime) -> tuple[DutyView, ...]:
    """What this person owed by name, and came to such an end since then."""
    ended = Duty.objects.filter(person_id=person, state=state, closed_at__gte=since)
    roster = RosterNow(world.now())
    return tuple(_views(ended.values_list("id", flat=True), roster))


def mine(actor: Actor) -> tuple[DutyView, ...]:
    """What the actor bears now."""
    require(actor, Permission.OWN_DUTIES)
    return resting_on(actor.id, RosterNow(world.now()))


def everybodys(actor: Actor) -> tuple[DutyView, ...]:
    """Every open duty; for a head or manager, those that rest on who answers to them.

    Raises:
        Denied: the actor may see all of them by no role and heads nobody on whom any rests.
    """
    require(actor, Permission.OWN_DUTIES)
    roster = RosterNow(world.now())
    found = all_open(roster)
    if Permission.VIEW_ALL_DUTIES in actor.permissions:
        require(actor, Permission.VIEW_ALL_DUTIES)
        return found
    if not heads_anybody(actor):
        raise Denied(
            "Everybody's duties are for the DPO and administrators, a department's for its head: "
            "`trustkeep duties list` shows yours.",
            ("not_a_head",),
        )
    return tuple(each for each in found if _concerns(each, actor.id, roster))


def shown(actor: Actor, duty_id: UUID) -> DutyView:
    """One duty, to whoever bears it, heads who bears it, or sees all.

    Raises:
        Missing: there is none, or it is not the actor's to see.
    """
    require(actor, Permission.OWN_DUTIES)
    roster = RosterNow(world.now())
    view = view_of(duty(duty_id), roster)
    if Permission.VIEW_ALL_DUTIES in actor.permissions:
        require(actor, Permission.VIEW_ALL_DUTIES)
    elif not _concerns(view, actor.id, roster):
        raise _missing()
    return view


def view_of(row: Duty, roster: RosterNow) -> DutyView:
    """A verified duty as it is shown."""
    rests = rules.bearers(row.owner_now, roster) if row.state == State.OPEN else ()
    return DutyView(
        row.id, row.key, row.kind, kinds.sentence_of(row.kind, row.about), row.clause, row.link,
        str(row.owner_now), rests, row.owed_at, row.due_at, row.state, row.step, row.sequence,
        row.changed_at,
    )  # fmt: skip


def debtors() -> frozenset[UUID]:
    """Everybody who owes an open duty by name."""
    return frozenset(each for each in _owners_of_open() if not isinstance(each, Role))


def bearers_of_open(roster: RosterNow) -> frozenset[UUID]:
    """Everybody on whom at least one open duty rests; the rows are not verified yet."""
    return frozenset(each for owner in _owners_of_open() for each in rules.bearers(owner, roster))


def rhythm_of(person: UUID) -> Rhythm:
    """How often this person wants the digest."""
    chosen = sealed_sets.rows(DigestRhythm, person)
    return Rhythm(chosen[0].rhythm) if chosen else Rhythm.DAILY


def absences_of(actor: Actor) -> tuple[Absence, ...]:
    """The actor's own absences that have not ended."""
    require(actor, Permission.OWN_DUTIES)
    rows = sealed_sets.rows(Absence, actor.id)
    return tuple(
        sorted((row for row in rows if row.ends_at > world.now()), key=lambda each: each.begins_at)
    )


def heads_anybody(actor: Actor) -> bool:
    """Whether the actor is the head of a department, or somebody's manager."""
    return people.heads_anybody(actor.id)


def is_head_over(view: DutyView, person: UUID, roster: RosterNow) -> bool:
    """Whether somebody who bears the duty answers to this person, directly or over others."""
    return any(roster.is_above(person, each) for each in view.rests_on)


def _concerns(view: DutyView, person: UUID, roster: RosterNow) -> bool:
    return person in view.rests_on or is_head_over(view, person, roster)


def _owners_of_open() -> tuple[Owner, ...]:
    """Who owes anything; the rows are not verified yet, and a role that is none owes nothing."""
    found = Duty.objects.filter(state=State.OPEN).values_list("person_id", "role").distinct()
    return tuple(person or Role(role) for person, role in found if person or role in _ROLES)


def _views(ids: Iterable[UUID], roster: RosterNow) -> Iterator[DutyView]:
    return (view_of(row, roster) for row in _verified(ids))


def _verified(ids: Iterable[UUID]) -> list[Duty]:
    """Those that are as they were written; the comparison of state and ledger names the others."""
    found = sealed_sets.rows_of_each(Duty, ids)
    return sorted(found, key=lambda row: (row.due_at, row.id))


def _missing() -> Missing:
    return Missing("There is no such duty: `trustkeep duties list` shows yours.")
