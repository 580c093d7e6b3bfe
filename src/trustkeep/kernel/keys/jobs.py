"""What the keys do by the clock: compare state and ledger, back up what changed."""

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base.errors import SealedStart
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import backups, epochs, looking, service
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.ledger import log

LOOK, LOOK_WHOLE, BACK_UP = "keys.state.compare", "keys.state.compare_whole", "keys.backup.write"
KEEPER = actors.job("keys.keeper")


def schedule() -> None:
    """Compare each five minutes and wholly each night; back up within five minutes of a change."""
    for name, cron, work in (
        (LOOK, "*/5 * * * *", _look),
        (LOOK_WHOLE, "17 2 * * *", _look_whole),
        (BACK_UP, "*/5 * * * *", back_up_if_changed),
    ):
        registry.handler(name)(registry.quietly(work, SealedStart))
        registry.every(cron, name)


def back_up_if_changed() -> bool:
    """Write a key backup where any bucket changed since the newest one; says whether it did."""
    keys = service.current()
    # An epoch change writes its own, at the one moment when it is right.
    with keys.store.alone():
        if epochs.under_way(keys) is not None or not backups.is_due(keys):
            return False
        number = backups.number_of(backups.write(keys))
    with transaction.atomic(durable=True):
        log.append(KeyEvent.BACKUP_WRITTEN, KEEPER, details={"number": number})
    return True


def _look() -> None:
    looking.look_and_follow()


def _look_whole() -> None:
    looking.look_and_follow(whole=True)
