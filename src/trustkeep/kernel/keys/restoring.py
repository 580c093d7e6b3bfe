"""After a disaster: a key store out of its newest backup, a primary slot out of the recovery slot.

Facts entered in the register after that backup are not in it; the ledger still has an entry for
each, and `when` tells from which moment on they must be entered again.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from trustkeep.base.errors import Misconfigured
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import backups, register_chain, rollback, sealed_meta, store
from trustkeep.kernel.keys.service import KeyPlaces
from trustkeep.kernel.keys.slots import FileSlot, sync
from trustkeep.kernel.keys.store import KeyStore


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the epoch of the store, and when its backup was written."""

    install: UUID
    epoch: int
    backed_up_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class _Opened:
    master: bytes
    install: UUID


def restore(places: KeyPlaces, master: bytes, source: FileSlot) -> Restored:
    """Make the key store and, where it lacks the epoch's secret, the primary slot anew.

    `source` is a slot that holds the secret: the primary one, or the recovery slot with its kit.

    Raises:
        Misconfigured: a key store stands already, no backup belongs to this master key, or the slot
            does not give the secret of the backup's epoch.
        RollbackSuspected: the backups are an older copy than the slots.
        Tampered: the backup was changed.
    """
    if KeyStore(places.store).exists:
        raise Misconfigured(
            f"A key store stands at {places.store}; move it away first, nothing was changed."
        )
    fresh = places.store.with_name("restored.sqlite")
    try:
        fresh.unlink(missing_ok=True)
        manifest = _made(places, master, source, fresh)
        primary = FileSlot("primary", places.primary)
        others = [FileSlot("recovery", places.recovery)] if places.recovery else []
        over = rollback.refuse_older_backup(places.backups, manifest.epoch, [primary, *others])
        # The store stands last: until then everything may be done once more.
        _fill(primary, source, fresh, manifest.epoch)
        _say_over(fresh, _Opened(master, manifest.install), over)
        fresh.rename(places.store)
        sync(places.store.parent)
    except OSError as problem:
        raise Misconfigured(
            f"The key store cannot be written to {places.store} ({problem.strerror}): make room, "
            "see to its disk, and run this again."
        ) from None
    return Restored(manifest.install, manifest.epoch, manifest.at)


def _made(places: KeyPlaces, master: bytes, source: FileSlot, fresh: Path) -> backups.Manifest:
    try:
        return backups.restore(places.backups, master, source, fresh)
    except WrongKey:
        raise Misconfigured(
            f"The {source.name} slot {source.folder} does not give the secret of the newest key "
            "backup's epoch: use the other slot, or the newest recovery kit."
        ) from None


def _fill(primary: FileSlot, source: FileSlot, fresh: Path, epoch: int) -> None:
    primary.create()
    if epoch not in primary.epochs():
        primary.prepare(epoch, source.secret(epoch))
    primary.activate(epoch)
    keys = KeyStore(fresh)
    try:
        with keys.reading() as rows:
            register_chain.hold_mark(primary, store.meta(rows, register_chain.ROOT) or b"")
    finally:
        keys.close()


def _say_over(fresh: Path, opened: _Opened, over: int) -> None:
    keys = KeyStore(fresh)
    try:
        with keys.writing() as rows:
            sealed_meta.put(rows, opened, rollback.OVER, str(over).encode())
    finally:
        keys.close()
