"""Cases by a link: a business application makes it, an agent follows it.  SOP 4.3a."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people import queries as roster
from trustkeep.kernel.people.permissions import Permission, permissions_of
from trustkeep.rooms.access import links, queries
from trustkeep.rooms.access.actions import cases
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.links import CaseTicket
from trustkeep.rooms.access.models import Case

LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A link that was made, for whoever shall follow it; good until `until`, exclusive."""

    until: datetime
    code: str = field(repr=False)


def link_case(
    actor: Actor, *, system: str, reference: str, customers: Sequence[UUID], lasts: timedelta
) -> CaseLink:
    """Make a link by which somebody else opens this case; nothing is opened yet.

    It is good for as long as the actor may open cases, with the token that was shown now.

    Raises:
        Denied: the actor may not open cases.
        Unacceptable: as `open_case`, or it would last longer than a week, or not at all.
    """
    people.require(actor, Permission.OPEN_CASES)
    if not timedelta(0) < lasts <= LONGEST:
        raise Unacceptable("A link to a case is good for at least a moment and at most a week.")
    cases.refuse_uncoded(system)
    cases.refuse_unknown(actor, customers)
    now = world.now()
    ticket = CaseTicket(
        world.new_id(), system, queries.case_hash(system, reference), list(customers), actor.id,
        actor.token, now, (now + lasts).replace(microsecond=0),
    )  # fmt: skip
    made = CaseLink(ticket.until, links.code_of(ticket))
    with people.acting(actor, Permission.OPEN_CASES):
        until = ticket.until.isoformat().replace("+00:00", "Z")
        details = {"link": str(ticket.id), "system": system, "until": until}
        log.append(AccessEvent.CASE_LINKED, actor, details=details)
    return made


def open_linked(actor: Actor, *, code: str) -> Case:
    """Open the case that a link names, or take up the one that is open already.

    Raises:
        Denied: the actor may not open cases, or whoever made the link may not any more.
        Unacceptable: it is no link of ours, or good no more; or as `open_case`.
        Conflict: the case was closed since, or an open one is about others.
    """
    people.require(actor, Permission.OPEN_CASES)
    ticket = links.ticket_of(code)
    if ticket is None or world.now() >= ticket.until:
        raise Unacceptable("This link is good no more: have the other system make another one.")
    link = {"link": str(ticket.id)}
    with _following(actor, ticket):
        found = cases.latest(ticket.system, ticket.reference_hash)
        if found is not None and cases.is_same(found, ticket.customers):
            return cases.taken_up(actor, found, link)
    if found is not None and found.closed_at and found.closed_at > ticket.made_at:
        raise Conflict("The case was closed: have the other system make another link.")
    cases.refuse_unknown(actor, ticket.customers)
    try:
        with _following(actor, ticket):
            return cases.stored(
                actor, ticket.system, ticket.reference_hash, ticket.customers,
                {**link, "maker": str(ticket.made_by)},
            )  # fmt: skip
    except IntegrityError:
        raise cases.about_others() from None


@contextmanager
def _following(actor: Actor, ticket: CaseTicket) -> Iterator[None]:
    """One transaction in which both may open cases: who follows the link, and who made it."""
    with people.acting(actor, Permission.OPEN_CASES, along=[ticket.made_by]):
        if not _may_still(ticket):
            raise Denied(
                "Whoever made this link may not open cases any more: have the other system make "
                "another one.",
                ("maker_may_not",),
            )
        yield


def _may_still(ticket: CaseTicket) -> bool:
    try:
        is_active = roster.is_active(ticket.made_by)
    except Missing:  # data from before they joined
        return False
    revoked = str(ticket.token) in register.facts(ticket.made_by).revoked
    held = permissions_of(roster.roles_of(ticket.made_by))
    return is_active and not revoked and Permission.OPEN_CASES in held
