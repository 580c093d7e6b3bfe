"""Customers who may be one: the same e-mail, the same telephone.  SOP 4.1a, 4.3a.

Two who share a token share a value, so who asks is told something of both: it needs a grant for
bulk that covers the elements, and the entry with everybody found stands before anything is opened.
The vault then opens values to see which element it is, and tells them to nobody.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Final
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.base.events import MOST_IDS
from trustkeep.crypto.blind import TOKEN_BYTES
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import index, sharing
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.rooms.access import queries, remedies, rules
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.queries import Asked
from trustkeep.rooms.access.rules import Decision, Facts, Refusal

MOST_PAIRS: Final = MOST_IDS // 2  # in one answer, so that one entry names everybody
_MOST_STEPS: Final = 20  # in one look, each with an entry and at most 50 customers opened
Pair = tuple[UUID, UUID]  # the lesser id first
Apart = Callable[[Collection[Pair]], Collection[Pair]]  # those of some pairs that are two people


@dataclass(frozen=True, slots=True)
class Alike:
    """Two customers with the same values of these elements."""

    pair: Pair
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs who are alike; `is_whole` says that the whole index was looked through for them."""

    pairs: tuple[Alike, ...]
    is_whole: bool


def find_duplicates(
    actor: Actor,
    *,
    elements: Sequence[str],
    purpose: str,
    apart: Apart,
    case: str | None = None,
) -> Duplicates:
    """At most 25 pairs of customers with the same value of any of the elements.

    The index is looked through from somewhere else each time, and not without end: so pairs that
    nobody can merge hide no others for good.  `apart` says which pairs somebody told apart; they
    are not proposed again, nor is anybody whom this purpose may not read.

    Raises:
        Denied: no grant for bulk covers the elements for this purpose; that is in the ledger.
        Unacceptable: an element is not looked up, or shown in part only, so nobody can be compared
            by it.
        Rebuilding: the look-up index is not whole.
        LedgerUnavailable: the entry could not be stored, so nothing was opened.
    """
    authority.require(actor, Permission.MERGE_CUSTOMERS)
    asked = Asked((), tuple(elements), purpose, case, Permission.SEARCH_CUSTOMERS, bulk=True)
    _refuse_or_go_on(actor, asked)
    found: dict[Pair, tuple[str, ...]] = {}
    first, *others = world.random_bytes(TOKEN_BYTES)
    start = after = bytes((first >> 1, *others))  # of the tokens of values, which begin with 0
    is_round = is_whole = False
    for _ in range(_MOST_STEPS):
        candidates = _candidates(asked, after, apart)
        found |= _compared(actor, asked, candidates)
        after = candidates.after
        if candidates.is_last and not is_round:
            is_round, after = True, b""
        elif candidates.is_last or (is_round and after >= start):
            is_whole = True
            break
        if len(found) >= MOST_PAIRS:
            break
    pairs = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    alike = tuple(Alike(pair, elements) for pair, elements in pairs[:MOST_PAIRS])
    return Duplicates(alike, is_whole and len(found) <= MOST_PAIRS)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Pairs who share a token, up to the last token that was looked at."""

    indexer: Indexer
    pairs: list[Pair]
    after: bytes
    is_last: bool


def _refuse_or_go_on(actor: Actor, asked: Asked) -> None:
    """Before anything of the index is looked at."""
    with transaction.atomic(durable=True):
        now = world.now()
        facts, _ = queries.policy_under_lock(actor, asked, now)
        refused = rules.refusals_to_search(facts, now)
        if refused:
            _enter(actor, asked, facts, [], refused, now)
        else:  # as purpose and grants say, whoever is there: else this would tell of somebody
            _refuse_masked([rules.decide_of_anybody(facts, now)])
    if refused:
        raise Denied(remedies.sentence_of(refused), refused)


def _candidates(asked: Asked, after: bytes, apart: Apart) -> _Candidates:
    with transaction.atomic(durable=True):  # so that no rebuild begins between the two
        indexer = index.ready()
        unknown = [one for one in asked.fields if not indexer.is_alone(one)]
        if unknown:
            raise Unacceptable(f"Nobody is looked up by {', '.join(unknown)}: name others.")
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
    return _Candidates(indexer, sorted(pairs - set(apart(pairs))), after, is_last)


def _compared(actor: Actor, asked: Asked, candidates: _Candidates) -> dict[Pair, tuple[str, ...]]:
    """One durable step: a decision about everybody under their locks, the entry, then a look."""
    everybody = sorted({one for pair in candidates.pairs for one in pair})
    with transaction.atomic(durable=True):
        now = world.now()
        wanted = replace(asked, customers=tuple(everybody))
        facts, seen, elements = queries.everything_under_lock(actor, wanted, now)
        refused = rules.refusals_to_search(facts, now)
        decided = {one.customer: rules.decide(one.facts, now) for one in seen}
        _refuse_masked(decided.values())
        out = {one for one, decision in decided.items() if decision.refused}
        pairs = [] if refused else [one for one in candidates.pairs if not out.intersection(one)]
        _enter(actor, asked, facts, pairs, refused, now)
    if refused:
        raise Denied(remedies.sentence_of(refused), refused)
    named = {one for pair in pairs for one in pair}
    stored = [(one.header, one.blobs) for one in seen if one.customer in named and one.header]
    return sharing.alike(candidates.indexer, elements, stored, pairs, asked.fields)


def _refuse_masked(decisions: Collection[Decision]) -> None:
    masked = sorted({field for one in decisions for field, _ in one.masks})
    if masked:
        raise Unacceptable(
            f"This purpose shows {', '.join(masked)} in part only, and customers are compared by "
            "whole values: name other elements, or another purpose."
        )


def _enter(
    actor: Actor,
    asked: Asked,
    facts: Facts,
    pairs: Collection[Pair],
    refused: Sequence[Refusal],
    now: datetime,
) -> None:
    event = AccessEvent.DUPLICATES_REFUSED if refused else AccessEvent.DUPLICATES_FOUND
    details = _details(actor, facts, pairs, refused, now)
    log.append(event, actor, purpose=asked.purpose if facts.purpose else None, details=details)


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
