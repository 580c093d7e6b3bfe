"""The look-up index: tokens of exact values, in unlogged tables that no backup holds.

PostgreSQL empties unlogged tables after any crash.  So the logged generation and the unlogged
sentinel are compared at each use, and as long as they differ the answer is "being rebuilt", never
"not found".  Format: `docs/formats/blind-index.md`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from trustkeep.base import text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Rebuilding
from trustkeep.crypto import blind
from trustkeep.kernel.jobs import recovery
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import headers, locks, opening
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, State

BATCH = 500
LEADER, WRITERS = 0x7472_7573_7469_6478, 0x7472_7573_7469_6479  # advisory locks
_INSERT = "INSERT INTO vault_token (token, customer) VALUES (%s, %s) ON CONFLICT DO NOTHING"

Tokens = Iterator[tuple[bytes, UUID]]


class Indexer:
    """Makes the tokens of one generation."""

    def __init__(self, elements: Mapping[str, Element], generation: int) -> None:
        index_key = service.current().named_key("index")
        self._ways = {
            key: (
                text.NORMALISERS[element.index],
                blind.element_key(index_key, key, generation),
            )
            for key, element in elements.items()
            if element.index != IndexKind.NONE
        }

    def knows(self, element: str) -> bool:
        """Whether anybody is looked up by this element."""
        return element in self._ways

    def token(self, element: str, value: str) -> bytes | None:
        """The token of a value; None where the element is not looked up, or the value is empty."""
        way = self._ways.get(element)
        if way is None:
            return None
        normalised = way[0](value)
        return blind.token(way[1], normalised) if normalised else None

    def tokens(self, customer: UUID, opened_values: Mapping[str, str]) -> Tokens:
        """The tokens of everything of one customer that can be looked up."""
        for element, (normalised, key) in self._ways.items():
            value = opened_values.get(element)
            if value and (plain := normalised(value)):
                yield blind.token(key, plain), customer


def ready() -> int:
    """The generation of the whole index.

    Raises:
        Rebuilding: PostgreSQL lost it in a crash, or its key is being changed.
    """
    generation, whole, percent = _state()
    if not whole:
        remedy = (
            "try again in a moment"
            if recovery.has_worker()
            else "nobody works on it, so start `trustkeep serve` or `trustkeep work`"
        )
        raise Rebuilding(
            f"The look-up index is being rebuilt, {percent} % done; {remedy}.", percent
        )
    return generation


def condition() -> tuple[bool, datetime]:
    """Whether the index is whole, and since when its key is in use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT keyed_at FROM vault_indexgeneration")
        return _state()[1], cursor.fetchone()[0]


def writing_generation() -> int:
    """The generation to write tokens in until this transaction ends, also during a rebuild.

    A rebuild waits here for those who still write in the generation before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (WRITERS,))
    return _state()[0]


def find(indexer: Indexer, element: str, value: str, *, at_most: int = 50) -> list[UUID]:
    """The customers whose element may have this value: candidates, to be opened and compared."""
    token = indexer.token(element, value)
    if token is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer FROM vault_token WHERE token = %s ORDER BY customer LIMIT %s",
            (token, at_most),
        )
        return [customer for (customer,) in cursor.fetchall()]


def replace(indexer: Indexer, customer: UUID, opened_values: Mapping[str, str]) -> None:
    """Make the index say what a customer's values are now; only inside a transaction."""
    forget(customer)
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, list(indexer.tokens(customer, opened_values)))


def forget(customer: UUID) -> None:
    """Remove a customer from the index; only inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_token WHERE customer = %s", (customer,))


def rebuild(actor: Actor) -> int:
    """Make the index anew in a new generation, online; returns how many customers it holds.

    One process does it; another that asks meanwhile gets 0.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (LEADER,))
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _rebuilt(actor)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (LEADER,))


def _rebuilt(actor: Actor) -> int:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))
        # In the order in which a search comes to them: the other way round, two would wait for
        # each other.
        cursor.execute("TRUNCATE vault_sentinel, vault_token")
        cursor.execute(
            "UPDATE vault_indexgeneration SET generation = generation + 1, rebuilding_at = 0,"
            " keyed_at = %s RETURNING generation",
            (world.now(),),
        )
        (generation,) = cursor.fetchone()
    indexer = Indexer(declared.by_key(), generation)
    count = 0
    for start in _starts():
        count += _index_from(indexer, start)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE vault_indexgeneration SET rebuilding_at = %s",
                (min(99, start.bytes[0] * 100 // 256),),
            )
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        log.append(
            VaultEvent.INDEX_REBUILT,
            actor,
            details={"generation": generation, "customers": count},
        )
        cursor.execute("INSERT INTO vault_sentinel (generation) VALUES (%s)", (generation,))
        cursor.execute("UPDATE vault_indexgeneration SET rebuilding_at = NULL")
    return count


def _starts() -> Iterator[UUID]:
    """The least identifier of each of 256 equal shares of all customers."""
    return (UUID(bytes=bytes((first, *bytes(15)))) for first in range(256))


def _index_from(indexer: Indexer, start: UUID) -> int:
    """Index one share of the customers, batch by batch, each under its customers' locks."""
    after, done = start, 0
    while True:
        batch = _batch(after, start.bytes[0])
        if not batch:
            return done
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(locks.SHARED, (locks.keys_of(batch),))
            cursor.executemany(_INSERT, list(_tokens_of(indexer, batch)))
        done += len(batch)
        after = UUID(int=batch[-1].int + 1)


def _batch(after: UUID, first: int) -> list[UUID]:
    last = UUID(bytes=bytes((first, *(255,) * 15)))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM vault_customer WHERE id BETWEEN %s AND %s AND state = %s"
            " ORDER BY id LIMIT %s",
            (after, last, State.ACTIVE, BATCH),
        )
        return [customer for (customer,) in cursor.fetchall()]


def _tokens_of(indexer: Indexer, customers: Iterable[UUID]) -> Tokens:
    elements = declared.by_key()
    wanted = [key for key, element in elements.items() if element.index != IndexKind.NONE]
    found, blobs = headers.with_blobs(customers, opening.classes_of(wanted, elements))
    for customer, values in opening.open_many(found, blobs, wanted, elements).items():
        yield from indexer.tokens(customer, values)


def _state() -> tuple[int, bool, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.generation, g.rebuilding_at, s.generation FROM vault_indexgeneration g"
            " LEFT JOIN vault_sentinel s ON true"
        )
        generation, percent, sentinel = cursor.fetchone()
    return generation, sentinel == generation and percent is None, percent or 0
