"""What this room writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class CustomerEvent(Event):
    """Imports, pairs, and what becomes of a request to erase."""

    IMPORT_FINISHED = (
        "customers.import.finished",
        {
            "source": Detail.CODE,
            "created": Detail.COUNT,
            "known": Detail.COUNT,
            "changed": Detail.COUNT,
            "conflicts": Detail.COUNT,
            "refused": Detail.COUNT,
        },
    )
    TOLD_APART = "customers.pair.told_apart", {"other": Detail.ID}
    ERASURE_REQUESTED = "customers.erasure.requested", {"approval": Detail.ID}
