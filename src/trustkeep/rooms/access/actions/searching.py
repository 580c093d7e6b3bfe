"""Finding a customer by an exact value that the company knows.  SOP 4.3a, 4.3c.

The entry names the kind of value and who was found, never the value and never its token.  A name is
looked up by its words, and only beside a second value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import opening
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import cards, queries, remedies, rules
from trustkeep.rooms.access.actions.entries import entry_about
from trustkeep.rooms.access.actions.looking import Hits, Sought, Value, hits_of
from trustkeep.rooms.access.actions.reading import (
    Decided,
    Entered,
    Opened,
    opened_of,
    ready_of,
)
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.queries import Asked, Seen
from trustkeep.rooms.access.rules import Decision, Facts, Refusal

MOST_FOUND = 50


@dataclass(frozen=True, slots=True, repr=False)
class Named:
    """At most fifty customers; `is_more` says that others match too."""

    customers: Sequence[UUID]
    is_more: bool


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """A customer that was found: masked values to recognise the person by, or why none are shown.

    `entry` is the reading's; None where nothing was opened.
    """

    customer: UUID
    masked_values: Mapping[str, str]
    refused: tuple[Refusal, ...] = ()
    entry: log.EntryRef | None = None

    @property
    def why(self) -> str | None:
        """Why nothing is shown, and what to do about it."""
        return "; ".join(remedies.REMEDIES[reason] for reason in self.refused) or None


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """At most ten cards; `is_more` says that others match too.  `words` of a name were compared."""

    cards: Sequence[Card]
    is_more: bool
    words: int
    sentence: str


def find_customers(
    actor: Actor, *, element: str, value: str, purpose: str, case: str | None = None
) -> Named:
    """The customers with exactly this value, after normalisation; needs a grant for the element.

    `case` is `system:reference` or its id, open, where the purpose demands one.

    Raises:
        Denied: no grant covers the element for this purpose, or the case is missing or closed.
        Unacceptable: the element is not looked up, or not without another.
        Conflict: the actor's access began while this was decided.
        Rebuilding: the index is not whole, so that nobody can say "not found".
        LedgerUnavailable: the entry could not be stored, so nothing was looked up.
    """
    sought = Sought(Value(element, value), purpose, case=case)
    hits = _searched(actor, sought, at_most=MOST_FOUND, with_cards=False).hits
    return Named(hits.customers, hits.is_more)


def search_customers(actor: Actor, *, sought: Sought) -> Found:
    """As `find_customers`, with a masked card of each of the first ten.

    Opening what a card shows is a reading: it is decided, and has an entry, for each customer.

    Raises:
        Denied, Unacceptable, Conflict, Rebuilding, LedgerUnavailable: as `find_customers`.
        Tampered: the header of one who was found was changed from outside.
    """
    done = _searched(actor, sought, at_most=cards.MOST_CARDS, with_cards=True)
    shown = opened_of(actor, done.read, done.ready) if done.ready else []
    opened = {one.customer: one for one in shown}
    found = [_card(customer, opened.get(customer), done) for customer in done.hits.customers]
    words = done.hits.words if sought.beside else None
    said = cards.sentence(len(found), is_more=done.hits.is_more, words=words)
    return Found(found, done.hits.is_more, done.hits.words, said)


@dataclass(frozen=True, slots=True, repr=False)
class _Searched:
    hits: Hits
    read: Sequence[Entered] = ()
    ready: opening.Ready | None = None
    refused: Mapping[UUID, tuple[Refusal, ...]] = field(default_factory=dict)


def _card(customer: UUID, opened: Opened | None, done: _Searched) -> Card:
    if opened is None:
        return Card(customer, {}, done.refused.get(customer, ()))
    return Card(customer, opened.opened_values, entry=opened.entry)


def _searched(actor: Actor, sought: Sought, *, at_most: int, with_cards: bool) -> _Searched:
    """Look somebody up, decide on it and on each card, and enter it all with one commit.

    Four trips: may the actor search, who has the tokens, the facts, the entries.  Who has the
    tokens is asked before the decision that counts, so that everybody is locked together, in
    order; nothing of it is told or written where the search is refused then.
    """
    authority.require(actor, Permission.SEARCH_CUSTOMERS)
    hits = _permitted_hits(actor, sought, at_most)
    named = tuple(hits.customers) if hits and with_cards else ()
    asked = Asked(named, sought.fields, sought.purpose, sought.case)
    with transaction.atomic(durable=True):
        now = world.now()
        facts, seen, elements = queries.everything_under_lock(actor, asked, now)
        refused = rules.refusals_to_search(facts, now)
        if not refused and hits is None:
            raise Conflict("Your access began in this very moment: search again.")
        if not refused and hits and hits.complaint:
            raise hits.complaint
        hits = hits if hits and not refused else Hits([])
        fields = () if refused else _card_fields(facts, elements, now)
        decided = (
            _decided(actor, replace(asked, fields=fields), seen, elements, now) if fields else []
        )
        draft = _draft(actor, sought, facts, elements, hits, now)
        _, *refs = log.append_few_and_commit(
            [
                draft,
                *(
                    log.Draft(about.event, actor, one.customer, about.purpose, about.details)
                    for one, _, about in decided
                ),
            ]
        )
    points.reached("access.entry_committed")
    if refused:
        raise Denied(remedies.sentence_of(refused), refused)
    read = [(*one, ref) for one, ref in zip(decided, refs, strict=True) if not one[1].refused]
    return _Searched(
        hits, read, ready_of(read, elements) if read else None,
        {one.customer: decision.refused for one, decision, _ in decided},
    )  # fmt: skip


def _decided(
    actor: Actor,
    asked: Asked,
    seen: Sequence[Seen],
    elements: Mapping[str, Element],
    now: datetime,
) -> list[Decided]:
    """The decision about the card of each customer, as about any reading of its fields."""
    made = []
    for one in seen:
        facts = replace(one.facts, fields=asked.fields)
        decision = _masked(rules.decide(facts, now), elements)
        made.append((one, decision, entry_about(actor, asked, facts, decision)))
    return made


def _masked(decision: Decision, elements: Mapping[str, Element]) -> Decision:
    """The same for a card: what would leave whole has the mask of a card."""
    of_cards = {field: cards.MASKS[elements[field].index] for field in decision.allowed}
    return replace(decision, allowed=(), masks=(*decision.masks, *of_cards.items()))


def _permitted_hits(actor: Actor, sought: Sought, at_most: int) -> Hits | None:
    """The customers who have every token of what is sought, by the index as it is now.

    None, and nobody is looked up, for whoever may not search: how long a look takes tells whether
    anybody is there.
    """
    now = world.now()
    asked = Asked((), sought.fields, sought.purpose, sought.case)
    facts, elements = queries.policy_now(actor, asked, now)
    if rules.refusals_to_search(facts, now):
        return None
    return hits_of(sought, elements, at_most)


def _draft(
    actor: Actor,
    sought: Sought,
    facts: Facts,
    elements: Mapping[str, Element],
    hits: Hits,
    now: datetime,
) -> log.Draft:
    """The entry of a search: what was typed as element or purpose only where it was declared."""
    refused = rules.refusals_to_search(facts, now)
    details: dict[str, object] = {"hits": len(hits.customers)}
    if actor.token is not None:
        details["token"] = str(actor.token)
    if facts.case is not None:
        details["case"] = str(facts.case.id)
    if sought.by.element in elements:
        details["element"] = sought.by.element
    if sought.beside and sought.beside.element in elements:
        details["beside"] = sought.beside.element
    if hits.words:
        details["words"] = hits.words
    if hits.is_more:
        details["more"] = True
    if refused:
        details["reasons"] = [str(reason) for reason in refused]
    else:
        details["found"] = sorted(map(str, hits.customers))
        details["grants"] = [str(grant.id) for grant in rules.counting(facts, now)]
    event = AccessEvent.SEARCH_REFUSED if refused else AccessEvent.SEARCHED
    purpose = sought.purpose if facts.purpose is not None else None
    return log.Draft(event, actor, None, purpose, details)


def _card_fields(facts: Facts, elements: Mapping[str, Element], now: datetime) -> tuple[str, ...]:
    """What a card may show: of what people are looked up by, what purpose and grants reach."""
    needed = facts.purpose.fields if facts.purpose else frozenset()
    granted = rules.covered(rules.counting(facts, now), tuple(needed))
    known = {key: (one.number, one.index) for key, one in elements.items()}
    return cards.fields_of(known, granted & known.keys())
