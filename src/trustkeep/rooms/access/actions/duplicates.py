"""Customers who may be one: the same e-mail, the same telephone.  SOP 4.1a, 4.3a.

Two who share a token share a value, so who asks is told something of both: it needs a grant for
bulk that covers the elements, and the entry with everybody found stands before anything is opened.
The vault then opens values to see which element it is, and tells them to nobody.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.base.events import MOST_IDS
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import index, sharing
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import queries, remedies, rules
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.queries import Asked
from trustkeep.rooms.access.rules import Facts, Refusal

MOST_PAIRS: Final = MOST_IDS // 2  # in one answer, so that one entry names everybody
Pair = tuple[UUID, UUID]  # the lesser id first
Apart = Callable[[Collection[Pair]], Collection[Pair]]  # those of some pairs that are two people


@dataclass(frozen=True, slots=True)
class Alike:
    """Two customers with the same values of these elements."""

    pair: Pair
    elements: tuple[str, ...]


def find_duplicates(
    actor: Actor,
    *,
    elements: Sequence[str],
    purpose: str,
    apart: Apart,
    case: str | None = None,
) -> list[Alike]:
    """At most 25 pairs of customers with the same value of any of the elements.

    `apart` says which pairs somebody told apart; they are not proposed again.

    Raises:
        Denied: no grant for bulk covers the elements for this purpose; that is in the ledger.
        Unacceptable: an element is not looked up, so nobody can be compared by it.
        Rebuilding: the look-up index is not whole.
        LedgerUnavailable: the entry could not be stored, so nothing was opened.
    """
    authority.require(actor, Permission.MERGE_CUSTOMERS)
    asked = Asked((), tuple(elements), purpose, case, Permission.SEARCH_CUSTOMERS, bulk=True)
    found: dict[Pair, tuple[str, ...]] = {}
    after = b""
    while len(found) < MOST_PAIRS:
        step = _step(actor, asked, after, apart)
        found |= sharing.alike(step.indexer, step.declared, step.pairs, asked.fields)
        if step.is_last:
            break
        after = step.after
    pairs = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return [Alike(pair, elements) for pair, elements in pairs[:MOST_PAIRS]]


@dataclass(frozen=True, slots=True)
class _Step:
    """Pairs who share a token, up to the last token that was looked at."""

    indexer: Indexer
    declared: Mapping[str, Element]
    pairs: list[Pair]
    after: bytes
    is_last: bool


def _step(actor: Actor, asked: Asked, after: bytes, apart: Apart) -> _Step:
    """One durable step: the decision, and the entry with everybody who will be opened."""
    step = None
    with transaction.atomic(durable=True):
        now = world.now()
        facts, declared = queries.policy_under_lock(actor, asked, now)
        refused = rules.refusals_to_search(facts, now)
        if not refused:
            indexer = index.ready()
            unknown = [one for one in asked.fields if not indexer.is_alone(one)]
            if unknown:
                raise Unacceptable(f"Nobody is looked up by {', '.join(unknown)}: name others.")
            step = _candidates(indexer, declared, after, apart)
        details = _details(actor, facts, step.pairs if step else [], refused, now)
        event = AccessEvent.DUPLICATES_REFUSED if refused else AccessEvent.DUPLICATES_FOUND
        log.append(event, actor, purpose=asked.purpose if facts.purpose else None, details=details)
    if step is None:
        raise Denied(remedies.sentence_of(refused), refused)
    return step


def _candidates(
    indexer: Indexer, declared: Mapping[str, Element], after: bytes, apart: Apart
) -> _Step:
    groups = sharing.groups(after, MOST_PAIRS)
    pairs: set[Pair] = set()
    for at, (token, customers) in enumerate(groups):
        more = set(combinations(customers, 2)) - pairs
        if len(pairs) + len(more) > MOST_PAIRS:
            after = groups[at - 1][0]
            break
        pairs |= more
        after = token
    is_last = len(groups) < MOST_PAIRS and (not groups or after == groups[-1][0])
    pairs -= set(apart(pairs))
    return _Step(indexer, declared, _unrestricted(pairs), after, is_last)


def _unrestricted(pairs: Collection[Pair]) -> list[Pair]:
    """Those of whom neither is restricted or gone: nobody may merge these."""
    everybody = {one for pair in pairs for one in pair}
    standings = register.standings(service.current(), sorted(everybody))
    out = {one for one in everybody if standings[one].restricted or standings[one].gone}
    return sorted(pair for pair in pairs if not out.intersection(pair))


def _details(
    actor: Actor, facts: Facts, pairs: Collection[Pair], refused: Sequence[Refusal], now: datetime
) -> dict[str, object]:
    everybody = sorted({str(one) for pair in pairs for one in pair})
    details: dict[str, object] = {
        "fields": [one for one in facts.fields if one in facts.known_fields],
        "hits": len(pairs),
        "bulk": True,
    }
    if refused:
        details["reasons"] = [str(reason) for reason in refused]
    else:
        details["found"] = everybody
        details["grants"] = [str(grant.id) for grant in rules.counting(facts, now)]
    if actor.token is not None:
        details["token"] = str(actor.token)
    if facts.case is not None:
        details["case"] = str(facts.case.id)
    return details
