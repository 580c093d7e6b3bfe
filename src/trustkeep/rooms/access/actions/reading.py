"""The one way to a customer's value.  SOP 4.3a, 4.3c.

A value leaves only after the entry that permits it is durably committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Tampered
from trustkeep.kernel.ledger import log
from trustkeep.kernel.ledger.feeding import Feed
from trustkeep.kernel.ledger.log import EntryRef
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import merged, opening
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import queries, rules
from trustkeep.rooms.access.actions.entries import About, denied, entry_about
from trustkeep.rooms.access.queries import Asked, Seen
from trustkeep.rooms.access.rules import Decision, Facts, Refusal

MOST_AT_ONCE = 1000  # customers in one bulk reading
_BULK = Permission.BULK_READ_CUSTOMERS
FED_AT_ONCE = 250  # of their entries in one message to the database


Decided = tuple[Seen, Decision, About]
Entered = tuple[Seen, Decision, About, EntryRef]


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """Opened values by field, masked where the decision says so, and the entry that permits it."""

    customer: UUID
    opened_values: Mapping[str, str]
    masked: tuple[str, ...]
    entry: EntryRef


@dataclass(frozen=True, slots=True, repr=False)
class ReadEach:
    """What was opened, customer by customer, and why others were left out."""

    opened: Sequence[Opened]
    refused: Mapping[UUID, tuple[Refusal, ...]]
    damaged: tuple[UUID, ...] = ()  # whose values are not those that were stored


def read_fields(
    actor: Actor,
    *,
    customer: UUID,
    fields: Sequence[str],
    purpose: str,
    case: str | None = None,
) -> Opened:
    """Open some fields of one customer for one purpose.  `case` is `system:reference` or its id.

    Of one who was merged, those of whoever has the values now.

    Raises:
        Denied: with every reason; the refusal itself is in the ledger.
        Missing: the customer was erased while this was decided.
        LedgerUnavailable: the entry could not be stored, so nothing was opened.
    """
    asked = Asked((customer,), tuple(fields), purpose, case)
    # Two trips: the facts, then the entry with its commit.
    with transaction.atomic(durable=True):
        now = world.now()
        (seen,), elements = queries.seen_under_lock(actor, asked, now)
        is_merged = seen.header is not None and seen.header.into is not None
        if not is_merged:
            decision = rules.decide(seen.facts, now)
            about = entry_about(actor, asked, seen.facts, decision)
            ref = log.append_and_commit(
                about.event, actor, customer=about.customer(customer), purpose=about.purpose,
                details=about.details,
            )  # fmt: skip
    if is_merged:
        survivor = merged.survivor_of(customer)
        return read_fields(actor, customer=survivor, fields=fields, purpose=purpose, case=case)
    points.reached("access.entry_committed")
    # Raised only after the commit: raising inside would roll the refusal's entry back.
    if decision.refused or seen.header is None:
        raise denied(decision)
    opened_values = opening.open_fields(seen.header, seen.blobs, decision.released, elements)
    return Opened(customer, opened_values, decision.masked, ref)


def read_many(
    actor: Actor, *, customers: Sequence[UUID], fields: Sequence[str], purpose: str
) -> list[Opened]:
    """Open some fields of many customers, an entry each; needs a grant for bulk reading.

    Of those who were merged, those of whoever has the values now, once.

    Raises:
        Denied: for any of them; then nothing is opened of any, and every refusal is in the ledger.
        LedgerUnavailable: the entries could not be stored, so nothing was opened.
    """
    try:
        return list(_read(actor, customers, fields, purpose, left_out=frozenset()).opened)
    except _MergedError:
        survivors = merged.survivors_of(customers)
        return read_many(actor, customers=survivors, fields=fields, purpose=purpose)


def read_each(
    actor: Actor, *, customers: Sequence[UUID], fields: Sequence[str], purpose: str
) -> ReadEach:
    """As `read_many`, but what stands against one customer leaves out that one only.

    Raises:
        Denied: the actor may not, whoever the customer; then nothing is opened of any.
        LedgerUnavailable: the entries could not be stored, so nothing was opened.
    """
    return _read(actor, customers, fields, purpose, left_out=rules.ABOUT_ONE)


class _MergedError(Exception):
    """Some were merged: nothing was decided of any."""


def require_bulk_reading(actor: Actor, *, fields: Sequence[str], purpose: str) -> None:
    """Go on only if the actor may read many customers at all; needs a grant for bulk.

    Raises:
        Denied: with every reason; the refusal itself is in the ledger.
    """
    asked = Asked((), tuple(fields), purpose, None, _BULK, bulk=True)
    with transaction.atomic(durable=True):
        now = world.now()
        facts, _ = queries.policy_under_lock(actor, asked, now)
        decision = rules.decide_of_anybody(facts, now)
        if decision.refused:
            about = entry_about(actor, asked, facts, decision)
            log.append(about.event, actor, purpose=about.purpose, details=about.details)
    if decision.refused:
        raise denied(decision)


def _read(
    actor: Actor,
    customers: Sequence[UUID],
    fields: Sequence[str],
    purpose: str,
    *,
    left_out: frozenset[Refusal],
) -> ReadEach:
    """Open what was asked of many customers, but for those whom only such reasons refuse."""
    if len(customers) > MOST_AT_ONCE:
        raise Denied(f"At most {MOST_AT_ONCE} customers are read at once.", ("too_many",))
    asked = Asked(tuple(customers), tuple(fields), purpose, None, _BULK, bulk=True)
    with transaction.atomic(durable=True):
        now = world.now()
        seen, elements = queries.seen_under_lock(actor, asked, now)
        if not left_out and any(one.header and one.header.into for one in seen):
            raise _MergedError
        decisions = _Decisions(actor, asked, now)
        decided = [(one, *decisions.about(one.facts)) for one in seen]
        stops = next((one for _, one, _ in decided if not left_out.issuperset(one.refused)), None)
        with Feed() as feed:
            refs = _entries(feed, actor, decided)
            read = [
                (*one, ref) for one, ref in zip(decided, refs, strict=True) if not one[1].refused
            ]
            # While PostgreSQL takes the entries, keys are unwrapped; no value before the commit.
            ready = None if stops else ready_of(read, elements)
    points.reached("access.entry_committed")
    if stops:
        about = [one.customer for one, each, _ in decided if each.refused == stops.refused]
        raise denied(stops, of=about if rules.ABOUT_ONE.issuperset(stops.refused) else ())
    refused = {one.customer: decision.refused for one, decision, _ in decided if decision.refused}
    opened = opened_of(actor, read, ready) if ready else []
    damaged = tuple(ready.damaged) if ready else ()
    if damaged and not left_out:
        raise Tampered(
            f"Values of customer {damaged[0]} are not those that were stored: restore them from a "
            "backup; nothing was released.",
            damaged[0],
        )
    return ReadEach(opened, refused, damaged)


def _entries(feed: Feed, actor: Actor, decided: Sequence[Decided]) -> list[EntryRef]:
    refs: list[EntryRef] = []
    for start in range(0, len(decided), FED_AT_ONCE):
        drafts = [
            log.Draft(about.event, actor, one.customer, about.purpose, about.details)
            for one, _, about in decided[start : start + FED_AT_ONCE]
        ]
        refs += log.append_fed(feed, drafts)
    return refs


def ready_of(read: Sequence[Entered], elements: Mapping[str, Element]) -> opening.Ready:
    """What was permitted, with its keys unwrapped; opened only after the commit."""
    return opening.Ready(
        [(one.header, one.blobs) for one, *_ in read if one.header],
        read[0][1].released if read else {},
        elements,
    )


def opened_of(actor: Actor, read: Sequence[Entered], ready: opening.Ready) -> list[Opened]:
    """The values that were permitted, as they are shown; whose could not be opened has an entry."""
    opened_many = ready.opened_many()
    if ready.damaged:
        with transaction.atomic(durable=True):
            log.append_many(
                log.Draft(VaultEvent.OPENING_FAILED, actor, customer) for customer in ready.damaged
            )
    return [
        Opened(one.customer, opened_many[one.customer], decision.masked, ref)
        for one, decision, _, ref in read
        if one.customer in opened_many
    ]


class _Decisions:
    """Decides once for all customers about whom the same is known."""

    def __init__(self, actor: Actor, asked: Asked, now: datetime) -> None:
        self._actor, self._asked, self._now = actor, asked, now
        self._made: dict[int, tuple[Decision, About]] = {}

    def about(self, facts: Facts) -> tuple[Decision, About]:
        """The decision on these facts, and what its entries say."""
        # By identity: `seen_under_lock` gives the same facts once, and holds them meanwhile.
        made = self._made.get(id(facts))
        if made is None:
            decision = rules.decide(facts, self._now)
            about = entry_about(self._actor, self._asked, facts, decision)
            made = self._made[id(facts)] = decision, about
        return made
