"""Bringing many customers up to date with a source: decided as changing them is.  SOP 4.2a, 4.3a.

It also tells whether what a source says is what stands here, so it is a reading as well: an entry
for each customer stands before anything of them is compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import updating
from trustkeep.kernel.vault.updating import Brought, Said
from trustkeep.rooms.access import queries, rules
from trustkeep.rooms.access.actions.entries import About, denied, entry_about
from trustkeep.rooms.access.queries import Asked, Seen
from trustkeep.rooms.access.rules import Decision, Refusal

_Decided = tuple[Seen, Decision, About]


@dataclass(frozen=True, slots=True)
class BroughtMany:
    """What became of each customer, and why some were not even looked at."""

    brought: Mapping[UUID, Brought]
    refused: Mapping[UUID, Sequence[Refusal]]


def require_bringing(actor: Actor, *, fields: Sequence[str], purpose: str) -> None:
    """Go on only if the actor may bring customers up to date at all; needs a grant for bulk.

    Raises:
        Denied: with every reason; the refusal itself is in the ledger.
    """
    asked = _asked((), fields, purpose)
    with transaction.atomic(durable=True):
        now = world.now()
        facts, _ = queries.policy_under_lock(actor, asked, now)
        decision = rules.decide_change_of_anybody(facts, now)
        if decision.refused:
            about = entry_about(actor, asked, facts, decision)
            log.append(about.event, actor, purpose=about.purpose, details=about.details)
    if decision.refused:
        raise denied(decision)


def bring_many(
    actor: Actor, *, rows: Mapping[UUID, Mapping[str, str]], says: Said, purpose: str
) -> BroughtMany:
    """Bring at most 500 customers up to date with what a source says, an entry each.

    Raises:
        Denied: the actor may not, whoever the customer; then nothing is compared or changed of any,
            and every refusal is in the ledger.
        Tampered: a customer's header was changed from outside.
        LedgerUnavailable: the entries could not be stored, so nothing was changed.
    """
    asked = _asked(tuple(rows), tuple(says.fields), purpose)
    with transaction.atomic(durable=True):
        now = world.now()
        seen, elements = queries.seen_under_lock(actor, asked, now)
        decided = _decided(actor, asked, seen, now)
        log.append_many(
            log.Draft(about.event, actor, one.customer, about.purpose, about.details)
            for one, _, about in decided
        )
        refused = next(
            (one for _, one, _ in decided if not {*one.refused} <= rules.ABOUT_ONE), None
        )
        if refused is None:
            may = {
                one.customer: (one.header, one.blobs)
                for one, decision, _ in decided
                if one.header and not decision.refused
            }
            brought = updating.bring(
                actor, {customer: rows[customer] for customer in may}, may, elements, says
            )
    if refused is not None:
        raise denied(refused)
    return BroughtMany(
        brought, {one.customer: made.refused for one, made, _ in decided if made.refused}
    )


def _asked(customers: tuple[UUID, ...], fields: Sequence[str], purpose: str) -> Asked:
    return Asked(customers, tuple(fields), purpose, None, Permission.WRITE_CUSTOMER, bulk=True)


def _decided(actor: Actor, asked: Asked, seen: Sequence[Seen], now: datetime) -> list[_Decided]:
    """The decision about each, made once for all of whom the same is known."""
    made: dict[int, tuple[Decision, About]] = {}
    for one in seen:
        # By identity: those about whom the same is known share one `Facts`.
        if id(one.facts) not in made:
            decision = rules.decide_change(one.facts, now)
            made[id(one.facts)] = decision, entry_about(actor, asked, one.facts, decision)
    return [(one, *made[id(one.facts)]) for one in seen]
