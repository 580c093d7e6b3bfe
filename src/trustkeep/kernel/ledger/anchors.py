"""Checkpoints that others hold, against the ledger as it is here."""

from collections.abc import Sequence

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.crypto.merkle import EMPTY_ROOT
from trustkeep.crypto.notes import Checkpoint
from trustkeep.kernel.ledger import checkpoints, log, ports, tile_store
from trustkeep.kernel.ledger.events import LedgerEvent


def check_not_rolled_back(notes: Sequence[bytes]) -> None:
    """Compare the ledger with every checkpoint that anchors hold, before anything is served.

    Raises:
        RollbackSuspected: the ledger is shorter than one, or does not begin with it.
        Tampered: a note is not a checkpoint of this ledger.
    """
    for note in notes:
        _compared(note)


def check_anchor(actor: Actor, note: bytes) -> Checkpoint:
    """Compare a checkpoint that came back from outside, and record that it was seen.

    Raises:
        RollbackSuspected, Tampered: as `check_not_rolled_back`.
    """
    held = _compared(note)
    with transaction.atomic(durable=True):
        details = {"size": held.size, "root": held.root.hex()}
        log.append(LedgerEvent.ANCHOR_SEEN, actor, details=details)
    return held


def _compared(note: bytes) -> Checkpoint:
    held, hashed = checkpoints.opened(note).checkpoint, tile_store.range_hash()
    size = checkpoints.size()
    try:
        here = Checkpoint(ports.current().origin, size, hashed(0, size))
    except ValueError:  # tiles are gone: no tree of that size is here
        here = Checkpoint(ports.current().origin, 0, EMPTY_ROOT)
    checkpoints.refuse_if_not_extended(held, here, hashed, "an anchor")
    return held
