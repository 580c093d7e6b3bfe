"""Which customers there are: from a company's own references to the records.

The reference of one who was merged means whoever has the values now.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import references, service
from trustkeep.kernel.vault import merged
from trustkeep.kernel.vault.models import Customer
from trustkeep.kernel.vault.rules import State


def customer_of(reference: str) -> UUID:
    """The customer that an external reference means.

    Raises:
        Missing: there is none, or it was erased.
    """
    (digest,) = references.hashes(service.current(), [reference])
    found = recorded([digest])
    if digest not in found:
        raise Missing("There is no such customer.")
    return merged.survivor_of(found[digest])


def customer_or_nobody(reference: str) -> UUID:
    """As `customer_of`, with `NOBODY` for a reference that means no customer.

    For acts whose decision, and whose entry in the ledger, shall say so.
    """
    found = record_or_nobody(None, reference)
    return found if found == NOBODY else merged.survivor_of(found)


def one(customer: UUID | None, reference: str | None) -> UUID:
    """The customer of an id or, where there is none, of an external reference.

    Raises:
        Missing: the reference means nobody, or somebody who was erased.
    """
    return merged.survivor_of(customer) if customer else customer_of(reference or "")


def one_or_nobody(customer: UUID | None, reference: str | None) -> UUID:
    """As `one`, with `NOBODY` for a reference that means no customer."""
    return merged.survivor_of(customer) if customer else customer_or_nobody(reference or "")


def record_or_nobody(customer: UUID | None, reference: str | None) -> UUID:
    """As `one_or_nobody`, but the very record that is named, for acts that look where it leads."""
    if customer:
        return customer
    (digest,) = references.hashes(service.current(), [reference or ""])
    return recorded([digest]).get(digest, NOBODY)


def named(text: str) -> UUID:
    """The customer that a person names, by id as a list answers it, or by an external reference.

    Raises:
        Missing: there is none, or it was erased.
    """
    try:
        return merged.survivor_of(UUID(text))
    except ValueError:
        return customer_of(text)


def recorded(hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that references with these hashes mean and that have a record."""
    known = references.customers(service.current(), hashed)
    there = merged.with_record(known.values())
    return {digest: customer for digest, customer in known.items() if customer in there}


def count_active() -> int:
    """How many customers there are who are neither erased nor being erased."""
    return Customer.objects.filter(state=State.ACTIVE).count()


def active_in_batches(at_most: int) -> Iterator[list[UUID]]:
    """Every customer who is neither erased nor being erased, so many at a time.

    Each batch is asked for when it is needed, so that no transaction stays open meanwhile.
    """
    after = NOBODY
    active = Customer.objects.filter(state=State.ACTIVE).order_by("id")
    while batch := list(active.filter(id__gt=after).values_list("id", flat=True)[:at_most]):
        yield batch
        after = batch[-1]
