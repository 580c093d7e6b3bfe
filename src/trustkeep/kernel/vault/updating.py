"""Bringing customers up to date with what a source says now.  SOP 4.1a, 4.2a.

The caller has decided that this person may, and its entries are written.  A customer of whom the
source says what it said before is not opened at all, and of the others only the classes that it
names values of.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.register import Standing
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.vault import judging, opening, said, writing
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.judging import Difference, Judged, Prefer
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.said import Memory
from trustkeep.kernel.vault.sealing import Values

MOST_AT_ONCE = 500  # customers in one transaction: each is a lock

Stored = tuple[Header, opening.Blobs]


class Outcome(StrEnum):
    """What became of one customer."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    CONFLICT = "conflict"
    HELD = "held"
    RESTRICTED = "restricted"
    TAMPERED = "tampered"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Brought:
    """The outcome, which elements are in conflict and why, and whether any value was changed."""

    outcome: Outcome
    conflicts: Mapping[str, Difference] = field(default_factory=dict)
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says: whose word counts in doubt, and the elements that it may name.

    `through` is by whose references, of those who were merged, it names some customers.
    """

    source: str
    prefer: Prefer
    fields: Collection[str]
    through: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)

    def speaker(self, customer: UUID) -> str:
        """Who it is that says it, in the memory of this customer."""
        return said.speaker(self.source, self.through.get(customer, ()))


def bring(
    actor: Actor,
    rows: Mapping[UUID, Values],
    stored: Mapping[UUID, Stored],
    elements: Mapping[str, Element],
    says: Said,
) -> dict[UUID, Brought]:
    """Bring some customers up to date; only inside a transaction, under their locks.

    A value that the source does not name stays as it is.  Nothing is changed of one who is held or
    whose processing is restricted, or whose values are not those that were written.
    """
    keys = service.current()
    with keys.store.reading() as store:
        standings = register.standings_in(keys, store, rows)
    opened_keys = keys.customer_keys(list(rows))
    hand = _Hand(actor, elements, says, said.memories(opened_keys))
    done: dict[UUID, Brought] = {}
    for customer, values in rows.items():
        key, standing = opened_keys.get(customer), standings[customer]
        if key is None or standing.gone:
            done[customer] = Brought(Outcome.GONE)
        else:
            done[customer] = hand.brought(key, stored[customer], values, standing)
    hand.finish()
    return done


class _Hand:
    """Opens what must be compared, writes what was judged, remembers what the source said."""

    def __init__(
        self,
        actor: Actor,
        elements: Mapping[str, Element],
        says: Said,
        memories: Mapping[UUID, Memory],
    ) -> None:
        self._elements, self._says = elements, says
        self._memories = memories
        self._writer = writing.Writer(actor, elements, source=says.source)
        classes = opening.classes_of(says.fields, elements)
        # A class is sealed as a whole, so all of it must be at hand to be sealed anew.
        self._at_hand = [key for key, one in elements.items() if one.sensitivity in classes]
        self._remembered: list[tuple[UUID, Memory]] = []

    def brought(
        self, key: CustomerKey, stored: Stored, values: Values, standing: Standing
    ) -> Brought:
        header, blobs = stored
        memory = self._memories[header.customer]
        speaker = self._says.speaker(header.customer)
        if memory.says_nothing_new(speaker, values):
            return Brought(Outcome.UNCHANGED)
        try:
            opened_values = opening.open_with(
                service.current().install, key, header, blobs, self._at_hand, self._elements
            )
        except Tampered:
            self._writer.note(VaultEvent.OPENING_FAILED, header.customer, {})
            return Brought(Outcome.TAMPERED)
        found = judging.judged(
            memory, opened_values, values, source=speaker, prefer=self._says.prefer,
            is_first=header.version == 1,
        )  # fmt: skip
        return self._applied(key, header, opened_values, found, standing)

    def _applied(
        self,
        key: CustomerKey,
        header: Header,
        opened_values: Values,
        found: Judged,
        standing: Standing,
    ) -> Brought:
        outcome = _outcome(found, standing)
        is_changed = bool(found.changes) and outcome in {Outcome.CHANGED, Outcome.CONFLICT}
        if is_changed:
            opened_after = {**opened_values, **found.changes}
            self._writer.rewrite(key, header, opened_values, opened_after, self._at_hand)
        else:
            details = {"source": self._says.source, "differs": sorted(found.conflicts)}
            self._writer.note(VaultEvent.COMPARED, header.customer, details)
        if outcome not in {Outcome.HELD, Outcome.RESTRICTED}:
            self._remember(header.customer, found.said)
        return Brought(outcome, found.conflicts, is_changed)

    def _remember(self, customer: UUID, values: Values) -> None:
        memory = self._memories[customer]
        if memory.is_damaged:
            details = {"source": self._says.source}
            self._writer.note(VaultEvent.SAID_DAMAGED, customer, details)
        memory.remember(self._says.speaker(customer), values, self._says.fields)
        self._remembered.append((customer, memory))

    def finish(self) -> None:
        self._writer.finish()
        said.store(self._remembered)


def _outcome(found: Judged, standing: Standing) -> Outcome:
    if found.changes and standing.held:
        return Outcome.HELD
    if found.changes and standing.restricted:
        return Outcome.RESTRICTED
    if found.conflicts:
        return Outcome.CONFLICT
    return Outcome.CHANGED if found.changes else Outcome.UNCHANGED
