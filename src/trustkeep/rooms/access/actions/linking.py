"""Cases by a link: a business application makes it, an agent follows it.  SOP 4.3a."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people import queries as roster
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import merged
from trustkeep.rooms.access import links, queries
from trustkeep.rooms.access.actions.cases import open_case, refuse_uncoded, refuse_unknown
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.links import Linked
from trustkeep.rooms.access.models import Case

LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A link that was made; `code` is good until `until` and shown to nobody in a list."""

    until: datetime
    code: str = field(repr=False)


def link_case(
    actor: Actor, *, system: str, reference: str, customers: Sequence[UUID], lasts: timedelta
) -> CaseLink:
    """Make a link by which somebody else opens this case; nothing is opened yet.

    Raises:
        Denied: the actor may not open cases.
        Unacceptable: as `open_case`, or it would last longer than a week, or not at all.
    """
    people.require(actor, Permission.OPEN_CASES)
    if not timedelta(0) < lasts <= LONGEST:
        raise Unacceptable("A link to a case is good for at least a moment and at most a week.")
    refuse_uncoded(system)
    refuse_unknown(actor, customers)
    until = (world.now() + lasts).replace(microsecond=0)
    with people.acting(actor, Permission.OPEN_CASES):
        details = {"system": system, "until": until.isoformat().replace("+00:00", "Z")}
        log.append(AccessEvent.CASE_LINKED, actor, details=details)
    return CaseLink(
        until, links.code_of(Linked(system, reference, list(customers), actor.id, until))
    )


def open_linked(actor: Actor, *, code: str) -> Case:
    """Open the case that a link names, or take up the one that stands already.

    Raises:
        Denied: the actor may not open cases, or whoever made the link may not any more.
        Unacceptable: it is no link of ours, or good no more; or as `open_case`.
        Conflict: the case was closed, or names other customers.
    """
    people.require(actor, Permission.OPEN_CASES)
    linked = links.linked_by(code)
    if linked is None or world.now() >= linked.until:
        raise Unacceptable("This link is good no more: have the other system make another one.")
    if not roster.is_active(linked.made_by):
        raise Denied(
            "Whoever made this link may not act any more: have the other system make another one.",
            ("maker_inactive",),
        )
    try:
        return open_case(
            actor, system=linked.system, reference=linked.reference, customers=linked.customers
        )
    except Conflict:
        found = queries.case_by_reference(linked.system, linked.reference)
        if found.closed_at is None and merged.survivors_of(linked.customers) == found.customers:
            return found
        raise
