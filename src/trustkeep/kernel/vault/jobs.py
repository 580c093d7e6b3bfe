"""What the vault does by the clock: a whole index, a young index key, a young epoch."""

from datetime import datetime, timedelta

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import SealedStart
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import epochs, service, telling
from trustkeep.kernel.vault import erasure, index, index_state, merged

MEND_INDEX, CHANGE_EPOCH = "vault.index.mend", "vault.epoch.change"
ENTER_CLOSED = "vault.merged.enter"
INDEXER = actors.job("vault.indexer")
KEEPER = actors.job("vault.keeper")
LONGEST = timedelta(days=30)  # how old an index key or an epoch secret may become


def schedule() -> None:
    """Look at the index each minute, at what a crash left of a merge, at the epoch each day."""
    for name, cron, work in (
        (MEND_INDEX, "* * * * *", mend_index),
        (ENTER_CLOSED, "*/10 * * * *", merged.enter_closed),
        (CHANGE_EPOCH, "41 3 * * *", change_old_epoch),
    ):
        registry.handler(name)(registry.quietly(work, SealedStart))
        registry.every(cron, name)


def mend_index() -> int:
    """Rebuild the index where a crash emptied it or SQL changed it, or where its key is too old.

    Returns how many customers it was rebuilt with; 0 where nothing was to be done.
    """
    service.current()
    is_whole, keyed_at = index.condition()
    if is_whole and world.now() - keyed_at < LONGEST and index_state.is_trusted():
        return 0
    return index.rebuild(INDEXER)


def change_old_epoch() -> epochs.Change | None:
    """Change the epoch where its secret is too old and no other change is under way."""
    keys = service.current()
    began: datetime | None = epochs.began_at(keys)
    young = began is not None and world.now() - began < LONGEST
    if young or epochs.under_way(keys) is not None:
        return None
    change = epochs.rotate(keys, erasure.samples)
    if not change.is_done:  # the sweep finishes it, and tells
        telling.tell_waiting(KEEPER, change)
    telling.tell(KEEPER)
    return change
