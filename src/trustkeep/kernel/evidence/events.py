"""What evidence writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class EvidenceEvent(Event):
    """A paper that a stranger can check."""

    RECEIPT_ISSUED = (
        "evidence.receipt.issued",
        {"receipt": Detail.ID, "kind": Detail.CODE, "digest": Detail.DIGEST},
    )
