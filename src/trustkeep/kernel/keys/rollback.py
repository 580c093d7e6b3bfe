"""An older key store in the place of the present one: the slots and the ledger are further on.

No copy of a folder brings back an erased customer: an epoch ends with each erasure, and whoever has
seen a later one than the store's says so.  A change under way does not look like that: the slots
hold its secret as prepared until the store has it.  Only the restoring of a store from a backup of
the epoch before may leave it behind its slots; then the store says how far behind it may be.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from trustkeep.base.errors import RollbackSuspected
from trustkeep.kernel.keys import sealed_meta, store
from trustkeep.kernel.keys.sealed_meta import Unsealed
from trustkeep.kernel.keys.slots import ACTIVE, FileSlot, SlotUnreachable

OVER = "restored-over"  # the newest epoch that the slots held when the store was restored


def active(slots: Iterable[FileSlot]) -> dict[str, set[int]]:
    """The epochs in force in each slot that answers."""
    found = {}
    for slot in slots:
        try:
            held = slot.epochs()
        except SlotUnreachable:
            continue
        found[slot.name] = {epoch for epoch, state in held.items() if state == ACTIVE}
    return found


def refuse_behind_slots(
    rows: sqlite3.Connection, keys: Unsealed, path: Path, slots: Iterable[FileSlot]
) -> None:
    """Refuse a store that is behind a slot.

    Raises:
        RollbackSuspected: a slot holds a later epoch than the store knows.
    """
    epoch = store.epoch_of(rows)
    allowed = max(epoch, int(sealed_meta.get(rows, keys, OVER) or 0))
    for name, held in active(slots).items():
        if max(held, default=0) > allowed:
            raise suspected(path, epoch, max(held), f"the {name} slot holds")


def refuse_behind(path: Path, epoch: int, told: int) -> None:
    """Refuse a store that is behind what the ledger tells of.

    Raises:
        RollbackSuspected: an epoch change or an erasure ended after it.
    """
    if told > epoch:
        raise suspected(path, epoch, told, "the ledger tells of")


def refuse_older_backup(folder: Path, epoch: int, slots: Iterable[FileSlot]) -> int:
    """The newest epoch in the slots, where a store of this epoch may be restored beside it.

    It may while the secrets of both lie in one slot: the change to the newer had not ended.

    Raises:
        RollbackSuspected: the newer one had ended, so that there was a later backup.
    """
    found = active(slots)
    newest = max((each for held in found.values() for each in held), default=epoch)
    if newest > epoch and not any({epoch, newest} <= held for held in found.values()):
        raise RollbackSuspected(
            f"The newest key backup in {folder} is of epoch {epoch}, but a slot holds epoch "
            f"{newest}: these backups are an older copy; bring the present ones back and run this "
            "again, nothing was changed."
        )
    return max(newest, epoch)


def suspected(path: Path, epoch: int, later: int, who: str) -> RollbackSuspected:
    """What to say of a store that is behind."""
    return RollbackSuspected(
        f"The key store {path} is of epoch {epoch}, but {who} epoch {later}: an older copy was put "
        "in the place of the present one. Put the present key folder back; if it is lost, move "
        f"{path.name} away and run `trustkeep keys restore` (with --kit FILE if the primary slot "
        "is an older copy too)."
    )
