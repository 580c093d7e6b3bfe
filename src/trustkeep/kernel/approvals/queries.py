"""Requests, who may approve, and which way is open."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from trustkeep.base import world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.approvals.models import ApprovalRequest, WayOut
from trustkeep.kernel.approvals.rules import COOLING, DELAY, State, Way
from trustkeep.kernel.keys import authorisations, sealed_sets
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import RoleAssignment, Token
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission

_WAITS = (State.OPEN, State.APPROVED)
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
    """Every request that still waits: for somebody to agree, or to be carried out."""
    require(actor, Permission.APPROVE)
    return _verified(_waiting())


def own_requests(actor: Actor) -> tuple[ApprovalRequest, ...]:
    """What the actor asked for and still waits."""
    require(actor, Permission.REQUEST_APPROVAL)
    return _verified(_waiting().filter(requester_id=actor.id))


def _waiting() -> QuerySet[ApprovalRequest]:
    return ApprovalRequest.objects.filter(state__in=_WAITS, expires_at__gt=world.now())


def _verified(found: QuerySet[ApprovalRequest]) -> tuple[ApprovalRequest, ...]:
    """Those that are as they were written and still wait; the comparison names the others."""
    rows = sealed_sets.rows_of_each(ApprovalRequest, found.values_list("id", flat=True))
    waiting = [row for row in rows if row.state in _WAITS]
    return tuple(sorted(waiting, key=lambda row: (row.created_at, row.id)))


def any_open(verb: str, requests: Collection[UUID]) -> bool:
    """Whether one of these requests for such acts may still lead to it."""
    waiting = _waiting().filter(id__in=requests, verb=verb)
    return waiting.exists() or any(one in requests for one in to_carry_out(verb))


def to_carry_out(verb: str) -> tuple[UUID, ...]:
    """Requests for such acts that may go on now: agreed to, or their delay has passed.

    Among them are those that were taken by somebody whom a crash kept from acting.
    """
    now = world.now()
    found = ApprovalRequest.objects.filter(verb=verb, expires_at__gt=now).filter(
        Q(state__in=[State.APPROVED, State.TAKEN])
        | Q(state=State.OPEN, way=Way.DELAY, created_at__lte=now - DELAY)
    )
    return tuple(
        row.id
        for row in found.order_by("created_at")
        if row.state != State.TAKEN or authorisations.unused(row.id) is not None
    )


def is_agreed_by(request_id: UUID, actor: Actor) -> bool:
    """Whether this person agreed to a request that was not taken yet."""
    row = request(request_id)
    return row.state == State.APPROVED and row.approver_id == actor.id


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


def changed_each_other_until(one: UUID, other: UUID, *, now: datetime) -> datetime | None:
    """Until when it counts that one gave the other a role or a token; None: it does not.

    The ledger is asked too: a token that was handed on is gone once its holder made their own.
    """
    since = now - COOLING
    changed = []
    for person, by in ((one, other), (other, one)):
        roles, tokens = sealed_sets.rows(RoleAssignment, person), sealed_sets.rows(Token, person)
        changed += [row.given_at for row in roles if row.given_by == by]
        changed += [row.created_at for row in tokens if row.issued_by == by]
        given = history.by(Actor(ActorKind.STAFF, by).label, _GIVING, since=since)
        changed += [
            datetime.fromisoformat(entry["at"])
            for entry in given
            if entry["details"]["member"] == str(person)
        ]
    until = max(changed, default=since) + COOLING
    return until if until > now else None
