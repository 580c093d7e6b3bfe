"""What can be seen of the places of the epoch secret: whether they answer, agree, lie apart."""

from dataclasses import dataclass

from trustkeep.base.errors import RollbackSuspected
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import rollback, service
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.slots import ACTIVE, FileSlot, SlotUnreachable


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """One slot: whether its medium answers, and whether it holds the present epoch's secret."""

    name: str
    answers: bool
    holds_epoch: bool


@dataclass(frozen=True, slots=True)
class Media:
    """Every slot; whether there is a recovery slot; whether it lies on a device of its own.

    `apart` is None where that cannot be seen; `rollback` says that the store is behind a slot.
    """

    slots: tuple[SlotSeen, ...]
    has_recovery: bool
    apart: bool | None
    rollback: str | None


def seen() -> Media:
    """Look at every slot."""
    keys = service.current()
    epoch = keys.epoch()
    apart = None
    if keys.recovery is not None and keys.recovery.folder.is_dir():
        # One device holds both where somebody who takes or images it takes both.
        apart = keys.recovery.folder.stat().st_dev != keys.places.store.stat().st_dev
    return Media(
        tuple(_seen(slot, epoch, is_primary=slot is keys.primary) for slot in keys.slots),
        keys.recovery is not None,
        apart,
        _rollback(keys),
    )


def _rollback(keys: KeyService) -> str | None:
    try:
        with keys.store.reading() as rows:
            rollback.refuse_behind_slots(rows, keys, keys.places.store, keys.slots)
    except RollbackSuspected as problem:
        return problem.sentence
    return None


def _seen(slot: FileSlot, epoch: int, *, is_primary: bool) -> SlotSeen:
    try:
        holds = slot.epochs().get(epoch) == ACTIVE
        if is_primary and holds:
            slot.secret(epoch)  # only the kit opens the recovery slot
    except SlotUnreachable:
        return SlotSeen(slot.name, answers=False, holds_epoch=False)
    except WrongKey:
        holds = False
    return SlotSeen(slot.name, answers=True, holds_epoch=holds)
