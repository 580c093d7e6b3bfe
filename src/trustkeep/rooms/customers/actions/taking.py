"""Taking rows of customers, whatever they came from: each batch is one durable step.  SOP 4.2a."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Interrupted, KeysChanging, Unavailable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import creating, index
from trustkeep.kernel.vault.creating import NewCustomer, Stored
from trustkeep.rooms.customers.actions import gate, mapping
from trustkeep.rooms.customers.actions.bringing import Bringing
from trustkeep.rooms.customers.actions.rows import Imported, batches
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.rules import TakenRow

BATCH = 10_000
PATIENCE_S = 600.0  # how long a batch of a file waits for a key change to end
PAUSE_S = 1.0

Waits = Callable[[float], None]
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Taking:
    """Who imports, from where, and how."""

    actor: Actor
    declared: mapping.Declared
    source: str
    made_at: datetime | None
    bringing: Bringing | None
    waits: Waits | None = None
    is_demo: bool = False
    patience_s: float | None = None  # unset: that of a file

    def check(self) -> None:
        """Go on only where rows can be taken at all."""
        index.ready()
        if self.bringing is not None:
            self.bringing.require(self.actor)

    def take_all(
        self, taken: Iterable[TakenRow], done: Imported, heard: Callable[[], object]
    ) -> None:
        """Take rows, batch by batch; `heard` after each."""
        for rows, lines in batches(taken, done, at_most=BATCH):
            self._take(rows, lines, done)
            heard()
        done.refused.sort(key=lambda row: row.line)

    def _take(self, rows: Sequence[NewCustomer], lines: Mapping[str, int], done: Imported) -> None:
        """Store the new customers of a batch, then bring the known ones up to date."""
        stored = self._patiently(partial(self._store, rows))
        done.created += stored.created
        done.known += len(stored.known)
        if self.bringing is None:
            return
        for known in self.bringing.parts(stored.known):
            bring = partial(self.bringing.bring, self.actor, known)
            for row in self._patiently(bring):
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

    def _patiently(self, store: Callable[[], Done]) -> Done:
        """Store a batch, again and again while a key change is under way.

        An erasure takes a moment; one that waits for a slot may take longer than anybody waits.
        """
        began = world.monotonic()
        while True:
            try:
                return store()
            except KeysChanging:
                waited_s = world.monotonic() - began
                if waited_s >= (PATIENCE_S if self.patience_s is None else self.patience_s):
                    raise
                if self.waits:
                    self.waits(waited_s)
                time.sleep(PAUSE_S)

    def finish(self, done: Imported) -> None:
        """Enter what became of the rows."""
        with transaction.atomic(durable=True):
            log.append(
                CustomerEvent.IMPORT_FINISHED,
                self.actor,
                purpose=self.bringing.purpose if self.bringing else None,
                details={
                    "source": self.source,
                    "created": done.created,
                    "known": done.known,
                    "changed": done.changed,
                    "conflicts": done.conflicts,
                    "refused": done.refused_count,
                },
            )


@contextmanager
def telling_what_is_stored(done: Imported) -> Iterator[None]:
    """Have a failure in the middle say what came before it."""
    try:
        yield
    except (DatabaseError, OSError, Unavailable) as failure:
        taken = done.created + done.known
        if not taken:
            raise
        raise Interrupted(
            f"{taken:,} rows are stored: start the import again and it goes on from there."
        ) from failure
