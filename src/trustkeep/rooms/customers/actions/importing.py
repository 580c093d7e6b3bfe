"""Importing customers from a CSV file by an explicit mapping.  SOP 4.1a, 4.2a.

Each batch is one durable step.  A reference that is known is left alone or, for a purpose, brought
up to date with what the file says.  An import that was interrupted is simply started again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Interrupted, KeysChanging, Unavailable
from trustkeep.kernel.keys import backups, service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import creating, index
from trustkeep.kernel.vault.creating import NewCustomer, Stored
from trustkeep.rooms.customers.actions import gate, mapping
from trustkeep.rooms.customers.actions.bringing import Bringing, Prefer
from trustkeep.rooms.customers.actions.rows import Agree, Imported, batches
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.rules import Mapped

BATCH = 10_000
PATIENCE_S = 600.0  # how long a batch waits for a key change to end
PAUSE_S = 1.0

Progress = Callable[[Imported, float | None], None]
Waits = Callable[[float], None]
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class _Import:
    """Who imports, from where, and how."""

    actor: Actor
    declared: mapping.Declared
    source: str
    made_at: datetime | None
    bringing: Bringing | None
    waits: Waits | None
    agree: Agree | None
    is_demo: bool

    def take_all(
        self, table: Table, mapped: Mapped, done: Imported, progress: Progress | None
    ) -> None:
        """Take the rows of a file, batch by batch."""
        for rows, lines in batches(table, mapped, done, at_most=BATCH, agree=self.agree):
            self._take(rows, lines, done)
            if progress:
                progress(done, table.bytes_read / table.size if table.size else None)
        done.refused.sort(key=lambda row: row.line)

    def _take(self, rows: Sequence[NewCustomer], lines: Mapping[str, int], done: Imported) -> None:
        """Store the new customers of a batch, then bring the known ones up to date."""
        stored = _patiently(partial(self._store, rows), self.waits)
        done.created += stored.created
        done.known += len(stored.known)
        if self.bringing is None:
            return
        for known in self.bringing.parts(stored.known):
            bring = partial(self.bringing.bring, self.actor, known)
            for row in _patiently(bring, self.waits):
                done.count(row, lines[row.reference])

    def _store(self, rows: Sequence[NewCustomer]) -> Stored:
        with people.acting(self.actor, Permission.IMPORT_CUSTOMERS):
            creating.wait_for_others()
            if self.made_at is not None:
                gate.refuse_older_than_erasure(self.made_at)
            if not self.is_demo:
                gate.refuse_unproven([row.reference for row in rows])
            stored = creating.store_new(self.actor, rows, self.declared, source=self.source)
        points.reached("customers.batch_stored")
        return stored


def import_customers(
    actor: Actor,
    *,
    file: Path,
    mapped: Mapped,
    source: str,
    purpose: str | None = None,
    progress: Progress | None = None,
    waits: Waits | None = None,
    made_at: datetime | None = None,
    prefer: Prefer = Prefer.NEITHER,
    agree: Agree | None = None,
    is_demo: bool = False,
) -> Imported:
    """Store the customers of a file, or of standard input (`-`).

    `source` names where they come from, as a code, and `made_at` is when the file was made: one
    that is older than an erasure may bring somebody back.  None is a source that tells of now.
    `purpose` is what known customers are brought up to date for; None leaves them alone.
    `prefer` says whose value counts where both the file and somebody here changed one.
    `progress` hears what was done so far and the share of the file, None where its size is unknown;
    `agree` is shown what becomes of the columns, and raises what ends the import before it began;
    `waits` hears how many seconds a batch has waited for a key change to end.

    Raises:
        Denied: the actor may not import, or not bring known customers up to date for this purpose.
        Unacceptable: the mapping or the file does not fit, or a field is needed by no purpose.
        Conflict: the recovery kit has not been proven yet, or the file is older than an erasure.
        KeysChanging: a key change did not end in time; what came before is stored.
        Rebuilding: the look-up index is not whole.
        Interrupted: something failed in the middle; what came before is stored.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    mapping.check_source(source)
    act = _Import(
        actor, mapping.declared(mapped), source,
        None if made_at is None else gate.not_in_the_future(made_at),
        Bringing(purpose, source, prefer, mapped) if purpose is not None else None, waits, agree,
        is_demo,
    )  # fmt: skip
    index.ready()
    if act.bringing is not None:
        act.bringing.require(actor)
    done = Imported()
    with _telling_what_is_stored(done):
        table = Table(file, separator=mapped.separator, encoding=mapped.encoding)
        act.take_all(table, mapped, done, progress)
        _finish(act, done)
    return done


@contextmanager
def _telling_what_is_stored(done: Imported) -> Iterator[None]:
    """Have a failure in the middle say what came before it."""
    try:
        yield
    except (DatabaseError, OSError, Unavailable) as failure:
        taken = done.created + done.known
        if not taken:
            raise
        raise Interrupted(
            f"{taken:,} rows of the file are stored: start the import again and it goes on from "
            "there."
        ) from failure


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


def _finish(act: _Import, done: Imported) -> None:
    with transaction.atomic(durable=True):
        log.append(
            CustomerEvent.IMPORT_FINISHED,
            act.actor,
            purpose=act.bringing.purpose if act.bringing else None,
            details={
                "source": act.source,
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
