"""What the operator of the host does with the keys; each act leaves its entry in the ledger."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Misconfigured, Unacceptable
from trustkeep.base.events import Event
from trustkeep.config import start, wiring
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import backups, epochs, kit, replacing, restoring, service, telling
from trustkeep.kernel.keys.epochs import Change
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.providers import FileProvider
from trustkeep.kernel.keys.slots import FileSlot, recovery_slot
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import erasure, merged
from trustkeep.rooms.customers import actions as customers


def rotate(actor: Actor) -> Change:
    """Change the epoch, or carry on the change that waits for a slot."""
    keys = service.current()
    if epochs.under_way(keys) is None:
        change = epochs.rotate(keys)
    else:
        customers.finish_erasures(actor)  # it may be an erasure's
        change = epochs.resume(keys, erasure.samples)
    if not change.is_done:
        telling.tell_waiting(actor, change)
    telling.tell(actor)
    start.publish_what_waits()
    return change


def make_kit(actor: Actor, path: Path) -> str:
    """Write a kit; returns its code."""
    code = kit.make(service.current(), path)
    _record(KeyEvent.KIT_MADE, actor)
    return code


def prove_kit(actor: Actor, path: Path, code: str) -> datetime:
    """Show that a kit opens the recovery slot."""
    at = kit.prove(service.current(), path, code)
    _record(KeyEvent.KIT_PROVEN, actor)
    return at


def back_up(actor: Actor) -> Path:
    """Write a key backup."""
    keys = service.current()
    with keys.store.alone():  # not beside an epoch change, nor the job that does the same
        path = backups.write(keys)
    _record(KeyEvent.BACKUP_WRITTEN, actor, number=int(path.stem.split("-")[1]))
    return path


def replace_recovery(actor: Actor, *, destroyed: bool) -> None:
    """Put the present secret into the recovery slot's new medium.

    Raises:
        Conflict: there is no such slot, it is whole, or an erasure waits for the lost medium.
    """
    keys = service.current()
    epoch = replacing.replace_recovery(keys, destroyed=destroyed)
    medium = "destroyed" if destroyed else "lost"
    _record(KeyEvent.SLOT_REPLACED, actor, epoch=epoch, slots=["recovery"], medium=medium)


def restore_primary(actor: Actor, settings: Environment, path: Path, code: str) -> None:
    """Fill the primary slot out of the recovery slot.

    Raises:
        Conflict: the primary slot is whole, or no recovery slot was set up.
        Unacceptable: the kit does not open, or not this slot.
    """
    places = wiring.places(settings)
    epoch = replacing.restore_primary(places, kit.opened(path, code))
    start.check_not_rolled_back()
    _record(KeyEvent.SLOT_RESTORED, actor, epoch=epoch, slots=["primary"])


def restore_master(settings: Environment, *, kit_content: dict[str, str]) -> Path:
    """Write the master key that a kit holds to where the settings say; nothing is replaced.

    Raises:
        Conflict: a master key is there, or its source is not a file.
    """
    source = wiring.provider(settings)
    if not isinstance(source, FileProvider):
        raise Conflict(
            "The master key of these settings is not a file: set TRUSTKEEP_MASTER_KEY to file:PATH "
            "and run this again."
        )
    if source.path.exists():
        raise Conflict(f"There is a master key at {source.path} already; nothing was changed.")
    source.write(bytes.fromhex(kit_content["master"]))
    return source.path


def restore_store(
    actor: Actor, settings: Environment, path: Path | None, code: str
) -> dict[str, Any]:
    """Make the key store anew out of its newest backup, and erase again what had been erased."""
    places, provider = wiring.places(settings), wiring.provider(settings)
    content = kit.opened(path, code) if path is not None else None
    if content is not None:
        master = bytes.fromhex(content["master"])
        source = _recovery(places.recovery, content)
    else:
        master = provider.read()
        source = FileSlot("primary", places.primary)
    restored = restoring.restore(places, master, source)
    start.wire(settings, provider)  # the installation's id is known from now on
    start.check_not_rolled_back()
    moment = restored.backed_up_at.isoformat().replace("+00:00", "Z")
    _record(KeyEvent.STORE_RESTORED, actor, epoch=restored.epoch, backed_up=moment)
    keys = service.current()
    epochs.destroy_again(keys, erasure.begun())
    merged.enter_closed()
    again = customers.finish_erasures(actor)
    epochs.forget_older(keys)
    return {
        "epoch": keys.epoch(),
        "backed_up_at": restored.backed_up_at.isoformat(),
        "erased_again": [str(one.customer) for one in again],
        "waits_for": sorted({slot for one in again for slot in one.pending}),
    }


def _recovery(folder: Path | None, content: dict[str, str]) -> FileSlot:
    if folder is None:
        raise Misconfigured("There is no recovery slot: set TRUSTKEEP_RECOVERY_SLOT first.")
    try:
        return recovery_slot(folder, replacing.recipient_of(content), content["identity"])
    except ValueError:
        raise Unacceptable("The kit holds no identity that opens a slot; check the file.") from None


def _record(event: Event, actor: Actor, **details: Any) -> None:
    with transaction.atomic(durable=True):
        log.append(event, actor, details=details)
    start.publish_what_waits()
