"""Write into the ledger: the only way in.

`append` is durable when the caller's transaction is.  If it cannot be stored, it raises, and what
it was to witness must not happen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.base.events import Event
from trustkeep.kernel.jobs import reactions
from trustkeep.kernel.ledger import chain, ports
from trustkeep.kernel.ledger.entry import Chained, Draft, EntryRef, encoded_details
from trustkeep.kernel.ledger.lag import is_behind, oldest_unpositioned_at

__all__ = [
    "Draft", "EntryRef", "PreparedEntry", "append", "append_many", "is_behind",
    "oldest_unpositioned_at", "prepare",
]  # fmt: skip

_COLUMNS = "writer,counter,at,event,actor,customer,purpose,state_version,body,tag"
_INSERT = f"INSERT INTO ledger_entry({_COLUMNS}) VALUES(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"
_WRITER = (
    "INSERT INTO ledger_writer(id,process,process_started_at,positioned,closed) "
    "VALUES(%s,pg_backend_pid(),(SELECT backend_start FROM pg_stat_activity "
    "WHERE pid=pg_backend_pid()),0,false)"
)
_REFUSED = "The ledger could not store the entry, so nothing was done: try again."


@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """An entry and the statements, in order, that store it: for callers who pipeline."""

    ref: EntryRef
    statements: tuple[tuple[str, tuple[Any, ...]], ...]
    reactions: tuple[str, ...]


def prepare(
    event: Event,
    actor: Actor,
    *,
    customer: UUID | None = None,
    purpose: str | None = None,
    details: Mapping[str, Any] | None = None,
    connection: BaseDatabaseWrapper = connection,
) -> PreparedEntry:
    """Chain an entry now; the caller executes its statements in this same transaction.

    Raises:
        ValueError: the event does not allow these details.
        RuntimeError: outside `transaction.atomic`, or inside a savepoint.
        SealedStart: the keys are not there yet.
    """
    draft = Draft(event, actor, customer, purpose, details)
    tag_key = ports.current().keys.tag_key()
    own = chain.of(connection)
    first = ((_WRITER, (own.writer,)),) if own.is_new else ()
    entry = own.next(draft, world.now(), tag_key)
    return PreparedEntry(entry.ref, (*first, (_INSERT, _row(entry))), reactions.handlers_for(event))


def append(
    event: Event,
    actor: Actor,
    *,
    customer: UUID | None = None,
    purpose: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> EntryRef:
    """Write one entry in the caller's transaction, and enqueue the reactions to its event.

    Raises:
        LedgerUnavailable: it could not be stored; the transaction is lost.
        ValueError, RuntimeError, SealedStart: as `prepare`.
    """
    prepared = prepare(event, actor, customer=customer, purpose=purpose, details=details)
    try:
        with connection.cursor() as cursor:
            for statement, values in prepared.statements:
                cursor.execute(statement, values)
    except IntegrityError as problem:
        chain.forget(connection)
        raise LedgerUnavailable(_REFUSED) from problem
    except DatabaseError as problem:
        raise LedgerUnavailable(_REFUSED) from problem
    for handler in prepared.reactions:
        reactions.enqueue(handler, prepared.ref.writer, prepared.ref.counter)
    return prepared.ref


def append_many(drafts: Iterable[Draft]) -> list[EntryRef]:
    """Write many entries at once, by COPY, in the order given.

    Raises:
        LedgerUnavailable, ValueError, RuntimeError, SealedStart: as `append`.
    """
    tag_key, at = ports.current().keys.tag_key(), world.now()
    own = chain.of(connection)
    is_new = own.is_new
    entries = [own.next(draft, at, tag_key, encoded) for draft, encoded in _encoded_once(drafts)]
    if not entries:
        return []
    try:
        with connection.cursor() as cursor:
            if is_new:
                cursor.execute(_WRITER, (own.writer,))
            with cursor.copy(f"COPY ledger_entry({_COLUMNS}) FROM STDIN") as copy:
                copy.write(_copied(entries, at))
    except IntegrityError as problem:
        chain.forget(connection)
        raise LedgerUnavailable(_REFUSED) from problem
    except DatabaseError as problem:
        raise LedgerUnavailable(_REFUSED) from problem
    for entry in entries:
        for handler in reactions.handlers_for(entry.draft.event):
            reactions.enqueue(handler, entry.ref.writer, entry.ref.counter)
    return [entry.ref for entry in entries]


def _encoded_once(drafts: Iterable[Draft]) -> Iterator[tuple[Draft, str]]:
    """Drafts that share their details share the work on them."""
    last: Mapping[str, Any] | None = None
    encoded = ""
    for draft in drafts:
        if draft.details is None or draft.details is not last:
            last, encoded = draft.details, encoded_details(draft)
        yield draft, encoded


def _row(entry: Chained) -> tuple[Any, ...]:
    draft = entry.draft
    return (
        entry.ref.writer, entry.ref.counter, entry.at, draft.event.value, draft.actor.label,
        draft.customer, draft.purpose, draft.state_version, entry.body, entry.tag,
    )  # fmt: skip


def _copied(entries: list[Chained], at: datetime) -> bytes:
    # PostgreSQL's text format.  Nothing in a row needs escaping: `entry` admits codes and ids only.
    moment = at.astimezone(UTC).isoformat()
    lines = [
        f"{entry.ref.writer}\t{entry.ref.counter}\t{moment}\t{entry.draft.event.value}\t"
        f"{entry.draft.actor.label}\t{entry.draft.customer or _NULL}\t"
        f"{_or_null(entry.draft.purpose)}\t{_or_null(entry.draft.state_version)}\t"
        f"\\\\x{entry.body.hex()}\t\\\\x{entry.tag.hex()}\n"
        for entry in entries
    ]
    return "".join(lines).encode()


_NULL = "\\N"


def _or_null(value: str | int | None) -> str | int:
    return _NULL if value is None else value
