"""Handing one duty over, and passing on what somebody owed who left."""

from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.duties import locks, queries, rules
from trustkeep.kernel.duties.actions.arranging import remove_address
from trustkeep.kernel.duties.actions.owing import changing, each_alone, named, set_owner, whose
from trustkeep.kernel.duties.events import DutyEvent
from trustkeep.kernel.duties.models import CalendarAddress, Duty
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import State
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.authority import acting, require
from trustkeep.kernel.people.permissions import Permission

KEEPER = actors.job("duties.keeper")


def hand_over(actor: Actor, *, duty: UUID, to: UUID) -> None:
    """Have another person owe one duty; by whoever bears it, or the head of one who does.

    Raises:
        Missing: there is no such duty, or it is not the actor's to see.
        Denied: the actor sees it, but neither bears it nor heads one who does.
        Conflict: it is over.
        Unacceptable: the other person is not active.
    """
    require(actor, Permission.OWN_DUTIES)
    key = queries.duty(duty).key
    with acting(actor, Permission.OWN_DUTIES):
        locks.duty(key)
        roster = RosterNow(world.now())
        view = queries.shown(actor, duty)
        if view.state != State.OPEN:
            raise Conflict("This duty is over, so there is nothing to hand over.")
        if actor.id not in view.rests_on and not queries.is_head_over(view, actor.id, roster):
            raise Denied(
                "A duty is handed over by whoever bears it, or by their head: ask one of them.",
                ("not_own",),
            )
        if not roster.standing(to).active:
            raise Unacceptable("A duty is handed to an active person: choose another.")
        with changing(actor, duty) as row:
            details = {**named(row), **whose(row), "to": str(to)}
            set_owner(row, to)
            log.append(DutyEvent.HANDED_OVER, actor, details=details)


def pass_on() -> int:
    """Have somebody else owe what leavers owed, and end their calendars; how many duties."""
    roster = RosterNow(world.now())
    for person in CalendarAddress.objects.values_list("person_id", flat=True):
        if not roster.standing(person).active:
            with transaction.atomic(durable=True):
                remove_address(KEEPER, person)
    leavers = [each for each in queries.debtors() if not roster.standing(each).active]
    owed = Duty.objects.filter(state=State.OPEN, person_id__in=leavers).order_by("id")
    return each_alone(_pass_on, owed.values_list("id", "key"))


def _pass_on(duty_id: UUID, key: str) -> bool:
    with transaction.atomic(durable=True):
        locks.duty(key)
        row, roster = queries.duty(duty_id), RosterNow(world.now())
        leaver = row.person_id
        if row.state != State.OPEN or leaver is None or roster.standing(leaver).active:
            return False
        heir = rules.successor(leaver, roster)
        if heir is None:
            return False
        with changing(KEEPER, duty_id) as row:
            set_owner(row, heir)
            details = {**named(row), **whose(row), "leaver": str(leaver)}
            log.append(DutyEvent.PASSED_ON, KEEPER, details=details)
    return True
