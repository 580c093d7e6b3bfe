"""The key store: one small SQLite file apart from the data, holding nothing but wrapped keys.

Rollback journal, `synchronous=EXTRA` and `secure_delete`: few writes, each of them durable, and no
page of an old key left in a write-ahead log.  Rows and names: `docs/formats/key-tree.md`.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from trustkeep.base.errors import Conflict, Misconfigured, Tampered, Unavailable
from trustkeep.crypto.keytree import BUCKETS, bucket_of
from trustkeep.kernel.keys import file_lock, schema, turns

BUSY_S = 5.0
VALUE = "SELECT value FROM meta WHERE name = ?"
EPOCH = "epoch"  # the name of the present epoch among the single values
AT_ONCE = 400  # customers in one statement
# From the wanted rows to the stored ones: for pairs in a list SQLite would read the whole table.
_KEYS_OF = (
    "WITH wanted (bucket, customer) AS (VALUES %s) SELECT customer, version, wrapped"
    " FROM wanted CROSS JOIN customer_key USING (bucket, customer)"
)
Row = tuple[UUID, int, bytes]  # customer, key version, wrapped key
Kept = tuple[UUID, int, bytes, bytes | None]  # with the wrapped hash of the customer's reference


class KeyStore:
    """A key store file; one connection per thread and process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.turns = path.with_name(".turn")
        self._local = threading.local()

    def create(self) -> None:
        """Make an empty key store.

        Raises:
            Misconfigured: there is one already.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.path.exists() and self.path.stat().st_size:
            raise Misconfigured(
                f"There is a key store at {self.path} already; nothing was changed."
            )
        with self.writing() as rows:
            for statement in schema.TABLES.split(";"):
                rows.execute(statement)
            rows.executemany(
                "INSERT INTO bucket VALUES (?, 0, 0, ?)",
                ((bucket, bytes(32)) for bucket in range(BUCKETS)),
            )
        self.path.chmod(0o600)

    @property
    def exists(self) -> bool:
        """Whether a key store has been made here."""
        return self.path.exists() and self.path.stat().st_size > 0

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction that excludes every other writer from its first statement on.

        Writers come in the order in which they asked.

        Raises:
            Unavailable: another writer held the store for too long, or the disk is full.
            Misconfigured: it cannot be opened.
            Tampered: it is no key store any more.
        """
        with self._told(), turns.taken(self.turns, at_most_s=BUSY_S):
            rows = self._connection()
            try:
                rows.execute("BEGIN IMMEDIATE")
                yield rows
                rows.execute("COMMIT")
            except BaseException:
                _let_go(rows)
                raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For what must be done by one process at a time though it is several transactions."""
        with file_lock.held(self.path.with_name(self.path.name + ".lock")):
            yield

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Several reads that see one state."""
        with self._told():
            rows = self._connection()
            if rows.in_transaction:  # inside `writing`: the writer's own view
                yield rows
                return
            try:
                rows.execute("BEGIN")
                yield rows
            finally:
                _let_go(rows)

    def one(self, statement: str, values: Sequence[object]) -> Any:
        """The first row of a single statement, which sees one state without a transaction; or None.

        A third of the cost of `reading`.
        """
        try:
            return self._connection().execute(statement, values).fetchone()
        except sqlite3.DatabaseError as problem:
            raise _said(problem, self.path) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as problem:
            raise _said(problem, self.path) from None

    def close(self) -> None:
        """Close this thread's connection."""
        if getattr(self._local, "pid", None) == os.getpid():
            self._local.connection.close()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        if getattr(self._local, "pid", None) != os.getpid():
            rows = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_S)
            for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "secure_delete=ON",
                           "temp_store=MEMORY"):  # fmt: skip
                rows.execute(f"PRAGMA {pragma}")
            self._local.connection, self._local.pid = rows, os.getpid()
        connection: sqlite3.Connection = self._local.connection
        return connection


def _let_go(rows: sqlite3.Connection) -> None:
    """End a transaction without effect; a store that failed in it may have ended it already."""
    if rows.in_transaction:
        rows.execute("ROLLBACK")


def meta(rows: sqlite3.Connection, name: str) -> bytes | None:
    """A single value of the store, by name."""
    row = rows.execute(VALUE, (name,)).fetchone()
    return None if row is None else bytes(row[0])


def epoch_of(rows: sqlite3.Connection) -> int:
    """The number of the present epoch; its secret proves it.

    Raises:
        Tampered: it is no number any more.
    """
    found = meta(rows, EPOCH) or b""
    if not found.isdigit():
        raise Tampered(
            "The epoch of the key store was changed: restore the key store from its newest backup."
        )
    return int(found)


def set_meta(rows: sqlite3.Connection, name: str, value: bytes | None) -> None:
    """Write a single value, or remove it."""
    if value is None:
        rows.execute("DELETE FROM meta WHERE name = ?", (name,))
    else:
        rows.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def wrapped_key(rows: sqlite3.Connection, customer: UUID) -> tuple[int, bytes] | None:
    """The key version and wrapped key of one customer."""
    row = rows.execute(
        "SELECT version, wrapped FROM customer_key WHERE bucket = ? AND customer = ?",
        (bucket_of(customer), customer.bytes),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def keys_in(rows: sqlite3.Connection, bucket: int) -> list[Kept]:
    """Every wrapped key of one bucket, with the wrapped references."""
    found = rows.execute(
        "SELECT customer, version, wrapped, reference FROM customer_key WHERE bucket = ?", (bucket,)
    )
    return [(UUID(bytes=customer), *kept) for customer, *kept in found]


def wrapped_reference(rows: sqlite3.Connection, customer: UUID) -> bytes | None:
    """The wrapped hash of a customer's reference."""
    row = rows.execute(
        "SELECT reference FROM customer_key WHERE bucket = ? AND customer = ?",
        (bucket_of(customer), customer.bytes),
    ).fetchone()
    return None if row is None else row[0]


def wrapped_keys(rows: sqlite3.Connection, customers: Iterable[UUID]) -> Iterator[Row]:
    """The wrapped keys of many customers; those that have none are left out."""
    remaining = iter(customers)
    while some := list(islice(remaining, AT_ONCE)):
        by_bytes = {one.bytes: one for one in some}
        places = [value for known, one in by_bytes.items() for value in (bucket_of(one), known)]
        marks = ",".join(["(?,?)"] * len(by_bytes))
        for customer, version, wrapped in rows.execute(_KEYS_OF % marks, places):
            yield by_bytes[customer], version, wrapped


def keyed_between(rows: sqlite3.Connection, first: UUID, last: UUID) -> set[bytes]:
    """The ids of the customers, from one to another in the order of ids, that have a key."""
    found = rows.execute(
        "SELECT customer FROM customer_key WHERE (bucket, customer) BETWEEN (?, ?) AND (?, ?)",
        (bucket_of(first), first.bytes, bucket_of(last), last.bytes),
    )
    return {customer for (customer,) in found}


def add_keys(rows: sqlite3.Connection, keys: Iterable[Kept]) -> None:
    """Store the keys of new customers and note that their buckets changed.

    Raises:
        Conflict: one of them has a key already.
    """
    listed = [
        (bucket_of(customer), customer.bytes, version, wrapped, reference)
        for customer, version, wrapped, reference in keys
    ]
    try:
        rows.executemany("INSERT INTO customer_key VALUES (?, ?, ?, ?, ?)", listed)
    except sqlite3.IntegrityError:
        raise Conflict("A key for this customer exists already; nothing was changed.") from None
    note_changed(rows, {bucket for bucket, *_ in listed})


def replace_keys(rows: sqlite3.Connection, bucket: int, keys: Iterable[Kept]) -> None:
    """Store new wraps for keys of one bucket, and note that it changed."""
    rows.executemany(
        "UPDATE customer_key SET version = ?, wrapped = ?, reference = ?"
        " WHERE bucket = ? AND customer = ?",
        (
            (version, wrapped, reference, bucket, customer.bytes)
            for customer, version, wrapped, reference in keys
        ),
    )
    note_changed(rows, {bucket})


def drop_key(rows: sqlite3.Connection, customer: UUID) -> None:
    """Remove one customer's wrapped key, with the hash of the reference that stands beside it."""
    rows.execute(
        "DELETE FROM customer_key WHERE bucket = ? AND customer = ?",
        (bucket_of(customer), customer.bytes),
    )
    note_changed(rows, {bucket_of(customer)})


def note_changed(rows: sqlite3.Connection, buckets: Iterable[int]) -> None:
    """Count one change in each of the buckets, so that the next key backup takes them."""
    rows.executemany(
        "UPDATE bucket SET generation = generation + 1 WHERE bucket = ?",
        ((bucket,) for bucket in buckets),
    )


def _said(problem: sqlite3.DatabaseError, path: Path) -> Exception:
    text = str(problem)
    if type(problem) is sqlite3.DatabaseError:  # not a database, or a malformed one
        return Tampered(
            f"The key store {path} is damaged: keep the file, and restore it from the newest key "
            "backup."
        )
    if "locked" in text:
        return Unavailable("The key store is busy; nothing was done, try again in a moment.")
    if "full" in text or "I/O" in text:
        return Unavailable(
            f"The disk of the key store {path} is full or failing; nothing was done: make room "
            "and try again."
        )
    if "unable to open" in text:
        return Misconfigured(
            f"The key store {path} cannot be opened; check TRUSTKEEP_KEY_STORE and its rights."
        )
    return problem
