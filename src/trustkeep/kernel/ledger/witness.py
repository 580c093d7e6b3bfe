"""Each process looks whether what it wrote last has come into the signed ledger.

An entry removed by SQL before it had a position leaves no gap when its writer never writes again.
The writer still knows it: the process keeps the leaf hash of each of its chains' last entries until
a signed checkpoint is proven to contain it, and writes an entry about one that has vanished.
"""

import threading
import time

import structlog
from django.db import DatabaseError, connection, transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import TrustkeepError
from trustkeep.crypto import merkle
from trustkeep.kernel.ledger import chain, checkpoints, log, positions, proofs
from trustkeep.kernel.ledger.checkpoints import Published
from trustkeep.kernel.ledger.entry import EntryRef
from trustkeep.kernel.ledger.events import LedgerEvent

WITNESS = actors.job("ledger.witness")
PERIOD_S = 5.0
_log = structlog.get_logger(__name__)


def look() -> list[EntryRef]:
    """Settle what a signed checkpoint contains; report, in the ledger, and return what is gone.

    Raises:
        Tampered: the newest checkpoint is not ours.
        LedgerUnavailable, SealedStart: nothing could be reported; look again.
    """
    published, gone = checkpoints.newest(), []
    for writer, (counter, leaf) in chain.unsettled().items():
        ref = EntryRef(writer, counter)
        if _is_signed(ref, leaf, published):
            chain.settle(ref)
        elif not _waits(ref, published):
            _report(ref, leaf)
            chain.settle(ref)
            gone.append(ref)
    return gone


def settle(within_s: float) -> tuple[bool, list[EntryRef]]:
    """Look until nothing is unsettled, something is gone, or the time is over.

    Returns whether everything of this process is settled, and what is gone.

    Raises:
        Tampered, LedgerUnavailable, SealedStart: as `look`.
    """
    deadline = world.monotonic() + within_s
    gone = look()
    while chain.unsettled() and not gone and world.monotonic() < deadline:
        time.sleep(0.05)
        gone = look()
    return not chain.unsettled(), gone


def watch(stop: threading.Event) -> None:
    """Look now and then until told to stop; trouble is logged and tried again."""
    while not stop.wait(PERIOD_S):
        try:
            if chain.unsettled():
                look()
        except (TrustkeepError, DatabaseError) as problem:
            _log.error("ledger.witness.interrupted", kind=type(problem).__name__)
        finally:
            connection.close()


def _is_signed(ref: EntryRef, leaf: bytes, published: Published | None) -> bool:
    position = positions.of(ref)
    if published is None or position is None or position >= published.checkpoint.size:
        return False
    try:
        proof = proofs.inclusion(position, published)
    except ValueError:  # tiles are missing or too short
        return False
    signed = published.checkpoint
    return merkle.includes(signed.root, signed.size, position, leaf, proof)


def _waits(ref: EntryRef, published: Published | None) -> bool:
    """Whether the entry may still come: it is stored, and not covered by what is signed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM ledger_entry WHERE writer=%s AND counter=%s", (ref.writer, ref.counter)
        )
        is_stored = cursor.fetchone() is not None
    position = positions.of(ref)
    covered = position is not None and published and position < published.checkpoint.size
    return is_stored and not covered


def _report(ref: EntryRef, leaf: bytes) -> None:
    _log.critical("ledger.entry.vanished", writer=str(ref.writer), counter=ref.counter)
    details = {"writer": str(ref.writer), "count": ref.counter, "leaf": leaf.hex()}
    with transaction.atomic(durable=True):
        log.append(LedgerEvent.ENTRY_VANISHED, WITNESS, details=details)
