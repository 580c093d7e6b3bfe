"""What the ledger writes about itself.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class LedgerEvent(Event):
    """The ledger's own events."""

    ENTRY_VANISHED = (
        "ledger.entry.vanished",
        {"writer": Detail.ID, "count": Detail.COUNT, "leaf": Detail.DIGEST},
    )
    ANCHOR_SEEN = "ledger.anchor.seen", {"size": Detail.COUNT, "root": Detail.DIGEST}
