"""Bringing customers up to date with what a source says now.  SOP 4.1a, 4.2a.

Three texts are compared for each value: what stands here, what the source says, and what it said
the last time.  Of the last there is only a digest, under a key of the customer, which goes with it.
So a value that somebody corrected here is not overwritten by a file that still says the old one,
and a row that says what it said before is not even opened.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import connection

from trustkeep.base.actor import Actor
from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.register import Standing
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import headers, locks, opening, rules, writing
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.sealing import Values

MOST_AT_ONCE = 500  # customers in one transaction: each is a lock
_LABEL = b"trustkeep/said/v1"
_DIGEST_BYTES = 16
_SAID = "SELECT customer, digests FROM vault_said WHERE source = %s AND customer = ANY(%s)"
_SAY = (
    "INSERT INTO vault_said (customer, source, digests) VALUES (%s, %s, %s)"
    " ON CONFLICT (customer, source) DO UPDATE SET digests = excluded.digests"
)

Digests = Mapping[str, str]  # element -> digest of a value, hexadecimal


class Prefer(StrEnum):
    """Whose value counts where both changed."""

    NEITHER = "neither"  # left as it is, and reported
    FILE = "file"
    OURS = "ours"


class Outcome(StrEnum):
    """What became of one customer."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    CONFLICT = "conflict"
    HELD = "held"
    RESTRICTED = "restricted"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Brought:
    """The outcome, the elements that are in conflict, and whether any value was changed."""

    outcome: Outcome
    conflicts: tuple[str, ...] = ()
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class _Judged:
    changes: Values
    conflicts: tuple[str, ...]
    said: Digests  # what is to be remembered


class _Said:
    """Digests of one customer's values."""

    def __init__(self, key: CustomerKey) -> None:
        self._key = expanded(key.key, _LABEL)

    def of(self, element: str, value: str) -> str:
        text = f"{element}\0{value}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()

    def all_of(self, values: Values) -> dict[str, str]:
        return {element: self.of(element, value) for element, value in values.items()}


def with_news(rows: Mapping[UUID, Values], *, source: str) -> dict[UUID, Values]:
    """Those of the customers of whom the source says anything it did not say the last time."""
    before = _said(list(rows), source)
    if not before:
        return dict(rows)
    keys = service.current().customer_keys(list(before))
    same = {
        customer
        for customer, key in keys.items()
        if _Said(key).all_of(rows[customer]).items() <= before[customer].items()
    }
    return {customer: values for customer, values in rows.items() if customer not in same}


def bring(
    actor: Actor, rows: Mapping[UUID, Values], *, source: str, prefer: Prefer = Prefer.NEITHER
) -> dict[UUID, Brought]:
    """Bring some customers up to date, at most 500; only inside a transaction.

    A value that the source does not name stays as it is.  Nothing is changed of one who is held or
    whose processing is restricted.  What was opened to be compared has an entry.

    Raises:
        Tampered: what is stored is not what was written.
    """
    locks.exclusive_many(rows)
    keys, elements = service.current(), declared.by_key()
    found, blobs = headers.with_blobs(rows, rules.SensitivityClass)
    with keys.store.reading() as store:
        standings = register.standings_in(keys, store, rows)
    opened_keys = keys.customer_keys(list(found))
    before = _said(list(rows), source)
    hand = _Hand(actor, elements, source)
    done: dict[UUID, Brought] = {}
    for customer, values in rows.items():
        header, key = found.get(customer), opened_keys.get(customer)
        if header is None or key is None or standings[customer].gone:
            done[customer] = Brought(Outcome.GONE)
            continue
        opened_values = opening.open_with(
            keys.install, key, header, blobs[customer], list(elements), elements
        )
        judged = _judged(
            header, opened_values, values, before.get(customer, {}), _Said(key), prefer
        )
        done[customer] = hand.applied(key, header, opened_values, judged, standings[customer])
    hand.remember()
    return done


def forget(customer: UUID) -> None:
    """Remove what sources said of a customer; only inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_said WHERE customer = %s", (customer,))


class _Hand:
    """Writes what was judged, and remembers what the source said."""

    def __init__(self, actor: Actor, elements: Mapping[str, Element], source: str) -> None:
        self._actor, self._source = actor, source
        self._writer = writing.Writer(actor, elements, source=source)
        self._remembered: list[tuple[UUID, str, str]] = []

    def applied(
        self,
        key: CustomerKey,
        header: Header,
        opened_values: Values,
        judged: _Judged,
        standing: Standing,
    ) -> Brought:
        outcome = _outcome(judged, standing)
        is_changed = bool(judged.changes) and outcome in {Outcome.CHANGED, Outcome.CONFLICT}
        if is_changed:
            opened_after = {**opened_values, **judged.changes}
            self._writer.rewrite(key, header, opened_values, opened_after)
        else:
            log.append(
                VaultEvent.COMPARED,
                self._actor,
                customer=header.customer,
                details={"source": self._source, "differs": sorted(judged.conflicts)},
            )
        if outcome not in {Outcome.HELD, Outcome.RESTRICTED}:
            said = json.dumps(judged.said, sort_keys=True)
            self._remembered.append((header.customer, self._source, said))
        return Brought(outcome, judged.conflicts, is_changed)

    def remember(self) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(_SAY, self._remembered)


def _outcome(judged: _Judged, standing: Standing) -> Outcome:
    if judged.changes and standing.held:
        return Outcome.HELD
    if judged.changes and standing.restricted:
        return Outcome.RESTRICTED
    if judged.conflicts:
        return Outcome.CONFLICT
    return Outcome.CHANGED if judged.changes else Outcome.UNCHANGED


def _judged(
    header: Header,
    opened_values: Values,
    values: Values,
    before: Digests,
    said: _Said,
    prefer: Prefer,
) -> _Judged:
    changes: dict[str, str] = {}
    conflicts: list[str] = []
    remembered = {**before}
    for element, value in values.items():
        now, ours = said.of(element, value), opened_values.get(element)
        if ours != value and before.get(element) != now:
            untouched = _is_untouched(header, element, ours, before, said)
            if untouched or prefer is Prefer.FILE:
                changes[element] = value
            elif prefer is Prefer.NEITHER:
                conflicts.append(element)
                continue  # until somebody says whose value counts
        remembered[element] = now
    return _Judged(changes, tuple(conflicts), remembered)


def _is_untouched(
    header: Header, element: str, ours: str | None, before: Digests, said: _Said
) -> bool:
    """Whether what stands here is what the source said before, or what it began with."""
    if ours is None:
        return True
    if element in before:
        return before[element] == said.of(element, ours)
    return header.version == 1


def _said(customers: Sequence[UUID], source: str) -> dict[UUID, Digests]:
    return dict(_read_said(customers, source))


def _read_said(customers: Sequence[UUID], source: str) -> Iterator[tuple[UUID, Digests]]:
    with connection.cursor() as cursor:
        cursor.execute(_SAID, (source, list(customers)))
        for customer, digests in cursor:
            yield customer, json.loads(digests)
