"""Give every committed entry a position, and publish checkpoints of what has one.

One leader, by an advisory lock of its session.  It asks each writer for the entries after the last
one that has a position: never for ids or times beyond a mark, since a transaction that began
earlier may commit later.
"""

import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from trustkeep.base import points, world
from trustkeep.base.errors import Tampered, TrustkeepError
from trustkeep.crypto import tiles
from trustkeep.crypto.merkle import leaf_hash
from trustkeep.kernel.ledger import checkpoints, lag, ports, tile_store, writers
from trustkeep.kernel.ledger.entry import EntryRef, follows
from trustkeep.kernel.ledger.writers import Waiting

BATCH = 20_000  # entries to one transaction; about one second of work
PERIOD_S = 1.0
AFTER_TROUBLE_S = 5.0
HOUSEKEEPING_S = 60.0
HEARTBEAT_S = 10.0
_LEADER = 0x7472_7573_7401  # the advisory lock's number

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Batch:
    """What one transaction gives positions to."""

    first: int
    leaves: list[bytes] = field(default_factory=list)
    spans: list[tuple[int, int, UUID, int]] = field(default_factory=list)
    heads: list[tuple[int, bytes, UUID]] = field(default_factory=list)

    def add(self, writer: Waiting, leaves: list[bytes]) -> None:
        """One writer's next entries."""
        at, last = self.first + len(self.leaves), writer.positioned + len(leaves)
        self.spans.append((at, len(leaves), writer.id, writer.positioned + 1))
        self.heads.append((last, leaves[-1], writer.id))
        self.leaves += leaves


class Sequencer:
    """The leader's work.  Only for one who holds the leader's lock."""

    def run(self) -> int:
        """Position everything that is committed and publish; returns how many entries.

        Raises:
            Tampered: an entry is missing, out of its chain, or has a wrong tag; it and what
                follows stay without a position.
            RollbackSuspected: as `checkpoints.publish`.
        """
        checkpoints.publish()  # what a crash left positioned but unsigned
        count = 0
        while fresh := self.position():
            points.reached("ledger.positions.committed")
            checkpoints.publish()
            count += fresh
            if fresh < BATCH:
                break
        return count

    def position(self) -> int:
        """Give positions to one batch of entries, durable when this returns."""
        began = world.now()
        waiting = writers.waiting()
        if not waiting:
            _beat(began)
            return 0
        with transaction.atomic(durable=True):
            batch = Batch(_locked_size(began))
            key = ports.current().keys.tag_key()
            for writer in waiting:
                room = BATCH - len(batch.leaves)
                if room == 0:
                    break
                batch.add(writer, verified(writer, writers.next_entries(writer, room), key))
            self.store(batch)
            if len(batch.leaves) < BATCH:
                _caught_up(began)
        return len(batch.leaves)

    def store(self, batch: Batch) -> None:
        """Write the spans, tiles and marks of a batch."""
        try:
            edge = tile_store.edge(batch.first)
        except ValueError as problem:
            raise Tampered(
                f"The ledger's tiles were changed ({problem}): restore a backup."
            ) from None
        tile_store.write(tiles.grow(batch.first, edge, batch.leaves)[1])
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ledger_span(first,length,writer,counter) VALUES(%s,%s,%s,%s)",
                batch.spans,
            )
            cursor.executemany(
                "UPDATE ledger_writer SET positioned=%s, head=%s WHERE id=%s", batch.heads
            )
            cursor.execute("UPDATE ledger_head SET size=%s", (batch.first + len(batch.leaves),))


def verified(writer: Waiting, entries: list[tuple[int, bytes, bytes]], key: bytes) -> list[bytes]:
    """The leaf hashes of a writer's next entries (counter, body, tag), each of them authentic.

    Raises:
        Tampered: one is missing, was changed, or was not written by Trustkeep.
    """
    leaves, head, counter = [], writer.head, writer.positioned
    for found, body, tag in entries:
        counter += 1
        if found != counter:
            raise _tampered(writer.id, counter, "is missing")
        if not hmac.compare_digest(hmac.digest(key, body, "sha256"), tag):
            raise _tampered(writer.id, counter, "was not written by Trustkeep, or was changed")
        if not follows(body, EntryRef(writer.id, counter), head):
            raise _tampered(writer.id, counter, "does not follow the one before it")
        head = leaf_hash(body)
        leaves.append(head)
    if not leaves:
        raise _tampered(writer.id, counter + 1, "has vanished")
    return leaves


def run_once(wait_s: float = 10.0) -> bool:
    """Position and publish what is committed now, or wait until another leader has.

    Returns whether everything that was committed at the call has a position.

    Raises:
        Tampered, RollbackSuspected: as `Sequencer.run`.
    """
    began, deadline = world.now(), world.monotonic() + wait_s
    while True:
        with leading() as is_leader:
            if is_leader:
                Sequencer().run()
                writers.close_gone()
                return True
        oldest = lag.oldest_unpositioned_at()
        if oldest is None or oldest > began:
            return True
        if world.monotonic() > deadline:
            return False
        time.sleep(0.05)


def run_forever(stop: threading.Event) -> None:
    """Lead whenever nobody else does, until told to stop; trouble is logged and tried again."""
    while not stop.is_set():
        try:
            with leading() as is_leader:
                if is_leader:
                    _lead(stop)
        except TrustkeepError as problem:
            _log.critical("ledger.sequencer.stopped", code=problem.code, sentence=problem.sentence)
        except DatabaseError as problem:
            _log.error("ledger.sequencer.interrupted", kind=type(problem).__name__)
            connection.close()
        stop.wait(AFTER_TROUBLE_S)
    connection.close()


@contextmanager
def leading() -> Iterator[bool]:
    """Try to be the leader for a while; yields whether this is so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (_LEADER,))
        is_leader = bool(cursor.fetchone()[0])
    try:
        yield is_leader
    finally:
        if is_leader and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (_LEADER,))


def _lead(stop: threading.Event) -> None:
    sequencer, tidied = Sequencer(), -HOUSEKEEPING_S
    last = checkpoints.newest()
    if last is not None:
        checkpoints.hand_over(last)  # a crash may have come between signing and handing over
    while not stop.is_set():
        sequencer.run()
        if world.monotonic() - tidied >= HOUSEKEEPING_S:
            writers.close_gone()
            tidied = world.monotonic()
        stop.wait(PERIOD_S)


def _locked_size(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_head(id,size,caught_up_at) VALUES(1,0,%s) ON CONFLICT DO NOTHING",
            (now,),
        )
        cursor.execute("SELECT size FROM ledger_head FOR UPDATE")
        return int(cursor.fetchone()[0])


def _caught_up(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_head SET caught_up_at=%s", (moment,))


def _beat(now: datetime) -> None:
    known = lag.caught_up_at()
    if known is not None and abs((world.now() - known).total_seconds()) > HEARTBEAT_S:
        _caught_up(now)


def _tampered(writer: UUID, counter: int, what: str) -> Tampered:
    return Tampered(
        f"Ledger entry {counter} of writer {writer} {what}: nothing after it gets a position and "
        "reads stop; keep the database as it is and run `trustkeep ledger verify`."
    )
