"""Write into the ledger: the only way in.

`append` is durable when the caller's transaction is.  If it cannot be stored, it raises, and what
it was to witness must not happen.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, IntegrityError, connection, connections

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.base.events import Event
from trustkeep.kernel.jobs import reactions
from trustkeep.kernel.ledger import chain, ports, trips
from trustkeep.kernel.ledger.copying import COLUMNS, copied
from trustkeep.kernel.ledger.entry import Chained, Details, Draft, EntryRef, Template, prepared
from trustkeep.kernel.ledger.feeding import Copy, Feed
from trustkeep.kernel.ledger.lag import is_behind, oldest_unpositioned_at
from trustkeep.kernel.ledger.trips import Statement

__all__ = [
    "Details",
    "Draft",
    "EntryRef",
    "Template",
    "append",
    "append_and_commit",
    "append_fed",
    "append_few_and_commit",
    "append_many",
    "is_behind",
    "oldest_unpositioned_at",
    "prepared",
]  # fmt: skip

_TYPES = "uuid,bigint,timestamptz,text,text,uuid,text,bigint,bytea,bytea"
_INSERT = f"INSERT INTO ledger_entry({COLUMNS}) VALUES(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"
_COPY = f"COPY ledger_entry({COLUMNS}) FROM STDIN (FORMAT BINARY)"
_WRITER = (
    "INSERT INTO ledger_writer(id,process,process_started_at,positioned,closed) "
    "VALUES(%s,pg_backend_pid(),(SELECT backend_start FROM pg_stat_activity "
    "WHERE pid=pg_backend_pid()),0,false)"
)
_NEW_WRITER = Statement("ledger_new_writer", "uuid", _WRITER % "$1")
_NEW_ENTRY = Statement(
    "ledger_new_entry",
    _TYPES,
    f"INSERT INTO ledger_entry({COLUMNS}) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
)
_REFUSED = "The ledger could not store the entry, so nothing was done: try again."


def append(
    event: Event,
    actor: Actor,
    *,
    customer: UUID | None = None,
    purpose: str | None = None,
    details: Details | None = None,
) -> EntryRef:
    """Write one entry in the caller's transaction, and enqueue the reactions to its event.

    Raises:
        LedgerUnavailable: it could not be stored; the transaction is lost.
        ValueError: the event does not allow these details.
        RuntimeError: outside `transaction.atomic`, or inside a savepoint.
        SealedStart: the keys are not there yet.
    """
    (entry,), is_new = _next([Draft(event, actor, customer, purpose, details)])
    with _storing(), connection.cursor() as cursor:
        if is_new:
            cursor.execute(_WRITER % "%s", (entry.ref.writer,))
        cursor.execute(_INSERT, _row(entry))
    _react([entry])
    return entry.ref


def append_and_commit(
    event: Event,
    actor: Actor,
    *,
    customer: UUID | None = None,
    purpose: str | None = None,
    details: Details | None = None,
) -> EntryRef:
    """As `append`, and commit the surrounding transaction in the same trip to the database."""
    (ref,) = append_few_and_commit([Draft(event, actor, customer, purpose, details)])
    return ref


def append_few_and_commit(drafts: Iterable[Draft]) -> list[EntryRef]:
    """As `append_and_commit`, for the entries of one act; at least one."""
    entries, is_new = _next(drafts)
    with _storing():
        writer = ((_NEW_WRITER, (entries[0].ref.writer,)),) if is_new else ()
        _react(entries)
        trips.commit(*writer, *((_NEW_ENTRY, _row(entry)) for entry in entries))
    return [entry.ref for entry in entries]


def append_many(drafts: Iterable[Draft]) -> list[EntryRef]:
    """Write many entries at once, by COPY, in the order given.

    Raises:
        LedgerUnavailable, ValueError, RuntimeError, SealedStart: as `append`.
    """
    entries, is_new = _next(drafts)
    if not entries:
        return []
    with _storing(), connection.cursor() as cursor:
        if is_new:
            cursor.execute(_WRITER % "%s", (entries[0].ref.writer,))
        with cursor.copy(_COPY) as copy:
            copy.write(copied(entries))
    _react(entries)
    return [entry.ref for entry in entries]


def append_fed(feed: Feed, drafts: Iterable[Draft], *beside: Copy) -> list[EntryRef]:
    """As `append_many`, with other rows of the same act; stored when the feed's block has ended.

    Raises:
        LedgerUnavailable, ValueError, RuntimeError, SealedStart: as `append`.
    """
    entries, is_new = _next(drafts)
    own: list[Copy] = []
    if entries:
        if is_new:
            own.append(Copy(_WRITER % f"'{entries[0].ref.writer}'", None, _storing))
        own.append(Copy(_COPY, copied(entries), _storing))
    feed.give(*beside, *own)
    feed.afterwards(partial(_react, entries))
    return [entry.ref for entry in entries]


def _next(drafts: Iterable[Draft]) -> tuple[list[Chained], bool]:
    """The drafts as the next entries of this connection's chain; whether it begins with them."""
    own = chain.of(connections[DEFAULT_DB_ALIAS])
    is_new = own.is_new
    return own.extend(drafts, world.now(), ports.current().keys.tag_key()), is_new


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except IntegrityError as problem:
        chain.forget(connection)
        raise LedgerUnavailable(_REFUSED) from problem
    except DatabaseError as problem:
        raise LedgerUnavailable(_REFUSED) from problem


def _react(entries: Iterable[Chained]) -> None:
    handlers = {
        event: reactions.handlers_for(event) for event in {one.draft.event for one in entries}
    }
    for entry in entries if any(handlers.values()) else ():
        for handler in handlers[entry.draft.event]:
            reactions.enqueue(handler, entry.ref.writer, entry.ref.counter)


def _row(entry: Chained) -> tuple[Any, ...]:
    draft = entry.draft
    return (
        entry.ref.writer, entry.ref.counter, entry.at, draft.event.value, draft.actor.label,
        draft.customer, draft.purpose, draft.state_version, entry.body, entry.tag,
    )  # fmt: skip
