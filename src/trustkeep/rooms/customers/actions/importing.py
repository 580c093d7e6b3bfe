"""Importing customers from a CSV file by an explicit mapping.  SOP 4.1a, 4.2a.

Each batch is one durable step.  A reference that is known is brought up to date with what the file
says; where that is what it said before, nothing is done: an import that was interrupted is simply
started again.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import transaction

from trustkeep.base import points, text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import KeysChanging, Unacceptable
from trustkeep.kernel.keys import backups, service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import creating, index
from trustkeep.kernel.vault.creating import NewCustomer, Stored
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.customers import rules
from trustkeep.rooms.customers.actions import bringing, gate, mapping
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.rules import Mapped, RefusedRow, RowRefusal, TakenRow

BATCH = 10_000
MOST_REPORTED = 10_000
PATIENCE_S = 600.0  # how long a batch waits for a key change to end
PAUSE_S = 1.0

Progress = Callable[["Imported", float | None], None]
Waits = Callable[[float], None]
Done = TypeVar("Done")


@dataclass(slots=True)
class Imported:
    """What an import did so far: `known` rows had a record already, `changed` of them was changed.

    `conflicts` of them, which are among the refused, say something else than somebody did here.
    """

    created: int = 0
    known: int = 0
    changed: int = 0
    conflicts: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    refused_count: int = 0

    def count(self, row: bringing.Row, line: int) -> None:
        """Count a row whose customer was known; one in conflict may have been changed in part."""
        self.changed += row.is_changed
        self.conflicts += bool(row.conflicts)
        refused = row.refused(line)
        if refused is not None:
            self.refuse(refused)

    def refuse(self, row: RefusedRow) -> None:
        """Count a refused row; the first of them are listed."""
        self.refused_count += 1
        if len(self.refused) < MOST_REPORTED:
            self.refused.append(row)


def import_customers(
    actor: Actor,
    *,
    file: Path,
    mapped: Mapped,
    source: str,
    progress: Progress | None = None,
    waits: Waits | None = None,
    made_at: datetime | None = None,
    prefer: bringing.Prefer = bringing.Prefer.NEITHER,
    is_demo: bool = False,
) -> Imported:
    """Store the customers of a file, or of standard input (`-`).

    `source` names where they come from, as a code, and `made_at` is when the file was made: one
    that is older than an erasure may bring somebody back.  None is a source that tells of now.
    `prefer` says whose value counts where both the file and somebody here changed one.
    `progress` hears what was done so far and the share of the file, None where its size is unknown;
    `waits` hears how many seconds a batch has waited for a key change to end.

    Raises:
        Denied: the actor may not import.
        Unacceptable: the mapping or the file does not fit, or a field is needed by no purpose.
        Conflict: the recovery kit has not been proven yet, or the file is older than an erasure.
        KeysChanging: a key change did not end in time; what came before is stored.
        Rebuilding: the look-up index is not whole.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    mapping.check_source(source)
    declared = mapping.declared(mapped)
    index.ready()
    done = Imported()
    table = Table(file)
    for batch in _batches(_taken(table, mapped, done)):
        rows, lines = _distinct(batch, done)
        store = partial(_store, actor, rows, declared, source, made_at=made_at, is_demo=is_demo)
        stored = _patiently(store, waits)
        done.created += stored.created
        done.known += len(stored.known)
        for known in bringing.with_news(stored.known, source):
            bring = partial(bringing.bring, actor, known, source, prefer)
            for row in _patiently(bring, waits):
                done.count(row, lines[row.reference])
        if progress:
            progress(done, table.bytes_read / table.size if table.size else None)
    done.refused.sort(key=lambda row: row.line)
    _finish(actor, source, done)
    return done


def _taken(table: Table, mapped: Mapped, done: Imported) -> Iterator[TakenRow]:
    rows = table.rows()
    _, header = next(rows)
    mapping.check_header(header, mapped)
    for line, cells in rows:
        row = rules.row_of(line, header, cells, mapped)
        if isinstance(row, RefusedRow):
            done.refuse(row)
        else:
            yield row


def _batches(rows: Iterable[TakenRow]) -> Iterator[list[TakenRow]]:
    batch: list[TakenRow] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except Unacceptable:
        if batch:  # the sentence says that what came before is stored
            yield batch
        raise
    if batch:
        yield batch


def _distinct(
    batch: Sequence[TakenRow], done: Imported
) -> tuple[list[NewCustomer], dict[str, int]]:
    """The rows of a batch with each reference once, and the line of each reference as it stands."""
    by_reference: dict[str, NewCustomer] = {}
    lines: dict[str, int] = {}
    for row in batch:
        reference = text.reference(row.reference)
        if reference in by_reference:
            done.refuse(RefusedRow(row.line, None, RowRefusal.DUPLICATE_REFERENCE))
        else:
            by_reference[reference] = NewCustomer(row.reference, row.opened_values)
            lines[row.reference] = row.line
    return list(by_reference.values()), lines


def _patiently(store: Callable[[], Done], waits: Waits | None) -> Done:
    """Store a batch, again and again while a key change is under way.

    An erasure takes a moment; one that waits for a slot may take longer than anybody waits.
    """
    began = world.monotonic()
    while True:
        try:
            return store()
        except KeysChanging:
            waited_s = world.monotonic() - began
            if waited_s >= PATIENCE_S:
                raise
            if waits:
                waits(waited_s)
            time.sleep(PAUSE_S)


def _store(
    actor: Actor,
    rows: Sequence[NewCustomer],
    declared: Mapping[str, Element],
    source: str,
    *,
    made_at: datetime | None,
    is_demo: bool,
) -> Stored:
    with people.acting(actor, Permission.IMPORT_CUSTOMERS):
        creating.wait_for_others()
        if made_at is not None:
            gate.refuse_older_than_erasure(made_at)
        if not is_demo:
            gate.refuse_unproven([row.reference for row in rows])
        stored = creating.store_new(actor, rows, declared, source=source)
    points.reached("customers.batch_stored")
    return stored


def _finish(actor: Actor, source: str, done: Imported) -> None:
    with transaction.atomic(durable=True):
        log.append(
            CustomerEvent.IMPORT_FINISHED,
            actor,
            details={
                "source": source,
                "created": done.created,
                "known": done.known,
                "changed": done.changed,
                "conflicts": done.conflicts,
                "refused": done.refused_count,
            },
        )
    if done.created:
        # New keys must not exist on one disk only.
        backups.write(service.current())
