"""How somebody is employed, until when, and whom they answer to.  SOP 2a, 3b, 6c."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import employment, queries
from trustkeep.kernel.people.actions.stating import put_manager, put_statement
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.employment import Reason, Statement
from trustkeep.kernel.people.permissions import Permission


def state_employment(
    actor: Actor, *, member: UUID, stated: Statement, reason: Reason | None = None
) -> None:
    """State how somebody is employed; an end that moves back or goes away takes a reason.

    Raises:
        Denied: of oneself.
        Missing: there is no such member, or no such sponsor.
        Unacceptable: it has gaps, or the reason is missing.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT, alone=member, along=[stated.sponsor]):
        put_statement(actor, member, stated, reason=reason)


def extend_end(actor: Actor, *, member: UUID, ends_at: datetime, reason: Reason) -> None:
    """Move back when somebody's time ends; whoever it ended for already is reactivated after.

    Raises:
        Denied: one's own.
        Unacceptable: this is no extension.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT, alone=member):
        before = queries.employment_of(member)
        if not employment.loosens(before.ends_at, ends_at):
            raise Unacceptable("An extension ends later than what it extends: choose a later day.")
        put_statement(actor, member, replace(before, ends_at=ends_at), reason=reason)


def name_manager(actor: Actor, *, member: UUID, manager: UUID | None) -> None:
    """Have somebody answer to a manager; None: to the head of their department again.

    Raises:
        Conflict: somebody would come to stand above themselves.
        Denied: one's own manager.
        Unacceptable: the manager is not active, or is an account of a program.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT, alone=member, along=[manager]):
        put_manager(actor, member, manager)
