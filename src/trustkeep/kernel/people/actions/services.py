"""Accounts of programs: an owner who answers, an end, and a token that is changed in time.

SOP 2a, 4.3b.
"""

from datetime import datetime
from uuid import UUID

from trustkeep.base import spans, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.actions.members import named, only, put_new
from trustkeep.kernel.people.actions.stating import moment, put_end
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Kind, Member
from trustkeep.kernel.people.permissions import Permission


def create_service_account(
    actor: Actor, *, name: str, responsible: UUID, expires_at: datetime
) -> UUID:
    """Add an account for a program, for which a person answers and which ends by itself.

    Raises:
        Missing: there is no such member.
        Unacceptable: whoever answers is no active person, or the end is none.
    """
    with acting(actor, Permission.MANAGE_PEOPLE, along=[responsible]):
        _refuse_unanswerable(responsible)
        spans.check_end(expires_at, world.now())
        row = Member(
            id=world.new_id(), kind=Kind.SERVICE, name=named(name), email=None, department_id=None,
            responsible_id=responsible, active=True, created_at=world.now(), expires_at=expires_at,
        )  # fmt: skip
        put_new(actor, row)
    return row.id


def hand_over_account(actor: Actor, *, account: UUID, responsible: UUID) -> None:
    """Have another active person answer for an account.

    Raises:
        Missing: there is no such account or member.
        Unacceptable: whoever is to answer is no active person.
    """
    with acting(actor, Permission.MANAGE_PEOPLE, alone=account, along=[responsible]):
        _refuse_person(account)
        _refuse_unanswerable(responsible)
        with sealed_sets.change(Member, account, actor) as members:
            row = only(members.rows)
            before, row.responsible_id = row.responsible_id, responsible
            members.replace(row)
        details = {"member": str(account), "responsible": str(responsible)}
        if before:
            details["before"] = str(before)
        log.append(PeopleEvent.ACCOUNT_HANDED_OVER, actor, details=details)


def renew_account(
    actor: Actor, *, account: UUID, expires_at: datetime, reason: Reason | None = None
) -> None:
    """Move the end of an account; to a later one with a reason, as with people.

    Raises:
        Missing: there is no such account.
        Unacceptable: the end is not in the next ten years, or the reason is missing.
    """
    with acting(actor, Permission.MANAGE_PEOPLE, alone=account):
        _refuse_person(account)
        put_end(actor, account, expires_at, reason=reason)
        details = {"member": str(account), "ends": moment(expires_at)}
        log.append(PeopleEvent.ACCOUNT_RENEWED, actor, details=details)


def _refuse_person(account: UUID) -> None:
    if queries.member(account).kind != Kind.SERVICE:
        raise Missing("There is no such account: `trustkeep people accounts` lists them.")


def _refuse_unanswerable(responsible: UUID) -> None:
    if not queries.is_person(responsible):
        raise Unacceptable("The person who answers for a service account must be active.")
