"""Stating an employment and naming a manager: inside the transaction of what they belong to.

That transaction holds the member alone, and sponsor and manager as they are (`authority.acting`).
"""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from trustkeep.base import spans, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import census, employment, locks, queries
from trustkeep.kernel.people.employment import Employed, Reason, Statement
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Employment, Kind, Member
from trustkeep.kernel.people.upward import Upward


def put_statement(
    actor: Actor, member: UUID, stated: Statement, *, reason: Reason | None = None
) -> None:
    """Have this stand of somebody's employment; nothing where it stands already.

    Raises:
        Denied: of oneself.
        Missing: there is no such member, or no such sponsor.
        Unacceptable: it has gaps, or an end moves back without a reason.
    """
    stated, before = (
        replace(stated, contract=stated.contract.strip()),
        queries.employment_of(member),
    )
    if stated == before:
        return
    _refuse_oneself(actor, member)
    _check(stated, before, member)
    if stated.ends_at != before.ends_at:
        put_end(actor, member, stated.ends_at, reason=reason)
    _store(actor, member, kind=stated.kind, sponsor_id=stated.sponsor, contract=stated.contract)
    details = {"member": str(member), "kind": str(stated.kind)}
    if stated.sponsor:
        details["sponsor"] = str(stated.sponsor)
    if stated.ends_at:
        details["ends"] = moment(stated.ends_at)
    log.append(PeopleEvent.EMPLOYMENT_STATED, actor, details=details)


def put_end(actor: Actor, member: UUID, ends_at: datetime | None, *, reason: Reason | None) -> None:
    """Have somebody's time end then; moved back or taken away only with a reason.

    Raises:
        Unacceptable: the end is not in the future, or no reason is given.
    """
    if ends_at is not None:
        spans.check_end(ends_at, world.now())
    with sealed_sets.change(Member, member, actor) as members:
        if not members.rows:
            raise Missing("There is no such member: `trustkeep people list` shows them.")
        row = members.rows[0]
        before = row.expires_at
        row.expires_at = ends_at
        members.replace(row)
    if before is None or not employment.loosens(before, ends_at):
        return
    if reason is None:
        raise Unacceptable(
            f"An end that is moved back or taken away needs a reason: {', '.join(sorted(Reason))}.",
            {"reason": "give one"},
        )
    details = {"member": str(member), "before": moment(before), "reason": str(reason)}
    if ends_at:
        details["ends"] = moment(ends_at)
    log.append(PeopleEvent.END_EXTENDED, actor, details=details)


def put_manager(actor: Actor, member: UUID, manager: UUID | None, *, is_new: bool = False) -> None:
    """Have somebody answer to a manager; None: to the head of their department.

    `is_new`: made in this transaction, so that nobody can stand below them and nothing goes round.

    Raises:
        Conflict: somebody would come to stand above themselves.
        Denied: one's own manager.
        Unacceptable: the manager is not active, or is an account of a program.
    """
    if manager == queries.manager_of(member):
        return
    _refuse_oneself(actor, member)
    _refuse_program(member)
    if manager is not None and (manager == member or not queries.is_person(manager)):
        raise Unacceptable("A manager is another, active person.")
    if not is_new:
        locks.lines()
    _store(actor, member, manager_id=manager)
    if not is_new:
        refuse_going_round(member)
    named = {"manager": str(manager)} if manager else {}
    log.append(PeopleEvent.MANAGER_NAMED, actor, details={"member": str(member), **named})


def refuse_going_round(person: UUID | None = None) -> None:
    """Refuse what would have somebody stand above themselves; under `locks.lines`.

    Only from this person, where only theirs changed: whatever goes round anew goes through them.

    Raises:
        Conflict: the lines go round.
    """
    goes_round = (
        census.lines().go_round() if person is None else person in Upward().all_above(person)
    )
    if goes_round:
        raise Conflict(
            "Somebody would come to answer to themselves, over others: `trustkeep people team` "
            "shows who answers to whom."
        )


def moment(at: datetime) -> str:
    """A moment as an entry writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(stated: Statement, before: Statement, member: UUID) -> None:
    _refuse_program(member)
    found = employment.gaps(stated, member)
    if found:
        said = [employment.SAID_OF[gap] for gap in found]
        raise Unacceptable(
            f"This cannot be stated: {'; '.join(said)}.",
            dict(zip(map(str, found), said, strict=True)),
        )
    if stated.sponsor is not None and stated.sponsor != before.sponsor:
        may = queries.is_person(stated.sponsor)
        if not may or queries.employment_of(stated.sponsor).kind is not Employed.EMPLOYEE:
            raise Unacceptable("A sponsor is an active employee.", {"sponsor": "name another"})


def _store(actor: Actor, member: UUID, **columns: object) -> None:
    with sealed_sets.change(Employment, member, actor) as statements:
        known = statements.rows
        row = known[0] if known else Employment(id=world.new_id(), person_id=member)
        for column, value in columns.items():
            setattr(row, column, value)
        row.stated_by, row.stated_at = actor.id, world.now()
        (statements.replace if known else statements.add)(row)


def _refuse_oneself(actor: Actor, member: UUID) -> None:
    if member == actor.id:
        raise Denied(
            "Nobody states their own employment or manager: ask somebody else of HR or an "
            "administrator.",
            ("to_self",),
        )


def _refuse_program(member: UUID) -> None:
    if queries.member(member).kind != Kind.STAFF:
        raise Unacceptable("An account of a program is not employed: it has an owner.")
