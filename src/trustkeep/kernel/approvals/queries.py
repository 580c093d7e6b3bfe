"""Requests, who may approve, and which way is open."""

from datetime import datetime
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.approvals.models import ApprovalRequest, WayOut
from trustkeep.kernel.approvals.rules import COOLING, State, Way
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import RoleAssignment, Token
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission

_GIVING = (PeopleEvent.ROLE_ASSIGNED, PeopleEvent.TOKEN_ISSUED)


def request(request_id: UUID) -> ApprovalRequest:
    """One verified request.

    Raises:
        Missing: there is no such request.
    """
    found = sealed_sets.rows(ApprovalRequest, request_id)
    if not found:
        raise Missing("There is no such request: `trustkeep approvals list` shows the open ones.")
    return found[0]


def open_requests(actor: Actor) -> tuple[ApprovalRequest, ...]:
    """Every request that still waits for somebody."""
    require(actor, Permission.APPROVE)
    waiting = ApprovalRequest.objects.filter(state=State.OPEN, expires_at__gt=world.now())
    ids = waiting.order_by("created_at").values_list("id", flat=True)
    return tuple(request(each) for each in ids)


def eligible() -> frozenset[UUID]:
    """The active people who may approve."""
    roles = (role for role, held in PERMISSIONS.items() if Permission.APPROVE in held)
    return frozenset(person for role in roles for person in people.active_holders(role))


def way_out() -> WayOut | None:
    """What was chosen at set-up, if anything was."""
    chosen = sealed_sets.rows(WayOut)
    return chosen[0] if chosen else None


def way_now() -> Way:
    """How approvals go now: the way out counts only while there are fewer than two people."""
    try:
        chosen = way_out()
    except Tampered:
        return Way.TWO_PEOPLE  # the strictest, so that this set too can be begun anew
    if chosen is None or len(eligible()) >= 2:
        return Way.TWO_PEOPLE
    return Way(chosen.way)


def changed_each_other(one: UUID, other: UUID, *, now: datetime) -> bool:
    """Whether one gave the other a role or a token within the last 72 hours.

    The ledger is asked too: a token that was handed on is gone once its holder made their own.
    """
    since = now - COOLING
    for person, by in ((one, other), (other, one)):
        roles = sealed_sets.rows(RoleAssignment, person)
        if any(row.given_by == by and row.given_at > since for row in roles):
            return True
        tokens = sealed_sets.rows(Token, person)
        if any(row.issued_by == by and row.created_at > since for row in tokens):
            return True
        given = history.by(Actor(ActorKind.STAFF, by).label, _GIVING, since=since)
        if any(entry["details"]["member"] == str(person) for entry in given):
            return True
    return False
