"""The chain of entries that one database connection writes.

Its head lives in memory and moves only when the transaction has committed: what was rolled back
leaves no gap.  The writer's own row is part of its first transaction, so it exists exactly when an
entry of it does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

from trustkeep.base import world
from trustkeep.kernel.ledger.entry import NO_ENTRY, Chained, Draft, EntryRef, chained


@dataclass(slots=True)
class Chain:
    """A writer, the last entry that is committed, and the last one of the open transaction."""

    writer: UUID = field(default_factory=world.new_id)
    counter: int = 0
    head: bytes = NO_ENTRY
    open_counter: int = 0
    open_head: bytes = NO_ENTRY
    hook: Any = None

    @property
    def is_new(self) -> bool:
        """Whether the writer's own row must be written now."""
        return self.open_counter == 0

    def extend(self, drafts: Iterable[Draft], at: datetime, tag_key: bytes) -> list[Chained]:
        """The drafts as this chain's next entries."""
        after = EntryRef(self.writer, self.open_counter)
        entries = list(chained(drafts, at=at, after=after, before=self.open_head, tag_key=tag_key))
        if entries:
            self.open_counter, self.open_head = entries[-1].ref.counter, entries[-1].leaf
        return entries

    def commit(self) -> None:
        """The open transaction is durable."""
        self.counter, self.head, self.hook = self.open_counter, self.open_head, None
        _unsettled[self.writer] = self.counter, self.head

    def join(self, connection: BaseDatabaseWrapper) -> None:
        """Belong to the connection's transaction; forget an earlier one that was rolled back."""
        hooks = connection.run_on_commit
        if self.hook is not None and any(hook is self.hook for hook in hooks):
            return
        self.open_counter, self.open_head = self.counter, self.head
        self.hook = (set[str](), self.commit, True)  # savepoints, function, robust
        # First of all hooks: one that fails must not keep the head from moving.
        hooks.insert(0, self.hook)


_chains: WeakKeyDictionary[Any, Chain] = WeakKeyDictionary()  # by psycopg connection
_unsettled: dict[UUID, tuple[int, bytes]] = {}  # by writer: its last entry's counter and leaf hash


def of(connection: BaseDatabaseWrapper) -> Chain:
    """The chain of this connection, joined to its open transaction.

    Raises:
        RuntimeError: there is no transaction, or a savepoint is open: an entry that could be
            rolled back alone would tear the chain.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an entry is written inside transaction.atomic")
    if any(savepoint is not None for savepoint in connection.savepoint_ids):
        raise RuntimeError("an entry is written in the outermost transaction, not in a savepoint")
    connection.ensure_connection()
    chain = _chains.get(connection.connection)
    if chain is None:
        chain = _chains[connection.connection] = Chain()
    chain.join(connection)
    return chain


def forget(connection: BaseDatabaseWrapper) -> None:
    """Begin a new chain with the next entry: somebody else wrote into this one."""
    _chains.pop(connection.connection, None)


def unsettled() -> dict[UUID, tuple[int, bytes]]:
    """By writer: the last committed entry that no checkpoint was yet seen to contain."""
    return dict(_unsettled)


def settle(ref: EntryRef) -> None:
    """What became of this entry is known; a later one of its writer stays unsettled."""
    found = _unsettled.pop(ref.writer, None)
    if found is not None and found[0] != ref.counter:
        _unsettled.setdefault(ref.writer, found)  # unless its thread has written a later one by now


def has_written() -> bool:
    """Whether this process has committed any entry over a connection that is still open."""
    return any(chain.counter for chain in _chains.values())
