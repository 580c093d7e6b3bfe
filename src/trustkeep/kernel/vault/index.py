"""The look-up index: tokens of values, in unlogged tables that no backup holds.

PostgreSQL empties unlogged tables after any crash.  So the logged generation and the unlogged
sentinel are compared at each use, and as long as they differ the answer is "being rebuilt", never
"not found".  Nor is that the answer where SQL took tokens away: each customer's have a mark, and
the marks of some are compared before "not found" is said.  Format: `docs/formats/blind-index.md`.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Rebuilding
from trustkeep.kernel.jobs import recovery
from trustkeep.kernel.keys.sealed_rows import INSTALLATION
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import headers, locks, opening
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, State

BATCH, HANDS = 500, 2
LEADER, WRITERS = 0x7472_7573_7469_6478, 0x7472_7573_7469_6479  # advisory locks
_INSERT = (
    "INSERT INTO vault_token (token, customer) SELECT * FROM unnest(%s::bytea[], %s::uuid[])"
    " ON CONFLICT DO NOTHING"
)
_MARK = (
    "INSERT INTO vault_mark (customer, mark) SELECT * FROM unnest(%s::uuid[], %s::bytea[])"
    " ON CONFLICT (customer) DO UPDATE SET mark = excluded.mark"
)
_STATE = (
    "SELECT g.generation, g.rebuilding_at, s.generation, e.seal FROM vault_indexgeneration g"
    " LEFT JOIN vault_sentinel s ON true"
    " LEFT JOIN keys_sealedset e ON e.kind = %s AND e.owner = %s"
)
# Customers after random points of the identifiers' range, which are random themselves.
_SOME = """
WITH starts AS MATERIALIZED (SELECT gen_random_uuid() AS start FROM generate_series(1, %s)),
picked AS (
  SELECT DISTINCT n.id, n.version FROM starts CROSS JOIN LATERAL (
    (SELECT id, version FROM vault_customer WHERE id >= start AND state = %s ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT id, version FROM vault_customer WHERE state = %s ORDER BY id LIMIT 1) LIMIT 1) n)
SELECT id, version, ARRAY(SELECT token FROM vault_token t WHERE t.customer = id),
  (SELECT mark FROM vault_mark m WHERE m.customer = id)
FROM picked
"""


def ready() -> Indexer:
    """What makes the tokens that the whole index is asked for.

    Raises:
        Rebuilding: PostgreSQL lost it in a crash, or its key is being changed.
    """
    generation, whole, percent, seal = _state()
    if not whole:
        raise rebuilding(percent)
    return Indexer(declared.under(seal), generation)


def rebuilding(percent: int) -> Rebuilding:
    """What everybody hears as long as the index is not whole."""
    return Rebuilding(
        f"The look-up index is being rebuilt, {percent} % done; {recovery.remedy()}.", percent
    )


def condition() -> tuple[bool, datetime]:
    """Whether the index is whole, and since when its key is in use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT keyed_at FROM vault_indexgeneration")
        return state()[1], cursor.fetchone()[0]


def for_writing() -> Indexer:
    """What makes the tokens that are written until this transaction ends, also during a rebuild.

    A rebuild waits here for those who still write in the generation before, and for those who do
    not know yet that one more element is looked up.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (WRITERS,))
    generation, *_, seal = _state()
    return Indexer(declared.under(seal), generation)


def some_fit(indexer: Indexer, count: int) -> bool:
    """Whether the tokens of some random customers are those that were written."""
    with connection.cursor() as cursor:
        cursor.execute(_SOME, (count, State.ACTIVE, State.ACTIVE))
        return all(indexer.fits(*row) for row in cursor.fetchall())


def replace(indexer: Indexer, rows: Sequence[tuple[UUID, int, set[bytes]]]) -> None:
    """Make these all tokens of some customers, at their versions; only inside a transaction."""
    with connection.cursor() as cursor:
        customers = [customer for customer, _, _ in rows]
        cursor.execute("DELETE FROM vault_token WHERE customer = ANY(%s)", (customers,))
    _put(indexer, rows)


def _put(indexer: Indexer, rows: Sequence[tuple[UUID, int, set[bytes]]]) -> None:
    """Write the tokens of some customers at their versions, and the mark of each."""
    pairs = [(token, customer) for customer, _, tokens in rows for token in tokens]
    marks = [indexer.mark(one, version, tokens) for one, version, tokens in rows]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, ([token for token, _ in pairs], [one for _, one in pairs]))
        cursor.execute(_MARK, ([one for one, *_ in rows], marks))


def forget(customer: UUID) -> None:
    """Remove a customer from the index; only inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_token WHERE customer = %s", (customer,))
        cursor.execute("DELETE FROM vault_mark WHERE customer = %s", (customer,))


def unmark(customers: Sequence[UUID]) -> None:
    """Have the tokens of some customers count as changed, until the index is made anew."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_mark WHERE customer = ANY(%s)", (list(customers),))


def rebuild(actor: Actor) -> int:
    """Make the index anew in a new generation, online; returns how many customers it holds.

    One process does it; another that asks meanwhile gets 0, and so does one that would have to wait
    for a comparison with the ledger, because everybody else would then wait for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (LEADER,))
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _rebuilt(actor)
        except OperationalError as problem:
            if not isinstance(problem.__cause__, LockNotAvailable):
                raise
            return 0
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (LEADER,))


def _rebuilt(actor: Actor) -> int:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))
        # In the order in which a search comes to them: the other way round, two would wait for
        # each other.
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("TRUNCATE vault_sentinel, vault_token, vault_mark")
        cursor.execute(
            "UPDATE vault_indexgeneration SET generation = generation + 1, rebuilding_at = 0,"
            " keyed_at = %s RETURNING generation",
            (world.now(),),
        )
        (generation,) = cursor.fetchone()
    indexer = Indexer(declared.by_key(), generation)
    count = 0
    with ThreadPoolExecutor(HANDS) as hands:
        shares = [hands.submit(_share, indexer, start) for start in _starts()]
        try:
            for done, share in enumerate(shares):
                count += share.result()
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE vault_indexgeneration SET rebuilding_at = %s",
                        (min(99, done * 100 // 256),),
                    )
        finally:
            hands.shutdown(cancel_futures=True)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        log.append(
            VaultEvent.INDEX_REBUILT,
            actor,
            details={"generation": generation, "customers": count},
        )
        cursor.execute("INSERT INTO vault_sentinel (generation) VALUES (%s)", (generation,))
        cursor.execute("UPDATE vault_indexgeneration SET rebuilding_at = NULL")
    return count


def _share(indexer: Indexer, start: UUID) -> int:
    """One share, in a thread of its own: while PostgreSQL writes for one, another makes tokens."""
    try:
        return _index_from(indexer, start)
    finally:
        connection.close()


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
        with transaction.atomic(durable=True):
            locks.shared(batch)
            _index(indexer, batch)
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


def _index(indexer: Indexer, customers: Iterable[UUID]) -> None:
    elements = declared.by_key()
    wanted = [key for key, element in elements.items() if element.index != IndexKind.NONE]
    found, blobs = headers.with_blobs(customers, opening.classes_of(wanted, elements))
    opened_many = opening.open_many(found, blobs, wanted, elements)
    rows = [
        (customer, found[customer].version, indexer.tokens(values))
        for customer, values in opened_many.items()
    ]
    _put(indexer, rows)


def state() -> tuple[int, bool, int]:
    """The generation, whether the index is whole in it, and how much of a rebuild is done."""
    return _state()[:3]


def _state() -> tuple[int, bool, int, bytes | None]:
    """The same, with the seal of the declared elements, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, (Element.set_kind, INSTALLATION))
        generation, percent, sentinel, seal = cursor.fetchone()
    return generation, sentinel == generation and percent is None, percent or 0, seal
