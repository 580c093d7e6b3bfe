"""Locks on customers: readers share, whoever restricts or erases waits for them and is waited for.

Always a statement of their own: a statement that locks and reads sees what was true before it
waited, since its snapshot is older than its lock.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from trustkeep.base.locks import number_of
from trustkeep.kernel.ledger.trips import Statement

SHARING = Statement(
    "vault_share",
    "bigint[]",
    "SELECT pg_advisory_xact_lock_shared(key) FROM unnest($1) AS key",
)
EXCLUDING = Statement(
    "vault_exclude",
    "bigint[]",
    "SELECT pg_advisory_xact_lock(key) FROM unnest($1) AS key",
)


def keys_of(subjects: Iterable[UUID]) -> list[int]:
    """The numbers to lock, in the one order that everybody keeps."""
    return sorted({number_of(subject) for subject in subjects})


def shared(customers: Iterable[UUID]) -> None:
    """Keep some customers as they are, until this transaction ends."""
    _take(SHARING, customers)


def exclusive_many(customers: Iterable[UUID]) -> None:
    """As `exclusive`, for many: in the one order that everybody keeps."""
    _take(EXCLUDING, customers)


def exclusive(customer: UUID) -> None:
    """Wait for every reader and writer of a customer, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (number_of(customer),))


def _take(locking: Statement, customers: Iterable[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(locking.body.replace("$1", "%s::bigint[]"), (keys_of(customers),))
