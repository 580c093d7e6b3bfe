"""What this room writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class CustomerEvent(Event):
    """Imports, exports, pairs, and what becomes of a request to erase."""

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
    EXPORT_BEGUN = (
        "customers.export.begun",
        {"export": Detail.ID, "form": Detail.CODE, "fields": Detail.CODES},
    )
    EXPORT_FINISHED = (
        "customers.export.finished",
        {
            "export": Detail.ID,
            "form": Detail.CODE,
            "fields": Detail.CODES,
            "masked": Detail.CODES,
            "rows": Detail.COUNT,
            "left_out": Detail.COUNT,
            "digest": Detail.DIGEST,
        },
    )
    EXPORT_BROKEN = (
        "customers.export.broken",
        {"export": Detail.ID, "form": Detail.CODE, "rows": Detail.COUNT},
    )
    TOLD_APART = "customers.pair.told_apart", {"other": Detail.ID}
    ERASURE_REQUESTED = "customers.erasure.requested", {"approval": Detail.ID}
