"""A slot's medium was lost: fill the other one again."""

from dataclasses import dataclass
from uuid import UUID

import pyrage

from trustkeep.base.errors import Conflict, Unacceptable
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import epochs, register_chain, rollback, sealed_meta, store
from trustkeep.kernel.keys.service import INSTALL, RECIPIENT, KeyPlaces, KeyService
from trustkeep.kernel.keys.slots import ACTIVE, FileSlot, SlotUnreachable, recovery_slot
from trustkeep.kernel.keys.store import KeyStore

_CHECKPOINT = "checkpoint"  # the ledger's, as a slot holds it


def recipient_of(content: dict[str, str]) -> str:
    """Whom a kit's recovery slot is sealed to.

    Raises:
        ValueError: the kit holds no identity.
    """
    try:
        return str(pyrage.x25519.Identity.from_str(content["identity"]).to_public())
    except pyrage.IdentityError as problem:
        raise ValueError("no identity") from problem


def restore_primary(places: KeyPlaces, content: dict[str, str]) -> int:
    """Fill the primary slot out of the recovery slot; returns the epoch.

    The mark of the register was in the lost slot alone: from here on it is the store's own.

    Raises:
        Conflict: the primary slot is whole, or there is no recovery slot.
        Unacceptable: the kit belongs to another installation, or does not open the slot.
        SlotUnreachable: the recovery slot does not answer.
        RollbackSuspected: the store is the older part, not the slot.
    """
    if places.recovery is None:
        raise Conflict("There is no recovery slot: set TRUSTKEEP_RECOVERY_SLOT first.")
    source = recovery_slot(places.recovery, recipient_of(content), content["identity"])
    primary = FileSlot("primary", places.primary)
    kit = _Kit(bytes.fromhex(content["master"]), UUID(content["install"]))
    epoch, mark = _of_store(places, kit, (primary, source))
    primary.create()
    try:
        secret = source.secret(epoch)
    except WrongKey:
        raise Unacceptable(
            f"The recovery slot does not give the secret of epoch {epoch} with this kit; use the "
            "newest kit."
        ) from None
    if _holds(primary, epoch, secret):
        raise Conflict("The primary slot holds the present secret already; nothing was changed.")
    if register_chain.held_mark(primary) is None:
        register_chain.hold_mark(primary, mark)
    checkpoint = source.held(_CHECKPOINT)
    if checkpoint is not None and primary.held(_CHECKPOINT) is None:
        primary.hold(_CHECKPOINT, checkpoint)
    primary.prepare(epoch, secret)
    primary.activate(epoch)
    return epoch


@dataclass(frozen=True, slots=True, repr=False)
class _Kit:
    master: bytes
    install: UUID


def _of_store(places: KeyPlaces, kit: _Kit, slots: tuple[FileSlot, ...]) -> tuple[int, bytes]:
    """The store's epoch, and the register's mark, where it is the kit's and behind no slot."""
    keys = KeyStore(places.store)
    try:
        with keys.reading() as rows:
            if store.meta(rows, INSTALL) != kit.install.bytes:
                raise Unacceptable("This kit belongs to another installation; nothing was changed.")
            rollback.refuse_behind_slots(rows, kit, places.store, slots)
            return store.epoch_of(rows), store.meta(rows, register_chain.ROOT) or b""
    finally:
        keys.close()


def _holds(slot: FileSlot, epoch: int, secret: bytes) -> bool:
    """Whether a slot holds this very secret: another slot's files may lie in its folder."""
    try:
        return slot.epochs().get(epoch) == ACTIVE and slot.secret(epoch) == secret
    except WrongKey:
        return False


def replace_recovery(keys: KeyService, *, destroyed: bool) -> int:
    """Put the present secret into the recovery slot's new medium; returns the epoch.

    Raises:
        Conflict: there is no such slot, the medium is whole, or an epoch change waits for the one
            before and nobody says that it was destroyed: it may still hold the old secret.
    """
    if keys.places.recovery is None:
        raise Conflict("There is no recovery slot: set TRUSTKEEP_RECOVERY_SLOT first.")
    if epochs.under_way(keys) is not None and not destroyed:
        raise Conflict(
            "A key change waits until the recovery slot has forgotten the old secret: connect its "
            "medium, or, if that was destroyed, say so with --destroyed."
        )
    epoch = keys.epoch()
    with keys.store.reading() as rows:
        recipient = sealed_meta.required(rows, keys, RECIPIENT).decode()
    slot = recovery_slot(keys.places.recovery, recipient)
    try:
        if slot.epochs().get(epoch) == ACTIVE:
            raise Conflict("The recovery slot is whole: there is nothing to replace.")
    except SlotUnreachable:
        slot.create()
    slot.prepare(epoch, keys.primary.secret(epoch))
    slot.activate(epoch)
    held = keys.primary.held(_CHECKPOINT)
    if held is not None:
        slot.hold(_CHECKPOINT, held)
    return epoch
