"""Clearances: what is stated of somebody by hand, with a reason and an end.  SOP 4.3b, 6a."""

from datetime import datetime
from uuid import UUID

from trustkeep.base import spans, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Missing, Unacceptable
from trustkeep.base.events import CHECKS, Detail
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.actions.stating import moment
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Clearance
from trustkeep.kernel.people.permissions import Permission


def give_clearance(
    actor: Actor, *, member: UUID, clearance: str, reason: Reason, expires_at: datetime
) -> None:
    """State a fact about a member until a moment; an earlier statement of it is replaced.

    Raises:
        Denied: the actor may clear nobody, or would clear themselves.
        Missing: there is no such member.
        Unacceptable: it is no code, or ends in the past or too late.
    """
    with acting(actor, Permission.GIVE_CLEARANCES, alone=member):
        queries.member(member)
        now = world.now()
        if member == actor.id:
            raise Denied("Nobody clears themselves: ask somebody else.", ("to_self",))
        spans.check_end(expires_at, now)
        if not CHECKS[Detail.CODE](clearance):
            raise Unacceptable("A clearance is a code of lower-case letters, such as first-aid.")
        with sealed_sets.change(Clearance, member, actor) as held:
            for row in held.rows:
                if row.clearance == clearance:
                    held.remove(row)
            held.add(
                Clearance(
                    id=world.new_id(), person_id=member, clearance=clearance, reason=reason,
                    given_by=actor.id, given_at=now, expires_at=expires_at,
                )
            )  # fmt: skip
        details = {
            "member": str(member), "clearance": clearance, "reason": str(reason),
            "expires": moment(expires_at),
        }  # fmt: skip
        log.append(PeopleEvent.CLEARANCE_GIVEN, actor, details=details)


def end_clearance(actor: Actor, *, member: UUID, clearance: str) -> None:
    """Withdraw a clearance.

    Raises:
        Denied: the actor may clear nobody.
        Missing: the member does not hold it.
    """
    with acting(actor, Permission.GIVE_CLEARANCES, alone=member):
        with sealed_sets.change(Clearance, member, actor) as held:
            named = [row for row in held.rows if row.clearance == clearance]
            if not named:
                raise Missing("The member does not hold this clearance.")
            held.remove(named[0])
        details = {"member": str(member), "clearance": clearance}
        log.append(PeopleEvent.CLEARANCE_ENDED, actor, details=details)
