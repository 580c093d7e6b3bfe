"""What the keys write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class KeyEvent(Event):
    """Changes of policy sets, epochs, slots and kits."""

    SET_CHANGED = (
        "keys.set.changed",
        {
            "kind": Detail.CODE,
            "owner": Detail.ID,
            "version": Detail.COUNT,
            "digest": Detail.DIGEST,
        },
    )
    SET_BEGUN_ANEW = (
        "keys.set.begun_anew",
        {
            "kind": Detail.CODE,
            "owner": Detail.ID,
            "version": Detail.COUNT,
            "digest": Detail.DIGEST,  # of the set as the ledger knew it before
            "approval": Detail.ID,
        },
    )
    FOUNDED = (
        "keys.installation.founded",
        {"epoch": Detail.COUNT, "slots": Detail.CODES, "demo": Detail.FLAG},
    )
    EPOCH_CHANGED = "keys.epoch.changed", {"epoch": Detail.COUNT, "slots": Detail.CODES}
    SLOT_PENDING = "keys.slot.pending", {"epoch": Detail.COUNT, "slots": Detail.CODES}
    KIT_MADE = "keys.kit.made"
    KIT_PROVEN = "keys.kit.proven"
    BACKUP_WRITTEN = "keys.backup.written", {"number": Detail.COUNT}
    SLOT_RESTORED = "keys.slot.restored", {"epoch": Detail.COUNT, "slots": Detail.CODES}
    SLOT_REPLACED = (
        "keys.slot.replaced",
        {"epoch": Detail.COUNT, "slots": Detail.CODES, "medium": Detail.CODE},
    )
    STORE_RESTORED = "keys.store.restored", {"epoch": Detail.COUNT, "backed_up": Detail.MOMENT}
    STATE_DISAGREES = "keys.state.disagrees", {"count": Detail.COUNT, "parts": Detail.CODES}
    STATE_AGREES = "keys.state.agrees"
