"""Changing the values of a customer.  SOP 4.2a.

What stays the same stays sealed as it was; each class that changed is sealed anew in its next
version, and the writing and its ledger entry stand or fall together.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import (
    headers,
    index,
    index_parts,
    locks,
    opening,
    rules,
    said,
    sealing,
)
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import Written
from trustkeep.kernel.vault.sealing import Values

_HEADER = (
    "UPDATE vault_customer SET state = %s, version = %s, key_version = %s, classes = %s,"
    " seal = %s WHERE id = %s"
)
_VALUE = (
    "INSERT INTO vault_sealedvalues (customer_id, number, version, blob)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT (customer_id, number)"
    " DO UPDATE SET version = excluded.version, blob = excluded.blob"
)


def write_fields(actor: Actor, customer: UUID, changes: Mapping[str, str | None]) -> None:
    """Change values of one customer; None removes one.  Only inside a transaction.

    Raises:
        Missing: there is no such customer, or it is being erased.
        Conflict: its processing is restricted, or a hold stands on a value that would go.
    """
    locks.exclusive(customer)
    keys = service.current()
    standing = register.facts(customer)
    if standing.restricted:
        raise Conflict("Processing of this customer is restricted; nothing was changed.")
    if standing.held:
        raise Conflict("A legal hold stands on this customer; nothing was changed.")
    elements = declared.by_key()
    found, blobs = headers.with_blobs([customer], rules.SensitivityClass)
    key = keys.customer_key(customer)
    if customer not in found or key is None or standing.gone:
        raise Missing("There is no such customer.")
    header = found[customer]
    opened_values = opening.open_with(
        keys.install, key, header, blobs[customer], list(elements), elements
    )
    opened_after = _changed(opened_values, changes)
    writer = Writer(actor, elements)
    writer.rewrite(key, header, opened_values, opened_after, list(elements))
    writer.finish()
    memory = said.memories({customer: key})[customer]
    if memory.is_damaged:
        log.append(VaultEvent.SAID_DAMAGED, actor, customer=customer)
    memory.remember(said.HERE, changes)
    said.store([(customer, memory)])


class Writer:
    """Puts values in the place of others, for one actor; `details` are what entries say besides.

    What is written is stored when `finish` is called, for all customers at once.
    """

    def __init__(self, actor: Actor, elements: Mapping[str, Element], **details: str) -> None:
        self._actor, self._elements, self._details = actor, elements, details
        self._indexer = index.for_writing()
        self._policy = service.current().named_key("policy")
        self._headers: list[tuple[Any, ...]] = []
        self._values: list[tuple[Any, ...]] = []
        self._rewritten: list[index_parts.Rewritten] = []
        self._drafts: list[log.Draft] = []

    def rewrite(
        self,
        key: CustomerKey,
        header: Header,
        opened_before: Values,
        opened_after: Values,
        at_hand: Collection[str],
    ) -> None:
        """Write the values after in the place of those before.  Only under the customer's lock.

        `at_hand` are the elements of every class that was opened; what is in others stays.
        """
        install = service.current().install
        after, fresh = _resealed(install, key, header, opened_before, opened_after, self._elements)
        self._headers.append((
            after.state, after.version, after.key_version, after.packed, after.seal(self._policy),
            after.customer,
        ))  # fmt: skip
        self._values += [
            (header.customer, number, version, blob) for number, (version, blob) in fresh.items()
        ]
        others = [one for one in self._elements if one not in at_hand]
        self._rewritten.append(index_parts.Rewritten(header, opened_before, opened_after, others))
        written = {"state": after.version, "written": rules.ledger_versions(after.classes)}
        self.note(VaultEvent.WRITTEN, header.customer, {**written, **self._details})

    def note(self, event: VaultEvent, customer: UUID, details: Mapping[str, object]) -> None:
        """Have an entry written about a customer, in its order among the others."""
        self._drafts.append(log.Draft(event, self._actor, customer, None, details))

    def finish(self) -> None:
        """Store what was written, with its entries; only inside the transaction of the locks."""
        if self._headers:
            with connection.cursor() as cursor:
                cursor.executemany(_HEADER, self._headers)
                cursor.executemany(_VALUE, self._values)
            index_parts.replace(self._indexer, self._rewritten)
        log.append_many(self._drafts)
        self._headers, self._values, self._rewritten, self._drafts = [], [], [], []


def _changed(opened_values: Values, changes: Mapping[str, str | None]) -> dict[str, str]:
    opened_after = {**opened_values}
    for field, value in changes.items():
        if value is None:
            opened_after.pop(field, None)
        else:
            opened_after[field] = value
    return opened_after


def _resealed(
    install: UUID,
    key: CustomerKey,
    header: Header,
    opened_before: Values,
    opened_after: Values,
    elements: Mapping[str, Element],
) -> tuple[Header, dict[int, tuple[int, bytes]]]:
    """The next header, with a fresh blob for each class whose values changed."""
    before = sealing.by_class(opened_before, elements)
    classes = dict(header.classes)
    fresh: dict[int, tuple[int, bytes]] = {}
    after = sealing.by_class(opened_after, elements)
    for number in {*before, *after}:
        if before.get(number) == after.get(number):
            continue
        version = classes[number].version + 1 if number in classes else 1
        values = after.get(number, {})
        blob = sealing.seal_class(install, header.customer, key, number, version, values)
        fresh[number] = (version, blob)
        classes[number] = Written.of(version, blob)
    return header.following(classes=classes), fresh
