"""What this room writes in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class PurposeEvent(Event):
    """The life of a purpose."""

    DECLARED = (
        "purposes.purpose.declared",
        {
            "fields": Detail.CODES,
            "case": Detail.CODE,
            "clearances": Detail.CODES,
            "roles": Detail.CODES,
            "masks": Detail.CODES,  # `field.mask`
        },
    )
    RETIRED = "purposes.purpose.retired"
    ELEMENTS_DECLARED = "purposes.elements.declared", {"elements": Detail.CODES}
