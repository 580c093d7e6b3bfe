"""What the vault writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class VaultEvent(Event):
    """The life of a customer's record.  `state` counts its writings, from 1."""

    CREATED = (
        "vault.customer.created",
        {"state": Detail.COUNT, "written": Detail.VERSIONS, "source": Detail.CODE},
    )
    WRITTEN = (
        "vault.customer.written",
        {"state": Detail.COUNT, "written": Detail.VERSIONS, "source": Detail.CODE},
    )
    MERGED = "vault.customer.merged", {"state": Detail.COUNT, "into": Detail.ID}
    TOOK_IN = "vault.customer.took_in", {"customer": Detail.ID}
    COMPARED = "vault.customer.compared", {"source": Detail.CODE, "differs": Detail.CODES}
    SAID_DAMAGED = "vault.said.damaged", {"source": Detail.CODE}
    ERASE_INTENDED = "vault.customer.erase_intended", {"state": Detail.COUNT, "approval": Detail.ID}
    ERASED = (
        "vault.customer.erased",
        {
            "state": Detail.COUNT,
            "epoch": Detail.COUNT,
            "slots": Detail.CODES,
            "acknowledgements": Detail.DIGEST,
            "logical": Detail.MOMENT,
            "cryptographic": Detail.MOMENT,
        },
    )
    OPENING_FAILED = "vault.value.opening_failed", {"class": Detail.CODE}
    SAMPLE_OPENED = "vault.sample.opened", {"count": Detail.COUNT}
    ELEMENTS_CHANGED = "vault.elements.changed", {"count": Detail.COUNT}
    INDEX_REBUILT = "vault.index.rebuilt", {"generation": Detail.COUNT, "customers": Detail.COUNT}
