"""Which customers there are: from a company's own references to the records."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from django.db import connection

from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import references, service
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
    return found[digest]


def customer_or_nobody(reference: str) -> UUID:
    """As `customer_of`, with `NOBODY` for a reference that means no customer.

    For acts whose decision, and whose entry in the ledger, shall say so.
    """
    (digest,) = references.hashes(service.current(), [reference])
    return recorded([digest]).get(digest, NOBODY)


def recorded(hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that references with these hashes mean and that have a record."""
    known = references.customers(service.current(), hashed)
    there = with_record(known.values())
    return {digest: customer for digest, customer in known.items() if customer in there}


def with_record(customers: Collection[UUID]) -> set[UUID]:
    """Those of some customers that have a record, whatever has become of it."""
    if not customers:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM vault_customer WHERE id = ANY(%s)", (list(customers),))
        return {customer for (customer,) in cursor.fetchall()}


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
