"""Entering in the ledger what became of an epoch change that erased nobody.

Whoever finishes the change tells, also after a crash: it stands in the store until the entry is
there.  Of a change for an erasure the entry of the erasure tells.
"""

import json

from django.db import transaction

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.kernel.keys import epochs, sealed_meta, service, store
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.ledger import log


def tell(actor: Actor) -> bool:
    """Enter a change that ended and has no entry yet; says whether there was one."""
    keys = service.current()
    with keys.store.reading() as rows:
        untold = sealed_meta.get(rows, keys, epochs.UNTOLD)
    if untold is None:
        return False
    with transaction.atomic(durable=True):
        log.append(KeyEvent.EPOCH_CHANGED, actor, details=json.loads(untold))
    points.reached("epoch.told")
    with keys.store.writing() as rows:
        if sealed_meta.get(rows, keys, epochs.UNTOLD) == untold:
            store.set_meta(rows, epochs.UNTOLD, None)
    return True


def tell_waiting(actor: Actor, change: epochs.Change) -> None:
    """Enter that a change waits for slots."""
    with transaction.atomic(durable=True):
        log.append(
            KeyEvent.SLOT_PENDING,
            actor,
            details={"epoch": change.epoch, "slots": list(change.pending)},
        )
